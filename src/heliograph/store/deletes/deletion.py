"""A delete by predicate: what it hides, and how it is remembered.

A delete is one entry in the catalogue. From then on the rows that it means are left out of whatever is read
from the segments and hot rows that were there; later the segments are written anew without them. Messages
that were in a stream by then lose the same points when they are read again, and points that come later are
new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from heliograph.model.predicate import Condition, Predicate
from heliograph.model.table import Batch, Table
from heliograph.model.time import MIN_TIME_NS
from heliograph.model.watermark import Watermark
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import quote, text_sql


@dataclass(frozen=True, slots=True)
class Deletion:
    """Points of one bucket: the series of ``predicate`` at ``start_ns <= time < end_ns``."""

    id: int
    bucket: str
    predicate: Predicate
    start_ns: int
    end_ns: int
    marks: Mapping[str, Watermark]
    """By stream, up to where messages came before the delete."""
    settled: bool = False
    """Whether the catalogue's list of series is right again."""

    def meets(self, measurement: str, min_ns: int, max_ns: int) -> bool:
        """Return whether points of a measurement and span may be meant."""
        return min_ns < self.end_ns and max_ns >= self.start_ns and self.predicate.names(measurement)

    def of_summaries(self, resolution_ns: int) -> Deletion:
        """Return what it means of summaries: all those of intervals that it touches, by their starts."""
        start_ns = max(self.start_ns - max(resolution_ns - 1, 0), MIN_TIME_NS)
        return replace(self, start_ns=start_ns)

    def covers(self, min_ns: int, max_ns: int) -> bool:
        """Return whether all points of a span are meant, given a measurement that is."""
        return not self.predicate.on_tags and self.start_ns <= min_ns and max_ns < self.end_ns

    def within(self, other: Deletion) -> bool:
        """Return whether another hides all points that this one does, where both are of one source."""
        return (
            self.predicate == other.predicate
            and other.start_ns <= self.start_ns
            and self.end_ns <= other.end_ns
        )

    def sql(self, measurement: Measurement) -> str:
        """Return the condition that is true for the rows of a measurement that are meant, and never NULL."""
        in_time = f"time >= {self.start_ns} AND time < {self.end_ns}"
        return " AND ".join([in_time, series_sql(self.predicate, measurement)])

    def without(self, batch: Batch) -> Batch:
        """Return a batch without the points that are meant."""
        rest: Batch = {}
        for name, table in batch.items():
            kept = self._without(table) if self.predicate.names(name) else table
            if len(kept):
                rest[name] = kept
        return rest

    def _without(self, table: Table) -> Table:
        meant = [self.predicate.matches(key) for key in table.series]
        rows = [
            row
            for row, (code, time_ns) in enumerate(zip(table.codes, table.times_ns, strict=True))
            if not (meant[code] and self.start_ns <= time_ns < self.end_ns)
        ]
        return table if len(rows) == len(table) else table.take(rows)


def series_sql(predicate: Predicate, measurement: Measurement) -> str:
    """Return the condition on the tag columns of a measurement, for rows named as in the relation."""
    columns = {tag: quote(physical) for tag, physical in measurement.tags.items()}
    return " AND ".join(_condition_sql(c, columns.get) for c in predicate.on_tags) or "true"


def _condition_sql(condition: Condition, column: Callable[[str], str | None]) -> str:
    name = column(condition.tag)
    if name is None:
        return "true" if condition.holds("") else "false"
    if condition.value == "":
        return f"{name} IS {'' if condition.equal else 'NOT '}NULL"
    sign = "IS NOT DISTINCT FROM" if condition.equal else "IS DISTINCT FROM"
    return f"{name} {sign} {text_sql(condition.value)}"
