"""The questions of dashboards as plans: one function of numbers per interval, by tags.

A plan is answered from summaries, or from columns in memory. What is none, or would not be answered as
InfluxDB does, is left to SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from heliograph.model.time import SECOND_NS
from heliograph.query.influxql.answer.aggregates import Found, argument, counts_distinct
from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.plan.shapes import Points
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import (
    Binary,
    Call,
    Expression,
    Integer,
    Logic,
    Number,
    Paren,
    Ref,
    Regex,
    Text,
)
from heliograph.query.plan import Aggregate, Columns, Comparison, Condition, Select
from heliograph.query.rollup_sql import summaries_sql
from heliograph.query.sql import columns_of
from heliograph.store.hot.table import HotRows
from heliograph.store.relation import Segment

try:
    from heliograph.query.memory import answers
except ImportError:  # installed where there was no compiler
    AVAILABLE = False
else:
    AVAILABLE = True

_WHOLE_NS: Final = 2**62 // (3_600 * SECOND_NS) * 3_600 * SECOND_NS
"""An interval of whole hours that holds every time from 1970 to 2116."""
_EXACT: Final = 2**53
"""Up to here a float is every whole number."""


def from_plan(
    group: Group, calls: Sequence[Call], interval: Interval | None, at_ns: int
) -> dict[Call, Found] | None:
    """Return the points of several calls, None where they have to be asked for in SQL.

    ``at_ns`` is the time of a point where there are no intervals.
    """
    (name, *others) = {call.name for call in calls}
    plan = None if others else _plan(group, calls, interval, name)
    answer = None if plan is None else _answer(group, plan)
    if answer is None:
        return None
    found: dict[Call, Found] = {call: {} for call in calls}
    by_field = {argument(call).name: call for call in calls}
    for series in answer.series:
        pairs = [
            (time_ns, value)
            for time_ns, value in zip(answer.times_ns, series.values, strict=True)
            if value is not None
        ]
        if pairs:
            key = (group.name, tuple(series.tags.get(tag, "") for tag in group.dimensions))
            times = [time_ns for time_ns, _ in pairs] if interval else [at_ns]
            points = Points(times, [value for _, value in pairs])
            found[by_field[series.field]][key] = points if group.prepared.ascending else _reversed(points)
    return found


def _answer(group: Group, plan: Select) -> Columns | None:
    relation, session = group.relations[0], group.session
    if not isinstance(relation, Stored):
        return None
    asked = summaries_sql(plan, relation.snapshot, session.cursor.register)
    if asked is not None:
        rows: list[Any] = session.rows(*asked)
        return columns_of(plan, rows, session.limits)
    if not AVAILABLE or session.sources is None:
        return None
    return answers.select(plan, relation.snapshot, session.sources, session.cursor)


def _reversed(points: Points) -> Points:
    return Points(points.times_ns[::-1], points.values[::-1])


def _plan(group: Group, calls: Sequence[Call], interval: Interval | None, name: str) -> Select | None:
    if len(group.relations) != 1 or not isinstance(group.relations[0], Stored):
        return None
    if interval is not None and (interval.offset_ns or interval.zone):
        return None
    refs = [argument(call) for call in calls]
    if not _is_answered(group, refs, name) or any(counts_distinct(call) for call in calls):
        return None
    meant = _meaning(group, group.prepared.condition)
    span = _data_span(group, group.relations[0])
    if meant is None or span is None:
        return None
    where, conditions = meant
    return Select(
        bucket=group.relations[0].bucket,
        measurement=group.name,
        fields=tuple(dict.fromkeys(ref.name for ref in refs)),
        start_ns=span[0],
        end_ns=span[1],
        interval_ns=interval.length_ns if interval else _WHOLE_NS,
        aggregate=Aggregate(name),
        where=where,
        group_by=group.dimensions,
        conditions=tuple(conditions),
    )


def _is_answered(group: Group, refs: Sequence[Ref], name: str) -> bool:
    """Whether the kernel gives InfluxDB's answer: exact sums, and the larger of two values of one time."""
    if name not in {aggregate.value for aggregate in Aggregate} or any(ref.cast for ref in refs):
        return False
    kinds = {group.type_of(ref) for ref in refs}
    if name == "sum":
        return kinds == {"float"}
    return kinds <= {"float", "integer"} and not (name in ("first", "last") and group.merges)


