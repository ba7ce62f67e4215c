"""What is hot between two seals: the tables that become segments together."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from heliograph.store.catalogue import Watermark
from heliograph.store.hot.table import HotTable
from heliograph.store.ledger.entry import Changes, Key, Kind
from heliograph.store.retention import Place
from heliograph.store.segments import Written


@dataclass(slots=True)
class Generation:
    """The hot tables between two seals, and up to where they hold each stream."""

    number: int
    tables: dict[tuple[str, str], HotTable] = field(default_factory=dict)
    marks: dict[str, Watermark] = field(default_factory=dict)
    ledger: Changes = field(default_factory=dict)
    """The lines of the ledger that changed with it, as they were at its end."""
    written: dict[Place, list[Written]] = field(default_factory=dict)
    """Tables that a seal has written already, though all of it could not be ended yet."""
    rows: int = 0
    size_bytes: int = 0
    since: float = 0.0
    """When the first position or point came (monotonic seconds)."""

    def begin(self) -> None:
        """Start the clock with the first point."""
        if not self.rows and not self.marks:
            self.since = time.monotonic()

    def once(self, place: Place, writing: Iterable[Written]) -> list[Written]:
        """Return the segments of a table, which are written once however often a seal is tried.

        A seal that fails again and again would fill the disk with copies.
        """
        if place not in self.written:
            self.written[place] = _all_or_none(writing)
        return self.written[place]

    def freeze(self) -> None:
        """Let several threads read the tables: nothing is appended to them any more."""
        for table in self.tables.values():
            table.freeze()

    def drop(self, bucket: str) -> int:
        """Remove the tables of a bucket and return the number of their rows."""
        self.ledger.pop(Key(Kind.BUCKET, bucket), None)
        for place in [p for p in self.written if p[0] == bucket]:
            _remove(self.written.pop(place))
        gone = [self.tables.pop(place) for place in [p for p in self.tables if p[0] == bucket]]
        rows = sum(len(table) for table in gone)
        self.rows -= rows
        self.size_bytes -= sum(table.size_bytes for table in gone)
        return rows


def _all_or_none(writing: Iterable[Written]) -> list[Written]:
    written: list[Written] = []
    try:
        for segment in writing:
            written.append(segment)  # noqa: PERF402 - what an error leaves must be known
    except BaseException:
        _remove(written)
        raise
    return written


def _remove(written: Iterable[Written]) -> None:
    for segment in written:
        segment.path.unlink(missing_ok=True)
