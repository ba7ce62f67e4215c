"""Places for publications: a bound that may change, the order of the calls, and what a cancel leaves."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.aio.threads import in_daemon_thread
from heliograph.transport.mqtt_client_slots import Slots


async def turns(slots: Slots, count: int, order: list[int]) -> asyncio.TaskGroup:
    async def wait(number: int) -> None:
        await slots.acquire()
        order.append(number)

    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(wait(number))
        for _ in range(count):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if len(order) < count:
                slots.release()
    return tasks


async def test_no_more_than_there_are_and_in_order() -> None:
    order: list[int] = []
    slots = Slots(1)
    await turns(slots, 4, order)
    assert order == [0, 1, 2, 3]
    assert slots.taken == 1


async def test_the_other_side_may_allow_fewer_and_then_more() -> None:
    slots = Slots(3)
    slots.limit_to(1)
    await slots.acquire()
    async with asyncio.TaskGroup() as tasks:
        second = tasks.create_task(slots.acquire())
        await asyncio.sleep(0)
        assert not second.done()
        slots.limit_to(None)
    assert slots.taken == 2
    slots.limit_to(65_535)
    await slots.acquire()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await slots.acquire()


async def test_a_cancelled_wait_takes_no_place_even_when_its_turn_had_come() -> None:
    slots = Slots(1)
    await slots.acquire()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(slots.acquire())
        await asyncio.sleep(0)
        slots.release()  # its turn, which it has not seen yet
        waiting.cancel()
    assert slots.taken == 0
    await slots.acquire()


async def test_a_call_in_a_thread_returns_and_raises() -> None:
    assert await in_daemon_thread(int, "7") == 7
    with pytest.raises(ValueError, match="invalid literal"):
        await in_daemon_thread(int, "x")
