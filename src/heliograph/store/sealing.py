"""Sealing: hot points become segments, and the catalogue enters them together with what they hold."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from heliograph.store.catalogue import Catalogue
from heliograph.store.generation import Generation
from heliograph.store.generations import Generations
from heliograph.store.ledger.entry import as_rows
from heliograph.store.ledger.ledger import Ledger
from heliograph.store.locks import Locks
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
                waiting = list(self._generations.sealing)
            return sum(self._seal(generation) for generation in waiting)

    def _seal(self, generation: Generation) -> int:
        stamp = f"{self._stamp}-{generation.number}"
        written: list[Written] = []
        for (bucket, name), hot in generation.tables.items():
            with self._locks.state:
                measurement = self._catalogue.measurements[bucket][name].copy()
            writing = self._writer.write(bucket, measurement, hot, stamp)
            written += generation.once((bucket, name), writing)
        series = [
            (place, key, json.dumps(key))  # here, since it takes a while and nobody waits for it
            for place, hot in generation.tables.items()
            for key in hot.series.codes
        ]
        ledger = as_rows(generation.ledger)

        def prepare() -> Sealed:
            self._generations.settle()
            hidden = [
                replace(w, deletions=generation.hiding(w.bucket, w.measurement, w.min_ns, w.max_ns))
                for w in written
            ]
            return Sealed(hidden, series, generation.marks, generation.hours, ledger)

        def done() -> None:
            self._ledger.sealed(generation.ledger)
            self._generations.sealing.remove(generation)

        return sum(w.rows for w in self._changes.seal(prepare, done))
