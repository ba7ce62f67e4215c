"""Upkeep of what is sealed: merging small segments, forgetting old ones, removing their files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from heliograph.errors import QueryError, StoreError
from heliograph.store.catalogue import Catalogue
from heliograph.store.compaction import due
from heliograph.store.relation import Segment
from heliograph.store.retention import Forgotten, Place, Placed, expired, keep_ns, surplus, total
from heliograph.store.segments import SegmentWriter

log = logging.getLogger(__name__)

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
        default_keep_ns: int,
    ) -> None:
        self._catalogue = catalogue
        self._writer = writer
        self._locks = locks
        self._hot_since = hot_since
        self._damaged = damaged
        self._stamp = stamp
        self._retire_after = retire_after
        self._default_keep_ns = default_keep_ns
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
                places = list(self._catalogue.segments)
            merged = 0
            for bucket, name in places:
                try:
                    merged += self._compact(bucket, name)
                except (StoreError, QueryError, OSError) as error:
                    log.error("Segments of %r cannot be merged: %s", name, error)
            return merged

    def _compact(self, bucket: str, name: str) -> int:
        merged = 0
        while True:
            with self._locks.state:
                old = due(self._catalogue.segments.get((bucket, name), ()))
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
            with self._locks.state:
                chosen = expired(self._catalogue.segments, self._keep_ns, now_ns)
            return self._forget(chosen)

    def shrink(self, limit_bytes: int) -> Forgotten:
        """Forget the oldest days until the segments are no larger than the limit; hot points stay.

        Raises:
            StoreBusy: the catalogue cannot be written; the next call goes on.
        """
        with self._locks.seal:
            with self._locks.state:
                chosen = surplus(self._catalogue.segments, limit_bytes)
            return self._forget(chosen)

    def _keep_ns(self, place: Place) -> int:
        bucket, measurement = place
        return keep_ns(self._catalogue.rules[bucket], measurement, self._default_keep_ns)

    def _forget(self, chosen: list[Placed]) -> Forgotten:
        for start in range(0, len(chosen), FORGET_AT_ONCE):
            some = chosen[start : start + FORGET_AT_ONCE]
            with self._locks.state:
                self._catalogue.forget(some, self._hot_since)
            self.retire(segment for _, segment in some)
        return total(chosen)
