"""Columns: how points travel inside the hub, one table per measurement, no object per point."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from heliograph.model.point import FieldType, SeriesKey

Values: TypeAlias = "array[float] | array[int] | bytearray | list[str]"
"""array('d') FLOAT, array('q') INTEGER, array('Q') UNSIGNED, bytearray BOOLEAN, list STRING."""


def empty_values(field_type: FieldType) -> Values:
    """Return an empty value column of the right kind."""
    if field_type is FieldType.FLOAT:
        return array("d")
    if field_type is FieldType.INTEGER:
        return array("q")
    if field_type is FieldType.UNSIGNED:
        return array("Q")
    if field_type is FieldType.BOOLEAN:
        return bytearray()
    return []


@dataclass(slots=True)
class Column:
    """The values of one field. ``valid`` has one byte per row: 1 value, 0 absent.

    A column may be shorter than its table: the missing rows at its end are absent.
    """

    type: FieldType
    values: Values
    valid: bytearray = field(default_factory=bytearray)

    @classmethod
    def empty(cls, field_type: FieldType) -> Column:
        """Return a column without rows."""
        return cls(field_type, empty_values(field_type))

    def pad(self, rows: int) -> None:
        """Make the column at least ``rows`` long by absent values."""
        missing = rows - len(self.valid)
        if missing <= 0:
            return
        self.valid.extend(bytes(missing))
        if isinstance(self.values, bytearray):
            self.values.extend(bytes(missing))
        elif isinstance(self.values, list):
            self.values.extend([""] * missing)
        else:
            self.values.frombytes(bytes(missing * self.values.itemsize))

    def copy(self) -> Column:
        """Return a column of the same values that does not change with this one."""
        return Column(self.type, self.values[:], self.valid[:])

    def take(self, rows: Sequence[int]) -> Column:
        """Return a column of some of the rows, in that order."""
        taken = Column.empty(self.type)
        values: Any = taken.values
        for count, row in enumerate(rows, 1):
            if row < len(self.valid) and self.valid[row]:
                values.append(self.values[row])
                taken.valid.append(1)
            else:
                taken.pad(count)
        return taken


@dataclass(slots=True)
class Table:
    """Points of one measurement: row ``i`` belongs to ``series[codes[i]]`` at ``times_ns[i]``.

    Rows are in the order they came; equal series and time may occur more than once.
    """

    measurement: str
    series: list[SeriesKey] = field(default_factory=list)
    codes: array[int] = field(default_factory=lambda: array("i"))
    times_ns: array[int] = field(default_factory=lambda: array("q"))
    columns: dict[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times_ns)

    def take(self, rows: Sequence[int]) -> Table:
        """Return a table of some of the rows, in that order, with the series and fields that they have."""
        codes: dict[int, int] = {}
        taken = Table(self.measurement)
        for row in rows:
            taken.codes.append(codes.setdefault(self.codes[row], len(codes)))
            taken.times_ns.append(self.times_ns[row])
        taken.series = [self.series[code] for code in codes]
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        taken.columns = {name: column for name, column in columns.items() if any(column.valid)}
        return taken


Batch: TypeAlias = dict[str, Table]
"""Tables by measurement."""


class Join:
    """Batches put one behind the other. A field must have one type in all of them."""

    def __init__(self) -> None:
        self.batch: Batch = {}
        """All rows, in the order in which they came."""
        self.rows = 0
        self._codes: dict[str, dict[SeriesKey, int]] = {}

    def add(self, batch: Batch) -> None:
        """Append the rows of a batch, which does not change."""
        for name, table in batch.items():
            mine = self.batch.get(name)
            if mine is None:
                mine = self.batch[name] = Table(name)
                self._codes[name] = {}
            self._extend(mine, self._codes[name], table)
            self.rows += len(table)

    @staticmethod
    def _extend(mine: Table, codes: dict[SeriesKey, int], table: Table) -> None:
        translation = [codes.setdefault(key, len(codes)) for key in table.series]
        mine.series.extend(islice(codes, len(mine.series), None))
        before = len(mine)
        mine.codes.extend(translation[code] for code in table.codes)
        mine.times_ns.extend(table.times_ns)
        for name, column in table.columns.items():
            held = mine.columns.get(name)
            if held is None:
                held = mine.columns[name] = Column.empty(column.type)
            held.pad(before)
            held.values.extend(column.values)  # type: ignore[arg-type]  # same type
            held.valid.extend(column.valid)
