"""Hot columns: the newest points of a measurement in memory, until they are sealed.

The stream is their durable copy. Equal series and time merge by field, the last write wins; that is
done at once where a series' points come in time order, and left to the reader where they do not.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Final

from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.table import Column, Table
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.store import arrow
from heliograph.store.arrow import ArrowTable
from heliograph.store.deletes.deletion import Deletion
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
    deletions: tuple[Deletion, ...] = ()
    """What is deleted of the rows and still in them."""


_ROW_BYTES: Final = 12
_VALUE_BYTES: Final = 9
_STRING_BYTES: Final = 58
"""A Python string beside its characters, and its place in a list."""


@dataclass(slots=True)
class HotTable:
    """The hot columns of one measurement of one bucket. Not safe for several threads."""

    measurement: Measurement
    series: dict[SeriesKey, int] = field(default_factory=dict)
    codes: array[int] = field(default_factory=lambda: array("i"))
    times_ns: array[int] = field(default_factory=lambda: array("q"))
    columns: dict[str, Column] = field(default_factory=dict)
    min_ns: int = MAX_TIME_NS
    max_ns: int = MIN_TIME_NS
    in_order: bool = True
    size_bytes: int = 0
    """What the columns hold, roughly: 9 bytes a row and column, and the length of strings."""
    _text_bytes: int = 0
    _last: list[tuple[int, int]] = field(default_factory=list)
    """Per series the latest time and its row."""
    _copy: HotRows | None = None

    def __len__(self) -> int:
        return len(self.times_ns)

    def append(self, table: Table) -> None:
        """Take in the rows of a batch."""
        self._copy = None
        before = len(self.times_ns)
        rows = self._place(table)
        plain = len(self.times_ns) - before == len(table)
        for name, column in table.columns.items():
            mine = self.columns.get(name)
            if mine is None:
                mine = self.columns[name] = Column.empty(column.type)
            if plain:
                mine.pad(before)
                mine.values.extend(column.values)  # type: ignore[arg-type]  # same type: the schema holds it
                mine.valid.extend(column.valid)
            else:
                _merge(mine, column, rows)
            if isinstance(column.values, list):
                self._text_bytes += sum(map(len, column.values)) + _STRING_BYTES * len(column.values)
        width = _ROW_BYTES + _VALUE_BYTES * len(self.columns)  # a copy for readers has no short columns
        self.size_bytes = width * len(self.times_ns) + self._text_bytes

    def _place(self, table: Table) -> list[int]:
        """Give each row of a batch its row here: a new one, or that of the point it merges into."""
        series = self.series
        last = self._last
        translate = []
        for key in table.series:
            code = series.setdefault(key, len(series))
            if code == len(last):
                last.append((MIN_TIME_NS - 1, -1))
            translate.append(code)
        codes, times = self.codes, self.times_ns
        rows = []
        row = len(times)
        for local, time_ns in zip(table.codes, table.times_ns, strict=True):
            code = translate[local]
            latest, at = last[code]
            if time_ns == latest:
                rows.append(at)
                continue
            if time_ns > latest:
                last[code] = (time_ns, row)
            else:
                self.in_order = False
            codes.append(code)
            times.append(time_ns)
            rows.append(row)
            row += 1
        first_ns, last_ns = min(table.times_ns), max(table.times_ns)
        self.min_ns = min(self.min_ns, first_ns)
        self.max_ns = max(self.max_ns, last_ns)
        return rows

    def copy(self) -> HotRows:
        """Return an immutable copy; the same one as long as nothing was appended."""
        if self._copy is None:
            self._copy = self._make_copy()
        return self._copy

    def _make_copy(self) -> HotRows:
        count = len(self.times_ns)
        fields = tuple(self.columns)
        tags = tuple(self.measurement.tags)
        rows = [
            ("n", arrow.integers(array("i", range(count)))),
            ("s", arrow.integers(self.codes[:])),
            ("t", arrow.integers(self.times_ns[:])),
        ]
        rows += [(f"f{i}", arrow.field_column(self.columns[n], count)) for i, n in enumerate(fields)]
        keys = [dict(key) for key in self.series]
        series = [("s", arrow.integers(array("i", range(len(keys)))))]
        for i, tag in enumerate(tags):
            column = Column(
                FieldType.STRING, [key.get(tag, "") for key in keys], bytearray(tag in key for key in keys)
            )
            series.append((f"g{i}", arrow.field_column(column, len(keys))))
        return HotRows(
            rows=arrow.table(rows, count),
            series=arrow.table(series, len(keys)),
            fields=fields,
            tags=tags,
            min_ns=self.min_ns,
            max_ns=self.max_ns,
            count=count,
            in_order=self.in_order,
        )


def _merge(mine: Column, column: Column, rows: list[int]) -> None:
    """Write a batch's values to their rows; absent ones leave what is there."""
    size = max(rows) + 1
    mine.pad(size)
    valid = column.valid
    values = column.values
    for index in range(len(valid)):
        if valid[index]:
            row = rows[index]
            mine.values[row] = values[index]  # type: ignore[assignment]
            mine.valid[row] = 1
