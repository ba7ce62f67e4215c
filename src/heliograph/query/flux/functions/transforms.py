"""Functions that compute each row's value from the rows before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.operators import wrapped
from heliograph.query.flux.session import Session
from heliograph.query.flux.tables import NUMERIC, TIME, VALUE, Column, Table, Tables
from heliograph.query.flux.values import Duration, Value, kept_type

_SECOND: Final = Duration(0, 1_000_000_000)
_SIGNED: Final = {"uint": "int"}


def _numeric(table: Table, name: str, function: str) -> Column:
    column = table.column(name, function)
    if column.type not in NUMERIC:
        raise QueryError(f'{function}: column "{name}" is of type {column.type}; only numbers are supported')
    return column


def _differences(column: Column, *, positive: bool, from_zero: bool) -> Column:
    """Return each value less the last one before it; of the first row it is missing."""
    found: list[Value] = []
    before: Any = None
    for value in column.values:
        if value is None or before is None:
            found.append(None)
        elif positive and value < before:
            found.append(value if from_zero and value >= 0 else None)
        else:
            found.append(_less(value, before))
        before = before if value is None else value
    return Column(_SIGNED.get(column.type, column.type), found)


def _less(value: Any, before: Any) -> Any:
    return value - before if isinstance(value, float) else wrapped(int(value) - int(before))


def _without_first(table: Table) -> Table:
    return table.at(range(1, len(table)))


def _difference(session: Session, arguments: Arguments) -> Tables:
    columns = arguments.texts("columns", [VALUE])
    positive = arguments.flag("nonNegative", default=False)
    keep_first = arguments.flag("keepFirst", default=False)
    from_zero = arguments.flag("initialZero", default=False)
    tables = arguments.tables(session)

    def change(table: Table) -> Table:
        changed = _changed(
            table, columns, "difference", lambda c: _differences(c, positive=positive, from_zero=from_zero)
        )
        return changed if keep_first else _without_first(changed)

    return tables.each(change)


def _changed(
    table: Table, columns: Sequence[str], function: str, change: Callable[[Column], Column]
) -> Table:
    new = {name: change(_numeric(table, name, function)) for name in columns}
    key = {name: value for name, value in table.key.items() if name not in new}
    return Table(key, {**table.columns, **new})


def _sums(column: Column) -> Column:
    """Return running sums; a missing value adds nothing and stays missing."""
    total: Any = 0.0 if column.type == "float" else 0
    found: list[Value] = []
    for value in column.values:
        if value is not None:
            total += value
            total = total if column.type == "float" else wrapped(total, unsigned=column.type == "uint")
        found.append(None if value is None else total)
    return Column(column.type, found)


def _cumulative_sum(session: Session, arguments: Arguments) -> Tables:
    columns = arguments.texts("columns", [VALUE])
    return arguments.tables(session).each(lambda table: _changed(table, columns, "cumulativeSum", _sums))


def _increase(session: Session, arguments: Arguments) -> Tables:
    columns = arguments.texts("columns", [VALUE])

    def change(table: Table) -> Table:
        changed = _changed(
            table, columns, "increase", lambda c: _sums(_differences(c, positive=True, from_zero=True))
        )
        return _without_first(changed)

    return arguments.tables(session).each(change)


def _derivative(session: Session, arguments: Arguments) -> Tables:
    columns, time_column = arguments.texts("columns", [VALUE]), str(arguments.text("timeColumn", TIME))
    unit = arguments.duration("unit", _SECOND)
    positive = arguments.flag("nonNegative", default=False)
    from_zero = arguments.flag("initialZero", default=False)
    if unit.months or unit.ns <= 0:
        raise arguments.refuse('argument "unit" must be longer than nothing and have no months')

    def change(table: Table) -> Table:
        rows = _ascending(table.column(time_column, "derivative").values)
        some = table.at(rows)
        times = some.columns[time_column].values

        def rates(column: Column) -> Column:
            return Column("float", _rates(times, column, unit.ns, positive=positive, from_zero=from_zero))

        return _without_first(_changed(some, columns, "derivative", rates))

    return arguments.tables(session).each(change)


def _ascending(times: Sequence[Any]) -> list[int]:
    """Return the rows without those of the same time as the one before.

    Raises:
        QueryError: they do not stand in the order of time.
    """
    rows: list[int] = []
    for row, time_ns in enumerate(times):
        if time_ns is None:
            raise QueryError("derivative: the time of a row is missing")
        if rows and time_ns < times[rows[-1]]:
            raise QueryError(
                'derivative: the rows are not in the order of time; put sort(columns: ["_time"]) before'
            )
        if not rows or time_ns > times[rows[-1]]:
            rows.append(row)
    return rows


def _rates(
    times: Sequence[int], column: Column, unit_ns: int, *, positive: bool, from_zero: bool
) -> list[Value]:
    found: list[Value] = []
    before: tuple[int, Any] | None = None
    for time_ns, value in zip(times, column.values, strict=True):
        rate = None
        if value is not None and before is not None:
            elapsed = (time_ns - before[0]) / unit_ns
            if not positive or value >= before[1]:
                rate = (value - before[1]) / elapsed
            elif from_zero:
                rate = value / elapsed
        found.append(rate)
        before = before if value is None else (time_ns, value)
    return found


def _elapsed(session: Session, arguments: Arguments) -> Tables:
    unit, name = arguments.duration("unit", _SECOND), str(arguments.text("columnName", "elapsed"))
    time_column = str(arguments.text("timeColumn", TIME))
    if unit.months or unit.ns <= 0:
        raise arguments.refuse('argument "unit" must be longer than nothing and have no months')

    def change(table: Table) -> Table:
        times = table.column(time_column, "elapsed").values
        found = [None, *((b - a) // unit.ns for a, b in pairwise(times))]
        return _without_first(table.with_column(name, Column("int", found[: len(table)])))

    return arguments.tables(session).each(change)


def _moving_average(session: Session, arguments: Arguments) -> Tables:
    count = arguments.whole("n", least=1)

    def change(table: Table) -> Table:
        values = _numeric(table, VALUE, "movingAverage").values
        if None in values:
            raise QueryError("movingAverage: rows without a value are not supported; put fill() before")
        size = min(count, len(values))
        ends = range(size, len(values) + 1) if values else range(0)
        means = [sum(values[end - size : end]) / size for end in ends]
        rest = table.at([end - 1 for end in ends])
        return Table(rest.key, {**rest.columns, VALUE: Column("float", means)})

    return arguments.tables(session).each(change)


def _fill(session: Session, arguments: Arguments) -> Tables:
    column, value = arguments.column(), arguments.get("value", None)
    previous = arguments.flag("usePrevious", default=False)
    if previous == (value is not None):
        raise arguments.refuse('exactly one of "value" and "usePrevious: true" must be given')

    def change(table: Table) -> Table:
        found = table.columns.get(column)
        if found is None:
            return table
        if value is not None and kept_type(value)[0] != found.type:
            raise QueryError(
                f'fill: column "{column}" is of type {found.type}, the value {kept_type(value)[0]};'
                " both must be alike, as 0.0 for floats"
            )
        filled = (
            _forward(found.values)
            if previous
            else [kept_type(value)[1] if v is None else v for v in found.values]
        )
        return Table(table.key, {**table.columns, column: Column(found.type, filled)})

    return arguments.tables(session).each(change)


def _forward(values: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    last: Value = None
    for value in values:
        last = last if value is None else value
        found.append(last)
    return found


FUNCTIONS: Final = (
    Builtin("difference", _difference),
    Builtin("cumulativeSum", _cumulative_sum),
    Builtin("increase", _increase),
    Builtin("derivative", _derivative),
    Builtin("elapsed", _elapsed),
    Builtin("movingAverage", _moving_average),
    Builtin("fill", _fill),
)
