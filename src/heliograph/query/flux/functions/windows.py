"""Windows of time: window() and aggregateWindow()."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.aggregates.grouped import Group, grouped
from heliograph.query.flux.functions.aggregates.pushed import Asked, reduced
from heliograph.query.flux.functions.aggregates.reducers import Reducer
from heliograph.query.flux.functions.aggregates.reducing import is_pushed, reducer_of
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Source, check_range, group_key, read, series_table
from heliograph.query.flux.tables import START, STOP, TIME, VALUE, Column, Grouping, Table, Tables
from heliograph.query.flux.values import Duration
from heliograph.query.flux.windowing import NONE, Windows

_FOREVER_NS: Final = 2**63 - 1
INFINITE: Final = Duration(0, _FOREVER_NS)
"""What ``inf`` means."""


def _windows(session: Session, arguments: Arguments) -> Windows | None:
    every, period = arguments.duration("every", None), arguments.duration("period", None)
    if every is None and period is None:
        raise arguments.refuse('missing required argument "every"')
    every = period if every is None else every
    offset = arguments.duration("offset", NONE)
    location = arguments.location(session)
    if INFINITE in (every, period):
        return None
    if every.months < 0 or every.ns < 0 or every == NONE:
        raise arguments.refuse('argument "every" must be longer than nothing')
    if every.months and every.ns:
        raise arguments.refuse('argument "every" cannot mix months with shorter units')
    if offset.months and not every.months:
        raise arguments.refuse('argument "offset" can be of months only where "every" is')
    if period in (None, every, NONE):
        return Windows(every, offset, None, location)
    if period.months < 0 or period.ns < 0:
        raise arguments.refuse(
            'a "period" before the start of its window is not supported; move it with offset'
        )
    return Windows(every, offset, period, location)


def _window(session: Session, arguments: Arguments) -> Tables:
    windows = _windows(session, arguments)
    named = (arguments.text("startColumn", START), arguments.text("stopColumn", STOP))
    time_column = str(arguments.text("timeColumn", TIME))
    empty = arguments.flag("createEmpty", default=False)
    tables = read(session, arguments.stream())
    if named != (START, STOP):
        raise arguments.refuse("startColumn and stopColumn cannot be called otherwise; use rename() behind")
    if windows is None:
        return unwindowed(tables, time_column)
    return windowed(session, tables, windows, time_column, empty=empty)


def _bounds(tables: Tables) -> tuple[int, int]:
    if tables.bounds is None:
        raise QueryError("window: no range is known; put range(start: …) before it")
    return tables.bounds


def windowed(session: Session, tables: Tables, windows: Windows, time_column: str, *, empty: bool) -> Tables:
    """Return a table for each window of each table; windows are cut at the range."""
    low, high = _bounds(tables)
    windows = windows.near(low, high)
    every = [(max(b, low), min(e, high)) for b, e in windows.within(session, low, high)] if empty else []
    session.check_rows(len(every) * len(tables.tables))
    found: list[Table] = []
    count = 0
    for table in tables.tables:
        rows = _rows_of_windows(session, table, windows, (low, high), time_column)
        found += [_in_window(table, *bounds, rows.get(bounds, [])) for bounds in dict.fromkeys(every) or rows]
        count += sum(map(len, rows.values()))
        session.check_rows(count)
    return Tables(found, tables.bounds, by_time=tables.by_time)


def _rows_of_windows(
    session: Session, table: Table, windows: Windows, bounds: tuple[int, int], time_column: str
) -> dict[tuple[int, int], list[int]]:
    """Return the rows of each window, by the edges of what lies in the range, in the order of time."""
    low, high = bounds
    found: dict[int, list[int]] = {}
    count = 0
    for row, time_ns in enumerate(table.column(time_column, "window").values):
        session.tick()
        if time_ns is not None and low <= time_ns < high:
            for begin in (windows.start(time_ns),) if windows.period is None else windows.of(time_ns):
                found.setdefault(begin, []).append(row)
                count += 1
                if count % 1_000 == 0:
                    session.check_rows(count)
    rows: dict[tuple[int, int], list[int]] = {}
    for begin in sorted(found):
        edges = max(begin, low), min(windows.stop(begin), high)
        rows[edges] = sorted({*rows.get(edges, ()), *found[begin]}) if edges in rows else found[begin]
    return rows


def _in_window(table: Table, start_ns: int, stop_ns: int, rows: list[int]) -> Table:
    part = table.at(rows)
    columns = {
        START: Column("time", [start_ns] * len(rows)),
        STOP: Column("time", [stop_ns] * len(rows)),
        **{name: column for name, column in part.columns.items() if name not in (START, STOP)},
    }
    key = {START: start_ns, STOP: stop_ns}
    return Table({**key, **{n: v for n, v in table.key.items() if n not in key}}, columns)


def unwindowed(tables: Tables, time_column: str) -> Tables:
    """Return the tables without their windows: those that differ in nothing else are one."""
    low, high = _bounds(tables)
    groups = Grouping()
    for table in tables.tables:
        times = table.column(time_column, "window").values
        rows = [row for row, time_ns in enumerate(times) if time_ns is not None]
        whole = _in_window(table, low, high, rows)
        groups.add(whole, list(whole.key))
    return Tables(groups.tables(), tables.bounds)


def _aggregate_window(session: Session, arguments: Arguments) -> Tables:
    windows = _windows(session, arguments)
    function, column = arguments.function_value("fn"), arguments.column()
    sources = (arguments.text("timeSrc", STOP), arguments.text("timeDst", TIME))
    empty = arguments.flag("createEmpty", default=True)
    stream = arguments.stream()
    if windows is None:
        raise arguments.refuse("every: inf is not supported; use the function itself, as in |> mean()")
    if isinstance(stream, Source) and column == VALUE and windows.period is None:
        reducer = reducer_of(function)
        plain = sources[0] in (START, STOP) and sources[1] == TIME
        if reducer is not None and plain and is_pushed(reducer, timed=False):
            found = _from_source(session, stream, reducer, windows, sources[0], empty=empty)
            if found is not None:
                return found
    tables = windowed(session, read(session, stream), windows, TIME, empty=empty)
    made = _called(session, arguments, function, tables, column)
    return _timed(made, sources, empty=empty)


def _called(session: Session, arguments: Arguments, function: Any, tables: Tables, column: str) -> Tables:
    if isinstance(function, Builtin):
        inner = Arguments(function.name, arguments.place, {"column": column}, tables, is_piped=True)
        found = function.call(session, inner)
        inner.finish()
    else:
        found = function(tables=tables, column=column)
    if not isinstance(found, Source | Tables):
        raise arguments.refuse('argument "fn" must give tables')
    return Tables(read(session, found).tables, tables.bounds)


def _timed(tables: Tables, sources: tuple[str, str], *, empty: bool) -> Tables:
    source, target = sources
    found = []
    for table in tables.tables:
        filled = _with_row(table) if empty and not len(table) else table
        times = filled.column(source, "aggregateWindow")
        columns = {TIME: times} if target == TIME else {target: times}
        found.append(Table(filled.key, {**filled.columns, **columns}))
    return unwindowed(Tables(found, tables.bounds), target)


def _with_row(table: Table) -> Table:
    """Return an empty table with one row that has no values but those of the group key."""
    columns = {name: Column(column.type, [table.key.get(name)]) for name, column in table.columns.items()}
    return Table(table.key, columns)


def _from_source(
    session: Session, source: Source, reducer: Reducer, windows: Windows, time_source: str, *, empty: bool
) -> Tables | None:
    """Return what SQL makes of the windows of a source; None where it cannot."""
    low, high = check_range(source)
    windows = windows.near(low, high)
    asked = Asked(source, reducer, windows.cut(session, low, high))
    every = list(windows.within(session, low, high)) if empty else []
    nothing = 0 if reducer.name == "count" else None
    tables, count = [], 0

    def lines(rows: Iterable[tuple[int, Any]]) -> tuple[list[int | None], list[Any]]:
        """Return the times and values of all windows of one table."""
        values = dict(rows)
        bounds = every or [(begin, windows.stop(begin)) for begin in sorted(values)]
        times: list[int | None] = [max(b, low) if time_source == START else min(e, high) for b, e in bounds]
        return times, [values.get(begin, nothing) for begin, _ in bounds]

    if source.groups is not None:
        groups = grouped(session, asked)
        if groups is None:
            return None
        tables = [_of_group(group, (low, high), *lines(group.rows)) for group in groups]
        session.check_rows(sum(map(len, tables)))
        return Tables(tables, (low, high))
    for one in reduced(session, asked):
        key = group_key(source, one.measurement, one.field, one.series)
        times, values = lines((begin, value) for begin, value, _ in one.rows)
        tables.append(series_table(key, times, one.type, values))
        count += len(values)
        session.check_rows(count)
    return Tables(tables, (low, high))


def _of_group(group: Group, bounds: tuple[int, int], times: list[int | None], values: list[Any]) -> Table:
    key = {START: bounds[0], STOP: bounds[1], **group.key}
    columns = {
        name: Column("time" if name in (START, STOP) else "string", [value] * len(times))
        for name, value in key.items()
    }
    return Table(key, {**columns, VALUE: Column(group.type, values), TIME: Column("time", [*times])})


FUNCTIONS: Final = (Builtin("window", _window), Builtin("aggregateWindow", _aggregate_window))
