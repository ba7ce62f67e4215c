"""Where rows come from: the points of a measurement, or the rows of a subquery."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.model.point import FieldType
from heliograph.model.table import Column, empty_values
from heliograph.query.influxql.plan.columns import Schema
from heliograph.query.influxql.plan.shapes import NUMERIC, UNKNOWN, TimeRange
from heliograph.query.influxql.tree import Ref
from heliograph.store import arrow
from heliograph.store.duck import Cursor
from heliograph.store.relation import Snapshot, render
from heliograph.store.sql_text import quote

SQL_TYPES: Final = {
    "float": "DOUBLE",
    "integer": "BIGINT",
    "unsigned": "UBIGINT",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "tag": "VARCHAR",
    UNKNOWN: "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A column that a statement needs: its name there, what it is of, and its type."""

    alias: str
    ref: Ref
    type: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A measurement in a bucket."""

    name: str
    bucket: str
    snapshot: Snapshot
    schema: Schema

    def sql(self, wanted: Sequence[Wanted], span: TimeRange, cursor: Cursor) -> str:
        """Return SQL for the time as ``t`` and the wanted columns."""
        measurement = self.snapshot.measurement
        items = ["time AS t"]
        fields: dict[str, None] = {}
        for column in wanted:
            kind = self.schema.type_of(column.ref)
            if kind == "tag":
                expression = quote(measurement.tags[column.ref.name])
            elif kind == UNKNOWN:
                expression = "NULL"
            else:
                physical, field_type = measurement.fields[column.ref.name]
                fields[column.ref.name] = None
                expression = quote(physical)
                kind = field_type.value
            items.append(f"{cast(expression, kind, column.type)} AS {column.alias}")
        items.append("0::BIGINT AS n")
        rows = render(
            self.snapshot,
            cursor.register,
            start_ns=span.start_ns,
            end_ns=min(span.end_ns + 1, 2**63 - 1),
            fields=fields,
        )
        return f"SELECT {', '.join(items)} FROM ({rows})"


@dataclass(frozen=True, slots=True)
class Computed:
    """The rows of a subquery under one measurement's name."""

    name: str
    schema: Schema
    table: arrow.ArrowTable
    places: dict[tuple[str, bool], str]
    """(name, whether it is a grouping tag) → column of the table."""

    def sql(self, wanted: Sequence[Wanted], _: TimeRange, cursor: Cursor) -> str:
        """Return SQL for the time as ``t``, the wanted columns, and the row's number as ``n``."""
        items = ["t"]
        for column in wanted:
            kind = self.schema.type_of(column.ref)
            is_field = kind != "tag" and column.ref.name in self.schema.fields
            place = None if kind == UNKNOWN else self.places.get((column.ref.name, not is_field))
            source = self.schema.fields[column.ref.name] if is_field else "tag"
            expression = "NULL" if place is None else cast(place, source, column.type)
            if source == "boolean" and place is not None:
                expression = cast(f"({place} = 1)", source, column.type)
            items.append(f"{expression} AS {column.alias}")
        items.append("n")
        return f"SELECT {', '.join(items)} FROM {cursor.register(self.table)}"


Relation = Stored | Computed


def cast(expression: str, kind: str, wanted: str) -> str:
    """Return SQL for a value of one type as another; what InfluxDB does not convert is absent."""
    target = SQL_TYPES[wanted]
    text = {"string", "tag"}
    if kind == wanted or {kind, wanted} <= text:
        return f"{expression}::{target}"
    if kind in NUMERIC and wanted in NUMERIC:
        return f"try_cast({f'trunc({expression})' if kind == 'float' else expression} AS {target})"
    return f"NULL::{target}"


def computed(
    name: str,
    schema: Schema,
    tags: Sequence[str],
    fields: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Any]],
) -> Computed:
    """Return a relation of rows: the time in ns, the values of the tags, the values of the fields."""
    count = len(rows)
    columns: list[tuple[str, Any]] = [("t", arrow.integers(array("q", [row[0] for row in rows])))]
    columns.append(("n", arrow.integers(array("q", range(count)))))
    places: dict[tuple[str, bool], str] = {}
    kinds = [(tag, "string", True) for tag in tags] + [(name, kind, False) for name, kind in fields]
    for number, (column, kind, is_tag) in enumerate(kinds):
        values = [row[number + 1] for row in rows]
        places.setdefault((column, is_tag), f"x{number}")
        columns.append((f"x{number}", arrow.column(_column(kind, values), count)))
    return Computed(name, schema, arrow.table(columns, count), places)


def _column(kind: str, values: Sequence[Any]) -> Column:
    field_type = FieldType.STRING if kind in ("tag", UNKNOWN) else FieldType(kind)
    valid = bytearray(value is not None for value in values)
    empty: Any = "" if field_type is FieldType.STRING else 0
    plain: Any = [empty if value is None else value for value in values]
    filled: Any = empty_values(field_type)
    filled.extend(plain)
    return Column(field_type, filled, valid)
