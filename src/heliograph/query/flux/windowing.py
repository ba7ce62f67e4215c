"""Windows of time: where they begin and end, by the calendar of a place if wanted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import gcd
from typing import Final

from heliograph.model.time import DAY_NS, HOUR_NS, MAX_TIME_NS, MIN_TIME_NS
from heliograph.query.flux.session import Session
from heliograph.query.flux.values import Duration, later, months_ns, months_of
from heliograph.query.flux.zones import Location
from heliograph.query.influxql.plan.windows import Interval

NONE: Final = Duration(0, 0)
_MONTH_NS: Final = 32 * DAY_NS


@dataclass(frozen=True, slots=True)
class Cut:
    """How SQL tells the window of a time ``t``: an expression, or where windows begin."""

    sql: str = "0"
    starts: tuple[int, ...] = ()
    """Of windows that no expression gives; a window ends where the next begins."""
    step_ns: int = HOUR_NS
    """What all edges are multiples of."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows that begin every so often since 1970; ``every`` is of months or of shorter units."""

    every: Duration
    offset: Duration = NONE
    period: Duration | None = None
    """How long a window is; None where it ends when the next begins."""
    location: Location = Location()  # noqa: RUF009 -- it is immutable
    interval: Interval | None = None
    """None where windows are of months."""
    edges: tuple[int, ...] = ()
    """Where clocks change by more than a window, and not by whole ones: one ends and one begins there."""

    def near(self, low_ns: int, high_ns: int) -> Windows:
        """Return the same windows, ready for the times of a range."""
        if self.every.months:
            return self
        length = self.every.ns
        interval = Interval(length, self.offset.ns - self.location.offset_ns, self.location.zone)
        reach = 2 * max(length, abs(self.period.ns) + self.period.months * _MONTH_NS if self.period else 0)
        low, high = max(low_ns - reach, MIN_TIME_NS), min(high_ns + reach, MAX_TIME_NS)
        interval = interval.within(low, high)
        moves = [after - before for before, after in pairwise(interval.changes.offsets_ns)]
        edges = [
            at + interval.offset_ns
            for at, move in zip(interval.changes.times_ns, moves, strict=True)
            if abs(move) >= length and move % length
        ]
        return replace(self, interval=interval, edges=tuple(edges))

    def start(self, time_ns: int) -> int:
        """Return where the last window begins that a time can lie in."""
        if self.interval is not None:
            edge = self.edges[place - 1] if (place := bisect_right(self.edges, time_ns)) else MIN_TIME_NS
            return max(self.interval.start(time_ns), edge)
        months, shift = self.every.months, self.offset.months
        number = months_of(self.location.local(time_ns - self.offset.ns)) - shift
        return self._month(number // months * months + shift)

    def _month(self, number: int) -> int:
        return self.location.utc(months_ns(number)) + self.offset.ns

    def following(self, start_ns: int) -> int:
        """Return where the next window begins."""
        if self.interval is None:
            return self._month(months_of(self.location.local(start_ns - self.offset.ns)) + self.every.months)
        found = self.interval.following(self.interval.start(start_ns))
        if self.start(found) == found and self.start(found - 1) == start_ns:
            return found
        low, high = start_ns, max(found, start_ns) + 2 * self.every.ns
        while high - low > 1:  # clocks change nearby
            middle = (low + high) // 2
            low, high = (middle, high) if self.start(middle) == start_ns else (low, middle)
        return high

    def stop(self, start_ns: int) -> int:
        """Return where the window that begins at a time ends."""
        return self.following(start_ns) if self.period is None else later(start_ns, self.period)

    def of(self, time_ns: int) -> Iterator[int]:
        """Yield where the windows begin that a time lies in, the last one first."""
        begin = self.start(time_ns)
        while self.stop(begin) > time_ns:
            yield begin
            begin = self.start(begin - 1)

    def within(self, session: Session, low_ns: int, high_ns: int) -> Iterator[tuple[int, int]]:
        """Yield the windows of a range as they are, which may begin before it and end behind it.

        Raises:
            QueryError: they are too many.
        """
        if not self.every.months:
            reach = high_ns - low_ns
            if self.period is not None:
                reach += self.period.ns + self.period.months * _MONTH_NS
            session.check_rows(reach // self.every.ns)
        begin = self.start(low_ns)
        while self.period is not None and self.stop(before := self.start(begin - 1)) > low_ns:
            begin = before
            session.tick()
        while begin < high_ns:
            session.tick()
            if (end := self.stop(begin)) > low_ns:
                yield begin, end
            begin = self.following(begin)

    def cut(self, session: Session, low_ns: int, high_ns: int) -> Cut:
        """Return how SQL finds the windows of a range, which have no period of their own."""
        if self.interval is not None and not self.edges:
            step = gcd(self.every.ns, self.interval.offset_ns, HOUR_NS)
            for offset_ns in self.interval.changes.offsets_ns:
                step = gcd(step, offset_ns)
            return Cut(self.interval.sql("t"), step_ns=step)
        starts = tuple(begin for begin, _ in self.within(session, low_ns, high_ns))
        return Cut("w", starts, gcd(HOUR_NS, *starts))
