"""Windows of time: window() and aggregateWindow()."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.model.time import SECOND_NS
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.functions.reducing import REDUCERS, reduced
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Source, check_range, group_key, read, series_table
from heliograph.query.flux.tables import START, STOP, TIME, VALUE, Column, Grouping, Table, Tables
from heliograph.query.flux.values import Duration

_FOREVER_NS: Final = 2**63 - 1
INFINITE: Final = Duration(0, _FOREVER_NS)
"""What ``inf`` means."""
_NONE: Final = Duration(0, 0)


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one length that begin at its multiples since 1970, moved by an offset."""

    every: Duration
    offset_ns: int

    def start(self, time_ns: int) -> int:
        """Return where the window of a time begins."""
        if not self.every.months:
            return (time_ns - self.offset_ns) // self.every.ns * self.every.ns + self.offset_ns
        moment = dt.datetime.fromtimestamp((time_ns - self.offset_ns) // SECOND_NS, dt.UTC)
        months = (moment.year - 1970) * 12 + moment.month - 1
        return self._month(months // self.every.months * self.every.months) + self.offset_ns

    @staticmethod
    def _month(number: int) -> int:
        year, month = divmod(number, 12)
        return int(dt.datetime(1970 + year, month + 1, 1, tzinfo=dt.UTC).timestamp()) * SECOND_NS

    def stop(self, start_ns: int) -> int:
        """Return where the window that begins at a time ends."""
        if not self.every.months:
            return start_ns + self.every.ns
        return self.start(start_ns + self.every.months * 32 * 86_400 * SECOND_NS)

    def within(self, session: Session, start_ns: int, stop_ns: int) -> Iterator[tuple[int, int]]:
        """Yield the windows of a range as they are, which may begin before it and end behind it.

        Raises:
            QueryError: they are too many.
        """
        if not self.every.months:
            session.check_rows((stop_ns - start_ns) // self.every.ns)
        begin = self.start(start_ns)
        while begin < stop_ns:
            end = self.stop(begin)
            yield begin, end
            begin = end


def _windows(arguments: Arguments) -> Windows | None:
    every = arguments.duration("every")
    offset = arguments.duration("offset", _NONE)
    period = arguments.duration("period", every)
    if period not in (every, _NONE):
        raise arguments.refuse("a period that differs from every is not supported; leave period out")
    location = arguments.get("location", None)
    if location is not None and dict(location) != {"zone": "UTC", "offset": _NONE}:
        raise arguments.refuse("locations other than UTC are not supported; use offset")
    if every == INFINITE:
        return None
    if offset.months or (every.months and every.ns):
        raise arguments.refuse("months cannot be mixed with other units, nor be an offset")
    if every.months < 0 or every.ns < 0 or every == _NONE:
        raise arguments.refuse('argument "every" must be longer than nothing')
    return Windows(every, offset.ns)


def _window(session: Session, arguments: Arguments) -> Tables:
    windows = _windows(arguments)
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
    every = [(max(b, low), min(e, high), b) for b, e in windows.within(session, low, high)] if empty else []
    session.check_rows(len(every) * len(tables.tables))
    found: list[Table] = []
    for table in tables.tables:
        times = table.column(time_column, "window")
        rows: dict[int, list[int]] = {}
        for row, time_ns in enumerate(times.values):
            if time_ns is not None and low <= time_ns < high:
                rows.setdefault(windows.start(time_ns), []).append(row)
        bounds = every or [(max(b, low), min(windows.stop(b), high), b) for b in sorted(rows)]
        found += [_in_window(table, start, stop, rows.get(begin, [])) for start, stop, begin in bounds]
        session.check_time()
    return Tables(found, tables.bounds)


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
    windows = _windows(arguments)
    function, column = arguments.function_value("fn"), arguments.column()
    sources = (arguments.text("timeSrc", STOP), arguments.text("timeDst", TIME))
    empty = arguments.flag("createEmpty", default=True)
    stream = arguments.stream()
    if windows is None:
        raise arguments.refuse("every: inf is not supported; use the function itself, as in |> mean()")
    plain = isinstance(function, Builtin) and function.name in REDUCERS and column == VALUE
    plain = plain and not windows.every.months and sources[0] in (START, STOP) and sources[1] == TIME
    if isinstance(stream, Source) and plain:
        return _from_source(session, stream, function.name, windows, sources[0], empty=empty)
    tables = windowed(session, read(session, stream), windows, TIME, empty=empty)
    found = _called(session, arguments, function, tables, column)
    return _timed(found, sources, empty=empty)


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
    session: Session, source: Source, name: str, windows: Windows, time_source: str, *, empty: bool
) -> Tables:
    low, high = check_range(source)
    length, offset = windows.every.ns, windows.offset_ns
    moved = f"(t - {offset})"
    floor = f"({moved} // {length} - CASE WHEN {moved} % {length} < 0 THEN 1 ELSE 0 END)"
    sql = f"{floor} * {length} + {offset}"
    every = list(windows.within(session, low, high)) if empty else []
    nothing = 0 if name == "count" else None
    tables, rows = [], 0
    for one in reduced(session, source, name, sql, timed=False):
        values = {begin: value for begin, value, _ in one.rows}
        bounds = every or [(begin, begin + length) for begin in sorted(values)]
        times: list[int | None] = [max(b, low) if time_source == START else min(e, high) for b, e in bounds]
        key = group_key(source, one.measurement, one.field, one.series)
        tables.append(series_table(key, times, one.type, [values.get(b, nothing) for b, _ in bounds]))
        rows += len(bounds)
        session.check_rows(rows)
    return Tables(tables, (low, high))


FUNCTIONS: Final = (Builtin("window", _window), Builtin("aggregateWindow", _aggregate_window))
