"""Request bodies: read with a limit, decompressed with the same limit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, NoReturn

from starlette.requests import Request

from heliograph.aio.threads import Job
from heliograph.errors import DecodeError, PayloadTooLarge, QueryError, StoreBusy

JSON_BYTES: Final = 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE_BYTES: Final = 16 * 1024
_AT_ONCE: Final = 3


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the body as it came.

    Raises:
        PayloadTooLarge: over the limit; what came so far is thrown away.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise PayloadTooLarge(int(announced), limit_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise PayloadTooLarge(None, limit_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


class Bodies:
    """The bodies in memory at a time: each up to a limit, and together no more than ``_AT_ONCE`` such.

    Gzip makes a large body of a few bytes: many requests at once would need all memory there is.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._room_bytes = _AT_ONCE * limit_bytes

    @contextlib.asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[tuple[bytes, bytes | None]]:
        """The body of a request unpacked, and the gzip bytes where it came as such; they go with the block.

        Raises:
            PayloadTooLarge: over the limit, as it came or unpacked.
            DecodeError: it says that it is gzip and is not.
            StoreBusy: there is no room beside the others.
        """
        announced = request.headers.get("content-length", "")
        came_bytes = min(int(announced), self._limit_bytes) if announced.isdigit() else 0
        with contextlib.ExitStack() as held:
            held.enter_context(self._hold(came_bytes))
            body, packed = await read_body(request, self._limit_bytes), None
            if request.headers.get("content-encoding", "").lower() == "gzip":
                unpacking = Job(gunzip, body, self._limit_bytes)
                await asyncio.to_thread(unpacking)
                body, packed = unpacking.result(), body
            held.enter_context(self._hold(max(0, len(body) - came_bytes)))
            yield body, packed

    @contextlib.contextmanager
    def _hold(self, size_bytes: int) -> Iterator[None]:
        if size_bytes > self._room_bytes:
            raise StoreBusy("too many large bodies are under way already; try again in a second")
        self._room_bytes -= size_bytes
        try:
            yield
        finally:
            self._room_bytes += size_bytes


def gunzip(data: bytes, limit_bytes: int) -> bytes:
    """Return decompressed gzip data, of one or more members.

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
            if not piece:
                raise DecodeError("the gzip body is cut short: unexpected EOF")
            try:
                unpacked += unpacker.decompress(piece, limit_bytes - len(unpacked) + 1)
            except zlib.error as error:
                raise DecodeError(f"the body is not valid gzip: {error}") from error
            if len(unpacked) > limit_bytes:
                raise PayloadTooLarge(None, limit_bytes)
            offset += len(piece) - len(unpacker.unused_data)
    return bytes(unpacked)


async def read_json(request: Request) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        QueryError: not JSON, or not an object.
        PayloadTooLarge: over ``JSON_BYTES``.
    """
    body = await read_body(request, JSON_BYTES)
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
