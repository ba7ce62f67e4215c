"""How far the rollups are: which hours have to be summarised, and what is forgotten of each resolution."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from heliograph.model.time import HOUR_NS, MAX_TIME_NS, MIN_TIME_NS
from heliograph.store.database import Database
from heliograph.store.relation import Segment, Window
from heliograph.store.retention import Place
from heliograph.store.rollups.summary import RAW

FIRST_HOUR: Final = MIN_TIME_NS // HOUR_NS
"""It begins before the first time that 64 bits can tell, so it is never summarised."""


def hour_span(first: int, last: int) -> Window:
    """Return the time from the beginning of one hour to the end of another."""
    return max(first * HOUR_NS, MIN_TIME_NS), min((last + 1) * HOUR_NS, MAX_TIME_NS + 1)


def hours_of(times_ns: Iterable[int], low_ns: int, high_ns: int) -> set[int]:
    """Return the hours since 1970 in which some times lie; the earliest and the latest are given."""
    first, last = low_ns // HOUR_NS, high_ns // HOUR_NS
    if last - first <= 1:
        return {first, last}
    return {time_ns // HOUR_NS for time_ns in times_ns}


def hours_touched(segments: Iterable[Segment], start_ns: int, end_ns: int) -> set[int]:
    """Return the hours of a span in which segments may have points."""
    hours: set[int] = set()
    for segment in segments:
        low_ns, high_ns = max(segment.min_ns, start_ns), min(segment.max_ns + _tail(segment), end_ns - 1)
        if low_ns <= high_ns:
            hours.update(range(low_ns // HOUR_NS, high_ns // HOUR_NS + 1))
    return hours


def _tail(segment: Segment) -> int:
    return max(segment.resolution_ns - 1, 0)


class Rolled:
    """The catalogue's tables about rollups. Not safe for several threads: the store holds the lock.

    An hour is *open* from the seal that brings points for it until they are in its summaries. Open hours
    are entered in the transaction of the seal and removed in that which enters the summaries, so a crash
    loses none; an hour that is summarised twice has the same summaries.
    """

    def __init__(self, database: Database) -> None:
        now = time.monotonic()
        self.open: dict[Place, dict[int, float]] = {}
        """By place, the open hours, and when (monotonic) points last came for each."""
        self.complete_from_ns: dict[Place, dict[int, int]] = {}
        """By place and resolution: from when on nothing is forgotten."""
        for bucket, measurement, hour in database.rows("SELECT bucket, measurement, hour FROM open_hour"):
            self.open.setdefault((bucket, measurement), {})[hour] = now
        for bucket, measurement, resolution_ns, from_ns in database.rows(
            "SELECT bucket, measurement, resolution_ns, from_ns FROM complete_from"
        ):
            self.complete_from_ns.setdefault((bucket, measurement), {})[resolution_ns] = from_ns

    def whole(self, hours: Mapping[Place, Iterable[int]]) -> dict[Place, list[int]]:
        """Return those hours of which the points are complete."""
        found = {}
        for place, some in hours.items():
            whole_from = self.complete_from_ns.get(place, {}).get(RAW, MIN_TIME_NS)
            found[place] = [hour for hour in some if hour_span(hour, hour)[0] >= whole_from]
        return found

    @staticmethod
    def open_on_disk(sql: sqlite3.Connection, hours: Mapping[Place, Sequence[int]]) -> None:
        """Enter on disk that whole hours have to be summarised; :meth:`opened` follows."""
        sql.executemany(
            "INSERT OR IGNORE INTO open_hour VALUES (?, ?, ?)",
            [(*place, hour) for place, some in hours.items() for hour in some],
        )

    def opened(self, hours: Mapping[Place, Sequence[int]]) -> None:
        """Enter the same in memory."""
        now = time.monotonic()
        for place, some in hours.items():
            if some:
                self.open.setdefault(place, {}).update(dict.fromkeys(some, now))

    def mark(self, sql: sqlite3.Connection, hours: Mapping[Place, Iterable[int]]) -> None:
        """Open hours of which the points are complete; should the transaction fail, no harm is done."""
        some = self.whole(hours)
        self.open_on_disk(sql, some)
        self.opened(some)

    def close(self, sql: sqlite3.Connection, place: Place, hours: Iterable[int]) -> None:
        """Enter on disk that hours are summarised; :meth:`closed` follows once that is committed."""
        sql.executemany(
            "DELETE FROM open_hour WHERE bucket = ? AND measurement = ? AND hour = ?",
            [(*place, hour) for hour in hours],
        )

    def closed(self, place: Place, hours: Iterable[int]) -> None:
        """Enter the same in memory."""
        left = self.open.get(place, {})
        for hour in hours:
            left.pop(hour, None)
        if not left:
            self.open.pop(place, None)

    def forget(self, sql: sqlite3.Connection, place: Place, resolution_ns: int, before_ns: int) -> None:
        """Enter on disk that something before a time is forgotten; :meth:`forgotten` follows."""
        sql.execute(
            "INSERT INTO complete_from VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET from_ns = max(from_ns, excluded.from_ns)",
            (*place, resolution_ns, before_ns),
        )
        if resolution_ns == RAW:  # nothing can be summarised any more of what is not there
            self.close(sql, place, self._before(place, before_ns))

    def forgotten(self, place: Place, resolution_ns: int, before_ns: int) -> None:
        """Enter the same in memory."""
        known = self.complete_from_ns.setdefault(place, {})
        known[resolution_ns] = max(before_ns, known.get(resolution_ns, before_ns))
        if resolution_ns == RAW:
            self.closed(place, self._before(place, before_ns))

    def _before(self, place: Place, before_ns: int) -> list[int]:
        return [hour for hour in self.open.get(place, ()) if hour_span(hour, hour)[0] < before_ns]

    def drop(self, sql: sqlite3.Connection, bucket: str, measurement: str | None = None) -> None:
        """Forget on disk all about a bucket, or about one measurement of it; :meth:`dropped` follows."""
        for table in ("open_hour", "complete_from"):
            sql.execute(
                f"DELETE FROM {table} WHERE bucket = ?1 AND measurement = ifnull(?2, measurement)",
                (bucket, measurement),
            )

    def dropped(self, bucket: str, measurement: str | None = None) -> None:
        """Forget it in memory."""
        for place in [*chain(self.open, self.complete_from_ns)]:
            if place[0] == bucket and measurement in (None, place[1]):
                self.open.pop(place, None)
                self.complete_from_ns.pop(place, None)

    def open_before(self, place: Place, end_ns: int) -> list[int]:
        """Return the open hours of a measurement that begin before a time and can be summarised."""
        return sorted(h for h in self.open.get(place, ()) if h > FIRST_HOUR and hour_span(h, h)[0] < end_ns)

    def due(self, now_ns: int, settle: float) -> Iterator[tuple[Place, list[int]]]:
        """Yield per place the open hours, ascending, that are over and for which nothing came lately."""
        latest = time.monotonic() - settle
        this_hour = now_ns // HOUR_NS
        for place, hours in self.open.items():
            found = sorted(h for h, at in hours.items() if FIRST_HOUR < h < this_hour and at <= latest)
            if found:
                yield place, found
