"""Line protocol back to points, as tests want to look at them."""

from __future__ import annotations

from heliograph.codec.lineprotocol.parser import parse
from heliograph.errors import LineProtocolError
from heliograph.model.point import FieldType, FieldValue, Point, UInt
from heliograph.model.table import Column


def points_of(payload: bytes) -> list[Point]:
    """Return the points of a batch; those of one measurement stay in order.

    Raises:
        LineProtocolError: it is none.
    """
    parsed = parse(payload, time_ns=0, types=_any_type, max_errors=1)
    if parsed.errors:
        bad = parsed.errors[0]
        raise LineProtocolError(bad.reason, line=bad.line, column=bad.column, excerpt=bad.excerpt)
    points = []
    for table in parsed.batch.values():
        for row, time_ns in enumerate(table.times_ns):
            fields = {
                name: _value(column, row)
                for name, column in table.columns.items()
                if row < len(column.valid) and column.valid[row]
            }
            points.append(Point(table.measurement, fields, dict(table.series[table.codes[row]]), time_ns))
    return points


def _value(column: Column, row: int) -> FieldValue:
    value = column.values[row]
    if column.type is FieldType.BOOLEAN:
        return bool(value)
    return UInt(value) if column.type is FieldType.UNSIGNED else value


def _any_type(_measurement: str, _field: str) -> None:
    """Return that nobody knows the type of a field yet."""
