"""What waits to be acknowledged: batches in memory, bounded in bytes."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(slots=True)
class BufferStatistics:
    """What went through a buffer."""

    appended: int = 0
    """Batches that came in."""
    acknowledged: int = 0
    """Batches that left because the broker has them."""
    dropped: int = 0
    """Batches that left because there was no room."""
    dropped_bytes: int = 0
    """Their size."""
    high_water_bytes: int = 0
    """The most that has been in the buffer."""


class Buffer:
    """Batches in the order they came, each kept until it is acknowledged.

    When ``limit_bytes`` is exceeded the oldest batches are dropped, except those that have been handed
    out: they may be at the broker already.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.size_bytes = 0
        self.statistics = BufferStatistics()
        self._batches: dict[int, bytes] = {}
        self._handed_out: set[int] = set()
        self._last = 0
        self._filled = asyncio.Event()
        self._is_full = False

    def __len__(self) -> int:
        return len(self._batches)

    def append(self, batch: bytes) -> None:
        """Add a batch, dropping old ones if needed: never waits, never refuses."""
        self._last += 1
        self._batches[self._last] = batch
        self.size_bytes += len(batch)
        self.statistics.appended += 1
        self._make_room()
        self.statistics.high_water_bytes = max(self.statistics.high_water_bytes, self.size_bytes)
        self._filled.set()

    def peek(self, most: int) -> list[tuple[int, bytes]]:
        """Hand out up to ``most`` of the oldest batches with the numbers by which to acknowledge them."""
        batches: list[tuple[int, bytes]] = []
        for number, batch in self._batches.items():
            if len(batches) == most:
                break
            batches.append((number, batch))
        self._handed_out.update(number for number, _ in batches)
        return batches

    def ack(self, number: int) -> None:
        """Let go of a batch that the broker has."""
        self.size_bytes -= len(self._batches.pop(number))
        self._handed_out.discard(number)
        self.statistics.acknowledged += 1
        if not self._batches:
            self._filled.clear()
            self._is_full = False

    async def wait_filled(self) -> None:
        """Return when there is a batch. A cancel changes nothing."""
        await self._filled.wait()

    def _make_room(self) -> None:
        if self.size_bytes <= self.limit_bytes:
            return
        if not self._is_full:
            self._is_full = True
            log.warning(
                "the buffer of %d bytes is full, the oldest batches are dropped until the broker is back",
                self.limit_bytes,
            )
        for number in list(self._batches):
            if self.size_bytes <= self.limit_bytes:
                break
            if number not in self._handed_out:
                self._drop(number)

    def _drop(self, number: int) -> None:
        size_bytes = len(self._batches.pop(number))
        self.size_bytes -= size_bytes
        self.statistics.dropped += 1
        self.statistics.dropped_bytes += size_bytes
