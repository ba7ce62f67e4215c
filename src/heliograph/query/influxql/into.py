"""SELECT INTO: the rows of an answer as points."""

from __future__ import annotations

from heliograph.codec.lineprotocol import format_point
from heliograph.errors import LineProtocolError
from heliograph.model.point import FieldValue, Point, UInt
from heliograph.query.influxql.answer.prepare import Prepared, prepare
from heliograph.query.influxql.answer.run import select_series
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.plan.columns import value_type
from heliograph.query.influxql.tree import Call, Ref, Select


def lines_of(session: Session, select: Select) -> tuple[int, bytes]:
    """Return the number of points that a SELECT INTO writes, and their lines."""
    prepared = prepare(session, select)
    kinds = [value_type(entry.expression, prepared.schema) for entry in prepared.fields]
    tags = _tag_columns(prepared)
    target = select.target.name if select.target else ""
    lines: list[str] = []
    for series in select_series(session, prepared):
        for row in series.rows:
            found = {**series.tags, **{prepared.names[i]: row[i + 1] for i in tags if row[i + 1]}}
            fields = {
                name: _typed(value, kind)
                for number, (name, value, kind) in enumerate(zip(prepared.names, row[1:], kinds, strict=True))
                if value is not None and number not in tags
            }
            if fields:
                try:
                    lines.append(format_point(Point(target or series.name, fields, found, row[0])))
                except LineProtocolError:
                    continue  # a number that no point can have
    return len(lines), "\n".join(lines).encode()


def _typed(value: FieldValue, kind: str) -> FieldValue:
    if kind == "unsigned" and isinstance(value, int):
        return UInt(value)
    return float(value) if kind == "float" and isinstance(value, int) else value


def _tag_columns(prepared: Prepared) -> set[int]:
    """Return the columns that are tags of what top() and bottom() chose: they become tags again."""
    inside = {
        arg
        for entry in prepared.fields
        if isinstance(entry.expression, Call) and entry.expression.name in ("top", "bottom")
        for arg in entry.expression.args[1:]
        if isinstance(arg, Ref)
    }
    return {
        number
        for number, entry in enumerate(prepared.fields)
        if entry.expression in inside and prepared.schema.type_of(entry.expression) == "tag"
    }
