"""Line protocol as plain values, one dict for each point."""

from __future__ import annotations

from typing import Any

from heliograph.codec.payload.decoded import Decoded, plain_number
from heliograph.errors import PayloadError
from heliograph.model.point import FieldType
from heliograph.model.table import Column, Table


def decode_lines(payload: bytes) -> Decoded:
    """Return the points, by measurement: name, tags, fields and, where it has one, the time.

    Raises:
        PayloadError: a line is not line protocol; the first one is told.
    """
    from heliograph.codec.lineprotocol.parser import parse

    parsed = parse(payload, time_ns=0, types=lambda _measurement, _field: None, max_errors=1)
    if parsed.errors:
        bad = parsed.errors[0]
        where = f"line {bad.line}, column {bad.column}: {bad.reason}"
        raise PayloadError("line protocol", where, line=bad.line, column=bad.column, excerpt=bad.excerpt)
    if not parsed.points:
        raise PayloadError("line protocol", "there is no point in it")
    return Decoded("lp", [point for table in parsed.batch.values() for point in _points(table)])


def _points(table: Table) -> list[dict[str, Any]]:
    points = []
    for row, (code, time_ns) in enumerate(zip(table.codes, table.times_ns, strict=True)):
        fields = {name: value for name, column in table.columns.items() for value in _value(column, row)}
        point: dict[str, Any] = {"measurement": table.measurement, "tags": dict(table.series[code])}
        point["fields"] = fields
        if time_ns:
            point["time_ns"] = time_ns
        points.append(point)
    return points


def _value(column: Column, row: int) -> list[Any]:
    if row >= len(column.valid) or not column.valid[row]:
        return []
    value = column.values[row]
    if column.type is FieldType.BOOLEAN:
        return [bool(value)]
    return [plain_number(value) if isinstance(value, float) else value]
