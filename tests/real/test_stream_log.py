"""The streams on a real nats-server: nothing acknowledged is missing, doubled or out of order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.aio.client import Client

from heliograph.errors import AckTimeout, ConnectError, PayloadTooLarge, StreamError
from heliograph.stream.log import LP, MQTT, Message, StreamLog
from heliograph.transport.nats import connect
from tests.ports import free_port
from tests.real.nats_process import NatsProcess

LOGIN = ("hub", "secret")
ROOM = 64 * 2**20
HANG = 120


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[NatsProcess]:
    with NatsProcess(tmp_path, login=LOGIN) as process:
        yield process


@pytest.fixture
async def connection(nats: NatsProcess) -> AsyncIterator[Client]:
    opened = await connect(nats.port, *LOGIN)
    yield opened
    await opened.close()


@pytest.fixture
async def stream(connection: Client) -> StreamLog:
    log = StreamLog(connection)
    await log.prepare(ROOM)
    return log


async def fill(stream: StreamLog, count: int) -> list[int]:
    return [await stream.publish("lp.b", str(i).encode(), {"Number": str(i)}) for i in range(count)]


async def read(stream: StreamLog, first: int, last: int) -> list[Message]:
    async with asyncio.timeout(HANG):
        return [message async for group in stream.read(LP, first, last) for message in group]


async def test_messages_come_back_in_order_with_all_that_they_carry(stream: StreamLog) -> None:
    assert await fill(stream, 3_000) == list(range(1, 3_001))
    messages = await read(stream, 1, 3_000)
    assert [m.seq for m in messages] == list(range(1, 3_001))
    assert [int(m.data) for m in messages] == list(range(3_000))
    assert {m.subject for m in messages} == {"lp.b"}
    assert all(m.headers["Number"] == str(m.seq - 1) for m in messages)
    times = [m.time_ns for m in messages]
    assert times == sorted(times)
    assert any(t % 1_000 for t in times), "whole nanoseconds, not rounded"
    assert [m.time_ns for m in await read(stream, 1, 3_000)] == times, "a replay has the same times"


async def test_reading_from_and_to_the_middle(stream: StreamLog) -> None:
    await fill(stream, 20)
    assert [m.seq for m in await read(stream, 5, 9)] == [5, 6, 7, 8, 9]
    assert [m.seq for m in await read(stream, 20, 20)] == [20]
    assert await read(stream, 21, 20) == []


async def test_purged_messages_are_passed_over_and_nothing_waits_for_them(stream: StreamLog) -> None:
    await fill(stream, 20)
    await stream.purge(LP, 11)
    assert (await stream.state(LP)).first_seq == 11
    assert [m.seq for m in await read(stream, 3, 15)] == [11, 12, 13, 14, 15]
    await stream.purge(LP, 21)
    state = await stream.state(LP)
    assert (state.first_seq, state.last_seq) == (21, 20)
    assert await read(stream, 3, 15) == []


async def test_what_the_stream_is(stream: StreamLog) -> None:
    empty = await stream.state(MQTT)
    assert (empty.first_seq, empty.last_seq, empty.max_bytes) == (1, 0, ROOM)
    assert empty.created
    await fill(stream, 2)
    assert (await stream.state(LP)).size_bytes > 0


async def test_preparing_again_changes_the_limit_and_keeps_the_messages(stream: StreamLog) -> None:
    await fill(stream, 5)
    before = await stream.state(LP)
    await stream.prepare(2 * ROOM)
    after = await stream.state(LP)
    assert (after.created, after.last_seq, after.max_bytes) == (before.created, 5, 2 * ROOM)


async def test_a_stream_made_anew_is_another_one(stream: StreamLog, connection: Client) -> None:
    await fill(stream, 5)
    before = await stream.state(LP)
    await connection.jetstream().delete_stream(LP)
    await stream.prepare(ROOM)
    after = await stream.state(LP)
    assert after.last_seq == 0
    assert after.created != before.created


async def test_a_reader_gets_what_comes_later(stream: StreamLog) -> None:
    seen: list[int] = []
    async with asyncio.timeout(HANG), asyncio.TaskGroup() as group:
        group.create_task(fill(stream, 50))
        async for messages in stream.read(LP, 1):
            seen += [m.seq for m in messages]
            if seen[-1] == 50:
                break
    assert seen == list(range(1, 51))


async def test_a_reader_outlives_a_killed_nats_server(stream: StreamLog, nats: NatsProcess) -> None:
    seen: list[int] = []
    await fill(stream, 10)

    async def disturb() -> None:
        await asyncio.to_thread(nats.kill)
        await asyncio.to_thread(nats.start)
        wanted = 10
        while wanted:
            with contextlib.suppress(AckTimeout, StreamError):  # while it is away
                await stream.publish("lp.b", b"after", {})
                wanted -= 1

    async with asyncio.timeout(HANG), asyncio.TaskGroup() as group:
        disturbed = False
        async for messages in stream.read(LP, 1):
            seen += [m.seq for m in messages]
            if not disturbed:
                disturbed = True
                group.create_task(disturb())
            if seen[-1] >= 20:
                break
    assert seen == list(range(1, seen[-1] + 1))


async def test_a_full_stream_refuses_and_keeps_what_it_has(stream: StreamLog) -> None:
    await stream.prepare(100_000)
    with pytest.raises(StreamError, match="maximum bytes") as full:
        await publish_for_ever(stream)
    assert (full.value.retry, full.value.http_status) == (True, 503)
    state = await stream.state(LP)
    assert state.first_seq == 1
    assert 50 < state.last_seq < 100
    await stream.purge(LP, 50)
    assert await stream.publish("lp.b", bytes(1_000), {}) == state.last_seq + 1


async def publish_for_ever(stream: StreamLog) -> None:
    while True:
        await stream.publish("lp.b", bytes(1_000), {})


async def test_a_payload_over_the_servers_limit_is_refused_without_losing_the_connection(
    stream: StreamLog, connection: Client
) -> None:
    with pytest.raises(PayloadTooLarge, match="send smaller batches") as refused:
        await stream.publish("lp.b", bytes(connection.max_payload + 1), {})
    assert (refused.value.http_status, refused.value.retry) == (413, False)
    assert await stream.publish("lp.b", b"small", {}) == 1


async def test_headers_count_against_the_servers_limit(stream: StreamLog, connection: Client) -> None:
    with pytest.raises(PayloadTooLarge):
        await stream.publish("lp.b", bytes(connection.max_payload - 10), {"Helio-Precision": "NS"})
    assert await stream.publish("lp.b", b"small", {}) == 1, "the connection was not cut"


async def test_a_stream_that_is_away_is_told_as_such(stream: StreamLog, nats: NatsProcess) -> None:
    await asyncio.to_thread(nats.kill)
    with pytest.raises(StreamError) as away:
        await stream.state(LP)
    assert away.value.retry
    await asyncio.to_thread(nats.start)
    async with asyncio.timeout(HANG):
        assert await stream.publish("lp.b", b"again", {}) == 1


async def test_connecting_to_nobody_and_with_a_wrong_password(nats: NatsProcess) -> None:
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1:\d+: .+"):
        await connect(free_port(), *LOGIN)
    with pytest.raises(ConnectError, match=r"(?i)authorization"):
        await connect(nats.port, "hub", "wrong")


async def test_a_reader_whose_cancellation_a_library_lost_ends_all_the_same(stream: StreamLog) -> None:
    async def reader() -> None:
        with contextlib.suppress(asyncio.CancelledError):  # what wait_for of Python 3.11 does at times
            await asyncio.sleep(HANG)
        async for _ in stream.read(LP, 1):
            pass

    async with asyncio.timeout(HANG), asyncio.TaskGroup() as group:
        task = group.create_task(reader())
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()
