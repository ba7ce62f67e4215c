"""reduce(), functions that make something plain of tables, and those that tell what tables are like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.session import Session
from heliograph.query.flux.tables import VALUE, Column, Table, Tables, column_of, key_order, shown
from heliograph.query.flux.values import Value, column_type, type_name

KEY: Final = "_key"


def _reduce(session: Session, arguments: Arguments) -> Tables:
    function, identity = arguments.function_value("fn"), arguments.get("identity")
    if not isinstance(identity, Mapping) or not all(map(column_type, identity.values())):
        raise arguments.refuse('argument "identity" must be a record of plain values, as in {sum: 0.0}')
    kinds = {name: type_name(value) for name, value in identity.items()}
    tables = arguments.tables(session)
    found: dict[Any, Table] = {}
    for table in tables.tables:
        reduced = identity
        for row in table.records():
            session.tick()
            reduced = function(r=row, accumulator=reduced)
            _check_kinds(reduced, kinds)
        folded = _folded(table, reduced)
        if found.setdefault(key_order(folded), folded) is not folded:
            raise QueryError("reduce: two reducers write to one table; leave the columns of the group key")
    return Tables(list(found.values()), tables.bounds)


def _check_kinds(record: Value, kinds: Mapping[str, str]) -> None:
    if not isinstance(record, Mapping):
        raise QueryError(f"reduce: the function must give a record as identity is, {type_name(record)} came")
    came = {name: type_name(value) for name, value in record.items()}
    if came != kinds:
        wanted = ", ".join(f"{name}: {kind}" for name, kind in kinds.items())
        got = ", ".join(f"{name}: {kind}" for name, kind in came.items())
        raise QueryError(f"reduce: the function must give a record of {{{wanted}}}, {{{got}}} came")


def _folded(table: Table, record: Mapping[str, Value]) -> Table:
    """Return one row: the group key, in which the record has the last word, and the record by name."""
    values = {name: shown(table.columns[name].type, value) for name, value in table.key.items()}
    row = values | {name: record[name] for name in sorted(record)}
    columns = {name: column_of(name, [value]) for name, value in row.items()}
    return Table({name: columns[name].values[0] for name in table.key}, columns)


def _found(session: Session, arguments: Arguments) -> Table | None:
    """Return the first table whose group key fulfils ``fn``."""
    function = arguments.function_value("fn")
    for table in arguments.tables(session).tables:
        key = {name: shown(table.columns[name].type, value) for name, value in table.key.items()}
        if function(key=key) is True:
            return table
    return None


def _table_find(session: Session, arguments: Arguments) -> Tables:
    found = _found(session, arguments)
    return Tables([] if found is None else [found])


def _values(table: Table | None, name: str, function: str) -> list[Value]:
    if table is None:
        return []
    column = table.column(name, function)
    return [shown(column.type, value) for value in column.values]


def _record(table: Table | None, row: int) -> dict[str, Value]:
    if table is None or not 0 <= row < len(table):
        return {}
    return table.record(row)


def _find_column(session: Session, arguments: Arguments) -> list[Value]:
    return _values(_found(session, arguments), str(arguments.text("column")), "findColumn")


def _find_record(session: Session, arguments: Arguments) -> dict[str, Value]:
    return _record(_found(session, arguments), arguments.whole("idx"))


def _only(session: Session, arguments: Arguments) -> Table | None:
    arguments.taken.add("table")
    if not arguments.is_piped:
        arguments.values["tables"] = arguments.values.pop("table", None)
    return next(iter(arguments.tables(session).tables), None)


def _get_column(session: Session, arguments: Arguments) -> list[Value]:
    return _values(_only(session, arguments), str(arguments.text("column")), "getColumn")


def _get_record(session: Session, arguments: Arguments) -> dict[str, Value]:
    return _record(_only(session, arguments), arguments.whole("idx"))


def _columns(session: Session, arguments: Arguments) -> Tables:
    target = arguments.column()

    def names(table: Table) -> Table:
        rows = len(table.columns)
        key = {n: v for n, v in table.key.items() if n != target}
        columns = {n: Column(table.columns[n].type, [v] * rows) for n, v in key.items()}
        return Table(key, {**columns, target: Column("string", list(table.columns))})

    return arguments.tables(session).each(names)


def _key_values(session: Session, arguments: Arguments) -> Tables:
    wanted = arguments.texts("keyColumns", None)
    if wanted is None:
        raise arguments.refuse('argument "keyColumns" must name the columns, as in ["host", "region"]')

    def pairs(table: Table) -> Table:
        names = [name for name in wanted if name in table.columns]
        if not names:
            raise QueryError(f"keyValues: none of the columns {', '.join(wanted)} is there")
        if len({table.columns[name].type for name in names}) > 1:
            raise QueryError("keyValues: the columns must all be of one type")
        rows = range(len(table))
        found = dict.fromkeys((name, table.columns[name].values[row]) for row in rows for name in names)
        columns = {n: Column(table.columns[n].type, [v] * len(found)) for n, v in table.key.items()}
        columns[KEY] = Column("string", [name for name, _ in found])
        columns[VALUE] = Column(table.columns[names[0]].type, [value for _, value in found])
        return Table({n: v for n, v in table.key.items() if n not in (KEY, VALUE)}, columns)

    return arguments.tables(session).each(pairs)


FUNCTIONS: Final = (
    Builtin("reduce", _reduce),
    Builtin("tableFind", _table_find),
    Builtin("findColumn", _find_column),
    Builtin("findRecord", _find_record),
    Builtin("getColumn", _get_column),
    Builtin("getRecord", _get_record),
    Builtin("columns", _columns),
    Builtin("keyValues", _key_values),
)
