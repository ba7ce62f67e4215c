"""Messages that go on together: one costs the hub's disk as much as a hundred do, and a backlog has many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.codec.lineprotocol.parser import parse
from heliograph.errors import TooSparse
from heliograph.hub.uplink.thinning import Outgoing
from heliograph.model.mark import MOST_BATCHES, Mark, format_mark, read_mark
from heliograph.model.time import MIN_TIME_NS

JOINED_BYTES: Final = 128 * 1024
_POINTS: Final = "tel/"
_COMMENT: Final = ord("#")
_BLANK: Final = ord(" ")
_DIGITS: Final = frozenset(b"0123456789")


@dataclass(slots=True)
class _Together:
    """Messages of one topic, the first of them as it came."""

    first: Outgoing
    mark: Mark | None
    lines: list[bytes]
    size_bytes: int
    others: list[Outgoing]

    def takes(self, topic: str, mark: Mark | None, size_bytes: int) -> bool:
        """Return whether a message may stand behind those that are here."""
        if topic != self.first.topic or self.size_bytes + size_bytes > JOINED_BYTES:
            return False
        if self.mark is None or mark is None:
            return self.mark is mark and len(self.others) + 1 < MOST_BATCHES
        return self.mark.is_followed_by(mark)

    def made(self) -> list[Outgoing]:
        """Return them as one message, or as they came where one of them would spoil the others."""
        if not self.others:
            return [self.first]
        head = [] if self.mark is None else [format_mark(self.mark)]
        payload = b"\n".join([*head, *self.lines, b""])
        return [Outgoing(self.first.topic, payload)] if _is_right(payload) else [self.first, *self.others]


def joined(messages: Sequence[Outgoing]) -> list[Outgoing]:
    """Return the messages, those of one topic together; those of one device stay in their order.

    Only lines of points are joined of which each has its time and ends where it seems to. Marks that follow
    each other become one that stands for all.
    """
    if len(messages) < 2:
        return list(messages)
    made: list[_Together | Outgoing] = []
    last: dict[str, _Together] = {}
    for message in messages:
        device = message.topic.split("/", 2)[1]
        lines = _lines(message)
        if lines is None:
            last.pop(device, None)
            made.append(message)
            continue
        mark = read_mark(message.payload)
        together = last.get(device)
        if together is not None and together.takes(message.topic, mark, len(message.payload)):
            together.lines += lines
            together.size_bytes += len(message.payload)
            together.others.append(message)
            if mark is not None and together.mark is not None:
                together.mark = together.mark.with_next(mark)
        else:
            last[device] = _Together(message, mark, lines, len(message.payload), [])
            made.append(last[device])
    return [out for one in made for out in (one.made() if isinstance(one, _Together) else [one])]


def _lines(message: Outgoing) -> list[bytes] | None:
    """Return the lines with points of a message; None if it is better left alone."""
    topic, payload = message
    if not topic.startswith(_POINTS) or len(payload) > JOINED_BYTES:
        return None
    if b'"' in payload or b"\\" in payload or b"\r" in payload:
        return None
    first, *rest = payload.split(b"\n")
    lines = [line for line in rest if line]
    if first and read_mark(first) is None:
        lines.insert(0, first)
    if not all(line[0] > _BLANK and line[0] != _COMMENT and line[-1] in _DIGITS for line in lines):
        return None
    return lines


def _is_right(payload: bytes) -> bool:
    try:
        parsed = parse(payload, time_ns=MIN_TIME_NS, types=_any_type, max_errors=1)
    except TooSparse:
        return False
    has_times = all(min(table.times_ns) > MIN_TIME_NS for table in parsed.batch.values())
    return has_times and not parsed.error_count


def _any_type(_measurement: str, _field: str) -> None:
    """Return that nobody knows the type of a field yet."""
