"""Answers of panels for as long as they are new: several pages, and a page that comes back, ask alike."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

_LONGEST_MS: Final = 60_000
_KEPT_ANSWERS: Final = 256
_KEPT_BYTES: Final = 8 * 1024 * 1024
"""What all kept answers take together."""


class KeptAnswers:
    """Answers of queries, as they are sent, for as long as one of their intervals lasts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()
        self._size_bytes = 0
        self.hits = 0

    def get(self, key: Hashable) -> bytes | None:
        """Return an answer that is not too old."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= self._clock():
            self._drop(key)
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return found[1]

    def keep(self, key: Hashable, answer: bytes, interval_ms: int) -> None:
        """Keep an answer for the width of its interval, a minute at most."""
        if interval_ms <= 0 or len(answer) > _KEPT_BYTES // 4:
            return
        self._drop(key)
        self._kept[key] = self._clock() + min(interval_ms, _LONGEST_MS) / 1_000, answer
        self._size_bytes += len(answer)
        while len(self._kept) > _KEPT_ANSWERS or self._size_bytes > _KEPT_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size_bytes -= len(found[1])
