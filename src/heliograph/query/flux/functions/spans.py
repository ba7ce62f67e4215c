"""Functions of rows and the time between them: integrals, states, moved and chosen times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.session import Session
from heliograph.query.flux.tables import NUMERIC, START, STOP, TIME, VALUE, Column, Grouping, Table, Tables
from heliograph.query.flux.values import Duration, later
from heliograph.query.flux.windowing import Windows

_SECOND: Final = Duration(0, 1_000_000_000)


def unit_of(arguments: Arguments) -> int:
    """Return the argument ``unit`` in ns."""
    unit = arguments.duration("unit", _SECOND)
    if unit.months or unit.ns <= 0:
        raise arguments.refuse('argument "unit" must be longer than nothing and have no months')
    return int(unit.ns)


def _integral(session: Session, arguments: Arguments) -> Tables:
    unit_ns, column = unit_of(arguments), arguments.column()
    time_column = str(arguments.text("timeColumn", TIME))
    if arguments.text("interpolate", ""):
        raise arguments.refuse("interpolate is not supported; put aggregateWindow() and fill() before")

    def area(table: Table) -> Table:
        values = table.column(column, "integral")
        if values.type not in NUMERIC:
            raise QueryError(
                f'integral: column "{column}" is of type {values.type}; only numbers are supported'
            )
        times = table.column(time_column, "integral").values
        known = [(t, float(v)) for t, v in zip(times, values.values, strict=True) if None not in (t, v)]
        total = sum((b - a) / unit_ns * (x + y) / 2 for (a, x), (b, y) in pairwise(known))
        columns = {n: Column(table.columns[n].type, [v]) for n, v in table.key.items()}
        return Table(table.key, {**columns, column: Column("float", [float(total)])})

    return arguments.tables(session).each(area)


def _exponential(session: Session, arguments: Arguments) -> Tables:
    count = arguments.whole("n", least=1)

    def change(table: Table) -> Table:
        values = table.column(VALUE, "exponentialMovingAverage")
        if values.type not in NUMERIC:
            raise QueryError("exponentialMovingAverage: only numbers are supported; put toFloat() before")
        rows, means = _weighted(values.values, count)
        rest = table.at(rows)
        return Table(rest.key, {**rest.columns, VALUE: Column("float", means)})

    return arguments.tables(session).each(change)


def _weighted(values: Sequence[Any], count: int) -> tuple[list[int], list[float | None]]:
    """Return, from the n-th row on, the rows and their averages; what is missing counts for nothing."""
    known = [float(value) for value in values[:count] if value is not None]
    if not values:
        return [], []
    mean = sum(known) / len(known) if known else None
    rows, means = [min(count, len(values)) - 1], [mean]
    weight = 2 / (1 + count)
    for row in range(count, len(values)):
        if values[row] is not None:
            value = float(values[row])
            mean = value if mean is None else value * weight + mean * (1 - weight)
        rows.append(row)
        means.append(mean)
    return rows, means


def _state(name: str, *, counts: bool) -> Builtin:
    def call(session: Session, arguments: Arguments) -> Tables:
        function = arguments.function_value("fn")
        column = str(arguments.text("column", name))
        time_column = TIME if counts else str(arguments.text("timeColumn", TIME))
        unit_ns = 1 if counts else unit_of(arguments)

        def change(table: Table) -> Table:
            times = table.column(time_column, name).values if not counts else [0] * len(table)
            found: list[int] = []
            begin: int | None = None
            for row, record in enumerate(table.records()):
                session.tick()
                if function(r=record) is not True:
                    begin = None
                    found.append(-1)
                    continue
                begin = (row if counts else times[row]) if begin is None else begin
                found.append(row - begin + 1 if counts else (times[row] - begin) // unit_ns)
            return table.with_column(column, Column("int", found))

        return arguments.tables(session).each(change)

    return Builtin(name, call)


def _time_shift(session: Session, arguments: Arguments) -> Tables:
    duration = arguments.duration("duration")
    names = arguments.texts("columns", [START, STOP, TIME])
    tables = arguments.tables(session)

    def change(table: Table) -> Table:
        columns = dict(table.columns)
        for name in names:
            if name in columns and columns[name].type == "time":
                values = [None if t is None else later(t, duration) for t in columns[name].values]
                columns[name] = Column("time", values)
        key = {
            name: later(value, duration)
            if name in names and value is not None and columns[name].type == "time"
            else value
            for name, value in table.key.items()
        }
        return Table(key, columns)

    moved = tables.each(change)
    if tables.bounds is None or not {START, STOP} <= set(names):
        return moved
    return replace(moved, bounds=(later(tables.bounds[0], duration), later(tables.bounds[1], duration)))


def _hour_selection(session: Session, arguments: Arguments) -> Tables:
    start, stop = arguments.whole("start"), arguments.whole("stop")
    name, location = str(arguments.text("timeColumn", TIME)), arguments.location(session)
    hours = {hour % 24 for hour in range(start, stop + 1 if stop >= start else stop + 25)}

    def change(table: Table) -> Table:
        times = table.column(name, "hourSelection").values
        return table.at(
            [r for r, t in enumerate(times) if t is not None and location.moment(t).hour in hours]
        )

    return arguments.tables(session).each(change)


def _truncate(session: Session, arguments: Arguments) -> Tables:
    unit, name = arguments.step("unit"), str(arguments.text("timeColumn", TIME))
    tables = arguments.tables(session)
    groups = Grouping()
    for table in tables.tables:
        times = table.column(name, "truncateTimeColumn").values
        known = [time_ns for time_ns in times if time_ns is not None]
        windows = Windows(unit, location=session.location).near(min(known, default=0), max(known, default=0))
        values = [None if t is None else windows.start(t) for t in times]
        changed = Table(table.key, {**table.columns, name: Column("time", values)})
        groups.add(changed, list(table.key))
    return Tables(groups.tables(), tables.bounds)


FUNCTIONS: Final = (
    Builtin("integral", _integral),
    Builtin("exponentialMovingAverage", _exponential),
    _state("stateCount", counts=True),
    _state("stateDuration", counts=False),
    Builtin("timeShift", _time_shift),
    Builtin("hourSelection", _hour_selection),
    Builtin("truncateTimeColumn", _truncate),
)
