"""Points and summaries as one SQL relation of parts, of which every aggregate can be made.

A point is the summary of itself. Each row has the time ``t``, the tags ``g0``… and, for each field, what
the aggregate needs: the number ``c0``, the sum ``s0``, or a value ``v0`` and its time ``a0``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.model.point import FieldType
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.query.plan import Aggregate, Select
from heliograph.query.rollup_sources import choose
from heliograph.query.sql import Figures, aggregate_sql, aggregated_field, lookback_ns, where_sql
from heliograph.store.relation import SQL_TYPES, Register, Segment, Snapshot, Window, render
from heliograph.store.rollups import summary as figures
from heliograph.store.rollups.summary import RAW, RESOLUTIONS, TYPES, summarised
from heliograph.store.sql_text import quote

_PARTS: Final = Figures(
    {
        Aggregate.MEAN: "sum(s{0})::DOUBLE / sum(c{0})",
        Aggregate.MIN: "min(v{0})",
        Aggregate.MAX: "max(v{0})",
        Aggregate.SUM: "sum(s{0})::DOUBLE",
        Aggregate.COUNT: "nullif(sum(c{0}), 0)::BIGINT",
        Aggregate.FIRST: "arg_min(v{0}, a{0})",
        Aggregate.LAST: "arg_max(v{0}, a{0})",
    },
    "arg_max(v{0}, a{0})::DOUBLE AS v{0}, max(a{0}) AS at{0}",
)


def summaries_sql(select: Select, snapshot: Snapshot, register: Register) -> tuple[str, list[Any]] | None:
    """Return what :func:`heliograph.query.sql.select_sql` does, or None where points have to answer.

    Raises:
        QueryError: a field is unknown, or of a type that cannot be aggregated so.
    """
    if snapshot.rollups is None or select.conditions:
        return None
    exact = all(aggregated_field(snapshot.measurement, select, name)[1] in TYPES for name in select.fields)
    start_ns = max(select.start_ns - lookback_ns(select), MIN_TIME_NS)
    span = start_ns, min(select.end_ns, MAX_TIME_NS + 1)
    aggregate = Aggregate.LAST if select.rate else select.aggregate
    rows = parts_sql(
        snapshot,
        register,
        select.fields,
        aggregate,
        span=span,
        interval_ns=select.interval_ns if exact else 0,
    )
    if rows is None:
        return None
    where, parameters = where_sql(select, snapshot.measurement)
    return aggregate_sql(select, snapshot.measurement, f"({rows}){where}", _PARTS), parameters


def parts_sql(
    snapshot: Snapshot,
    register: Register,
    fields: Sequence[str],
    aggregate: Aggregate,
    *,
    span: Window,
    interval_ns: int,
) -> str | None:
    """Return a SELECT of the parts of a range, or None where it is of points alone.

    ``interval_ns`` is as in :func:`heliograph.query.rollup_sources.choose`.
    """
    if snapshot.rollups is None:
        return None
    windows = choose(snapshot, snapshot.rollups, span, interval_ns)
    if not any(windows[resolution_ns] for resolution_ns in RESOLUTIONS):
        return None
    return _parts(_Asked(snapshot, register, fields, aggregate), windows)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What parts are made of, and for what."""

    snapshot: Snapshot
    register: Register
    fields: Sequence[str]
    aggregate: Aggregate


def _parts(asked: _Asked, windows: Mapping[int, Sequence[Window]]) -> str:
    """Return a SELECT of the parts that lie in some windows of each resolution."""
    selects = [_of_points(asked, window) for window in windows.get(RAW, ())]
    rollups = asked.snapshot.rollups
    for resolution_ns, segments in rollups.segments.items() if rollups else ():
        if windows.get(resolution_ns):
            selects.append(_of_summaries(asked, segments, windows[resolution_ns]))
    return " UNION ALL ".join(selects)


def _of_points(asked: _Asked, window: Window) -> str:
    fields = asked.snapshot.measurement.fields
    start_ns, end_ns = window
    wanted = dict.fromkeys(asked.fields)
    rows = render(asked.snapshot, asked.register, start_ns=start_ns, end_ns=end_ns, fields=wanted)
    items = _keys(asked.snapshot)
    for i, name in enumerate(asked.fields):
        physical, type_ = fields[name]
        f = quote(physical)
        number = f if type_ is FieldType.FLOAT else f"{f}::HUGEINT"
        counted, value = f"CASE WHEN {f} IS NOT NULL THEN 1 END AS c{i}", f"{f} AS v{i}"
        items += {
            Aggregate.MEAN: [f"{number} AS s{i}", counted],
            Aggregate.SUM: [f"{number} AS s{i}"],
            Aggregate.COUNT: [counted],
            Aggregate.MIN: [value],
            Aggregate.MAX: [value],
        }.get(asked.aggregate, [value, f"CASE WHEN {f} IS NOT NULL THEN time END AS a{i}"])
    return f"SELECT {', '.join(items)} FROM ({rows})"


def _of_summaries(asked: _Asked, segments: tuple[Segment, ...], windows: Sequence[Window]) -> str:
    points = asked.snapshot.measurement
    measurement = summarised(points)
    source = Snapshot(measurement, segments, (), types=TYPES)
    first = next(iter(measurement.fields), None)  # its summary has the times of the others
    wanted = {name: None for name in (*asked.fields, first) if name in measurement.fields}
    rows = render(source, asked.register, start_ns=windows[0][0], end_ns=windows[-1][1], fields=wanted)
    reference = quote(measurement.fields[first][0]) if first is not None else "NULL"
    items = _keys(asked.snapshot)
    for i, name in enumerate(asked.fields):
        if name in measurement.fields:
            physical, type_ = measurement.fields[name]
            items += _figures(i, quote(physical), type_, reference, asked.aggregate)
        else:
            items += _no_figures(i, points.fields[name][1], asked.aggregate)
    inside = " OR ".join(f"(time >= {start} AND time < {end})" for start, end in windows)
    return f"SELECT {', '.join(items)} FROM ({rows}) WHERE {inside}"


def _figures(i: int, summary: str, type_: FieldType, reference: str, aggregate: Aggregate) -> list[str]:
    counted = f"{figures.count_of(summary)} AS c{i}"
    total = f"{figures.sum_of(summary, type_)} AS s{i}"
    there = f"CASE WHEN {figures.count_of(summary)} IS NOT NULL THEN"
    first_ns, last_ns = (
        f"{there} {at(summary, reference, 'time')} END AS a{i}" for at in (figures.first_ns, figures.last_ns)
    )
    return {
        Aggregate.MEAN: [total, counted],
        Aggregate.SUM: [total],
        Aggregate.COUNT: [counted],
        Aggregate.MIN: [f"{figures.min_of(summary)} AS v{i}"],
        Aggregate.MAX: [f"{figures.max_of(summary)} AS v{i}"],
        Aggregate.FIRST: [f"{figures.first_of(summary)} AS v{i}", first_ns],
        Aggregate.LAST: [f"{figures.last_of(summary)} AS v{i}", last_ns],
    }[aggregate]


def _no_figures(i: int, type_: FieldType, aggregate: Aggregate) -> list[str]:
    """A field that is no number has no summaries."""
    if aggregate is Aggregate.COUNT:
        return [f"NULL::BIGINT AS c{i}"]
    return [f"NULL::{SQL_TYPES[type_]} AS v{i}", f"NULL::BIGINT AS a{i}"]


def _keys(snapshot: Snapshot) -> list[str]:
    tags = snapshot.measurement.tags.values()
    return ["time AS t", *(f"{quote(column)} AS g{i}" for i, column in enumerate(tags))]
