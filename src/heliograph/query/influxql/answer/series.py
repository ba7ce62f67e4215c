"""SLIMIT and SOFFSET: which series of an answer are shown.

They count the series that the catalogue knows, as InfluxDB does: one without points in the answer counts,
and SOFFSET without SLIMIT shows none.
"""

from __future__ import annotations

from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.meta.known import Known, matching
from heliograph.query.influxql.plan.shapes import Key


def series_window(group: Group, keys: list[Key]) -> list[Key]:
    """Return those of the series of an answer that are shown, in their order."""
    window = group.prepared.select.window
    if group.prepared.inner or not (window.series_limit or window.series_offset):
        return keys
    counted = sorted({*keys, *_catalogued(group)}, key=lambda key: _order(group.dimensions, key))
    shown = set(counted[window.series_offset : window.series_offset + window.series_limit])
    return [key for key in keys if key in shown]


def _order(dimensions: tuple[str, ...], key: Key) -> str:
    """Series are counted by the text of the tags that they have: first all keys, then all values."""
    present = [(tag, value) for tag, value in zip(dimensions, key[1], strict=True) if value]
    return "|".join([tag for tag, _ in present] + [value for _, value in present])


def _catalogued(group: Group) -> set[Key]:
    found: set[Key] = set()
    for relation in group.relations:
        if not isinstance(relation, Stored):
            continue
        with group.session.store.reading() as catalogue:
            known = Known(group.name, series=dict(catalogue.series.get((relation.bucket, group.name), {})))
        fields = frozenset(relation.schema.fields)
        for key in matching(group.session, known, group.prepared.condition, group.span, fields):
            tags = dict(key)
            found.add((group.name, tuple(tags.get(tag, "") for tag in group.dimensions)))
    return found
