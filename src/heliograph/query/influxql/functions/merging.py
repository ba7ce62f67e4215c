"""The order of points of equal time from several series of one group.

InfluxDB takes them from a binary heap of the series, so their order is neither that of the series nor
of the values, but it is always the same: the heap is followed here step by step. Columns of text decide
before it does, as long as no column of another type stands before them by name. Each shard has a heap
of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

Row = tuple[Any, ...] | list[Any]
_FIRST_SHARD_NS: Final = 62_135_596_800 * 1_000_000_000
"""From the start of the year 1, where InfluxDB begins to count shards, to 1970."""


def shard_of(time_ns: int, shard_ns: int) -> int:
    """Return the number of the shard that a time lies in."""
    return (time_ns + _FIRST_SHARD_NS) // shard_ns


def shard_start_ns(time_ns: int, shard_ns: int) -> int:
    """Return where the shard begins that a time lies in."""
    return time_ns - (time_ns + _FIRST_SHARD_NS) % shard_ns


@dataclass(frozen=True, slots=True)
class Merging:
    """How rows are compared and told apart."""

    place: Callable[[Row], Any]
    """What they are ordered by: their time, or something before it."""
    series: Callable[[Row], Any]
    """The series of a row; the heap begins with them in this order."""
    text_at: Sequence[int]
    """The places of the columns of text that decide where the order does not, one after the other."""
    ascending: bool

    def rows(self, rows: Sequence[Row], time_at: int, shard_ns: int) -> Sequence[Row]:
        """Return rows, which come by time, in the order in which InfluxDB takes them."""
        if all(rows[i][time_at] != rows[i - 1][time_at] for i in range(1, len(rows))):
            return rows
        shards = groupby(rows, lambda row: shard_of(row[time_at], shard_ns))
        return [row for _, some in shards for row in self.taken(some)]

    def taken(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows, those of each series in their order, as the heap gives them."""
        by_series: dict[Any, list[Row]] = defaultdict(list)
        for row in rows:
            by_series[self.series(row)].append(row)
        streams = [iter(by_series[key]) for key in sorted(by_series, reverse=not self.ascending)]
        heap = [(next(stream), stream) for stream in streams]
        for start in range(len(heap) // 2 - 1, -1, -1):
            sift_down(heap, start, len(heap), self._less)
        while heap:
            last = len(heap) - 1
            heap[0], heap[last] = heap[last], heap[0]
            sift_down(heap, 0, last, self._less)
            row, stream = heap.pop()
            yield row
            following = next(stream, None)
            if following is not None:
                heap.append((following, stream))
                sift_up(heap, len(heap) - 1, self._less)

    def _less(self, item: tuple[Row, Any], other_item: tuple[Row, Any]) -> bool:
        one, other = item[0], other_item[0]
        place, other_place = self.place(one), self.place(other)
        if place != other_place:
            return bool((place < other_place) == self.ascending)
        for at in self.text_at:
            if one[at] is None or other[at] is None:
                return False
            if one[at] != other[at]:
                return bool((one[at] < other[at]) == self.ascending)
        return False


Less = Callable[[Any, Any], bool]
"""Returns whether one item of a heap comes before another."""


def sift_down(heap: list[Any], at: int, size: int, less: Less) -> None:
    """Move an item toward the end of a heap's first items, as far as it belongs there."""
    while (child := 2 * at + 1) < size:
        if child + 1 < size and less(heap[child + 1], heap[child]):
            child += 1
        if not less(heap[child], heap[at]):
            return
        heap[at], heap[child] = heap[child], heap[at]
        at = child


def sift_up(heap: list[Any], at: int, less: Less) -> None:
    """Move an item toward the start of a heap, as far as it belongs there."""
    while at > 0 and less(heap[at], heap[parent := (at - 1) // 2]):
        heap[at], heap[parent] = heap[parent], heap[at]
        at = parent
