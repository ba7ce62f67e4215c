"""A run of plain messages: appended as one batch, and parsed as one text where that is the same.

Plain is a message of which every line is right and no field is new. Such messages change nothing by which
the next one is read, so that their points may wait for each other. Whatever is not plain is taken alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from heliograph.codec.lineprotocol import FieldTypes, LineLimits
from heliograph.codec.lineprotocol.parser import parse
from heliograph.errors import TooManyColumns, TooSparse, TopicError
from heliograph.model.mark import read_mark
from heliograph.model.table import Batch, Join
from heliograph.model.time import MIN_TIME_NS
from heliograph.model.topic import device_of
from heliograph.store.ledger.entry import Origin
from heliograph.stream.log import MQTT_PREFIX, Message

TELEMETRY: Final = f"{MQTT_PREFIX}tel."
MAX_ROWS: Final = 4_000
"""A run ends with the message that reaches so many points."""
_MAX_TEXT_BYTES: Final = 1024**2
_MIN_TEXTS: Final = 64
"""Fewer messages than these are parsed as one text only where no others follow."""
_NO_TIME_NS: Final = MIN_TIME_NS
"""Stands for the time of a line without one, while it is not known of which message the line is."""
_TOPIC_SIGNS: Final = {"/.": "/", "//": ".", ".": "/", "/": ""}
_SEPARATORS: Final = re.compile(r"/\.|//|\.|/")
_SUBJECTS_KNOWN: Final = 4_096
_COMMENT: Final = ord("#")
_BLANK: Final = ord(" ")
_DIGITS: Final = frozenset(b"0123456789")
"""What a line with a time ends with; one without a time may, too."""


def topic_of(subject: str) -> str:
    """Return the MQTT topic that nats-server made a subject of.

    It writes a level's end as ``.``, a dot as ``//``, and an empty level's end as ``/.``.
    """
    return _SEPARATORS.sub(lambda found: _TOPIC_SIGNS[found[0]], subject)


@lru_cache(_SUBJECTS_KNOWN)
def _device(subject: str) -> str:
    return device_of(topic_of(subject.removeprefix(MQTT_PREFIX)))


@dataclass(slots=True)
class MessageRun:
    """Messages that stand one behind the other in the stream, and their points."""

    batch: Batch = field(default_factory=dict)
    points: int = 0
    origins: list[Origin] = field(default_factory=list)
    newest_ns: int = 0
    """When the stream took the latest of them."""

    @property
    def count(self) -> int:
        """How many messages it has."""
        return len(self.origins)


def gather(
    messages: Sequence[Message],
    after_seq: int,
    *,
    types: FieldTypes,
    limits: LineLimits,
    was_deleted: Callable[[int], bool],
) -> MessageRun:
    """Return the plain messages at the head of a group; none if the first is not plain.

    Args:
        messages: in the order of the stream.
        after_seq: the first must follow this sequence; a hole ends the run.
        types: the types of the fields that are known.
        limits: what a line may have.
        was_deleted: whether the message of a sequence was for a bucket that is gone.
    """
    texts = _texts(messages, after_seq, was_deleted)
    if len(texts) == len(messages) or len(texts) >= _MIN_TEXTS:
        whole = _parsed_whole(messages, texts, types, limits)
        if whole is not None:
            return whole
    joined, origins, newest_ns = Join(), list[Origin](), 0
    known: set[tuple[str, str]] = set()
    for seq, message in enumerate(messages, after_seq + 1):
        if not _is_next(message, seq, was_deleted):
            break
        try:
            device = _device(message.subject)
            parsed = parse(message.data, time_ns=message.time_ns, types=types, max_errors=1, limits=limits)
        except (TopicError, TooManyColumns, TooSparse):
            break
        if parsed.error_count or not _all_known(parsed.batch, types, known):
            break
        joined.add(parsed.batch)
        origins.append(Origin(device, message.time_ns, read_mark(message.data), parsed.points))
        newest_ns = max(newest_ns, message.time_ns)
        if joined.rows >= MAX_ROWS:
            break
    return MessageRun(joined.batch, joined.rows, origins, newest_ns)


def _is_next(message: Message, seq: int, was_deleted: Callable[[int], bool]) -> bool:
    return message.seq == seq and message.subject.startswith(TELEMETRY) and not was_deleted(seq)


def _texts(messages: Sequence[Message], after_seq: int, was_deleted: Callable[[int], bool]) -> list[int]:
    """Return, for the messages at the head that may be parsed as one text, how many points each has.

    Their lines end where the text has a line's end, whatever comes before or behind: there is no quote,
    and no sign that takes another's meaning away.
    """
    points: list[int] = []
    size_bytes = rows = 0
    for seq, message in enumerate(messages, after_seq + 1):
        data = message.data
        size_bytes += len(data)
        if rows >= MAX_ROWS or size_bytes > _MAX_TEXT_BYTES or not _is_next(message, seq, was_deleted):
            break
        if b'"' in data or b"\\" in data or b"\r" in data:
            break
        lines = [line for line in data.split(b"\n") if line and line[0] != _COMMENT]
        if not all(line[0] > _BLANK and line[-1] in _DIGITS for line in lines):
            break
        points.append(len(lines))
        rows += len(lines)
    return points


def _parsed_whole(
    messages: Sequence[Message], points: Sequence[int], types: FieldTypes, limits: LineLimits
) -> MessageRun | None:
    """Return messages with so many points each as a run; None if it takes a look at each to know."""
    some = messages[: len(points)]
    body = b"\n".join([message.data for message in some])
    try:
        devices = [_device(message.subject) for message in some]
        parsed = parse(body, time_ns=_NO_TIME_NS, types=types, max_errors=1, limits=limits)
    except (TopicError, TooManyColumns, TooSparse):
        return None
    tables = parsed.batch.values()
    if parsed.error_count or parsed.points != sum(points) or not _all_known(parsed.batch, types, set()):
        return None
    if any(min(table.times_ns) == _NO_TIME_NS for table in tables):
        return None
    origins = [
        Origin(device, message.time_ns, read_mark(message.data), count)
        for device, message, count in zip(devices, some, points, strict=True)
    ]
    newest_ns = max((message.time_ns for message in some), default=0)
    return MessageRun(parsed.batch, parsed.points, origins, newest_ns)


def _all_known(batch: Batch, types: FieldTypes, known: set[tuple[str, str]]) -> bool:
    """Return whether all fields have their types already; ``known`` remembers which."""
    for name, table in batch.items():
        for column in table.columns:
            if (name, column) not in known:
                if types(name, column) is None:
                    return False
                known.add((name, column))
    return True
