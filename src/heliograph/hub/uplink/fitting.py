"""Messages that the hub's broker takes: a larger one would cost the connection each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from heliograph.codec.lineprotocol import format_table
from heliograph.codec.lineprotocol.parser import parse
from heliograph.hub.uplink.thinning import Outgoing

_POINTS: Final = "tel/"
_PIECE_BYTES: Final = 2**20


def fitting(outgoing: Outgoing, most_bytes: int) -> list[Outgoing]:
    """Return what has at most so many bytes: a message itself, or its points in several ones.

    None come back of what cannot be divided; bad lines and single points that are too long are left out.
    """
    if len(outgoing.payload) <= most_bytes:
        return [outgoing]
    if not outgoing.topic.startswith(_POINTS):
        return []
    pieces = _pieces(_lines(outgoing.payload), min(most_bytes, _PIECE_BYTES), most_bytes)
    return [Outgoing(outgoing.topic, piece) for piece in pieces]


def _lines(payload: bytes) -> Iterator[bytes]:
    """Yield line by line; a line feed may stand in a text, so it is read what they are."""
    parsed = parse(payload, time_ns=0, types=_any_type, max_errors=1)
    yield from (mark + b"\n" for mark in parsed.marks)
    for table in parsed.batch.values():
        yield from (line.encode() + b"\n" for line in format_table(table))


def _pieces(lines: Iterator[bytes], size_bytes: int, most_bytes: int) -> Iterator[bytes]:
    """Yield lines together, as many as fit."""
    together = bytearray()
    for line in lines:
        if together and len(together) + len(line) > size_bytes:
            yield bytes(together)
            together.clear()
        if len(line) <= most_bytes:
            together += line
    if together:
        yield bytes(together)


def _any_type(_measurement: str, _field: str) -> None:
    """Return that nobody knows the type of a field yet."""
