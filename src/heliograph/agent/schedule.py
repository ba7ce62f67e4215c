"""When a round is due."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

_SECOND_ROUND: Final = 1.0


class Schedule:
    """Says how long to wait before each round.

    The first is due at once, the second a second later (rates need two samples, and somebody is
    watching for the first figures), the others at the multiples of the interval on the wall clock plus
    jitter, so that the boards' points share their times.

    Args:
        interval: seconds between rounds.
        jitter: longest random delay of a round, in seconds.
        wall: returns Unix seconds.
        uniform: returns a float between its two arguments.
    """

    def __init__(
        self,
        interval: float,
        jitter: float = 0.0,
        *,
        wall: Callable[[], float] = time.time,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._interval = interval
        self._jitter = jitter
        self._wall = wall
        self._uniform = uniform
        self._rounds = 0
        self._due = 0

    def next_delay(self) -> float:
        """Return the seconds until the next round; each call counts as one round."""
        self._rounds += 1
        if self._rounds == 1:
            return 0.0
        if self._rounds == 2:
            return _SECOND_ROUND
        now = self._wall()
        due = int(now // self._interval) + 1
        if due == self._due:  # the timer was early by a hair: that round has just been done
            due += 1
        self._due = due
        return due * self._interval - now + self._uniform(0.0, self._jitter)
