"""Plans as DuckDB's SQL. Names are quoted, values are bound; no text of a user becomes SQL."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from heliograph.errors import QueryError
from heliograph.model.point import FieldType
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS, SECOND_NS
from heliograph.query.limits import QueryLimits
from heliograph.query.plan import Aggregate, Columns, Comparison, Rows, Select, SelectRows, Series, Value
from heliograph.store.relation import SQL_TYPES, Register, Snapshot, render
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import quote

RATE_LOOKBACK_NS: Final = 120 * SECOND_NS
"""How far before the range a counter's earlier value is looked for."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How rows are aggregated; in each SQL ``{0}`` is the number of the field."""

    values: Mapping[Aggregate, str]
    newest: str
    """The last value ``v0`` and its time ``at0``."""


_POINTS: Final = Figures(
    {
        Aggregate.MEAN: "avg(f{0})",
        Aggregate.MIN: "min(f{0})",
        Aggregate.MAX: "max(f{0})",
        Aggregate.SUM: "sum(f{0}::DOUBLE)",
        Aggregate.COUNT: "nullif(count(f{0}), 0)",
        Aggregate.FIRST: "arg_min(f{0}, t)",
        Aggregate.LAST: "arg_max(f{0}, t)",
    },
    "arg_max(f{0}, t)::DOUBLE AS v{0}, max(t) FILTER (f{0} IS NOT NULL) AS at{0}",
)
Fields: TypeAlias = Sequence[tuple[str, FieldType]]
"""Physical columns with their types."""
_NUMBERS: Final = frozenset({FieldType.FLOAT, FieldType.INTEGER, FieldType.UNSIGNED})
_WHOLE: Final = {FieldType.INTEGER: (-(2**63), 2**63), FieldType.UNSIGNED: (0, 2**64)}
"""The least value of each type, and what is above all."""
_ANY_TYPE: Final = frozenset({Aggregate.FIRST, Aggregate.LAST, Aggregate.COUNT})


def select_sql(select: Select, snapshot: Snapshot, register: Register) -> tuple[str, list[Any]]:
    """Return the statement and its parameters; rows are (time, group tags…, fields…) by time.

    Raises:
        QueryError: a field is unknown, or of a type that cannot be aggregated so.
    """
    fields = [aggregated_field(snapshot.measurement, select, name) for name in select.fields]
    start_ns = max(select.start_ns - lookback_ns(select), MIN_TIME_NS)
    rows, parameters = _points(select, snapshot, register, fields, start_ns)
    return aggregate_sql(select, snapshot.measurement, rows, _POINTS), parameters


def aggregate_sql(select: Select, measurement: Measurement, rows: str, figures: Figures) -> str:
    """Return the statement over ``rows``, which have the time ``t`` and the tags ``g0``…."""
    tags = {tag: f"g{i}" for i, tag in enumerate(measurement.tags)}
    groups = [tags.get(tag, "NULL::VARCHAR") for tag in select.group_by]
    numbers = range(len(select.fields))
    if select.rate:
        newest = [figures.newest.format(i) for i in numbers]
        return _rate_sql(select, list(tags.values()), groups, rows, newest)
    values = [figures.values[select.aggregate].format(i) for i in numbers]
    columns = ", ".join([f"{_interval(select)} AS start_ns", *groups, *values])
    keys = ", ".join(str(i + 1) for i in range(1 + len(groups)))
    return f"SELECT {columns} FROM {rows} GROUP BY {keys} ORDER BY 1"


def rows_sql(select: SelectRows, snapshot: Snapshot, register: Register) -> tuple[str, list[Any]]:
    """Return the statement and its parameters; rows are (time, tags…, fields…), one more than the limit.

    They come by time, and of one time by the tags; the newest first if those are asked for.

    Raises:
        QueryError: a field is unknown, or cannot be compared with a number.
    """
    measurement = snapshot.measurement
    tags = {tag: f"g{i}" for i, tag in enumerate(measurement.tags)}
    fields = [plain_field(measurement, name) for name in select.fields]
    rows, parameters = _points(select, snapshot, register, fields, max(select.start_ns, MIN_TIME_NS))
    held = " OR ".join(f"f{i} IS NOT NULL" for i in range(len(fields)))
    shown = [tags.get(tag, "NULL::VARCHAR") for tag in select.tags]
    columns = ", ".join(["t", *shown, *(f"f{i}" for i in range(len(fields)))])
    direction = "DESC NULLS LAST" if select.newest else "ASC NULLS FIRST"
    order = ", ".join(f"{column} {direction}" for column in ("t", *tags.values()))
    asked = f"SELECT {columns} FROM (SELECT * FROM {rows}) WHERE {held}"
    return f"{asked} ORDER BY {order} LIMIT {select.limit + 1}", parameters


