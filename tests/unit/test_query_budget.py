"""Memory for questions is shared: small ones have theirs, of the large ones one runs at a time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from heliograph.errors import QueryError
from heliograph.query.budget import Claim, MemoryBudget, TurnNeeded

_LIMIT = 16 * 2**20
SMALL_ROWS, LARGE_ROWS, TOO_MANY_ROWS = 4_500, 50_000, 60_000
"""A row of three values counts 230 bytes; a small share of four is a MiB, the turn has 12."""


def budget() -> MemoryBudget:
    return MemoryBudget(_LIMIT, at_once=4)


async def test_a_small_question_is_asked_once() -> None:
    memory, asked = budget(), list[int]()

    async def ask(claim: Claim) -> str:
        asked.append(claim.most_bytes)
        claim.hold(SMALL_ROWS, 3)
        return "answer"

    assert await memory.answer(ask, 1.0) == "answer"
    assert asked == [_LIMIT // 16]
    assert memory.report() == {
        "limit_bytes": _LIMIT,
        "held_bytes": 0,
        "most_bytes": SMALL_ROWS * 230,
        "waiting": 0,
        "waited": 0,
        "refused": 0,
    }


async def test_a_large_question_begins_anew_with_the_turn() -> None:
    memory, asked = budget(), list[int]()

    async def ask(claim: Claim) -> None:
        asked.append(claim.most_bytes)
        claim.hold(LARGE_ROWS, 3)

    await memory.answer(ask, 1.0)
    assert asked == [_LIMIT // 16, _LIMIT * 3 // 4]


async def test_large_questions_wait_for_each_other_and_small_ones_for_nobody() -> None:
    memory, let_go, order = budget(), asyncio.Event(), list[str]()

    async def large(claim: Claim, name: str) -> None:
        claim.hold(LARGE_ROWS, 3)
        order.append(f"{name} holds")
        await let_go.wait()
        order.append(f"{name} ends")

    async def small(claim: Claim) -> None:
        claim.hold(SMALL_ROWS, 3)
        order.append("small")

    async with asyncio.TaskGroup() as group:
        group.create_task(memory.answer(lambda claim: large(claim, "first"), 10.0))
        group.create_task(memory.answer(lambda claim: large(claim, "second"), 10.0))
        for _ in range(5):  # each needs no more turns of the loop than these to get as far as it can
            await asyncio.sleep(0)
        assert memory.report()["waiting"] == 1
        await memory.answer(small, 10.0)
        assert order == ["first holds", "small"]
        assert memory.report()["held_bytes"] == LARGE_ROWS * 230
        let_go.set()
    assert order == ["first holds", "small", "first ends", "second holds", "second ends"]
    assert memory.report()["waited"] == 2


async def test_what_is_too_large_for_the_turn_is_refused_and_the_turn_is_free_again() -> None:
    memory = budget()

    async def ask(claim: Claim, rows: int) -> int:
        claim.hold(rows, 3)
        return rows

    with pytest.raises(QueryError, match=r"over 12 MiB of memory .* limits\.query_memory"):
        await memory.answer(lambda claim: ask(claim, TOO_MANY_ROWS), 1.0)
    assert memory.report()["refused"] == 1
    assert await memory.answer(lambda claim: ask(claim, LARGE_ROWS), 1.0) == LARGE_ROWS


async def test_who_waits_too_long_is_told_and_who_goes_waits_no_more() -> None:
    memory, holds, let_go = budget(), asyncio.Event(), asyncio.Event()

    async def ask(claim: Claim) -> None:
        claim.hold(LARGE_ROWS, 3)
        holds.set()
        await let_go.wait()

    async with asyncio.TaskGroup() as group:
        first = group.create_task(memory.answer(ask, 10.0))
        await holds.wait()
        with pytest.raises(QueryError, match="others that do, too, were before it for 0 s"):
            await memory.answer(ask, 0.0)
        gone = group.create_task(memory.answer(ask, 10.0))
        for _ in range(5):
            await asyncio.sleep(0)
        assert memory.report()["waiting"] == 1
        gone.cancel()
        let_go.set()
    assert first.done()
    assert gone.cancelled()
    assert memory.report()["waiting"] == 0


async def test_who_goes_while_memory_is_given_back_leaves_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, giving, given = budget(), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def give_back() -> None:  # in the place of the C library's: it must be under way when somebody goes
        loop.call_soon_threadsafe(giving.set)
        given.wait(120)

    monkeypatch.setattr("heliograph.query.budget._give_back", give_back)

    async def ask(claim: Claim) -> str:
        claim.hold(LARGE_ROWS, 3)
        return "answer"

    async with asyncio.TaskGroup() as group:
        gone = group.create_task(memory.answer(ask, 10.0))
        await giving.wait()
        gone.cancel()
    given.set()
    assert gone.cancelled()
    assert await memory.answer(ask, 10.0) == "answer"


def test_a_claim_of_its_own_holds_what_it_wants() -> None:
    claim = Claim()
    claim.hold(10**9, 10)
    claim.hold(1, 1)
    assert claim.held_bytes == 10**9 * 580
    with pytest.raises(TurnNeeded):
        Claim(1_000).hold(10, 1)
