"""The generations of hot points: the one that grows, and those that are full and wait to be sealed."""

from __future__ import annotations

from typing import Final

from heliograph.store.catalogue import Catalogue
from heliograph.store.generation import Generation
from heliograph.store.ledger.ledger import Ledger

SEAL_BYTES: Final = 16 * 1024 * 1024
"""Hot columns of this size are sealed before they have ``seal_rows`` rows: they hold long strings."""


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

    def settle(self) -> tuple[Generation, ...]:
        """Bring the latest times of the catalogue's series up to those of the hot points, and return all."""
        for generation in self.all:
            for place, hot in generation.tables.items():
                if hot.unsettled:
                    self._catalogue.touch(place, hot.series.since(0))
                    hot.unsettled = False
        return self.all
