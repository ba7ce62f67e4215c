"""The order of points of equal time from several series of one group.

InfluxDB takes them from a binary heap of the series, so their order is neither that of the series nor
of the values, but it is always the same: the heap is followed here step by step. Columns of text decide
before it does, as long as no column of another type stands before them by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

Row = tuple[Any, ...]
Series = list[Row]


def merged(
    rows: Sequence[Row],
    time_at: int,
    series_of: Callable[[Row], str],
    text_at: Sequence[int],
    *,
    ascending: bool,
) -> Sequence[Row]:
    """Return the rows of one group, which come by time, in the order in which InfluxDB takes them.

    ``text_at`` are the places of the columns of text that decide, in their order.
    """
    if all(rows[i][time_at] != rows[i - 1][time_at] for i in range(1, len(rows))):
        return rows
    by_series: dict[str, Series] = defaultdict(list)
    for row in rows:
        by_series[series_of(row)].append(row)
    sign = 1 if ascending else -1
    streams = [iter(by_series[key]) for key in sorted(by_series, reverse=not ascending)]
    heap = [(next(stream), stream) for stream in streams]

    def less(left: int, right: int) -> bool:
        one, other = heap[left][0], heap[right][0]
        if one[time_at] != other[time_at]:
            return bool(sign * one[time_at] < sign * other[time_at])
        for at in text_at:
            if one[at] is None or other[at] is None:
                return False
            if one[at] != other[at]:
                return bool(one[at] < other[at]) if ascending else bool(one[at] > other[at])
        return False

    for start in range(len(heap) // 2 - 1, -1, -1):
        _down(heap, start, len(heap), less)
    taken: list[Row] = []
    while heap:
        last = len(heap) - 1
        heap[0], heap[last] = heap[last], heap[0]
        _down(heap, 0, last, less)
        row, stream = heap.pop()
        taken.append(row)
        following = next(stream, None)
        if following is not None:
            heap.append((following, stream))
            _up(heap, len(heap) - 1, less)
    return taken


def _down(heap: list[Any], at: int, size: int, less: Callable[[int, int], bool]) -> None:
    while (child := 2 * at + 1) < size:
        if child + 1 < size and less(child + 1, child):
            child += 1
        if not less(child, at):
            return
        heap[at], heap[child] = heap[child], heap[at]
        at = child


def _up(heap: list[Any], at: int, less: Callable[[int, int], bool]) -> None:
    while at > 0 and less(at, parent := (at - 1) // 2):
        heap[at], heap[parent] = heap[parent], heap[at]
        at = parent
