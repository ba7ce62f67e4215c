"""One line of the ledger: what came from one device, or over HTTP for one bucket, and what became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from heliograph.model.mark import Mark
from heliograph.store.ledger.boots import Boots


class Kind(Enum):
    """What a line of the ledger is about."""

    DEVICE = "device"
    """What came over MQTT below ``tel/<name>/``."""
    BUCKET = "bucket"
    """What came over HTTP for the bucket."""
    REST = "rest"
    """Devices beyond the limit, together."""
    OTHER = "other"
    """Messages of the stream that hold no points."""


class Key(NamedTuple):
    """Whose line it is."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Origin:
    """A message with points, as far as the ledger wants to know it."""

    device: str
    time_ns: int
    """When the hub received it."""
    mark: Mark | None = None
    points: int = 0
    """Points of it that are in the store."""
    refused: int = 0
    """Lines of it that were refused; a message that was refused as a whole counts as one."""


_WRITTEN: Final = (
    *("acknowledged", "visible", "refused", "quarantined", "repeats", "qos0", "unmarked", "points"),
    "last_ns",
)


@dataclass(slots=True)
class Entry:
    """The counts of one line. Batches are messages; each is counted once, however often it came."""

    acknowledged: int = 0
    """Batches that the stream took."""
    visible: int = 0
    """Batches whose points queries see, those of QoS 0 with them."""
    stored: int = 0
    """Those of them that are in segments on disk."""
    refused: int = 0
    """Batches of which nothing could be used."""
    quarantined: int = 0
    """Lines that could not be used."""
    repeats: int = 0
    """Batches that came once more."""
    qos0: int = 0
    """Batches that came with QoS 0: in no stream, promised to nobody."""
    unmarked: int = 0
    """Batches without a mark."""
    points: int = 0
    last_ns: int = 0
    """When the hub received the last."""
    boots: Boots = field(default_factory=Boots)

    @property
    def produced(self) -> int | None:
        """Batches that the device made, by its own numbers; None when it does not number them."""
        return self.boots.produced + self.unmarked if self.boots.count else None

    def note(self, origin: Origin, *, acknowledged: bool, from_here: bool = False) -> None:
        """Count one message, with all batches that are in it."""
        self.last_ns = max(self.last_ns, origin.time_ns)
        count = 1
        if origin.mark is None:
            self.unmarked += 1
        else:
            count = sum(not self.boots.has(one) for one in origin.mark.each())
            self.repeats += origin.mark.batches - count
            if not count:
                return
            self.boots.add(origin.mark, from_here=from_here)
        self.points += origin.points
        self.quarantined += origin.refused
        if acknowledged:
            self.acknowledged += count
        else:
            self.qos0 += count
        if origin.points or not origin.refused:
            self.visible += count
        else:
            self.refused += count

    def copy(self) -> Entry:
        """Return an entry that does not change with this one."""
        return replace(self, boots=self.boots.copy())

    def to_text(self) -> str:
        """Return the counts as they stand on disk."""
        counts = {name: getattr(self, name) for name in _WRITTEN}
        return json.dumps(counts | self.boots.as_json(), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Entry:
        """Return what :meth:`to_text` gave; all of it is stored."""
        kept = json.loads(text)
        counts = {name: kept[name] for name in _WRITTEN}
        return cls(**counts, stored=kept["visible"], boots=Boots.from_json(kept))


Changes: TypeAlias = dict[Key, Entry]
"""Copies of lines, as they are written with a seal."""


def as_rows(changes: Changes) -> list[tuple[str, str, str]]:
    """Return lines as rows of the table ``ledger``."""
    return [(key.kind.value, key.name, entry.to_text()) for key, entry in changes.items()]
