"""How columns are written to Parquet: learnt by trying, since no rule knows what values will look like.

DuckDB has one choice for all columns of a file. Dictionaries suit names, states and readings that come
back, differences suit counters and whole numbers that walk; which of them wins differs by measurement, up
to a factor of two. So now and then a sealed file is written in the other ways as well, at a time when no
points wait for it; where one of them is smaller, the last files are written anew, and the next ones so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from heliograph.errors import QueryError
from heliograph.store.duck import Cursor
from heliograph.store.sql_text import literal, quote

WAYS: Final = (
    "",
    "PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 64",
    "PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000",
)
"""Dictionaries; differences but for columns of at most so many values."""
TRY_EVERY: Final = 32
WORTH: Final = 0.97
"""A way that is not smaller by this is no reason to write files anew."""
TRY_ROWS: Final = 4_000
"""Fewer rows teach nothing."""
TRY_MOST_ROWS: Final = 200_000
"""Of a larger file these many tell enough: a merged one may hold a day."""
_TRY_CELLS: Final = 700_000
"""Values that are written at once: DuckDB holds a row group, and has as little memory as for a merge."""
MIN_ROWS: Final = 2_048
"""DuckDB's own smallest unit."""
GROUP_ROWS: Final = 122_880
"""Rows of a row group, where they are not so wide that fewer must do."""
_GROUP_CELLS: Final = 1_000_000
"""Values of a row group: a page of each column is in memory while it is read."""
TEMPORARY: Final = ".tmp"
"""Ends the names of files that are not finished."""
_SEAL_LEVEL: Final = 3
_MERGE_LEVEL: Final = 9
"""Of zstd. A merged file is written once and stays."""


def group_rows(width: int) -> int:
    """Return the rows of a row group whose rows have so many values: who reads it has all of it in memory."""
    return min(max(_GROUP_CELLS // width // MIN_ROWS, 1) * MIN_ROWS, GROUP_ROWS)


class Encodings:
    """The best known way of writing the files of each folder.

    One thread may seal and another one learn.
    """

    def __init__(self) -> None:
        self._best: dict[Path, str] = {}
        self._untried: dict[Path, list[tuple[Path, int]]] = {}
        """Files that were sealed since the other ways were tried, with their rows; the last ones."""
        self._until_try: dict[Path, int] = {}

    def options(self, folder: Path, *, merged: bool = False) -> str:
        """Return what a COPY to a file of a folder has in its brackets."""
        return _options(self._best.get(folder, WAYS[0]), merged=merged)

    def sealed(self, file: Path, rows: int) -> None:
        """Take note of a file that was sealed just now."""
        if rows < TRY_ROWS:
            return
        folder = file.parent
        self._until_try[folder] = self._until_try.get(folder, 1) - 1
        self._untried[folder] = [*self._untried.get(folder, [])[1 - TRY_EVERY :], (file, rows)]

    def resume(self, files: Sequence[tuple[Path, int]]) -> None:
        """Take note of the files of a folder, with their rows, where no seal of this run has taught anything.

        Nobody knows any more how they were written, so what is best is tried anew; without that a merge would
        write for good what is larger.
        """
        if files and files[0][0].parent not in self._until_try:
            for file, rows in files:
                self.sealed(file, rows)

    def due(self, folder: Path) -> bool:
        """Return whether the other ways are to be tried again."""
        return self._until_try.get(folder, 1) <= 0

    def learn(self, cursor: Cursor, folder: Path) -> list[Path]:
        """Write a sealed file in all ways, and keep to the smallest from now on.

        Returns the files that would be smaller in a way that is known now. They are all as they were.

        Raises:
            StoreError, QueryError: it cannot be written.
        """
        files = self._untried.pop(folder, [])
        self._until_try[folder] = TRY_EVERY
        present = self._best.get(folder, WAYS[0])
        file, rows = next(((file, rows) for file, rows in reversed(files) if file.exists()), (None, 0))
        if file is None:
            return []
        some = _some_columns(cursor, file, _TRY_CELLS // min(rows, TRY_MOST_ROWS))
        sizes = {way: sum(_size(cursor, file, way, columns) for columns in some) for way in WAYS}
        best = min(sizes, key=lambda way: sizes[way])
        if sizes[best] <= WORTH * sizes[present]:
            self._best[folder] = best
        tried = file.stat().st_size * min(1, TRY_MOST_ROWS / rows)
        return [each for each, _ in files] if sizes[best] <= WORTH * tried else []


def _some_columns(cursor: Cursor, file: Path, most: int) -> list[str]:
    """Return the columns of a file as lists for a SELECT, each of at most so many."""
    asked = f"SELECT name FROM parquet_schema({literal(str(file))}) WHERE type IS NOT NULL"
    names = [quote(name) for (name,) in cursor.rows(asked)]
    return [", ".join(names[first : first + most]) for first in range(0, len(names), most)]


def _size(cursor: Cursor, file: Path, way: str, columns: str) -> int:
    """Return how many bytes the first rows of some columns would take if they were written in another way."""
    if cursor.interrupted:  # between two statements, of which there are many
        raise QueryError("the trial was stopped: the hub ends")
    other = file.with_name(f"{file.stem}-other{TEMPORARY}")
    rows = f"SELECT {columns} FROM read_parquet({literal(str(file))}) LIMIT {TRY_MOST_ROWS}"
    try:
        cursor.rows(f"COPY ({rows}) TO {literal(str(other))} ({_options(way, merged=False)})")
        return other.stat().st_size
    finally:
        other.unlink(missing_ok=True)


def _options(way: str, *, merged: bool) -> str:
    level = _MERGE_LEVEL if merged else _SEAL_LEVEL
    plain = f"FORMAT parquet, PRESERVE_ORDER true, COMPRESSION zstd, COMPRESSION_LEVEL {level}"
    return f"{plain}, {way}" if way else plain
