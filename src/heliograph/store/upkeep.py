"""Upkeep of what is sealed: merging small segments, forgetting old ones, removing their files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from heliograph.errors import QueryError, StoreBusy, StoreError
from heliograph.model.time import DAY_NS, MAX_TIME_NS, SECOND_NS
from heliograph.store.catalogue import Catalogue
from heliograph.store.deletes.eraser import Eraser
from heliograph.store.merging.compaction import due
from heliograph.store.merging.merge import Merger
from heliograph.store.relation import Segment
from heliograph.store.retention import Forgotten, Place, Placed, expired, keep_ns, surplus, total

log = logging.getLogger(__name__)

FORGET_AT_ONCE: Final = 200
"""Segments that leave the catalogue in one transaction: writers wait for no more than that."""
MAX_OPEN: Final = 64
"""Deletes whose points may still be in files: each of them slows the reading of those files."""
TIDY_AFTER_NS: Final = 3_600 * SECOND_NS
"""So long after midnight (UTC) the day before becomes one file: what comes in time is there by then."""
_TIDIED: Final = "tidied"


@dataclass(frozen=True, slots=True)
class Locks:
    """What keeps the store's threads apart. Who wants several takes them in the order of this list."""

    delete: threading.Lock = field(default_factory=threading.Lock)
    """One delete after the other: held until the lists of series are right again."""
    merge: threading.Lock = field(default_factory=threading.Lock)
    """Merging and forgetting segments: held while files are written anew. No seal waits for it."""
    seal: threading.Lock = field(default_factory=threading.Lock)
    """Making segments of hot points: held while their files are written."""
    state: threading.RLock = field(default_factory=threading.RLock)
    """The catalogue and the hot tables: held for microseconds."""


class Upkeep:
    """What is done to segments after they were sealed. Its methods may be called from any thread."""

    def __init__(
        self,
        catalogue: Catalogue,
        merger: Merger,
        locks: Locks,
        eraser: Eraser,
        *,
        damaged: Callable[[Place, Sequence[Segment]], int],
        stamp: str,
        retire_after: float,
        default_keep_ns: int,
    ) -> None:
        self._catalogue = catalogue
        self._merger = merger
        self._locks = locks
        self._eraser = eraser
        self._damaged = damaged
        self._stamp = stamp
        self._retire_after = retire_after
        self._default_keep_ns = default_keep_ns
        self._retired: list[tuple[float, Path]] = []
        """Files of segments that are merged or forgotten but may still be read by a query, and since when."""
        self._merges = 0
        self._holders = 0
        """How many copies of the files are being made: none is removed meanwhile."""

    def compact(self, now_ns: int | None = None) -> int:
        """Write small segments together where that is due and return how many were.

        Queries see each point once throughout. The old files stay for ``retire_after`` seconds, for
        queries that have looked them up already; a crash leaves either the old or the new set. Once a
        day every past day that has several files becomes one; ``now_ns`` None means by the clock.

        A merge that fails is logged; its old segments stay, and the other measurements go on.
        """
        now_ns = time.time_ns() if now_ns is None else now_ns
        merged = 0
        with self._locks.merge:
            self._unlink_retired()
            today = (now_ns - TIDY_AFTER_NS) // DAY_NS
            with self._locks.state:
                closed = today if self._catalogue.counter(_TIDIED) != today else None
                places = list(self._catalogue.segments)
            for place in places:
                merged += self._logged(place, partial(self._compact, place, closed))
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

    def _compact(self, place: Place, closed_before: int | None) -> int:
        merged = 0
        while True:
            with self._locks.state:
                old = due(self._catalogue.segments.get(place, ()), closed_before)
            if not old:
                return merged
            if self._damaged(place, old):
                continue  # a damaged value must not get a new checksum
            if not self._renew(place, old, max(s.level for s in old) + 1):
                return merged
            merged += len(old)

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
        with self._locks.state:
            there = self._catalogue.replace(place, old, new)
        if there:
            self.retire(old)
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
                with self._locks.state:
                    self._eraser.settle(deletion, latest)
            except (StoreError, QueryError) as error:
                log.error("The list of series lacks some of %r for now: %s", deletion.bucket, error)

    def erase(self) -> int:
        """Write segments anew without what is deleted and return how many were.

        A segment that cannot be written is logged; its points stay hidden.
        """
        self.settle()
        with self._locks.merge:
            self._unlink_retired()
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

    # --- files and what is forgotten ---------------------------------------------------------------

    def retire(self, segments: Iterable[Segment]) -> None:
        """Let the files of segments go after ``retire_after`` seconds; the catalogue has them no more."""
        with self._locks.state:
            self._retired += [(time.monotonic(), segment.path) for segment in segments]

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Remove no file for the block: somebody copies those that the catalogue names at its begin."""
        with self._locks.state:
            self._holders += 1
        try:
            yield
        finally:
            with self._locks.state:
                self._holders -= 1

    def _unlink_retired(self) -> None:
        old_enough = time.monotonic() - self._retire_after
        with self._locks.state:
            if self._holders:
                return
            gone = [path for retired_at, path in self._retired if retired_at <= old_enough]
            self._retired = [(at, path) for at, path in self._retired if at > old_enough]
        if gone:
            self._catalogue.unlink_retired(gone)

    def expire(self, now_ns: int) -> Forgotten:
        """Forget the segments that hold nothing but points older than is kept, oldest first.

        Their files go ``retire_after`` seconds later, at the next call, for queries that have looked
        them up already. After a crash a segment is either there or gone, with its file.

        Raises:
            StoreBusy, OSError: the catalogue or a folder cannot be written; the next call goes on.
        """
        with self._locks.merge:
            self._unlink_retired()
            with self._locks.state:
                chosen = expired(self._catalogue.segments, self._keep_ns, now_ns)
            return self._forget(chosen)

    def shrink(self, limit_bytes: int) -> Forgotten:
        """Forget the oldest days until the segments are no larger than the limit; hot points stay.

        Raises:
            StoreBusy: the catalogue cannot be written; the next call goes on.
        """
        with self._locks.merge:
            with self._locks.state:
                chosen = surplus(self._catalogue.segments, limit_bytes)
            return self._forget(chosen)

    def _keep_ns(self, place: Place) -> int:
        bucket, measurement = place
        return keep_ns(self._catalogue.rules[bucket], measurement, self._default_keep_ns)

    def _forget(self, chosen: list[Placed]) -> Forgotten:
        forgotten: list[Placed] = []
        for start in range(0, len(chosen), FORGET_AT_ONCE):
            with self._locks.state:
                some = self._catalogue.present(chosen[start : start + FORGET_AT_ONCE])
                self._catalogue.forget(some, self._hot_since)
            self.retire(segment for _, segment in some)
            forgotten += some
        return total(forgotten)

    def _hot_since(self, place: Place) -> int:
        tables = [g.tables[place] for g in self._eraser.waiting() if place in g.tables]
        return min((table.min_ns for table in tables), default=MAX_TIME_NS + 1)
