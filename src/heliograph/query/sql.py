"""Plans as DuckDB's SQL. Names are quoted, values are bound; no text of a user becomes SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.model.point import FieldType
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS, SECOND_NS
from heliograph.query.plan import Aggregate, Columns, Select, Series, Value
from heliograph.store.relation import Register, Snapshot, render
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import quote

RATE_LOOKBACK_NS: Final = 120 * SECOND_NS
"""How far before the range a counter's earlier value is looked for."""

_SQL: Final = {
    Aggregate.MEAN: "avg({0})",
    Aggregate.MIN: "min({0})",
    Aggregate.MAX: "max({0})",
    Aggregate.SUM: "sum({0}::DOUBLE)",
    Aggregate.COUNT: "nullif(count({0}), 0)",
    Aggregate.FIRST: "arg_min({0}, t)",
    Aggregate.LAST: "arg_max({0}, t)",
}
_ANY_TYPE: Final = frozenset({Aggregate.FIRST, Aggregate.LAST, Aggregate.COUNT})


def select_sql(select: Select, snapshot: Snapshot, register: Register) -> tuple[str, list[Any]]:
    """Return the statement and its parameters; rows are (time, group tags…, fields…) by time.

    Raises:
        QueryError: a field is unknown, or of a type that cannot be aggregated so.
    """
    measurement = snapshot.measurement
    tags = {tag: f"g{i}" for i, tag in enumerate(measurement.tags)}
    where, parameters = _where(select, tags)
    rows = f"({_named_rows(select, snapshot, register)}){where}"
    groups = [tags.get(tag, "NULL::VARCHAR") for tag in select.group_by]
    if select.rate:
        return _rate_sql(select, list(tags.values()), groups, rows), parameters
    values = [_SQL[select.aggregate].format(f"f{i}") for i in range(len(select.fields))]
    columns = ", ".join([f"{_interval(select)} AS start_ns", *groups, *values])
    keys = ", ".join(str(i + 1) for i in range(1 + len(groups)))
    return f"SELECT {columns} FROM {rows} GROUP BY {keys} ORDER BY 1", parameters


def _named_rows(select: Select, snapshot: Snapshot, register: Register) -> str:
    """The relation with names of ours: time ``t``, tags ``g0``… and the asked fields ``f0``….

    Users' own names end here: a tag may be called like any column of the statement.
    """
    measurement = snapshot.measurement
    fields = [_field(measurement, select, name) for name in select.fields]
    before = max(RATE_LOOKBACK_NS, 2 * select.interval_ns) if select.rate else 0
    start_ns = max(select.start_ns - before, MIN_TIME_NS)
    end_ns = min(select.end_ns, MAX_TIME_NS + 1)
    rows = render(snapshot, register, start_ns=start_ns, end_ns=end_ns, fields=dict.fromkeys(select.fields))
    columns = ["time AS t"]
    columns += [f"{quote(column)} AS g{i}" for i, column in enumerate(measurement.tags.values())]
    columns += [f"{quote(column)} AS f{i}" for i, column in enumerate(fields)]
    return f"SELECT {', '.join(columns)} FROM ({rows})"


def _rate_sql(select: Select, tags: Sequence[str], groups: Sequence[str], rows: str) -> str:
    """Three steps: the newest value per series and interval, its change per second, the sum per group.

    Each field has a time of its own: fields of one measurement need not come together.
    """
    numbers = range(len(select.fields))
    newest = ", ".join(
        f"arg_max(f{i}, t)::DOUBLE AS v{i}, max(t) FILTER (f{i} IS NOT NULL) AS at{i}" for i in numbers
    )
    keys = ", ".join(["start_ns", *tags])
    columns = ", ".join([f"{_interval(select)} AS start_ns", *tags, newest])
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


def _field(measurement: Measurement, select: Select, name: str) -> str:
    column = measurement.fields.get(name)
    if column is None:
        raise QueryError(f'field "{name}" not found on measurement "{measurement.name}"')
    physical, field_type = column
    numeric = field_type not in (FieldType.STRING, FieldType.BOOLEAN)
    if not numeric and (select.rate or select.aggregate not in _ANY_TYPE):
        how = "rate" if select.rate else select.aggregate.value
        raise QueryError(
            f'field "{name}" is of type {field_type.value}: {how} needs numbers; use first, last or count'
        )
    return physical


def _where(select: Select, tags: Mapping[str, str]) -> tuple[str, list[Any]]:
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
    return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), parameters


def columns_of(select: Select, rows: Iterable[tuple[Any, ...]]) -> Columns:
    """Return the rows of :func:`select_sql` as columns: one series per group and field."""
    groups = len(select.group_by)
    times: list[int] = []
    series: dict[tuple[Any, ...], list[list[Value]]] = {}
    for row in rows:
        if all(value is None for value in row[1 + groups :]):
            continue  # points of other fields
        if not times or times[-1] != row[0]:
            times.append(row[0])
        lines = series.get(row[1 : 1 + groups])
        if lines is None:
            lines = series[row[1 : 1 + groups]] = [[] for _ in select.fields]
        for line, value in zip(lines, row[1 + groups :], strict=True):
            line.extend([None] * (len(times) - 1 - len(line)))
            line.append(value)
    result = Columns(times, [])
    for key in sorted(series, key=lambda k: tuple(part or "" for part in k)):
        tags = {tag: value for tag, value in zip(select.group_by, key, strict=True) if value is not None}
        for name, line in zip(select.fields, series[key], strict=True):
            line.extend([None] * (len(times) - len(line)))
            if any(value is not None for value in line):
                result.series.append(Series(name, tags, line))
    return result
