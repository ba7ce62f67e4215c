"""Times of the week, such as Sundays from 02:00 to 04:00, by the clock of a place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heliograph.errors import ConfigError

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FORM: Final = re.compile(r"([a-z,-]{3,80}) +(\d\d):([0-5]\d) ?- ?(\d\d):([0-5]\d)", re.ASCII)
_DAY_MINUTES: Final = 24 * 60
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Weekly:
    """A part of some days of the week. One that ends before it begins ends on the day after."""

    days: frozenset[int]
    """0 is Monday."""
    start_minute: int
    end_minute: int
    zone: str = ""
    """A name such as ``Europe/Berlin``; empty for the clock of this machine."""

    def covers(self, time_ms: int) -> bool:
        """Return whether a time, in ms since 1970, is within.

        What lies in the hour that the clock leaves out in spring, start and end, is meant an hour later.
        """
        local = datetime.fromtimestamp(time_ms / 1_000, ZoneInfo(self.zone) if self.zone else None)
        return self._covers(local) or self._covers_later(local)

    def _covers(self, local: datetime) -> bool:
        day, minute = local.weekday(), local.hour * 60 + local.minute
        if self.start_minute < self.end_minute:
            return day in self.days and self.start_minute <= minute < self.end_minute
        yesterday = (day - 1) % 7
        return (day in self.days and minute >= self.start_minute) or (
            yesterday in self.days and minute < self.end_minute
        )

    def _covers_later(self, local: datetime) -> bool:
        midnight = datetime.combine(local.date(), time(), local.tzinfo)
        first, last = (
            midnight + timedelta(minutes=minute) for minute in (self.start_minute, self.end_minute - 1)
        )
        if local.weekday() not in self.days or last < first:
            return False
        left_out = _left_out(first)
        return bool(left_out and _left_out(last)) and first <= local - left_out < last + _MINUTE

    def __str__(self) -> str:
        """Return it as :func:`parse_weekly` takes it."""
        days = "day" if len(self.days) == 7 else ",".join(_DAYS[day] for day in sorted(self.days))
        return f"{days} {_clock(self.start_minute)}-{_clock(self.end_minute)}"


def _left_out(local: datetime) -> timedelta:
    """Return by how much the clock was put forward over a time, which then never was; else nothing."""
    later, earlier = (local.replace(fold=fold).timestamp() for fold in (0, 1))
    return timedelta(seconds=max(0.0, later - earlier))


@lru_cache(1_000)
def parse_weekly(text: str, zone: str = "") -> Weekly:
    """Return what ``sun 02:00-04:00``, ``mon-fri,sun 22:00-06:00`` or ``day 12:00-13:00`` means.

    Raises:
        ConfigError: it means nothing, or nobody here knows the zone.
    """
    found = _FORM.fullmatch(text.strip().lower())
    days = None if found is None else _days(found[1])
    if found is None or days is None:
        raise _misread(text)
    start, end = (int(found[at]) * 60 + int(found[at + 1]) for at in (2, 4))
    if start >= _DAY_MINUTES or end > _DAY_MINUTES or start == end:
        raise _misread(text)
    _check_zone(zone)
    return Weekly(days, start, end, zone)


def _days(text: str) -> frozenset[int] | None:
    """Return the days that a list names; None if it names something else."""
    if text in ("day", "daily"):
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        ends = [_day(word) for word in part.split("-")]
        if len(ends) > 2 or None in ends:
            return None
        first, last = (end for end in (ends[0], ends[-1]) if end is not None)
        found.update((first + more) % 7 for more in range((last - first) % 7 + 1))
    return frozenset(found)


def _day(word: str) -> int | None:
    names = _DAYS if len(word) == 3 else _LONG
    return names.index(word) if word in names else None


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f'a time zone such as "Europe/Berlin" was expected, {name!r:.60} came; without one it is the'
            " hub's own clock"
        ) from error


def _misread(text: str) -> ConfigError:
    return ConfigError(
        'days and times such as "sun 02:00-04:00", "mon-fri 22:00-06:00" or "day 12:00-13:00" were expected,'
        f" {text!r:.80} came"
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
