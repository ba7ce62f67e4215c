"""``fill()``: the intervals of a series that have no point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.plan.shapes import Points, TimeRange, Value
from heliograph.query.influxql.plan.windows import Interval


@dataclass(frozen=True, slots=True)
class Filling:
    """How the gaps of one call's series are filled."""

    session: Session
    interval: Interval
    span: TimeRange
    ascending: bool
    mode: str
    value: Value
    kind: str
    """The type of the values."""
    most: int
    """So many points are enough; 0 is all."""

    def fill(self, points: Points) -> Points:
        """Return a series with a point for every interval of the range.

        A point before its interval takes the place of that interval, as in InfluxDB: so it is where a
        subquery's intervals begin before the range.
        """
        if not points.times_ns:
            return points
        first, last = self.span.min_ns, self.span.max_ns
        if not self.ascending:
            first, last = last, first
        at = points.times_ns[0] if first is None else self.interval.start(first)
        end = points.times_ns[-1] if last is None else self.interval.start(last)
        count = abs(end - at) // self.interval.length_ns
        self.session.check_rows(min(count, self.most) if self.most else count)
        self.session.check_time()
        return self._walk(points, at, end)

    def _walk(self, points: Points, at: int, end: int) -> Points:
        filled = Points([], [], [] if points.aux is not None else None)
        here, count = 0, len(points.times_ns)
        previous: tuple[int, Value] | None = None
        while not 0 < self.most <= len(filled.times_ns):
            if here < count and self._reached(points.times_ns[here], at):
                previous = (points.times_ns[here], points.values[here])
                self._copy(points, here, filled)
                here += 1
            elif here < count or self._reached(at, end):
                following = (points.times_ns[here], points.values[here]) if here < count else None
                filled.times_ns.append(at)
                filled.values.append(self._value(at, previous, following))
                if filled.aux is not None and points.aux:
                    filled.aux.append((None,) * len(points.aux[0]))
            else:
                break
            at = self.interval.following(at, ascending=self.ascending)
        return filled

    def _reached(self, point_ns: int, at: int) -> bool:
        return point_ns <= at if self.ascending else point_ns >= at

    @staticmethod
    def _copy(points: Points, index: int, filled: Points) -> None:
        filled.times_ns.append(points.times_ns[index])
        filled.values.append(points.values[index])
        if filled.aux is not None and points.aux is not None:
            filled.aux.append(points.aux[index])

    def _value(
        self, at: int, previous: tuple[int, Value] | None, following: tuple[int, Value] | None
    ) -> Value:
        if self.mode == "number":
            return number_of(self.value, self.kind)
        if previous is None:
            return None
        if self.mode == "previous":
            return previous[1]
        if self.mode != "linear" or following is None:
            return None
        return self._linear(at, previous, following)

    def _linear(self, at: int, previous: tuple[int, Any], following: tuple[int, Any]) -> Value:
        if self.kind in ("string", "boolean") or previous[1] is None or following[1] is None:
            return None
        length = self.interval.length_ns
        before, after = previous[0] // length, following[0] // length
        slope = (following[1] - previous[1]) / (after - before)
        value = slope * (at // length - before) + previous[1]
        return int(value) if self.kind in ("integer", "unsigned") else float(value)


def number_of(value: Value, kind: str) -> Value:
    """Return the number of ``fill()`` as a value of a type."""
    if isinstance(value, str | bool) or value is None:
        return value
    if kind in ("integer", "unsigned"):
        return int(value)
    if kind == "float":
        return float(value)
    return "" if kind == "string" else False
