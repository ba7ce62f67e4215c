"""A run of plain messages: parsed one by one, appended as one batch.

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
from heliograph.model.topic import device_of
from heliograph.store.ledger.entry import Origin
from heliograph.stream.log import MQTT_PREFIX, Message

TELEMETRY: Final = f"{MQTT_PREFIX}tel."
MAX_ROWS: Final = 10_000
"""A run ends with the message that reaches so many points."""
_TOPIC_SIGNS: Final = {"/.": "/", "//": ".", ".": "/", "/": ""}
_SEPARATORS: Final = re.compile(r"/\.|//|\.|/")
_SUBJECTS_KNOWN: Final = 4_096


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

    points: Join = field(default_factory=Join)
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
    run = MessageRun()
    known: set[tuple[str, str]] = set()
    for seq, message in enumerate(messages, after_seq + 1):
        if message.seq != seq or not message.subject.startswith(TELEMETRY) or was_deleted(seq):
            break
        try:
            device = _device(message.subject)
            parsed = parse(message.data, time_ns=message.time_ns, types=types, max_errors=1, limits=limits)
        except (TopicError, TooManyColumns, TooSparse):
            break
        if parsed.error_count or not _all_known(parsed.batch, types, known):
            break
        run.points.add(parsed.batch)
        run.origins.append(Origin(device, message.time_ns, read_mark(message.data), parsed.points))
        run.newest_ns = max(run.newest_ns, message.time_ns)
        if run.points.rows >= MAX_ROWS:
            break
    return run


def _all_known(batch: Batch, types: FieldTypes, known: set[tuple[str, str]]) -> bool:
    """Return whether all fields have their types already; ``known`` remembers which."""
    for name, table in batch.items():
        for column in table.columns:
            if (name, column) not in known:
                if types(name, column) is None:
                    return False
                known.add((name, column))
    return True
