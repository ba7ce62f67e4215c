"""Columns of segments, read from their files: those of many files in one statement."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from operator import itemgetter
from typing import Any, Final, TypeAlias

from heliograph.errors import StoreError
from heliograph.query.memory.native import Column, SeriesTags, Texts, read
from heliograph.store.duck import Cursor
from heliograph.store.relation import Segment
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import literal, quote

AT_ONCE: Final = 64
"""Files that one statement opens."""


@dataclass(frozen=True, slots=True)
class Present:
    """A column of any type, of which only counts where there is something: ones in those places."""

    column: str


@dataclass(frozen=True, slots=True)
class NumberedTexts:
    """A column of texts, of which the numbers are kept."""

    column: str
    texts: Texts


Wanted: TypeAlias = str | Present | NumberedTexts
"""A physical column of numbers, where one of any type has something, or one of texts."""
Runs: TypeAlias = "tuple[list[SeriesTags], array[int]]"
"""The series of a segment in its order, and where each starts; the last entry is the end."""


class Unsorted(Exception):
    """The rows of a series do not stand together in a segment, or it has more texts than are kept."""


def physical(wanted: Wanted) -> str:
    """Return the name of a column in its file."""
    return wanted if isinstance(wanted, str) else wanted.column


def read_columns(
    cursor: Cursor, segments: Sequence[Segment], columns: Sequence[Wanted]
) -> list[dict[Wanted, Column]]:
    """Return columns of some segments, which all have them, in the order of their rows.

    Raises:
        Unsorted: there are more different texts than are kept.
        StoreError, QueryError: a segment cannot be read, or reading was stopped.
    """
    starts = [0, *accumulate(segment.rows for segment in segments)]
    shown = ", ".join(f"{_shown(name)} AS c{i}" for i, name in enumerate(columns))
    place = f"({starts[:-1]}::BIGINT[])[file_index::BIGINT + 1] + file_row_number"
    stream = cursor.stream(f"SELECT {place} AS n, {shown} FROM {_files(segments)}")
    aliases = {f"c{i}": name for i, name in enumerate(columns)}
    texts = {alias: name.texts for alias, name in aliases.items() if isinstance(name, NumberedTexts)}
    try:
        found = dict(read(stream, starts[-1], {"n", *aliases}, texts=texts))
        rows = found.pop("n")
        if len(rows) != starts[-1]:
            raise StoreError(f"{_named(segments)}: {len(rows)} rows, {starts[-1]} were expected")
        if not rows.counts():
            order = rows.places()
            found = {name: column.take(order) for name, column in found.items()}
    except OverflowError as error:
        raise Unsorted from error
    except ValueError as error:
        raise StoreError(f"{_named(segments)} cannot be read: {error}") from error
    if len(segments) == 1:
        return [{aliases[name]: column for name, column in found.items()}]
    return [
        {aliases[name]: column.part(start, end) for name, column in found.items()}
        for start, end in pairwise(starts)
    ]


def read_runs(cursor: Cursor, segments: Sequence[Segment], measurement: Measurement) -> list[Runs]:
    """Return the series of some segments, which all have the same columns.

    Raises:
        Unsorted: in one of them those of a series do not stand together.
        StoreError, QueryError: a segment cannot be read, or reading was stopped.
    """
    there = segments[0].columns
    tags = [quote(p) if p in there else "NULL" for p in measurement.tags.values()]
    keys = ", ".join(["file_index", *(tag for tag in tags if tag != "NULL")])
    columns = ", ".join(["file_index", *tags, "min(file_row_number)", "max(file_row_number)"])
    rows = cursor.rows(f"SELECT {columns} FROM {_files(segments)} GROUP BY {keys}")
    rows.sort(key=lambda row: (row[0], row[-2]))
    by_file = {number: list(of_file) for number, of_file in groupby(rows, itemgetter(0))}
    return [_runs(by_file.get(number, []), segment.rows) for number, segment in enumerate(segments)]


def _runs(rows: list[tuple[Any, ...]], count: int) -> Runs:
    starts = array("q", [row[-2] for row in rows])
    starts.append(count)
    if list(starts[1:]) != [row[-1] + 1 for row in rows]:
        raise Unsorted
    return [shortest(row[1:-2]) for row in rows], starts


def shortest(tags: tuple[Any, ...]) -> SeriesTags:
    """Return tags without absent ones at the end: a measurement may have got more tags since."""
    end = len(tags)
    while end and tags[end - 1] is None:
        end -= 1
    return tags[:end]


def _shown(wanted: Wanted) -> str:
    if isinstance(wanted, Present):
        return f"CASE WHEN {quote(wanted.column)} IS NULL THEN NULL ELSE 1 END"
    return quote(physical(wanted))


def _files(segments: Sequence[Segment]) -> str:
    paths = ", ".join(literal(str(segment.path)) for segment in segments)
    return f"read_parquet([{paths}], file_row_number = true)"


def _named(segments: Sequence[Segment]) -> str:
    more = f" or one of {len(segments) - 1} others" if len(segments) > 1 else ""
    return f"{segments[0].path}{more}"
