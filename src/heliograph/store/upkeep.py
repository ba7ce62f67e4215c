"""Upkeep of what is sealed: merging small segments, writing away what is deleted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from heliograph.errors import QueryError, StoreBusy, StoreError
from heliograph.model.time import DAY_NS, SECOND_NS
from heliograph.store.catalogue import Catalogue
from heliograph.store.deletes.eraser import Eraser
from heliograph.store.locks import Locks
from heliograph.store.merging.compaction import MAX_ROWS, due
from heliograph.store.merging.merge import Merger
from heliograph.store.relation import Segment
from heliograph.store.retention import (
    Place,
)
from heliograph.store.retired import RetiredFiles
from heliograph.store.rollups.summary import PART_NS, RAW
from heliograph.store.segment_changes import SegmentChanges

log = logging.getLogger(__name__)

MAX_SUMMARIES: Final = MAX_ROWS // 8
"""A row of summaries is so much wider than one of points."""
MAX_OPEN: Final = 64
"""Deletes whose points may still be in files: each of them slows the reading of those files."""
TIDY_AFTER_NS: Final = 3_600 * SECOND_NS
"""So long after midnight (UTC) the day before becomes one file: what comes in time is there by then."""
_TIDIED: Final = "tidied"


class Upkeep:
    """What is done to segments after they were sealed. Its methods may be called from any thread."""

    def __init__(
        self,
        catalogue: Catalogue,
        changes: SegmentChanges,
        merger: Merger,
        locks: Locks,
        *,
        eraser: Eraser,
        retired: RetiredFiles,
        damaged: Callable[[Place, Sequence[Segment]], int],
        stamp: str,
    ) -> None:
        self._catalogue = catalogue
        self._changes = changes
        self._merger = merger
        self._locks = locks
        self._eraser = eraser
        self._retired = retired
        self._damaged = damaged
        self._stamp = stamp
        self._merges = 0

    def compact(self, now_ns: int | None = None) -> int:
        """Write small segments together where that is due and return how many were.

        Queries see each point once throughout. The old files stay for a while, for queries
        that have looked them up already; a crash leaves either the old or the new set. Once a
        day every past day that has several files becomes one; ``now_ns`` None means by the clock.

        A merge that fails is logged; its old segments stay, and the other measurements go on.
        """
        now_ns = time.time_ns() if now_ns is None else now_ns
        merged = 0
        with self._locks.merge:
            self._retired.unlink()
            today = (now_ns - TIDY_AFTER_NS) // DAY_NS
            with self._locks.state:
                closed = today if self._catalogue.counter(_TIDIED) != today else None
                places = [(place, r) for r in PART_NS for place in self._catalogue.of(r)]
            for place, resolution_ns in places:
                if resolution_ns == RAW:
                    self._logged(place, partial(self._learn, place))
                merged += self._logged(place, partial(self._compact, place, resolution_ns, closed))
            if closed is not None and not self._merger.stopped:
                with self._locks.state:
                    self._catalogue.set_counter(_TIDIED, today)
            return merged

    def stop(self) -> None:
        """Interrupt a merge, and make no further one: its old segments stay."""
        self._merger.stop()

    def _logged(self, place: Place, work: Callable[[], int]) -> int:
        try:
            return work()
        except (StoreError, QueryError, OSError) as error:
            if not self._merger.stopped:
                log.error("Segments of %r cannot be written anew: %s", place[1], error)
            return 0

    def _compact(self, place: Place, resolution_ns: int, closed_before: int | None) -> int:
        merged = 0
        rows = MAX_ROWS if resolution_ns == RAW else MAX_SUMMARIES
        while True:
            with self._locks.state:
                segments = self._catalogue.of(resolution_ns).get(place, ())
                old = due(segments, closed_before, part_ns=PART_NS[resolution_ns], max_rows=rows)
            if not old:
                return merged
            if self._damaged(place, old):
                continue  # a damaged value must not get a new checksum
            if resolution_ns == RAW:
                self._merger.writer.encodings.resume([(old[-1].path, old[-1].rows)])
                self._merger.learn(old[-1].path.parent)
            if not self._renew(place, old, max(s.level for s in old) + 1):
                return merged
            merged += len(old)

    def _learn(self, place: Place) -> int:
        """Try how else a measurement may be written, now and then, and write the last segments so."""
        with self._locks.state:
            segments = [s for s in self._catalogue.segments.get(place, ()) if s.level == 0]
        self._merger.writer.encodings.resume([(s.path, s.rows) for s in segments])
        worse = set(self._merger.learn(segments[-1].path.parent)) if segments else set()
        old = [segment for segment in segments if segment.path in worse]
        return sum(self._renew(place, [s], s.level) for s in old if not self._damaged(place, [s]))

    def _renew(self, place: Place, old: Sequence[Segment], level: int) -> bool:
        """Write some neighbours as one segment without what is deleted; False if they went meanwhile."""
        bucket, name = place
        with self._locks.state:
            known = self._catalogue.measurements.get(bucket, {}).get(name)
            measurement = known.copy() if known else None
        if measurement is None:
            return False
        self._merges += 1
        new = self._merger.merge(bucket, measurement, old, f"{self._stamp}-m{self._merges}", level)
        there = self._changes.replace(place, old, new)
        if there:
            self._retired.retire(old)
        elif new is not None:
            new.path.unlink()
        return there

    # --- what is deleted ---------------------------------------------------------------------------

    def require_room(self) -> None:
        """Refuse one more delete while too many are still in files; with the lock of the state.

        Raises:
            StoreBusy: with what to do.
        """
        open_ = {d.id for _, s in self._eraser.marked() for d in s.deletions}
        if len(open_) >= MAX_OPEN:
            raise StoreBusy(
                f"{len(open_)} deletes are still being written to the files; try again in a minute"
            )

    def settle(self) -> None:
        """Make the lists of series right again after deletes; what fails is tried again at the next call."""
        with self._locks.state:
            unsettled = self._catalogue.deletions.unsettled()
        for deletion in unsettled:
            try:
                latest = self._eraser.latest(deletion)
                with self._locks.enter, self._locks.state:
                    self._eraser.settle(deletion, latest)
            except (StoreError, QueryError) as error:
                log.error("The list of series lacks some of %r for now: %s", deletion.bucket, error)

    def erase(self) -> int:
        """Write segments anew without what is deleted and return how many were.

        A segment that cannot be written is logged; its points stay hidden.
        """
        self.settle()
        with self._locks.merge:
            self._retired.unlink()
            return self._erase_marked()

    def _erase_marked(self) -> int:
        with self._locks.state:
            marked = self._eraser.marked()
        written = sum(self._logged(p, partial(self._erase, p, s)) for p, s in marked)
        with self._locks.state:
            self._eraser.prune()
        return written

    def _erase(self, place: Place, segment: Segment) -> int:
        if self._damaged(place, [segment]):
            return 0
        if self._eraser.is_touched(place, segment):
            return int(self._renew(place, [segment], segment.level))
        with self._locks.state:
            self._eraser.unmark(place, segment)
        return 0
