"""Numbers and times as InfluxDB writes them."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

from heliograph.model.time import SECOND_NS


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
