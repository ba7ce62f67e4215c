"""When segments are merged: in a calm moment after a seal, since a merge takes the processor from ingest."""

from __future__ import annotations

from typing import Final

CALM: Final = 3.0
"""Seconds without a seal. What comes in at full speed is sealed several times a second."""
PATIENCE: Final = 60.0
"""Seconds after which it is merged all the same: a query opens every small segment there is."""
MOST_SEALS: Final = 32
"""Seals after which it is, too: a query needs memory for each of them."""


class MergeTurn:
    """Tells when the next merge is due; times are those of one monotonic clock, in seconds."""

    def __init__(self, now: float) -> None:
        self._sealed_at = now
        self._since: float | None = now
        """When there first was something that may be merged, at the start what an earlier run has left."""
        self._seals = 0
        """Since the last turn."""

    @property
    def waiting(self) -> bool:
        """Whether something may have to be merged."""
        return self._since is not None

    def sealed(self, now: float) -> None:
        """Take note of a seal."""
        self._sealed_at = now
        self._seals += 1
        if self._since is None:
            self._since = now

    def take(self, now: float) -> bool:
        """Return whether to merge now; what is sealed from now on waits for the turn after this."""
        if self._since is None:
            return False
        busy = now - self._sealed_at < CALM
        if busy and now - self._since < PATIENCE and self._seals < MOST_SEALS:
            return False
        self._since = None
        self._seals = 0
        return True
