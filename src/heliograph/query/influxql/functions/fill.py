"""``fill()``: the intervals of a series that have no point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.query.influxql.answer.aggregates import wrapped
from heliograph.query.influxql.answer.prepare import Prepared
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.plan.shapes import NUMERIC, Points, TimeRange, Value
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import Expression, Ref

_BETWEEN_LOOKS: Final = 4_096
"""So many rows are made between two looks at the clock."""
_EDGE: Final = 2**63


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
        return self._on_grid(points, at, end) or self._walk(points, at, end)

    def _on_grid(self, points: Points, at: int, end: int) -> Points | None:
        """Fill intervals of one length with the same value; None where it is not so simple."""
        step = self.interval.length_ns if self.ascending else -self.interval.length_ns
        if self.mode not in ("null", "number") or self.interval.changes.times_ns or points.aux is not None:
            return None
        times = range(at, end + (1 if self.ascending else -1), step)
        known = dict(zip(points.times_ns, points.values, strict=True))
        if len(known) < len(points.times_ns) or not all(time_ns in times for time_ns in known):
            return None
        empty = number_of(self.value, self.kind) if self.mode == "number" else None
        some = times[: self.most] if self.most else times
        return Points(list(some), [known.get(time_ns, empty) for time_ns in some])

    def _walk(self, points: Points, at: int, end: int) -> Points:
        filled = Points([], [], [] if points.aux is not None else None)
        here, count = 0, len(points.times_ns)
        previous: tuple[int, Value] | None = None
        while not 0 < self.most <= len(filled.times_ns):
            if not len(filled.times_ns) % _BETWEEN_LOOKS:
                self.session.check_time()
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
        before, after, place = (_number(time_ns, length) for time_ns in (previous[0], following[0], at))
        change = following[1] - previous[1]
        slope = float(wrapped(change) if isinstance(change, int) else change) / (after - before)
        value = slope * (place - before) + previous[1]
        if self.kind not in ("integer", "unsigned"):
            return float(value)
        return int(value) if -_EDGE <= value < _EDGE else -_EDGE  # as processors turn what is too large


def _number(time_ns: int, length_ns: int) -> int:
    """Return which interval a time is in, counted from 1970 toward it as Go divides."""
    return time_ns // length_ns if time_ns >= 0 else -(-time_ns // length_ns)


def number_of(value: Value, kind: str) -> Value:
    """Return the number of ``fill()`` as a value of a type."""
    if isinstance(value, str | bool) or value is None:
        return value
    if kind in ("integer", "unsigned"):
        return int(value)
    if kind == "float":
        return float(value)
    return "" if kind == "string" else False


class Absent:
    """What stands in a row for the columns that its point lacks: nothing, a number, or what stood before."""

    def __init__(self, prepared: Prepared) -> None:
        self._mode, self._number, self._schema = prepared.fill, prepared.select.fill_value, prepared.schema
        self._group: tuple[str, ...] | None = None
        self._before: dict[Ref, Value] = {}

    def put(self, group: tuple[str, ...], row: Mapping[Ref, Value]) -> dict[Expression, Value]:
        """Return the values of the next row, by column."""
        values: dict[Expression, Value] = {}
        if self._mode == "previous" and group != self._group:
            self._group, self._before = group, {}
        for ref, value in row.items():
            if value is None and self._mode == "number":
                values[ref] = self._filled(ref)
            elif self._mode == "previous":
                self._before[ref] = values[ref] = self._before.get(ref) if value is None else value
            else:
                values[ref] = value
        return values

    def _filled(self, ref: Ref) -> Value:
        kind = self._schema.type_of(ref)
        return number_of(self._number, kind) if kind in NUMERIC else self._number
