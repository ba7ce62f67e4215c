"""Numbers, times and durations as InfluxDB writes them."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Final

from heliograph.model.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from heliograph.query.flux.values import Duration

_UNITS: Final = (
    ("w", 7 * DAY_NS),
    ("d", DAY_NS),
    ("h", HOUR_NS),
    ("m", MINUTE_NS),
    ("s", SECOND_NS),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
)


def float_text(value: float) -> str:
    """Return the shortest decimal text that is this float, without an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def time_text(time_ns: int) -> str:
    """Return a time of RFC 3339 with as many digits of a second as it needs."""
    seconds, rest_ns = divmod(time_ns, SECOND_NS)
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    fraction = f".{rest_ns:09}".rstrip("0") if rest_ns else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z".rjust(20, "0")


def duration_text(value: Duration) -> str:
    """Return a duration in as few units as it needs."""
    years, months = divmod(abs(value.months), 12)
    parts = [f"{years}y"] if years else []
    parts += [f"{months}mo"] if months else []
    rest = abs(value.ns)
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        parts += [f"{count}{unit}"] if count else []
    sign = "-" if value.ns < 0 or value.months < 0 else ""
    return sign + ("".join(parts) or "0ns")
