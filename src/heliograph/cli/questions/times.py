"""Times as answers write them, to ns since 1970 and to other units, and times as people write them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from heliograph.errors import ConfigError
from heliograph.model.time import SECOND_NS

UNITS_NS: Final = {
    "ns": 1,
    "u": 1_000,
    "us": 1_000,
    "ms": 1_000_000,
    "s": SECOND_NS,
    "m": 60 * SECOND_NS,
    "h": 3_600 * SECOND_NS,
}
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def parse_time(text: str) -> int:
    """Return the ns since 1970 of a time in RFC 3339; without a zone it is UTC.

    Raises:
        ValueError: it is none.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time of RFC 3339")
    day, clock, fraction, zone = found.groups()
    moment = dt.datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in (None, 'Z') else zone}")
    seconds = (moment - _EPOCH) // dt.timedelta(seconds=1)
    return seconds * SECOND_NS + int(f"{fraction or '0':0<9}")


def format_time(time_ns: int) -> str:
    """Return a time as RFC 3339 has it, in UTC, with as many digits as it needs."""
    seconds, rest_ns = divmod(time_ns, SECOND_NS)
    moment = _EPOCH + dt.timedelta(seconds=seconds)
    fraction = f".{rest_ns:09d}".rstrip("0") if rest_ns else ""
    return f"{moment.isoformat()[:19]}{fraction}Z"


def in_unit(time_ns: int, unit: str) -> int:
    """Return a time in a unit of :data:`UNITS_NS`, rounded toward 1970 as InfluxDB does."""
    length = UNITS_NS[unit]
    return time_ns // length if time_ns >= 0 else -(-time_ns // length)


def given_time(text: str, now_ns: int) -> int:
    """Return the ns since 1970 that a person means: a time, a day, or how long ago.

    Raises:
        ConfigError: it is none of these.
    """
    from heliograph.config.values import parse_duration

    try:
        return now_ns - round(parse_duration(text) * SECOND_NS)
    except ConfigError:
        pass  # no duration, then it is a time
    try:
        given = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no time: expected 2026-11-01, 2026-11-01T12:00:00Z or 7d (ago)"
        ) from error
    return (given.astimezone(dt.UTC) - _EPOCH) // dt.timedelta(microseconds=1) * 1_000
