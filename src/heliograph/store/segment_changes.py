"""New segments enter the catalogue: sealed, summarised or merged, each time in one transaction.

What is to be written is made with the lock of the state, the disk writes it without, and with the lock again
it becomes visible: neither a query nor a batch waits for the disk. ``Locks.enter`` is held all the time, so
that nobody else changes meanwhile what it stands on. A crash leaves all or nothing of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from heliograph.model.point import SeriesKey
from heliograph.model.watermark import Watermark
from heliograph.store.catalogue import Catalogue, put
from heliograph.store.database import Database
from heliograph.store.locks import Locks
from heliograph.store.relation import Segment
from heliograph.store.retention import Place
from heliograph.store.segment_files import as_segment
from heliograph.store.segments import Written


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one seal enters."""

    written: Sequence[Written]
    series: Sequence[tuple[Place, SeriesKey, str]]
    """Each with its text as JSON."""
    watermarks: Mapping[str, Watermark]
    """What the segments hold of each stream."""
    hours: Mapping[Place, Iterable[int]]
    """Of their points: they have to be summarised."""
    ledger: Sequence[tuple[str, str, str]]
    """What it counted up to there."""


class SegmentChanges:
    """Enters segments. Its methods may be called from any thread that does not hold the lock of the state."""

    def __init__(self, catalogue: Catalogue, database: Database, locks: Locks) -> None:
        self._catalogue = catalogue
        self._database = database
        self._locks = locks

    def seal(self, prepare: Callable[[], Sealed], done: Callable[[], None]) -> Sequence[Written]:
        """Enter what ``prepare`` gives and return its segments; ``done`` is called as they become visible.

        Both are called with the lock of the state.

        Raises:
            StoreBusy: the catalogue cannot be written; nothing has changed.
        """
        catalogue = self._catalogue
        with self._locks.enter:
            with self._locks.state:
                sealed = prepare()
                hours = catalogue.rolled.whole(sealed.hours)
                series = [
                    (*place, text, catalogue.series[place][key])
                    for place, key, text in sealed.series
                    if key in catalogue.series.get(place, ())  # else deleted meanwhile
                ]
            with self._database.transaction() as sql:
                ids = [catalogue.files.insert(sql, w) for w in sealed.written]
                catalogue.rolled.open_on_disk(sql, hours)
                sql.executemany(
                    "INSERT INTO series VALUES (?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET last_ns = excluded.last_ns",
                    series,
                )
                catalogue.streams.advance(sql, sealed.watermarks, time.time_ns())
                sql.executemany("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)", sealed.ledger)
            with self._locks.state:
                catalogue.rolled.opened(hours)
                for id_, w in zip(ids, sealed.written, strict=True):
                    place = w.bucket, w.measurement
                    catalogue.segments.setdefault(place, []).append(as_segment(id_, w))
                done()
        return sealed.written

    def roll_up(
        self, place: Place, written: Sequence[Written], hours: Sequence[int], may: Callable[[], bool]
    ) -> bool:
        """Enter the summaries of some hours unless ``may`` says no, with the lock of the state.

        Raises:
            StoreBusy: the catalogue cannot be written; nothing has changed.
        """
        catalogue = self._catalogue
        with self._locks.enter:
            with self._locks.state:
                if not may():
                    return False
            with self._database.transaction() as sql:
                ids = [catalogue.files.insert(sql, w) for w in written]
                catalogue.rolled.close(sql, place, hours)
            with self._locks.state:
                catalogue.rolled.closed(place, hours)
                for id_, w in zip(ids, written, strict=True):
                    kind = catalogue.of(w.resolution_ns)
                    kind.setdefault(place, []).append(as_segment(id_, w))
        return True

    def replace(self, place: Place, old: Sequence[Segment], new: Written | None) -> bool:
        """Enter a segment, or nothing, in the place of those that it was made of.

        Of equal points the later segment wins, so the order of a day's segments must stay: the new one
        gets the place, and the id, of the last of the old ones, which are neighbours in that order. What
        was deleted while it was written is in it and hidden. False: they are not there any more.

        Raises:
            StoreBusy: the catalogue cannot be written; nothing has changed.
        """
        paths = {s.path for s in old}
        kind = self._catalogue.of(old[0].resolution_ns)
        with self._locks.enter:
            with self._locks.state:
                present = [s for s in kind.get(place, ()) if s.path in paths]
            if len(present) < len(old):
                return False
            if new is not None:
                done = {d.id for s in old for d in s.deletions}
                since = {d.id: d for s in present for d in s.deletions if d.id not in done}
                new = replace(new, deletions=tuple(since.values()))
            with self._database.transaction() as sql:
                sql.executemany("DELETE FROM segment WHERE id = ?", [(s.id,) for s in old])
                self._catalogue.files.retire(sql, old)
                if new is not None:
                    self._catalogue.files.insert(sql, new, old[-1].id)
            with self._locks.state:
                segments: list[Segment] = []
                for segment in kind[place]:
                    if segment.path not in paths:
                        segments.append(segment)
                    elif new is not None and segment.path == old[-1].path:
                        segments.append(as_segment(old[-1].id, new))
                put(kind, place, segments)
        return True
