"""What the store knows of itself: schemas, series, segments and watermarks, in memory and in SQLite."""

from __future__ import annotations

import itertools
import json
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from heliograph.errors import BucketExists, BucketNotFound, TooManyColumns
from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.table import Batch, Table
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.model.watermark import Watermark
from heliograph.store.database import Database
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.deletes.remembered import Deletions
from heliograph.store.ledger.entry import Kind
from heliograph.store.relation import Segment
from heliograph.store.retention import Place, Placed, Rules
from heliograph.store.rollups.progress import Rolled, hours_touched
from heliograph.store.rollups.summary import RAW, RESOLUTIONS
from heliograph.store.schema import Measurement
from heliograph.store.segment_files import SegmentFiles
from heliograph.store.stream_marks import StreamMarks

log = logging.getLogger(__name__)

DEFAULT_BUCKET: Final = "telegraf"
MAX_COLUMNS: Final = 1_000
"""Tags and fields of one measurement. A seal holds a buffer per column."""
NO_RULES: Final[Mapping[int, Rules]] = MappingProxyType({})


class Catalogue:
    """The catalogue's tables about points. Not safe for several threads: the store holds the lock."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.files = SegmentFiles(database, folder)
        self.streams = StreamMarks(database)
        self.measurements: dict[str, dict[str, Measurement]] = {}
        """By bucket and name."""
        self.series: dict[tuple[str, str], dict[SeriesKey, int]] = {}
        """By bucket and measurement: the time of each series' latest point."""
        self.segments: dict[tuple[str, str], list[Segment]] = {}
        """By bucket and measurement, in the order in which they were sealed."""
        self.rollups: dict[int, dict[Place, list[Segment]]] = {resolution: {} for resolution in RESOLUTIONS}
        """By resolution the same of summaries."""
        self.rules: dict[str, Rules] = {}
        """By bucket, how long points are kept; the mappings are replaced and never changed."""
        self.rollup_rules: dict[tuple[str, int], Rules] = {}
        """By bucket and resolution the same of summaries."""
        self.lives: dict[str, int] = {}
        """By bucket, a number that it gets when it is made: one made anew is not the one that was deleted."""
        self.deleted: dict[tuple[str, str], Watermark] = {}
        """By bucket and stream: up to where its messages were for a bucket that has been deleted."""
        self.deletions = Deletions(database)
        self._births = itertools.count()
        self.rolled = Rolled(database)
        self._load()

    def _load(self) -> None:
        for (bucket,) in self._database.rows("SELECT name FROM bucket ORDER BY rowid"):
            self._enter_bucket(bucket, {})
        for bucket, pattern, resolution_ns, keep_ns in self._database.rows(
            "SELECT bucket, measurement_pattern, resolution_ns, keep_ns FROM retention"
        ):
            self._enter_rule(bucket, pattern, resolution_ns, keep_ns)
        for bucket, stream, created, seq in self._database.rows(
            "SELECT bucket, stream, created, seq FROM deleted_bucket"
        ):
            self.deleted[bucket, stream] = Watermark(created, seq)
        for bucket, measurement, kind, name, type_, physical in self._database.rows(
            "SELECT bucket, measurement, kind, name, type, physical FROM column_ ORDER BY rowid"
        ):
            field_type = FieldType(type_) if kind == "field" else None
            self._measurement(bucket, measurement).add(name, field_type, physical)
        for bucket, measurement, tags, last_ns in self._database.rows(
            "SELECT bucket, measurement, tags, last_ns FROM series"
        ):
            key = tuple((k, v) for k, v in json.loads(tags))
            self.series.setdefault((bucket, measurement), {})[key] = last_ns
        for id_, bucket, measurement, path, columns, hidden, *figures in self._database.rows(
            "SELECT id, bucket, measurement, path, columns, deletions, row_count, min_ns, max_ns, size_bytes,"
            " level, resolution_ns FROM segment ORDER BY id"
        ):
            segment = Segment(id_, self.files.absolute(path), frozenset(json.loads(columns)), *figures)
            deletions = tuple(self.deletions[number] for number in json.loads(hidden))
            segment = replace(segment, deletions=deletions)
            self.of(segment.resolution_ns).setdefault((bucket, measurement), []).append(segment)
        if DEFAULT_BUCKET not in self.measurements:
            self.create_bucket(DEFAULT_BUCKET, {})

    def _measurement(self, bucket: str, name: str) -> Measurement:
        return self.measurements[bucket].setdefault(name, Measurement(name))

    def of(self, resolution_ns: int) -> dict[Place, list[Segment]]:
        """Return the segments of a resolution."""
        return self.segments if resolution_ns == RAW else self.rollups[resolution_ns]

    def all_of(self, place: Place) -> list[Segment]:
        """Return the segments of a measurement, of points and of summaries."""
        return [segment for r in (RAW, *RESOLUTIONS) for segment in self.of(r).get(place, ())]

    def placed(self) -> list[Placed]:
        """Return all segments, of points and of summaries."""
        kinds = (self.segments, *self.rollups.values())
        return [(place, s) for kind in kinds for place, some in kind.items() for s in some]

    def create_bucket(self, name: str, rules: Rules, rollup_rules: Mapping[int, Rules] = NO_RULES) -> None:
        """Make a bucket with rules for its points, and by resolution for their summaries.

        Raises:
            BucketExists: it is there already.
        """
        if name in self.measurements:
            raise BucketExists(name)
        with self._database.transaction() as sql:
            _insert_bucket(sql, name)
            for resolution_ns, some in {RAW: rules, **rollup_rules}.items():
                for pattern, keep_ns in some.items():
                    _insert_rule(sql, name, pattern, resolution_ns, keep_ns)
        self._enter_bucket(name, rules)
        self.rollup_rules |= {(name, resolution_ns): some for resolution_ns, some in rollup_rules.items()}

    def _enter_bucket(self, name: str, rules: Rules) -> None:
        self.measurements[name] = {}
        self.rules[name] = dict(rules)
        self.lives[name] = next(self._births)

    def rules_of(self, bucket: str, resolution_ns: int) -> Rules:
        """Return how long a bucket keeps points, or summaries of a resolution."""
        return (
            self.rules[bucket] if resolution_ns == RAW else self.rollup_rules.get((bucket, resolution_ns), {})
        )

    def set_rule(self, bucket: str, pattern: str, keep_ns: int | None, resolution_ns: int = RAW) -> None:
        """Set or replace one rule of a bucket; None removes it.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        self.bucket(bucket)
        with self._database.transaction() as sql:
            sql.execute(
                "DELETE FROM retention WHERE bucket = ? AND measurement_pattern = ? AND resolution_ns = ?",
                (bucket, pattern, resolution_ns),
            )
            if keep_ns is not None:
                _insert_rule(sql, bucket, pattern, resolution_ns, keep_ns)
        self._enter_rule(bucket, pattern, resolution_ns, keep_ns)

    def _enter_rule(self, bucket: str, pattern: str, resolution_ns: int, keep_ns: int | None) -> None:
        rules = {p: keep for p, keep in self.rules_of(bucket, resolution_ns).items() if p != pattern}
        if keep_ns is not None:
            rules[pattern] = keep_ns
        if resolution_ns == RAW:
            self.rules[bucket] = rules
        else:
            self.rollup_rules[bucket, resolution_ns] = rules

    def delete_bucket(self, name: str, positions: Mapping[str, Watermark]) -> list[Placed]:
        """Remove a bucket with all that it had, in one transaction, and return its segments.

        ``positions`` tells, by stream, up to where messages were for this bucket: they are not for a
        later one of the same name. The bucket of MQTT messages is made anew at once, empty.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        self.bucket(name)
        gone = [placed for placed in self.placed() if placed[0][0] == name]
        with self._database.transaction() as sql:
            self.files.retire(sql, [segment for _, segment in gone])
            for table in ("column_", "series", "segment", "retention"):
                sql.execute(f"DELETE FROM {table} WHERE bucket = ?", (name,))
            self.rolled.drop(sql, name)
            sql.execute("DELETE FROM bucket WHERE name = ?", (name,))
            forgotten = self.deletions.drop_bucket(sql, name)
            sql.execute("DELETE FROM ledger WHERE kind = ? AND name = ?", (Kind.BUCKET.value, name))
            sql.executemany(
                "INSERT OR REPLACE INTO deleted_bucket VALUES (?, ?, ?, ?)",
                [(name, stream, mark.created, mark.seq) for stream, mark in positions.items()],
            )
            if name == DEFAULT_BUCKET:
                _insert_bucket(sql, name)
        self.deletions.forget(forgotten)
        for place, segment in gone:
            self.of(segment.resolution_ns).pop(place, None)
        self.rolled.dropped(name)
        self.rollup_rules = {key: rules for key, rules in self.rollup_rules.items() if key[0] != name}
        self.series = {place: series for place, series in self.series.items() if place[0] != name}
        for known in (self.measurements, self.rules, self.lives):
            del known[name]
        self.deleted |= {(name, stream): mark for stream, mark in positions.items()}
        if name == DEFAULT_BUCKET:
            self._enter_bucket(name, {})
        return gone

    def drop_measurement(self, deletion: Deletion, place: Place) -> list[Segment]:
        """Enter a delete of all of a measurement, forget its fields too, and return its segments."""
        bucket, name = place
        gone = self.all_of(place)
        with self._database.transaction() as sql:
            deletion = self.deletions.insert(sql, deletion)
            self.files.retire(sql, gone)
            for table in ("column_", "series", "segment"):
                sql.execute(f"DELETE FROM {table} WHERE bucket = ? AND measurement = ?", place)
            self.rolled.drop(sql, bucket, name)
        self.deletions.enter(deletion)
        for kind in (self.segments, *self.rollups.values()):
            kind.pop(place, None)
        self.series.pop(place, None)
        self.bucket(bucket).pop(name, None)
        self.rolled.dropped(bucket, name)
        return gone

    def release(self, stream: str, created: str, first_seq: int) -> None:
        """Drop what is remembered of deletes about messages that a stream holds no longer."""
        self.deletions.release(stream, created, first_seq)
        gone = [
            key
            for key, mark in self.deleted.items()
            if key[1] == stream and mark.created == created and mark.seq < first_seq
        ]
        if not gone:
            return
        with self._database.transaction() as sql:
            sql.executemany("DELETE FROM deleted_bucket WHERE bucket = ? AND stream = ?", gone)
        for key in gone:
            del self.deleted[key]

    def bucket(self, name: str) -> dict[str, Measurement]:
        """Return the measurements of a bucket.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        found = self.measurements.get(name)
        if found is None:
            raise BucketNotFound(name)
        return found

    def declare(
        self, bucket: str, batch: Batch, series: Mapping[str, Sequence[SeriesKey]] | None = None
    ) -> bool:
        """Enter the tags and fields that a batch brings for the first time; True if there were any.

        ``series`` tells by measurement which series may have new tags, where that is known.

        They are on disk when this returns: a field's type is settled before its first point is.

        Raises:
            TooManyColumns: nothing of the batch was entered.
        """
        known = self.bucket(bucket)
        new = [
            column
            for table in batch.values()
            for column in known.get(table.measurement, Measurement(table.measurement)).missing(
                table, (series or {}).get(table.measurement, table.series)
            )
        ]
        if not new:
            return False
        for name, more in Counter(column.measurement for column in new).items():
            held = known.get(name, Measurement(name))
            count = len(held.tags) + len(held.fields) + more
            if count > MAX_COLUMNS:
                raise TooManyColumns(name, count, MAX_COLUMNS)
        with self._database.transaction() as sql:
            sql.executemany(
                "INSERT INTO column_ VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        bucket,
                        c.measurement,
                        *(("field", c.name, c.type.value) if c.type else ("tag", c.name, "")),
                        c.physical,
                    )
                    for c in new
                ],
            )
        for column in new:
            self._measurement(bucket, column.measurement).add(column.name, column.type, column.physical)
        return True

    def agreed(self, bucket: str, table: Table) -> Table:
        """Return a table with the fields that are declared as it has them.

        Its measurement may have been dropped since they were: they are declared again, and those that
        have got another type meanwhile are left out.
        """
        known = self.bucket(bucket).get(table.measurement)
        if known is not None and known.agrees(table):
            return table
        self.declare(bucket, {table.measurement: table}, {})
        fields = self.bucket(bucket)[table.measurement].fields
        other = [name for name, column in table.columns.items() if fields[name][1] is not column.type]
        if other:
            log.warning("Fields of %s have other types since it was dropped: %s", table.measurement, other)
        left = replace(table, columns={n: c for n, c in table.columns.items() if n not in other})
        valued = (
            row
            for row in range(len(table))
            if any(any(c.valid[row : row + 1]) for c in left.columns.values())
        )
        return left.take(list(valued)) if other else table

    def agree_on_tags(self, bucket: str, table: Table, series: Sequence[SeriesKey]) -> None:
        """Declare the tags of new series again where their measurement was dropped since they were."""
        tags = self.bucket(bucket)[table.measurement].tags
        if any(tag not in tags for key in series for tag, _ in key):
            self.declare(bucket, {table.measurement: table}, {table.measurement: series})

    def series_count(self, bucket: str) -> int:
        """Return how many series a bucket has."""
        return sum(len(series) for place, series in self.series.items() if place[0] == bucket)

    def touch(self, place: Place, latest: Iterable[tuple[SeriesKey, int]]) -> bool:
        """Note the latest times of some series; True if one of them is new."""
        series = self.series.setdefault(place, {})
        before = len(series)
        for key, time_ns in latest:
            if time_ns > series.get(key, MIN_TIME_NS - 1):
                series[key] = time_ns
        return len(series) > before

    def cut(self, stream: str, created: str, last_seq: int) -> None:
        """Take back what is remembered of deletes about positions that a stream has lost.

        The messages that get these positions from now on came after the deletes.
        """
        self.deletions.cut(stream, created, last_seq)
        lost = [
            (bucket, name)
            for (bucket, name), mark in self.deleted.items()
            if name == stream and mark.created == created and mark.seq > last_seq
        ]
        if lost:
            with self._database.transaction() as sql:
                sql.executemany(
                    "UPDATE deleted_bucket SET seq = ? WHERE bucket = ? AND stream = ?",
                    [(last_seq, *key) for key in lost],
                )
        self.deleted |= {key: Watermark(created, last_seq) for key in lost}

    def reopen(
        self,
        sql: sqlite3.Connection,
        place: Place,
        start_ns: int,
        end_ns: int,
        segments: Iterable[Segment],
    ) -> None:
        """Have what some segments hold of a span summarised anew, within a transaction that changes it."""
        self.rolled.mark(sql, {place: hours_touched(segments, start_ns, end_ns)})

    def drop(self, place: Place, segment: Segment) -> None:
        """Remove one segment, whose file is damaged; summaries are made again where the points are there."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM segment WHERE id = ?", (segment.id,))
            if segment.resolution_ns != RAW:
                self.reopen(sql, place, MIN_TIME_NS, MAX_TIME_NS + 1, [segment])
        kind = self.of(segment.resolution_ns)
        put(kind, place, [s for s in kind.get(place, ()) if s.path != segment.path])

    def new_run(self, started_ns: int) -> int | None:
        """Note when this run began and return when the one before it did, None if there was none."""
        before = self.counter("run")
        self.set_counter("run", started_ns)
        return before

    def counter(self, name: str) -> int | None:
        """Return a number that was noted; None if it never was."""
        rows = self._database.rows("SELECT value FROM counter WHERE name = ?", (name,))
        return int(rows[0][0]) if rows else None

    def set_counter(self, name: str, value: int) -> None:
        """Note a number."""
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (name, value))

    def present(self, placed: Iterable[Placed]) -> list[Placed]:
        """Return those segments that are still there: a merge, a delete or a bucket's end comes between."""
        paths = {s.path for _, s in self.placed()}
        return [(place, segment) for place, segment in placed if segment.path in paths]

    def forget(
        self,
        placed: Sequence[Placed],
        hot_since: Callable[[Place], int],
        before: Mapping[tuple[Place, int], int],
    ) -> None:
        """Remove segments, and the series that have no point left, in one transaction.

        ``before`` tells, by place and resolution, before which time nothing is complete any more.
        ``hot_since`` tells before which time no hot point of a measurement lies. A series goes when its
        latest point is older than all that is left of the measurement. One whose points are gone already
        may stay for as long as an older segment does, and one that has points always stays.
        """
        gone = {segment.id for _, segment in placed}
        left = {place: [s for s in self.all_of(place) if s.id not in gone] for place, _ in placed}
        floors = {
            place: min((s.min_ns for s in some), default=MAX_TIME_NS + 1) for place, some in left.items()
        }
        floors = {place: min(floor_ns, hot_since(place)) for place, floor_ns in floors.items()}
        with self._database.transaction() as sql:
            sql.executemany("DELETE FROM segment WHERE id = ?", [(id_,) for id_ in gone])
            self.files.retire(sql, [segment for _, segment in placed])
            sql.executemany(
                "DELETE FROM series WHERE bucket = ? AND measurement = ? AND last_ns < ?",
                [(*place, floor_ns) for place, floor_ns in floors.items()],
            )
            for (place, resolution_ns), before_ns in before.items():
                self.rolled.forget(sql, place, resolution_ns, before_ns)
        for (place, resolution_ns), before_ns in before.items():
            self.rolled.forgotten(place, resolution_ns, before_ns)
        for place, some in left.items():
            for resolution_ns in (RAW, *RESOLUTIONS):
                put(self.of(resolution_ns), place, [s for s in some if s.resolution_ns == resolution_ns])
            series = self.series.get(place, {})
            put(self.series, place, {key: last for key, last in series.items() if last >= floors[place]})


_Kept = TypeVar("_Kept", bound=Sized)


def put(entries: dict[Place, _Kept], place: Place, entry: _Kept) -> None:
    """Set an entry, or remove it when it is empty."""
    if len(entry):
        entries[place] = entry
    else:
        entries.pop(place, None)


def _insert_bucket(sql: sqlite3.Connection, name: str) -> None:
    sql.execute("INSERT INTO bucket VALUES (?, ?)", (name, time.time_ns()))


def _insert_rule(
    sql: sqlite3.Connection, bucket: str, pattern: str, resolution_ns: int, keep_ns: int
) -> None:
    sql.execute("INSERT INTO retention VALUES (?, ?, ?, ?)", (bucket, pattern, resolution_ns, keep_ns))
