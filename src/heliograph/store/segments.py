"""Segments: turning hot rows into sorted, compressed Parquet files that are on disk when they are named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import quote as percent_encode

from heliograph.model.time import DAY_NS
from heliograph.store.duck import Duck
from heliograph.store.hot import HotRows
from heliograph.store.relation import Snapshot, literal, quote, render
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


class SegmentWriter:
    """Writes segments below one folder. One thread at a time."""

    def __init__(self, folder: Path, duck: Duck) -> None:
        self.folder = folder
        self._duck = duck

    def write(self, bucket: str, measurement: Measurement, hot: HotRows, stamp: str) -> Iterator[Written]:
        """Write the rows of a hot table, one file per UTC day, sorted by tags and time.

        A file is complete and fsynced before its name ends in ``.parquet``. ``stamp`` makes the names
        unique. What an interrupted call leaves behind is swept by :meth:`sweep`.
        """
        folder = self.folder / folder_name(bucket) / folder_name(measurement.name)
        folder.mkdir(parents=True, exist_ok=True)
        for start_ns in self._days(hot):
            path = folder / f"{start_ns // DAY_NS}-{stamp}.parquet"
            yield self._write_day(bucket, measurement, hot, path, start_ns)
        _sync_folder(folder)
        _sync_folder(folder.parent)
        _sync_folder(self.folder)

    def _days(self, hot: HotRows) -> list[int]:
        first, last = hot.min_ns // DAY_NS, hot.max_ns // DAY_NS
        if first == last:
            return [first * DAY_NS]
        with self._duck.cursor() as cursor:
            rows = cursor.rows(f"SELECT DISTINCT t // {DAY_NS} FROM {cursor.register(hot.rows)} ORDER BY 1")
        return [day * DAY_NS for (day,) in rows]

    def _write_day(
        self, bucket: str, measurement: Measurement, hot: HotRows, path: Path, start_ns: int
    ) -> Written:
        snapshot = Snapshot(measurement, (), (hot,))
        tags = [measurement.tags[tag] for tag in hot.tags]
        fields = [measurement.fields[name][0] for name in hot.fields]
        columns = ", ".join(quote(c) for c in ["time", *tags, *fields])
        order = ", ".join(quote(c) for c in [*tags, "time"])
        temporary = path.with_suffix(_TEMPORARY)
        with self._duck.cursor() as cursor:
            rows = render(snapshot, cursor.register, start_ns=start_ns, end_ns=start_ns + DAY_NS)
            cursor.rows(
                f"COPY (SELECT {columns} FROM ({rows}) ORDER BY {order})"
                f" TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
            )
            count, low, high = cursor.rows(
                f"SELECT count(*), min(time), max(time) FROM read_parquet({literal(str(temporary))})"
            )[0]
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.rename(path)
        return Written(
            bucket=bucket,
            measurement=measurement.name,
            path=path,
            columns=frozenset([*tags, *fields]),
            rows=count,
            min_ns=low,
            max_ns=high,
            size_bytes=path.stat().st_size,
        )

    def sweep(self, known: frozenset[Path]) -> int:
        """Remove files that no catalogue entry names: what a crash left. Returns how many."""
        removed = 0
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in known:
                path.unlink()
                removed += 1
        return removed


def folder_name(name: str) -> str:
    """Return a bucket's or measurement's name as one that every file system takes."""
    encoded = percent_encode(name, safe=" ").replace(".", "%2E")
    if len(encoded) <= _NAME_LIMIT:
        return encoded
    return f"{encoded[: _NAME_LIMIT - 17]}~{blake2b(name.encode(), digest_size=8).hexdigest()}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
