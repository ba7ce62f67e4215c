"""Merging segments in bounded memory, however many rows they have.

Sorting a day at once would need as much memory as the day has bytes. So the rows are cut into slices that
follow each other in the order of the result, (tags, time); each is sorted alone into a file of its own, and
the files are then copied one after the other into the segment. A sample of the rows tells where to cut.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from heliograph.errors import QueryError
from heliograph.model.time import DAY_NS, MAX_TIME_NS
from heliograph.store.checksum import finish
from heliograph.store.duck import Cursor, Duck
from heliograph.store.parquet.encoding import GROUP_ROWS, MIN_ROWS, TEMPORARY
from heliograph.store.relation import Segment, Snapshot, Window, render, stored_rows
from heliograph.store.rollups.summary import PART_NS, RAW, SUMMARY_CELLS, TYPES, summarised
from heliograph.store.schema import Measurement
from heliograph.store.segments import SegmentWriter, Written, extent
from heliograph.store.sql_text import literal, quote, text_sql

MEMORY_BYTES: Final = 32 * 1024 * 1024
"""What DuckDB may use for a merge; the process grows by a little more (bench.compaction)."""
SLICE_BYTES: Final = 16 * 1024 * 1024
_CELL_BYTES: Final = 24
"""What a value takes while it is sorted, roughly."""
_SLICE_ENCODING: Final = "FORMAT parquet, PRESERVE_ORDER true, COMPRESSION lz4"
_SAMPLES: Final = 60
"""Sampled rows per slice: a slice is then seldom larger by half than it should be."""

Cut: TypeAlias = tuple[str | int | None, ...]
"""The tags and the time of the first row of a slice; None is an absent tag, and comes last."""


class Merger:
    """Writes segments of one day as one segment."""

    def __init__(self, writer: SegmentWriter, duck: Duck) -> None:
        self.writer = writer
        self._duck = duck
        self._stopping = threading.Event()
        self._cursor: Cursor | None = None

    @property
    def stopped(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Interrupt the merge that another thread makes, and refuse further ones."""
        self._stopping.set()
        cursor = self._cursor
        if cursor is not None:
            cursor.interrupt()

    def merge(
        self, bucket: str, measurement: Measurement, segments: Sequence[Segment], stamp: str, level: int
    ) -> Written | None:
        """Return the segment of the points of some segments of one day, oldest first.

        What is deleted is left out; None when nothing is left. The file is on disk when this returns. What
        an interrupted call leaves behind is swept at the next start.

        Raises:
            StoreError, QueryError, OSError: it cannot be written; nothing has changed.
        """
        columns = frozenset().union(*(s.columns for s in segments))
        tags = [p for p in measurement.tags.values() if p in columns]
        fields = [p for p, _ in measurement.fields.values() if p in columns]
        resolution_ns = segments[0].resolution_ns
        part_ns = PART_NS[resolution_ns]
        start_ns = segments[0].min_ns // part_ns * part_ns
        snapshot = Snapshot(measurement, tuple(segments), ())
        if resolution_ns != RAW:
            snapshot = replace(snapshot, measurement=summarised(measurement), types=TYPES)
        path = self.writer.new_path(bucket, measurement.name, f"{start_ns // DAY_NS}-{stamp}", resolution_ns)
        temporary = path.with_suffix(TEMPORARY)
        span = start_ns, min(start_ns + part_ns, MAX_TIME_NS + 1)
        encoding = self.writer.encodings.options(path.parent, merged=True)
        job = _Job(snapshot, span, tags, fields, self._stopping, encoding=encoding)
        try:
            count, low, high = self._run(job, temporary)
            if not count:
                return None
            path = finish(temporary, path)
        finally:
            self._cursor = None
            temporary.unlink(missing_ok=True)
        size_bytes = path.stat().st_size
        return Written(
            bucket,
            measurement.name,
            path,
            columns,
            count,
            low,
            high,
            size_bytes,
            level,
            resolution_ns=resolution_ns,
        )

    def learn(self, folder: Path) -> list[Path]:
        """Try how to write the files of a folder, if that is due; return those that should be written anew.

        Raises:
            StoreError, QueryError, OSError: it cannot be tried.
        """
        if not self.writer.encodings.due(folder):
            return []
        with self._duck.small(MEMORY_BYTES) as engine, engine.cursor() as cursor:
            self._cursor = cursor
            try:
                return [] if self.stopped else self.writer.encodings.learn(cursor, folder)
            finally:
                self._cursor = None

    def _run(self, job: _Job, path: Path) -> tuple[int, int, int]:
        """Write a merge and return its rows and span; in smaller slices if the memory does not suffice."""
        while True:
            try:
                with self._duck.small(MEMORY_BYTES) as engine, engine.cursor() as cursor:
                    self._cursor = cursor
                    job.write(cursor, path)
                    return extent(cursor, path)
            except QueryError:
                if self.stopped or not job.smaller():
                    raise