def _data_span(group: Group, relation: Stored) -> tuple[int, int] | None:
    """The range that is asked for, cut to where points are; the end is exclusive."""
    snapshot = relation.snapshot
    parts: list[Segment | HotRows] = [*snapshot.segments, *snapshot.hot]
    if snapshot.rollups is not None:
        parts += [segment for segments in snapshot.rollups.segments.values() for segment in segments]
    if not parts:
        return None
    start_ns = max(group.span.start_ns, min(part.min_ns for part in parts))
    # a summary has the time at which its interval begins
    end_ns = min(group.span.end_ns, max(part.max_ns for part in parts) + 3_600 * SECOND_NS) + 1
    return (start_ns, end_ns) if 0 <= start_ns < end_ns < _WHOLE_NS else None


_Meaning = tuple[dict[str, tuple[str, ...]], list[Condition]]


def _meaning(group: Group, node: Expression | None) -> _Meaning | None:
    """A condition as lists of tag values and comparisons of fields with numbers; None if it is more."""
    if node is None:
        return {}, []
    if isinstance(node, Paren):
        return _meaning(group, node.inner)
    if isinstance(node, Logic):
        parts = [_meaning(group, term) for term in node.terms]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return _all_of(known) if node.operator == "AND" else _any_of(known)
    if not isinstance(node, Binary) or not isinstance(node.left, Ref):
        return None
    kind = group.type_of(node.left)
    if kind == "tag" and node.left.name in group.relations[0].schema.tags:
        return _of_tag(group, node)
    return _of_field(node) if kind in ("float", "integer") and not node.left.cast else None


def _all_of(parts: Sequence[_Meaning]) -> _Meaning:
    where: dict[str, tuple[str, ...]] = {}
    for tags, _ in parts:
        for tag, values in tags.items():
            where[tag] = tuple(v for v in where[tag] if v in set(values)) if tag in where else values
    return where, [condition for _, conditions in parts for condition in conditions]


def _any_of(parts: Sequence[_Meaning]) -> _Meaning | None:
    tags = {tag for where, _ in parts for tag in where}
    if len(tags) != 1 or any(conditions or not where for where, conditions in parts):
        return None
    (tag,) = tags
    return {tag: tuple(dict.fromkeys(value for where, _ in parts for value in where[tag]))}, []


def _of_tag(group: Group, node: Binary) -> _Meaning | None:
    tag: Any = node.left
    if isinstance(node.right, Text) and node.operator == "=":
        return {tag.name: (node.right.value,)}, []
    values = sorted({"", *_values(group, tag.name)})
    if isinstance(node.right, Text) and node.operator == "!=":
        return {tag.name: tuple(v for v in values if v != node.right.value)}, []
    if not isinstance(node.right, Regex) or node.operator not in ("=~", "!~"):
        return None
    matched = set(group.session.matches(node.right.pattern, values))
    return {tag.name: tuple(v for v in values if (v in matched) == (node.operator == "=~"))}, []


def _values(group: Group, tag: str) -> set[str]:
    relation: Any = group.relations[0]
    with group.session.store.reading() as catalogue:
        series = catalogue.series.get((relation.bucket, group.name), {})
        return {value for key in series for name, value in key if name == tag}


def _of_field(node: Binary) -> _Meaning | None:
    field: Any = node.left
    if not isinstance(node.right, Integer | Number) or abs(node.right.value) > _EXACT:
        return None
    if node.operator not in {comparison.value for comparison in Comparison}:
        return None
    return {}, [Condition(field.name, Comparison(node.operator), float(node.right.value))]
