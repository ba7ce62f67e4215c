"""Where clocks stand: UTC, another zone of the IANA list, or a fixed distance from one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heliograph.errors import QueryError
from heliograph.model.time import DAY_NS, SECOND_NS
from heliograph.query.flux.values import Duration, Value, type_name
from heliograph.query.influxql.plan.windows import zone_offset_ns

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Location:
    """A place for windows and dates; ``zone`` "" is UTC."""

    zone: str = ""
    offset_ns: int = 0

    def local(self, time_ns: int) -> int:
        """Return what the clocks there show at a time, as ns since their own 1970."""
        return time_ns + zone_offset_ns(self.zone, time_ns) + self.offset_ns

    def utc(self, local_ns: int) -> int:
        """Return when the clocks show something.

        Of two times it is the first; what they skip is as long after their change as it is after what
        they showed before it.
        """
        at = local_ns - self.offset_ns
        before = zone_offset_ns(self.zone, at - DAY_NS)
        after = zone_offset_ns(self.zone, at + DAY_NS)
        for offset in (max(before, after), min(before, after)):
            if zone_offset_ns(self.zone, at - offset) == offset:
                return at - offset
        return at - before

    def moment(self, time_ns: int) -> dt.datetime:
        """Return the date and clock there, to the second; it is marked as UTC."""
        return _EPOCH + dt.timedelta(seconds=self.local(time_ns) // SECOND_NS)


UTC: Final = Location()


def location_of(value: Value) -> Location:
    """Return the place that a record of Flux describes.

    Raises:
        QueryError: it describes none.
    """
    if not isinstance(value, Mapping) or set(value) != {"zone", "offset"}:
        raise QueryError(
            'a location is a record as timezone.location(name: "Europe/Berlin") gives it;'
            f" {type_name(value)} came"
        )
    zone, offset = value["zone"], value["offset"]
    if not isinstance(zone, str) or not isinstance(offset, Duration) or offset.months:
        raise QueryError(
            "a location needs a zone, which is a string, and an offset, a duration without months"
        )
    return Location(known_zone(zone), offset.ns)


def known_zone(name: str) -> str:
    """Return a zone by its name; UTC is "".

    Raises:
        QueryError: nobody knows it.
    """
    if name in ("", "UTC"):
        return ""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise QueryError(
            f'unknown location "{name}"; expected a name of the IANA list, as Europe/Berlin'
        ) from error
    return name