def lookback_ns(select: Select) -> int:
    """Return how long before its range a plan needs points."""
    return max(RATE_LOOKBACK_NS, 2 * select.interval_ns) if select.rate else 0


def _points(
    select: Select | SelectRows, snapshot: Snapshot, register: Register, fields: Fields, start_ns: int
) -> tuple[str, list[Any]]:
    """The asked points, with names of ours: time ``t``, tags ``g0``… and the fields ``f0``….

    Users' own names end here: a tag may be called like any column of the statement.
    """
    measurement = snapshot.measurement
    compared = [compared_field(measurement, condition.field) for condition in select.conditions]
    physical = [name for name, _ in (*fields, *compared)]
    known = {name: logical for logical, (name, _) in measurement.fields.items()}
    end_ns = min(select.end_ns, MAX_TIME_NS + 1)
    names = dict.fromkeys(known[name] for name in physical)
    rows = render(snapshot, register, start_ns=start_ns, end_ns=end_ns, fields=names)
    columns = ["time AS t"]
    columns += [f"{quote(column)} AS g{i}" for i, column in enumerate(measurement.tags.values())]
    columns += [f"{quote(column)} AS f{i}" for i, column in enumerate(physical)]
    where, parameters = where_sql(select, measurement)
    return f"(SELECT {', '.join(columns)} FROM ({rows})){where}", parameters


def _rate_sql(
    select: Select, tags: Sequence[str], groups: Sequence[str], rows: str, newest: Sequence[str]
) -> str:
    """Three steps: the newest value per series and interval, its change per second, the sum per group.

    Each field has a time of its own: fields of one measurement need not come together.
    """
    numbers = range(len(select.fields))
    keys = ", ".join(["start_ns", *tags])
    columns = ", ".join([f"{_interval(select)} AS start_ns", *tags, *newest])
    per_interval = f"SELECT {columns} FROM {rows} GROUP BY {keys}"
    changes = ", ".join(
        f"CASE WHEN v{i} >= lag(v{i} IGNORE NULLS) OVER w"
        f" THEN (v{i} - lag(v{i} IGNORE NULLS) OVER w) * 1e9 / (at{i} - lag(at{i} IGNORE NULLS) OVER w)"
        f" END AS r{i}"
        for i in numbers
    )
    partition = f"PARTITION BY {', '.join(tags)} " if tags else ""
    per_second = f"SELECT {keys}, {changes} FROM ({per_interval}) WINDOW w AS ({partition}ORDER BY start_ns)"
    sums = ", ".join(f"sum(r{i})" for i in numbers)
    key_numbers = ", ".join(str(i + 1) for i in range(1 + len(groups)))
    first_ns = select.start_ns - select.start_ns % select.interval_ns
    return (
        f"SELECT {', '.join(['start_ns', *groups])}, {sums} FROM ({per_second}) WHERE start_ns >= {first_ns}"
        f" GROUP BY {key_numbers} ORDER BY 1"
    )


def _interval(select: Select) -> str:
    """The start of a row's interval, rounded down before 1970 too."""
    step = select.interval_ns
    return f"t - t % {step} - CASE WHEN t % {step} < 0 THEN {step} ELSE 0 END"


def plain_field(measurement: Measurement, name: str) -> tuple[str, FieldType]:
    """Return a field's physical column and type.

    Raises:
        QueryError: there is no such field.
    """
    column = measurement.fields.get(name)
    if column is None:
        raise QueryError(f'field "{name}" not found on measurement "{measurement.name}"')
    return column


def aggregated_field(measurement: Measurement, select: Select, name: str) -> tuple[str, FieldType]:
    """Return a field's physical column and type.

    Raises:
        QueryError: there is no such field, or it cannot be aggregated so.
    """
    physical, field_type = plain_field(measurement, name)
    if field_type not in _NUMBERS and (select.rate or select.aggregate not in _ANY_TYPE):
        how = "rate" if select.rate else select.aggregate.value
        raise QueryError(
            f'field "{name}" is of type {field_type.value}: {how} needs numbers; use first, last or count'
        )
    return physical, field_type


