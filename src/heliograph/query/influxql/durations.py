"""Durations as InfluxQL writes them: ``1h30m``, ``90s``, ``2w``."""

from __future__ import annotations

import re
from typing import Final

from heliograph.model.time import DAY_NS, SECOND_NS

UNITS_NS: Final = {
    "w": 7 * DAY_NS,
    "d": DAY_NS,
    "h": 3_600 * SECOND_NS,
    "m": 60 * SECOND_NS,
    "s": SECOND_NS,
    "ms": 1_000_000,
    "u": 1_000,
    "µ": 1_000,
    "ns": 1,
}
_PART: Final = re.compile(r"([0-9]{1,20})(ms|ns|[wdhmsuµ])")


def duration_ns(text: str) -> int | None:
    """Return a duration in ns, None if it is not one."""
    total = end = 0
    for part in _PART.finditer(text):
        if part.start() != end:
            return None
        number = int(part[1])
        if number >= 2**63:
            return None
        total += number * UNITS_NS[part[2]]
        end = part.end()
    return total if text and end == len(text) else None


def format_duration(value_ns: int) -> str:
    """Return a duration in the largest unit that divides it."""
    if value_ns == 0:
        return "0s"
    for unit, size_ns in UNITS_NS.items():
        if value_ns % size_ns == 0:
            return f"{value_ns // size_ns if value_ns > 0 else -(-value_ns // size_ns)}{unit}"
    raise AssertionError("a nanosecond divides every duration")


def clock_duration(value_ns: int) -> str:
    """Return a duration in hours, minutes and seconds, as ``168h0m0s``; the form of Go."""
    if value_ns < SECOND_NS:
        return _small(value_ns)
    seconds, fraction = divmod(value_ns, SECOND_NS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{seconds}"
    if fraction:
        text += f".{fraction:09d}".rstrip("0")
    text += "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _small(value_ns: int) -> str:
    for unit, size_ns in (("ms", 1_000_000), ("µs", 1_000)):
        if value_ns >= size_ns:
            whole, rest = divmod(value_ns, size_ns)
            fraction = f".{rest:0{len(str(size_ns)) - 1}d}".rstrip("0") if rest else ""
            return f"{whole}{fraction}{unit}"
    return f"{value_ns}ns" if value_ns else "0s"
