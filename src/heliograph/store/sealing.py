"""Sealing: hot points become segments, and the catalogue enters them together with what they hold."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from heliograph.model.point import SeriesKey
from heliograph.model.watermark import Watermark
from heliograph.store.catalogue import Catalogue
from heliograph.store.generation import Generation, tables_of
from heliograph.store.generations import Generations
from heliograph.store.ledger.entry import Changes, as_rows
from heliograph.store.ledger.ledger import Ledger
from heliograph.store.locks import Locks
from heliograph.store.retention import Place
from heliograph.store.segment_changes import Sealed, SegmentChanges
from heliograph.store.segments import SegmentWriter, Written


class Sealer:
    """Seals what is hot. Its methods may be called from any thread."""

    def __init__(
        self,
        catalogue: Catalogue,
        changes: SegmentChanges,
        writer: SegmentWriter,
        locks: Locks,
        *,
        generations: Generations,
        ledger: Ledger,
        stamp: str,
    ) -> None:
        self._catalogue = catalogue
        self._changes = changes
        self._writer = writer
        self._locks = locks
        self._generations = generations
        self._ledger = ledger
        self._stamp = stamp

    def due(self, interval: float) -> bool:
        """Return whether there are enough, or old enough, hot points to seal."""
        with self._locks.state:
            if self._generations.sealing or self._generations.is_full:
                return True
            current = self._generations.current
            begun = bool(current.marks or current.rows)
            return begun and time.monotonic() - current.since >= interval

    def seal(self) -> int:
        """Write the hot columns as segments and return the number of points sealed.

        A crash at any moment leaves either the old state, whose points the stream still has, or the
        new one. When writing fails the points stay hot and the next call tries them again.

        Raises:
            StoreError: the segments cannot be written.
            OSError: likewise.
        """
        with self._locks.seal:
            with self._locks.state:
                current = self._generations.current
                if current.rows or current.marks:
                    self._generations.rotate()
                groups = self._generations.groups()
            return sum(map(self._seal, groups))

    def _seal(self, group: Sequence[Generation]) -> int:
        """Seal some generations in one step; what was written of them stands in the first."""
        stamp = f"{self._stamp}-{group[0].number}"
        keys: dict[Place, dict[SeriesKey, int]] = {}
        hours: dict[Place, set[int]] = {}
        ledger: Changes = {}
        for generation in group:
            ledger |= generation.ledger
            for place, hot in generation.tables.items():
                keys[place] = keys.get(place, {}) | hot.series.codes
            for place, some in generation.hours.items():
                hours[place] = hours.get(place, set()) | some
        written = [w for place in keys for w in group[0].once(place, self._write(group, place, stamp))]
        series = [
            (place, key, json.dumps(key))  # here, since it takes a while and nobody waits for it
            for place, codes in keys.items()
            for key in codes
        ]
        rows = as_rows(ledger)

        def prepare() -> Sealed:
            self._generations.settle()
            marks: dict[str, Watermark] = {}  # as they are now: a stream may have lost its end meanwhile
            for generation in group:
                marks |= generation.marks
            return Sealed([_with_deletions(w, group) for w in written], series, marks, hours, rows)

        def done() -> None:
            self._ledger.sealed(ledger)
            for generation in group:
                self._generations.sealing.remove(generation)

        return sum(w.rows for w in self._changes.seal(prepare, done))

    def _write(self, group: Sequence[Generation], place: Place, stamp: str) -> Iterator[Written]:
        with self._locks.state:
            measurement = self._catalogue.measurements[place[0]][place[1]].copy()
        for hot in tables_of(group, place):
            yield from self._writer.write(place[0], measurement, hot, stamp)


def _with_deletions(written: Written, group: Sequence[Generation]) -> Written:
    """Return a segment with what was deleted of it while it was written, of whichever generation."""
    span = written.bucket, written.measurement, written.min_ns, written.max_ns
    met = {deletion.id: deletion for generation in group for deletion in generation.hiding(*span)}
    return replace(written, deletions=tuple(met.values()))
