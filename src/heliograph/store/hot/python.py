"""Columns of hot points in plain Python: for where there is no compiler, and what the compiled must equal.

Times are ``array('q')`` in ns, codes and row numbers ``array('i')``; values as in `heliograph.model.table`.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, Final, TypeVar, cast

from heliograph.model.table import Values
from heliograph.model.time import DAY_NS

_V = TypeVar("_V", bound=Values)
_BITS: Final = [bytes((i >> b) & 1 for b in range(8)) for i in range(256)]
_PACKED: Final = {bits: i for i, bits in enumerate(_BITS)}


def bounds(times_ns: array[int]) -> tuple[int, int]:
    """Return the earliest and the latest of some times; there must be one."""
    return min(times_ns), max(times_ns)


def days(times_ns: array[int]) -> list[int]:
    """Return the UTC days of some times, counted from 1970, in order."""
    return sorted({time_ns // DAY_NS for time_ns in times_ns})


def place(
    hot: tuple[array[int], array[int]],
    latest: tuple[array[int], array[int]],
    codes: array[int],
    times_ns: array[int],
) -> tuple[array[int] | None, bool]:
    """Give each row of a batch its row among the hot ones: a new one, or that of the point it merges into.

    Args:
        hot: the codes and the times of the hot rows; new rows are appended.
        latest: by code, the latest time of a series and its row; brought up to date. The time of a series
            without a row is below all times.
        codes: of the batch, the same series having the same codes as in ``hot``.
        times_ns: of the batch.

    Returns:
        The rows, None if all are new; and whether each new one is later than all of its series before it.
    """
    hot_codes, hot_times = hot
    last_times, last_rows = latest
    in_order = True
    rows = array("i")
    first = row = len(hot_times)
    for code, time_ns in zip(codes, times_ns, strict=True):
        if time_ns == last_times[code]:
            rows.append(last_rows[code])
            continue
        if time_ns > last_times[code]:
            last_times[code], last_rows[code] = time_ns, row
        else:
            in_order = False
        hot_codes.append(code)
        hot_times.append(time_ns)
        rows.append(row)
        row += 1
    return (None if row - first == len(rows) else rows), in_order


def merge(values: Any, valid: bytearray, rows: array[int], more: Any, more_valid: bytearray) -> None:
    """Write a batch's values to their rows, which are there; absent ones leave what stands there."""
    for index, there in enumerate(more_valid):
        if there:
            values[rows[index]] = more[index]
            valid[rows[index]] = 1


def pack_bits(flags: bytes | bytearray) -> bytes | None:
    """Return one bit per byte of 0 and 1, lowest first as Arrow wants them; None if all are 1."""
    if 0 not in flags:
        return None
    padded = bytes(flags) + bytes(-len(flags) % 8)
    return bytes(_PACKED[padded[i : i + 8]] for i in range(0, len(padded), 8))


def order(
    codes: array[int], times_ns: array[int], ranks: array[int], span: tuple[int, int], *, in_order: bool
) -> tuple[array[int], array[int] | None]:
    """Return the rows whose time lies within a span, sorted by the rank of their series, time, and arrival.

    Args:
        codes: of the rows.
        times_ns: of the rows.
        ranks: by code, where the series stands.
        span: the first time and the last, both included.
        in_order: each series' times ascend, none twice.

    Returns:
        The rows, and for each of them the number of its point, from 0; None if each is a point of its own.
    """
    first_ns, last_ns = span
    rows = [row for row, time_ns in enumerate(times_ns) if first_ns <= time_ns <= last_ns]
    rows.sort(key=lambda row: (ranks[codes[row]], times_ns[row]))
    if in_order:
        return array("i", rows), None
    points = array("i")
    before: tuple[int, int] | None = None
    for row in rows:
        here = codes[row], times_ns[row]
        points.append(points[-1] + (here != before) if points else 0)
        before = here
    return array("i", rows), (None if not points or points[-1] + 1 == len(points) else points)


def take(values: _V, rows: array[int]) -> _V:
    """Return the values of some rows, in their order."""
    taken: Any = [values[row] for row in rows]
    if isinstance(values, array):
        taken = array(values.typecode, taken)
    elif isinstance(values, bytearray):
        taken = bytearray(taken)
    return cast(_V, taken)


def last_valid(valid: Sequence[int], rows: array[int], points: array[int]) -> tuple[array[int], bytearray]:
    """Return for each point the last of its rows that has a value, or any, and which points have one."""
    count = points[-1] + 1
    chosen = array("i", bytes(4 * count))
    there = bytearray(count)
    for row, point in zip(rows, points, strict=True):
        if valid[row] or not there[point]:
            chosen[point] = row
            there[point] = valid[row]
    return chosen, there
