"""The intervals of GROUP BY time(): in which one a time lies, in Python and in SQL."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from heliograph.model.time import DAY_NS, MAX_TIME_NS, MIN_TIME_NS, SECOND_NS

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_S = -2_208_988_800
_LAST_S = 4_102_444_800
"""1900 to 2100: outside of it a zone's last known offset holds."""


def zone_offset_ns(zone: str, time_ns: int) -> int:
    """Return how far a zone is ahead of UTC at a time."""
    return _offset_s(ZoneInfo(zone), time_ns // SECOND_NS) * SECOND_NS if zone else 0


def _offset_s(zone: ZoneInfo, at_s: int) -> int:
    moment = _EPOCH + dt.timedelta(seconds=min(max(at_s, _FIRST_S), _LAST_S))
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


@dataclass(frozen=True, slots=True)
class Changes:
    """A zone's offsets within a range: those from each of ``times_ns`` on, and the one before."""

    times_ns: list[int] = field(default_factory=list)
    offsets_ns: list[int] = field(default_factory=lambda: [0])

    def at(self, time_ns: int) -> int:
        """Return the offset at a time."""
        return self.offsets_ns[bisect_right(self.times_ns, time_ns)]

    def sql(self, expression: str) -> str:
        """Return SQL for the offset at a time."""
        if not self.times_ns:
            return str(self.offsets_ns[0])
        cases = " ".join(
            f"WHEN {expression} < {at} THEN {offset}"
            for at, offset in zip(self.times_ns, self.offsets_ns, strict=False)
        )
        return f"(CASE {cases} ELSE {self.offsets_ns[-1]} END)"


def zone_changes(zone: str, start_ns: int, end_ns: int) -> Changes:
    """Return the offsets of a zone from one time to another."""
    if not zone:
        return Changes()
    place = ZoneInfo(zone)
    step_s = 7 * DAY_NS // SECOND_NS
    at_s = max(start_ns // SECOND_NS - step_s, _FIRST_S)
    end_s = min(end_ns // SECOND_NS + step_s, _LAST_S)
    offset = _offset_s(place, at_s)
    changes = Changes([], [offset * SECOND_NS])
    while at_s < end_s:
        following = _offset_s(place, at_s + step_s)
        if following != offset:
            changes.times_ns.append(_change(place, at_s, at_s + step_s, offset) * SECOND_NS)
            changes.offsets_ns.append(following * SECOND_NS)
            offset = following
        at_s += step_s
    return changes


def _change(place: ZoneInfo, low_s: int, high_s: int, before: int) -> int:
    while high_s - low_s > 1:
        middle = (low_s + high_s) // 2
        if _offset_s(place, middle) == before:
            low_s = middle
        else:
            high_s = middle
    return high_s


@dataclass(frozen=True, slots=True)
class Interval:
    """Intervals of one length, shifted, and aligned to a zone's own midnight."""

    length_ns: int
    offset_ns: int = 0
    zone: str = ""
    changes: Changes = field(default_factory=Changes)

    def within(self, start_ns: int, end_ns: int) -> Interval:
        """Return the same intervals, ready for times of a range."""
        if not self.zone:
            return self
        return Interval(self.length_ns, self.offset_ns, self.zone, zone_changes(self.zone, start_ns, end_ns))

    def start(self, time_ns: int) -> int:
        """Return where the interval begins that a time lies in."""
        at = time_ns - self.offset_ns
        zone_ns = self.changes.at(at)
        into = (at + zone_ns) % self.length_ns
        if MIN_TIME_NS + into >= at:
            return MIN_TIME_NS
        begin = at - into
        moved = zone_ns - self.changes.at(begin)
        if moved and abs(moved) < self.length_ns:
            begin += moved
        return begin + self.offset_ns

    def following(self, start_ns: int, *, ascending: bool = True) -> int:
        """Return where the next interval begins, or the one before."""
        step = self.length_ns if ascending else -self.length_ns
        at = start_ns + step
        moved = self.changes.at(start_ns - 1) - self.changes.at(at - 1)
        if moved and abs(moved) < self.length_ns:
            at += moved
        return at

    def sql(self, column: str) -> str:
        """Return SQL for the start of the interval that a column's time lies in."""
        at = f"({column} - {self.offset_ns})" if self.offset_ns else column
        length = self.length_ns
        zone = self.changes.sql(at)
        local = at if zone == "0" else f"({at} + {zone})"
        into = f"({local} % {length} + CASE WHEN {local} % {length} < 0 THEN {length} ELSE 0 END)"
        begin = f"({at} - {into})"
        if self.changes.times_ns:
            moved = f"({zone} - {self.changes.sql(begin)})"
            begin = f"({begin} + CASE WHEN abs({moved}) < {length} THEN {moved} ELSE 0 END)"
        return f"({begin} + {self.offset_ns})" if self.offset_ns else begin

    def count(self, start_ns: int, end_ns: int) -> int:
        """Return how many intervals touch a range."""
        return (min(end_ns, MAX_TIME_NS) - max(start_ns, MIN_TIME_NS)) // self.length_ns + 1
