"""Files of segments that are merged or forgotten: they stay for queries that have looked them up already."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from heliograph.store.relation import Segment
from heliograph.store.segment_files import SegmentFiles


class RetiredFiles:
    """The files that are to go. Its methods may be called from any thread."""

    def __init__(self, files: SegmentFiles, lock: threading.RLock, *, after: float) -> None:
        self._files = files
        self._lock = lock
        self._after = after
        """Seconds."""
        self._retired: list[tuple[float, Path]] = []
        """Each with the time since when the catalogue has it no more (monotonic)."""
        self._holders = 0
        """How many copies of the files are being made: none is removed meanwhile."""

    def retire(self, segments: Iterable[Segment]) -> None:
        """Let the files of segments go in a while; the catalogue has them no more."""
        with self._lock:
            self._retired += [(time.monotonic(), segment.path) for segment in segments]

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Remove no file for the block: somebody copies those that the catalogue names at its begin."""
        with self._lock:
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1

    def unlink(self) -> None:
        """Remove the files whose time has come.

        Raises:
            StoreBusy, OSError: the catalogue or a folder cannot be written; the next start tries again.
        """
        old_enough = time.monotonic() - self._after
        with self._lock:
            if self._holders:
                return
            gone = [path for retired_at, path in self._retired if retired_at <= old_enough]
            self._retired = [(at, path) for at, path in self._retired if at > old_enough]
        if gone:
            self._files.unlink_retired(gone)