class _Job:
    """One merge."""

    def __init__(
        self,
        snapshot: Snapshot,
        span: Window,
        tags: Sequence[str],
        fields: Sequence[str],
        stopping: threading.Event,
        *,
        encoding: str,
    ) -> None:
        self._stopping = stopping
        self._encoding = encoding
        self._snapshot = snapshot
        self._span = span
        self._tags = tags
        self._columns = ", ".join(quote(c) for c in ["time", *tags, *fields])
        self._key = [quote(c) for c in [*tags, "time"]]
        width = SUMMARY_CELLS if snapshot.types is TYPES else 1
        rows = SLICE_BYTES // (_CELL_BYTES * (1 + len(tags) + width * len(fields)))
        self._slice_rows = max(rows // MIN_ROWS, 1) * MIN_ROWS

    def smaller(self) -> bool:
        """Cut into smaller slices from now on; False if they are small already."""
        self._slice_rows = self._slice_rows // 4 // MIN_ROWS * MIN_ROWS
        return self._slice_rows >= MIN_ROWS

    def write(self, cursor: Cursor, path: Path) -> None:
        """Write the merged rows to a file."""
        cuts = self._cuts(cursor)
        if not cuts:
            self._write_slice(cursor, None, None, path, self._encoding)
            return
        parts = [path.with_suffix(f".{number}{TEMPORARY}") for number in range(len(cuts) + 1)]
        try:
            for part, low, high in zip(parts, [None, *cuts], [*cuts, None], strict=True):
                self._write_slice(cursor, low, high, part, _SLICE_ENCODING)
            files = ", ".join(literal(str(part)) for part in parts)
            rows = f"SELECT {self._columns} FROM read_parquet([{files}])"
            self._copy(cursor, rows, path, self._encoding)
        finally:
            for part in parts:
                part.unlink(missing_ok=True)

    def _cuts(self, cursor: Cursor) -> list[Cut]:
        """Return where the slices but the first begin, ascending; none if all rows fit into one."""
        slices = -(-sum(s.rows for s in self._snapshot.segments) // self._slice_rows)
        if slices == 1:
            return []
        key = ", ".join(self._key)
        samples = slices * _SAMPLES
        rows = cursor.rows(
            f"SELECT DISTINCT {key} FROM (SELECT {key}, row_number() OVER (ORDER BY {key}) AS number_ FROM"
            f" (SELECT {key} FROM ({stored_rows(self._snapshot)}) USING SAMPLE reservoir({samples} ROWS)))"
            f" WHERE number_ % {_SAMPLES} = 0 ORDER BY {key}"
        )
        return list(rows)

    def _write_slice(
        self, cursor: Cursor, low: Cut | None, high: Cut | None, path: Path, encoding: str
    ) -> None:
        start_ns, end_ns = self._span
        rows = render(self._snapshot, cursor.register, start_ns=start_ns, end_ns=end_ns)
        within = [self._around(low, high)]
        within += [f"({self._not_before(low)})"] if low is not None else []
        within += [f"NOT ({self._not_before(high)})"] if high is not None else []
        order = ", ".join(self._key)
        rows = f"SELECT {self._columns} FROM ({rows}) WHERE {' AND '.join(within)} ORDER BY {order}"
        self._copy(cursor, rows, path, encoding)

    def _copy(self, cursor: Cursor, rows: str, path: Path, encoding: str) -> None:
        if self._stopping.is_set():
            raise QueryError("the merge was stopped: the hub ends")
        size = min(self._slice_rows, GROUP_ROWS)
        cursor.rows(f"COPY ({rows}) TO {literal(str(path))} ({encoding}, ROW_GROUP_SIZE {size})")

    def _not_before(self, cut: Cut) -> str:
        """The condition for the rows from a cut on; never NULL."""
        condition = f"{self._key[-1]} >= {cut[-1]}"
        for column, value in reversed(list(zip(self._key[:-1], cut[:-1], strict=True))):
            if value is None:
                condition = f"{column} IS NULL AND {condition}"
            else:
                text = text_sql(str(value))
                same = f"{column} IS NOT DISTINCT FROM {text} AND ({condition})"
                condition = f"({column} IS NULL OR {column} > {text} OR ({same}))"
        return condition

    def _around(self, low: Cut | None, high: Cut | None) -> str:
        """A condition that the other two imply, by which whole row groups are skipped."""
        conditions = []
        for column, first, last in zip(self._key[:-1], low or (), high or (), strict=False):
            if not isinstance(first, str) or not isinstance(last, str):
                break
            conditions.append(f"{column} >= {text_sql(first)} AND {column} <= {text_sql(last)}")
            if first != last:
                break
        return " AND ".join(conditions) or "true"
