"""Continuous queries: kept in the catalogue, and when each of them runs over which range."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from heliograph.errors import QueryError
from heliograph.query.influxql import tree
from heliograph.query.influxql.answer.prepare import checked_list, interval_of
from heliograph.query.influxql.parser import parse
from heliograph.query.influxql.plan.shapes import TimeRange
from heliograph.query.influxql.plan.times import split_condition
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.text import statement_text
from heliograph.store.database import Database

_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Continuous:
    """A continuous query."""

    database: str
    name: str
    text: str
    """The statement that made it."""

    @property
    def node(self) -> tree.ContinuousQuery:
        """The statement."""
        (node,) = parse(self.text)
        assert isinstance(node, tree.ContinuousQuery)  # noqa: S101 -- only such are kept
        return node


class ContinuousQueries:
    """The table of continuous queries. Reading waits for nothing, changes are for threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self) -> list[Continuous]:
        """Return all of them, by database, the oldest first."""
        rows = self._database.committed(
            "SELECT database, name, text FROM continuous_query ORDER BY database, rowid"
        )
        return [Continuous(*row) for row in rows]

    def create(self, node: tree.ContinuousQuery) -> None:
        """Keep a query; the same one once more changes nothing.

        Raises:
            QueryError: another one has the name, or it could never run.
        """
        check(node)
        text = statement_text(node)
        for one in self.listed():
            if (one.database, one.name) == (node.database, node.name):
                if one.text.lower() != text.lower():
                    raise QueryError("continuous query already exists")
                return
        if len(self.listed()) >= _MOST:
            raise QueryError(f"there are {_MOST:,} continuous queries already; drop some first")
        with self._database.transaction() as sql:
            sql.execute("INSERT INTO continuous_query VALUES (?, ?, ?)", (node.database, node.name, text))

    def drop(self, database: str, name: str) -> None:
        """Forget a query, if it is there."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM continuous_query WHERE database = ? AND name = ?", (database, name))


def check(node: tree.ContinuousQuery) -> Interval:
    """Return the intervals of a continuous query.

    Raises:
        QueryError: it has none, so that it could never run.
    """
    interval = interval_of(node.select, 0)
    _, found, _ = checked_list(node.select, node.select.fill, grouped=interval is not None, inherited=False)
    if interval is None or not found.calls:
        raise QueryError("continuous queries must be aggregate queries")
    return interval


def due(node: tree.ContinuousQuery, last_ns: int | None, now_ns: int) -> tuple[TimeRange | None, int] | None:
    """Return the range over which a query runs now, and the time that counts as that of its run.

    None before its next run is due; the range is None where no interval is over. As in InfluxDB a query
    runs first when an interval ends, then every EVERY, or interval; its range goes back by FOR from when
    it was due, so what was missed while the hub was busy is made up for, and what was missed while it was
    not there is not.
    """
    plain = check(node)
    every_ns = node.every_ns or plain.length_ns
    runs = Interval(every_ns, plain.offset_ns, plain.zone).within(now_ns, now_ns)
    due_ns = now_ns if last_ns is None else runs.within(last_ns, now_ns).following(last_ns)
    if due_ns > now_ns:
        return None
    for_ns = node.for_ns or max(plain.length_ns, every_ns)
    interval = plain.within(due_ns - for_ns, now_ns + plain.length_ns)
    start_ns = interval.start(due_ns + plain.length_ns - for_ns - 1)
    end_ns = interval.start(now_ns + plain.length_ns - min(every_ns, plain.length_ns))
    span = TimeRange(start_ns, end_ns - 1) if end_ns > start_ns else None
    return span, runs.start(now_ns)


def bounded(node: tree.ContinuousQuery, span: TimeRange) -> tree.Select:
    """Return the SELECT INTO of one run; the range takes the place of times that the query names itself."""
    condition, _ = split_condition(node.select.condition, 0, node.select.zone)
    time = tree.Ref("time")
    bounds: list[tree.Expression] = [
        tree.Binary(">=", time, tree.Integer(span.start_ns)),
        tree.Binary("<=", time, tree.Integer(span.end_ns)),
    ]
    terms = (*([tree.Paren(condition)] if condition is not None else []), *bounds)
    return replace(node.select, condition=tree.Logic("AND", terms))
