"""Panels that come again with other times and names: from the values in their text straight to the kernel.

What a text of a known form means differs in its values alone, so what these are for is found out once:
the ends of the range, a tag's values, the bound of a field. From then on nothing is read or looked up. What
is not as it was when the form was learned goes the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, TypeAlias

from heliograph.model.time import MAX_TIME_NS
from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.session import Places
from heliograph.query.influxql.memory.kept import Kept
from heliograph.query.influxql.memory.meaning import WHOLE_NS, cut
from heliograph.query.influxql.plan.shapes import Result, Series, TimeRange
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.plan import Aggregate, Columns, Comparison, Condition, Select
from heliograph.store.relation import Snapshot

_MOST_INTERVALS: Final = 20_000

Written: TypeAlias = Sequence[str]
"""The values of a text, as they stand there."""


class Unlike(Exception):
    """A value is of another kind than the one that was learned."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What the values of a condition are for; each is told by those of a text, or raises Unlike."""

    starts: Sequence[Callable[[Written], int]]
    """The first ns of the range, as several comparisons have it."""
    ends: Sequence[Callable[[Written], int]]
    """The one after the last ns."""
    where: Mapping[str, Callable[[Written], tuple[str, ...]]]
    conditions: Sequence[tuple[str, Comparison, Callable[[Written], float]]]


@dataclass(frozen=True, slots=True)
class Learned:
    """What texts of one form ask for."""

    places: Places
    stored: Stored
    """The measurement as it was when the form was learned, without its points: those may go."""
    fields: Sequence[str]
    """By column."""
    columns: list[str]
    """Their names, that of the time first."""
    aggregate: Aggregate
    interval: Interval | None
    filled: bool
    """Whether intervals without points are shown."""
    dimensions: tuple[str, ...]
    meant: Meant

    def span(self, written: Written) -> TimeRange | None:
        """Return the range that some values span; None if it is none."""
        try:
            first_ns = max([start(written) for start in self.meant.starts])
            end_ns = min([end(written) for end in self.meant.ends])
        except Unlike:
            return None
        if not 0 <= first_ns < end_ns < MAX_TIME_NS:
            return None
        span = TimeRange(first_ns, end_ns - 1)
        if self.filled and self.interval and self.interval.count(first_ns, end_ns) > _MOST_INTERVALS:
            return None
        return span

    def plan(self, snapshot: Snapshot, span: TimeRange, written: Written) -> Select | None:
        """Return what some values ask of the kernel; None where the measurement or they are unlike others."""
        before, now = self.stored.snapshot.measurement, snapshot.measurement
        there = cut(span, snapshot)
        if there is None or (before.fields, before.tags) != (now.fields, now.tags):
            return None
        try:
            where = {tag: values(written) for tag, values in self.meant.where.items()}
            conditions = [Condition(name, how, of(written)) for name, how, of in self.meant.conditions]
        except Unlike:
            return None
        return Select(
            bucket=self.stored.bucket,
            measurement=self.stored.name,
            fields=tuple(dict.fromkeys(self.fields)),
            start_ns=there[0],
            end_ns=there[1],
            interval_ns=self.interval.length_ns if self.interval else WHOLE_NS,
            aggregate=self.aggregate,
            where=where,
            group_by=self.dimensions,
            conditions=tuple(conditions),
        )

    @property
    def sums_whole(self) -> bool:
        """Whether sums of whole numbers are asked for, and must be exact."""
        kinds = {self.stored.schema.fields[name] for name in self.fields}
        return self.aggregate is Aggregate.SUM and kinds != {"float"}

    @property
    def shift_ns(self) -> int:
        """How far behind the multiples of its length an interval begins."""
        return self.interval.offset_ns % self.interval.length_ns if self.interval else 0

    def result(self, answer: Columns, span: TimeRange, snapshot: Snapshot) -> Result:
        """Return the kernel's answer as that of a statement."""
        series = []
        for tags, of_fields in _by_group(answer):
            rows = self._rows(answer.times_ns, of_fields, span)
            if rows:
                shown = {tag: tags.get(tag, "") for tag in self.dimensions}
                series.append(Series(self.stored.name, shown, self.columns, rows, timed=True))
        name, bucket = self.stored.name, self.stored.bucket
        stored = Stored(name, bucket, snapshot, self.stored.schema, self.stored.shard_ns)
        return Result(series, kept=Kept(self.places, frozenset((bucket,)), (stored,), None, []))

    def _rows(
        self, times_ns: list[int], of_fields: Mapping[str, list[Any]], span: TimeRange
    ) -> list[list[Any]]:
        nothing = [None] * len(times_ns)
        columns = [of_fields.get(name, nothing) for name in self.fields]
        if self.interval is None:
            times_ns = [span.start_ns]
        elif self.filled:
            times_ns, columns = _filled(self.interval, span, times_ns, columns)
            return [list(row) for row in zip(times_ns, *columns, strict=True)]
        rows = [list(row) for row in zip(times_ns, *columns, strict=True)]
        if any(None in column for column in columns):
            return [row for row in rows if row.count(None) < len(columns)]
        return rows


def _by_group(answer: Columns) -> Iterator[tuple[dict[str, str], dict[str, list[Any]]]]:
    """Yield the tags of each group, and what its fields have; the fields of a group follow each other."""
    for _, some in groupby(answer.series, key=lambda one: id(one.tags)):
        series = list(some)
        yield series[0].tags, {one.field: one.values for one in series}


def _filled(
    interval: Interval, span: TimeRange, times_ns: list[int], columns: list[list[Any]]
) -> tuple[list[int], list[list[Any]]]:
    """Return all intervals of a range, and columns with nothing where they had no points."""
    every = list(range(interval.start(span.start_ns), interval.start(span.end_ns) + 1, interval.length_ns))
    if every == times_ns:
        return every, columns
    known = [dict(zip(times_ns, column, strict=True)) for column in columns]
    return every, [[values.get(time_ns) for time_ns in every] for values in known]
