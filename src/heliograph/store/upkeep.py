"""Upkeep of what is sealed: merging small segments, summarising, forgetting, removing files."""

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
from heliograph.model.time import DAY_NS, HOUR_NS, MAX_TIME_NS, MIN_TIME_NS, SECOND_NS
from heliograph.store.catalogue import Catalogue
from heliograph.store.deletes.eraser import Eraser
from heliograph.store.merging.compaction import MAX_ROWS, due
from heliograph.store.merging.merge import Merger
from heliograph.store.relation import Segment
from heliograph.store.retention import (
    Forgotten,
    Keeping,
    Place,
    Placed,
    after,
    expired,
    keep_ns,
    surplus,
    total,
)
from heliograph.store.rollups.summary import PART_NS, RAW
from heliograph.store.rollups.work import RollupUpkeep

log = logging.getLogger(__name__)

SUMMARISE_SECONDS: Final = 5.0
"""So long at once is summarised what is to be forgotten; what is not done then waits for the next call."""
MAX_SUMMARIES: Final = MAX_ROWS // 8
"""A row of summaries is so much wider than one of points."""
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
        keeping: Keeping,
    ) -> None:
        self._catalogue = catalogue
        self._merger = merger
        self._locks = locks
        self._eraser = eraser
        rollups = RollupUpkeep(catalogue, merger.writer, locks.state, stamp=stamp, settle=keeping.settle)
        self._rollups = rollups if keeping.rollups_ns else None
        self._damaged = damaged
        self._stamp = stamp
        self._retire_after = retire_after
        self._default_keep_ns = keeping.by_resolution
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
                places = [(place, r) for r in PART_NS for place in self._catalogue.of(r)]
            for place, resolution_ns in places:
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

    def roll_up(self, now_ns: int) -> bool:
        """Summarise the points of a few hours where that is due; False when nothing is."""
        return self._rollups is not None and self._rollups.step(now_ns)

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
            self._catalogue.files.unlink_retired(gone)

    def expire(self, now_ns: int) -> Forgotten:
        """Forget the segments that hold nothing but points older than is kept, oldest first.

        Their files go ``retire_after`` seconds later, at the next call, for queries that have looked
        them up already. After a crash a segment is either there or gone, with its file.

        Raises:
            StoreBusy, OSError: the catalogue or a folder cannot be written; the next call goes on.
        """
        with self._locks.merge:
            self._unlink_retired()
            grain_ns = HOUR_NS if self._rollups else 1
            gone: dict[int, list[Placed]] = {}
            for resolution_ns in self._default_keep_ns:
                with self._locks.state:
                    kept_ns = partial(self._keep_ns, resolution_ns)
                    chosen = expired(self._catalogue.of(resolution_ns), kept_ns, now_ns, grain_ns)
                if resolution_ns == RAW:
                    self._summarise(chosen)
                gone[resolution_ns] = self._forget(chosen, now_ns, self._is_summarised)
            return total(gone[RAW])

    def shrink(self, limit_bytes: int) -> Forgotten:
        """Forget until the segments are no larger than the limit; hot points stay.

        Days of points go first, the oldest before the others, then those of the summaries, the finer
        ones first; the newest day of points is the last.

        Raises:
            StoreBusy: the catalogue cannot be written; the next call goes on.
        """
        now_ns = time.time_ns()
        with self._locks.merge:
            self._summarise(self._surplus(limit_bytes))  # which takes some room, too
            chosen = self._surplus(limit_bytes)
            chosen = self._forget(chosen, now_ns)
            return total(placed for placed in chosen if placed[1].resolution_ns == RAW)

    def _surplus(self, limit_bytes: int) -> list[Placed]:
        with self._locks.state:
            return surplus(*map(self._catalogue.of, PART_NS), limit_bytes=limit_bytes)

    def _summarise(self, chosen: list[Placed]) -> None:
        """Summarise all points before the end of the hour in which some segments of points end."""
        if self._rollups is None:
            return
        ends: dict[Place, int] = {}
        for place, s in chosen:
            if s.resolution_ns == RAW:
                ends[place] = max(after(s, HOUR_NS), ends.get(place, MIN_TIME_NS))
        deadline = time.monotonic() + SUMMARISE_SECONDS
        for place, end_ns in ends.items():
            try:
                self._rollups.finish(place, end_ns, deadline)
            except (StoreError, QueryError, OSError) as error:
                log.error("Points of %r cannot be summarised before they are forgotten: %s", place[1], error)

    def _is_summarised(self, placed: Placed) -> bool:
        """Return whether all before the end of a segment's last hour is in summaries; with the state's lock.

        From then on no point before that is read, nor summarised: neither a hot one nor one of another
        segment may be left.
        """
        place, segment = placed
        if self._rollups is None or segment.resolution_ns != RAW:
            return True
        end_ns = after(segment, HOUR_NS)
        return end_ns <= self._hot_since(place) and not self._catalogue.rolled.open_before(place, end_ns)

    def _keep_ns(self, resolution_ns: int, place: Place) -> int:
        bucket, measurement = place
        rules = self._catalogue.rules_of(bucket, resolution_ns)
        return keep_ns(rules, measurement, self._default_keep_ns[resolution_ns])

    def _forget(
        self, chosen: list[Placed], now_ns: int, may_go: Callable[[Placed], bool] = lambda _: True
    ) -> list[Placed]:
        forgotten: list[Placed] = []
        for start in range(0, len(chosen), FORGET_AT_ONCE):
            with self._locks.state:
                present = self._catalogue.present(chosen[start : start + FORGET_AT_ONCE])
                some = [placed for placed in present if may_go(placed)]
                self._catalogue.forget(some, self._hot_since, self._incomplete(some, now_ns))
            self.retire(segment for _, segment in some)
            forgotten += some
        return forgotten

    def _incomplete(self, chosen: list[Placed], now_ns: int) -> dict[tuple[Place, int], int]:
        """Return, by place and resolution, before which time nothing is complete without some segments.

        The hour that is going on counts as complete whatever of it is forgotten for want of room: its
        points are still coming.
        """
        if self._rollups is None:
            return {}
        before: dict[tuple[Place, int], int] = {}
        for place, s in chosen:
            key = place, s.resolution_ns
            before[key] = max(
                before.get(key, MIN_TIME_NS), min(after(s, HOUR_NS), now_ns // HOUR_NS * HOUR_NS)
            )
        return before

    def _hot_since(self, place: Place) -> int:
        tables = [g.tables[place] for g in self._eraser.waiting() if place in g.tables]
        return min((table.min_ns for table in tables), default=MAX_TIME_NS + 1)
