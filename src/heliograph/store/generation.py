"""What is hot between two seals: the tables that become segments together."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from heliograph.model.watermark import Watermark
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.hot.table import HotRows, HotTable, joined
from heliograph.store.ledger.entry import Changes, Key, Kind
from heliograph.store.retention import Place
from heliograph.store.rollups.progress import hours_of
from heliograph.store.segments import Written

JOINED_BYTES: Final = 8 * 1024 * 1024


@dataclass(slots=True)
class Generation:
    """The hot tables between two seals, and up to where they hold each stream."""

    number: int
    tables: dict[tuple[str, str], HotTable] = field(default_factory=dict)
    marks: dict[str, Watermark] = field(default_factory=dict)
    hours: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    """By bucket and measurement the hours since 1970 of the points."""
    ledger: Changes = field(default_factory=dict)
    """The lines of the ledger that changed with it, as they were at its end."""
    written: dict[Place, list[Written]] = field(default_factory=dict)
    """Tables that a seal has written already, though all of it could not be ended yet."""
    rows: int = 0
    size_bytes: int = 0
    deletions: list[Deletion] = field(default_factory=list)
    """What was deleted of the tables and is still in them; nothing is appended after that."""
    with_next: bool | None = None
    """Whether it is sealed together with the one after it; None before the first try, which decides."""
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

    def note_hours(self, place: tuple[str, str], times_ns: Iterable[int], span: tuple[int, int]) -> None:
        """Enter the hours of some points; ``span`` is their earliest and latest time."""
        self.hours.setdefault(place, set()).update(hours_of(times_ns, *span))

    def freeze(self) -> None:
        """Let several threads read the tables: nothing is appended to them any more."""
        for table in self.tables.values():
            table.freeze()

    def rows_of(self, bucket: str, measurement: str) -> HotRows | None:
        """Return a copy of a table for readers, with what is hidden of it; None when there are no rows."""
        table = self.tables.get((bucket, measurement))
        if table is None or not len(table):
            return None
        hidden = self.hiding(bucket, measurement, table.min_ns, table.max_ns)
        return replace(table.copy(), deletions=hidden) if hidden else table.copy()

    def drop_bucket(self, bucket: str) -> int:
        """Remove the tables of a bucket and return the number of their rows."""
        self.ledger.pop(Key(Kind.BUCKET, bucket), None)
        # what several are sealed together to stands in the first, which may have no such table itself
        return sum(self.drop(place) for place in {*self.tables, *self.written} if place[0] == bucket)

    def drop(self, place: Place) -> int:
        """Remove the table of a measurement and return the number of its rows."""
        self.hours.pop(place, None)
        _remove(self.written.pop(place, []))
        gone = [self.tables.pop(place)] if place in self.tables else []
        rows = sum(len(table) for table in gone)
        self.rows -= rows
        self.size_bytes -= sum(table.size_bytes for table in gone)
        return rows

    def meets(self, deletion: Deletion) -> bool:
        """Return whether a delete may mean points of the tables."""
        return any(
            bucket == deletion.bucket and deletion.meets(name, table.min_ns, table.max_ns)
            for (bucket, name), table in self.tables.items()
        )

    def hiding(self, bucket: str, measurement: str, min_ns: int, max_ns: int) -> tuple[Deletion, ...]:
        """Return the deletes that may mean rows of a measurement and span."""
        return tuple(d for d in self.deletions if d.bucket == bucket and d.meets(measurement, min_ns, max_ns))


def tables_of(generations: Sequence[Generation], place: Place) -> Iterator[HotTable]:
    """Yield the tables that some generations have of a measurement, oldest first; small ones become one.

    A file for each would cost more than its points. What is joined is a copy, so no more of it is made than
    ``JOINED_BYTES`` at a time.
    """
    waiting: list[HotTable] = []
    for table in (g.tables[place] for g in generations if place in g.tables):
        if sum(t.size_bytes for t in (*waiting, table)) > JOINED_BYTES and waiting:
            yield joined(waiting)
            waiting = []
        waiting.append(table)
    if waiting:
        yield joined(waiting)


def latest_marks(
    sealed: Mapping[str, Watermark], generations: Iterable[Generation], told: Mapping[str, Watermark]
) -> dict[str, Watermark]:
    """Return the latest position of each stream that is sealed, hot or told; generations are oldest first."""
    marks = dict(sealed)
    for generation in generations:
        marks |= generation.marks
    for stream, mark in told.items():
        known = marks.get(stream)
        if known is None or not known.passed(mark.created, mark.seq):
            marks[stream] = mark
    return marks


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
