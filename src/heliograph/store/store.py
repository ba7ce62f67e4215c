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
from dataclasses import replace
from pathlib import Path
from typing import Final

from heliograph.errors import StoreBusy
from heliograph.model.point import FieldType
from heliograph.model.predicate import MEASUREMENT, Condition, Predicate
from heliograph.model.table import Batch
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.model.watermark import Watermark
from heliograph.store.applied import Applied, Position
from heliograph.store.bucket_report import BucketReport, bucket_reports
from heliograph.store.catalogue import MAX_COLUMNS, NO_RULES, Catalogue
from heliograph.store.damage import DamageWatch
from heliograph.store.database import Database
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.deletes.eraser import Deleted, Eraser
from heliograph.store.duck import Duck
from heliograph.store.forgetting import Forgetting
from heliograph.store.generation import latest_marks
from heliograph.store.generations import SEAL_BYTES, Generations
from heliograph.store.hot.table import HotTable
from heliograph.store.ledger.entry import Origin
from heliograph.store.ledger.ledger import MAX_DEVICES, Ledger, Line, lines
from heliograph.store.locks import Locks
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
from heliograph.store.retired import RetiredFiles
from heliograph.store.rollups.summary import RAW
from heliograph.store.rollups.work import RollupUpkeep
from heliograph.store.schema import without_surplus_columns, without_surplus_series
from heliograph.store.sealing import Sealer
from heliograph.store.segment_changes import SegmentChanges
from heliograph.store.segments import SegmentWriter
from heliograph.store.statistics import StoreStatistics, rollups_of, statistics
from heliograph.store.stream_positions import StreamPositions
from heliograph.store.upkeep import Upkeep

log = logging.getLogger(__name__)

