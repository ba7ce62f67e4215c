"""Two streams side by side: join(), and the package join."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.predicates import column_name, conjuncts
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Source, read
from heliograph.query.flux.syntax import tree
from heliograph.query.flux.tables import TIME, Column, Table, Tables, column_of, key_order

if TYPE_CHECKING:
    from heliograph.query.flux.interpreter import Closure

_METHODS: Final = ("inner", "left", "right", "full")


def _join(session: Session, arguments: Arguments) -> Tables:
    streams, on = arguments.get("tables"), arguments.texts("on")
    if arguments.text("method", "inner") != "inner":
        raise arguments.refuse('only method: "inner" is supported; import "join" for join.left() and others')
    if not isinstance(streams, Mapping) or not all(
        isinstance(one, Source | Tables) for one in streams.values()
    ):
        raise arguments.refuse('argument "tables" must be a record of streams, as in {a: first, b: second}')
    if len(streams) != 2:
        raise arguments.refuse(f"exactly two streams are joined, {len(streams)} came")
    if not on:
        raise arguments.refuse('argument "on" must name at least one column')
    names = sorted(streams)
    left, right = (_having(read(session, streams[name]).tables, on) for name in names)
    shared = _names(left) & _names(right) - set(on)
    renamed = [
        {column: f"{column}_{name}" if column in shared else column for column in _names(tables)}
        for name, tables in zip(names, (left, right), strict=True)
    ]
    found = []
    count = 0
    for one in left:
        for other in right:
            session.tick()
            if all(one.key[c] == other.key[c] for c in on if c in one.key and c in other.key):
                joined = _joined(session, (one, other), sorted(on), renamed)
                count += len(joined)
                session.check_rows(count)
                found += [joined] if len(joined) else []
    return Tables(sorted(found, key=key_order))


def _having(tables: Sequence[Table], names: Sequence[str]) -> list[Table]:
    return [table for table in tables if set(names) <= set(table.columns)]


def _names(tables: Sequence[Table]) -> set[str]:
    return {name for table in tables for name in table.columns}


def _joined(
    session: Session, pair: tuple[Table, Table], on: Sequence[str], renamed: Sequence[Mapping[str, str]]
) -> Table:
    """Return the rows that agree in some columns, by these; all columns come by name."""
    left, right = pair
    matches = _matches(session, [left.columns[name] for name in on], [right.columns[name] for name in on])
    columns = {
        renamed[0][name]: column.at(row for row, _ in matches) for name, column in left.columns.items()
    }
    for name, column in right.columns.items():
        columns.setdefault(renamed[1][name], column.at(row for _, row in matches))
    key = {renamed[number][name]: value for number in (1, 0) for name, value in pair[number].key.items()}
    return Table({name: key[name] for name in sorted(key)}, {name: columns[name] for name in sorted(columns)})


def _matches(session: Session, left: Sequence[Column], right: Sequence[Column]) -> list[tuple[int, int]]:
    """Return the pairs of rows with equal values, by these values; a missing one equals nothing."""
    if [column.type for column in left] != [column.type for column in right]:
        return []
    places: dict[tuple[Any, ...], list[int]] = {}
    for row, values in enumerate(zip(*(column.values for column in right), strict=True)):
        places.setdefault(values, []).append(row)
    found = [
        (values, row)
        for row, values in enumerate(zip(*(column.values for column in left), strict=True))
        if None not in values and values in places
    ]
    session.check_rows(sum(len(places[values]) for values, _ in found))
    return [(row, other) for values, row in sorted(found) for other in places[values]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call of the package join: on which columns, and what becomes of two rows."""

    session: Session
    method: str
    pairs: Sequence[tuple[str, str]]
    merge: Callable[..., Any]


