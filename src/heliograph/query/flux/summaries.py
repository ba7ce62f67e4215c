"""Summaries in place of points: where they answer exactly, and where the points are forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from heliograph.model.time import HOUR_NS, MAX_TIME_NS, MIN_TIME_NS
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Chosen, Source, check_range, series_conditions
from heliograph.query.plan import Aggregate
from heliograph.query.rollup_sql import parts_sql
from heliograph.store.rollups.summary import TYPES

if TYPE_CHECKING:
    from heliograph.query.flux.functions.aggregates.reducers import Reducer

_SQL: Final = {
    Aggregate.MEAN: ("sum(c{0})", "sum(s{0})::DOUBLE / sum(c{0})", "NULL"),
    Aggregate.SUM: ("count(s{0})", "sum(s{0})", "NULL"),
    Aggregate.COUNT: ("sum(c{0})", "sum(c{0})::BIGINT", "NULL"),
    Aggregate.MIN: ("count(v{0})", "min(v{0})", "NULL"),
    Aggregate.MAX: ("count(v{0})", "max(v{0})", "NULL"),
    Aggregate.FIRST: ("count(v{0})", "arg_min(v{0}, a{0})", "min(a{0}) FILTER (WHERE v{0} IS NOT NULL)"),
    Aggregate.LAST: ("count(v{0})", "arg_max(v{0}, a{0})", "max(a{0}) FILTER (WHERE v{0} IS NOT NULL)"),
}
"""How parts become whether there is a value, the value, and of selectors its time."""


def summaries(
    session: Session, source: Source, one: Chosen, reducer: Reducer, step_ns: int, *, timed: bool
) -> tuple[str, Sequence[str], list[Any]] | None:
    """Return rows and figures as SQL, with parameters; None where points answer alone.

    ``step_ns`` is what all edges of windows are multiples of. When the least and the greatest value of a
    range were, only points know; forgotten ones count as of their summary's start.
    """
    aggregate, snapshot = reducer.aggregate, one.snapshot
    if aggregate is None or snapshot.rollups is None or source.compared:
        return None
    by_time = timed and aggregate in (Aggregate.MIN, Aggregate.MAX)
    exact = not by_time and all(one.kind(field) in TYPES for field in one.fields)
    start_ns, stop_ns = check_range(source)
    span = max(start_ns, MIN_TIME_NS), min(stop_ns, MAX_TIME_NS + 1)
    fields = list(one.fields)
    interval_ns = min(step_ns, HOUR_NS) if exact else 0
    rows = parts_sql(snapshot, session.cursor.register, fields, aggregate, span=span, interval_ns=interval_ns)
    if rows is None:
        return None
    places = {tag: number for number, tag in enumerate(snapshot.measurement.tags)}
    tags = "".join(f"coalesce(g{places[tag]}, '') AS g{number}, " for number, tag in enumerate(one.tags))
    where, parameters = series_conditions(session, source, one, lambda tag: f"g{places[tag]}")
    figures = [part for number in range(len(fields)) for part in _columns(number, aggregate)]
    inner = f"SELECT {tags}t, {', '.join(figures)} FROM ({rows}){where}"
    items = []
    for number in range(len(fields)):
        there, value, time_sql = (part.format(number) for part in _SQL[aggregate])
        if by_time:
            time_sql = reducer.time_sql.format(f"v{number}")
        items.append(f"{there}, {value}, {time_sql if timed else 'NULL'}")
    return inner, items, parameters


def _columns(number: int, aggregate: Aggregate) -> list[str]:
    parts = {
        Aggregate.MEAN: "sc",
        Aggregate.SUM: "s",
        Aggregate.COUNT: "c",
        Aggregate.MIN: "v",
        Aggregate.MAX: "v",
    }
    return [f"{part}{number}" for part in parts.get(aggregate, "va")]
