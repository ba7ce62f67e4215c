"""Times are int64 nanoseconds since 1970-01-01T00:00:00Z; durations in waiting code are float seconds."""

from __future__ import annotations

from enum import Enum
from typing import Final

MIN_TIME_NS: Final = -(2**63) + 2
"""The earliest time that a point may have (InfluxDB keeps the two lowest values for itself)."""
MAX_TIME_NS: Final = 2**63 - 2
"""The latest time that a point may have."""

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 3_600 * SECOND_NS
DAY_NS: Final = 86_400 * SECOND_NS


class Precision(Enum):
    """The unit of a timestamp on the wire; the value is its length in nanoseconds."""

    NS = 1
    US = 1_000
    MS = 1_000_000
    S = 1_000_000_000
    MINUTE = 60_000_000_000
    HOUR = 3_600_000_000_000
