"""Summarising what is sealed: hour by hour, after the hour is over and nothing has come for it for a while.

One step reads the points of one measurement in a few neighbouring hours and writes their summaries of
each resolution. Late points open their hour again, and the next step makes its summaries anew from all
its points: the later summary wins, as the later value of a point does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from heliograph.errors import QueryError, StoreError
from heliograph.model.time import DAY_NS, HOUR_NS, MINUTE_NS
from heliograph.store.catalogue import Catalogue
from heliograph.store.checksum import damage
from heliograph.store.locks import Locks
from heliograph.store.relation import Segment, Snapshot, Window
from heliograph.store.retention import Place
from heliograph.store.rollups.progress import hour_span
from heliograph.store.rollups.summary import RESOLUTIONS, summarised
from heliograph.store.segment_changes import SegmentChanges
from heliograph.store.segments import SegmentWriter, Written

log = logging.getLogger(__name__)

STEP_VALUES: Final = 2_000_000
"""Values that one statement summarises, about: a second of work on a board, in memory of 64 MB."""
RETRY_AFTER: Final = 600.0


@dataclass(frozen=True, slots=True)
class _Step:
    """The hours of one measurement that are summarised together, neighbours within one UTC day."""

    place: Place
    life: int
    """Of the bucket: one made anew is another."""
    snapshot: Snapshot
    hours: dict[int, float]
    """With the time when points last came for each."""
    values: int
    """How many values there are to read, about."""

    @property
    def span(self) -> Window:
        return hour_span(min(self.hours), max(self.hours))


class RollupUpkeep:
    """Makes summaries. Only one thread at a time may call it."""

    def __init__(
        self,
        catalogue: Catalogue,
        changes: SegmentChanges,
        writer: SegmentWriter,
        locks: Locks,
        *,
        stamp: str,
        settle: float,
    ) -> None:
        self._catalogue = catalogue
        self._changes = changes
        self._writer = writer
        self._lock = locks.state
        self._stamp = stamp
        self._settle = settle
        self._steps = 0
        self._retry_at: dict[Place, float] = {}
        """Measurements of which summarising failed, and when it is tried again (monotonic)."""

    def step(self, now_ns: int) -> bool:
        """Summarise a few hours of one measurement; False when nothing is due.

        A crash leaves either the hours open or their summaries made. What fails is logged and tried
        again after ``RETRY_AFTER`` seconds; the other measurements go on.
        """
        with self._lock:
            step = self._due(now_ns)
        if step is None:
            return False
        try:
            self._make(step)
        except (StoreError, QueryError, OSError) as error:
            log.error("Points of %r cannot be summarised: %s", step.place[1], error)
            self._retry_at[step.place] = time.monotonic() + RETRY_AFTER
        return True

    def finish(self, place: Place, end_ns: int, deadline: float) -> None:
        """Summarise at once the hours that are open before a time.

        Some stay open when points keep coming for them, or when ``deadline`` (monotonic) is over.

        Raises:
            StoreError, QueryError, OSError: the points cannot be read, or the summaries not written.
        """
        while True:
            with self._lock:
                hours = self._catalogue.rolled.open_before(place, end_ns)
                step = self._step(place, hours) if hours else None
            if step is None or time.monotonic() > deadline or not self._make(step):
                return

    def _due(self, now_ns: int) -> _Step | None:
        now = time.monotonic()
        for place, hours in self._catalogue.rolled.due(now_ns, self._settle):
            if self._retry_at.get(place, now) <= now:
                return self._step(place, hours)
        return None

    def _step(self, place: Place, hours: Sequence[int]) -> _Step:
        """Take hours from the first on for as long as they are neighbours and not too much."""
        bucket, name = place
        measurement = self._catalogue.measurements[bucket][name].copy()
        segments = self._catalogue.segments.get(place, ())
        width = max(1, len(summarised(measurement).fields))
        taken = [hours[0]]
        values = width * _rows(segments, *hour_span(hours[0], hours[0]))
        for hour in hours[1:]:
            more = width * _rows(segments, *hour_span(hour, hour))
            if hour != taken[-1] + 1 or hour * HOUR_NS % DAY_NS == 0 or values + more > STEP_VALUES:
                break
            taken.append(hour)
            values += more
        start_ns, end_ns = hour_span(taken[0], taken[-1])
        touched = tuple(s for s in segments if s.min_ns < end_ns and s.max_ns >= start_ns)
        marks = self._catalogue.rolled.open[place]
        return _Step(
            place,
            self._catalogue.lives[bucket],
            Snapshot(measurement, touched, ()),
            {hour: marks[hour] for hour in taken},
            values,
        )

    def _make(self, step: _Step) -> bool:
        """Write the summaries of a step and enter them; False if its points changed meanwhile."""
        written = list(self._write(step)) if step.snapshot.segments else []

        def unchanged() -> bool:
            marks = self._catalogue.rolled.open.get(step.place, {})
            same = all(marks.get(hour) == at for hour, at in step.hours.items())
            return same and self._catalogue.lives.get(step.place[0]) == step.life

        if self._changes.roll_up(step.place, written, list(step.hours), unchanged):
            return True
        for w in written:
            w.path.unlink(missing_ok=True)
        return False

    def _write(self, step: _Step) -> Iterator[Written]:
        if not summarised(step.snapshot.measurement).fields:
            return
        for segment in step.snapshot.segments:
            wrong = damage(segment.path, segment.size_bytes)
            if wrong is not None:  # a damaged value must not get into summaries
                raise StoreError(f"{segment.path}: {wrong}")
        forgotten = self._catalogue.rolled.complete_from_ns.get(step.place, {})
        for resolution_ns in RESOLUTIONS:
            if step.span[1] <= forgotten.get(resolution_ns, step.span[0]):
                continue
            for start_ns, end_ns in _pieces(step, resolution_ns):
                self._steps += 1
                some = tuple(s for s in step.snapshot.segments if s.min_ns < end_ns and s.max_ns >= start_ns)
                written = some and self._writer.roll_up(
                    step.place[0],
                    replace(step.snapshot, segments=some),
                    resolution_ns,
                    (start_ns, end_ns),
                    f"{self._stamp}-r{self._steps}",
                )
                if written:
                    yield written


def _pieces(step: _Step, resolution_ns: int) -> Iterator[Window]:
    """Split an hour that is too much at once into fewer intervals at a time."""
    start_ns, end_ns = step.span
    pieces = -(-step.values // STEP_VALUES)
    length_ns = max(MINUTE_NS, (end_ns - start_ns) // max(1, pieces) // MINUTE_NS * MINUTE_NS)
    if resolution_ns == HOUR_NS:
        length_ns = end_ns - start_ns
    for at_ns in range(start_ns, end_ns, length_ns):
        yield at_ns, min(at_ns + length_ns, end_ns)


def _rows(segments: Sequence[Segment], start_ns: int, end_ns: int) -> int:
    """Return about how many rows segments have in a span, as if each had as many at any time."""
    rows = 0.0
    for s in segments:
        if s.min_ns < end_ns and s.max_ns >= start_ns:
            common_ns = min(s.max_ns + 1, end_ns) - max(s.min_ns, start_ns)
            rows += s.rows * common_ns / (s.max_ns + 1 - s.min_ns)
    return round(rows)
