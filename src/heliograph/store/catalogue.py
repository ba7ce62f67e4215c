"""What the store knows of itself: schemas, series, segments and watermarks, in memory and in SQLite."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from heliograph.errors import BucketExists, BucketNotFound, TooManyColumns
from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.table import Batch
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.store.database import Database
from heliograph.store.ledger.entry import Kind
from heliograph.store.relation import Segment
from heliograph.store.retention import Place, Placed, Rules
from heliograph.store.schema import Measurement
from heliograph.store.segments import Written

DEFAULT_BUCKET: Final = "telegraf"
MAX_COLUMNS: Final = 1_000
"""Tags and fields of one measurement. A seal holds a buffer per column."""
_RAW: Final = 0
"""The resolution of points that are kept as they came."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """Up to where a stream is held by segments. ``created`` tells a recreated stream from the old one."""

    created: str
    seq: int


class Catalogue:
    """The catalogue's tables about points. Not safe for several threads: the store holds the lock."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self.measurements: dict[str, dict[str, Measurement]] = {}
        """By bucket and name."""
        self.series: dict[tuple[str, str], dict[SeriesKey, int]] = {}
        """By bucket and measurement: the time of each series' latest point."""
        self.segments: dict[tuple[str, str], list[Segment]] = {}
        """By bucket and measurement, in the order in which they were sealed."""
        self.rules: dict[str, Rules] = {}
        """By bucket, how long what is kept; the mappings are replaced and never changed."""
        self.lives: dict[str, int] = {}
        """By bucket, a number that it gets when it is made: one made anew is not the one that was deleted."""
        self.deleted: dict[tuple[str, str], Watermark] = {}
        """By bucket and stream: up to where its messages were for a bucket that has been deleted."""
        self._births = itertools.count()
        self._load()

    def _load(self) -> None:
        for (bucket,) in self._database.rows("SELECT name FROM bucket"):
            self._enter_bucket(bucket, {})
        for bucket, pattern, keep_ns in self._database.rows(
            "SELECT bucket, measurement_pattern, keep_ns FROM retention WHERE resolution_ns = ?", (_RAW,)
        ):
            self.rules[bucket] = {**self.rules[bucket], pattern: keep_ns}
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
        for id_, bucket, measurement, path, level, columns, rows, low, high, size in self._database.rows(
            "SELECT id, bucket, measurement, path, level, columns, row_count, min_ns, max_ns, size_bytes"
            " FROM segment ORDER BY id"
        ):
            segment = Segment(
                id_, self._folder / path, frozenset(json.loads(columns)), rows, low, high, size, level
            )
            self.segments.setdefault((bucket, measurement), []).append(segment)
        if DEFAULT_BUCKET not in self.measurements:
            self.create_bucket(DEFAULT_BUCKET, {})

    def _measurement(self, bucket: str, name: str) -> Measurement:
        return self.measurements[bucket].setdefault(name, Measurement(name))

    def create_bucket(self, name: str, rules: Rules) -> None:
        """Make a bucket.

        Raises:
            BucketExists: it is there already.
        """
        if name in self.measurements:
            raise BucketExists(name)
        with self._database.transaction() as sql:
            _insert_bucket(sql, name)
            for pattern, keep_ns in rules.items():
                _insert_rule(sql, name, pattern, keep_ns)
        self._enter_bucket(name, rules)

    def _enter_bucket(self, name: str, rules: Rules) -> None:
        self.measurements[name] = {}
        self.rules[name] = dict(rules)
        self.lives[name] = next(self._births)

    def set_rule(self, bucket: str, pattern: str, keep_ns: int | None) -> None:
        """Set or replace one rule of a bucket; None removes it.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        self.bucket(bucket)
        with self._database.transaction() as sql:
            sql.execute(
                "DELETE FROM retention WHERE bucket = ? AND measurement_pattern = ? AND resolution_ns = ?",
                (bucket, pattern, _RAW),
            )
            if keep_ns is not None:
                _insert_rule(sql, bucket, pattern, keep_ns)
        rules = {p: keep for p, keep in self.rules[bucket].items() if p != pattern}
        self.rules[bucket] = rules if keep_ns is None else {**rules, pattern: keep_ns}

    def delete_bucket(self, name: str, positions: Mapping[str, Watermark]) -> list[Placed]:
        """Remove a bucket with all that it had, in one transaction, and return its segments.

        ``positions`` tells, by stream, up to where messages were for this bucket: they are not for a
        later one of the same name. The bucket of MQTT messages is made anew at once, empty.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        self.bucket(name)
        places = [place for place in self.segments if place[0] == name]
        gone = [(place, segment) for place in places for segment in self.segments[place]]
        with self._database.transaction() as sql:
            self._retire(sql, [segment for _, segment in gone])
            for table in ("column_", "series", "segment", "retention"):
                sql.execute(f"DELETE FROM {table} WHERE bucket = ?", (name,))
            sql.execute("DELETE FROM bucket WHERE name = ?", (name,))
            sql.execute("DELETE FROM ledger WHERE kind = ? AND name = ?", (Kind.BUCKET.value, name))
            sql.executemany(
                "INSERT OR REPLACE INTO deleted_bucket VALUES (?, ?, ?, ?)",
                [(name, stream, mark.created, mark.seq) for stream, mark in positions.items()],
            )
            if name == DEFAULT_BUCKET:
                _insert_bucket(sql, name)
        for place in places:
            del self.segments[place]
        self.series = {place: series for place, series in self.series.items() if place[0] != name}
        for known in (self.measurements, self.rules, self.lives):
            del known[name]
        self.deleted |= {(name, stream): mark for stream, mark in positions.items()}
        if name == DEFAULT_BUCKET:
            self._enter_bucket(name, {})
        return gone

    def release(self, stream: str, created: str, first_seq: int) -> None:
        """Drop what is remembered of deleted buckets about messages that a stream holds no longer."""
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

    def declare(self, bucket: str, batch: Batch) -> bool:
        """Enter the tags and fields that a batch brings for the first time; True if there were any.

        They are on disk when this returns: a field's type is settled before its first point is.

        Raises:
            TooManyColumns: nothing of the batch was entered.
        """
        known = self.bucket(bucket)
        new = [
            column
            for table in batch.values()
            for column in known.get(table.measurement, Measurement(table.measurement)).missing(table)
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

    def watermarks(self) -> dict[str, Watermark]:
        """Return what the segments hold of each stream."""
        rows = self._database.rows("SELECT stream, created, seq FROM watermark")
        return {stream: Watermark(created, seq) for stream, created, seq in rows}

    def restart(self, stream: str, mark: Watermark, counted: Watermark) -> None:
        """Forget what was known of a stream that has become another one.

        ``counted`` is up to where the ledger has counted the messages that are read again.
        """
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO reread VALUES (?, ?, ?)", (stream, counted.created, counted.seq)
            )
            sql.execute("INSERT OR REPLACE INTO watermark VALUES (?, ?, ?)", (stream, mark.created, mark.seq))
            sql.execute("DELETE FROM seal WHERE stream = ?", (stream,))

    def commit(
        self,
        written: Sequence[Written],
        series: Iterable[tuple[str, str, SeriesKey]],
        watermarks: Mapping[str, Watermark],
        ledger: Sequence[tuple[str, str, str]],
    ) -> None:
        """Enter sealed segments, what they hold of each stream and what the ledger counted up to there.

        All of it is one transaction.
        """
        now = time.time_ns()
        with self._database.transaction() as sql:
            ids = [_insert(sql, w, self._folder) for w in written]
            sql.executemany(
                "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?)",
                [(b, m, json.dumps(key), self.series[b, m][key]) for b, m, key in series],
            )
            for stream, mark in watermarks.items():
                sql.execute(
                    "INSERT OR REPLACE INTO watermark VALUES (?, ?, ?)", (stream, mark.created, mark.seq)
                )
                sql.execute("INSERT OR REPLACE INTO seal VALUES (?, ?, ?)", (stream, mark.seq, now))
            sql.executemany(
                "INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)",
                ledger,
            )
        for id_, w in zip(ids, written, strict=True):
            self.segments.setdefault((w.bucket, w.measurement), []).append(_segment(id_, w))

    def replace(self, old: Sequence[Segment], new: Written) -> None:
        """Enter a merged segment in the place of those that it was made of, in one transaction.

        Of equal points the later segment wins, so the order of a day's segments must stay: the new one
        gets the place, and the id, of the last of the old ones, which are neighbours in that order.
        """
        with self._database.transaction() as sql:
            sql.executemany("DELETE FROM segment WHERE id = ?", [(s.id,) for s in old])
            self._retire(sql, old)
            id_ = _insert(sql, new, self._folder, old[-1].id)
        segments = self.segments[new.bucket, new.measurement]
        segments[segments.index(old[-1])] = _segment(id_, new)
        self.segments[new.bucket, new.measurement] = [s for s in segments if s not in old]

    def drop(self, place: Place, segment: Segment) -> None:
        """Remove one segment, whose file is damaged, and nothing else."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM segment WHERE id = ?", (segment.id,))
        _put(self.segments, place, [s for s in self.segments[place] if s is not segment])

    def unlink_retired(self, paths: Iterable[Path] | None = None) -> None:
        """Remove files that were merged or forgotten; None means all: no query of an earlier run lives."""
        if paths is None:
            paths = [self._folder / path for (path,) in self._database.rows("SELECT path FROM retired")]
        gone = list(paths)
        for path in gone:
            self._unlink(path)
        if gone:
            with self._database.transaction() as sql:
                sql.executemany("DELETE FROM retired WHERE path = ?", [(self._relative(p),) for p in gone])

    def new_run(self, started_ns: int) -> int | None:
        """Note when this run began and return when the one before it did, None if there was none."""
        rows = self._database.rows("SELECT value FROM counter WHERE name = 'run'")
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO counter VALUES ('run', ?)", (started_ns,))
        return int(rows[0][0]) if rows else None

    def _retire(self, sql: sqlite3.Connection, segments: Iterable[Segment]) -> None:
        sql.executemany("INSERT INTO retired VALUES (?)", [(self._relative(s.path),) for s in segments])

    def _unlink(self, path: Path) -> None:
        """Remove a file, and the folders of its measurement and bucket once they are empty."""
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty, or gone already
            for folder in path.parents:
                if self._folder not in folder.parents:
                    break
                folder.rmdir()

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self._folder))

    def forget(self, placed: Sequence[Placed], hot_since: Callable[[Place], int]) -> None:
        """Remove segments, and the series that have no point left, in one transaction.

        ``hot_since`` tells before which time no hot point of a measurement lies. A series goes when its
        latest point is older than all that is left of the measurement. One whose points are gone already
        may stay for as long as an older segment does, and one that has points always stays.
        """
        gone = {segment.id for _, segment in placed}
        left = {place: [s for s in self.segments[place] if s.id not in gone] for place, _ in placed}
        floors = {
            place: min((s.min_ns for s in some), default=MAX_TIME_NS + 1) for place, some in left.items()
        }
        floors = {place: min(floor_ns, hot_since(place)) for place, floor_ns in floors.items()}
        with self._database.transaction() as sql:
            sql.executemany("DELETE FROM segment WHERE id = ?", [(id_,) for id_ in gone])
            self._retire(sql, [segment for _, segment in placed])
            sql.executemany(
                "DELETE FROM series WHERE bucket = ? AND measurement = ? AND last_ns < ?",
                [(*place, floor_ns) for place, floor_ns in floors.items()],
            )
        for place, some in left.items():
            _put(self.segments, place, some)
            series = self.series.get(place, {})
            _put(self.series, place, {key: last for key, last in series.items() if last >= floors[place]})

    def sealed_before(self, time_ns: int) -> dict[str, int]:
        """Return, per stream, the highest sequence that was sealed before a time, and forget older notes."""
        rows = self._database.rows(
            "SELECT stream, max(seq) FROM seal WHERE time_ns < ? GROUP BY stream", (time_ns,)
        )
        if rows:
            with self._database.transaction() as sql:
                # the newest of the old notes stays: a purge that failed asks again
                for stream, seq in rows:
                    sql.execute("DELETE FROM seal WHERE stream = ? AND seq < ?", (stream, seq))
        return dict(rows)


_Kept = TypeVar("_Kept", bound=Sized)


def _put(entries: dict[Place, _Kept], place: Place, entry: _Kept) -> None:
    """Set an entry, or remove it when it is empty."""
    if len(entry):
        entries[place] = entry
    else:
        entries.pop(place, None)


def _insert_bucket(sql: sqlite3.Connection, name: str) -> None:
    sql.execute("INSERT INTO bucket VALUES (?, ?)", (name, time.time_ns()))


def _insert_rule(sql: sqlite3.Connection, bucket: str, pattern: str, keep_ns: int) -> None:
    sql.execute("INSERT INTO retention VALUES (?, ?, ?, ?)", (bucket, pattern, _RAW, keep_ns))


def _insert(sql: sqlite3.Connection, w: Written, folder: Path, id_: int | None = None) -> int:
    path, columns = str(w.path.relative_to(folder)), json.dumps(sorted(w.columns))
    row = (id_, w.bucket, w.measurement, path, w.level, columns, w.rows, w.min_ns, w.max_ns, w.size_bytes)
    return int(
        sql.execute(
            "INSERT INTO segment (id, bucket, measurement, path, level, columns, row_count, min_ns, max_ns,"
            " size_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            row,
        ).fetchone()[0]
    )


def _segment(id_: int, w: Written) -> Segment:
    return Segment(id_, w.path, w.columns, w.rows, w.min_ns, w.max_ns, w.size_bytes, w.level)
