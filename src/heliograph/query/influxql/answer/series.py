"""SLIMIT and SOFFSET: which series of an answer are shown.

They count the series that the catalogue knows, as InfluxDB does: one without points in the answer counts,
SOFFSET without SLIMIT shows none, and those around a subquery count within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from heliograph.query.influxql.answer.relations import Computed, Relation, Stored
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.functions.merging import shard_of, shard_start_ns
from heliograph.query.influxql.meta.known import Known, matching
from heliograph.query.influxql.plan.shapes import Key, TimeRange


def series_window(group: Group, keys: list[Key]) -> list[Key]:
    """Return those of the series of an answer that are shown, in their order."""
    window = group.prepared.series_window
    if not (window.limit or window.offset) or any(isinstance(one, Computed) for one in group.relations):
        return keys
    counted = sorted(
        {*keys, *_catalogued(group, _with_shard(group))}, key=lambda key: order_text(group.dimensions, key[1])
    )
    shown = set(counted[window.offset : window.offset + window.limit])
    return [key for key in keys if key in shown]


def has_series(relations: Sequence[Relation], group: Group) -> bool:
    """Return whether some relations have series that match, with points in the shards of the range."""
    if any(isinstance(one, Computed) for one in relations):
        return True
    group = replace(group, relations=relations)
    span, length_ns = group.prepared.shards, group.shard_ns
    first, last = shard_of(span.start_ns, length_ns), shard_of(span.end_ns, length_ns)
    for times in (one.times for one in relations if one.times is not None):
        if shard_of(times[0], length_ns) <= last and first <= shard_of(times[1], length_ns):
            return bool(series_window(group, list(_catalogued(group, TimeRange()))))
    return False


def _with_shard(group: Group) -> TimeRange:
    """The range with all of its first shard: what has a point there is counted."""
    if group.span.min_ns is None:
        return group.span
    return TimeRange(shard_start_ns(group.span.start_ns, group.shard_ns))


def order_text(dimensions: Sequence[str], values: Sequence[str]) -> str:
    """Return what series are ordered by: of the tags that they have first all keys, then all values."""
    present = [(tag, value) for tag, value in zip(dimensions, values, strict=True) if value]
    return "|".join([tag for tag, _ in present] + [value for _, value in present])


def _catalogued(group: Group, span: TimeRange) -> set[Key]:
    found: set[Key] = set()
    for relation in group.relations:
        if not isinstance(relation, Stored):
            continue
        with group.session.store.reading() as catalogue:
            known = Known(group.name, series=dict(catalogue.series.get((relation.bucket, group.name), {})))
        fields = frozenset(group.prepared.schema.fields)
        for key in matching(group.session, known, group.prepared.condition, span, fields):
            tags = dict(key)
            found.add((group.name, tuple(tags.get(tag, "") for tag in group.dimensions)))
    return found
