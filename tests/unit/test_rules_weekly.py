"""Times of the week: what is within, over midnight and over changes of the clock, and what means nothing."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.errors import ConfigError, NotPossible
from heliograph.rules.weekly import Weekly, parse_weekly
from heliograph.store import alerts
from tests.unit.stored_points import Kept

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN) -> int:
    """Return a time of the week of 23 November 2026, a Monday, in ms."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("text", "within", "without"),
    [
        (
            "sun 02:00-04:00",
            ["2026-11-29T02:00", "2026-11-29T03:59:59"],
            ["2026-11-29T01:59:59", "2026-11-29T04:00", "2026-11-28T03:00", "2026-11-30T03:00"],
        ),
        (
            "Mon-Fri 22:00-06:00",
            ["2026-11-23T22:00", "2026-11-24T05:59", "2026-11-28T05:59"],
            ["2026-11-23T05:59", "2026-11-28T22:00", "2026-11-28T06:00", "2026-11-24T12:00"],
        ),
        ("sunday,wed 00:00-24:00", ["2026-11-29T00:00", "2026-11-25T23:59"], ["2026-11-30T00:00"]),
        ("sun 23:00-01:00", ["2026-11-23T00:30", "2026-11-29T23:30"], ["2026-11-29T00:30"]),
        ("daily 12:00 - 13:00", ["2026-11-23T12:30", "2026-11-29T12:30"], ["2026-11-23T13:00"]),
        ("sat-mon 08:00-09:00", ["2026-11-28T08:00", "2026-11-29T08:00", "2026-11-23T08:00"], []),
    ],
)
def test_times_are_within_or_not(text: str, within: list[str], without: list[str]) -> None:
    weekly = parse_weekly(text, BERLIN)
    assert [moment for moment in within if not weekly.covers(at(moment))] == []
    assert [moment for moment in without if weekly.covers(at(moment))] == []


def test_it_is_the_clock_of_the_place_in_summer_and_in_winter() -> None:
    weekly = parse_weekly("day 08:00-09:00", BERLIN)
    assert weekly.covers(at("2026-07-01T06:30", "UTC"))
    assert not weekly.covers(at("2026-12-01T06:30", "UTC"))
    assert weekly.covers(at("2026-12-01T07:30", "UTC"))


@pytest.mark.parametrize(
    ("text", "within", "without"),
    [  # in the night of 28 March 2027 it is 02:00, and at once 03:00, which is 01:00 UTC
        ("sun 02:00-03:00", ["01:00", "01:30", "01:59:59"], ["00:59:59", "02:00"]),
        ("sun 02:15-02:45", ["01:15", "01:44:59"], ["00:59", "01:14:59", "01:45"]),
        ("sun 02:30-04:00", ["01:00", "01:59:59"], ["00:59:59", "02:00"]),
        ("sun 01:30-02:30", ["00:30", "00:59:59"], ["00:29", "01:00", "01:30"]),
        ("sun 03:00-04:00", ["01:00", "01:59:59"], ["00:59:59", "02:00"]),
        ("sat 02:00-03:00", [], ["01:00", "01:30"]),
    ],
)
def test_the_hour_that_is_left_out_in_spring_is_meant_later(
    text: str, within: list[str], without: list[str]
) -> None:
    weekly = parse_weekly(text, BERLIN)
    assert [time for time in within if not weekly.covers(at(f"2027-03-28T{time}", "UTC"))] == []
    assert [time for time in without if weekly.covers(at(f"2027-03-28T{time}", "UTC"))] == []


def test_the_hour_that_comes_twice_in_autumn_is_within_twice() -> None:
    weekly = parse_weekly("sun 02:00-03:00", BERLIN)
    covered = [
        weekly.covers(at(f"2027-10-31T{time}", "UTC")) for time in ("00:00", "00:59", "01:59", "02:00")
    ]
    assert covered == [True, True, True, False]


def test_without_a_place_spring_is_as_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", BERLIN)
    time.tzset()
    try:
        weekly = parse_weekly("sun 02:00-03:00")
        covered = [weekly.covers(at(f"2027-03-28T{hour}:30", "UTC")) for hour in ("00", "01", "02")]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert covered == [False, True, False]


def test_without_a_place_it_is_the_clock_of_this_machine() -> None:
    now_s = time.time()
    hour = time.localtime(now_s).tm_hour
    weekly = parse_weekly(f"day {hour:02}:00-{hour + 1:02}:00")
    assert weekly.covers(round(now_s * 1_000))


@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 1_439),
    st.integers(0, 1_440),
)
def test_what_is_written_reads_as_it_was(days: frozenset[int], start: int, end: int) -> None:
    if start == end:
        end += 1
    weekly = Weekly(days, start, end)
    assert parse_weekly(str(weekly)) == weekly


@pytest.mark.parametrize(
    "text",
    ["", "sun", "02:00-04:00", "sun 2-4", "sun 02:00-02:00", "sun 24:00-02:00", "sun 02:00-25:00",
     "sun 02:60-03:00", "someday 02:00-04:00", "mon-tue-wed 02:00-04:00", "sun, 02:00-04:00",
     "sun 02:00-04:00 x", "SUN\n02:00-04:00"],
)  # fmt: skip
def test_what_means_nothing_is_told_with_what_would(text: str) -> None:
    with pytest.raises(ConfigError, match=r"sun 02:00-04:00.* came"):
        parse_weekly(text)


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../etc/passwd", "/etc/localtime", "x" * 200])
def test_a_zone_that_nobody_knows_is_told(zone: str) -> None:
    with pytest.raises(ConfigError, match="Europe/Berlin"):
        parse_weekly("sun 02:00-04:00", zone)


def test_silences_that_are_over_take_no_room(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "MAX_SILENCES", 2)
    table = alerts.AlertTable(kept.database)
    silence = {"rule": "x", "tags": {}, "start_ms": 0, "note": "", "every": "", "zone": ""}
    for end_ms in (10, 50):
        table.add_silence(silence | {"end_ms": end_ms}, 0)
    with pytest.raises(NotPossible, match="2 silences already"):
        table.add_silence(silence | {"end_ms": 60}, 5)
    table.add_silence(silence | {"end_ms": 60}, 20)
    assert [one["end_ms"] for one in table.silences()] == [50, 60]
