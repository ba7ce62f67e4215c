"""Functions that call a function of the text for each row, or convert each value; and the sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.functions.plain.scalars import CONVERSIONS
from heliograph.query.flux.predicates import Compared, SeriesTest, conjuncts, mentions, of_series, of_values
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Source, read
from heliograph.query.flux.syntax import tree
from heliograph.query.flux.tables import (
    START,
    STOP,
    TIME,
    VALUE,
    Column,
    Grouping,
    Table,
    Tables,
    column_of,
    shown,
)
from heliograph.query.flux.values import Time, kept_type, type_name

if TYPE_CHECKING:
    from heliograph.query.flux.interpreter import Closure

_BUCKET_ID: Final = re.compile("[0-9a-f]{16}")


def _from(session: Session, arguments: Arguments) -> Source:
    name, id_ = arguments.text("bucket", None), arguments.text("bucketID", None)
    for known in ("host", "org", "orgID", "token"):
        if arguments.get(known, None) is not None and known in ("host", "token"):
            raise arguments.refuse("other hubs cannot be read; leave host and token out")
    if (name is None) == (id_ is None):
        raise arguments.refuse('exactly one of "bucket" and "bucketID" must be given')
    if id_ is not None and not _BUCKET_ID.fullmatch(id_):
        raise arguments.refuse('argument "bucketID" must be 16 hexadecimal digits')
    return Source(session.access.bucket(name if name is not None else id_))


def _range(session: Session, arguments: Arguments) -> Source | Tables:
    start_ns = arguments.moment(session, "start")
    stop_ns = arguments.moment(session, "stop", Time(session.now_ns))
    if stop_ns <= start_ns:
        raise QueryError("cannot query an empty range")
    stream = arguments.stream()
    if isinstance(stream, Source) and stream.groups is None:
        if stream.start_ns is not None:
            start_ns, stop_ns = max(start_ns, stream.start_ns), min(stop_ns, stream.stop_ns)
            if stop_ns <= start_ns:
                raise QueryError("cannot query an empty range")
        return replace(stream, start_ns=start_ns, stop_ns=stop_ns)
    tables = [_ranged(table, start_ns, stop_ns) for table in read(session, stream).tables]
    return Tables(tables, (start_ns, stop_ns))


def _ranged(table: Table, start_ns: int, stop_ns: int) -> Table:
    times = table.column(TIME, "range").values
    part = table.at([row for row, at in enumerate(times) if at is not None and start_ns <= at < stop_ns])
    edges = {START: start_ns, STOP: stop_ns}
    others = {name: column for name, column in part.columns.items() if name not in edges}
    columns = {name: Column("time", [at] * len(part)) for name, at in edges.items()}
    return Table({**edges, **{n: v for n, v in table.key.items() if n not in edges}}, {**columns, **others})


def _filter(session: Session, arguments: Arguments) -> Source | Tables:
    function = arguments.function_value("fn")
    keep_empty = arguments.text("onEmpty", "drop") == "keep"
    stream = arguments.stream()
    if isinstance(function, Builtin):
        raise arguments.refuse('argument "fn" must be a function of a row, as in (r) => r._field == "temp"')
    row = _row_name(arguments, function)
    rest: list[tree.Expression] = list(conjuncts(function.node.body))
    at_source = isinstance(stream, Source) and stream.groups is None
    if isinstance(stream, Source) and at_source and not function.node.steps and not keep_empty:
        stream, rest = _pushed(stream, rest, row, function)
        if not rest:
            return stream
    tables = read(session, stream)
    return _filtered(session, tables, rest, row, function, keep_empty=keep_empty)


def _row_name(arguments: Arguments, function: Closure) -> str:
    names = [parameter.name for parameter in function.node.parameters if parameter.default is None]
    if len(names) != 1:
        raise arguments.refuse('argument "fn" must be a function of one row, as in (r) => …')
    return names[0]


def _pushed(
    source: Source, parts: list[tree.Expression], row: str, function: Closure
) -> tuple[Source, list[tree.Expression]]:
    """Return the source with what it can fulfil itself, and the rest."""

    def constant(node: tree.Expression) -> Any:
        return function.interpreter.value(node, function.scope)

    tests: list[SeriesTest] = []
    compared: list[Compared] = []
    rest = []
    for part in parts:
        if not mentions(part, row) and constant(part) is True:
            continue
        test = of_series(part, row, constant)
        value = None if test else of_values(part, row, constant)
        if test:
            tests.append(test)
        elif value:
            compared.append(value)
        else:
            rest.append(part)
    return source.filtered(tests, compared), rest


def _filtered(
    session: Session,
    tables: Tables,
    parts: list[tree.Expression],
    row: str,
    function: Closure,
    *,
    keep_empty: bool,
) -> Tables:
    def change(table: Table) -> Table | None:
        found = []
        for number, record in enumerate(table.records()):
            session.tick()
            if function.node.steps:
                passes = [function.call({row: record})]
            else:
                scope = {**function.scope, row: record}
                passes = (function.interpreter.value(part, scope) for part in parts)  # type: ignore[assignment]
            if all(_is_true(one) for one in passes):
                found.append(number)
        return table.at(found) if found or keep_empty else None

    return replace(tables.each(change), fresh=tables.fresh)


def _is_true(value: Any) -> bool:
    if value is not None and not isinstance(value, bool):
        raise QueryError(f"filter: the function must give true or false, {type_name(value)} came")
    return bool(value)


def _map(session: Session, arguments: Arguments) -> Tables:
    function = arguments.function_value("fn")
    arguments.get("mergeKey", None)
    tables = arguments.tables(session)
    if isinstance(function, Builtin):
        raise arguments.refuse('argument "fn" must be a function of a row, as in (r) => ({r with x: 1})')
    row = _row_name(arguments, function)
    groups = Grouping()
    for table in tables.tables:
        changed = _mapped(session, table, row, function)
        if changed is not None:
            groups.add(changed, [name for name in table.key if name in changed.columns])
    return Tables(groups.tables(), tables.bounds)


def _mapped(session: Session, table: Table, row: str, function: Closure) -> Table | None:
    records = []
    for shown_row in table.records():
        record = function.call({row: shown_row})
        if not isinstance(record, Mapping):
            raise QueryError(
                f"map: the function must give a record, as in ({{r with x: 1}}); {type_name(record)} came"
            )
        records.append(record)
        session.check_cells(len(records), len(record))
    if not records:
        return None
    names = dict.fromkeys(name for record in records for name in record)
    session.check_cells(len(records), len(names))
    columns = {}
    for name in names:
        known = table.columns[name].type if name in table.columns else "string"
        columns[name] = column_of(name, [record.get(name) for record in records], known)
    return Table({}, columns)


def _to(name: str, kind: str) -> Builtin:
    convert: Callable[[Any], Any] = CONVERSIONS[kind]

    def change(table: Table) -> Table:
        found = table.column(VALUE, name)
        values = [kept_type(convert(shown(found.type, value)))[1] for value in found.values]
        return table.with_column(VALUE, Column(kind, values))

    return Builtin(name, lambda session, arguments: arguments.tables(session).each(change))


FUNCTIONS: Final = (
    Builtin("from", _from),
    Builtin("range", _range),
    Builtin("filter", _filter),
    Builtin("map", _map),
    _to("toFloat", "float"),
    _to("toInt", "int"),
    _to("toUInt", "uint"),
    _to("toString", "string"),
    _to("toBool", "bool"),
    _to("toTime", "time"),
)