def compared_field(measurement: Measurement, name: str) -> tuple[str, FieldType]:
    """Return the physical column and type of a field that is compared with a number.

    Raises:
        QueryError: there is no such field, or it holds no numbers.
    """
    physical, field_type = plain_field(measurement, name)
    if field_type not in _NUMBERS:
        raise QueryError(f'field "{name}" is of type {field_type.value}: a condition needs numbers')
    return physical, field_type


def where_sql(select: Select | SelectRows, measurement: Measurement) -> tuple[str, list[Any]]:
    """Return what rows must meet, with its parameters; the compared fields follow those that are asked."""
    tags = {tag: f"g{i}" for i, tag in enumerate(measurement.tags)}
    conditions = []
    parameters: list[Any] = []
    for tag, values in select.where.items():
        column = tags.get(tag)
        if column is None:
            conditions.append("true" if "" in values else "false")
            continue
        present = [v for v in values if v != ""]
        parameters += present
        anyone = f"{column} IN ({', '.join('?' * len(present))})" if present else "false"
        absent = f" OR {column} IS NULL" if "" in values else ""
        conditions.append(f"({anyone}{absent})")
    for i, condition in enumerate(select.conditions, len(select.fields)):
        _, field_type = compared_field(measurement, condition.field)
        comparison, number = condition.comparison, condition.number
        if field_type in _WHOLE:
            comparison, number = whole_condition(comparison, number, *_WHOLE[field_type])
        conditions.append(f"f{i} {comparison.value} ?::{SQL_TYPES[field_type]}")
        parameters.append(number)
    return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), parameters


def whole_condition(
    comparison: Comparison, number: float, least: int = -(2**63), beyond: int = 2**63
) -> tuple[Comparison, int]:
    """Return what a comparison with any number means for whole numbers from ``least`` to below ``beyond``."""
    if number >= beyond or number < least:
        holds = (
            (Comparison.LESS, Comparison.AT_MOST)
            if number >= beyond
            else (Comparison.MORE, Comparison.AT_LEAST)
        )
        return (Comparison.AT_LEAST if comparison in (Comparison.UNEQUAL, *holds) else Comparison.LESS), least
    below = math.floor(number)
    if below == number:
        return comparison, below
    if comparison is Comparison.EQUAL:
        return Comparison.LESS, least
    if comparison is Comparison.UNEQUAL:
        return Comparison.AT_LEAST, least
    above = comparison in (Comparison.MORE, Comparison.AT_LEAST)
    return (Comparison.MORE if above else Comparison.AT_MOST), below


def columns_of(select: Select, rows: Iterable[tuple[Any, ...]], limits: QueryLimits) -> Columns:
    """Return the rows of :func:`select_sql` as columns: one series per group and field.

    Raises:
        QueryError: they are too many columns, or too long ones.
    """
    width = 1 + len(select.group_by)
    times: list[int] = []
    at = -1
    series: dict[tuple[Any, ...], tuple[list[int], list[tuple[Value, ...]]]] = {}
    nothing = (None,) * len(select.fields)
    for row in rows:
        values = row[width:]
        if values == nothing:
            continue  # points of other fields
        if at < 0 or times[at] != row[0]:
            times.append(row[0])
            at += 1
        key = row[1:width]
        entry = series.get(key)
        if entry is None:
            entry = series[key] = [], []
            limits.check_groups(len(times), len(series))
        entry[0].append(at)
        entry[1].append(values)
    result = Columns(times, [])
    for key in sorted(series, key=lambda k: tuple(part or "" for part in k)):
        tags = {tag: value for tag, value in zip(select.group_by, key, strict=True) if value is not None}
        places, held = series[key]
        for name, values in zip(select.fields, zip(*held, strict=True), strict=True):
            line: list[Value] = list(values)
            if len(places) < len(times):
                line = [None] * len(times)
                for place, value in zip(places, values, strict=True):
                    line[place] = value
            if any(value is not None for value in line):
                result.series.append(Series(name, tags, line))
    return result


def rows_of(
    select: SelectRows,
    times_ns: list[int],
    tags: Sequence[list[str | None]],
    fields: Sequence[list[Value]],
) -> Rows:
    """Return columns of points by time, one more than the limit if there are more, as an answer."""
    truncated = len(times_ns) > select.limit
    kept = slice(1, None) if truncated and select.newest else slice(select.limit)
    return Rows(
        times_ns[kept],
        {tag: values[kept] for tag, values in zip(select.tags, tags, strict=True)},
        {name: values[kept] for name, values in zip(select.fields, fields, strict=True)},
        truncated,
    )
