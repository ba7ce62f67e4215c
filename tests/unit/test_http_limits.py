"""What a connection may hold of the hub, and for how long; and what it may not be cut off for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from heliograph.hub.http_protocol import (
    ANSWER_BYTES_PER_SECOND,
    HEAD_BYTES,
    STUCK_SECONDS,
    JoinedProtocol,
    cut_slow,
)
from heliograph.hub.http_server import HttpServer, listen

LARGE = 30_000_000
GET = b"GET / HTTP/1.1\r\nHost: hub\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answering:
    """Refuses what is posted to /refused unread; answers others once it may, with as much as they ask for."""

    def __init__(self) -> None:
        self.may = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/refused":
            await Request(scope, receive).body()
            await self.may.wait()
        await PlainTextResponse(b"x" * int(scope["query_string"] or b"0"))(scope, receive, send)


def served(use: Callable[[Answering, HttpServer, Streams], Awaitable[None]]) -> None:
    """Use one connection to a server on the hub's own loop."""

    async def using() -> None:
        app, listener = Answering(), listen("127.0.0.1", 0)
        server = HttpServer(app, listener)
        async with asyncio.TaskGroup() as group, asyncio.timeout(120):
            group.create_task(server.run_until_stopped())
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                await use(app, server, (reader, writer))
            finally:
                app.may.set()
                writer.transport.abort()
                server.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(using())


async def seen(server: HttpServer, there: Callable[[Any], bool]) -> JoinedProtocol:
    """Return the server's side of the connection as soon as something holds of it."""
    while True:
        for one in server.server_state.connections:
            if isinstance(one, JoinedProtocol) and there(one):
                return one
        await asyncio.sleep(0)


async def until_closed(streams: Streams) -> int:
    """Return how many bytes come until the connection is closed."""
    count = 0
    with contextlib.suppress(ConnectionError):
        while data := await streams[0].read(65_536):
            count += len(data)
    return count


def test_a_body_that_nobody_wanted_is_not_part_of_the_next_head() -> None:
    async def use(app: Answering, server: HttpServer, streams: Streams) -> None:
        reader, writer = streams
        app.may.set()
        writer.write(b"POST /refused HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000000\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(bytes(1_000_000) + GET)
        await seen(server, lambda one: one._is_head)
        writer.write(b"\r\n")
        assert await reader.readuntil(b"\r\n\r\n")

    served(use)


@pytest.mark.parametrize(
    "sent",
    [
        GET + b"\r\n" + GET + b"X-1: ",
        b"POST / HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-1: ",
    ],
    ids=["the head of the next request", "what stands behind a body"],
)
def test_no_head_grows_beyond_its_limit(sent: bytes) -> None:
    async def use(app: Answering, server: HttpServer, streams: Streams) -> None:
        streams[1].write(sent)
        await seen(server, lambda one: one.cycle is not None)
        app.may.set()
        await seen(server, lambda one: one.cycle.response_complete or one.cycle.more_body)
        for _ in range(20):
            streams[1].write(b"a" * HEAD_BYTES)
        await until_closed(streams)

    served(use)


def test_who_takes_an_answer_slowly_is_not_cut_off_as_who_takes_nothing_is() -> None:
    async def use(app: Answering, server: HttpServer, streams: Streams) -> None:
        app.may.set()
        streams[1].write(GET.replace(b"/ ", b"/?%d " % LARGE) + b"\r\n")
        one = await seen(server, lambda one: one._stuck_since is not None)
        waits, since = one.transport.get_write_buffer_size(), one._stuck_since
        assert since is not None
        while waits - one.transport.get_write_buffer_size() < 10 * ANSWER_BYTES_PER_SECOND:
            assert await streams[0].read(65_536)
        assert not one.is_too_slow(since + STUCK_SECONDS + 5)
        assert one.is_too_slow(since + STUCK_SECONDS + LARGE / ANSWER_BYTES_PER_SECOND)

    served(use)


def test_who_takes_nothing_of_a_last_answer_is_cut_off() -> None:
    async def use(app: Answering, server: HttpServer, streams: Streams) -> None:
        app.may.set()
        streams[1].write(GET.replace(b"/ ", b"/?%d " % LARGE) + b"Connection: close\r\n\r\n")
        one = await seen(server, lambda one: one.transport is not None and one.transport.is_closing())
        now = one.loop.time()
        assert cut_slow([one], now) == 0
        assert cut_slow([one], now + STUCK_SECONDS + 1) == 1
        assert await until_closed(streams) < LARGE

    served(use)
