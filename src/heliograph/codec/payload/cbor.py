"""CBOR (RFC 8949), as small devices and SenML use it."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

from heliograph.codec.payload.decoded import Decoded, Plain, plain_bytes, plain_number
from heliograph.errors import PayloadError


def load_cbor(payload: bytes) -> Any:
    """Return the one item that a payload is, in CBOR's own types.

    Raises:
        PayloadError: it ends too early, has something behind the item, or is no CBOR at all.
    """
    import cbor2

    stream = io.BytesIO(payload)
    try:
        value = cbor2.CBORDecoder(stream).decode()
    except (cbor2.CBORDecodeError, RecursionError, ValueError, OverflowError) as error:
        raise PayloadError("CBOR", f"{error} at byte {stream.tell()}", column=stream.tell() + 1) from error
    if stream.tell() != len(payload):
        behind = f"{len(payload) - stream.tell()} bytes behind the first item"
        raise PayloadError("CBOR", behind, column=stream.tell() + 1)
    return value


def decode_cbor(payload: bytes) -> Decoded:
    """Return the item in plain values: keys as text, bytes as text or ``0x…``, times in ISO 8601.

    Raises:
        PayloadError: as :func:`load_cbor`.
    """
    return Decoded("cbor", plain(load_cbor(payload)))


def plain(value: Any) -> Plain:
    """Return a value of CBOR's types in JSON's."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return plain_number(value)
    if isinstance(value, bytes):
        return plain_bytes(value)
    if isinstance(value, dict) or hasattr(value, "items"):
        return {key if isinstance(key, str) else str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
