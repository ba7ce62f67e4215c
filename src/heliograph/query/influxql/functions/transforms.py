"""Functions of the points of a series, one after the other: changes, running sums and areas."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final

from heliograph.model.time import SECOND_NS
from heliograph.query.influxql.answer.aggregates import number, wrapped
from heliograph.query.influxql.plan.shapes import Points
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import Call, Duration

Pair = tuple[int, Any]
TRANSFORMS: Final = frozenset(
    {
        "derivative",
        "non_negative_derivative",
        "difference",
        "non_negative_difference",
        "moving_average",
        "cumulative_sum",
        "elapsed",
    }
)
EXTENDED: Final = TRANSFORMS - {"cumulative_sum"}
"""Those that look at the interval before the range."""


def transform(call: Call, points: Points, interval: Interval | None, *, ascending: bool) -> Points:
    """Return the points of a function of a series' points."""
    present = [pair for pair in zip(points.times_ns, points.values, strict=True) if pair[1] is not None]
    if call.name in ("derivative", "non_negative_derivative"):
        unit_ns = unit(call, interval.length_ns if interval else SECOND_NS)
        made = _derivative(present, unit_ns, ascending=ascending, negative=call.name == "derivative")
    elif call.name in ("difference", "non_negative_difference"):
        made = _difference(present, negative=call.name == "difference")
    elif call.name == "moving_average":
        made = _moving_average(present, int(number(call)))
    elif call.name == "cumulative_sum":
        made = _cumulative_sum(present)
    else:
        made = _elapsed(present, unit(call, 1))
    pairs = list(made)
    return Points([at for at, _ in pairs], [value for _, value in pairs])


def unit(call: Call, default_ns: int) -> int:
    """Return the unit of time that a call names."""
    named = call.args[1] if len(call.args) > 1 else None
    return named.value_ns if isinstance(named, Duration) else default_ns


def _steps(pairs: Iterable[Pair]) -> Iterator[tuple[Pair, Pair]]:
    """Yield each point with the one before; of equal times only the first counts."""
    previous: Pair | None = None
    for pair in pairs:
        if previous is None:
            previous = pair
        elif pair[0] != previous[0]:
            yield previous, pair
            previous = pair


def _derivative(pairs: Iterable[Pair], unit_ns: int, *, ascending: bool, negative: bool) -> Iterator[Pair]:
    for (before_ns, before), (at, value) in _steps(pairs):
        change = wrapped(value - before) if isinstance(value, int) else value - before
        elapsed_ns = at - before_ns if ascending else before_ns - at
        if negative or change >= 0:
            yield at, (float(change) / (elapsed_ns / unit_ns) if elapsed_ns > 0 else 0.0)


def _difference(pairs: Iterable[Pair], *, negative: bool) -> Iterator[Pair]:
    for (_, before), (at, value) in _steps(pairs):
        change = value - before
        if isinstance(change, int):
            change = wrapped(change)
        if negative or change >= 0:
            yield at, change


def _moving_average(pairs: Iterable[Pair], size: int) -> Iterator[Pair]:
    window: deque[Any] = deque(maxlen=size)
    total: Any = 0
    latest: int | None = None
    for at, value in pairs:
        if at == latest:
            continue
        latest = at
        if len(window) == size:
            total -= window.popleft()
        window.append(value)
        total += value
        if isinstance(total, int):
            total = wrapped(total)
        if len(window) == size:
            yield at, float(total) / size


def _cumulative_sum(pairs: Iterable[Pair]) -> Iterator[Pair]:
    total: Any = 0
    for at, value in pairs:
        total += value
        if isinstance(total, int):
            total = wrapped(total)
        yield at, total


def _elapsed(pairs: Iterable[Pair], unit_ns: int) -> Iterator[Pair]:
    previous: int | None = None
    for at, _ in pairs:
        if previous is not None:
            passed = at - previous
            yield at, passed // unit_ns if passed >= 0 else -(-passed // unit_ns)
        previous = at


def integral(call: Call, points: Points, interval: Interval | None, *, ascending: bool) -> Points:
    """Return the area below a series' points, per interval: straight lines from point to point."""
    unit_ns = unit(call, SECOND_NS)
    made = Points([], [])
    area, last = 0.0, None
    begin_ns = end_ns = 0
    for at, raw in zip(points.times_ns, points.values, strict=True):
        value: Any = raw
        if last is None:
            begin_ns, end_ns = _window(interval, at, ascending=ascending)
        elif at != last[0]:
            passed = interval is not None and (at >= end_ns if ascending else at <= end_ns)
            if passed:
                edge = _line(end_ns, last, (at, value))
                area += 0.5 * (edge + last[1]) * ((end_ns - last[0]) / unit_ns)
                made.times_ns.append(begin_ns)
                made.values.append(area)
                if last[0] != end_ns:
                    last = (end_ns, edge)
                begin_ns, end_ns = _window(interval, at, ascending=ascending)
                area = 0.0
            area += 0.5 * (value + last[1]) * ((at - last[0]) / unit_ns)
        last = (at, value)
    if last is not None and last[0] != begin_ns:
        made.times_ns.append(begin_ns)
        made.values.append(area)
    return made


def _window(interval: Interval | None, at: int, *, ascending: bool) -> tuple[int, int]:
    if interval is None:
        return 0, 0
    start_ns = interval.start(at)
    end_ns = interval.following(start_ns)
    return (start_ns, end_ns) if ascending else (end_ns, start_ns)


def _line(at: int, before: Pair, after: Pair) -> float:
    slope = (after[1] - before[1]) / (after[0] - before[0])
    return float(slope * (at - before[0]) + before[1])
