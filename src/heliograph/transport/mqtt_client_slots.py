"""Places for what is under way: a semaphore whose number may change while it is used."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """At most ``wanted`` places, or fewer where the other side allows fewer."""

    def __init__(self, wanted: int) -> None:
        self._wanted = self._limit = wanted
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def taken(self) -> int:
        """How many are in use."""
        return self._taken

    def limit_to(self, allowed: int | None) -> None:
        """Take what the other side allows, None for no limit of its own."""
        self._limit = self._wanted if allowed is None else min(self._wanted, allowed)
        self._wake()

    async def acquire(self) -> None:
        """Take a place, in the order of the calls; on cancellation none is taken."""
        if self._taken < self._limit and not self._waiting:
            self._taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            else:
                self._waiting.remove(turn)
            raise

    def release(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._taken < self._limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
