"""Forgetting: what is older than is kept, and the oldest days when all is larger than its limit.

Points are summarised before they go. From then on their hours are read from summaries only, so neither a hot
point nor one of another segment may be left there that no summary has.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Final

from heliograph.errors import QueryError, StoreError
from heliograph.model.time import HOUR_NS, MAX_TIME_NS, MIN_TIME_NS
from heliograph.store.catalogue import Catalogue
from heliograph.store.generation import Generation
from heliograph.store.locks import Locks
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
from heliograph.store.retired import RetiredFiles
from heliograph.store.rollups.progress import hour_span
from heliograph.store.rollups.summary import PART_NS, RAW
from heliograph.store.rollups.work import RollupUpkeep

log = logging.getLogger(__name__)

SUMMARISE_SECONDS: Final = 5.0
"""So long at once is summarised what is to be forgotten; what is not done then waits for the next call."""
FORGET_AT_ONCE: Final = 200
"""Segments that leave the catalogue in one transaction: writers wait for no more than that."""


class Forgetting:
    """Lets segments go. Its methods may be called from any thread."""

    def __init__(
        self,
        catalogue: Catalogue,
        locks: Locks,
        retired: RetiredFiles,
        *,
        rollups: RollupUpkeep | None,
        keeping: Keeping,
        hot: Callable[[], Sequence[Generation]],
        seal: Callable[[], int],
    ) -> None:
        self._catalogue = catalogue
        self._locks = locks
        self._retired = retired
        self._rollups = rollups
        self._default_keep_ns = keeping.by_resolution
        self._hot = hot
        """Gives the hot tables; with the lock of the state."""
        self._seal = seal

    def expire(self, now_ns: int) -> Forgotten:
        """Forget the segments that hold nothing but points older than is kept, oldest first.

        Their files go ``retire_after`` seconds later, at the next call, for queries that have looked
        them up already. After a crash a segment is either there or gone, with its file.

        Raises:
            StoreBusy, OSError: the catalogue or a folder cannot be written; the next call goes on.
        """
        with self._locks.merge:
            self._retired.unlink()
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
        """Forget until the segments are no larger than the limit; hot points stay, and stay in the answers.

        Days of points go first, the oldest before the others, then those of the summaries, the finer
        ones first; the newest day of points is the last.

        Raises:
            StoreBusy: the catalogue cannot be written; the next call goes on.
        """
        now_ns = time.time_ns()
        with self._locks.merge:
            chosen = self._surplus(limit_bytes)
            self._seal_late(chosen, now_ns)
            self._summarise(chosen)  # which takes some room, too
            chosen = self._surplus(limit_bytes)
            chosen = self._forget(chosen, now_ns)
            return total(placed for placed in chosen if placed[1].resolution_ns == RAW)

    def _surplus(self, limit_bytes: int) -> list[Placed]:
        with self._locks.state:
            return surplus(*map(self._catalogue.of, PART_NS), limit_bytes=limit_bytes)

    def _seal_late(self, chosen: list[Placed], now_ns: int) -> None:
        """Seal what came late for the hours of some segments, so that the summaries have it, too."""
        with self._locks.state:
            before = self._ends(chosen, now_ns)
            late = any(self._hot_since(place) < end_ns for (place, _), end_ns in before.items())
        if late:
            try:
                self._seal()
            except (
                StoreError,
                OSError,
            ) as error:  # a full disk, for instance; it needs the room all the more
                log.error("Late points cannot be sealed before others are forgotten: %s", error)

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
            with self._locks.enter, self._locks.state:
                present = self._catalogue.present(chosen[start : start + FORGET_AT_ONCE])
                some = [placed for placed in present if may_go(placed)]
                self._catalogue.forget(some, self._hot_since, self._incomplete(some, now_ns))
            self._retired.retire(segment for _, segment in some)
            forgotten += some
        return forgotten

    def _incomplete(self, chosen: list[Placed], now_ns: int) -> dict[tuple[Place, int], int]:
        """Return, by place and resolution, before which time nothing is complete without some segments.

        Points that are left and in no summary yet count as complete with all that follows: they would be in
        no answer otherwise. With the lock of the state.
        """
        gone = {segment.id for _, segment in chosen}
        return {
            (place, r): end_ns if r != RAW else min(end_ns, self._left_from(place, gone, end_ns))
            for (place, r), end_ns in self._ends(chosen, now_ns).items()
        }

    def _ends(self, chosen: list[Placed], now_ns: int) -> dict[tuple[Place, int], int]:
        """Return, by place and resolution, the end of the last hour of which some segments hold something.

        The hour that is going on counts as complete whatever of it is forgotten for want of room: its
        points are still coming.
        """
        ends: dict[tuple[Place, int], int] = {}
        this_hour_ns = now_ns // HOUR_NS * HOUR_NS
        for place, s in chosen if self._rollups is not None else ():
            key = place, s.resolution_ns
            ends[key] = max(ends.get(key, MIN_TIME_NS), min(after(s, HOUR_NS), this_hour_ns))
        return ends

    def _left_from(self, place: Place, gone: Container[int], end_ns: int) -> int:
        """Return the start of the first hour before ``end_ns`` of which points are left without summary.

        Those are hot points, and of open hours what is in no segment that is gone.
        """
        left = [s for s in self._catalogue.segments.get(place, ()) if s.id not in gone]
        hours = (hour_span(hour, hour) for hour in self._catalogue.rolled.open_before(place, end_ns))
        sealed = (low for low, high in hours if any(s.min_ns < high and s.max_ns >= low for s in left))
        return min(self._hot_since(place) // HOUR_NS * HOUR_NS, next(sealed, end_ns))

    def _hot_since(self, place: Place) -> int:
        tables = [g.tables[place] for g in self._hot() if place in g.tables]
        return min((table.min_ns for table in tables), default=MAX_TIME_NS + 1)
