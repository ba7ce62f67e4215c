"""Segments that are not what was written: found, set aside, and told.

A damaged file would make queries fail or, worse, answer wrongly. It goes to the folder ``damaged`` beside
the segments with a note of what it held, leaves the catalogue, and everything else goes on.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from heliograph.model.time import SECOND_NS
from heliograph.store.catalogue import Catalogue
from heliograph.store.checksum import damage, sync_folder
from heliograph.store.locks import Locks
from heliograph.store.relation import Segment
from heliograph.store.retention import Place, Placed
from heliograph.store.rollups.summary import RAW

log = logging.getLogger(__name__)

ROUND_SECONDS: Final = 86_400.0
"""Each segment is read again a day after its last reading."""
_NOTE: Final = ".json"


@dataclass(frozen=True, slots=True)
class Damaged:
    """A segment that was set aside, and what is lost with it."""

    file: str
    """Below the folder ``damaged``."""
    bucket: str
    measurement: str
    rows: int
    min_ns: int
    max_ns: int
    reason: str
    found_ns: int
    what: str = "points"
    """Of which it held the rows. Summaries are made again as long as there are points to make them of."""

    def __str__(self) -> str:
        first, last = (
            time.strftime("%Y-%m-%d %H:%M", time.gmtime(t // SECOND_NS)) for t in (self.min_ns, self.max_ns)
        )
        return (
            f"a segment of {self.bucket}/{self.measurement} was damaged ({self.reason}): {self.rows:,}"
            f" {self.what} between {first} and {last} UTC are missing; the file is kept as"
            f" damaged/{self.file}"
        )


class DamageWatch:
    """Reads segments, all at the start and then each once a day, and sets aside those that are damaged.

    Each round begins with a copy of the catalogue, for the day on which that is damaged.
    """

    def __init__(
        self, catalogue: Catalogue, locks: Locks, segments: Path, keep_copy: Callable[[], None]
    ) -> None:
        self._keep_copy = keep_copy
        self._catalogue = catalogue
        self._locks = locks
        self._segments = segments
        self._folder = segments.parent / "damaged"
        self._setting_aside = threading.Lock()
        """Held from the note to the entry in ``found``."""
        self._waiting: list[Placed] = []
        self._round_at = 0.0
        self.catalogues = [path.name for path in sorted(self._folder.glob("catalog-*.db"))]
        """Damaged catalogues that were put aside, until somebody removes them."""
        self.found = self._noted()
        """All that were set aside, until somebody removes the notes below ``damaged``."""

    def look_on(self) -> int:
        """Read the next segment and return its bytes; 0 when nothing is due."""
        if not self._waiting:
            if time.monotonic() < self._round_at:
                return 0
            self._round_at = time.monotonic() + ROUND_SECONDS
            with self._locks.state:
                known = self._catalogue.placed()
            self._waiting = sorted(known, key=lambda placed: placed[1].max_ns)
            self._keep_copy()
            return 0
        place, segment = self._waiting.pop()
        self._check_alone(place, [segment])
        return segment.size_bytes

    def check_all(self, place: Place) -> int:
        """Read all segments of a measurement, over which a query has failed; return how many were damaged.

        Raises:
            StoreBusy, OSError: the catalogue or the folder cannot be written; they stay where they are.
        """
        with self._locks.state:
            segments = self._catalogue.all_of(place)
        count = self._check_alone(place, segments)
        with self._setting_aside:
            return count  # one that the daily look has just taken out of the catalogue is in `found` now

    def _check_alone(self, place: Place, segments: Sequence[Segment]) -> int:
        if not _wrong(segments):
            return 0
        with self._locks.merge:
            return self.check(place, segments)

    def check(self, place: Place, segments: Iterable[Segment]) -> int:
        """Do what :meth:`check_all` does, with some segments, for who holds the lock of the segments."""
        return sum(self._set_aside(place, segment, reason) for segment, reason in _wrong(segments))

    def _set_aside(self, place: Place, segment: Segment, reason: str) -> bool:
        with self._locks.state:
            if segment not in self._catalogue.all_of(place):
                return False  # merged or forgotten meanwhile
        with self._setting_aside:
            self._move(place, segment, reason)
        return True

    def _move(self, place: Place, segment: Segment, reason: str) -> None:
        """Note, forget and move a segment, in this order: after a crash in between its file is told of."""
        points = segment.resolution_ns == RAW
        name = segment.path.relative_to(self._segments if points else self._segments.parent)
        found = Damaged(
            file=str(name),
            bucket=place[0],
            measurement=place[1],
            rows=segment.rows,
            min_ns=segment.min_ns,
            max_ns=segment.max_ns,
            reason=reason,
            found_ns=time.time_ns(),
            what="points" if points else "summaries",
        )
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_name(target.name + _NOTE).write_text(json.dumps(asdict(found)))
        with self._locks.enter, self._locks.state:
            self._catalogue.drop(place, segment)
        if segment.path.exists():
            segment.path.rename(target)
            sync_folder(segment.path.parent)
        sync_folder(target.parent)
        self.found.append(found)
        log.error("%s", found)

    def _noted(self) -> list[Damaged]:
        """Return what earlier runs set aside."""
        if not self._folder.is_dir():
            return []
        found = []
        for note in sorted(self._folder.rglob(f"*.parquet{_NOTE}")):
            try:
                found.append(Damaged(**json.loads(note.read_text())))
            except (OSError, ValueError, TypeError) as error:
                log.warning("A note of a damaged segment cannot be read, file=%s: %s", note, error)
        return sorted(found, key=lambda damaged: damaged.found_ns)


def _wrong(segments: Iterable[Segment]) -> list[tuple[Segment, str]]:
    return [(s, reason) for s in segments if (reason := damage(s.path, s.size_bytes)) is not None]
