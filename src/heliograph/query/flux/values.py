"""The values of Flux beside Python's own: times, durations and regular expressions.

An integer is int, a float float, a uint UInt, a missing value None; they are never mixed in arithmetic.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.model.point import UInt
from heliograph.model.time import DAY_NS, HOUR_NS, MAX_TIME_NS, MIN_TIME_NS, MINUTE_NS, SECOND_NS

Value = Any
"""What an expression gives; Flux finds types out while it runs, and so do we."""

_UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": SECOND_NS,
    "m": MINUTE_NS,
    "h": HOUR_NS,
    "d": DAY_NS,
    "w": 7 * DAY_NS,
}
_UNITS_MONTHS: Final = {"mo": 1, "y": 12}
_PARTS: Final = re.compile(r"(\d+)(ns|us|µs|ms|mo|s|m|h|d|w|y)")
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d))?")


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """A moment, in ns since 1970."""

    ns: int


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: months have no fixed length, so they stand apart."""

    months: int
    ns: int

    def __neg__(self) -> Duration:
        return Duration(-self.months, -self.ns)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Values by keys of one type."""

    items: Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression in RE2's syntax."""

    pattern: str


def parse_duration(text: str) -> Duration:
    """Return the duration that a literal like ``1h30m`` or ``1mo`` is."""
    months = length_ns = 0
    for count, unit in _PARTS.findall(text):
        months += int(count) * _UNITS_MONTHS.get(unit, 0)
        length_ns += int(count) * _UNITS_NS.get(unit, 0)
    return Duration(months, length_ns)


def parse_time(text: str) -> Time:
    """Return the moment that a literal of RFC 3339 is.

    Raises:
        ValueError: there is no such moment.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, clock, fraction, zone = found.groups()
    moment = dt.datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{(zone or 'Z').replace('Z', '+00:00')}")
    seconds = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(seconds=1)
    return Time(seconds * SECOND_NS + int(f"{fraction or '0':0<9.9}"))


def later(time_ns: int, duration: Duration) -> int:
    """Return a time moved by a duration; the last day of a month stays within its month.

    Raises:
        QueryError: that is before 1677 or behind 2262.
    """
    moved = time_ns + duration.ns
    if duration.months:
        month = months_of(time_ns)
        begin, end = months_ns(month + duration.months), months_ns(month + duration.months + 1)
        into_ns = time_ns - months_ns(month)
        day = min(into_ns // DAY_NS, (end - begin) // DAY_NS - 1)
        moved = begin + day * DAY_NS + into_ns % DAY_NS + duration.ns
    if not MIN_TIME_NS <= moved <= MAX_TIME_NS:
        raise QueryError("the time is out of range; expected one from 1678 to 2261")
    return moved


def months_of(time_ns: int) -> int:
    """Return how many months a time is after January 1970."""
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=time_ns // SECOND_NS)
    return (moment.year - 1970) * 12 + moment.month - 1


def months_ns(number: int) -> int:
    """Return when the month begins that is so many after January 1970.

    Raises:
        QueryError: it is in no year from 1600 to 2400.
    """
    year, month = divmod(number, 12)
    if not 1_600 <= 1_970 + year <= 2_400:
        raise QueryError(f"the year {1_970 + year} is out of range; expected one from 1678 to 2261")
    begin = dt.datetime(1970 + year, month + 1, 1, tzinfo=dt.UTC)
    return (begin - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(seconds=1) * SECOND_NS


def column_type(value: Value) -> str | None:
    """Return the type of a column that holds a value; None for what no column holds."""
    return _COLUMN_TYPES.get(type(value))


_COLUMN_TYPES: Final[Mapping[type, str]] = {
    bool: "bool",
    UInt: "uint",
    int: "int",
    float: "float",
    str: "string",
    Time: "time",
    Duration: "duration",
}


def type_name(value: Value) -> str:
    """Return what Flux calls the type of a value."""
    plain = _COLUMN_TYPES.get(type(value))
    if plain is not None:
        return plain
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "record"
    if isinstance(value, list):
        return "array"
    if isinstance(value, Regex):
        return "regexp"
    if isinstance(value, Dictionary):
        return "dict"
    return "function" if callable(value) else "stream"


def kept_type(value: Value) -> tuple[str | None, Value]:
    """Return the type of the column that holds a value, and the value as it stands there."""
    return column_type(value), value.ns if isinstance(value, Time) else value


def dictionary_of(pairs: Iterable[tuple[Value, Value]]) -> Dictionary:
    """Return a dictionary; of two values of one key the last.

    Raises:
        QueryError: the keys are of several types, or of one that cannot be a key.
    """
    found = list(pairs)
    kinds = {type_name(key) for key, _ in found}
    if len(kinds) > 1 or not kinds <= {"string", "int", "uint", "float", "bool", "time", "duration"}:
        raise QueryError(
            f"the keys of a dictionary must be strings, numbers or times, all alike;"
            f" {' and '.join(sorted(kinds))} came"
        )
    return Dictionary(dict(found))
