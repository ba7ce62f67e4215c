"""Up to where the store has each stream, and from where it has to be read again."""

from __future__ import annotations

import logging
from typing import Final

from heliograph.model.watermark import Watermark
from heliograph.store.applied import Position
from heliograph.store.catalogue import Catalogue
from heliograph.store.generations import Generations
from heliograph.store.ledger.ledger import Ledger
from heliograph.store.locks import Locks

log = logging.getLogger(__name__)

_NOWHERE: Final = Watermark("", 0)


class StreamPositions:
    """What the store knows of the streams. Its methods may be called from any thread."""

    def __init__(self, catalogue: Catalogue, locks: Locks, generations: Generations, ledger: Ledger) -> None:
        self._catalogue = catalogue
        self._locks = locks
        self._generations = generations
        self._ledger = ledger

    def was_deleted(self, bucket: str, position: Position) -> bool:
        """Return whether a message was for a bucket that has been deleted since, whatever there is now."""
        mark = self._catalogue.deleted.get((bucket, position.stream))
        return mark is not None and mark.passed(position.created, position.seq)

    def resume(self, stream: str, created: str, *, first_seq: int, last_seq: int) -> int:
        """Return the sequence up to which a stream need not be read again, given what it holds now.

        A stream that is not the one last seen, or that ends before what was sealed of it (restored from
        an older copy, or its tail lost with the power), is read from its first message. That is written
        down before anything of it is applied: the old mark must not count again once the stream grows
        past it. Likewise what is remembered of deletes holds for no position that the stream has lost.
        """
        with self._locks.enter, self._locks.state:
            self._catalogue.cut(stream, created, last_seq)
            mark = self.watermarks().get(stream)
            if mark is not None and mark.created == created and mark.seq <= last_seq:
                return max(mark.seq, first_seq - 1)
            position = first_seq - 1
            if mark is not None:
                log.warning(
                    "The stream %s is not the one last seen: reading it from its first message", stream
                )
                counted = self._ledger.counted_to(stream, mark, created, last_seq)
                self._catalogue.streams.restart(stream, Watermark(created, position), counted)
                self._ledger.read_again(stream, counted)
            elif first_seq > 1:
                self._ledger.begin_late()
            return position

    def take_back(self, stream: str, end: Watermark) -> None:
        """Note that a stream ends at a position now, before what was applied of it: it lost what came then.

        What was applied stays. What gets the lost positions from now on is new: no seal claims to hold
        it, no delete means it, and the ledger counts it. Call it before anything of that is taken.
        """
        with self._locks.enter, self._locks.state:
            self._catalogue.cut(stream, end.created, end.seq)
            for generation in self._generations.all:
                if (mark := generation.marks.get(stream)) is not None:
                    generation.marks[stream] = mark.until(end)
            mark = self.watermarks().get(stream)
            if mark is not None:
                counted = self._ledger.counted_to(stream, _NOWHERE, end.created, end.seq)
                self._catalogue.streams.restart(stream, mark.until(end), counted)
                self._ledger.read_again(stream, counted)

    def watermarks(self) -> dict[str, Watermark]:
        """Return up to where segments on disk hold each stream."""
        return self._catalogue.streams.watermarks()

    def sealed_before(self, time_ns: int) -> dict[str, int]:
        """Return, per stream, the highest sequence that segments held already at a time."""
        return self._catalogue.streams.sealed_before(time_ns)

    def release(self, stream: str, created: str, first_seq: int) -> None:
        """Drop what is remembered of deletes about messages that a stream holds no longer."""
        with self._locks.state:
            self._catalogue.release(stream, created, first_seq)
