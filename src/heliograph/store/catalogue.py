"""What the store knows of itself: schemas, series, segments and watermarks, in memory and in SQLite."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heliograph.errors import BucketNotFound, TooManyColumns
from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.table import Batch
from heliograph.store.database import Database
from heliograph.store.relation import Segment
from heliograph.store.schema import Measurement
from heliograph.store.segments import Written

DEFAULT_BUCKET: Final = "telegraf"
MAX_COLUMNS: Final = 1_000
"""Tags and fields of one measurement. A seal holds a buffer per column."""


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
        self._load()

    def _load(self) -> None:
        for (bucket,) in self._database.rows("SELECT name FROM bucket"):
            self.measurements[bucket] = {}
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
            self.create_bucket(DEFAULT_BUCKET)

    def _measurement(self, bucket: str, name: str) -> Measurement:
        return self.measurements[bucket].setdefault(name, Measurement(name))

    def create_bucket(self, name: str) -> None:
        """Make a bucket that does not exist yet."""
        with self._database.transaction() as sql:
            sql.execute("INSERT INTO bucket VALUES (?, ?)", (name, time.time_ns()))
        self.measurements[name] = {}

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

    def touch(self, bucket: str, batch: Batch) -> bool:
        """Note the latest time of the series in a batch; True if one of them is new."""
        fresh = False
        for table in batch.values():
            series = self.series.setdefault((bucket, table.measurement), {})
            latest: dict[int, int] = {}
            for code, time_ns in zip(table.codes, table.times_ns, strict=True):
                if time_ns > latest.get(code, -(2**63)):
                    latest[code] = time_ns
            for code, time_ns in latest.items():
                key = table.series[code]
                known = series.get(key)
                fresh = fresh or known is None
                if known is None or time_ns > known:
                    series[key] = time_ns
        return fresh

    def watermarks(self) -> dict[str, Watermark]:
        """Return what the segments hold of each stream."""
        rows = self._database.rows("SELECT stream, created, seq FROM watermark")
        return {stream: Watermark(created, seq) for stream, created, seq in rows}

    def restart(self, stream: str, mark: Watermark) -> None:
        """Forget what was known of a stream that has become another one."""
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO watermark VALUES (?, ?, ?)", (stream, mark.created, mark.seq))
            sql.execute("DELETE FROM seal WHERE stream = ?", (stream,))

    def commit(
        self,
        written: Sequence[Written],
        series: Iterable[tuple[str, str, SeriesKey]],
        watermarks: Mapping[str, Watermark],
    ) -> None:
        """Enter sealed segments and what they hold of each stream, in one transaction."""
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
        for id_, w in zip(ids, written, strict=True):
            self.segments.setdefault((w.bucket, w.measurement), []).append(_segment(id_, w))

    def replace(self, old: Sequence[Segment], new: Written) -> None:
        """Enter a merged segment in the place of those that it was made of, in one transaction.

        Of equal points the later segment wins, so the order of a day's segments must stay: the new one
        gets the place, and the id, of the last of the old ones, which are neighbours in that order.
        """
        with self._database.transaction() as sql:
            sql.executemany("DELETE FROM segment WHERE id = ?", [(s.id,) for s in old])
            sql.executemany("INSERT INTO retired VALUES (?)", [(self._relative(s.path),) for s in old])
            id_ = _insert(sql, new, self._folder, old[-1].id)
        segments = self.segments[new.bucket, new.measurement]
        segments[segments.index(old[-1])] = _segment(id_, new)
        self.segments[new.bucket, new.measurement] = [s for s in segments if s not in old]

    def unlink_retired(self, paths: Iterable[Path] | None = None) -> None:
        """Remove files that were merged into others; None means all, as no query of an earlier run lives."""
        if paths is None:
            paths = [self._folder / path for (path,) in self._database.rows("SELECT path FROM retired")]
        gone = list(paths)
        for path in gone:
            path.unlink(missing_ok=True)
        if gone:
            with self._database.transaction() as sql:
                sql.executemany("DELETE FROM retired WHERE path = ?", [(self._relative(p),) for p in gone])

    def new_run(self, started_ns: int) -> int | None:
        """Note when this run began and return when the one before it did, None if there was none."""
        rows = self._database.rows("SELECT value FROM counter WHERE name = 'run'")
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO counter VALUES ('run', ?)", (started_ns,))
        return int(rows[0][0]) if rows else None

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self._folder))

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
