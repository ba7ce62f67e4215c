"""Tasks that end when they are told to, also where a library loses the first word."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from heliograph.aio.supervise import end, supervise
from heliograph.errors import ConnectError, Refused


async def test_a_lost_cancellation_is_said_again() -> None:
    lost = 0

    async def deaf_once() -> None:
        nonlocal lost
        while True:
            with contextlib.suppress(asyncio.CancelledError) if not lost else contextlib.nullcontext():
                try:
                    await asyncio.Event().wait()
                finally:
                    lost += 1

    async with asyncio.TaskGroup() as group:
        task = group.create_task(deaf_once())
        await asyncio.sleep(0)
        await end(task)
    assert task.cancelled()
    assert lost == 2


async def test_what_has_ended_already_is_not_waited_for() -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(asyncio.sleep(0))
        await task
        await end(task)
    await end()


async def test_what_may_help_is_tried_again_and_what_cannot_is_not() -> None:
    runs = 0

    async def fails_once() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ConnectError("here", "not yet")

    await supervise("a part", fails_once)
    assert runs == 2

    async def refused() -> None:
        raise Refused("here", "never")

    with pytest.raises(Refused):
        await supervise("a part", refused)
