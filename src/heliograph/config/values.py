"""Durations and sizes as people write them, ``30s`` and ``64MiB``, to numbers and back."""

from __future__ import annotations

import re
from typing import Final

from heliograph.errors import ConfigError

SECONDS: Final[dict[str, float]] = {
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "h": 3_600.0,
    "d": 86_400.0,
    "y": 31_536_000.0,
}
BYTES: Final[dict[str, int]] = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}

DURATION_FORMS: Final = 'a duration such as "500ms", "30s", "10m", "6h", "7d" or "1h30m"'
SIZE_FORMS: Final = 'a size such as "512KiB", "64MiB", "1GiB", "10MB" or a number of bytes'

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|y)", re.ASCII)
_DURATION = re.compile(rf"(?:{_DURATION_PART.pattern})+", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kMGT]?B|[KMGT]iB)?", re.ASCII)
# What is longer is no duration or size that anybody means.
_LONGEST = 32


def parse_duration(text: str) -> float:
    """Return a duration in seconds.

    The units are ms, s, m, h, d and y, which is 365 d; parts add up (``1h30m``); a bare ``0`` needs no unit.

    Raises:
        ConfigError: the text is none; the message says which forms are.
    """
    if text == "0":
        return 0.0
    if len(text) > _LONGEST or not _DURATION.fullmatch(text):
        raise ConfigError(f"{DURATION_FORMS} was expected, {_shown(text)} came")
    return sum(float(count) * SECONDS[unit] for count, unit in _DURATION_PART.findall(text))


def format_duration(seconds: float) -> str:
    """Return a duration of whole milliseconds in the largest unit that divides it: 5400 s is ``90m``."""
    milliseconds = round(seconds * 1000)
    for unit in ("d", "h", "m", "s"):
        length = round(SECONDS[unit] * 1000)
        if milliseconds % length == 0 and (milliseconds or unit == "s"):
            return f"{milliseconds // length}{unit}"
    return f"{milliseconds}ms"


def parse_size(text: str) -> int:
    """Return a size in bytes.

    The units are B, kB, MB, GB, TB (powers of 1000) and KiB, MiB, GiB, TiB (powers of 1024); no unit
    means bytes.

    Raises:
        ConfigError: the text is none; the message says which forms are.
    """
    match = _SIZE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise ConfigError(f"{SIZE_FORMS} was expected, {_shown(text)} came")
    count, unit = match.groups()
    length = BYTES[unit or "B"]
    return int(count) * length if count.isdigit() else round(float(count) * length)


def format_size(size_bytes: int) -> str:
    """Return a size in the largest binary unit that divides it: 67108864 is ``64MiB``."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size_bytes and size_bytes % BYTES[unit] == 0:
            return f"{size_bytes // BYTES[unit]}{unit}"
    return f"{size_bytes}B"


def _shown(text: str) -> str:
    return f'"{text}"' if len(text) <= _LONGEST else f'"{text[:_LONGEST]}…"'
