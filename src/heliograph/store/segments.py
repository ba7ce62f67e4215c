"""Segments: turning hot rows into sorted, compressed Parquet files that are on disk when they are named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import quote as percent_encode

from heliograph.model.time import DAY_NS, MAX_TIME_NS
from heliograph.store.checksum import finish, sync_folder
from heliograph.store.duck import Cursor, Duck
from heliograph.store.hot.sorted_rows import select_sorted
from heliograph.store.hot.table import HotTable
from heliograph.store.relation import Segment, Snapshot, literal, quote, render
from heliograph.store.schema import Measurement

_NAME_LIMIT: Final = 120
_TEMPORARY: Final = ".tmp"


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


class SegmentWriter:
    """Writes segments below one folder. One thread at a time."""

    def __init__(self, folder: Path, duck: Duck) -> None:
        self.folder = folder
        self._duck = duck
        self._written = 0

    def write(self, bucket: str, measurement: Measurement, hot: HotTable, stamp: str) -> Iterator[Written]:
        """Write the points of a hot table, one file per UTC day, sorted by tags and time.

        A file is complete and fsynced before its name ends in ``.parquet``. ``stamp`` makes the names
        unique. What an interrupted call leaves behind is swept by :meth:`sweep`. The table is frozen.
        """
        for rows in hot.sorted_days(tuple(measurement.tags)):
            path = self._path(bucket, measurement.name, rows.day, stamp)
            with self._duck.cursor() as cursor:
                path = self._copy(cursor, select_sorted(rows, measurement, cursor.register), path)
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

    def merge(
        self, bucket: str, measurement: Measurement, segments: Sequence[Segment], stamp: str
    ) -> Written:
        """Write the rows of some segments of one day, oldest first, as one segment of the next level."""
        snapshot = Snapshot(measurement, tuple(segments), ())
        columns = frozenset().union(*(s.columns for s in segments))
        start_ns = segments[0].min_ns // DAY_NS * DAY_NS
        level = max(s.level for s in segments) + 1
        return self._write_day(bucket, snapshot, columns, start_ns, stamp=stamp, level=level)

    def _write_day(
        self,
        bucket: str,
        snapshot: Snapshot,
        columns: frozenset[str],
        start_ns: int,
        *,
        stamp: str,
        level: int,
    ) -> Written:
        measurement = snapshot.measurement
        path = self._path(bucket, measurement.name, start_ns // DAY_NS, stamp)
        tags = [p for p in measurement.tags.values() if p in columns]
        fields = [p for p, _ in measurement.fields.values() if p in columns]
        wanted = ", ".join(quote(c) for c in ["time", *tags, *fields])
        order = ", ".join(quote(c) for c in [*tags, "time"])
        end_ns = min(start_ns + DAY_NS, MAX_TIME_NS + 1)
        with self._duck.cursor() as cursor:
            rows = render(snapshot, cursor.register, start_ns=start_ns, end_ns=end_ns)
            path = self._copy(cursor, f"SELECT {wanted} FROM ({rows}) ORDER BY {order}", path)
            count, low, high = cursor.rows(
                f"SELECT count(*), min(time), max(time) FROM read_parquet({literal(str(path))})"
            )[0]
        return Written(
            bucket=bucket,
            measurement=measurement.name,
            path=path,
            columns=columns,
            rows=count,
            min_ns=low,
            max_ns=high,
            size_bytes=path.stat().st_size,
            level=level,
        )

    def _path(self, bucket: str, measurement: str, day: int, stamp: str) -> Path:
        folder = self._folder_of(bucket, measurement)
        self._written += 1  # two measurements may share a folder on a disk that ignores case
        return folder / f"{day}-{stamp}-{self._written}.parquet"

    def _copy(self, cursor: Cursor, select: str, path: Path) -> Path:
        """Write the rows of a statement; the file has its name, which is returned, when it is on disk."""
        temporary = path.with_suffix(_TEMPORARY)
        options = "FORMAT parquet, COMPRESSION zstd, PRESERVE_ORDER true"
        cursor.rows(f"COPY ({select}) TO {literal(str(temporary))} ({options})")
        return finish(temporary, path)

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
            if path.suffix == _TEMPORARY or (stamp and f"-{stamp}-" in path.name):
                path.unlink()
                removed += 1
            else:
                unknown += 1
        return removed, unknown


def folder_name(name: str) -> str:
    """Return a bucket's or measurement's name as one that every file system takes."""
    encoded = percent_encode(name, safe=" ").replace(".", "%2E").replace("~", "%7E")
    if len(encoded) <= _NAME_LIMIT:
        return encoded
    return f"{encoded[: _NAME_LIMIT - 17]}~{blake2b(name.encode(), digest_size=8).hexdigest()}"
