"""percentile(), mode(), top() and bottom() where values are equal.

InfluxDB sorts or keeps a heap, and takes what lies there then.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from heliograph.query.influxql.answer.aggregates import Found, argument, number
from heliograph.query.influxql.answer.raw import driven_rows
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.functions.go_sort import go_sorted
from heliograph.query.influxql.functions.merging import sift_down, sift_up
from heliograph.query.influxql.plan.shapes import Key, Points
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import Call, Ref

_MOST_ROWS: Final = 20_000
"""Of more rows the first of equal values is taken, by SQL."""


def sorted_percentiles(
    group: Group, call: Call, interval: Interval | None, aux: Sequence[Ref], *, own_time: bool
) -> Found | None:
    """Return the point that InfluxDB takes in each interval, None of too many rows."""
    if _is_large(group, argument(call)):
        return None
    share = float(number(call))
    found: Found = {}
    for key, window_ns, rows in _windows(group, argument(call), aux, interval):
        at = math.floor(len(rows) * share / 100 + 0.5) - 1
        if 0 <= at < len(rows):
            time_ns, value, *others = go_sorted(rows, lambda row: row[1])[at]
            _add(found, key, time_ns if own_time else window_ns, value, others if aux else None)
    return found


def sorted_modes(group: Group, call: Call, interval: Interval | None) -> Found | None:
    """Return the value that InfluxDB takes for the most frequent one, None of too many rows."""
    if _is_large(group, argument(call)):
        return None
    found: Found = {}
    for key, window_ns, rows in _windows(group, argument(call), (), interval):
        _add(found, key, window_ns, _mode(go_sorted(rows, lambda row: row[1])), None)
    return found


def sorted_extremes(group: Group, call: Call, interval: Interval | None, aux: Sequence[Ref]) -> Found | None:
    """Return the points that top() or bottom() keeps of each interval, None of too many rows.

    It keeps them in a heap, whose order shows where values and times are equal. With tags the
    best point of each comes to it, in the order of these tags.
    """
    if _is_large(group, argument(call)):
        return None
    sign = -1 if call.name == "top" else 1
    tags = sorted({arg for arg in call.args[1:] if isinstance(arg, Ref)}, key=lambda tag: tag.name)
    width = 2 + len(aux)
    found: Found = {}
    for key, _, rows in _windows(group, argument(call), [*aux, *tags], interval):
        some = _best_of_each(rows, width, sign) if tags else rows
        kept = go_sorted(_heaped(some, int(number(call)), sign), lambda row: (sign * row[1], row[0]))
        for row in sorted(kept, key=itemgetter(0)):
            _add(found, key, row[0], row[1], row[2:width] if aux else None)
    return found


def _best_of_each(rows: Iterable[Any], width: int, sign: int) -> list[Any]:
    """Return the best row by the tags that stand from a place on, the earlier of equal ones."""
    best: dict[tuple[str, ...], Any] = {}
    for row in rows:
        tags = tuple(tag or "" for tag in row[width:])
        other = best.get(tags)
        if other is None or (sign * row[1], row[0]) < (sign * other[1], other[0]):
            best[tags] = row
    return [row for _, row in sorted(best.items(), key=itemgetter(0))]


def _heaped(rows: Iterable[Any], size: int, sign: int) -> list[Any]:
    """Return the first rows by value and time, as they lie in a heap with the last of them on top."""

    def worse(one: Any, other: Any) -> bool:
        return bool((sign * one[1], one[0]) > (sign * other[1], other[0]))

    heap: list[Any] = []
    for row in rows:
        if len(heap) < size:
            heap.append(row)
            sift_up(heap, len(heap) - 1, worse)
        elif worse(heap[0], row):
            heap[0] = row
            sift_down(heap, 0, size, worse)
    return heap


def _is_large(group: Group, ref: Ref) -> bool:
    sql, parameters = group.scan([("c", ref)], present=["c"])
    rows = group.session.rows(
        f"SELECT count(*) FROM (SELECT 1 FROM ({sql}) WHERE c IS NOT NULL LIMIT {_MOST_ROWS + 1})", parameters
    )
    return any(row[0] > _MOST_ROWS for row in rows)


def _windows(
    group: Group, ref: Ref, aux: Sequence[Ref], interval: Interval | None
) -> Iterator[tuple[Key, int, list[Any]]]:
    """Yield the rows (time, value, other columns…) of each series' intervals."""
    width, start_ns = len(group.keys), group.span.min_ns or 0
    for tags, rows in driven_rows(group, ref, aux):
        listed = [row[width : width + 2 + len(aux)] for row in rows]
        if interval is None:
            yield (group.name, tags), start_ns, listed
            continue
        for window_ns, some in groupby(listed, lambda row: interval.start(row[0])):
            yield (group.name, tags), window_ns, list(some)


def _add(found: Found, key: Key, time_ns: int, value: Any, others: list[Any] | None) -> None:
    points = found.setdefault(key, Points([], [], None if others is None else []))
    points.times_ns.append(time_ns)
    points.values.append(value)
    if points.aux is not None and others is not None:
        points.aux.append(tuple(others))


def _mode(rows: list[Any]) -> Any:
    """Of equally frequent values the earlier wins; one that came once counts only if it is the smallest."""
    if isinstance(rows[0][1], bool):
        return sum(row[1] for row in rows) * 2 >= len(rows)
    most, mode, mode_ns = 0, rows[0][1], rows[0][0]
    for number_, (value, some) in enumerate(groupby(rows, lambda row: row[1])):
        first_ns = 0
        for count, (time_ns, *_) in enumerate(some, 1):
            if count == 1:
                first_ns = time_ns
            counts = count > 1 or number_ == 0
            if counts and (count > most or (count == most and first_ns <= mode_ns)):
                most, mode, mode_ns = count, value, time_ns
    return mode
