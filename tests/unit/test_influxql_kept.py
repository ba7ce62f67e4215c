"""Answers that are kept, or given at once, are those that would be found by reading."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from heliograph.errors import QueryError
from heliograph.model.predicate import Predicate
from heliograph.query.influxql.engine import Asked
from heliograph.query.influxql.memory.quick import NotAtOnce, Quick, refuse, shape_of, until
from heliograph.store.duck import Cursor
from tests.unit.influxql_engine import Hub, Rights
from tests.unit.stored_points import BUCKET, Kept, point

S = 1_000_000_000


@pytest.fixture
def hub(kept: Kept) -> Iterator[Hub]:
    kept.write(*(point("cpu", n * S, {"host": f"h{n % 2}"}, v=float(n), n=n, t=f"x{n}") for n in range(20)))
    kept.store.seal()
    kept.write(*(point("cpu", n * S, {"host": "h0"}, v=float(n), n=n, t=f"x{n}") for n in range(20, 25)))
    with Hub(kept) as opened:
        yield opened


async def asked_often(hub: Hub, text: str) -> list[Any]:
    """Return the answers of four times; whoever gets one writes into its rows."""
    answers = []
    for _ in range(4):
        results = await hub.results(text)
        rows = [[(s.name, s.tags, list(map(list, s.rows))) for s in result.series] for result in results]
        answers.append((rows, [result.error for result in results]))
        for row in (row for r in results for s in r.series for row in s.rows):
            row[:] = ["spoilt"] * len(row)
    return answers


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM cpu",
        "SELECT mean(v), max(n) FROM cpu WHERE time >= 0 AND time < 30s GROUP BY time(5s), host fill(linear)",
        "SELECT last(t) FROM cpu GROUP BY host",
        "SELECT v FROM cpu WHERE host =~ /^(h0|h1)$/ ORDER BY time DESC LIMIT 3",
        "SELECT v FROM cpu WHERE host =~ /^h1$/ tz('Europe/Berlin')",
        "SELECT sum(m) FROM (SELECT mean(v) AS m FROM cpu WHERE time < 30s GROUP BY time(5s), host)",
        "SELECT percentile(v, 50), host FROM cpu",
        "SELECT nothing FROM cpu",
        "SHOW MEASUREMENTS",
        "SHOW TAG VALUES FROM cpu WITH KEY = host WHERE host != 'h0'",
        "SHOW SERIES",
        "SHOW FIELD KEYS FROM nothing",
        "EXPLAIN SELECT v FROM cpu",
    ],
)
async def test_each_time_the_answer_is_the_same(hub: Hub, text: str) -> None:
    first, *others = await asked_often(hub, text)
    assert others == [first] * 3


async def test_new_points_are_seen_at_once(hub: Hub) -> None:
    text = "SELECT last(n) FROM cpu"
    assert [rows[0][0][2] for rows, _ in await asked_often(hub, text)] == [[[24 * S, 24]]] * 4
    hub.kept.write(point("cpu", 30 * S, {"host": "h0"}, n=30))
    assert await hub.done(text) == [[30 * S, 30]]
    hub.kept.store.seal()
    assert await hub.done(text) == [[30 * S, 30]]


async def test_deleted_points_are_gone_at_once(hub: Hub) -> None:
    text = "SELECT count(n) FROM cpu"
    await asked_often(hub, text)
    hub.kept.store.delete(BUCKET, Predicate(), 0, 5 * S, {})
    assert await hub.done(text) == [[0, 20]]


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("SHOW MEASUREMENTS", ["disk"]),
        ("SHOW TAG VALUES WITH KEY = host", ["host", "h9"]),
        ("SHOW FIELD KEYS", ["more", "integer"]),
        ("SHOW TAG KEYS", ["zone"]),
    ],
)
async def test_new_names_are_seen_at_once(hub: Hub, text: str, new: list[str]) -> None:
    answers = await asked_often(hub, text)
    assert answers == [answers[0]] * 4
    assert new not in await hub.done(text)
    hub.kept.write(point("disk", S, {"host": "h9", "zone": "z"}, more=1))
    assert new in await hub.done(text)


async def test_who_may_not_read_gets_no_kept_answer(hub: Hub) -> None:
    for text in ("SELECT last(n) FROM cpu", "SHOW MEASUREMENTS"):
        await asked_often(hub, text)
        with pytest.raises(QueryError, match="is secret"):
            await hub.done(text, Rights("ada", operator=False))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count(n) FROM cpu WHERE time > now() - 100000d",
        "SELECT count(n) FROM cpu WHERE time >= 0 GROUP BY time(520w)",
        "SELECT sample(n, 2) FROM cpu",
        "SELECT count(n) FROM /cpu/",
        "SELECT count(n) FROM nothing",
    ],
)
async def test_what_may_change_without_its_points_is_not_kept(hub: Hub, text: str) -> None:
    (result,) = await hub.results(text)
    assert result.error is None
    assert result.kept is None


async def test_what_holds_is_told(hub: Hub) -> None:
    text = "SELECT last(n) FROM cpu"
    (result,) = await hub.results(text)
    assert result.kept is not None
    asked = Asked(text, hub.access, BUCKET)
    assert hub.engine.holds(asked, result.kept)
    hub.kept.write(point("cpu", 30 * S, {"host": "h0"}, n=30))
    assert not hub.engine.holds(asked, result.kept)


def test_shapes_differ_in_more_than_numbers() -> None:
    assert shape_of("SELECT a1 FROM m WHERE time > 17", "db") == shape_of(
        "SELECT a1 FROM m WHERE time > 5", "db"
    )
    assert shape_of("SELECT a FROM m", "db") != shape_of("SELECT b FROM m", "db")
    assert shape_of("SELECT a FROM m", "db") != shape_of("SELECT a FROM m", "other")
    assert shape_of("SELECT a FROM m" + " " * 10_000, "db") is None


def test_only_what_was_quick_is_expected_to_be() -> None:
    quick = Quick()
    assert not quick.expects("new")
    assert quick.timed("new", lambda session: session + 1, 1) == 2
    assert quick.expects("new")
    with pytest.raises(NotAtOnce):
        quick.timed("new", lambda _: refuse(), 1)
    assert not quick.expects("new")


def test_no_engine_is_opened_at_once() -> None:
    with pytest.raises(NotAtOnce):
        Cursor(refuse).rows("SELECT 1")


def test_what_looks_at_the_clock_too_late_is_ended() -> None:
    times = iter([0.0, 0.01, 1.0])
    clock = until(lambda: next(times))
    assert clock() == 0.01
    with pytest.raises(NotAtOnce):
        clock()
    assert until(time.monotonic)() > 0


async def test_fields_that_do_not_fit_into_memory_together_are_not_read_in_turn(kept: Kept) -> None:
    kept.write(*(point("m", n * S, {"host": f"h{n % 2}"}, a=n, b=-n, c=float(n)) for n in range(3_000)))
    kept.store.seal()
    fields = "max(a), max(b), max(c), spread(a), spread(b), spread(c)"
    with Hub(kept, columns_bytes=3 * 3_000 * 8 + 9_000) as hub:  # for the times and two fields
        rows = await hub.done(f"SELECT {fields} FROM m WHERE time < 3000s GROUP BY time(1000s)")
        assert [row[1:] for row in rows] == [
            [1_000 * i + 999, -1_000 * i, 1_000.0 * i + 999, 999, 999, 999] for i in range(3)
        ]
        assert hub.sources is not None
        assert hub.sources.size_bytes == 0
        await hub.done("SELECT spread(a), spread(b) FROM m WHERE time < 3000s")
        assert hub.sources.size_bytes >= 3 * 3_000 * 8, "these fit"
