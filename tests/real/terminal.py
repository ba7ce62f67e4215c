"""A program at a real terminal: keys go in, what it shows comes out."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Self

_CODES = re.compile(r"\x1b(?:\[[0-9;?<>=]*[A-Za-z]|[()][A-Z0-9]|[=>78M]|\][^\x07]*\x07)")


class Terminal:
    """``helio`` with a pseudo-terminal as its screen and keyboard."""

    def __init__(self, environment: dict[str, str], *arguments: str, through: Sequence[str] = ()) -> None:
        """Start it; ``through`` is a command that starts commands, such as one that enters a namespace."""
        self._keyboard, screen = pty.openpty()
        self._process = subprocess.Popen(
            [*through, sys.executable, "-m", "heliograph", *arguments],
            env=environment | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
            preexec_fn=_own_terminal,  # noqa: PLW1509 - Ctrl-C must reach it and nobody else
        )
        os.close(screen)
        self.shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(120)
        os.close(self._keyboard)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._keyboard, keys.encode())

    def expect(self, text: str, seconds: float = 30.0) -> str:
        """Wait until a text is shown, and return all that was shown up to it since the last time.

        The program asks where the cursor is; it is told that it stands in the first line.
        """
        deadline = time.monotonic() + seconds
        while text not in self.shown:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} is not shown after {seconds} s:\n{self.shown}"
            self._read(left)
        before, _, self.shown = self.shown.partition(text)
        return before

    def press_until(self, key: str, text: str) -> None:
        """Press a key once a second until a text is shown."""
        for _ in range(30):
            self.type(key)
            try:
                self.expect(text, 1.0)
            except AssertionError:
                continue
            return
        self.expect(text, 0.0)

    def wait(self, seconds: float = 20.0) -> int:
        """Return the exit status once the program has ended."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"it still runs:\n{self.shown}"
            self._read(0.2)
        return self._process.returncode

    def _read(self, seconds: float) -> None:
        if not select.select([self._keyboard], [], [], min(seconds, 1.0))[0]:
            return
        try:
            came = os.read(self._keyboard, 65_536)
        except OSError:  # the program has ended
            return
        if b"\x1b[6n" in came:
            self.type("\x1b[1;1R")
        self.shown += _CODES.sub("", came.decode(errors="replace"))


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
