"""Panels of a form that was learned are answered as they are when every word of them is read."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from heliograph.model.predicate import Predicate
from heliograph.query.influxql.engine import Asked
from heliograph.query.influxql.memory import panels, quick
from heliograph.query.influxql.plan.shapes import Result
from tests.unit.influxql_engine import Hub, Rights
from tests.unit.stored_points import BUCKET, Kept, point

S = 1_000_000_000
SEED = 20261123
PANELS = [
    "SELECT max(v) FROM cpu WHERE time >= {a}s AND time < {b}s AND host = '{h}' GROUP BY time(5s) fill(none)",
    (
        "SELECT mean(v) AS a, mean(n) AS b FROM cpu WHERE (host = '{h}' OR host = '{g}')"
        " AND time >= {a}s AND time <= {b}s GROUP BY time(7s), host fill(none)"
    ),
    (
        "SELECT mean(n) FROM cpu WHERE host =~ /^({h}|{g})$/ AND time >= {a}000ms and time <= {b}000ms"
        " GROUP BY time(5s, 2s), host, zone fill(null)"
    ),
    "SELECT min(v), min(n) FROM cpu WHERE time > {a}s AND time < {b}s GROUP BY time(4s), *",
    "SELECT sum(n), sum(v) FROM cpu WHERE time >= {a}s AND time < {b}s GROUP BY zone",
    "SELECT last(v), last(n), last(v) FROM cpu WHERE time >= {a}s AND time < {b}s GROUP BY host, zone",
    "SELECT first(v) FROM cpu WHERE time >= {a}s AND time < {b}s GROUP BY time(6s), host, zone",
    "SELECT count(n) FROM cpu WHERE time >= {a}s AND time < {b}s AND n > {c} AND v <= 0.75 GROUP BY host",
    "SELECT mean(v) FROM cpu WHERE time >= {a}s AND time < {b}s AND zone = '' GROUP BY time(9s)",
    'SELECT sum("n") AS "time_" FROM cpu WHERE time >= {a}000000000 AND time < {b}s AND time < 40s',
]
"""Those that are learned."""
OTHERS = [
    "SELECT max(v) FROM cpu WHERE time >= {a}s AND time < {b}s AND host = '{h}'",
    "SELECT count(n) FROM cpu WHERE time >= {a}s AND time < {b}s GROUP BY time(5s)",
    "SELECT last(v) FROM cpu WHERE time >= {a}s AND time < {b}s GROUP BY time(5s)",
    "SELECT mean(v) FROM cpu WHERE time >= {a}s AND time < {b}s OR host = '{h}' GROUP BY time(5s)",
    "SELECT mean(v) FROM cpu WHERE time >= {a}s GROUP BY time(5s) LIMIT 2",
    "SELECT mean(v) FROM cpu WHERE time >= {a}s AND time < {b}s AND host != '{h}' GROUP BY time(5s)",
    "SELECT mean(v) FROM cpu WHERE time >= {a}s AND time < {b}s AND host = '{h}' AND host = '{g}'",
    "SELECT mean(v), max(n) FROM cpu WHERE time >= {a}s AND time < {b}s GROUP BY time(5s)",
    "SELECT mean(v) FROM cpu WHERE time >= {a}s AND time < {b}s GROUP BY time(5s) ORDER BY time DESC",
    "SELECT mean(v) FROM cpu WHERE time >= {a}s AND time < {b}s GROUP BY time(5s) fill(previous)",
    "SELECT max(t) FROM cpu WHERE time >= {a}s AND time < {b}s GROUP BY time(5s)",
]
"""Those that are not."""


@pytest.fixture
def hub(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(quick, "_LIMIT_SECONDS", 60.0)  # forms are learned on slow machines, too
    for module in (quick, panels):
        monkeypatch.setattr(module, "MOMENT_SECONDS", 59.0)
    random = Random(SEED)
    for half in range(2):
        for n in range(20 * half, 20 * half + 20):
            for host in ("h0", "h1", "h2"):
                tags = {"host": host} if random.random() < 0.5 else {"host": host, "zone": "z"}
                fields: dict[str, Any] = {"v": random.random(), "n": random.randrange(9), "t": "x"}
                del fields[random.choice(["v", "n", "t"])]
                kept.write(point("cpu", n * S, tags, **fields))
        if not half:
            kept.store.seal()
    with Hub(kept) as opened:
        yield opened


def text_of(form: str, random: Random) -> str:
    a, b = sorted(random.sample(range(1, 50), 2))
    h, g = random.sample(["h0", "h1", "h2", "h3"], 2)
    return form.format(a=a, b=b, h=h, g=g, c=random.randrange(9))


def asked_of(text: str, access: Rights | None = None) -> Asked:
    return Asked(text, access or Rights(), BUCKET)


def shown(result: Result) -> Any:
    assert result.error is None
    return [(s.name, s.tags, s.columns, s.rows, s.timed, s.whole) for s in result.series]


async def learned(hub: Hub, form: str, random: Random) -> bool:
    """Ask texts of a form; return whether one of them was answered at once."""
    for _ in range(6):
        text = text_of(form, random)
        if hub.engine.at_once(asked_of(text)) is not None:
            return True
        await hub.results(text)
    return False


@pytest.mark.parametrize("number", range(len(PANELS)))
async def test_a_panel_is_answered_at_once_as_it_is_by_reading(hub: Hub, number: int) -> None:
    random = Random(SEED + number)
    assert await learned(hub, PANELS[number], random)
    answered = 0
    for _ in range(60):
        text = text_of(PANELS[number], random)
        at_once = hub.engine.at_once(asked_of(text))
        (by_reading,) = await hub.results(text)
        if at_once is not None:
            answered += 1
            assert shown(at_once) == shown(by_reading), text
    assert answered > 20


@pytest.mark.parametrize("number", range(len(OTHERS)))
async def test_others_are_read(hub: Hub, number: int) -> None:
    assert not await learned(hub, OTHERS[number], Random(SEED))


async def test_new_and_deleted_points_and_fields_are_seen(hub: Hub) -> None:
    random = Random(SEED)
    form = "SELECT sum(n) FROM cpu WHERE time >= {a}s AND time < 99s GROUP BY time(99s) fill(none)"
    assert await learned(hub, form, random)
    text = form.format(a=60)
    hub.kept.write(point("cpu", 70 * S, {"host": "h9"}, n=7))
    at_once = hub.engine.at_once(asked_of(text))
    assert at_once is not None
    assert [row[1] for s in at_once.series for row in s.rows] == [7]
    hub.kept.write(point("cpu", 71 * S, {"host": "h9"}, other=1.0))
    assert hub.engine.at_once(asked_of(text)) is None
    hub.kept.store.delete(BUCKET, Predicate(), 70 * S, 71 * S, {})
    assert await hub.done(text) == []


async def test_who_may_not_read_gets_nothing(hub: Hub) -> None:
    random = Random(SEED)
    assert await learned(hub, PANELS[0], random)
    text = text_of(PANELS[0], random)
    assert hub.engine.at_once(asked_of(text, Rights(operator=False))) is None
    (result,) = await hub.results(text, Rights(operator=False))
    assert result.error is not None


async def test_after_a_change_of_buckets_it_is_looked_up_anew(hub: Hub) -> None:
    random = Random(SEED)
    assert await learned(hub, PANELS[0], random)
    hub.kept.store.create_bucket("other", {})
    assert hub.engine.at_once(asked_of(text_of(PANELS[0], random))) is None


async def test_a_form_holds_no_points(hub: Hub) -> None:
    assert await learned(hub, PANELS[0], Random(SEED))
    (form,) = hub.engine._panels._learned.values()
    assert form is not None
    assert hub.kept.store.snapshot(BUCKET, "cpu").hot, "there are some to be held"  # type: ignore[union-attr]
    assert (form.stored.snapshot.hot, form.stored.snapshot.segments) == ((), ())
