"""Functions of the few points of a panel, in Python: each interval's points, and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from statistics import fmean, median
from typing import Any, Final

from heliograph.query.influxql.answer.relations import Computed
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.memory.rows import FEW_ROWS, by_time, rows_in_memory
from heliograph.query.influxql.plan.shapes import Points
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import Ref

Pair = tuple[int, Any]
"""A time and a number."""
Windows = dict[tuple[str, ...], list[tuple[int, list[Pair]]]]
"""By group the intervals that have points, by time."""


def windows_of(
    group: Group, ref: Ref, interval: Interval | None, *, few: int = 0, newest: bool = False
) -> Windows | None:
    """Return a field's points by group and interval; None where they have to be asked for in SQL."""
    held = rows_in_memory(group, [ref], [ref], few=few, newest=newest, most=FEW_ROWS)
    if held is None:
        return None
    width = len(group.keys)
    start_ns = group.span.min_ns or 0
    found: Windows = {}
    for key in sorted(held):
        pairs: list[Pair] = [row[width:] for row in by_time(held[key], width)]
        found[key] = list(_cut(pairs, interval)) if interval else [(start_ns, pairs)]
    return found


def windows_within(group: Group, ref: Ref, interval: Interval | None) -> Windows | None:
    """Return a subquery's numbers by group and interval; None where they have to be asked for in SQL."""
    if len(group.relations) != 1 or group.prepared.condition is not None:
        return None
    (relation,) = group.relations
    if not isinstance(relation, Computed) or len(relation.rows) > FEW_ROWS:
        return None
    found = relation.numbers(ref, group.dimensions)
    if found is None:
        return None
    start_ns = group.span.min_ns or 0
    windows: Windows = {}
    for key in sorted(found):
        pairs = sorted(found[key], key=itemgetter(0))
        windows[key] = list(_cut(pairs, interval)) if interval else [(start_ns, pairs)]
    return windows


def _cut(pairs: Sequence[Pair], interval: Interval) -> Iterator[tuple[int, list[Pair]]]:
    """Yield the starts of intervals, and the points of each."""
    if interval.changes.times_ns:  # a zone's clock is changed: intervals differ in length
        for start_ns, some in groupby(pairs, key=lambda pair: interval.start(pair[0])):
            yield start_ns, list(some)
        return
    first = 0
    while first < len(pairs):
        start_ns = interval.start(pairs[first][0])
        end_ns = interval.following(start_ns)
        end = first + 1
        while end < len(pairs) and pairs[end][0] < end_ns:
            end += 1
        yield start_ns, list(pairs[first:end])
        first = end


def made(group: Group, windows: Windows, function: Callable[[list[Pair]], Any]) -> dict[Any, Points]:
    """Return one point for each interval, in the order of the answer."""
    found: dict[Any, Points] = {}
    for key, some in windows.items():
        ordered = some if group.prepared.ascending else some[::-1]
        times = [start_ns for start_ns, _ in ordered]
        found[group.name, key] = Points(times, [function(pairs) for _, pairs in ordered])
    return found


def _sum(pairs: list[Pair]) -> Any:
    return sum([value for _, value in pairs])


def _spread(pairs: list[Pair]) -> Any:
    values = [value for _, value in pairs]
    return max(values) - min(values)


def _stddev(pairs: list[Pair]) -> float | None:
    if len(pairs) < 2:
        return None
    values = [float(value) for _, value in pairs]
    mean = fmean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


AGGREGATES: Final[dict[str, Callable[[list[Pair]], Any]]] = {
    "count": len,
    "sum": _sum,
    "mean": lambda pairs: _sum(pairs) / len(pairs),
    "min": lambda pairs: min([value for _, value in pairs]),
    "max": lambda pairs: max([value for _, value in pairs]),
    # of equal times the larger value wins
    "first": lambda pairs: max(pairs, key=lambda pair: (-pair[0], pair[1]))[1],
    "last": lambda pairs: max(pairs)[1],
    "spread": _spread,
    "stddev": _stddev,
    "median": lambda pairs: float(median([value for _, value in pairs])),
}
"""What each function makes of the points of an interval."""


def chosen(name: str, pairs: list[Pair], share: float) -> list[Pair]:
    """Return the points of an interval that a selector takes, the best first."""
    if name == "last":
        return [max(pairs)]
    if name == "first":
        first_ns = min(pairs)[0]
        return [max(pair for pair in pairs if pair[0] == first_ns)]
    if name == "min":
        return [min(pairs, key=_rising)]
    if name == "max":
        return [min(pairs, key=_falling)]
    if name == "percentile":
        rank = math.floor(len(pairs) * share / 100 + 0.5)
        return [sorted(pairs, key=_rising)[rank - 1]] if 1 <= rank <= len(pairs) else []
    best = sorted(pairs, key=_falling if name == "top" else _rising)
    return best[: int(share)]


def _rising(pair: Pair) -> tuple[Any, int]:
    return pair[1], pair[0]


def _falling(pair: Pair) -> tuple[Any, int]:
    return -pair[1], pair[0]
