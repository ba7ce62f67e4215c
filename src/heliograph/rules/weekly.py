"""Times of the week, such as Sundays from 02:00 to 04:00, by the clock of a place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heliograph.errors import ConfigError

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FORM: Final = re.compile(r"([a-z,-]{3,80}) +(\d\d):([0-5]\d) ?- ?(\d\d):([0-5]\d)", re.ASCII)
_DAY_MINUTES: Final = 24 * 60


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
        """Return whether a time, in ms since 1970, is within."""
        local = datetime.fromtimestamp(time_ms / 1_000, ZoneInfo(self.zone) if self.zone else None)
        day, minute = local.weekday(), local.hour * 60 + local.minute
        if self.start_minute < self.end_minute:
            return day in self.days and self.start_minute <= minute < self.end_minute
        yesterday = (day - 1) % 7
        return (day in self.days and minute >= self.start_minute) or (
            yesterday in self.days and minute < self.end_minute
        )

    def __str__(self) -> str:
        """Return it as :func:`parse_weekly` takes it."""
        days = "day" if len(self.days) == 7 else ",".join(_DAYS[day] for day in sorted(self.days))
        return f"{days} {_clock(self.start_minute)}-{_clock(self.end_minute)}"


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
