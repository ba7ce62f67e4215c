"""Children in which a user's SQL runs: started when asked for, kept for the next question for a minute.

Starting Python and DuckDB takes longer than most questions. So a child that has answered well waits for the
next question to the same bucket; it is never given to another, though each question gets an engine of its
own. One that was stopped, failed or grew large is ended, and an idle hub has none.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from heliograph.errors import QueryError

IDLE_SECONDS: Final = 60.0


class Child:
    """One process; :meth:`ask` may be called again after it returned, and only then."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._requests = _pipe(process.stdin)
        self._answers = _pipe(process.stdout)
        self._errors = _pipe(process.stderr)
        self.reusable = True
        """False while it works, and for good after it failed."""

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one request.

        Raises:
            ChildEnded: it ended instead.
        """
        self.reusable = False
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            await self._requests.drain()
            size, _, may_stay = (await self._answers.readuntil(b"\n")).partition(b" ")
            answer: dict[str, Any] = json.loads(await self._answers.readexactly(int(size)))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise await self._ended() from error
        self.reusable = may_stay == b"stays\n"
        return answer

    async def _ended(self) -> ChildEnded:
        said = (await self._errors.read()).decode(errors="replace").strip().splitlines()
        return ChildEnded(await self._process.wait(), said[-1] if said else "no message")

    def kill(self) -> None:
        """End it at once."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def gone(self) -> None:
        """End it and return when it has ended."""
        self.kill()
        await self._process.wait()


class ChildEnded(QueryError):
    """A child ended before it answered; ``status`` is negative for a signal."""

    def __init__(self, status: int, last_words: str) -> None:
        super().__init__(f"the query's process ended with status {status}: {last_words}")
        self.status = status


@dataclass(frozen=True, slots=True)
class _Waiting:
    bucket: str
    child: Child
    ending: asyncio.TimerHandle


class Children:
    """The children that wait for a question; the caller bounds how many work at once."""

    def __init__(self, most: int, idle_seconds: float = IDLE_SECONDS) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._waiting: list[_Waiting] = []
        self._dropped: list[Child] = []

    @contextlib.asynccontextmanager
    async def borrow(self, bucket: str) -> AsyncIterator[Child]:
        """A child for the block, with which it may ask once; one in the middle of a question is ended."""
        child = self._take(bucket) or Child(await _start())
        try:
            yield child
        finally:
            if child.reusable and child.alive:
                self._keep(bucket, child)
            else:
                await child.gone()

    async def close(self) -> None:
        """End the children that wait, and return when they have ended."""
        while self._waiting:
            self._drop(self._waiting[0])
        for child in self._dropped:
            await child.gone()

    def _take(self, bucket: str) -> Child | None:
        for waiting in [w for w in self._waiting if w.bucket == bucket or not w.child.alive]:
            self._waiting.remove(waiting)
            waiting.ending.cancel()
            if waiting.child.alive:
                return waiting.child
        return None

    def _keep(self, bucket: str, child: Child) -> None:
        if len(self._waiting) >= self._most:
            self._drop(self._waiting[0])
        loop = asyncio.get_running_loop()
        self._waiting.append(
            _Waiting(bucket, child, loop.call_later(self._idle_seconds, self._end_idle, child))
        )

    def _end_idle(self, child: Child) -> None:
        for waiting in [w for w in self._waiting if w.child is child]:
            self._drop(waiting)

    def _drop(self, waiting: _Waiting) -> None:
        self._waiting.remove(waiting)
        waiting.ending.cancel()
        waiting.child.kill()  # the event loop reaps it, in its own time
        self._dropped = [child for child in self._dropped if child.alive] + [waiting.child]


_P = TypeVar("_P")


def _pipe(end: _P | None) -> _P:
    if end is None:
        raise ValueError("the process was started without pipes")
    return end


async def _start() -> asyncio.subprocess.Process:
    """Start a child; it ends by itself when its input does, so it never outlives the hub for long."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "heliograph.query.sandbox"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
