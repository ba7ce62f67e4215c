"""How long to wait before trying again: exponential growth with full jitter."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

FIRST: Final = 0.5
LONGEST: Final = 60.0
_MAX_DOUBLINGS: Final = 32


class Backoff:
    """Delays that double, each drawn evenly between zero and the current bound ("full jitter").

    A thousand boards that lost the same hub thus come back spread over the bound instead of at once.
    Pure: nothing sleeps in here and the random source can be given.

    Args:
        first: the bound of the first delay, in seconds.
        longest: the bound that is never exceeded, in seconds.
        shortest: no delay is shorter, in seconds, so that a refused connect is never a busy loop.
        uniform: returns a float between its two arguments.
    """

    def __init__(
        self,
        first: float = FIRST,
        longest: float = LONGEST,
        *,
        shortest: float = 0.05,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._first = first
        self._longest = longest
        self._shortest = shortest
        self._uniform = uniform
        self._failures = 0

    @property
    def failures(self) -> int:
        """How many delays have been given since the last reset."""
        return self._failures

    def next(self) -> float:
        """Return the next delay in seconds."""
        bound = self._bound()
        self._failures += 1
        return max(self._shortest, self._uniform(0.0, bound))

    def ease(self, bound: float) -> None:
        """Let the next bound be no more than so many seconds: what was tried has worked, but not for long."""
        while self._failures and self._bound() > bound:
            self._failures -= 1

    def _bound(self) -> float:
        return min(self._longest, self._first * 2.0 ** min(self._failures, _MAX_DOUBLINGS))

    def reset(self) -> None:
        """Start again from the first bound: what was tried has worked."""
        self._failures = 0
