"""The intervals of GROUP BY time(): the same in Python and in SQL, and at a zone's own midnight."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.query.influxql.cursor import Cursor
from heliograph.query.influxql.plan.times import parse_time, split_condition
from heliograph.query.influxql.plan.windows import Interval, zone_offset_ns
from heliograph.query.influxql.select import where

S = 1_000_000_000
HOUR = 3_600 * S
ZONES = ("", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe")
TIMES = st.integers(-(10**18), 3 * 10**18)
LENGTHS = st.sampled_from([1, 7 * S, 60 * S, HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR])


@given(TIMES, LENGTHS, st.integers(-HOUR, HOUR), st.sampled_from(ZONES))
def test_sql_and_python_agree(time_ns: int, length_ns: int, offset_ns: int, zone: str) -> None:
    interval = Interval(length_ns, offset_ns, zone).within(time_ns, time_ns)
    (row,) = duckdb.execute(f"SELECT {interval.sql('t')} FROM (SELECT {time_ns}::BIGINT AS t)").fetchall()
    assert row[0] == interval.start(time_ns)


@given(TIMES, LENGTHS, st.integers(-HOUR, HOUR))
def test_a_time_lies_in_its_interval(time_ns: int, length_ns: int, offset_ns: int) -> None:
    interval = Interval(length_ns, offset_ns)
    start_ns = interval.start(time_ns)
    assert start_ns <= time_ns < interval.following(start_ns) == start_ns + length_ns
    assert interval.following(interval.following(start_ns), ascending=False) == start_ns


@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-25", "2026-10-26"])
def test_days_begin_at_a_zones_midnight_whatever_the_clocks_do(day: str) -> None:
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    start_ns = int(midnight.timestamp()) * S
    interval = Interval(24 * HOUR, 0, "Europe/Berlin").within(start_ns, start_ns + 48 * HOUR)
    next_ns = int((midnight + dt.timedelta(days=1)).timestamp()) * S
    for time_ns in (start_ns, start_ns + 5 * HOUR, next_ns - 1):
        assert interval.start(time_ns) == start_ns
    assert interval.following(start_ns) == next_ns
    assert zone_offset_ns("Europe/Berlin", start_ns) in (HOUR, 2 * HOUR)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86_400),
        ("1970-01-01 00:00:01.5", 1.5),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00", None),
        ("noon", None),
        ("1970-13-01", None),
    ],
)
def test_dates_are_read(text: str, seconds: float | None) -> None:
    assert parse_time(text) == (None if seconds is None else int(seconds * S))


def test_dates_without_a_zone_are_of_the_zone_that_is_asked_for() -> None:
    assert parse_time("2026-07-01", "Europe/Berlin") == parse_time("2026-06-30T22:00:00Z")


@pytest.mark.parametrize(
    ("text", "left", "low", "high"),
    [
        ("time >= 5s AND time < 10s", 0, 5 * S, 10 * S - 1),
        ("time > now() - 1m", 0, 40 * S + 1, None),
        ("5s < time AND (a = 1)", 1, 5 * S + 1, None),
        ("a = 1 OR time < 3", 1, None, 2),
        ("time = '1970-01-01T00:00:07Z'", 0, 7 * S, 7 * S),
        ("a = 1", 1, None, None),
    ],
)
def test_conditions_are_split_into_a_range_and_the_rest(
    text: str, left: int, low: int | None, high: int | None
) -> None:
    condition = where(Cursor(f"WHERE {text}"))
    rest, span = split_condition(condition, 100 * S)
    assert (rest is not None, span.min_ns, span.max_ns) == (bool(left), low, high)
