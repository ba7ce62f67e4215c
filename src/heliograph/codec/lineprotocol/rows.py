"""Lines become rows: the tables that a parse fills, and what it remembers about their fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from heliograph.codec.lineprotocol.grammar import BadLine, Field, Line
from heliograph.codec.lineprotocol.parsed import FieldTypes
from heliograph.errors import FieldTypeConflict
from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.table import Batch, Column, Table


class Conflict(BadLine):
    """A well-formed line with a field of another type than the field's own."""


@dataclass(slots=True)
class FieldSlot:
    """One field's column while it is filled.

    ``column.valid`` lags behind: it covers the rows up to the last gap, and everything in
    ``values`` after it is a value. `Rows.close` catches up.
    """

    type: FieldType
    column: Column
    values: Any
    """The column's values, without their type: the hot loops append what the field's type asks for."""
    append: Callable[[Any], None]

    def catch_up(self) -> None:
        """Bring ``column.valid`` up to the values."""
        valid = self.column.valid
        missing = len(self.values) - len(valid)
        if missing:
            valid.extend(b"\x01" * missing)

    def skip(self, rows: int) -> None:
        """Make the column ``rows`` long, at least."""
        self.catch_up()
        self.column.pad(rows)


class Rows:
    """The rows of one measurement. Its table is in the batch as soon as it has a row."""

    __slots__ = ("_batch", "_codes", "_field_types", "_known", "_leave_out", "_slots", "by_raw_key", "table")

    def __init__(
        self, measurement: str, batch: Batch, field_types: FieldTypes, leave_out: Callable[[int], None]
    ) -> None:
        self.table = Table(measurement)
        self.by_raw_key: dict[bytes, FieldSlot] = {}
        self._batch = batch
        self._field_types = field_types
        self._leave_out = leave_out
        self._known: dict[str, FieldType | None] = {}
        self._slots: dict[str, FieldSlot] = {}
        self._codes: dict[SeriesKey, int] = {}

    def add(self, line: Line, time_ns: int) -> int:
        """Append the line as a row and return the code of its series.

        Raises:
            Conflict: a field has another type than before; then nothing is appended.
        """
        line_types: dict[str, FieldType] = {}
        for field in line.fields:
            self._check_type(field, line_types.setdefault(field.name, field.type))
        code = self.code(line.tags)
        values = []
        for field in line.fields:
            slot = self.by_raw_key[field.raw_key] = self.slot(field.name, field.type)
            values.append((slot, field.value))
        self.append(values, code, time_ns)
        return code

    def append(self, values: list[tuple[FieldSlot, Any]], code: int, time_ns: int) -> None:
        """Append one row; of a field that stands twice in it the last value counts."""
        times_ns = self.table.times_ns
        row = len(times_ns)
        times_ns.append(time_ns)
        self.table.codes.append(code)
        for slot, value in values:
            held = len(slot.values)
            if held == row:
                slot.append(value)
            elif held > row:
                slot.values[row] = value
            else:
                self._leave_out(row - held)
                slot.skip(row)
                slot.append(value)

    def close(self) -> None:
        """Bring every column's ``valid`` up to its values."""
        for slot in self._slots.values():
            slot.catch_up()

    def type_of(self, name: str) -> FieldType | None:
        """Return the type that a field has already; the caller's `FieldTypes` is asked once for each."""
        slot = self._slots.get(name)
        if slot is not None:
            return slot.type
        if name not in self._known:
            self._known[name] = self._field_types(self.table.measurement, name)
        return self._known[name]

    def code(self, tags: SeriesKey) -> int:
        """Return the code of a series, a new one at its first row."""
        series = self.table.series
        for number in range(len(self._codes), len(series)):
            self._codes[series[number]] = number
        code = self._codes.setdefault(tags, len(series))
        if code == len(series):
            self._add_series(tags)
        return code

    def next_code(self, tags: SeriesKey) -> int:
        """Return the code of a series to who has not asked for it, without a look at its tags if possible."""
        if self._codes:
            return self.code(tags)
        self._add_series(tags)
        return len(self.table.series) - 1

    def _add_series(self, tags: SeriesKey) -> None:
        self.table.series.append(tags)
        self._batch[self.table.measurement] = self.table

    def slot(self, name: str, field_type: FieldType) -> FieldSlot:
        """Return the column of a field, a new one at its first value; the type must be the field's own."""
        slot = self._slots.get(name)
        if slot is None:
            column = self.table.columns[name] = Column.empty(field_type)
            slot = FieldSlot(field_type, column, column.values, column.values.append)
            self._slots[name] = slot
        return slot

    def _check_type(self, field: Field, type_in_line: FieldType) -> None:
        known = self.type_of(field.name) or type_in_line
        if field.type is not known:
            measurement = self.table.measurement
            conflict = FieldTypeConflict(measurement, field.name, has=known.value, got=field.type.value)
            raise Conflict(field.offset, str(conflict))
