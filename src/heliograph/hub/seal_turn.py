"""When what is full is sealed: in a lull, since a seal takes the processor from who sends batches."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 10.0
"""Seconds after which it is sealed all the same."""
MOST_WAITING: Final = 3
"""Full generations after which it is, too: they are in memory, and a restart reads them back."""


class SealTurn:
    """Tells whether a seal that is due may begin; times are those of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._batches = 0
        self._due_since: float | None = None

    def take(self, now: float, *, waiting: int, batches: int) -> bool:
        """Return whether to seal now.

        Args:
            now: the time.
            waiting: generations that are full; without any a seal is due because of its age, and begins.
            batches: how many batches were taken since the start; the same number as at the last look is
                a lull.
        """
        lull = batches == self._batches
        self._batches = batches
        if self._due_since is None:
            self._due_since = now
        if not lull and 0 < waiting < MOST_WAITING and now - self._due_since < PATIENCE:
            return False
        self._due_since = None
        return True
