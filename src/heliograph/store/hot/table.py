"""Hot columns: the newest points of a measurement in memory, until they are sealed.

The stream is their durable copy. Equal series and time merge by field, the last write wins; that is
done at once where a series' points come in time order, and left to the reader where they do not.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.model.table import Column, Table
from heliograph.model.time import DAY_NS, MAX_TIME_NS, MIN_TIME_NS
from heliograph.store import arrow
from heliograph.store.arrow import ArrowTable
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.hot import columns
from heliograph.store.hot.series import HotSeries, ranks
from heliograph.store.schema import Measurement


@dataclass(frozen=True, slots=True)
class HotRows:
    """An immutable copy of a hot table, for readers.

    ``rows`` has the columns ``n`` (order of arrival), ``s`` (row of ``series``), ``t`` (time in ns) and
    ``f0``, ``f1`` … in the order of ``fields``; ``series`` has ``s`` and ``g0``, ``g1`` … in the order
    of ``tags``, NULL where a series lacks the tag.
    """

    rows: ArrowTable
    series: ArrowTable
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    min_ns: int
    max_ns: int
    count: int
    in_order: bool
    """No series and time occurs twice."""
    tag_columns: Sequence[Column] = ()
    """What ``series`` has, without ``s``."""
    deletions: tuple[Deletion, ...] = ()
    """What is deleted of the rows and still in them."""


@dataclass(frozen=True, slots=True)
class SortedRows:
    """The points of one UTC day, each once, sorted by tags and time: what becomes a segment.

    The tables are those of :class:`HotRows`, without ``n``.
    """

    day: int
    """Since 1970."""
    rows: ArrowTable
    series: ArrowTable
    tag_columns: list[Column]
    """What ``series`` has."""
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    min_ns: int
    max_ns: int
    count: int


_ROW_BYTES: Final = 12
_VALUE_BYTES: Final = 9
_STRING_BYTES: Final = 58
"""A Python string beside its characters, and its place in a list."""


@dataclass(slots=True)
class HotTable:
    """The hot columns of one measurement of one bucket. Not safe for several threads."""

    measurement: Measurement
    series: HotSeries = field(default_factory=HotSeries)
    codes: array[int] = field(default_factory=lambda: array("i"))
    times_ns: array[int] = field(default_factory=lambda: array("q"))
    columns: dict[str, Column] = field(default_factory=dict)
    min_ns: int = MAX_TIME_NS
    max_ns: int = MIN_TIME_NS
    in_order: bool = True
    size_bytes: int = 0
    """What the columns hold, roughly: 9 bytes a row and column, and the length of strings."""
    unsettled: bool = False
    """The catalogue may not know yet how late the latest points are."""
    _text_bytes: int = 0
    _frozen: bool = False
    _copy: HotRows | None = None

    def __len__(self) -> int:
        return len(self.times_ns)

    def append(self, table: Table) -> tuple[int, int]:
        """Take in the rows of a batch and return the earliest and the latest of their times."""
        self._copy = None
        self.unsettled = True
        before = len(self.times_ns)
        translation = self.series.translate(table.series)
        codes = columns.take(translation, table.codes)
        latest = self.series.latest_ns, self.series.last_rows
        rows, in_order = columns.place((self.codes, self.times_ns), latest, codes, table.times_ns)
        self.in_order = self.in_order and in_order
        for name, column in table.columns.items():
            self._take_in(name, column, before, rows)
        width = _ROW_BYTES + _VALUE_BYTES * len(self.columns)  # a copy for readers has no short columns
        self.size_bytes = width * len(self.times_ns) + self._text_bytes
        span = columns.bounds(table.times_ns)
        self.min_ns, self.max_ns = min(self.min_ns, span[0]), max(self.max_ns, span[1])
        return span

    def _take_in(self, name: str, column: Column, before: int, rows: array[int] | None) -> None:
        """Append a column of a batch, or write its values to ``rows``."""
        mine = self.columns.get(name)
        if mine is None:
            mine = self.columns[name] = Column.empty(column.type)
        if rows is None:
            mine.pad(before)
            mine.values.extend(column.values)  # type: ignore[arg-type]  # same type: the schema holds it
            mine.valid.extend(column.valid)
        else:
            mine.pad(len(self.times_ns))
            columns.merge(mine.values, mine.valid, rows, column.values, column.valid)
        if isinstance(column.values, list):
            self._text_bytes += sum(map(len, column.values)) + _STRING_BYTES * len(column.values)

    def freeze(self) -> None:
        """Bring all columns to one length: nothing is appended any more, and several threads may read."""
        self._level()
        self._frozen = True

    def _level(self) -> None:
        for column in self.columns.values():
            column.pad(len(self.times_ns))

    def copy(self) -> HotRows:
        """Return an immutable copy; the same one as long as nothing was appended.

        What is frozen is not copied but shown: nobody changes it any more.
        """
        if self._copy is None:
            self._copy = self._make_copy()
        return self._copy

    def _make_copy(self) -> HotRows:
        self._level()
        count = len(self.times_ns)
        tags = tuple(self.measurement.tags)
        codes, times_ns = (self.codes, self.times_ns) if self._frozen else (self.codes[:], self.times_ns[:])
        rows: list[tuple[str, Any]] = [
            ("n", arrow.counting(count)),
            ("s", arrow.integers(codes)),
            ("t", arrow.integers(times_ns)),
        ]
        rows += [
            (f"f{i}", arrow.column(column if self._frozen else column.copy(), count))
            for i, column in enumerate(self.columns.values())
        ]
        return HotRows(
            rows=arrow.table(rows, count),
            series=self.series.table(tags),
            fields=tuple(self.columns),
            tags=tags,
            min_ns=self.min_ns,
            max_ns=self.max_ns,
            count=count,
            in_order=self.in_order,
            tag_columns=self.series.tag_columns(tags),
        )

    def sorted_days(self, tags: tuple[str, ...]) -> Iterator[SortedRows]:
        """Yield the points of each UTC day. The table must be frozen; it is not changed."""
        tag_columns = self.series.tag_columns(tags)
        ranked = ranks(tag_columns, len(self.series))
        series = self.series.table(tags)
        for day in columns.days(self.times_ns):
            span = max(day * DAY_NS, MIN_TIME_NS), min((day + 1) * DAY_NS - 1, MAX_TIME_NS)
            order, points = columns.order(self.codes, self.times_ns, ranked, span, in_order=self.in_order)
            if points is None:
                picked = order
            else:
                picked, _ = columns.last_valid(b"\x01" * len(self.times_ns), order, points)
            times_ns = columns.take(self.times_ns, picked)
            rows: list[tuple[str, Any]] = [
                ("s", arrow.integers(columns.take(self.codes, picked))),
                ("t", arrow.integers(times_ns)),
            ]
            rows += [
                (f"f{i}", arrow.column(_sorted(column, order, points), len(picked)))
                for i, column in enumerate(self.columns.values())
            ]
            low, high = columns.bounds(times_ns)
            yield SortedRows(
                day=day,
                rows=arrow.table(rows, len(picked)),
                series=series,
                tag_columns=tag_columns,
                fields=tuple(self.columns),
                tags=tags,
                min_ns=low,
                max_ns=high,
                count=len(picked),
            )


def joined(tables: Sequence[HotTable]) -> HotTable:
    """Return one frozen table with the rows of some frozen ones, oldest first; of one table it is that."""
    if len(tables) == 1:
        return tables[0]
    whole = HotTable(tables[-1].measurement)
    for table in tables:
        rows = Table(
            whole.measurement.name, list(table.series.codes), table.codes, table.times_ns, table.columns
        )
        whole.append(rows)
    whole.freeze()
    return whole


def _sorted(column: Column, order: array[int], points: array[int] | None) -> Column:
    """Return the values of points, given the rows of all of them and the number of each row's point."""
    if points is None:
        return Column(column.type, columns.take(column.values, order), columns.take(column.valid, order))
    picked, valid = columns.last_valid(column.valid, order, points)
    return Column(column.type, columns.take(column.values, picked), valid)
