"""Points of segments and hot rows as columns in memory, sorted by series, for the compiled loops.

A segment never changes, so its columns are read once and kept as long as questions keep coming and the room
is enough; what was asked for longest ago goes first. Hot rows are sorted anew whenever points have come.
"""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import StoreError
from heliograph.model.point import FieldType
from heliograph.query.memory.native import Column, SeriesTags, Source, order_by_series, read
from heliograph.query.memory.numbered import Numbered
from heliograph.store.duck import Cursor
from heliograph.store.hot.table import HotRows
from heliograph.store.relation import Segment, Snapshot
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import literal, quote

NUMBERS: Final = frozenset({FieldType.FLOAT, FieldType.INTEGER})
"""The types that those loops know."""
_VALUE_BYTES: Final = 8
_MAX_NUMBERED: Final = 8


@dataclass(slots=True)
class _Entry:
    source: Source
    hot: HotRows | None = None
    """What it was made of, where that changes."""
    order: Column | None = None
    """By which its rows are sorted here, where they were not."""


class Sources:
    """Columns in memory, of up to ``room_bytes``. Its methods may be called from any thread."""

    def __init__(self, room_bytes: int) -> None:
        self._room_bytes = room_bytes
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._numbered: OrderedDict[tuple[Source, ...], Numbered] = OrderedDict()
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget all columns."""
        with self._lock:
            self._entries.clear()
            self._numbered.clear()

    @property
    def size_bytes(self) -> int:
        """What is kept, roughly."""
        with self._lock:
            return sum(entry.source.size_bytes for entry in self._entries.values())

    def of(
        self, snapshot: Snapshot, cursor: Cursor, fields: Sequence[str], start_ns: int, end_ns: int
    ) -> list[Source] | None:
        """Return the sources of a range with the given fields; None if they are more than there is room for.

        Fields are physical columns that hold numbers.

        Raises:
            StoreError, QueryError: a segment cannot be read, or reading was stopped.
        """
        segments = [s for s in snapshot.segments if s.min_ns < end_ns and s.max_ns >= start_ns]
        hot = [h for h in snapshot.hot if h.min_ns < end_ns and h.max_ns >= start_ns]
        if any(s.deletions for s in segments) or any(h.deletions for h in hot):
            return None  # until the files are written anew, SQL leaves out what is deleted
        rows = sum(s.rows for s in segments) + sum(h.count for h in hot)
        if rows * _VALUE_BYTES * (1 + len(fields)) > self._room_bytes:
            return None
        if any(getattr(source, "deletions", ()) for source in (*segments, *hot)):
            return None  # points that are still there must not be seen
        measurement = snapshot.measurement
        try:
            found = [self._segment(measurement, segment, cursor, fields) for segment in segments]
        except _Unsorted:
            return None
        found += [self._hot(measurement, rows, number, cursor, fields) for number, rows in enumerate(hot)]
        self._shrink()
        return found

    def numbered(self, sources: Sequence[Source]) -> Numbered:
        """Return the numbered series of some sources; the same for the same ones, if asked for lately."""
        key = tuple(sources)
        with self._lock:
            found = self._numbered.pop(key, None)
        found = found or Numbered(key)
        with self._lock:
            self._numbered[key] = found
            while len(self._numbered) > _MAX_NUMBERED:
                self._numbered.popitem(last=False)
        return found

    def _segment(
        self, measurement: Measurement, segment: Segment, cursor: Cursor, fields: Sequence[str]
    ) -> Source:
        entry = self._get(segment.path)
        missing = [f for f in fields if f in segment.columns and not (entry and f in entry.source.columns)]
        if entry is None:
            columns = _read(cursor, segment, ["time", *missing])
            source = Source(columns.pop("time"), *_runs(measurement, segment, cursor))
            entry = self._keep(segment.path, _Entry(source))
        elif missing:
            columns = _read(cursor, segment, missing)
        else:
            return entry.source
        for name, column in columns.items():
            entry.source.columns.setdefault(name, column)  # never replaced: a scan may be reading it
        return entry.source

    def _hot(
        self, measurement: Measurement, rows: HotRows, number: int, cursor: Cursor, fields: Sequence[str]
    ) -> Source:
        key = (measurement.name, number)
        entry = self._get(key)
        if entry is None or entry.hot is not rows:
            entry = _sorted(rows, measurement, cursor)
            with self._lock:
                self._entries[key] = entry
        columns = entry.source.columns
        names = {measurement.fields[name][0]: f"f{i}" for i, name in enumerate(rows.fields)}
        missing = {names[field]: field for field in fields if field in names and field not in columns}
        if missing and entry.order:
            for name, column in read(rows.rows, rows.count, missing).items():
                columns.setdefault(missing[name], column.take(entry.order))
        return entry.source

    def _get(self, key: Hashable) -> _Entry | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def _keep(self, key: Hashable, entry: _Entry) -> _Entry:
        with self._lock:
            return self._entries.setdefault(key, entry)

    def _shrink(self) -> None:
        with self._lock:
            size_bytes = sum(entry.source.size_bytes for entry in self._entries.values())
            while size_bytes > self._room_bytes and self._entries:
                size_bytes -= self._entries.popitem(last=False)[1].source.size_bytes
            kept = {entry.source for entry in self._entries.values()}
            for key in [key for key in self._numbered if not kept.issuperset(key)]:
                del self._numbered[key]  # it holds columns that nobody asks for again


def _read(cursor: Cursor, segment: Segment, columns: Sequence[str]) -> dict[str, Column]:
    """Return columns of a segment in the order of its rows."""
    shown = ", ".join(f"{quote(name)} AS c{i}" for i, name in enumerate(columns))
    file = f"read_parquet({literal(str(segment.path))}, file_row_number = true)"
    stream = cursor.stream(f"SELECT file_row_number AS n, {shown} FROM {file}")
    aliases = {f"c{i}": name for i, name in enumerate(columns)}
    try:
        found = dict(read(stream, segment.rows, {"n", *aliases}))
        rows = found.pop("n")
        if len(rows) != segment.rows:
            raise StoreError(f"{segment.path} has {len(rows)} rows, {segment.rows} were expected")
        if not rows.counts():
            order = rows.places()
            found = {name: column.take(order) for name, column in found.items()}
    except ValueError as error:
        raise StoreError(f"{segment.path} cannot be read: {error}") from error
    return {aliases[name]: column for name, column in found.items()}


def _runs(measurement: Measurement, segment: Segment, cursor: Cursor) -> tuple[list[SeriesTags], array[int]]:
    """Return the series of a segment in its order, and where each starts; the last entry is the end."""
    tags = [quote(p) if p in segment.columns else "NULL" for p in measurement.tags.values()]
    file = f"read_parquet({literal(str(segment.path))}, file_row_number = true)"
    keys = [str(i + 1) for i, tag in enumerate(tags) if tag != "NULL"]
    grouping = f" GROUP BY {', '.join(keys)}" if keys else ""
    columns = ", ".join([*tags, "min(file_row_number)", "max(file_row_number)"])
    rows = sorted(cursor.rows(f"SELECT {columns} FROM {file}{grouping}"), key=lambda row: row[-2])
    starts = array("q", [row[-2] for row in rows])
    starts.append(segment.rows)
    ends = [row[-1] + 1 for row in rows]
    if list(starts[1:]) != ends:
        raise _Unsorted
    return [_shortest(row[:-2]) for row in rows], starts


class _Unsorted(Exception):
    """The rows of a series do not stand together in a segment."""


def _sorted(rows: HotRows, measurement: Measurement, cursor: Cursor) -> _Entry:
    """Return hot rows sorted by series, without fields."""
    columns = read(rows.rows, rows.count, {"s", "t"})
    tags = [f"g{rows.tags.index(tag)}" if tag in rows.tags else "NULL" for tag in measurement.tags]
    shown = ", ".join(["s", *tags])
    series = cursor.rows(f"SELECT {shown} FROM {cursor.register(rows.series)} ORDER BY s")
    order, starts = order_by_series(columns["s"], len(series))
    source = Source(columns["t"].take(order), [_shortest(row[1:]) for row in series], starts)
    return _Entry(source, rows, order)


def _shortest(tags: tuple[Any, ...]) -> SeriesTags:
    """Return tags without absent ones at the end: a measurement may have got more tags since."""
    end = len(tags)
    while end and tags[end - 1] is None:
        end -= 1
    return tags[:end]
