"""A child process that cannot outlive us, cannot block on its output and is known by its last words."""

from __future__ import annotations

import asyncio
import ctypes
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Self

TAIL_LINES: Final = 40
_PR_SET_PDEATHSIG: Final = 1
_MAX_LINE_BYTES: Final = 64 * 1024


def _die_with_parent() -> Callable[[], None] | None:
    """Return what a child must do before exec so that it is killed when this process dies (Linux only)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded before the fork: dlopen after it could deadlock

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    return before_exec


class Child:
    """A running child process whose output is read for its whole life.

    The last ``TAIL_LINES`` lines are kept for error messages, each line goes to ``on_line`` as well.
    The child stands in a session of its own, so a Ctrl-C in the terminal reaches it only through us.
    """

    def __init__(self, process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> None:
        self._process = process
        self._on_line = on_line
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        on_line: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """Start a child. The caller must keep :meth:`read` running until the child has ended.

        ``environment`` replaces this process's own; None hands that on.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_MAX_LINE_BYTES,
            start_new_session=True,
            preexec_fn=_die_with_parent(),
            env=environment,
        )
        return cls(process, on_line)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, None while the child runs."""
        return self._process.returncode

    @property
    def tail(self) -> str:
        """The last lines that the child wrote."""
        return "\n".join(self._tail)

    async def read(self) -> int:
        """Read the child's output to its end and return its exit status."""
        stdout = self._process.stdout
        if stdout is not None:
            while True:
                try:
                    line = await stdout.readline()
                except ValueError:  # a line longer than the limit: asyncio has dropped it, we go on
                    continue
                if not line:
                    break
                text = line.decode(errors="replace").rstrip()
                self._tail.append(text)
                self._on_line(text)
        return await self._process.wait()

    async def stop(self, grace: float) -> None:
        """End the child: SIGTERM, after ``grace`` seconds SIGKILL. Returns when it is gone."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(grace):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
