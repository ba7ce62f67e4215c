"""The generations of hot points: the one that grows, and those that are full and wait to be sealed."""

from __future__ import annotations

from typing import Final

from heliograph.store.catalogue import Catalogue
from heliograph.store.generation import Generation
from heliograph.store.ledger.ledger import Ledger

SEAL_BYTES: Final = 16 * 1024 * 1024
"""Hot columns of this size are sealed before they have ``seal_rows`` rows: they hold long strings."""

TOGETHER: Final = 4
"""Full generations that are sealed together where several wait: fewer and larger files."""


class Generations:
    """What is hot. Not safe for several threads: the store holds the lock."""

    def __init__(self, catalogue: Catalogue, ledger: Ledger, seal_rows: int) -> None:
        self._catalogue = catalogue
        self._ledger = ledger
        self.seal_rows = seal_rows
        self.current = Generation(0)
        """Where points are appended."""
        self.sealing: list[Generation] = []
        """Oldest first."""

    @property
    def all(self) -> tuple[Generation, ...]:
        """Oldest first, the current one last."""
        return *self.sealing, self.current

    @property
    def is_full(self) -> bool:
        """Whether the current one has as much as is sealed at once."""
        return self.current.rows >= self.seal_rows or self.current.size_bytes >= SEAL_BYTES

    @property
    def full(self) -> int:
        """How many have as much as is sealed at once, or wait for another reason."""
        return len(self.sealing) + self.is_full

    def rotate(self) -> None:
        """Let the current one wait to be sealed, and begin another."""
        self.current.freeze()
        self.current.ledger = self._ledger.changes()
        self.sealing.append(self.current)
        self.current = Generation(self.current.number + 1)

    def groups(self) -> list[list[Generation]]:
        """Return what waits to be sealed, oldest first, in runs that are sealed together.

        A run that was tried stays as it was: its files may be written. Deletes are kept by generation, so one
        of which points were deleted is sealed alone.
        """
        groups: list[list[Generation]] = []
        for generation in self.sealing:
            if groups and groups[-1][-1].with_next is None:
                last = groups[-1][-1]
                last.with_next = len(groups[-1]) < TOGETHER and not (last.deletions or generation.deletions)
            if groups and groups[-1][-1].with_next:
                groups[-1].append(generation)
            else:
                groups.append([generation])
        if groups and groups[-1][-1].with_next is None:
            groups[-1][-1].with_next = False
        return groups

    def settle(self) -> tuple[Generation, ...]:
        """Bring the latest times of the catalogue's series up to those of the hot points, and return all."""
        for generation in self.all:
            for place, hot in generation.tables.items():
                if hot.unsettled:
                    self._catalogue.touch(place, hot.series.since(0))
                    hot.unsettled = False
        return self.all