BUSY_FACTOR: Final = 8
"""Hot points beyond this many times what is sealed at once mean that sealing fails or cannot follow."""
KEEP_POINTS: Final = Keeping()
"""For ever, and without summaries."""
MAX_SERIES: Final = 1_000_000
"""Series of one bucket: each takes memory and a row of the catalogue, also when it has gone quiet."""


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
        self._started = time.time_ns()
        self._hot = Generations(self._catalogue, self._ledger, seal_rows)
        self.changes = SegmentChanges(self._catalogue, database, self._locks)
        stamp = f"{self._started:x}"
        self._sealer = Sealer(
            self._catalogue,
            self.changes,
            self._writer,
            self._locks,
            generations=self._hot,
            ledger=self._ledger,
            stamp=stamp,
        )
        self.streams = StreamPositions(self._catalogue, self._locks, self._hot, self._ledger)
        self._default_keep_ns = keeping.by_resolution
        self.damage = DamageWatch(
            self._catalogue,
            self._locks,
            folder,
            keep_copy=lambda: keep_copy(database, folder.parent / "catalog.db"),
        )
        self._eraser = Eraser(self._catalogue, database, duck, self.snapshot, self._hot.settle)
        self.retired = RetiredFiles(self._catalogue.files, self._locks.state, after=retire_after)
        self._rollups = RollupUpkeep(
            self._catalogue, self.changes, self._writer, self._locks, stamp=stamp, settle=keeping.settle
        )
        self._rolls_up = bool(keeping.rollups_ns)
        self.upkeep = Upkeep(
            self._catalogue,
            self.changes,
            Merger(self._writer, duck),
            self._locks,
            eraser=self._eraser,
            retired=self.retired,
            damaged=self.damage.check,
            stamp=stamp,
        )
        self.forgetting = Forgetting(
            self._catalogue,
            self._locks,
            self.retired,
            rollups=self._rollups if self._rolls_up else None,
            keeping=keeping,
            hot=self._hot.settle,
            seal=self._sealer.seal,
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
            self._hot.settle()
            yield self._catalogue

    def directory(self) -> tuple[list[str], dict[str, Rules]]:
        """Return the buckets, and their rules."""
        with self._locks.state:
            return list(self._catalogue.measurements), dict(self._catalogue.rules)

    @contextlib.contextmanager
    def unless_busy(self) -> Iterator[bool]:
        """Whether nobody changes anything; then nobody does for the block, and nothing in it waits."""
        free = self._locks.state.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._locks.state.release()

    def field_types(
        self, bucket: str, position: Position | None = None
    ) -> Callable[[str, str], FieldType | None]:
        """Return the lookup (measurement, field) → type that a parser wants, of a message at a position.

        A measurement that was dropped after that message has other types now: those of then are forgotten.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        known = self._catalogue.bucket(bucket)
        deletions = self._catalogue.deletions
        if position is not None and not deletions.reach(bucket, position.stream, position.seq):
            position = None

        def field_type(measurement: str, name: str) -> FieldType | None:
            if position and deletions.dropped(bucket, position.stream, position.mark, measurement):
                return None
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

    def refuse_new_columns(self, bucket: str, batch: Batch) -> tuple[Batch, dict[str, int]]:
        """Return a batch without the points whose columns find no room, and how many by measurement."""
        with self._locks.state:
            return without_surplus_columns(batch, self._catalogue.bucket(bucket), MAX_COLUMNS)

    def remaining(self, bucket: str, batch: Batch, position: Position | None) -> Batch:
        """Return a batch without what was deleted after its message came: that must declare nothing."""
        if position is None:
            return batch
        with self._locks.state:
            return self._catalogue.deletions.without(bucket, batch, position.stream, position.mark)

    def may_be_deleted(self, bucket: str, position: Position) -> bool:
        """Return whether a delete may mean a message at a position, or later ones."""
        return self._catalogue.deletions.reach(bucket, position.stream, position.seq)

    def life(self, bucket: str) -> int | None:
        """Return a number that tells a bucket from an earlier one of the same name; None: no such bucket."""
        return self._catalogue.lives.get(bucket)

    def declare(self, bucket: str, batch: Batch) -> bool:
        """Settle the types of the fields that a batch brings for the first time; True if there are any.

        Raises:
            StoreBusy: sealing does not follow; nothing was changed.
        """
        with self._locks.state:
            generations = self._hot.all
            rows = sum(g.rows for g in generations)
            size_bytes = sum(g.size_bytes for g in generations)
            if rows > BUSY_FACTOR * self._hot.seal_rows or size_bytes > BUSY_FACTOR * SEAL_BYTES:
                raise StoreBusy(f"{rows:,} points wait to be sealed; try again in a few seconds")
            tables = self._hot.current.tables
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
            origins: the MQTT messages that it is made of, one behind the other up to that position, for
                the ledger; none means that it came over HTTP.
        """
        spans: dict[str, tuple[int, int]] = {}
        fresh = False
        with self._locks.state:
            if position is not None:
                batch = self._catalogue.deletions.without(bucket, batch, position.stream, position.mark)
            generation = self._hot.current
            generation.begin()
            for name, declared in batch.items():
                place = bucket, name
                table = self._catalogue.agreed(bucket, declared)
                if not len(table):
                    continue
                hot = generation.tables.get(place)
                if hot is None:
                    hot = generation.tables[place] = HotTable(self._catalogue.measurements[bucket][name])
                rows, size_bytes, series = len(hot), hot.size_bytes, len(hot.series)
                spans[name] = hot.append(table)
                generation.note_hours(place, table.times_ns, spans[name])
                generation.rows += len(hot) - rows
                generation.size_bytes += hot.size_bytes - size_bytes
                if len(hot.series) > series:
                    self._catalogue.agree_on_tags(bucket, table, [key for key, _ in hot.series.since(series)])
                    fresh = self._catalogue.touch(place, hot.series.since(series)) or fresh
            self._mark(position)
            self._note(bucket, batch, position, origins)
            if self._hot.is_full:
                self._hot.rotate()  # what is sealed at once stays small, however far sealing is behind
        return Applied(bucket, spans, {name: table.series for name, table in batch.items()}, fresh)

    def append_run(
        self, bucket: str, batch: Batch, position: Position, origins: Sequence[Origin]
    ) -> Applied | None:
        """Make several messages visible as :meth:`append` does, unless a delete may mean some of them.

        None: nothing was appended, since each message has to be looked at alone.
        """
        with self._locks.state:
            first_seq = position.seq - len(origins) + 1
            if self._catalogue.deletions.reach(bucket, position.stream, first_seq):
                return None
            return self.append(bucket, batch, position, origins)

    def _note(self, bucket: str, batch: Batch, position: Position | None, origins: Sequence[Origin]) -> None:
        for back, origin in enumerate(origins, 1 - len(origins)):
            if position is None:
                self._ledger.note(origin)
            else:
                mark = Watermark(position.created, position.seq + back)
                self._ledger.note(origin, position.stream, mark)
        if position is not None and not origins:
            points = sum(len(table) for table in batch.values())
            self._ledger.note_batch(position.stream, position.mark, bucket, points)

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
            self._hot.current.begin()
            self._hot.current.marks[position.stream] = position.mark

    def seal_due(self, interval: float) -> bool:
        """Return whether there are enough, or old enough, hot points to seal."""
        return self._sealer.due(interval)

    @property
    def full_generations(self) -> int:
        """How often as much waits to be sealed as is sealed at once."""
        return self._hot.full

    def seal(self) -> int:
        """Write the hot columns as segments; see :meth:`Sealer.seal`."""
        return self._sealer.seal()

    def roll_up(self, now_ns: int) -> bool:
        """Summarise the points of a few hours where that is due; False when nothing is."""
        return self._rolls_up and self._rollups.step(now_ns)

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
        with self._locks.seal, self._locks.enter, self._locks.state:
            gone = self._catalogue.delete_bucket(name, positions)
            self._ledger.drop(name)
            hot = sum(generation.drop_bucket(name) for generation in self._hot.all)
            self.retired.retire(segment for _, segment in gone)
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
            with self._locks.enter, self._locks.state:
                self._catalogue.bucket(bucket)
                self.upkeep.require_room()
                marks = latest_marks(self.streams.watermarks(), self._hot.settle(), positions)
                deletion = Deletion(0, bucket, predicate, start_ns, end_ns, marks)
                if self._hot.current.meets(deletion):
                    self._hot.rotate()  # what comes from now on is new
                deleted = self._eraser.enter(deletion, self._hot.sealing)
                self.retired.retire(deleted.gone)
            self.upkeep.settle()
        return deleted

    def drop_measurement(self, bucket: str, name: str, positions: Mapping[str, Watermark]) -> Deleted:
        """Delete all points of a measurement and forget its tags, fields and types; see :meth:`delete`.

        Raises:
            BucketNotFound: there is no such bucket.
            StoreBusy: nothing was deleted; trying again may help.
        """
        place, meant = (bucket, name), Predicate((Condition(MEASUREMENT, name),))
        with self._locks.delete:
            self.upkeep.settle()
            with self._locks.seal, self._locks.enter, self._locks.state:
                if name not in self._catalogue.bucket(bucket):
                    return Deleted(bucket, {}, ())
                marks = latest_marks(self.streams.watermarks(), self._hot.settle(), positions)
                end_ns = MAX_TIME_NS + 1
                deletion = Deletion(0, bucket, meant, MIN_TIME_NS, end_ns, marks, settled=True)
                gone = self._catalogue.drop_measurement(deletion, place)
                for generation in self._hot.all:
                    generation.drop(place)
                self.retired.retire(gone)
        return Deleted(bucket, {name: (MIN_TIME_NS, end_ns)}, tuple(gone))

    def buckets(self) -> list[BucketReport]:
        """Return what each bucket holds and for how long, by name."""
        with self._locks.state:
            hot = [item for g in self._hot.all for item in g.tables.items()]
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
                tuple(rows for g in self._hot.all if (rows := g.rows_of(bucket, measurement)) is not None),
                rollups_of(self._catalogue, (bucket, measurement), self._hot.all)
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
            return statistics(self._catalogue, self._hot.all)
