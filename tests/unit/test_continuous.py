"""When continuous queries run, and over which range; the clock is the test's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heliograph.errors import QueryError
from heliograph.hub.continuous import ContinuousRunner
from heliograph.query.influxql import tree
from heliograph.query.influxql.meta.continuous import Continuous, due
from heliograph.query.influxql.parser import parse
from tests.unit.influxql_engine import Hub
from tests.unit.stored_points import Kept, point

S = 1_000_000_000


def node(text: str) -> tree.ContinuousQuery:
    (statement,) = parse(text)
    assert isinstance(statement, tree.ContinuousQuery)
    return statement


def continuous(resample: str = "", group: str = "time(1m)", zone: str = "") -> tree.ContinuousQuery:
    select = f"SELECT mean(v) INTO means FROM m GROUP BY {group} {zone}"
    return node(f"CREATE CONTINUOUS QUERY q ON d {resample} BEGIN {select} END")


def ranges(query: tree.ContinuousQuery, times: list[int]) -> list[tuple[int, ...]]:
    """Return (when, from, to) of each run, in seconds, where the clock shows these times."""
    last_ns: int | None = None
    found: list[tuple[int, ...]] = []
    for at in times:
        answer = due(query, last_ns, at * S)
        if answer is not None:
            span, last_ns = answer
            if span is not None:
                assert span.min_ns is not None
                assert span.max_ns is not None
                found.append((at, span.min_ns // S, (span.max_ns + 1) // S))
    return found


def test_an_interval_is_summarised_when_it_is_over() -> None:
    assert ranges(continuous(), list(range(130, 310, 7))) == [
        (186, 120, 180),
        (242, 180, 240),
        (305, 240, 300),
    ]


def test_a_start_looks_back_by_no_more_than_for() -> None:
    assert ranges(continuous(), [300]) == [(300, 240, 300)], "exactly at the end of an interval"
    assert ranges(continuous(), [301, 359]) == [], "the interval before the start is not made up for"
    assert ranges(continuous("RESAMPLE FOR 3m"), [301]) == [(301, 180, 300)]


def test_what_a_busy_hub_missed_is_made_up_for() -> None:
    assert ranges(continuous(), [130, 190, 400]) == [(190, 120, 180), (400, 180, 360)]


def test_resample_every_runs_more_often_over_the_interval_that_is_not_over() -> None:
    found = ranges(continuous("RESAMPLE EVERY 20s"), [121, 135, 145, 165, 181])
    assert found == [(145, 120, 180), (165, 120, 180), (181, 120, 180)]


def test_resample_every_may_be_longer_than_the_interval() -> None:
    found = ranges(continuous("RESAMPLE EVERY 5m"), [610, 800, 901, 1205])
    assert found == [(610, 360, 600), (901, 600, 900), (1205, 900, 1200)]


def test_every_and_for_together() -> None:
    found = ranges(continuous("RESAMPLE EVERY 2m FOR 5m"), [130, 239, 241, 361])
    assert found == [(130, -120, 120), (241, -60, 240), (361, 60, 360)]


def test_offset_and_zone_move_the_intervals() -> None:
    assert ranges(continuous(group="time(1m, 10s)"), [131, 195, 251]) == [(195, 130, 190), (251, 190, 250)]
    day = continuous(group="time(1d)", zone="tz('Asia/Kolkata')")  # its midnight is 18:30 UTC
    assert ranges(day, [60_000, 66_601]) == [(66_601, -19_800, 66_600)]


@pytest.fixture
def hub(kept: Kept) -> Iterator[Hub]:
    with Hub(kept) as hub:
        yield hub


class Clock:
    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


async def test_a_query_writes_its_means_and_outlasts_a_restart(hub: Hub) -> None:
    hub.kept.write(*(point("m", i * 10 * S, {"host": "ab"[i % 2]}, v=float(i)) for i in range(24)))
    await hub.done(
        "CREATE CONTINUOUS QUERY means ON telegraf BEGIN SELECT mean(v) INTO means FROM m"
        " WHERE time > 0 AND v < 100 GROUP BY time(1m), * END"
    )
    clock = Clock()
    runner = ContinuousRunner(hub.engine, hub.access, hub.changes, now_ns=clock)
    for clock.now_ns in (70 * S, 119 * S, 121 * S):
        await runner.run_due()
    assert hub.changes.written == [
        ("telegraf", ["means,host=a mean=8.0 60000000000", "means,host=b mean=9.0 60000000000"])
    ]
    again = ContinuousRunner(hub.engine, hub.access, hub.changes, now_ns=clock)
    for clock.now_ns in (125 * S, 180 * S):
        await again.run_due()
    assert [lines[0] for _, lines in hub.changes.written[1:]] == ["means,host=a mean=14.0 120000000000"]


async def test_one_that_fails_keeps_no_other_back(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    hub.kept.write(*(point("m", i * 10 * S, v=float(i)) for i in range(24)))
    text = "CREATE CONTINUOUS QUERY {} ON telegraf BEGIN SELECT {} INTO x FROM m GROUP BY time(1m) END"
    for name, column in (("bad", "percentile(v, -1), top(v, 1)"), ("good", "max(v)")):
        with hub.kept.database.transaction() as sql:
            sql.execute(
                "INSERT INTO continuous_query VALUES ('telegraf', ?, ?)", (name, text.format(name, column))
            )
    clock = Clock()
    runner = ContinuousRunner(hub.engine, hub.access, hub.changes, now_ns=clock)
    for clock.now_ns in (60 * S, 120 * S, 180 * S):
        await runner.run_due()
    assert [lines for _, lines in hub.changes.written] == [
        ["x max=5.0 0"],
        ["x max=11.0 60000000000"],
        ["x max=17.0 120000000000"],
    ]
    assert len([r for r in caplog.records if "continuous query failed" in r.message]) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("SELECT v INTO x FROM m END", "must be aggregate queries"),
        ("SELECT v INTO x FROM m GROUP BY time(1m) END", "at least one aggregate function"),
        ("SELECT nofunc(v) INTO x FROM m GROUP BY time(1m) END", "undefined function nofunc()"),
        ("SELECT max(v) INTO x FROM nodb..m GROUP BY time(1m) END", "database not found: nodb"),
        ("SELECT max(v) INTO nodb..x FROM m GROUP BY time(1m) END", "database not found: nodb"),
        ("SELECT max(v) INTO x FROM m END", "found m, expected GROUP BY time(...) at line 1, char 71"),
    ],
)
async def test_what_could_never_run_is_refused(hub: Hub, text: str, error: str) -> None:
    with pytest.raises(QueryError, match=error.replace("(", r"\(").replace(")", r"\)")):
        await hub.done(f"CREATE CONTINUOUS QUERY q ON telegraf BEGIN {text}")


async def test_databases_and_policies_are_named_when_it_is_made(hub: Hub) -> None:
    await hub.done(
        "CREATE CONTINUOUS QUERY q ON telegraf BEGIN SELECT max(v) INTO autogen.:MEASUREMENT"
        " FROM /m.*/, (SELECT v FROM m) GROUP BY time(1m) END"
    )
    (one,) = hub.engine.databases.continuous.listed()
    assert one == Continuous(
        "telegraf",
        "q",
        "CREATE CONTINUOUS QUERY q ON telegraf BEGIN SELECT max(v) INTO telegraf.autogen.:MEASUREMENT"
        " FROM telegraf.autogen./m.*/, (SELECT v FROM telegraf.autogen.m) GROUP BY time(1m) END",
    )
