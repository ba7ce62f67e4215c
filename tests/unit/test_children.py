"""A child that answered well waits for the next question to its bucket, for a while, and for no other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest

from heliograph.errors import QueryError
from heliograph.query.children import Child, ChildEnded, Children
from heliograph.query.user_sql import UserSql
from tests.unit.stored_points import Kept

REQUEST: dict[str, Any] = {
    "sql": "SELECT 40 + 2 AS x",
    "parameters": {},
    "views": {},
    "measurements": [],
    "files": [],
    "rows": 10,
    "answer_bytes": 1_000,
    "seconds": 10,
    "memory_bytes": 64 * 2**20,
}


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    waiting = Children(1)
    yield waiting
    await waiting.close()


async def ask(children: Children, bucket: str, **changed: object) -> Child:
    """Ask one question and return who answered."""
    async with children.borrow(bucket) as child:
        answer = await child.ask(REQUEST | changed)
        assert answer.get("rows") == [[42]] or "error" in answer
    return child


async def test_one_child_answers_several_questions_to_a_bucket(children: Children) -> None:
    first = await ask(children, "a")
    assert await ask(children, "a", sql="SELECT nope") is first
    assert await ask(children, "a") is first


async def test_another_bucket_gets_another_child_and_the_one_before_is_ended(children: Children) -> None:
    first = await ask(children, "a")
    second = await ask(children, "b")
    assert second is not first
    await first.gone()
    assert not first.alive
    assert await ask(children, "b") is second


async def test_nothing_that_a_question_set_is_left_for_the_next(children: Children) -> None:
    await ask(children, "a", views={"v": "SELECT 42 AS x"}, sql="SELECT x FROM v")
    async with children.borrow("a") as child:
        answer = await child.ask(REQUEST | {"sql": "SELECT x FROM v"})
    assert "v does not exist" in answer["error"]


async def test_a_child_that_nobody_asks_any_more_ends() -> None:
    children = Children(1, idle_seconds=0)
    child = await ask(children, "a")
    async with asyncio.timeout(120):
        await child._process.wait()
    assert await ask(children, "a") is not child
    await children.close()


async def test_a_child_in_the_middle_of_a_question_is_ended_with_it(children: Children) -> None:
    async def give_up() -> None:
        async with children.borrow("a") as child:
            left.append(child)
            async with asyncio.timeout(0):
                await child.ask(REQUEST)

    left: list[Child] = []
    with pytest.raises(TimeoutError):
        await give_up()
    assert not left[0].alive
    assert await ask(children, "a") is not left[0]


async def test_a_child_that_dies_is_told_with_its_status(children: Children) -> None:
    async with children.borrow("a") as child:
        os.kill(child._process.pid, 9)
        with pytest.raises(ChildEnded, match="status -9") as caught:
            await child.ask(REQUEST)
    assert caught.value.status == -9


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGXCPU, r"longer than 5 s \(limits\.query_seconds\)"),
        (signal.SIGKILL, "killed, which the system does when memory runs out"),
        (signal.SIGSEGV, "ended with status -11"),
    ],
)
async def test_why_a_child_ended_is_told(kept: Kept, number: signal.Signals, reason: str) -> None:
    user_sql = UserSql(kept.store, kept.duck, kept.folder, seconds=5, memory_bytes=2**26)
    async with user_sql._children.borrow("a") as child:
        os.kill(child._process.pid, number)
        with pytest.raises(QueryError, match=reason):
            await user_sql._ask(child, REQUEST)


async def test_a_child_of_a_large_process_is_kept_all_the_same(children: Children) -> None:
    ballast = bytearray(os.urandom(4096) * (50 * 1024))  # 200 MB, and each page of it touched
    first = await ask(children, "a")
    assert await ask(children, "a") is first
    assert ballast
