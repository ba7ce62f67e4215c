"""The order in which Go 1.19 sorts: it decides which of several equal values percentile() takes.

Pattern-defeating quicksort, as Orson Peters published it, with the choices that Go makes: up to twelve
values by insertion, the middle of three or of nine as pivot, and swaps from a small random generator
where a pivot was bad. Equal values are moved, so their order is a matter of every step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_INSERTION: Final = 12
_NINTHER: Final = 50
_STEPS: Final = 5
_MASK: Final = 2**64 - 1
_INCREASING, _DECREASING, _UNKNOWN = range(3)


def go_sorted(rows: list[Any], key: Callable[[Any], Any]) -> list[Any]:
    """Return rows by a key, equal ones in the order in which Go leaves them."""
    sorting = _Sorting([(key(row), row) for row in rows])
    sorting.quick(0, len(rows), len(rows).bit_length())
    return [row for _, row in sorting.data]


class _Sorting:
    def __init__(self, data: list[tuple[Any, Any]]) -> None:
        self.data = data

    def _less(self, i: int, j: int) -> bool:
        return bool(self.data[i][0] < self.data[j][0])

    def _swap(self, i: int, j: int) -> None:
        self.data[i], self.data[j] = self.data[j], self.data[i]

    def quick(self, a: int, b: int, limit: int) -> None:
        """Sort a part."""
        balanced = partitioned = True
        while b - a > _INSERTION:
            if not limit:
                self._heap(a, b)
                return
            if not balanced:
                self._scatter(a, b)
                limit -= 1
            pivot, hint = self._pivot(a, b)
            if hint == _DECREASING:
                self.data[a:b] = self.data[a:b][::-1]
                pivot, hint = b - 1 - (pivot - a), _INCREASING
            if balanced and partitioned and hint == _INCREASING and self._nearly_sorted(a, b):
                return
            if a > 0 and not self._less(a - 1, pivot):
                a = self._part_equal(a, b, pivot)
                continue
            length = b - a
            middle, partitioned = self._part(a, b, pivot)
            balanced = min(middle - a, b - middle) >= length // 8
            if middle - a < b - middle:
                self.quick(a, middle, limit)
                a = middle + 1
            else:
                self.quick(middle + 1, b, limit)
                b = middle
        self._insertion(a, b)

    def _insertion(self, a: int, b: int) -> None:
        for i in range(a + 1, b):
            j = i
            while j > a and self._less(j, j - 1):
                self._swap(j, j - 1)
                j -= 1

    def _heap(self, a: int, b: int) -> None:
        for start in range((b - a - 1) // 2, -1, -1):
            self._sift(start, b - a, a)
        for last in range(b - a - 1, -1, -1):
            self._swap(a, a + last)
            self._sift(0, last, a)

    def _sift(self, root: int, size: int, first: int) -> None:
        while (child := 2 * root + 1) < size:
            if child + 1 < size and self._less(first + child, first + child + 1):
                child += 1
            if not self._less(first + root, first + child):
                return
            self._swap(first + root, first + child)
            root = child

    def _scatter(self, a: int, b: int) -> None:
        length = b - a
        number, modulus = length, 1 << length.bit_length()
        for at in range(a + length // 4 * 2 - 1, a + length // 4 * 2 + 2):
            number ^= number << 13 & _MASK
            number ^= number >> 17
            number ^= number << 5 & _MASK
            other = number & (modulus - 1)
            self._swap(at, a + (other - length if other >= length else other))

    def _pivot(self, a: int, b: int) -> tuple[int, int]:
        quarter = (b - a) // 4
        places = [a + quarter, a + 2 * quarter, a + 3 * quarter]
        swaps = 0
        if b - a >= _NINTHER:
            for n, place in enumerate(places):
                places[n], more = self._median(place - 1, place, place + 1)
                swaps += more
        pivot, more = self._median(*places)
        swaps += more
        return pivot, {0: _INCREASING, 12: _DECREASING}.get(swaps, _UNKNOWN)

    def _median(self, a: int, b: int, c: int) -> tuple[int, int]:
        swaps = 0
        if self._less(b, a):
            a, b, swaps = b, a, swaps + 1
        if self._less(c, b):
            b, c, swaps = c, b, swaps + 1
        if self._less(b, a):
            a, b, swaps = b, a, swaps + 1
        return b, swaps

    def _nearly_sorted(self, a: int, b: int) -> bool:
        """Move a few values, and return whether all are sorted then."""
        i = a + 1
        for _ in range(_STEPS):
            while i < b and not self._less(i, i - 1):
                i += 1
            if i == b:
                return True
            if b - a < _NINTHER:
                return False
            self._swap(i, i - 1)
            if i - a >= 2:
                j = i - 1
                while j >= 1 and self._less(j, j - 1):
                    self._swap(j, j - 1)
                    j -= 1
            if b - i >= 2:
                j = i + 1
                while j < b and self._less(j, j - 1):
                    self._swap(j, j - 1)
                    j += 1
        return False

    def _part(self, a: int, b: int, pivot: int) -> tuple[int, bool]:
        """Put smaller values before the pivot; return its place, and whether they were there already."""
        self._swap(a, pivot)
        i, j = self._between(a, a + 1, b - 1)
        already = i > j
        while i <= j:
            self._swap(i, j)
            i, j = self._between(a, i + 1, j - 1)
        self._swap(j, a)
        return j, already

    def _between(self, a: int, i: int, j: int) -> tuple[int, int]:
        while i <= j and self._less(i, a):
            i += 1
        while i <= j and not self._less(j, a):
            j -= 1
        return i, j

    def _part_equal(self, a: int, b: int, pivot: int) -> int:
        """Put values equal to the pivot before all others, which are larger; return where those begin."""
        self._swap(a, pivot)
        i, j = a + 1, b - 1
        while True:
            while i <= j and not self._less(a, i):
                i += 1
            while i <= j and self._less(a, j):
                j -= 1
            if i > j:
                return i
            self._swap(i, j)
            i, j = i + 1, j - 1
