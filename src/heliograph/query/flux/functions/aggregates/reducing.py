"""Functions that make one row of a table: aggregates, and selectors, which keep the row that they choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.aggregates.grouped import Group, grouped
from heliograph.query.flux.functions.aggregates.pushed import Asked, check_type, reduced
from heliograph.query.flux.functions.aggregates.reducers import REDUCERS, Reducer, called
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.predicates import mentions
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Source, check_range, group_key, read, series_table
from heliograph.query.flux.syntax import tree
from heliograph.query.flux.tables import TIME, VALUE, Column, Table, Tables
from heliograph.query.flux.windowing import Cut

if TYPE_CHECKING:
    from heliograph.query.flux.interpreter import Closure

_NAMES: Final = frozenset({*REDUCERS, "quantile"})


def reduce_tables(session: Session, reducer: Reducer, tables: Tables, column: str) -> Tables:
    """Return one row of each table."""
    session.check_time()
    if reducer.row is not None:
        return tables.each(lambda table: _selected(table, reducer, column, by_time=tables.by_time))
    return tables.each(lambda table: _aggregated(table, reducer, column))


def _selected(table: Table, reducer: Reducer, column: str, *, by_time: bool) -> Table | None:
    found = table.column(column, reducer.name)
    if not len(table):
        return table if len(table.columns) else None
    check_type(reducer, found.type)
    rows = [row for row, value in enumerate(found.values) if value is not None]
    if by_time and TIME in table.columns:
        rows.sort(key=table.columns[TIME].values.__getitem__)
    if not rows or reducer.row is None:
        return table.at([])
    return table.at([reducer.row(found.values, rows)])


def _aggregated(table: Table, reducer: Reducer, column: str) -> Table:
    found = table.column(column, reducer.name)
    check_type(reducer, found.type)
    if column in table.key:
        raise QueryError(
            f'{reducer.name}: cannot aggregate column "{column}", which is part of the group key'
        )
    columns = {key: Column(table.columns[key].type, [kept]) for key, kept in table.key.items()}
    return Table(table.key, {**columns, column: Column(reducer.type_of(found.type), [reducer.of(found)])})


def _function(name: str) -> Builtin:
    def call(session: Session, arguments: Arguments) -> Tables:
        stream, column = arguments.stream(), arguments.column()
        reducer = called(name, arguments)
        if isinstance(stream, Source) and column == VALUE:
            found = _from_source(session, stream, reducer)
            if found is not None:
                return found
        return reduce_tables(session, reducer, read(session, stream), column)

    return Builtin(name, call)


def is_pushed(reducer: Reducer, *, timed: bool) -> bool:
    """Return whether SQL has a function, and of a selector the time of its row if that is asked for."""
    return bool(reducer.sql) and (not timed or reducer.row is None or bool(reducer.time_sql))


def _from_source(session: Session, source: Source, reducer: Reducer) -> Tables | None:
    """Return what SQL makes of a source; None where it cannot."""
    if source.groups is not None:
        groups = grouped(session, Asked(source, reducer, Cut()))
        if groups is None:
            return None
        found = [_of_group(group) for group in groups]
        return Tables(found, check_range(source))
    if not is_pushed(reducer, timed=True):
        return None
    timed = reducer.row is not None
    tables = []
    for one in reduced(session, Asked(source, reducer, Cut(), timed=timed)):
        key = group_key(source, one.measurement, one.field, one.series)
        _, value, time_ns = one.rows[0]
        table = series_table(key, [time_ns] if timed else None, one.type, [value])
        if not timed:
            table = Table(key, {**table.key_columns, VALUE: table.columns[VALUE]})
        tables.append(table)
    return Tables(tables, check_range(source))


def _of_group(group: Group) -> Table:
    columns = {name: Column("string", [value]) for name, value in group.key.items()}
    return Table(group.key, {**columns, VALUE: Column(group.type, [group.rows[0][1]])})


def reducer_of(function: Any) -> Reducer | None:
    """Return what a function of tables is, if it is nothing but one of ours with plain arguments.

    ``(tables=<-, column) => tables |> quantile(q: 0.9, column: column)`` is.
    """
    if isinstance(function, Builtin):
        return REDUCERS.get(function.name)
    node = function.node.body
    if function.node.steps or not isinstance(node, tree.Call) or not isinstance(node.function, tree.Name):
        return None
    name = node.function.name
    if name not in _NAMES or name in function.scope or not _is_piped(function, node.piped):
        return None
    values = {}
    for key, value in node.arguments.items():
        if key == "column":
            if not _is_value_column(value):
                return None
        elif any(mentions(value, parameter.name) for parameter in function.node.parameters):
            return None
        else:
            values[key] = function.interpreter.value(value, function.scope)
    inner = Arguments(name, node.place, values)
    found = called(name, inner)
    inner.finish()
    return found


def _is_piped(function: Closure, node: tree.Expression | None) -> bool:
    taking = {one.name for one in function.node.parameters if one.piped or one.name == "tables"}
    return isinstance(node, tree.Name) and node.name in taking


def _is_value_column(node: tree.Expression) -> bool:
    return (isinstance(node, tree.Name) and node.name == "column") or (
        isinstance(node, tree.Literal) and node.value == VALUE
    )


FUNCTIONS: Final = tuple(_function(name) for name in sorted(_NAMES))