def _join_tables(method: str | None, *, by_time: bool = False) -> Callable[[Session, Arguments], Tables]:
    def call(session: Session, arguments: Arguments) -> Tables:
        wanted = method or str(arguments.text("method", "inner"))
        if wanted not in _METHODS:
            raise arguments.refuse(f'argument "method" must be one of {", ".join(_METHODS)}')
        right = arguments.get("right")
        left = arguments.get("left", None) if not arguments.is_piped else arguments.piped
        if not isinstance(left, Source | Tables) or not isinstance(right, Source | Tables):
            raise arguments.refuse('arguments "left" and "right" must be streams of tables')
        pairs = [(TIME, TIME)] if by_time else _pairs(arguments)
        asked = _Asked(session, wanted, pairs, arguments.function_value("as"))
        return _of_groups(asked, read(session, left), read(session, right))

    return call


def _pairs(arguments: Arguments) -> list[tuple[str, str]]:
    """Return the columns that must be equal: ``(l, r) => l.host == r.name and …``."""
    function: Closure | Builtin = arguments.function_value("on")
    if isinstance(function, Builtin):
        raise arguments.refuse('argument "on" must be a function, as in (l, r) => l.host == r.host')
    pairs = []
    for part in conjuncts(function.node.body):
        found: dict[str, str] = {}
        if isinstance(part, tree.Binary) and part.operator == "==":
            for side, row in product((part.left, part.right), "lr"):
                name = column_name(side, row)
                found |= {row: name} if name else {}
        if len(found) != 2:
            raise arguments.refuse('argument "on" must compare columns, as in (l, r) => l.host == r.host')
        pairs.append((found["l"], found["r"]))
    return pairs


def _of_groups(asked: _Asked, left: Tables, right: Tables) -> Tables:
    """Join the tables that have the same group key; without a partner they are empty."""
    others = {key_order(table): table for table in right.tables}
    found, taken = [], set()
    for table in left.tables:
        place = key_order(table)
        taken.add(place)
        found.append((table, others.get(place)))
    pairs: list[tuple[Table | None, Table | None]] = [*found]
    pairs += [(None, table) for place, table in others.items() if place not in taken]
    tables = []
    for one, other in pairs:
        key = (one or other or Table({}, {})).key
        records = [asked.merge(l=l, r=r) for l, r in _record_pairs(asked, one, other)]  # noqa: E741
        if records:
            tables.append(_of_records(key, records))
        asked.session.check_rows(sum(map(len, tables)))
    return Tables(tables)


def _record_pairs(
    asked: _Asked, left: Table | None, right: Table | None
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    rights = [] if right is None else list(right.records())
    places: dict[tuple[Any, ...], list[int]] = {}
    for row, record in enumerate(rights):
        places.setdefault(tuple(record.get(name) for _, name in asked.pairs), []).append(row)
    used = set()
    nothing = dict.fromkeys(right.columns if right is not None else ())
    for record in left.records() if left is not None else ():
        asked.session.tick()
        values = tuple(record.get(name) for name, _ in asked.pairs)
        matches = [] if None in values else places.get(values, [])
        used.update(matches)
        yield from ((record, rights[match]) for match in matches)
        if not matches and asked.method in ("left", "full"):
            yield record, nothing
    if asked.method in ("right", "full"):
        empty = dict.fromkeys(left.columns if left is not None else ())
        yield from ((empty, record) for row, record in enumerate(rights) if row not in used)


def _of_records(key: Mapping[str, Any], records: Sequence[Any]) -> Table:
    if not all(isinstance(record, Mapping) for record in records):
        raise QueryError('join: "as" must give a record, as in (l, r) => ({l with other: r._value})')
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: column_of(name, [record.get(name) for record in records]) for name in names}
    missing = [name for name in key if name not in columns]
    if missing:
        raise QueryError(f'join: "as" must keep the column "{missing[0]}", which is part of the group key')
    return Table(key, columns)


FUNCTIONS: Final = (Builtin("join", _join),)
JOIN: Final = {
    one.name: one
    for one in (
        *(Builtin(method, _join_tables(method)) for method in _METHODS),
        Builtin("tables", _join_tables(None)),
        Builtin("time", _join_tables(None, by_time=True)),
    )
}
