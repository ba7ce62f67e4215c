"""Plans as DuckDB's SQL. Names are quoted, values are bound; no text of a user becomes SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.model.point import FieldType
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS, SECOND_NS
from heliograph.query.plan import Aggregate, Columns, Select, Series, Value
from heliograph.store.relation import Register, Snapshot, quote, render
from heliograph.store.schema import Measurement

RATE_LOOKBACK_NS: Final = 120 * SECOND_NS
"""How far before the range a counter's earlier value is looked for."""

_SQL: Final = {
    Aggregate.MEAN: "avg({0})",
    Aggregate.MIN: "min({0})",
    Aggregate.MAX: "max({0})",
    Aggregate.SUM: "sum({0}::DOUBLE)",
    Aggregate.COUNT: "count({0})",
    Aggregate.FIRST: "arg_min({0}, time)",
    Aggregate.LAST: "arg_max({0}, time)",
}
_ANY_TYPE: Final = frozenset({Aggregate.FIRST, Aggregate.LAST, Aggregate.COUNT})


def select_sql(select: Select, snapshot: Snapshot, register: Register) -> tuple[str, list[Any]]:
    """Return the statement and its parameters; rows are (time, group tags…, fields…) by time.

    Raises:
        QueryError: a field is unknown, or of a type that cannot be aggregated so.
    """
    measurement = snapshot.measurement
    fields = [_field(measurement, select, name) for name in select.fields]
    tags = [measurement.tags.get(tag) for tag in select.group_by]
    before = max(RATE_LOOKBACK_NS, 2 * select.interval_ns) if select.rate else 0
    start_ns = max(select.start_ns - before, MIN_TIME_NS)
    end_ns = min(select.end_ns, MAX_TIME_NS)
    rows = render(snapshot, register, start_ns=start_ns, end_ns=end_ns, fields=select.fields)
    where, parameters = _where(select, measurement)
    groups = [quote(t) if t else "NULL::VARCHAR" for t in tags]
    if select.rate:
        return _rate_sql(select, measurement, fields, groups=groups, rows=f"({rows}){where}"), parameters
    values = [_SQL[select.aggregate].format(quote(f)) for f in fields]
    columns = ", ".join([f"{_interval(select)} AS t", *groups, *values])
    keys = ", ".join(str(i + 1) for i in range(1 + len(groups)))
    return f"SELECT {columns} FROM ({rows}){where} GROUP BY {keys} ORDER BY t", parameters


def _rate_sql(
    select: Select, measurement: Measurement, fields: Sequence[str], *, groups: Sequence[str], rows: str
) -> str:
    """Three steps: the newest value per series and interval, its change per second, the sum per group."""
    tags = [quote(t) for t in measurement.tags.values()]
    keys = ", ".join(["t", *tags])
    newest = ", ".join(f"arg_max({quote(f)}, time)::DOUBLE AS v{i}" for i, f in enumerate(fields))
    per_interval = (
        f"SELECT {', '.join([f'{_interval(select)} AS t', *tags])}, max(time) AS at_ns, {newest}"
        f" FROM {rows} GROUP BY {keys}"
    )
    changes = ", ".join(
        f"CASE WHEN v{i} >= lag(v{i}) OVER w"
        f" THEN (v{i} - lag(v{i}) OVER w) * 1e9 / (at_ns - lag(at_ns) OVER w) END AS r{i}"
        for i in range(len(fields))
    )
    partition = f"PARTITION BY {', '.join(tags)} " if tags else ""
    per_second = f"SELECT {keys}, {changes} FROM ({per_interval}) WINDOW w AS ({partition}ORDER BY t)"
    sums = ", ".join(f"sum(r{i})" for i in range(len(fields)))
    numbers = ", ".join(str(i + 1) for i in range(1 + len(groups)))
    start_ns = select.start_ns - select.start_ns % select.interval_ns
    return (
        f"SELECT {', '.join(['t', *groups])}, {sums} FROM ({per_second}) WHERE t >= {start_ns}"
        f" GROUP BY {numbers} ORDER BY t"
    )


def _interval(select: Select) -> str:
    """The start of a row's interval; the double modulo rounds down before 1970 too."""
    step = select.interval_ns
    return f"time - ((time % {step} + {step}) % {step})"


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


def _where(select: Select, measurement: Measurement) -> tuple[str, list[Any]]:
    conditions = []
    parameters: list[Any] = []
    for tag, values in select.where.items():
        physical = measurement.tags.get(tag)
        if physical is None:
            conditions.append("true" if "" in values else "false")
            continue
        present = [v for v in values if v != ""]
        parameters += present
        anyone = f"{quote(physical)} IN ({', '.join('?' * len(present))})" if present else "false"
        absent = f" OR {quote(physical)} IS NULL" if "" in values else ""
        conditions.append(f"({anyone}{absent})")
    return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), parameters


def columns_of(select: Select, rows: Iterable[tuple[Any, ...]]) -> Columns:
    """Return the rows of :func:`select_sql` as columns: one series per group and field."""
    groups = len(select.group_by)
    times: list[int] = []
    series: dict[tuple[Any, ...], list[list[Value]]] = {}
    for row in rows:
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
