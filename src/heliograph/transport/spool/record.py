"""One message that waits on disk, and its bytes: what a power cut has torn is told by a checksum.

A record on disk::

    magic 2 | CRC-32 of the rest 4 | length of the body 4 | body
    body: flags 1 | boot 8 | wall_ns 8 | mono_ns 8 | length of the topic 2 | topic | payload

The payload is compressed where that makes it smaller: cards wear by bytes written.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from heliograph.errors import DecodeError

MAGIC: Final = b"\xc5\x9d"
_HEAD: Final = struct.Struct(">2sII")
_CHECKED: Final = struct.Struct(">I")
_BODY: Final = struct.Struct(">B8sqqH")
_QOS: Final = 0b011
_RETAINED: Final = 0b100
_COMPRESSED: Final = 0b1000
_POINTS: Final = 0b10000
_WORTH_COMPRESSING: Final = 128
HEAD_BYTES: Final = _HEAD.size
LONGEST_BODY_BYTES: Final = 2 * 1024 * 1024
"""More than any message may have: a longer length is not a length."""


class Stamp(NamedTuple):
    """When something happened, by both clocks: the wall clock may be set later, the other never is."""

    boot: bytes
    """Eight bytes that are the same as long as the machine is not started again."""
    wall_ns: int
    """Nanoseconds since 1970 by the clock on the wall."""
    mono_ns: int
    """Nanoseconds since some moment of this boot."""

    def shift_ns(self, now: Stamp) -> int:
        """Return by how much the wall clock has been set since; 0 where nobody can know, after a restart."""
        if self.boot != now.boot:
            return 0
        return (now.wall_ns - now.mono_ns) - (self.wall_ns - self.mono_ns)

    def age_ns(self, now: Stamp) -> int:
        """Return how long ago it was, never less than 0."""
        if self.boot == now.boot:
            return max(0, now.mono_ns - self.mono_ns)
        return max(0, now.wall_ns - self.wall_ns)


@dataclass(frozen=True, slots=True)
class Record:
    """A message that waits to be published."""

    topic: str
    payload: bytes
    stamp: Stamp
    qos: int = 1
    retained: bool = False
    points: bool = False
    """Whether the payload is line protocol with times of our own making, which may be put right."""


def pack(record: Record) -> bytes:
    """Return the bytes of a record as they stand on disk."""
    flags = record.qos | (_RETAINED if record.retained else 0) | (_POINTS if record.points else 0)
    payload = record.payload
    if len(payload) >= _WORTH_COMPRESSING:
        smaller = zlib.compress(payload, 1)
        if len(smaller) < len(payload):
            payload, flags = smaller, flags | _COMPRESSED
    topic = record.topic.encode()
    stamp = record.stamp
    fixed = _BODY.pack(flags, stamp.boot, stamp.wall_ns, stamp.mono_ns, len(topic))
    body = b"".join((fixed, topic, payload))
    return _HEAD.pack(MAGIC, _checksum(body), len(body)) + body


def end_of(data: bytes, start: int) -> int:
    """Return where the record ends that begins at ``start``; it is whole, but is not looked into.

    Raises:
        DecodeError: no whole record begins there.
    """
    if len(data) - start < HEAD_BYTES:
        raise DecodeError("a record is cut off")
    magic, checksum, length = _HEAD.unpack_from(data, start)
    end = int(start + HEAD_BYTES + length)
    if magic != MAGIC or length < _BODY.size or length > LONGEST_BODY_BYTES or end > len(data):
        raise DecodeError("no record begins here")
    if _checksum(data[start + HEAD_BYTES : end]) != checksum:
        raise DecodeError("the checksum of a record is wrong")
    return end


def stamp_of(data: bytes, start: int) -> Stamp:
    """Return when the record was made that begins at ``start``; it must be whole."""
    _, boot, wall_ns, mono_ns, _ = _BODY.unpack_from(data, start + HEAD_BYTES)
    return Stamp(boot, wall_ns, mono_ns)


def unpack(data: bytes, start: int) -> tuple[Record, int]:
    """Return the record that begins at ``start``, and where it ends.

    Raises:
        DecodeError: no whole record begins there.
    """
    end = end_of(data, start)
    body = data[start + HEAD_BYTES : end]
    flags, boot, wall_ns, mono_ns, topic_bytes = _BODY.unpack_from(body)
    payload = body[_BODY.size + topic_bytes :]
    if flags & _COMPRESSED:
        payload = zlib.decompress(payload)
    topic = body[_BODY.size : _BODY.size + topic_bytes].decode()
    stamp = Stamp(boot, wall_ns, mono_ns)
    return Record(topic, payload, stamp, flags & _QOS, bool(flags & _RETAINED), bool(flags & _POINTS)), end


def find(data: bytes, start: int) -> int:
    """Return where the next whole record begins at ``start`` or behind it; the end if there is none."""
    while True:
        found = data.find(MAGIC, start)
        if found < 0:
            return len(data)
        try:
            end_of(data, found)
        except DecodeError:
            start = found + 1
        else:
            return found


def _checksum(body: bytes) -> int:
    return zlib.crc32(_CHECKED.pack(len(body)) + body)
