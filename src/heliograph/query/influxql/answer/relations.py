"""Where rows come from: the points of a measurement, or the rows of a subquery."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.model.point import FieldType
from heliograph.model.table import Column, empty_values
from heliograph.query.influxql.functions.merging import shard_of
from heliograph.query.influxql.plan.columns import Schema
from heliograph.query.influxql.plan.shapes import NUMERIC, UNKNOWN, TimeRange
from heliograph.query.influxql.tree import Ref
from heliograph.store import arrow
from heliograph.store.duck import Cursor
from heliograph.store.hot.table import HotRows
from heliograph.store.relation import Segment, Snapshot, render
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
    shard_ns: int
    """How long the shards would be in which InfluxDB keeps it: they decide about the order of equal times."""

    @property
    def times(self) -> tuple[int, int] | None:
        """The range of times within which its points are."""
        parts: list[Segment | HotRows] = [*self.snapshot.segments, *self.snapshot.hot]
        return (min(part.min_ns for part in parts), max(part.max_ns for part in parts)) if parts else None

    def is_within(self, span: TimeRange) -> bool:
        """Return whether it may have points in the shards of a range."""
        if self.times is None:
            return True
        low, high = (shard_of(at_ns, self.shard_ns) for at_ns in self.times)
        return low <= shard_of(span.end_ns, self.shard_ns) and shard_of(span.start_ns, self.shard_ns) <= high

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
    rows: Sequence[Sequence[Any]]
    """Each with the time first, then the grouping tags and the fields."""
    kinds: Sequence[str]
    """The types of the columns behind the time."""
    places: dict[tuple[str, bool], int]
    """(name, whether it is a grouping tag) → place among these columns."""
    times: tuple[int, int] | None
    """The range of its rows' times."""

    def sql(self, wanted: Sequence[Wanted], _: TimeRange, cursor: Cursor) -> str:
        """Return SQL for the time as ``t``, the wanted columns, and the row's number as ``n``."""
        items = ["t"]
        used: set[int] = set()
        for column in wanted:
            kind = self.schema.type_of(column.ref)
            is_field = kind != "tag" and column.ref.name in self.schema.fields
            place = None if kind == UNKNOWN else self.places.get((column.ref.name, not is_field))
            source = self.schema.fields[column.ref.name] if is_field else "tag"
            expression = "NULL" if place is None else cast(f"x{place}", source, column.type)
            if source == "boolean" and place is not None:
                expression = cast(f"(x{place} = 1)", source, column.type)
            items.append(f"{expression} AS {column.alias}")
            if place is not None:
                used.add(place)
        items.append("n")
        return f"SELECT {', '.join(items)} FROM {cursor.register(self._table(sorted(used)))}"

    def _table(self, places: Iterable[int]) -> arrow.ArrowTable:
        count = len(self.rows)
        columns: list[tuple[str, Any]] = [("t", arrow.integers(array("q", [row[0] for row in self.rows])))]
        columns.append(("n", arrow.integers(array("q", range(count)))))
        for place in places:
            values = _column(self.kinds[place], [row[place + 1] for row in self.rows])
            columns.append((f"x{place}", arrow.column(values, count)))
        return arrow.table(columns, count)

    def numbers(self, ref: Ref, tags: Sequence[str]) -> dict[tuple[str, ...], list[tuple[int, Any]]] | None:
        """Return the times and values of a field of numbers by some tags; None of another column."""
        place = self.places.get((ref.name, False))
        if place is None or ref.cast or self.kinds[place] not in ("float", "integer"):
            return None
        keys = [self.places.get((tag, True)) for tag in tags]
        field_type = FieldType(self.kinds[place])
        found: dict[tuple[str, ...], list[tuple[int, Any]]] = {}
        for row in self.rows:
            value = _cast_value(field_type, row[place + 1])
            if value is not None:
                key = tuple("" if at is None else row[at + 1] or "" for at in keys)
                found.setdefault(key, []).append((row[0], value))
        return found


Relation = Stored | Computed


def cast(expression: str, kind: str, wanted: str) -> str:
    """Return SQL for a value of one type as another; what InfluxDB does not convert is absent."""
    target = SQL_TYPES[wanted]
    text = {"string", "tag"}
    if kind == wanted or {kind, wanted} <= text:
        return f"{expression}::{target}"
    if kind in NUMERIC and wanted in NUMERIC:
        if (kind, wanted) == ("float", "integer"):  # what is too large is what processors make of it
            whole = f"try_cast(trunc({expression}) AS {target})"
            return f"coalesce({whole}, CASE WHEN {expression} IS NOT NULL THEN -9223372036854775808 END)"
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
    places: dict[tuple[str, bool], int] = {}
    for number, place in enumerate([*((tag, True) for tag in tags), *((name, False) for name, _ in fields)]):
        places.setdefault(place, number)
    kinds = ["string"] * len(tags) + [kind for _, kind in fields]
    times = (min(row[0] for row in rows), max(row[0] for row in rows)) if rows else None
    return Computed(name, schema, rows, kinds, places, times)


def _column(kind: str, values: Sequence[Any]) -> Column:
    field_type = FieldType.STRING if kind in ("tag", UNKNOWN) else FieldType(kind)
    values = [_cast_value(field_type, value) for value in values]
    empty: Any = "" if field_type is FieldType.STRING else 0
    valid = bytearray(value is not None for value in values)
    plain: Any = [empty if value is None else value for value in values]
    filled: Any = empty_values(field_type)
    filled.extend(plain)
    return Column(field_type, filled, valid)


def _cast_value(field_type: FieldType, value: Any) -> Any:
    """Return a value as one of its column's type; absent if it has none there."""
    if isinstance(value, str | bool) or value is None:
        wanted = {str: FieldType.STRING, bool: FieldType.BOOLEAN}.get(type(value))
        return value if wanted is field_type else None
    if field_type is FieldType.FLOAT:
        return float(value)
    return int(value) if field_type in (FieldType.INTEGER, FieldType.UNSIGNED) else None
