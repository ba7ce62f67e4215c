"""What a SELECT's range and condition mean where no SQL is asked: times, values of tags, comparisons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from heliograph.model.time import SECOND_NS
from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.plan.shapes import TimeRange
from heliograph.query.influxql.tree import (
    Binary,
    Expression,
    Integer,
    Logic,
    Number,
    Paren,
    Ref,
    Regex,
    Text,
)
from heliograph.query.plan import Comparison, Condition
from heliograph.store.hot.table import HotRows
from heliograph.store.relation import Segment, Snapshot

WHOLE_NS: Final = 2**62 // (3_600 * SECOND_NS) * 3_600 * SECOND_NS
"""An interval of whole hours that holds every time from 1970 to 2116."""
_LITERAL: Final = r"(?:[A-Za-z0-9_:/ ,=@%&-]|\\[!-/:-@\[-`{-~])"
_LIST: Final = re.compile(rf"\^(?:\(({_LITERAL}+(?:\|{_LITERAL}+)*)\)|({_LITERAL}+))\$")
_ESCAPED: Final = re.compile(r"\\(.)")
EXACT: Final = 2**53
"""Up to here a float is every whole number."""


def data_span(group: Group, relation: Stored) -> tuple[int, int] | None:
    """The range that is asked for, cut to where points are; the end is exclusive."""
    return cut(group.span, relation.snapshot)


def cut(span: TimeRange, snapshot: Snapshot) -> tuple[int, int] | None:
    """A range, cut to where a measurement has points; the end is exclusive. None if nothing is left."""
    parts: list[Segment | HotRows] = [*snapshot.segments, *snapshot.hot]
    if snapshot.rollups is not None:
        parts += [segment for segments in snapshot.rollups.segments.values() for segment in segments]
    if not parts:
        return None
    start_ns = max(span.start_ns, min(part.min_ns for part in parts))
    # a summary has the time at which its interval begins
    end_ns = min(span.end_ns, max(part.max_ns for part in parts) + 3_600 * SECOND_NS) + 1
    return (start_ns, end_ns) if 0 <= start_ns < end_ns < WHOLE_NS else None


_Meaning = tuple[dict[str, tuple[str, ...]], list[Condition]]


def meaning(group: Group, node: Expression | None) -> _Meaning | None:
    """A condition as lists of tag values and comparisons of fields with numbers; None if it is more."""
    if node is None:
        return {}, []
    if isinstance(node, Paren):
        return meaning(group, node.inner)
    if isinstance(node, Logic):
        parts = [meaning(group, term) for term in node.terms]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return _all_of(known) if node.operator == "AND" else _any_of(known)
    if not isinstance(node, Binary) or not isinstance(node.left, Ref):
        return None
    kind = group.relations[0].schema.type_of(node.left)
    if kind == "tag":
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
    chosen = _listed(node)
    if chosen is not None:
        return {tag.name: chosen}, []
    values = sorted({"", *_values(group, tag.name)})
    if isinstance(node.right, Text) and node.operator == "!=":
        return {tag.name: tuple(v for v in values if v != node.right.value)}, []
    if not isinstance(node.right, Regex) or node.operator not in ("=~", "!~"):
        return None
    matched = set(group.session.matches(node.right.pattern, values))
    return {tag.name: tuple(v for v in values if (v in matched) == (node.operator == "=~"))}, []


def _listed(node: Binary) -> tuple[str, ...] | None:
    return listed(node.right.pattern) if isinstance(node.right, Regex) and node.operator == "=~" else None


def listed(pattern: str) -> tuple[str, ...] | None:
    """The values that a dashboard's variable lists, as ``^(one|other)$``; None of another pattern."""
    found = _LIST.fullmatch(pattern)
    if found is None or "\\|" in pattern:
        return None
    values = tuple(_ESCAPED.sub(r"\1", value) for value in (found[1] or found[2]).split("|"))
    return values if all(values) else None


def _values(group: Group, tag: str) -> set[str]:
    relation: Any = group.relations[0]
    with group.session.store.reading() as catalogue:
        series = catalogue.series.get((relation.bucket, group.name), {})
        return {value for key in series for name, value in key if name == tag}


def _of_field(node: Binary) -> _Meaning | None:
    field: Any = node.left
    if not isinstance(node.right, Integer | Number) or abs(node.right.value) > EXACT:
        return None
    if node.operator not in {comparison.value for comparison in Comparison}:
        return None
    return {}, [Condition(field.name, Comparison(node.operator), float(node.right.value))]
