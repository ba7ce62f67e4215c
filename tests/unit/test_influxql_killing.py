"""KILL QUERY is heard at once, also by a question that waits: for a thread, or for its turn."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from heliograph.query.budget import Claim
from heliograph.query.influxql.plan.shapes import Result
from tests.unit.influxql_engine import Hub
from tests.unit.stored_points import Kept, point

QUESTION = "SELECT mean(v) FROM m WHERE time >= 0 AND time < 10s GROUP BY time(1s)"
LONGEST = 120.0


@pytest.fixture
def hub(kept: Kept) -> Iterator[Hub]:
    kept.write(*(point("m", second * 10**9, v=float(second)) for second in range(10)))
    with Hub(kept) as running:
        yield running


async def killed(hub: Hub, asking: asyncio.Task[list[Result]]) -> str | None:
    """Kill a question that waits, and return how it ends."""
    assert not asking.done()
    ((query, _),) = hub.engine.running.listed()
    assert await hub.done(f"KILL QUERY {query.id}") == []
    async with asyncio.timeout(LONGEST):
        return (await asking)[0].error


async def test_one_that_waits_for_a_thread(hub: Hub) -> None:
    let_go = threading.Event()
    others = [hub.take_thread(let_go) for _ in range(hub.threads)]
    try:
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(hub.results(QUESTION))
            for _ in range(20):  # far more turns of the loop than it needs to get to where it waits
                await asyncio.sleep(0)
            assert await killed(hub, asking) == "query interrupted"
        assert not any(other.done() for other in others)
    finally:
        let_go.set()
    assert len(await hub.done(QUESTION)) == 10


async def test_one_that_waits_for_its_turn(hub: Hub) -> None:
    let_go, has_turn = asyncio.Event(), asyncio.Event()
    hub.memory.small = lambda: Claim(0)  # type: ignore[method-assign]

    async def large(claim: Claim) -> None:
        claim.hold(1, 1)
        has_turn.set()
        await let_go.wait()

    async with asyncio.TaskGroup() as group:
        other = group.create_task(hub.memory.answer(large, LONGEST))
        await has_turn.wait()
        asking = group.create_task(hub.results(QUESTION))
        async with asyncio.timeout(LONGEST):
            while not hub.memory.report()["waiting"]:  # noqa: ASYNC110 - a figure is no event
                await asyncio.sleep(0)
        assert await killed(hub, asking) == "query interrupted"
        assert not other.done()
        assert (hub.memory.report()["waiting"], hub.memory.report()["refused"]) == (0, 0)
        let_go.set()
    assert len(await hub.done(QUESTION)) == 10
