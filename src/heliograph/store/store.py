"""The store: points in, snapshots out, everything acknowledged found again after a crash.

Between stream and query. The stream holds what is not sealed yet; a seal writes the hot columns as
segments and then, in one transaction, records them together with the sequence up to which they hold
each stream. A restart replays from there, and equal series and time merge, so that every point is there
once however often it came.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from heliograph.errors import StoreBusy
from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.predicate import Predicate
from heliograph.model.table import Batch
from heliograph.model.time import MIN_TIME_NS
from heliograph.model.watermark import Watermark
from heliograph.store.bucket_report import BucketReport, bucket_reports
from heliograph.store.catalogue import NO_RULES, Catalogue
from heliograph.store.damage import DamageWatch
from heliograph.store.database import Database
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.deletes.eraser import Deleted, Eraser
from heliograph.store.duck import Duck
from heliograph.store.generation import Generation, latest_marks
from heliograph.store.hot.table import HotTable
from heliograph.store.ledger.entry import Origin, as_rows
from heliograph.store.ledger.ledger import MAX_DEVICES, Ledger, Line, lines
from heliograph.store.merging.merge import Merger
from heliograph.store.relation import Snapshot
from heliograph.store.rescue import keep_copy
from heliograph.store.retention import (
    FOREVER,
    Forgotten,
    Keeping,
    Rules,
    keep_ns,
    total,
    without_old,
)
from heliograph.store.rollups.summary import RAW
from heliograph.store.schema import without_surplus_series
from heliograph.store.segments import SegmentWriter, Written
from heliograph.store.statistics import StoreStatistics, rollups_of, statistics
from heliograph.store.upkeep import Locks, Upkeep

log = logging.getLogger(__name__)

BUSY_FACTOR: Final = 8
"""Hot points beyond this many times what is sealed at once mean that sealing fails or cannot follow."""
KEEP_POINTS: Final = Keeping()
"""For ever, and without summaries."""
MAX_SERIES: Final = 1_000_000
"""Series of one bucket: each takes memory and a row of the catalogue, also when it has gone quiet."""
SEAL_BYTES: Final = 16 * 1024 * 1024
"""Hot columns of this size are sealed before they have ``seal_rows`` rows: they hold long strings."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a stream a batch stands."""

    stream: str
    created: str
    seq: int

    @property
    def mark(self) -> Watermark:
        """The same without the stream's name."""
        return Watermark(self.created, self.seq)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch changed that others want to know."""

    bucket: str
    spans: Mapping[str, tuple[int, int]]
    """Per measurement the earliest and latest time."""
    series: Mapping[str, Sequence[SeriesKey]]
    """Per measurement the series."""
    new_schema: bool
    """A series, tag, field or measurement never seen before."""

    @property
    def hosts(self) -> dict[str, frozenset[str]]:
        """Per measurement the values of the tag ``host``; ``""`` for points without it."""
        return {
            name: frozenset(dict(key).get("host", "") for key in keys) for name, keys in self.series.items()
        }


class Store:
    """The points of a hub. Its methods may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        duck: Duck,
        *,
        seal_rows: int,
        retire_after: float = 60.0,
        keeping: Keeping = KEEP_POINTS,
        ledger_devices: int = MAX_DEVICES,
        series_per_bucket: int = MAX_SERIES,
    ) -> None:
        self.series_per_bucket = series_per_bucket
        """Points that would make more are refused."""
        self._locks = Locks()
        self._writer = SegmentWriter(folder, duck)
        self._catalogue = Catalogue(database, folder)
        self._ledger = Ledger(database, ledger_devices)
        self._seal_rows = seal_rows
        self._started = time.time_ns()
        self._current = Generation(0)
        self._sealing: list[Generation] = []
        self._default_keep_ns = keeping.by_resolution
        self.damage = DamageWatch(
            self._catalogue,
            self._locks,
            folder,
            keep_copy=lambda: keep_copy(database, folder.parent / "catalog.db"),
        )
        self._eraser = Eraser(self._catalogue, database, duck, self.snapshot, self._settled)
        self.upkeep = Upkeep(
            self._catalogue,
            Merger(self._writer, duck),
            self._locks,
            self._eraser,
            damaged=self.damage.check,
            stamp=f"{self._started:x}",
            retire_after=retire_after,
            keeping=keeping,
        )
        known = frozenset(s.path for _, s in self._catalogue.placed())
        self._catalogue.files.unlink_retired()
        last_run = self._catalogue.new_run(self._started)
        removed, self.unknown_files = self._writer.sweep(known, f"{last_run:x}" if last_run else None)
        if removed:
            log.info("Removed files that a crash left behind, files=%s", removed)
        if self.unknown_files:
            log.warning("Files below %s are not in the catalogue, files=%s", folder, self.unknown_files)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Catalogue]:
        """The catalogue, unchanging for the block."""
        with self._locks.state:
            self._settle()
            yield self._catalogue

    def _settle(self) -> None:
        """Bring the latest times of the catalogue's series up to those of the hot points."""
        for generation in self._waiting():
            for place, hot in generation.tables.items():
                if hot.unsettled:
                    self._catalogue.touch(place, hot.series.since(0))
                    hot.unsettled = False

    def field_types(self, bucket: str) -> Callable[[str, str], FieldType | None]:
        """Return the lookup (measurement, field) → type that a parser wants.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        known = self._catalogue.bucket(bucket)

        def field_type(measurement: str, name: str) -> FieldType | None:
            found = known.get(measurement)
            column = found.fields.get(name) if found else None
            return column[1] if column else None

        return field_type

    def refuse_old(self, bucket: str, batch: Batch, received_ns: int) -> tuple[Batch, int]:
        """Return a batch without the points that were older than is kept when they were received.

        The second value is how many those are. Reading the stream again gives the same answer, but for
        points of days that were forgotten meanwhile for want of room: those stay forgotten, since the
        summaries of their hours could not be made again.
        """
        rules = self._catalogue.rules.get(bucket, {})
        forgotten = self._catalogue.rolled.complete_from_ns

        def oldest_ns(measurement: str) -> int:
            keep = keep_ns(rules, measurement, self._default_keep_ns[RAW])
            kept_from_ns = MIN_TIME_NS if keep == FOREVER else received_ns - keep
            return max(kept_from_ns, forgotten.get((bucket, measurement), {}).get(RAW, MIN_TIME_NS))

        return without_old(batch, oldest_ns)

    def refuse_new_series(self, bucket: str, batch: Batch, *, slack: int = 1) -> tuple[Batch, int]:
        """Return a batch without the points that would make more series than a bucket may have.

        The second value is how many those are. Batches that are on their way at the same moment are not
        seen, so that a bucket may get a few more. ``slack`` multiplies what is allowed.
        """
        most = slack * self.series_per_bucket
        with self._locks.state:
            room = most - self._catalogue.series_count(bucket)
            if room >= sum(len(table.series) for table in batch.values()):
                return batch, 0
            series = self._catalogue.series
            return without_surplus_series(batch, lambda name: series.get((bucket, name), ()), max(room, 0))

    def life(self, bucket: str) -> int | None:
        """Return a number that tells a bucket from an earlier one of the same name; None: no such bucket."""
        return self._catalogue.lives.get(bucket)

    def was_deleted(self, bucket: str, position: Position) -> bool:
        """Return whether a message was for a bucket that has been deleted since, whatever there is now."""
        mark = self._catalogue.deleted.get((bucket, position.stream))
        return mark is not None and mark.passed(position.created, position.seq)

    def declare(self, bucket: str, batch: Batch) -> bool:
        """Settle the types of the fields that a batch brings for the first time; True if there are any.

        Raises:
            StoreBusy: sealing does not follow; nothing was changed.
        """
        with self._locks.state:
            generations = self._waiting()
            rows = sum(g.rows for g in generations)
            size_bytes = sum(g.size_bytes for g in generations)
            if rows > BUSY_FACTOR * self._seal_rows or size_bytes > BUSY_FACTOR * SEAL_BYTES:
                raise StoreBusy(f"{rows:,} points wait to be sealed; try again in a few seconds")
            tables = self._current.tables
            return self._catalogue.declare(
                bucket,
                batch,
                {
                    name: tables[bucket, name].series.unknown(table.series)
                    for name, table in batch.items()
                    if (bucket, name) in tables
                },
            )

    def append(
        self, bucket: str, batch: Batch, position: Position | None, origins: Sequence[Origin] = ()
    ) -> Applied:
        """Make a batch visible. Its columns must be declared.

        Args:
            bucket: where it belongs.
            batch: its columns.
            position: where it stands in a stream; positions of one stream must come in order. None means
                that no stream holds it (QoS 0): a crash before the next seal loses it.
            origins: the MQTT messages that it is made of, up to that position, for the ledger; none means
                that it came over HTTP.
        """
        spans: dict[str, tuple[int, int]] = {}
        fresh = False
        with self._locks.state:
            if position is not None:
                batch = self._catalogue.deletions.without(bucket, batch, position.stream, position.mark)
            generation = self._current
            generation.begin()
            for name, table in batch.items():
                place = bucket, name
                hot = generation.tables.get(place)
                if hot is None:
                    hot = generation.tables[place] = HotTable(self._catalogue.measurements[bucket][name])
                rows, size_bytes, series = len(hot), hot.size_bytes, len(hot.series)
                spans[name] = hot.append(table)
                generation.note_hours(place, table.times_ns, spans[name])
                generation.rows += len(hot) - rows
                generation.size_bytes += hot.size_bytes - size_bytes
                if len(hot.series) > series:
                    fresh = self._catalogue.touch(place, hot.series.since(series)) or fresh
            self._mark(position)
            self._note(bucket, batch, position, origins)
            if self._is_full(generation):
                self._rotate()  # what is sealed at once stays small, however far sealing is behind
        return Applied(bucket, spans, {name: table.series for name, table in batch.items()}, fresh)

    def _is_full(self, generation: Generation) -> bool:
        return generation.rows >= self._seal_rows or generation.size_bytes >= SEAL_BYTES

    def _note(self, bucket: str, batch: Batch, position: Position | None, origins: Sequence[Origin]) -> None:
        for origin in origins:
            if position is None:
                self._ledger.note(origin)
            else:
                self._ledger.note(origin, position.stream, position.mark)
        if position is not None and not origins:
            points = sum(len(table) for table in batch.values())
            self._ledger.note_batch(position.stream, position.mark, bucket, points)

    def _rotate(self) -> None:
        self._current.freeze()
        self._current.ledger = self._ledger.changes()
        self._sealing.append(self._current)
        self._current = Generation(self._current.number + 1)

    def skip(self, position: Position, origin: Origin | None = None) -> None:
        """Note that the message at a position holds no points for the store.

        ``origin`` is the device that sent it; None means that it is for no device and no bucket.
        """
        with self._locks.state:
            self._mark(position)
            if origin is None:
                self._ledger.note_other(position.stream, position.mark)
            else:
                self._ledger.note(origin, position.stream, position.mark)

    def _mark(self, position: Position | None) -> None:
        if position is not None:
            self._current.begin()
            self._current.marks[position.stream] = position.mark

    def resume(self, stream: str, created: str, *, first_seq: int, last_seq: int) -> int:
        """Return the sequence up to which a stream need not be read again, given what it holds now.

        A stream that is not the one last seen, or that ends before what was sealed of it (restored from
        an older copy, or its tail lost with the power), is read from its first message. That is written
        down before anything of it is applied: the old mark must not count again once the stream grows
        past it. Likewise what is remembered of deletes holds for no position that the stream has lost.
        """
        with self._locks.state:
            self._catalogue.cut(stream, created, last_seq)
        mark = self.watermarks().get(stream)
        if mark is not None and mark.created == created and mark.seq <= last_seq:
            return max(mark.seq, first_seq - 1)
        position = first_seq - 1
        if mark is not None:
            log.warning("The stream %s is not the one last seen: reading it from its first message", stream)
            with self._locks.state:
                counted = self._ledger.counted_to(stream, mark, created, last_seq)
                self._catalogue.restart(stream, Watermark(created, position), counted)
                self._ledger.read_again(stream, counted)
        elif first_seq > 1:
            self._ledger.begin_late()
        return position

    def watermarks(self) -> dict[str, Watermark]:
        """Return up to where segments on disk hold each stream."""
        return self._catalogue.watermarks()

    def sealed_before(self, time_ns: int) -> dict[str, int]:
        """Return, per stream, the highest sequence that segments held already at a time."""
        return self._catalogue.sealed_before(time_ns)

    def seal_due(self, interval: float) -> bool:
        """Return whether there are enough, or old enough, hot points to seal."""
        with self._locks.state:
            generation = self._current
            if self._sealing or self._is_full(generation):
                return True
            begun = bool(generation.marks or generation.rows)
            return begun and time.monotonic() - generation.since >= interval

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
                if self._current.rows or self._current.marks:
                    self._rotate()
                waiting = list(self._sealing)
            return sum(self._seal(generation) for generation in waiting)

    def _seal(self, generation: Generation) -> int:
        stamp = f"{self._started:x}-{generation.number}"
        written: list[Written] = []
        for (bucket, name), hot in generation.tables.items():
            with self._locks.state:
                measurement = self._catalogue.measurements[bucket][name].copy()
            writing = self._writer.write(bucket, measurement, hot, stamp)
            written += generation.once((bucket, name), writing)
        series: list[tuple[str, str, SeriesKey]] = [
            (bucket, name, key)
            for (bucket, name), hot in generation.tables.items()
            for key in hot.series.codes
        ]
        ledger = as_rows(generation.ledger)
        with self._locks.state:
            self._settle()
            written = [
                replace(w, deletions=generation.hiding(w.bucket, w.measurement, w.min_ns, w.max_ns))
                for w in written
            ]
            self._catalogue.commit(written, series, generation.marks, generation.hours, ledger)
            self._ledger.sealed(generation.ledger)
            self._sealing.remove(generation)
        return sum(w.rows for w in written)

    def _waiting(self) -> tuple[Generation, ...]:
        return *self._sealing, self._current

    def _settled(self) -> tuple[Generation, ...]:
        self._settle()
        return self._waiting()

    def create_bucket(self, name: str, rules: Rules, rollup_rules: Mapping[int, Rules] = NO_RULES) -> None:
        """Make a bucket with rules of its own for points, and by resolution for their summaries.

        Raises:
            BucketExists: it is there already.
        """
        with self._locks.state:
            self._catalogue.create_bucket(name, rules, rollup_rules)

    def set_rule(self, bucket: str, pattern: str, keep: int | None, resolution_ns: int = RAW) -> None:
        """Set how long measurements are kept, in ns or ``FOREVER``; None removes the rule.

        ``resolution_ns`` says whether it is about points or about their summaries.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        with self._locks.state:
            self._catalogue.set_rule(bucket, pattern, keep, resolution_ns)

    def delete_bucket(self, name: str, positions: Mapping[str, Watermark]) -> Forgotten:
        """Delete a bucket with its points; the one of MQTT messages is there again at once, empty.

        Messages of the streams up to ``positions`` are never taken for a later bucket of that name.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        with self._locks.seal, self._locks.state:
            gone = self._catalogue.delete_bucket(name, positions)
            self._ledger.drop(name)
            hot = sum(generation.drop(name) for generation in self._waiting())
            self.upkeep.retire(segment for _, segment in gone)
        sealed = total(gone)
        return replace(sealed, rows=sealed.rows + hot)

    def delete(
        self,
        bucket: str,
        predicate: Predicate,
        start_ns: int,
        end_ns: int,
        positions: Mapping[str, Watermark],
    ) -> Deleted:
        """Delete the points of some series at ``start_ns <= time < end_ns``.

        They are in no answer once this returns. No message that was applied by now, or stands in a stream
        up to ``positions``, brings one back; what comes later is new. A crash leaves all or nothing deleted.

        Raises:
            BucketNotFound: there is no such bucket.
            StoreBusy: nothing was deleted; trying again may help.
        """
        with self._locks.delete:
            self.upkeep.settle()
            with self._locks.state:
                self._catalogue.bucket(bucket)
                self.upkeep.require_room()
                marks = latest_marks(self.watermarks(), self._settled(), positions)
                deletion = Deletion(0, bucket, predicate, start_ns, end_ns, marks)
                if self._current.meets(deletion):
                    self._rotate()  # what comes from now on is new
                deleted = self._eraser.enter(deletion, self._sealing)
                self.upkeep.retire(deleted.gone)
            self.upkeep.settle()
        return deleted

    def release(self, stream: str, created: str, first_seq: int) -> None:
        """Drop what is remembered of deletes about messages that a stream holds no longer."""
        with self._locks.state:
            self._catalogue.release(stream, created, first_seq)

    def buckets(self) -> list[BucketReport]:
        """Return what each bucket holds and for how long, by name."""
        with self._locks.state:
            hot = [item for g in self._waiting() for item in g.tables.items()]
            return bucket_reports(self._catalogue, hot, self._default_keep_ns)

    def snapshot(self, bucket: str, measurement: str) -> Snapshot | None:
        """Return where the points of a measurement stand now; None if it is not known.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        with self._locks.state:
            known = self._catalogue.bucket(bucket).get(measurement)
            if known is None:
                return None
            return Snapshot(
                known.copy(),
                tuple(self._catalogue.segments.get((bucket, measurement), ())),
                tuple(rows for g in self._waiting() if (rows := g.rows_of(bucket, measurement)) is not None),
                rollups_of(self._catalogue, (bucket, measurement), self._waiting())
                if len(self._default_keep_ns) > 1
                else None,
            )

    def ledger(self, device: str | None = None) -> list[Line]:
        """Return what came from each device and for each bucket, or from one, and what became of it."""
        with self._locks.state:
            entries = self._ledger.copies(device)
        return lines(entries)

    def statistics(self) -> StoreStatistics:
        """Return what the store holds."""
        with self._locks.state:
            return statistics(self._catalogue, self._waiting())
