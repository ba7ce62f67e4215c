"""Upkeep of what is sealed: merging small segments, summarising, forgetting, removing files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from heliograph.errors import QueryError, StoreError
from heliograph.model.time import HOUR_NS, MIN_TIME_NS
from heliograph.store.catalogue import Catalogue
from heliograph.store.compaction import MAX_ROWS, due
from heliograph.store.relation import Segment, Window
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
from heliograph.store.segments import SegmentWriter

log = logging.getLogger(__name__)

SUMMARISE_SECONDS: Final = 5.0
"""So long at once is summarised what is to be forgotten; what is not done then waits for the next call."""
MAX_SUMMARIES: Final = MAX_ROWS // 8
"""A row of summaries is so much wider than one of points."""
FORGET_AT_ONCE: Final = 200
"""Segments that leave the catalogue in one transaction: writers wait for no more than that."""


@dataclass(frozen=True, slots=True)
class Locks:
    """What keeps the store's threads apart. Who wants both takes ``seal`` first."""

    state: threading.RLock = field(default_factory=threading.RLock)
    """The catalogue and the hot tables: held for microseconds."""
    seal: threading.Lock = field(default_factory=threading.Lock)
    """Which segments there are: held while files are written."""


class Upkeep:
    """What is done to segments after they were sealed. Its methods may be called from any thread."""

    def __init__(
        self,
        catalogue: Catalogue,
        writer: SegmentWriter,
        locks: Locks,
        hot_since: Callable[[Place], int],
        damaged: Callable[[Place, Sequence[Segment]], int],
        *,
        stamp: str,
        retire_after: float,
        keeping: Keeping,
    ) -> None:
        self._catalogue = catalogue
        self._writer = writer
        self._locks = locks
        self._hot_since = hot_since
        rollups = RollupUpkeep(catalogue, writer, locks.state, stamp=stamp, settle=keeping.settle)
        self._rollups = rollups if keeping.rollups_ns else None
        self._damaged = damaged
        self._stamp = stamp
        self._retire_after = retire_after
        self._default_keep_ns = keeping.by_resolution
        self._retired: list[tuple[float, Path]] = []
        """Files of segments that are merged or forgotten but may still be read by a query, and since when."""
        self._merges = 0

    def compact(self) -> int:
        """Merge small segments where that is due and return how many were merged.

        Queries see each point once throughout. The old files stay for ``retire_after`` seconds, for
        queries that have looked them up already; a crash leaves either the old or the new set.

        A merge that fails is logged; its old segments stay, and the other measurements go on.
        """
        with self._locks.seal:
            self._unlink_retired()
            with self._locks.state:
                places = [(place, r) for r in PART_NS for place in self._catalogue.of(r)]
            merged = 0
            for (bucket, name), resolution_ns in places:
                try:
                    merged += self._compact(bucket, name, resolution_ns)
                except (StoreError, QueryError, OSError) as error:
                    log.error("Segments of %r cannot be merged: %s", name, error)
            return merged

    def roll_up(self, now_ns: int) -> bool:
        """Summarise the points of a few hours where that is due; False when nothing is."""
        return self._rollups is not None and self._rollups.step(now_ns)

    def _compact(self, bucket: str, name: str, resolution_ns: int) -> int:
        merged = 0
        rows = MAX_ROWS if resolution_ns == RAW else MAX_SUMMARIES
        while True:
            with self._locks.state:
                segments = self._catalogue.of(resolution_ns).get((bucket, name), ())
                old = due(segments, part_ns=PART_NS[resolution_ns], max_rows=rows)
                measurement = self._catalogue.measurements[bucket][name].copy()
            if not old:
                return merged
            if self._damaged((bucket, name), old):
                continue  # a damaged value must not get a new checksum
            self._merges += 1
            new = self._writer.merge(bucket, measurement, old, f"{self._stamp}-m{self._merges}")
            with self._locks.state:
                self._catalogue.replace(old, new)
            self.retire(old)
            merged += len(old)

    def retire(self, segments: Iterable[Segment]) -> None:
        """Let the files of segments go after ``retire_after`` seconds; the catalogue has them no more."""
        self._retired += [(time.monotonic(), segment.path) for segment in segments]

    def _unlink_retired(self) -> None:
        old_enough = time.monotonic() - self._retire_after
        gone = [path for retired_at, path in self._retired if retired_at <= old_enough]
        if gone:
            self._catalogue.unlink_retired(gone)
        self._retired = [(at, path) for at, path in self._retired if at > old_enough]

    def expire(self, now_ns: int) -> Forgotten:
        """Forget the segments that hold nothing but points older than is kept, oldest first.

        Their files go ``retire_after`` seconds later, at the next call, for queries that have looked
        them up already. After a crash a segment is either there or gone, with its file.

        Raises:
            StoreBusy, OSError: the catalogue or a folder cannot be written; the next call goes on.
        """
        with self._locks.seal:
            self._unlink_retired()
            grain_ns = HOUR_NS if self._rollups else 1
            gone: dict[int, list[Placed]] = {}
            for resolution_ns in self._default_keep_ns:
                with self._locks.state:
                    kept_ns = partial(self._keep_ns, resolution_ns)
                    chosen = expired(self._catalogue.of(resolution_ns), kept_ns, now_ns, grain_ns)
                if self._rollups and resolution_ns == RAW:
                    chosen = self._summarised(chosen)
                self._forget(chosen, now_ns)
                gone[resolution_ns] = chosen
            return total(gone[RAW])

    def shrink(self, limit_bytes: int) -> Forgotten:
        """Forget until the segments are no larger than the limit; hot points stay.

        Days of points go first, the oldest before the others, then those of the summaries, the finer
        ones first; the newest day of points is the last.

        Raises:
            StoreBusy: the catalogue cannot be written; the next call goes on.
        """
        now_ns = time.time_ns()
        with self._locks.seal:
            self._summarised(self._surplus(limit_bytes))  # which takes some room, too
            chosen = self._surplus(limit_bytes)
            self._forget(chosen, now_ns)
            return total(placed for placed in chosen if placed[1].resolution_ns == RAW)

    def _surplus(self, limit_bytes: int) -> list[Placed]:
        with self._locks.state:
            return surplus(*map(self._catalogue.of, PART_NS), limit_bytes=limit_bytes)

    def _summarised(self, chosen: list[Placed]) -> list[Placed]:
        """Summarise what some segments of points hold and return those of which that was possible."""
        if self._rollups is None:
            return chosen
        spans: dict[Place, Window] = {}
        for place, s in chosen:
            if s.resolution_ns == RAW:
                low_ns, high_ns = spans.get(place, (s.min_ns, s.min_ns))
                spans[place] = min(s.min_ns, low_ns), max(after(s, HOUR_NS), high_ns)
        deadline = time.monotonic() + SUMMARISE_SECONDS
        done = {place: self._finished(place, span, deadline) for place, span in spans.items()}
        return [(place, s) for place, s in chosen if done.get(place) and s.max_ns < self._hot_since(place)]

    def _finished(self, place: Place, span: Window, deadline: float) -> bool:
        if self._rollups is None:
            return True
        try:
            return self._rollups.finish(place, span, deadline)
        except (StoreError, QueryError, OSError) as error:
            log.error("Points of %r cannot be summarised before they are forgotten: %s", place[1], error)
            return False

    def _keep_ns(self, resolution_ns: int, place: Place) -> int:
        bucket, measurement = place
        rules = self._catalogue.rules_of(bucket, resolution_ns)
        return keep_ns(rules, measurement, self._default_keep_ns[resolution_ns])

    def _forget(self, chosen: list[Placed], now_ns: int) -> None:
        for start in range(0, len(chosen), FORGET_AT_ONCE):
            some = chosen[start : start + FORGET_AT_ONCE]
            with self._locks.state:
                self._catalogue.forget(some, self._hot_since, self._incomplete(some, now_ns))
            self.retire(segment for _, segment in some)

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
