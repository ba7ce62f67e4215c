"""The ledger's book: its counts are a function of what the streams brought, also after a crash.

A message is counted at the moment at which its points become visible and its position becomes the
stream's. What was counted up to a seal is written in the seal's own transaction, together with the position
up to which segments hold the stream; what comes after that is read again and counted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from heliograph.model.watermark import Watermark
from heliograph.store.database import Database
from heliograph.store.ledger.boots import Gap
from heliograph.store.ledger.entry import Changes, Entry, Key, Kind, Origin

MAX_DEVICES: Final = 10_000
_LATE: Final = "ledger_late"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger at one moment. Batches are messages, each counted once; see :class:`Entry`."""

    key: Key
    produced: int | None
    acknowledged: int
    stored: int
    visible: int
    refused: int
    missing: int
    gaps: Sequence[Gap]
    """The missing batches of which the numbers are known."""
    repeats: int
    quarantined: int
    qos0: int
    points: int
    boots: int
    last_ns: int


class Ledger:
    """The lines of the ledger in memory. Not safe for several threads: the store holds the lock."""

    def __init__(self, database: Database, most_devices: int) -> None:
        self._database = database
        self._most_devices = most_devices
        self._entries: dict[Key, Entry] = {}
        self._changed: set[Key] = set()
        for kind, name, text in database.rows("SELECT kind, name, counts FROM ledger"):
            self._entries[Key(Kind(kind), name)] = Entry.from_text(text)
        self._devices = sum(key.kind is Kind.DEVICE for key in self._entries)
        self._counted: dict[str, Watermark] = {
            stream: Watermark(created, seq)
            for stream, created, seq in database.rows("SELECT stream, created, seq FROM reread")
        }
        """Of streams that are read again from an earlier position: up to where they were counted before."""
        self._late = bool(database.rows("SELECT 1 FROM counter WHERE name = ?", (_LATE,)))

    def begin_late(self) -> None:
        """Note that batches came before there was a ledger: a device's first ones are not missing."""
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO counter VALUES (?, 1)", (_LATE,))
        self._late = True

    def counted_to(self, stream: str, mark: Watermark, created: str, last_seq: int) -> Watermark:
        """Return up to where a stream that has to be read again was counted already.

        Args:
            stream: its name.
            mark: up to where it was in segments.
            created: when the stream that is there now was made.
            last_seq: where that ends.
        """
        before = [m.seq for m in (mark, self._counted.get(stream)) if m is not None and m.created == created]
        return Watermark(created, min(last_seq, max(before, default=0)))

    def read_again(self, stream: str, counted: Watermark) -> None:
        """Count nothing twice of a stream that is read again: it was counted up to a position."""
        self._counted[stream] = counted

    def note(self, origin: Origin, stream: str | None = None, mark: Watermark | None = None) -> None:
        """Count a message of a device; without a stream it is one of QoS 0."""
        key = Key(Kind.DEVICE, origin.device)
        new = key not in self._entries
        if new and self._devices >= self._most_devices:
            key, new = Key(Kind.REST, ""), False
            origin = replace(origin, mark=None)  # the numbers of many devices tell nothing together
        entry = self._entries.setdefault(key, Entry())
        self._devices += new
        again = stream is not None and mark is not None and self._was_counted(stream, mark)
        if again and (origin.mark is None or entry.boots.may_have(origin.mark)):
            return
        entry.note(origin, acknowledged=stream is not None, from_here=new and self._late)
        self._changed.add(key)

    def note_batch(self, stream: str, mark: Watermark, bucket: str, points: int) -> None:
        """Count a batch that came over HTTP."""
        self._plain(stream, mark, Key(Kind.BUCKET, bucket), points)

    def note_other(self, stream: str, mark: Watermark) -> None:
        """Count a message of a stream that is for no device and no bucket."""
        self._plain(stream, mark, Key(Kind.OTHER, stream), 0)

    def _plain(self, stream: str, mark: Watermark, key: Key, points: int) -> None:
        if not self._was_counted(stream, mark):
            self._entries.setdefault(key, Entry()).note(Origin("", 0, None, points), acknowledged=True)
            self._changed.add(key)

    def _was_counted(self, stream: str, mark: Watermark) -> bool:
        counted = self._counted.get(stream)
        return counted is not None and counted.created == mark.created and mark.seq <= counted.seq

    def changes(self) -> Changes:
        """Return the lines that changed since the last call, as they are to be written with a seal."""
        changed = {key: self._entries[key].copy() for key in self._changed}
        self._changed.clear()
        return changed

    def sealed(self, changes: Changes) -> None:
        """Note that a seal has been written."""
        for key, written in changes.items():
            entry = self._entries.get(key)
            if entry is not None:
                entry.stored = written.visible

    def drop(self, bucket: str) -> None:
        """Forget the line of a bucket that has been deleted."""
        key = Key(Kind.BUCKET, bucket)
        self._entries.pop(key, None)
        self._changed.discard(key)

    def copies(self, device: str | None) -> Changes:
        """Return the lines of this moment, or only that of one device."""
        keys = self._entries if device is None else {Key(Kind.DEVICE, device)} & self._entries.keys()
        return {key: self._entries[key].copy() for key in keys}


def lines(entries: Changes) -> list[Line]:
    """Return entries as lines, by kind and name."""
    return [_line(key, entries[key]) for key in sorted(entries, key=lambda key: (key.kind.value, key.name))]


def _line(key: Key, entry: Entry) -> Line:
    return Line(
        key,
        produced=entry.produced,
        acknowledged=entry.acknowledged,
        stored=entry.stored,
        visible=entry.visible,
        refused=entry.refused,
        missing=entry.boots.missing,
        gaps=tuple(entry.boots.gaps()),
        repeats=entry.repeats,
        quarantined=entry.quarantined,
        qos0=entry.qos0,
        points=entry.points,
        boots=entry.boots.count,
        last_ns=entry.last_ns,
    )
