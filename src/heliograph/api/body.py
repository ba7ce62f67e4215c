"""Request bodies: read with a limit, decompressed with the same limit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final, NoReturn

from starlette.requests import Request

from heliograph.aio.threads import Job
from heliograph.errors import DecodeError, PayloadTooLarge, QueryError, StoreBusy

WHOLE_BODY: Final = "whole_body"
"""In the scope's state: a server's own way to read a body, where it has one that is quicker than pieces."""
JSON_BYTES: Final = 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE_BYTES: Final = 16 * 1024
_GROWTH_BYTES: Final = 64 * 1024
"""So much comes out of gzip at a time."""
_AT_ONCE: Final = 3


WholeBody = Callable[[int], Awaitable[bytes | None]]
"""Told the length that the head announced, it returns the body, or None: then it comes in pieces."""
Grow = Callable[[int], None]
"""Told how many bytes are in memory so far; it may refuse."""


def _unbounded(_: int) -> None:
    """There is nothing to share."""


async def read_body(request: Request, limit_bytes: int, grow: Grow = _unbounded) -> bytes:
    """Return the body as it came.

    Raises:
        PayloadTooLarge: over the limit; what came so far is thrown away.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise PayloadTooLarge(int(announced), limit_bytes)
    grow(int(announced) if announced.isdigit() else 0)
    whole: WholeBody | None = request.scope.get("state", {}).get(WHOLE_BODY)
    if whole is not None and announced.isdigit() and (body := await whole(int(announced))) is not None:
        return body
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise PayloadTooLarge(None, limit_bytes)
        grow(size)
        chunks.append(chunk)
    return b"".join(chunks)


class Bodies:
    """The bodies in memory at a time: each up to a limit, and together no more than ``_AT_ONCE`` such.

    Gzip makes a large body of a few bytes: many requests at once would need all memory there is. So what
    comes out of it counts from the first byte on.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._room_bytes = _AT_ONCE * limit_bytes
        self._lock = threading.Lock()

    @contextlib.asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[tuple[bytes, bytes | None]]:
        """The body of a request unpacked, and the gzip bytes where it came as such; they go with the block.

        Raises:
            PayloadTooLarge: over the limit, as it came or unpacked.
            DecodeError: it says that it is gzip and is not.
            StoreBusy: there is no room beside the others.
        """
        with _Share(self).held() as share:
            body, packed = await read_body(request, self._limit_bytes, share.grow), None
            if request.headers.get("content-encoding", "").lower() == "gzip":
                unpacking = Job(gunzip, body, self._limit_bytes, share.grow)
                await asyncio.to_thread(unpacking)
                body, packed = unpacking.result(), body
            yield body, packed

    def take(self, size_bytes: int) -> None:
        """Take some of the room, or give it back.

        Raises:
            StoreBusy: there is not so much.
        """
        with self._lock:
            if size_bytes > self._room_bytes:
                raise StoreBusy("too many large bodies are under way already; try again in a second")
            self._room_bytes -= size_bytes


class _Share:
    """The room that one request has taken."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._lock = threading.Lock()
        self._held_bytes = 0
        self._over = False

    @contextlib.contextmanager
    def held(self) -> Iterator[_Share]:
        """Give back all of it when the block ends; a thread that still unpacks then gets no more."""
        try:
            yield self
        finally:
            with self._lock:
                self._over = True
                self._bodies.take(-self._held_bytes)

    def grow(self, size_bytes: int) -> None:
        """Have room for at least so much.

        Raises:
            StoreBusy: there is none beside the others, or nobody waits for the body any more.
        """
        with self._lock:
            if self._over:
                raise StoreBusy("the request is over")
            more = max(0, size_bytes - self._held_bytes)
            self._bodies.take(more)
            self._held_bytes += more


def gunzip(data: bytes, limit_bytes: int, grow: Grow = _unbounded) -> bytes:
    """Return decompressed gzip data, of one or more members; ``grow`` is told of all that came out.

    Raises:
        DecodeError: not gzip, or cut short.
        PayloadTooLarge: more than the limit comes out of it; it is not unpacked further than that.
    """
    unpacked = bytearray()
    offset = 0
    while offset < len(data):
        unpacker = zlib.decompressobj(_GZIP)
        while not unpacker.eof:
            # in pieces, since zlib copies what follows a member, and a body may have a million of them
            piece = data[offset : offset + _PIECE_BYTES]
            try:
                came = unpacker.decompress(piece, _GROWTH_BYTES)
            except zlib.error as error:
                raise DecodeError(f"the body is not valid gzip: {error}") from error
            if not piece and not came and not unpacker.eof:
                raise DecodeError("the gzip body is cut short: unexpected EOF")
            if len(unpacked) + len(came) > limit_bytes:
                raise PayloadTooLarge(None, limit_bytes)
            grow(len(unpacked) + len(came))
            unpacked += came
            offset += len(piece) - len(unpacker.unused_data) - len(unpacker.unconsumed_tail)
    return bytes(unpacked)


async def read_json(request: Request, limit_bytes: int = JSON_BYTES) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        QueryError: not JSON, or not an object.
        PayloadTooLarge: over the limit.
    """
    body = await read_body(request, limit_bytes)
    try:
        text = body.decode()  # strictly: json itself lets half a surrogate pair pass, if it comes as bytes
        value = json.loads(text, parse_constant=_no_number)
        if "\\u" in text:  # half a surrogate pair is no text that we could store or answer
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise QueryError(f"the body must be JSON: {error}") from error
    if not isinstance(value, dict):
        raise QueryError(f"the body must be a JSON object, {type(value).__name__} came")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
