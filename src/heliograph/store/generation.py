"""What is hot between two seals: the tables that become segments together."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from heliograph.store.catalogue import Watermark
from heliograph.store.hot.table import HotTable
from heliograph.store.ledger.entry import Changes, Key, Kind


@dataclass(slots=True)
class Generation:
    """The hot tables between two seals, and up to where they hold each stream."""

    number: int
    tables: dict[tuple[str, str], HotTable] = field(default_factory=dict)
    marks: dict[str, Watermark] = field(default_factory=dict)
    ledger: Changes = field(default_factory=dict)
    """The lines of the ledger that changed with it, as they were at its end."""
    rows: int = 0
    size_bytes: int = 0
    since: float = 0.0
    """When the first position or point came (monotonic seconds)."""

    def begin(self) -> None:
        """Start the clock with the first point."""
        if not self.rows and not self.marks:
            self.since = time.monotonic()

    def freeze(self) -> None:
        """Let several threads read the tables: nothing is appended to them any more."""
        for table in self.tables.values():
            table.freeze()

    def drop(self, bucket: str) -> int:
        """Remove the tables of a bucket and return the number of their rows."""
        self.ledger.pop(Key(Kind.BUCKET, bucket), None)
        gone = [self.tables.pop(place) for place in [p for p in self.tables if p[0] == bucket]]
        rows = sum(len(table) for table in gone)
        self.rows -= rows
        self.size_bytes -= sum(table.size_bytes for table in gone)
        return rows
