"""Functions that put tables, rows and columns together otherwise, and change no value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Source, read
from heliograph.query.flux.tables import FIELD, TIME, VALUE, Column, Grouping, Table, Tables, column_of

_MODES: Final = ("by", "except")


def _group(session: Session, arguments: Arguments) -> Source | Tables:
    columns = arguments.texts("columns", [])
    mode = arguments.text("mode", "by")
    stream = arguments.stream()
    if mode not in _MODES:
        raise arguments.refuse('argument "mode" must be "by" or "except"')
    if isinstance(stream, Source) and stream.groups is None and mode == "by":
        return replace(stream, groups=tuple(dict.fromkeys(columns)))
    tables = read(session, stream)
    groups = Grouping()
    for table in tables.tables:
        named = [name for name in table.columns if name not in columns] if mode == "except" else columns
        groups.add(table, named)
    return Tables(groups.tables(ordered=True), tables.bounds, by_time=tables.fresh)


def _chosen(arguments: Arguments) -> Callable[[str], bool]:
    """Return which columns keep() and drop() mean."""
    columns, function = arguments.texts("columns", None), arguments.function_value("fn", None)
    if (columns is None) == (function is None):
        raise arguments.refuse('exactly one of "columns" and "fn" must be given')
    if columns is not None:
        return set(columns).__contains__
    return lambda name: bool(function(column=name))


def _keep(session: Session, arguments: Arguments) -> Tables:
    chosen = _chosen(arguments)
    return _with_columns(arguments.tables(session), chosen)


def _drop(session: Session, arguments: Arguments) -> Tables:
    chosen = _chosen(arguments)
    return _with_columns(arguments.tables(session), lambda name: not chosen(name))


def _with_columns(tables: Tables, chosen: Callable[[str], bool]) -> Tables:
    groups = Grouping()
    for table in tables.tables:
        columns = {name: column for name, column in table.columns.items() if chosen(name)}
        key = {name: value for name, value in table.key.items() if name in columns}
        if columns:
            groups.add(Table(key, columns), list(key))
    return Tables(groups.tables(), tables.bounds)


def _rename(session: Session, arguments: Arguments) -> Tables:
    columns, function = arguments.get("columns", None), arguments.function_value("fn", None)
    if (columns is None) == (function is None):
        raise arguments.refuse('exactly one of "columns" and "fn" must be given')
    if columns is not None and not isinstance(columns, Mapping):
        raise arguments.refuse('argument "columns" must be a record, as in {_value: "temp"}')

    def called(name: str) -> str:
        return str(columns.get(name, name) if columns is not None else function(column=name))

    return arguments.tables(session).each(lambda table: _renamed(table, called))


def _renamed(table: Table, called: Callable[[str], str]) -> Table:
    names = {name: called(name) for name in table.columns}
    if len(set(names.values())) < len(names):
        raise QueryError("rename: two columns would have the same name")
    columns = {names[name]: column for name, column in table.columns.items()}
    return Table({names[name]: value for name, value in table.key.items()}, columns)


def _duplicate(session: Session, arguments: Arguments) -> Tables:
    column, target = str(arguments.text("column")), str(arguments.text("as"))
    tables = arguments.tables(session)
    return tables.each(lambda table: table.with_column(target, table.column(column, "duplicate")))


def _set(session: Session, arguments: Arguments) -> Tables:
    key, value = str(arguments.text("key")), arguments.text("value")
    tables = arguments.tables(session)
    groups = Grouping()
    for table in tables.tables:
        changed = Table(
            {name: value if name == key else kept for name, kept in table.key.items()},
            {**table.columns, key: Column("string", [value] * len(table))},
        )
        groups.add(changed, list(changed.key))
    return Tables(groups.tables(), tables.bounds)


def _order(table: Table, columns: list[str], function: str, *, descending: bool) -> list[int]:
    """Return the rows in order; what is missing stands first, of the names none may be unknown to all."""
    rows = list(range(len(table)))
    for name in reversed(columns):
        if name not in table.columns:
            raise QueryError(
                f'{function}: column "{name}" does not exist; the columns are {", ".join(table.columns)}'
            )
        values = table.columns[name].values
        rows.sort(key=lambda row: _sortable(values[row]), reverse=descending)
    return rows


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, 0 if value is None else value)


def _sort(session: Session, arguments: Arguments) -> Tables:
    columns, descending = arguments.texts("columns", [VALUE]), arguments.flag("desc", default=False)
    tables = arguments.tables(session)
    return tables.each(lambda table: table.at(_order(table, columns, "sort", descending=descending)))


def _extreme(name: str, *, descending: bool) -> Builtin:
    def call(session: Session, arguments: Arguments) -> Tables:
        count, columns = arguments.whole("n"), arguments.texts("columns", [VALUE])
        tables = arguments.tables(session)
        return tables.each(lambda t: t.at(_order(t, columns, name, descending=descending)[:count]))

    return Builtin(name, call)


def _limit(session: Session, arguments: Arguments) -> Tables:
    count, offset = arguments.whole("n"), arguments.whole("offset", 0)
    tables = arguments.tables(session)
    return tables.each(lambda table: table.at(range(len(table))[offset : offset + count]))


def _tail(session: Session, arguments: Arguments) -> Tables:
    count, offset = arguments.whole("n"), arguments.whole("offset", 0)

    def last(table: Table) -> Table:
        end = max(0, len(table) - offset)
        return table.at(range(max(0, end - count), end))

    return arguments.tables(session).each(last)


def _distinct(session: Session, arguments: Arguments) -> Tables:
    column = arguments.column()

    def values(table: Table) -> Table:
        found = table.column(column, "distinct")
        some = list(dict.fromkeys(found.values))
        key = {name: value for name, value in table.key.items() if name != VALUE}
        columns = {name: Column(table.columns[name].type, [value] * len(some)) for name, value in key.items()}
        return Table(key, {**columns, VALUE: Column(found.type, some)})

    return arguments.tables(session).each(values)


def _unique(session: Session, arguments: Arguments) -> Tables:
    column = arguments.column()

    def rows(table: Table) -> Table:
        first: dict[Any, int] = {}
        for row, value in enumerate(table.column(column, "unique").values):
            first.setdefault(value, row)
        return table.at(list(first.values()))

    return arguments.tables(session).each(rows)


def _union(session: Session, arguments: Arguments) -> Tables:
    streams = arguments.get("tables")
    if not isinstance(streams, list) or not all(isinstance(one, Source | Tables) for one in streams):
        raise arguments.refuse('argument "tables" must be a list of streams')
    found = [read(session, stream) for stream in streams]
    groups = Grouping()
    for tables in found:
        for table in tables.tables:
            groups.add(table, list(table.key))
    bounds = [one.bounds for one in found if one.bounds]
    whole = (min(low for low, _ in bounds), max(high for _, high in bounds)) if bounds else None
    return Tables(groups.tables(), whole)


def _pivot(session: Session, arguments: Arguments) -> Tables:
    rows, columns = arguments.texts("rowKey"), arguments.texts("columnKey")
    value_column = str(arguments.text("valueColumn"))
    return _pivoted(arguments.tables(session), rows, columns, value_column)


def _fields_as_columns(session: Session, arguments: Arguments) -> Tables:
    return _pivoted(arguments.tables(session), [TIME], [FIELD], VALUE)


def _pivoted(tables: Tables, row_key: list[str], column_key: list[str], value_column: str) -> Tables:
    gone = {*column_key, value_column}
    groups: dict[tuple[Any, ...], tuple[dict[str, Any], list[Table]]] = {}
    for table in tables.tables:
        for name in (*row_key, *column_key, value_column):
            table.column(name, "pivot")
        key = {name: value for name, value in table.key.items() if name not in gone}
        groups.setdefault(tuple(sorted(key.items())), (key, []))[1].append(table)
    return Tables(
        [_pivot_group(*group, row_key, column_key, value_column) for group in groups.values()], tables.bounds
    )


def _pivot_group(
    key: dict[str, Any], tables: list[Table], row_key: list[str], column_key: list[str], value_column: str
) -> Table:
    kinds: dict[str, str] = {}
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for table in tables:
        kind = table.columns[value_column].type
        places = zip(*(table.columns[name].values for name in row_key), strict=True)
        names = zip(*(table.columns[name].values for name in column_key), strict=True)
        for place, parts, value in zip(places, names, table.columns[value_column].values, strict=True):
            column = "_".join(str(part) for part in parts)
            if kinds.setdefault(column, kind) != kind:
                raise QueryError(
                    f'pivot: the column "{column}" would be both of type {kinds[column]} and {kind}'
                )
            found.setdefault(place, {})[column] = value
    places_found = sorted(found) if row_key == [TIME] else list(found)
    columns = {
        name: Column(tables[0].columns[name].type, [value] * len(found)) for name, value in key.items()
    }
    for number, name in enumerate(row_key):
        kind = tables[0].columns[name].type
        columns[name] = Column(kind, [place[number] for place in places_found])
    for column, kind in kinds.items():
        columns[column] = Column(kind, [found[place].get(column) for place in places_found])
    return Table(key, columns)


def _keys(session: Session, arguments: Arguments) -> Tables:
    def names(table: Table) -> Table:
        columns = {n: Column(table.columns[n].type, [v] * len(table.key)) for n, v in table.key.items()}
        return Table(table.key, {**columns, VALUE: Column("string", list(table.key))})

    column = arguments.column()
    if column != VALUE:
        raise arguments.refuse("only the column _value is supported; use rename() behind")
    return arguments.tables(session).each(names)


def _array_from(session: Session, arguments: Arguments) -> Tables:
    rows = arguments.get("rows")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        raise arguments.refuse('argument "rows" must be a list of records, at least one')
    session.check_cells(len(rows), len(rows[0]))
    columns = {name: column_of(name, [row.get(name) for row in rows]) for name in rows[0]}
    return Tables([Table({}, columns)])


FUNCTIONS: Final = (
    Builtin("group", _group),
    Builtin("keep", _keep),
    Builtin("drop", _drop),
    Builtin("rename", _rename),
    Builtin("duplicate", _duplicate),
    Builtin("set", _set),
    Builtin("sort", _sort),
    _extreme("top", descending=True),
    _extreme("bottom", descending=False),
    Builtin("limit", _limit),
    Builtin("tail", _tail),
    Builtin("distinct", _distinct),
    Builtin("unique", _unique),
    Builtin("union", _union),
    Builtin("pivot", _pivot),
    Builtin("keys", _keys),
)
FIELDS_AS_COLUMNS: Final = Builtin("fieldsAsCols", _fields_as_columns)
ARRAY_FROM: Final = Builtin("from", _array_from)
