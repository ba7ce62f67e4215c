"""Windows by the calendar of a place: they hold every time once, and begin where clocks say so."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from heliograph.errors import QueryError
from heliograph.model.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from heliograph.query.flux.session import Session
from heliograph.query.flux.values import Duration, parse_duration
from heliograph.query.flux.windowing import Windows
from heliograph.query.flux.zones import Location, location_of
from tests.unit.flux_answers import S, rows
from tests.unit.stored_points import Kept, point

PLACES = (
    Location("Europe/Berlin"),
    Location("America/Sao_Paulo"),  # its clocks went from midnight to one
    Location("Asia/Kolkata"),
    Location("Australia/Lord_Howe"),  # by half an hour
    Location("", -8 * HOUR_NS),
    Location("America/New_York", HOUR_NS),
)
BEGIN = int(dt.datetime(2017, 1, 1, tzinfo=dt.UTC).timestamp()) * SECOND_NS
LENGTHS = ("7s", "25m", "30m", "1h", "2h", "6h", "1d", "1w", "1mo", "3mo", "1y")


class Unbounded:
    """A session without limits."""

    def check_rows(self, _: int) -> None:
        """Let all pass."""

    def tick(self) -> None:
        """Let all pass."""


NO_LIMITS = cast("Session", Unbounded())


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.zone}{place.offset_ns // HOUR_NS}")
@pytest.mark.parametrize("length", LENGTHS)
def test_every_time_is_in_one_window(place: Location, length: str) -> None:
    windows = Windows(parse_duration(length), location=place).near(BEGIN, BEGIN + 366 * DAY_NS)
    changes = [] if windows.interval is None else windows.interval.changes.times_ns
    near = [at + after for at in changes for after in range(-2 * HOUR_NS, 2 * HOUR_NS, 11 * MINUTE_NS)]
    for time_ns in (*range(BEGIN, BEGIN + 365 * DAY_NS, 7 * HOUR_NS + 13 * MINUTE_NS), *near):
        start = windows.start(time_ns)
        stop = windows.stop(start)
        assert start <= time_ns < stop
        assert windows.start(start) == start
        assert windows.start(stop - 1) == start
        assert windows.start(stop) == stop


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("length", ["1d", "1mo", "1y"])
def test_days_begin_at_midnight(zone: str, length: str) -> None:
    windows = Windows(parse_duration(length), location=Location(zone)).near(BEGIN, BEGIN + 800 * DAY_NS)
    bounds = list(windows.within(NO_LIMITS, BEGIN, BEGIN + 800 * DAY_NS))
    for (start, stop), (following, _) in pairwise(bounds):
        moment = dt.datetime.fromtimestamp(start // SECOND_NS, ZoneInfo(zone))
        assert (moment.hour, moment.minute) == (0, 0)
        assert length == "1d" or moment.day == 1
        assert stop == following
    hours = {(stop - start) // HOUR_NS for start, stop in bounds}
    assert length != "1d" or hours == {23, 24, 25}


def test_clocks_that_skip_or_repeat() -> None:
    berlin = Location("Europe/Berlin")
    spring = int(dt.datetime(2017, 3, 26, 1, tzinfo=dt.UTC).timestamp()) * SECOND_NS
    autumn = int(dt.datetime(2017, 10, 29, 0, tzinfo=dt.UTC).timestamp()) * SECOND_NS
    assert berlin.utc(berlin.local(spring) - HOUR_NS) == spring, "half past two is not there; three is"
    assert berlin.local(autumn) == berlin.local(autumn + HOUR_NS)
    assert berlin.utc(berlin.local(autumn)) == autumn, "the first of two"


def test_windows_with_a_period_of_their_own() -> None:
    overlapping = Windows(Duration(0, 10 * S), period=Duration(0, 25 * S)).near(0, 100 * S)
    assert list(overlapping.of(31 * S)) == [30 * S, 20 * S, 10 * S]
    assert list(overlapping.within(NO_LIMITS, 5 * S, 25 * S)) == [
        (start * S, (start + 25) * S) for start in (-10, 0, 10, 20)
    ]
    apart = Windows(Duration(0, 10 * S), period=Duration(0, 4 * S)).near(0, 100 * S)
    assert (list(apart.of(13 * S)), list(apart.of(14 * S))) == ([10 * S], [])
    months = Windows(Duration(1, 0), period=Duration(2, 0)).near(BEGIN, BEGIN)
    assert len(list(months.of(BEGIN))) == 2


def test_the_option_location_holds_for_windows_and_dates(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        kept.write(*(point("m", n * HOUR_NS, {}, v=1) for n in range(72)))
        head = 'import "timezone" import "date" option location = timezone.location(name: "America/New_York")'
        times = "start: 1970-01-01T05:00:00Z, stop: 1970-01-03T05:00:00Z"
        source = f'{head} from(bucket: "telegraf") |> range({times})'
        pushed = rows(kept, f"{source} |> aggregateWindow(every: 1d, fn: count)", "_time", "_value")
        assert pushed == [((24 * n + 5) * HOUR_NS, 24) for n in (1, 2)]
        here = rows(kept, f"{source} |> window(every: 1d) |> count()", "_start", "_value")
        assert here == [((24 * n + 5) * HOUR_NS, 24) for n in (0, 1)]
        hours = "map(fn: (r) => ({h: date.hour(t: r._time), d: date.truncate(t: r._time, unit: 1d)}))"
        assert rows(kept, f"{source} |> limit(n: 2) |> {hours}", "h", "d") == [
            (0, 5 * HOUR_NS),
            (1, 5 * HOUR_NS),
        ]
        moved = "map(fn: (r) => ({t: date.add(d: 1mo, to: 1970-04-10T12:00:00Z)}))"
        (found,) = rows(kept, f"{source} |> limit(n: 1) |> {moved}", "t")
        assert dt.datetime.fromtimestamp(found[0] / 1e9, dt.UTC).isoformat() == "1970-05-10T11:00:00+00:00"


@pytest.mark.parametrize(
    "value",
    [1, {"zone": "UTC"}, {"zone": 1, "offset": Duration(0, 0)}, {"zone": "UTC", "offset": Duration(1, 0)}],
)
def test_what_is_no_place_is_refused(value: object) -> None:
    with pytest.raises(QueryError, match="location"):
        location_of(value)
