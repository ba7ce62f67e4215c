"""How often somebody may guess: after some wrong tries each next one has to wait longer."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from heliograph.errors import TooManyTries

FREE_TRIES: Final = 5
FREE_TRIES_BY_ADDRESS: Final = 20
"""Of all who share one: a class behind a router, who must not lock each other out."""
LONGEST_WAIT: Final = 900.0
BY_ADDRESS: Final = "address "
"""What keys begin with that tell where somebody is, and not who they say they are."""
FORGET_AFTER: Final = 3_600.0
_REMEMBERED: Final = 4_096


class Throttle:
    """Counts wrong tries by what they were for and by where they came from.

    Bounded: beyond ``_REMEMBERED`` keys the ones that were quiet longest are forgotten.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def check(self, *keys: str) -> None:
        """Let a try pass.

        Raises:
            TooManyTries: there were too many wrong ones; it says how many seconds to wait.
        """
        now = self._clock()
        wait = max((self._wait(key, now) for key in keys), default=0.0)
        if wait > 0:
            raise TooManyTries(wait)

    def failed(self, *keys: str) -> None:
        """Count a wrong try."""
        now = self._clock()
        for key in keys:
            count, last = self._failed.pop(key, (0, now))
            self._failed[key] = (1 if now - last > FORGET_AFTER else count + 1), now
        while len(self._failed) > _REMEMBERED:
            self._failed.popitem(last=False)

    def passed(self, *keys: str) -> None:
        """Forget the wrong tries before a right one."""
        for key in keys:
            self._failed.pop(key, None)

    def _wait(self, key: str, now: float) -> float:
        count, last = self._failed.get(key, (0, now))
        free = FREE_TRIES_BY_ADDRESS if key.startswith(BY_ADDRESS) else FREE_TRIES
        if count < free:
            return 0.0
        return last + min(2.0 ** (count - free), LONGEST_WAIT) - now
