"""Fields of texts from columns in memory: the answers are those that SQL gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from random import Random

import pytest

from heliograph.query.influxql.answer import aggregates, raw, ties
from tests.unit.influxql_engine import Hub
from tests.unit.stored_points import Kept, point

sources = pytest.importorskip("heliograph.query.memory.sources", reason="there was no compiler")
S = 1_000_000_000
QUESTIONS = (
    "SELECT last(t) FROM m",
    "SELECT first(t) FROM m GROUP BY host",
    "SELECT last(t), v FROM m GROUP BY host",
    "SELECT first(t) FROM m WHERE time >= 20s GROUP BY time(10s)",
    "SELECT count(t), last(t) FROM m WHERE host = 'h1' AND time >= 0 GROUP BY time(7s) fill(previous)",
    "SELECT mode(t) FROM m",
    "SELECT distinct(t) FROM m",
    "SELECT t FROM m WHERE host =~ /^(h0|h1)$/ LIMIT 9",
    "SELECT t, v FROM m GROUP BY host ORDER BY time DESC LIMIT 4",
    "SELECT * FROM m WHERE v > 10",
    "SELECT last(t) FROM m WHERE time < 0",
    "SELECT count(t) FROM (SELECT t FROM m)",
)


@pytest.fixture
def hub(kept: Kept) -> Iterator[Hub]:
    random = Random(4)
    for _ in range(3):
        for _ in range(40):
            fields: dict[str, float | str] = {"v": float(random.randrange(30))}
            if random.random() < 0.7:
                fields["t"] = random.choice(["", "up", "down", "grün, größer", "0"])
            tags = {"host": f"h{random.randrange(3)}", **({"rack": "r"} if random.random() < 0.5 else {})}
            kept.write(point("m", random.randrange(50) * S, tags, **fields))
        kept.store.seal()
    kept.write(point("m", 49 * S, {"host": "h1"}, t="newest"), point("m", 48 * S, {"host": "h0"}, v=3.0))
    with Hub(kept) as opened:
        yield opened


async def answers(hub: Hub) -> AsyncIterator[object]:
    for text in QUESTIONS:
        results = await hub.results(text)
        yield [(r.error, [(s.tags, s.columns, s.rows) for s in r.series]) for r in results]


async def test_the_answers_are_those_of_sql(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = [answer async for answer in answers(hub)]
    for module in (aggregates, raw, ties):
        for name in ("rows_in_memory", "windows_of"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda *_, **__: None)
    by_sql = [answer async for answer in answers(hub)]
    for text, one, other in zip(QUESTIONS, in_memory, by_sql, strict=True):
        assert one == other, text


async def test_more_different_texts_than_are_kept_are_left_to_sql(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = [answer async for answer in answers(hub)]
    assert hub.sources is not None
    monkeypatch.setattr(hub.sources, "_text_bytes", 400)
    hub.sources.clear()
    assert [answer async for answer in answers(hub)] == in_memory
    assert [answer async for answer in answers(hub)] == in_memory, "also where it is known"
