"""Request bodies: read with a limit, decompressed with the same limit."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any, Final

from starlette.requests import Request

from heliograph.errors import DecodeError, PayloadTooLarge, QueryError

JSON_BYTES: Final = 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE_BYTES: Final = 16 * 1024


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


async def read_packed(request: Request, limit_bytes: int) -> tuple[bytes, bytes | None]:
    """Return the body unpacked, and the gzip bytes where it came as such.

    Raises:
        PayloadTooLarge: over the limit, as it came or unpacked.
        DecodeError: it says that it is gzip and is not.
    """
    body = await read_body(request, limit_bytes)
    if request.headers.get("content-encoding", "").lower() != "gzip":
        return body, None
    return await asyncio.to_thread(gunzip, body, limit_bytes), body


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
        value = json.loads(body)
        if b"\\u" in body:  # half a surrogate pair is no text that we could store or answer
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise QueryError(f"the body must be JSON: {error}") from error
    if not isinstance(value, dict):
        raise QueryError(f"the body must be a JSON object, {type(value).__name__} came")
    return value
