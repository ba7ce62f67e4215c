"""Large bodies are read into one place, whoever sends them and however the connection goes on."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

import pytest
import uvloop
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from heliograph.api.body import WHOLE_BODY, read_body
from heliograph.api.drain import Drain
from heliograph.errors import PayloadTooLarge
from heliograph.hub.http_protocol import WORTH_BYTES
from heliograph.hub.http_server import HttpServer, listen

T = TypeVar("T")
LIMIT = 4_000_000
LARGE = bytes(i * i % 251 for i in range(1_000_000))


class Digester:
    """Answers with the digest of a body, and says how it was read; or without having read it."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.whole: list[bool] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if scope["path"] == "/refused":
            await PlainTextResponse("no", 403)(scope, receive, send)
            return
        self.whole.append(WHOLE_BODY in scope["state"])
        try:
            body = await read_body(request, LIMIT)
        except PayloadTooLarge:
            await PlainTextResponse("large", 413)(scope, receive, send)
        except ClientDisconnect:
            self.gone.set()
        else:
            await PlainTextResponse(digest(body))(scope, receive, send)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[Digester, int]]:
    app = Digester()
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = HttpServer(Drain(app), listener)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run_until_stopped())
        yield app, port
        server.stop()


def served(use: Callable[[Digester, int], Awaitable[T]]) -> T:
    """Return what is made of a server on the hub's own loop: where bytes are read to is the loop's matter."""

    async def using() -> T:
        async with serving() as (app, port):
            return await use(app, port)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(using())


def told(parts: Iterable[bytes], count: int) -> list[tuple[int, str]]:
    return served(lambda _, port: answers(port, parts, count))


def post(body: bytes, path: str = "/", extra: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


async def answers(port: int, parts: Iterable[bytes], count: int) -> list[tuple[int, str]]:
    """Send parts one after another on one connection, and return status and text of each answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        found = []
        for _ in range(count):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            found.append((int(head.split()[1]), (await reader.readexactly(length)).decode()))
        return found
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.mark.parametrize("size", [0, 1, WORTH_BYTES - 1, WORTH_BYTES, WORTH_BYTES + 1, len(LARGE)])
def test_a_body_of_any_size_and_the_request_behind_it(size: int) -> None:
    body = LARGE[:size]
    assert told([post(body), post(b"next")], 2) == [(200, digest(body)), (200, digest(b"next"))]


def test_requests_that_are_sent_at_once() -> None:
    bodies = [LARGE, b"short", LARGE[:150_000], LARGE[::-1], LARGE[:200_000], LARGE]
    assert told([b"".join(map(post, bodies))], len(bodies)) == [(200, digest(body)) for body in bodies]


def test_a_request_whose_head_came_with_the_body_before_it_keeps_its_own() -> None:
    bodies = [LARGE[:100_000], LARGE[::-1]]
    assert told([b"".join(map(post, bodies))], 2) == [(200, digest(body)) for body in bodies]


def test_a_body_in_small_pieces() -> None:
    body = LARGE[:200_000]
    sent = post(body)
    assert told((sent[at : at + 777] for at in range(0, len(sent), 777)), 1) == [(200, digest(body))]


def test_a_chunked_body_comes_in_pieces() -> None:
    head = b"POST / HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (200_000, LARGE[at : at + 200_000]) for at in range(0, 10**6, 200_000)
    )

    async def use(app: Digester, port: int) -> list[bool]:
        found = await answers(port, [head, chunks, b"0\r\n\r\n", post(LARGE)], 2)
        assert found == [(200, digest(LARGE))] * 2
        return app.whole

    assert served(use) == [False, True]


def test_a_client_that_asks_first() -> None:
    async def use(_: Digester, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        asking = b"Length: 1000000\r\nExpect: 100-continue\r\n"
        writer.write(post(b"").replace(b"Length: 0\r\n", asking))
        assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
        writer.write(LARGE)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return head

    assert b"200 OK" in served(use)


def test_what_is_refused_is_read_to_its_end() -> None:
    parts = [post(LARGE, "/refused"), post(bytes(LIMIT + 1)), post(LARGE)]
    assert told(parts, 3) == [(403, "no"), (413, "large"), (200, digest(LARGE))]


def test_a_client_that_goes_away() -> None:
    async def use(app: Digester, port: int) -> list[tuple[int, str]]:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(LARGE)[:300_000])
        await writer.drain()
        writer.close()
        async with asyncio.timeout(120):
            await app.gone.wait()
        return await answers(port, [post(LARGE)], 1)

    assert served(use) == [(200, digest(LARGE))]
