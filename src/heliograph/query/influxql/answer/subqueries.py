"""Subqueries: their rows as relations, in the order in which InfluxDB hands them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from heliograph.query.influxql.answer.aggregates import argument
from heliograph.query.influxql.answer.prepare import Prepared
from heliograph.query.influxql.answer.relations import Computed, Relation, Stored, computed
from heliograph.query.influxql.answer.series import order_text
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.answer.types import check_values
from heliograph.query.influxql.functions.merging import Merging
from heliograph.query.influxql.functions.transforms import TRANSFORMS
from heliograph.query.influxql.plan.columns import Schema, value_type
from heliograph.query.influxql.plan.lists import calls_in, refs_in
from heliograph.query.influxql.plan.shapes import UNKNOWN, Key, Value
from heliograph.query.influxql.tree import Call, Expression, Ref

Block: TypeAlias = tuple[Key, Sequence[list[Value]]]
"""Rows of one series; each has its time before its columns."""
Run: TypeAlias = Callable[[Session, Prepared, tuple[str, ...]], Iterator[Block]]
"""Runs a SELECT, grouped by some tags."""


def relations_of(
    session: Session, prepared: Prepared, dimensions: tuple[str, ...], run: Run
) -> dict[str, list[Relation]]:
    """Return what a SELECT reads, by measurement; its subqueries are run.

    Raises:
        QueryError: a function cannot be computed of a subquery's column.
    """
    found: dict[str, list[Relation]] = {}
    for source in prepared.sources:
        relations: Sequence[Relation]
        if isinstance(source, Stored):
            relations = [source]
        elif _is_asked(prepared, source):
            relations = _subquery(session, source, dimensions, run)
            _check_values(prepared, source)
        else:
            continue
        for relation in relations:
            found.setdefault(relation.name, []).append(relation)
    return dict(sorted(found.items(), reverse=not prepared.ascending))


def _is_asked(prepared: Prepared, inner: Prepared) -> bool:
    """Whether a subquery has anything that the query around it works with; it does not run otherwise."""
    if not prepared.aggregated:
        refs = [ref for entry in prepared.fields for ref in refs_in(entry.expression)]
        return any(prepared.schema.type_of(ref) != UNKNOWN for ref in refs)
    output = inner.output()
    return any(output.type_of(_column(call)) != UNKNOWN for call in calls_of(prepared))


def _check_values(prepared: Prepared, inner: Prepared) -> None:
    output = inner.output()
    for call in calls_of(prepared):
        check_values(call, output.type_of(_column(call)))


def _column(call: Call) -> Ref:
    return replace(argument(call), cast="")


def calls_of(prepared: Prepared) -> list[Call]:
    """Return the functions of a SELECT list, each once."""
    return list(dict.fromkeys(call for entry in prepared.fields for call in calls_in(entry.expression)))


def _subquery(session: Session, inner: Prepared, wanted: tuple[str, ...], run: Run) -> list[Computed]:
    """Run a subquery, grouped by the outer query's tags too, and return its rows by measurement."""
    dimensions = tuple(sorted({*inner.dimensions, *wanted}))
    rows: dict[str, list[list[Any]]] = {}
    count = 0
    for key, some in run(session, inner, dimensions):
        count += len(some)
        session.check_rows(count)
        rows.setdefault(key[0], []).extend([row[0], *key[1], *row[1:]] for row in some)
    for name, listed in rows.items():  # by time whatever their series
        rows[name] = _by_time(inner, listed, dimensions, wanted)
    output = inner.output()
    schema = Schema(output.fields, frozenset(dimensions))
    fields = [
        (name, _stored_type(entry.expression, inner))
        for name, entry in zip(inner.output_names(), inner.fields, strict=True)
    ]
    return [computed(name, schema, dimensions, fields, some) for name, some in rows.items()]


def _by_time(inner: Prepared, rows: list[Any], dimensions: Sequence[str], wanted: Sequence[str]) -> list[Any]:
    """Return a subquery's rows, which come by series, by the outer query's tags and then by time."""
    if not dimensions or not inner.ordered:
        return rows
    outer = [1 + number for number, tag in enumerate(dimensions) if tag in wanted]

    def place(row: Any) -> Any:
        return [row[at] for at in outer], row[0]

    if inner.aggregated and not any(
        call.name in TRANSFORMS and isinstance(call.args[0], Ref)
        for entry in inner.fields
        for call in calls_in(entry.expression)
    ):
        # without intervals each series' points stay together, whatever their times
        if not inner.ascending:
            rows = sorted(rows, key=lambda row: row[1 : 1 + len(dimensions)])
        return sorted(rows, key=place, reverse=not inner.ascending) if inner.interval else rows
    text_at = [] if inner.aggregated else _deciding(inner, 1 + len(dimensions))
    series = slice(1, 1 + len(dimensions))
    merging = Merging(place, lambda row: order_text(dimensions, row[series]), text_at, inner.ascending)
    return list(merging.taken(rows))


def _deciding(inner: Prepared, first: int) -> list[int]:
    """The places of a subquery's columns of text that decide, by name, before all others do."""
    places = {entry.expression: first + number for number, entry in reversed(list(enumerate(inner.fields)))}
    found = []
    refs = {ref for entry in inner.fields for ref in refs_in(entry.expression)}
    for ref in sorted(refs, key=lambda ref: ref.name):
        if inner.schema.type_of(ref) not in ("string", "tag") or ref not in places:
            break
        found.append(places[ref])
    return found


def _stored_type(node: Expression, inner: Prepared) -> str:
    kind = value_type(node, inner.schema)
    return "string" if kind == UNKNOWN else kind
