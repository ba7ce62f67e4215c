"""Segments: turning hot rows into sorted, compressed Parquet files that are on disk when they are named."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import quote as percent_encode

from heliograph.model.time import DAY_NS, HOUR_NS, MINUTE_NS
from heliograph.store.checksum import finish, sync_folder
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.duck import Cursor, Duck
from heliograph.store.hot.sorted_rows import select_sorted
from heliograph.store.hot.table import HotTable
from heliograph.store.parquet.encoding import TEMPORARY, Encodings, group_rows
from heliograph.store.relation import Snapshot, Window, render
from heliograph.store.rollups.summary import RAW, SUMMARY_CELLS, summaries, summarised
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import literal, quote

_NAME_LIMIT: Final = 120
_FOLDERS: Final = {MINUTE_NS: "1m", HOUR_NS: "1h"}


@dataclass(frozen=True, slots=True)
class Written:
    """A segment that is on disk but not in the catalogue yet."""

    bucket: str
    measurement: str
    path: Path
    columns: frozenset[str]
    rows: int
    min_ns: int
    max_ns: int
    size_bytes: int
    level: int
    deletions: tuple[Deletion, ...] = ()
    """What was deleted while it was written, and is still in it."""
    resolution_ns: int = RAW


class SegmentWriter:
    """Writes segments of points below one folder and rollups below its neighbour."""

    def __init__(self, folder: Path, duck: Duck) -> None:
        self.folder = folder
        self.rollups = rollup_folder(folder)
        self._duck = duck
        self.encodings = Encodings()
        self._numbers = itertools.count(1)

    def write(self, bucket: str, measurement: Measurement, hot: HotTable, stamp: str) -> Iterator[Written]:
        """Write the points of a hot table, one file per UTC day, sorted by tags and time.

        A file is complete and fsynced before its name ends in ``.parquet``. ``stamp`` makes the names
        unique. What an interrupted call leaves behind is swept by :meth:`sweep`. The table is frozen.
        """
        for rows in hot.sorted_days(tuple(measurement.tags)):
            path = self.new_path(bucket, measurement.name, f"{rows.day}-{stamp}", RAW)
            with self._duck.cursor() as cursor:
                select = select_sorted(rows, measurement, cursor.register)
                width = 1 + len(measurement.tags) + len(rows.fields)
                path = self._copy(cursor, select, path, width, merged=False)
            self.encodings.sealed(path, rows.count)
            yield Written(
                bucket=bucket,
                measurement=measurement.name,
                path=path,
                columns=frozenset(
                    [*measurement.tags.values(), *(measurement.fields[name][0] for name in rows.fields)]
                ),
                rows=rows.count,
                min_ns=rows.min_ns,
                max_ns=rows.max_ns,
                size_bytes=path.stat().st_size,
                level=0,
            )

    def roll_up(
        self, bucket: str, snapshot: Snapshot, resolution_ns: int, span: Window, stamp: str
    ) -> Written | None:
        """Write the summaries of the points of some whole intervals; None where there are none.

        ``span`` must lie within the time that one segment of the resolution may hold.
        """
        start_ns, end_ns = span
        measurement = summarised(snapshot.measurement)
        columns = frozenset().union(*(s.columns for s in snapshot.segments))
        columns &= {*measurement.tags.values(), *(p for p, _ in measurement.fields.values())}
        with self._duck.cursor() as cursor:
            points = render(
                snapshot, cursor.register, start_ns=start_ns, end_ns=end_ns, fields=measurement.fields
            )
            tags = [p for p in measurement.tags.values() if p in columns]
            fields = [p for p, _ in measurement.fields.values() if p in columns]
            wanted = ", ".join(quote(c) for c in ["time", *tags, *fields])
            order = ", ".join(quote(c) for c in [*tags, "time"])
            rows = summaries(measurement, points, resolution_ns)
            path = self.new_path(bucket, measurement.name, f"{start_ns // DAY_NS}-{stamp}", resolution_ns)
            width = 1 + len(tags) + SUMMARY_CELLS * len(fields)
            path = self._copy(cursor, f"SELECT {wanted} FROM ({rows}) ORDER BY {order}", path, width)
            count, low, high = extent(cursor, path)
        if not count:
            path.unlink()
            return None
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
            level=0,
            resolution_ns=resolution_ns,
        )

    def new_path(self, bucket: str, measurement: str, name: str, resolution_ns: int) -> Path:
        """Return where a new segment is to stand, given how its name begins; its folder is on disk."""
        folder = self._folder_of(bucket, measurement, resolution_ns)
        # the number, since two measurements may share a folder on a disk that ignores case
        return folder / f"{name}-{next(self._numbers)}.parquet"

    def _copy(self, cursor: Cursor, select: str, path: Path, width: int, *, merged: bool = True) -> Path:
        """Write the rows of a statement; the file has its name, which is returned, when it is on disk.

        Its rows have ``width`` values.
        """
        temporary = path.with_suffix(TEMPORARY)
        options = self.encodings.options(path.parent, merged=merged)
        size = f"ROW_GROUP_SIZE {group_rows(width)}"
        cursor.rows(f"COPY ({select}) TO {literal(str(temporary))} ({options}, {size})")
        return finish(temporary, path)

    def _folder_of(self, bucket: str, measurement: str, resolution_ns: int) -> Path:
        """Return the folder of a measurement's segments; a new one is on disk when this returns."""
        top = self.rollups / _FOLDERS[resolution_ns] if resolution_ns else self.folder
        folder = top / folder_name(bucket) / folder_name(measurement)
        if not folder.is_dir():
            folder.mkdir(parents=True)
            for above in folder.parents:
                sync_folder(above)
                if above in (self.folder, self.rollups):
                    break
        return folder

    def sweep(self, known: frozenset[Path], stamp: str | None) -> tuple[int, int]:
        """Remove what an interrupted run left: unfinished files, and finished ones that carry its stamp.

        Returns how many were removed, and how many other files the catalogue does not name. Those stay:
        after a catalogue was lost or restored from an older copy they are all that is left of the points.
        """
        removed = unknown = 0
        for path in (*self.folder.rglob("*"), *self.rollups.rglob("*")):
            if path.is_dir() or path in known:
                continue
            if path.suffix == TEMPORARY or (stamp and f"-{stamp}-" in path.name):
                path.unlink()
                removed += 1
            else:
                unknown += 1
        return removed, unknown


def rollup_folder(segments: Path) -> Path:
    """Return the folder of rollups, which stands beside that of segments."""
    return segments.parent / "rollups"


def extent(cursor: Cursor, path: Path) -> tuple[int, int, int]:
    """Return the number of rows of a file and its earliest and latest time."""
    (row,) = cursor.rows(f"SELECT count(*), min(time), max(time) FROM read_parquet({literal(str(path))})")
    return row[0], row[1] or 0, row[2] or 0


def folder_name(name: str) -> str:
    """Return a bucket's or measurement's name as one that every file system takes."""
    encoded = percent_encode(name, safe=" ").replace(".", "%2E").replace("~", "%7E")
    if len(encoded) <= _NAME_LIMIT:
        return encoded
    return f"{encoded[: _NAME_LIMIT - 17]}~{blake2b(name.encode(), digest_size=8).hexdigest()}"
