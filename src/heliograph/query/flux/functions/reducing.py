"""Functions that make one row of a table: aggregates, and selectors, which keep the row that they choose.

Straight behind a source they are SQL, so that the points themselves never come here.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.model.point import SeriesKey
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.operators import wrapped
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import (
    Chosen,
    Source,
    check_range,
    chosen,
    group_key,
    read,
    relation,
    series_key,
    series_table,
    tags_sql,
    value_sql,
)
from heliograph.query.flux.tables import COLUMN_TYPES, NUMERIC, TIME, VALUE, Column, Table, Tables

_ANY: Final = NUMERIC | {"bool", "string", "time"}
Values = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Reducer:
    """One function: what it takes, what it gives, and how."""

    types: frozenset[str]
    sql: str
    """Of {0}, the value; rows without one are left out."""
    result: str
    """The type of the result; "" is that of the column."""
    values: Callable[[Values], Any]
    """The result of values that are not missing, at least one."""
    time_sql: str = ""
    """Of selectors, when the chosen row is."""
    row: Callable[[Values, Sequence[int]], int] | None = None
    """Of selectors, which of some rows it chooses."""

    def type_of(self, kind: str) -> str:
        """Return the type of the result."""
        return self.result or kind


def _stddev(values: Values) -> float:
    return statistics.stdev(map(float, values)) if len(values) > 1 else math.nan


def _mean(values: Values) -> float:
    return math.fsum(values) / len(values)


def _sum(values: Values) -> Any:
    return math.fsum(values) if isinstance(values[0], float) else sum(values)


_PRESENT: Final = "FILTER (WHERE {0} IS NOT NULL)"
REDUCERS: Final[dict[str, Reducer]] = {
    "count": Reducer(_ANY, "count({0})", "int", len),
    "sum": Reducer(NUMERIC, "sum({0})", "", _sum),
    "mean": Reducer(NUMERIC, "avg({0})", "float", _mean),
    "median": Reducer(NUMERIC, "median({0}::DOUBLE)", "float", lambda v: float(statistics.median(v))),
    "stddev": Reducer(
        NUMERIC,
        "CASE WHEN count({0}) > 1 THEN stddev_samp({0}::DOUBLE) ELSE 'NaN'::DOUBLE END",
        "float",
        _stddev,
    ),
    "spread": Reducer(NUMERIC, "max({0}) - min({0})", "", lambda v: max(v) - min(v)),
    "min": Reducer(
        NUMERIC,
        "min({0})",
        "",
        min,
        f"(min({{{{'v': {{0}}, 't': t}}}}) {_PRESENT}).t",
        lambda values, rows: min(rows, key=values.__getitem__),
    ),
    "max": Reducer(
        NUMERIC,
        "max({0})",
        "",
        max,
        f"-(max({{{{'v': {{0}}, 't': -t}}}}) {_PRESENT}).t",
        lambda values, rows: max(rows, key=values.__getitem__),
    ),
    "first": Reducer(
        _ANY, "arg_min({0}, t)", "", lambda v: v[0], f"min(t) {_PRESENT}", lambda _, rows: rows[0]
    ),
    "last": Reducer(
        _ANY, "arg_max({0}, t)", "", lambda v: v[-1], f"max(t) {_PRESENT}", lambda _, rows: rows[-1]
    ),
}


@dataclass(frozen=True, slots=True)
class Reduced:
    """What SQL made of one series and field: by window its start, the value, and of selectors the time."""

    measurement: str
    field: str
    series: SeriesKey
    type: str
    rows: list[tuple[int, Any, int | None]]


def reduced(
    session: Session, source: Source, name: str, window_sql: str, *, timed: bool
) -> Iterator[Reduced]:
    """Yield what a function makes of a source, for each window of ``window_sql``.

    Raises:
        QueryError: a field has a type that the function does not take, or a limit was reached.
    """
    for measurement, one in chosen(session, source):
        yield from _of_measurement(
            session, source, (name, REDUCERS[name]), (measurement, one), window_sql, timed=timed
        )


def _of_measurement(
    session: Session,
    source: Source,
    called: tuple[str, Reducer],
    among: tuple[str, Chosen],
    window_sql: str,
    *,
    timed: bool,
) -> Iterator[Reduced]:
    (name, reducer), (measurement, one) = called, among
    sql, parameters = relation(session, source, one)
    width, values = len(one.tags), []
    items = []
    for number, field in enumerate(one.fields):
        kind = check_type(name, COLUMN_TYPES[one.kind(field)])
        values.append(f"{value_sql(source, one, field, parameters)} AS v{number}")
        column = f"v{number}::HUGEINT" if name in ("sum", "spread") and kind != "float" else f"v{number}"
        time_sql = reducer.time_sql.format(f"v{number}") if timed else "NULL"
        items.append(f"count(v{number}), {reducer.sql.format(column)}, {time_sql}")
    keys = ", ".join(str(number + 1) for number in range(width + 1))
    tags = "".join(f"g{number}, " for number in range(width))
    inner = f"SELECT {tags_sql(one)}time AS t, {', '.join(values)} FROM ({sql})"
    statement = (
        f"SELECT {tags}{window_sql} AS w, {', '.join(items)} FROM ({inner}) GROUP BY {keys} ORDER BY {keys}"
    )
    found: dict[tuple[SeriesKey, str], Reduced] = {}
    for row in session.rows(statement, parameters):
        key = series_key(one.tags, row[:width])
        for number, field in enumerate(one.fields):
            count, value, time_ns = row[width + 1 + 3 * number : width + 4 + 3 * number]
            if not count or key not in one.fields[field]:
                continue
            kind = COLUMN_TYPES[one.kind(field)]
            if (key, field) not in found:
                found[key, field] = Reduced(measurement, field, key, reducer.type_of(kind), [])
            found[key, field].rows.append((row[width], _whole(value, kind), time_ns))
    yield from (found[place] for place in sorted(found))


def _whole(value: Any, kind: str) -> Any:
    return wrapped(value, unsigned=kind == "uint") if type(value) is int else value


def check_type(function: str, kind: str) -> str:
    """Return the type of a column that a function takes.

    Raises:
        QueryError: it does not take that.
    """
    if kind not in REDUCERS[function].types:
        raise QueryError(
            f"{function}: unsupported input type {kind}; filter the fields that are numbers,"
            " for example with filter(fn: (r) => r._field == …)"
        )
    return kind


def reduce_tables(session: Session, name: str, tables: Tables, column: str) -> Tables:
    """Return one row of each table."""
    session.check_time()
    reducer = REDUCERS[name]
    if reducer.row is not None:
        return tables.each(lambda table: _selected(table, name, reducer, column, by_time=tables.by_time))
    return tables.each(lambda table: _aggregated(table, name, reducer, column))


def _selected(table: Table, name: str, reducer: Reducer, column: str, *, by_time: bool) -> Table | None:
    found = table.column(column, name)
    if not len(table):
        return table if len(table.columns) else None
    check_type(name, found.type)
    rows = [row for row, value in enumerate(found.values) if value is not None]
    if by_time and TIME in table.columns:
        rows.sort(key=table.columns[TIME].values.__getitem__)
    if not rows or reducer.row is None:
        return table.at([])
    return table.at([reducer.row(found.values, rows)])


def _aggregated(table: Table, name: str, reducer: Reducer, column: str) -> Table:
    found = table.column(column, name)
    check_type(name, found.type)
    if column in table.key:
        raise QueryError(f'{name}: cannot aggregate column "{column}", which is part of the group key')
    value = aggregate_of(name, reducer, found)
    columns = {key: Column(table.columns[key].type, [kept]) for key, kept in table.key.items()}
    return Table(table.key, {**columns, column: Column(reducer.type_of(found.type), [value])})


def aggregate_of(name: str, reducer: Reducer, column: Column) -> Any:
    """Return the aggregate of a column; count counts missing values too."""
    if name == "count":
        return len(column.values)
    values = [value for value in column.values if value is not None]
    return _whole(reducer.values(values), column.type) if values else None


def function(name: str) -> Builtin:
    """Return the function of a name."""

    def call(session: Session, arguments: Arguments) -> Tables:
        stream, column = arguments.stream(), arguments.column()
        if name == "stddev" and arguments.text("mode", "sample") != "sample":
            raise arguments.refuse('only mode: "sample" is supported')
        if name == "median" and arguments.text("method", "exact_mean") not in (
            "exact_mean",
            "estimate_tdigest",
        ):
            raise arguments.refuse('only the methods "exact_mean" and "estimate_tdigest" are supported')
        if name == "median":
            arguments.get("compression", None)
        if isinstance(stream, Source) and column == VALUE:
            return _from_source(session, stream, name)
        return reduce_tables(session, name, read(session, stream), column)

    return Builtin(name, call)


def _from_source(session: Session, source: Source, name: str) -> Tables:
    timed = bool(REDUCERS[name].time_sql)
    tables = []
    for one in reduced(session, source, name, "0", timed=timed):
        key = group_key(source, one.measurement, one.field, one.series)
        _, value, time_ns = one.rows[0]
        table = series_table(key, [time_ns] if timed else None, one.type, [value])
        if not timed:
            table = Table(key, {**table.key_columns, VALUE: table.columns[VALUE]})
        tables.append(table)
    return Tables(tables, check_range(source))
