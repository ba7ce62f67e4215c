"""Segments: turning hot rows into sorted, compressed Parquet files that are on disk when they are named."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import quote as percent_encode

from heliograph.model.time import DAY_NS, MAX_TIME_NS
from heliograph.store.checksum import finish, sync_folder
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.duck import Cursor, Duck
from heliograph.store.hot import HotRows
from heliograph.store.relation import Snapshot, render
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import literal, quote

_NAME_LIMIT: Final = 120
TEMPORARY: Final = ".tmp"


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


class SegmentWriter:
    """Writes segments below one folder."""

    def __init__(self, folder: Path, duck: Duck) -> None:
        self.folder = folder
        self._duck = duck
        self._numbers = itertools.count(1)

    def write(self, bucket: str, measurement: Measurement, hot: HotRows, stamp: str) -> Iterator[Written]:
        """Write the rows of a hot table, one file per UTC day, sorted by tags and time.

        A file is complete and fsynced before its name ends in ``.parquet``. ``stamp`` makes the names
        unique. What an interrupted call leaves behind is swept by :meth:`sweep`.
        """
        snapshot = Snapshot(measurement, (), (hot,))
        columns = frozenset(
            [*(measurement.tags[t] for t in hot.tags), *(measurement.fields[f][0] for f in hot.fields)]
        )
        for start_ns in self._days(hot):
            yield self._write_day(bucket, snapshot, columns, start_ns, stamp=stamp)

    def _days(self, hot: HotRows) -> list[int]:
        first, last = hot.min_ns // DAY_NS, hot.max_ns // DAY_NS
        if first == last:
            return [first * DAY_NS]
        with self._duck.cursor() as cursor:
            # rounded down before 1970 too; the number and not the start, which may be before all times
            rows = cursor.rows(
                f"SELECT DISTINCT t // {DAY_NS} - CASE WHEN t % {DAY_NS} < 0 THEN 1 ELSE 0 END AS day"
                f" FROM {cursor.register(hot.rows)} ORDER BY day"
            )
        return [day * DAY_NS for (day,) in rows]

    def _write_day(
        self,
        bucket: str,
        snapshot: Snapshot,
        columns: frozenset[str],
        start_ns: int,
        *,
        stamp: str,
    ) -> Written:
        measurement = snapshot.measurement
        path = self.new_path(bucket, measurement.name, start_ns // DAY_NS, stamp)
        temporary = path.with_suffix(TEMPORARY)
        tags = [p for p in measurement.tags.values() if p in columns]
        fields = [p for p, _ in measurement.fields.values() if p in columns]
        wanted = ", ".join(quote(c) for c in ["time", *tags, *fields])
        order = ", ".join(quote(c) for c in [*tags, "time"])
        end_ns = min(start_ns + DAY_NS, MAX_TIME_NS + 1)
        with self._duck.cursor() as cursor:
            rows = render(snapshot, cursor.register, start_ns=start_ns, end_ns=end_ns)
            cursor.rows(
                f"COPY (SELECT {wanted} FROM ({rows}) ORDER BY {order})"
                f" TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
            )
            count, low, high = extent(cursor, temporary)
        path = finish(temporary, path)
        return Written(
            bucket=bucket,
            measurement=measurement.name,
            path=path,
            columns=columns,
            rows=count,
            min_ns=low,
            max_ns=high,
            size_bytes=path.stat().st_size,
            level=0,
        )

    def new_path(self, bucket: str, measurement: str, day: int, stamp: str) -> Path:
        """Return where a new segment of a UTC day is to stand; its folder is on disk."""
        # the number, since two measurements may share a folder on a disk that ignores case
        return self._folder_of(bucket, measurement) / f"{day}-{stamp}-{next(self._numbers)}.parquet"

    def _folder_of(self, bucket: str, measurement: str) -> Path:
        """Return the folder of a measurement's segments; a new one is on disk when this returns."""
        folder = self.folder / folder_name(bucket) / folder_name(measurement)
        if not folder.is_dir():
            folder.mkdir(parents=True)
            sync_folder(folder.parent)
            sync_folder(self.folder)
        return folder

    def sweep(self, known: frozenset[Path], stamp: str | None) -> tuple[int, int]:
        """Remove what an interrupted run left: unfinished files, and finished ones that carry its stamp.

        Returns how many were removed, and how many other files the catalogue does not name. Those stay:
        after a catalogue was lost or restored from an older copy they are all that is left of the points.
        """
        removed = unknown = 0
        for path in self.folder.rglob("*"):
            if path.is_dir() or path in known:
                continue
            if path.suffix == TEMPORARY or (stamp and f"-{stamp}-" in path.name):
                path.unlink()
                removed += 1
            else:
                unknown += 1
        return removed, unknown


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
