"""What was handed to the ingest thread happens, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
import threading

import pytest

from heliograph.hub.ingest_thread import IngestThread


@pytest.fixture
def thread() -> IngestThread:
    return IngestThread()


async def test_a_queued_function_runs_although_its_caller_was_cancelled(thread: IngestThread) -> None:
    go = threading.Event()
    done: list[str] = []
    async with asyncio.TaskGroup() as group:
        first = group.create_task(thread.run(go.wait))
        second = group.create_task(thread.run(done.append, "second"))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        assert not second.done(), "it is waited for"
        go.set()
        assert await first
    assert done == ["second"]
    assert second.cancelled()
    thread.close()


async def test_functions_run_in_the_order_in_which_they_were_asked_for(thread: IngestThread) -> None:
    done: list[int] = []
    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(thread.run(done.append, number))
    assert done == list(range(50))
    thread.close()
