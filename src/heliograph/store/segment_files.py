"""The files of segments as the catalogue's tables know them: entered, retired, removed."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from heliograph.store.database import Database
from heliograph.store.relation import Segment
from heliograph.store.segments import Written, rollup_folder

_BESIDE: Final = "../"
"""Begins the path of what is not below the folder of segments but beside it."""


class SegmentFiles:
    """The catalogue's tables about files. Not safe for several threads: the store holds the lock."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def insert(self, sql: sqlite3.Connection, w: Written, id_: int | None = None) -> int:
        """Enter a segment in a transaction and return its id."""
        path, columns = self._relative(w.path), json.dumps(sorted(w.columns))
        hidden = json.dumps([d.id for d in w.deletions])
        figures = (w.level, columns, w.rows, w.min_ns, w.max_ns, w.size_bytes, w.resolution_ns, hidden)
        return int(
            sql.execute(
                "INSERT INTO segment (id, bucket, measurement, path, level, columns, row_count, min_ns,"
                " max_ns, size_bytes, resolution_ns, deletions) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " RETURNING id",
                (id_, w.bucket, w.measurement, path, *figures),
            ).fetchone()[0]
        )

    def retire(self, sql: sqlite3.Connection, segments: Iterable[Segment]) -> None:
        """Note in a transaction that the files of segments are to be removed."""
        sql.executemany("INSERT INTO retired VALUES (?)", [(self._relative(s.path),) for s in segments])

    def unlink_retired(self, paths: Iterable[Path] | None = None) -> None:
        """Remove files that were merged or forgotten; None means all: no query of an earlier run lives."""
        if paths is None:
            paths = [self.absolute(path) for (path,) in self._database.rows("SELECT path FROM retired")]
        gone = list(paths)
        for path in gone:
            self._unlink(path)
        if gone:
            with self._database.transaction() as sql:
                sql.executemany("DELETE FROM retired WHERE path = ?", [(self._relative(p),) for p in gone])

    def _unlink(self, path: Path) -> None:
        """Remove a file, and the folders of its measurement and bucket once they are empty."""
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty, or gone already
            for folder in path.parents:
                if folder in (self._folder, rollup_folder(self._folder)):
                    break
                folder.rmdir()

    def _relative(self, path: Path) -> str:
        """Return a path as it stands in the tables: below the folder of segments, or beside it."""
        if self._folder in path.parents:
            return str(path.relative_to(self._folder))
        return f"{_BESIDE}{path.relative_to(self._folder.parent)}"

    def absolute(self, path: str) -> Path:
        """Return the path of a file that stands in the tables."""
        return segment_path(self._folder, path)


def segment_path(folder: Path, path: str) -> Path:
    """Return a path of the tables, given the folder of segments."""
    if path.startswith(_BESIDE):
        return folder.parent / path.removeprefix(_BESIDE)
    return folder / path


def as_segment(id_: int, w: Written) -> Segment:
    """Return a written segment as one that is in the catalogue."""
    return Segment(
        id_,
        w.path,
        w.columns,
        w.rows,
        w.min_ns,
        w.max_ns,
        w.size_bytes,
        w.level,
        w.resolution_ns,
        w.deletions,
    )
