"""How columns are written to Parquet: learnt by trying, since no rule knows what values will look like.

DuckDB has one choice for all columns of a file. Dictionaries suit names, states and readings that come
back, differences suit counters and whole numbers that walk; which of them wins differs by measurement, up
to a factor of two. So now and then a sealed file is written in the other ways as well; the smallest stays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from heliograph.store.duck import Cursor
from heliograph.store.sql_text import literal

WAYS: Final = (
    "",
    "PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 64",
    "PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000",
)
"""Dictionaries; differences but for columns of at most so many values."""
TRY_EVERY: Final = 32
TRY_ROWS: Final = 4_000
"""Fewer rows teach nothing."""
_SEAL_LEVEL: Final = 3
_MERGE_LEVEL: Final = 9
"""Of zstd. A merged file is written once and stays."""


class Encodings:
    """The best known way of writing the files of each folder. One thread at a time."""

    def __init__(self) -> None:
        self._best: dict[Path, str] = {}
        self._sealed: dict[Path, int] = {}

    def options(self, folder: Path, *, merged: bool = False) -> str:
        """Return what a COPY to a file of a folder has in its brackets."""
        return _options(self._best.get(folder, WAYS[0]), merged=merged)

    def improve(self, cursor: Cursor, folder: Path, file: Path, rows: int) -> None:
        """Write a file in the other ways, too, if that is due, and leave the smallest in its place.

        Raises:
            StoreError, QueryError: it cannot be written; the file is as it was.
        """
        if rows < TRY_ROWS:
            return
        self._sealed[folder] = self._sealed.get(folder, -1) + 1
        if self._sealed[folder] % TRY_EVERY:
            return
        present = self._best.get(folder, WAYS[0])
        other = file.with_name(f"other-{file.name}")
        try:
            for way in WAYS:
                if way != present:
                    self._try(cursor, folder, way, file, other)
        finally:
            other.unlink(missing_ok=True)

    def _try(self, cursor: Cursor, folder: Path, way: str, file: Path, other: Path) -> None:
        rows = f"SELECT * FROM read_parquet({literal(str(file))})"
        cursor.rows(f"COPY ({rows}) TO {literal(str(other))} ({_options(way, merged=False)})")
        if other.stat().st_size < file.stat().st_size:
            other.replace(file)
            self._best[folder] = way


def _options(way: str, *, merged: bool) -> str:
    level = _MERGE_LEVEL if merged else _SEAL_LEVEL
    plain = f"FORMAT parquet, PRESERVE_ORDER true, COMPRESSION zstd, COMPRESSION_LEVEL {level}"
    return f"{plain}, {way}" if way else plain
