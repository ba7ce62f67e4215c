"""The questions of dashboards as plans: one function of numbers per interval, by tags.

A plan is answered from summaries, or from columns in memory. What is none, or would not be answered as
InfluxDB does, is left to SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

from heliograph.query.influxql.answer.aggregates import Found, argument, counts_distinct
from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.memory.meaning import WHOLE_NS, data_span, meaning
from heliograph.query.influxql.plan.shapes import Points, Value
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import Call, Ref
from heliograph.query.plan import Aggregate, Columns, Select
from heliograph.query.rollup_sql import summaries_sql
from heliograph.query.sql import columns_of

try:
    from heliograph.query.memory import answers
except ImportError:  # installed where there was no compiler
    AVAILABLE = False
else:
    AVAILABLE = True


def from_plan(
    group: Group, calls: Sequence[Call], interval: Interval | None, at_ns: int
) -> dict[Call, Found] | None:
    """Return the points of several calls, None where they have to be asked for in SQL.

    ``at_ns`` is the time of a point where there are no intervals.
    """
    (name, *others) = {call.name for call in calls}
    plan = None if others else _plan(group, calls, interval, name)
    answer = None if plan is None else _answer(group, plan, _shift_ns(interval))
    if answer is None:
        return None
    found: dict[Call, Found] = {call: {} for call in calls}
    by_field = {argument(call).name: found[call] for call in calls}
    for series in answer.series:
        times_ns, values = _present(answer.times_ns, series.values)
        if values:
            key = (group.name, tuple([series.tags.get(tag, "") for tag in group.dimensions]))
            points = Points(times_ns if interval else [at_ns], values)
            by_field[series.field][key] = points if group.prepared.ascending else _reversed(points)
    return found


def _shift_ns(interval: Interval | None) -> int:
    """Return how far behind the multiples of its length an interval begins."""
    if interval is None:
        return 0
    return (interval.offset_ns - interval.changes.offsets_ns[0]) % interval.length_ns


def _answer(group: Group, plan: Select, shift_ns: int) -> Columns | None:
    relation, session = group.relations[0], group.session
    if not isinstance(relation, Stored):
        return None
    # sums of whole numbers must be exact, which those of summaries are not
    kinds = {relation.schema.fields[name] for name in plan.fields}
    plain = not shift_ns and not (plan.aggregate is Aggregate.SUM and kinds != {"float"})
    asked = summaries_sql(plan, relation.snapshot, session.cursor.register) if plain else None
    if asked is not None:
        rows: list[Any] = session.rows(*asked)
        return columns_of(plan, rows, session.limits)
    if not AVAILABLE or session.sources is None:
        return None
    return answers.select(
        plan, relation.snapshot, session.sources, session.cursor, shift_ns=shift_ns, exact=True
    )


def _present(times_ns: list[int], values: list[Value]) -> tuple[list[int], list[Value]]:
    """Return the values that are there, with their times."""
    if None not in values:
        return list(times_ns), values
    there = [value is not None for value in values]
    return list(compress(times_ns, there)), list(compress(values, there))


def _reversed(points: Points) -> Points:
    return Points(points.times_ns[::-1], points.values[::-1])


def _plan(group: Group, calls: Sequence[Call], interval: Interval | None, name: str) -> Select | None:
    if len(group.relations) != 1 or not isinstance(group.relations[0], Stored):
        return None
    if interval is not None and interval.changes.times_ns:  # a clock is changed within the range
        return None
    refs = [argument(call) for call in calls]
    if not _is_answered(group, refs, name) or any(counts_distinct(call) for call in calls):
        return None
    meant = meaning(group, group.prepared.condition)
    span = data_span(group, group.relations[0])
    if meant is None or span is None:
        return None
    where, conditions = meant
    return Select(
        bucket=group.relations[0].bucket,
        measurement=group.name,
        fields=tuple(dict.fromkeys(ref.name for ref in refs)),
        start_ns=span[0],
        end_ns=span[1],
        interval_ns=interval.length_ns if interval else WHOLE_NS,
        aggregate=Aggregate(name),
        where=where,
        group_by=group.dimensions,
        conditions=tuple(conditions),
    )


def _is_answered(group: Group, refs: Sequence[Ref], name: str) -> bool:
    """Whether the kernel gives InfluxDB's answer: exact sums, and the larger of two values of one time."""
    if name not in {aggregate.value for aggregate in Aggregate} or any(ref.cast for ref in refs):
        return False
    own = group.relations[0].schema
    if any(own.type_of(ref) != group.type_of(ref) for ref in refs):  # it is of another type elsewhere
        return False
    kinds = {group.type_of(ref) for ref in refs}
    return kinds <= {"float", "integer"} and not (name in ("first", "last") and group.merges)
