"""What InfluxDB tries out in the package experimental, and interpolate.linear()."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.session import Session
from heliograph.query.flux.tables import FIELD, TIME, VALUE, Column, Grouping, Table, Tables, column_of
from heliograph.query.flux.values import Time, later
from heliograph.query.flux.windowing import Windows


def _extend(session: Session, arguments: Arguments) -> Tables:
    columns = arguments.texts("columns")
    if arguments.text("mode", "extend") != "extend":
        raise arguments.refuse('argument "mode" must be "extend"; the other modes are those of group()')
    tables = arguments.tables(session)
    groups = Grouping()
    for table in tables.tables:
        groups.add(table, list(dict.fromkeys([*table.key, *columns])))
    return Tables(groups.tables(), tables.bounds)


def _set(session: Session, arguments: Arguments) -> Tables:
    values = arguments.get("o")
    if not isinstance(values, Mapping):
        raise arguments.refuse('argument "o" must be a record, as in {room: "attic"}')
    tables = arguments.tables(session)
    groups = Grouping()
    for table in tables.tables:
        new = {name: column_of(name, [value] * len(table)) for name, value in values.items()}
        key = {
            name: new[name].values[0] if name in new and len(table) else v for name, v in table.key.items()
        }
        groups.add(Table(key, {**table.columns, **new}), list(key))
    return Tables(groups.tables(), tables.bounds)


def _moved(name: str, argument: str, sign: int) -> Builtin:
    def call(session: Session, arguments: Arguments) -> Time:
        duration = arguments.duration("d")
        return Time(later(arguments.moment(session, argument), duration if sign > 0 else -duration))

    return Builtin(name, call)


def _object_keys(_: Session, arguments: Arguments) -> list[str]:
    record = arguments.get("o")
    if not isinstance(record, Mapping):
        raise arguments.refuse('argument "o" must be a record')
    return list(record)


def _unpivot(session: Session, arguments: Arguments) -> Tables:
    others = arguments.texts("otherColumns", [TIME])
    tables = arguments.tables(session)
    groups = Grouping()
    for table in tables.tables:
        kept = {name: column for name, column in table.columns.items() if name in table.key or name in others}
        for name, column in table.columns.items():
            if name not in kept:
                rows = [row for row, value in enumerate(column.values) if value is not None]
                columns = {known: some.at(rows) for known, some in kept.items()}
                columns[FIELD] = Column("string", [name] * len(rows))
                columns[VALUE] = column.at(rows)
                groups.add(Table({**table.key, FIELD: name}, columns), [*table.key, FIELD])
    return Tables(groups.tables(), tables.bounds)


def _linear(session: Session, arguments: Arguments) -> Tables:
    every = arguments.step("every")
    tables = arguments.tables(session)
    count = 0
    found = []
    for table in tables.tables:
        times, values = table.column(TIME, "interpolate").values, table.column(VALUE, "interpolate")
        if values.type != "float" or None in values.values or None in times:
            raise QueryError(
                "interpolate: _value must be floats, none missing; put toFloat() and fill() first"
            )
        low, high = min(times, default=0), max(times, default=0)
        windows = Windows(every, location=session.location).near(low, high)
        rows = [*zip(times, values.values, strict=True)]
        points = rows[:1]
        for before, after in pairwise(rows):
            points += _between(windows, before, after)
            points.append(after)
            session.check_rows(count + len(points))
        count += len(points)
        columns = {n: Column(table.columns[n].type, [v] * len(points)) for n, v in table.key.items()}
        columns[TIME] = Column("time", [time_ns for time_ns, _ in points])
        columns[VALUE] = Column("float", [value for _, value in points])
        found.append(Table(table.key, columns))
    return Tables(found, tables.bounds)


def _between(
    windows: Windows, before: tuple[int, float], after: tuple[int, float]
) -> list[tuple[int, float]]:
    """Return a point for each beginning of a window that lies between two points."""
    (start_ns, first), (end_ns, second) = before, after
    found: list[tuple[int, float]] = []
    at = windows.following(windows.start(start_ns))
    while at < end_ns and len(found) <= Session.most_rows:
        found.append((at, first + (second - first) * ((at - start_ns) / (end_ns - start_ns))))
        at = windows.following(at)
    return found


EXTEND: Final = Builtin("group", _extend)
EXPERIMENTAL: Final = {
    one.name: one
    for one in (
        EXTEND,
        Builtin("set", _set),
        Builtin("objectKeys", _object_keys),
        Builtin("unpivot", _unpivot),
        _moved("addDuration", "to", 1),
        _moved("subDuration", "from", -1),
    )
}
INTERPOLATE: Final = {"linear": Builtin("linear", _linear)}
