"""Bounds the pauses of Python's collector of cycles in programs that keep very many objects.

Each full collection looks at every object: with 100,000 topics of a broker in memory that takes 0.6 seconds,
and nothing else happens meanwhile. What such a collection has found to be alive is therefore not looked at
again for an hour. It is freed as before once nobody refers to it; only cycles among it wait for that hour.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

LONG: Final = 0.05
"""Seconds of the processor: after a full collection that took so long the living are set aside."""
LOOK_AGAIN: Final = 3600.0
"""Seconds after which the collector looks at all objects once more."""


class ShortPauses:
    """Told of each collection, as `gc.callbacks` are.

    Args:
        used: returns the processor time of this thread in seconds.
        now: returns a time that only grows, in seconds.
    """

    def __init__(
        self, used: Callable[[], float] = time.thread_time, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._used = used
        self._now = now
        self._began = 0.0
        self._looked_at_all = now()

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Set the living aside after a long collection of everything, or take them back."""
        if info["generation"] != 2:
            return
        if phase == "start":
            self._began = self._used()
        elif self._now() - self._looked_at_all > LOOK_AGAIN:
            self._looked_at_all = self._now()
            gc.unfreeze()
        elif self._used() - self._began > LONG:
            gc.freeze()


@contextmanager
def short_pauses() -> Iterator[None]:
    """Bound the pauses of this process while inside."""
    told = ShortPauses()
    gc.callbacks.append(told)
    try:
        yield
    finally:
        gc.callbacks.remove(told)
        gc.unfreeze()
