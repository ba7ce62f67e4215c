"""Points of segments and hot rows as columns in memory, sorted by series, for the compiled loops.

A segment never changes, so its columns are read once and kept as long as questions keep coming and the room
is enough; what was asked for longest ago goes first. Hot rows are sorted anew whenever points have come.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.model.point import FieldType
from heliograph.query.memory.native import Column, Source, Texts, order_by_series, read
from heliograph.query.memory.numbered import Numbered
from heliograph.query.memory.segment_columns import (
    AT_ONCE,
    NumberedTexts,
    Present,
    Unsorted,
    Wanted,
    physical,
    read_columns,
    read_runs,
    shortest,
)
from heliograph.store.duck import Cursor
from heliograph.store.hot.table import HotRows
from heliograph.store.relation import Segment, Snapshot
from heliograph.store.schema import Measurement

NUMBERS: Final = frozenset({FieldType.FLOAT, FieldType.INTEGER})
"""The types that those loops know."""
_VALUE_BYTES: Final = 8
_MAX_NUMBERED: Final = 8
_TEXTS_PART: Final = 32
_TEXT_BYTES: Final = 2 * 1024 * 1024
"""So much of the room, and at least this, different texts of one field may take; a field with more holds
lines of a log, and is left to SQL."""
_MAX_TEXTS: Final = 16


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
        self._text_bytes = max(_TEXT_BYTES, room_bytes // _TEXTS_PART)
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._numbered: OrderedDict[tuple[Source, ...], Numbered] = OrderedDict()
        self._texts: OrderedDict[tuple[str, str, str], Texts] = OrderedDict()
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget all columns."""
        with self._lock:
            self._entries.clear()
            self._numbered.clear()
            self._texts.clear()

    @property
    def size_bytes(self) -> int:
        """What is kept, roughly."""
        with self._lock:
            return sum(entry.source.size_bytes for entry in self._entries.values())

    def of(
        self, snapshot: Snapshot, cursor: Cursor, fields: Sequence[Wanted], start_ns: int, end_ns: int
    ) -> list[Source] | None:
        """Return the sources of a range with the given fields; None if they are more than there is room for.

        Raises:
            StoreError, QueryError: a segment cannot be read, or reading was stopped.
        """
        segments, hot = _within(snapshot, start_ns, end_ns)
        if any(s.deletions for s in segments) or any(h.deletions for h in hot):
            return None  # until the files are written anew, SQL leaves out what is deleted
        if not self._fit(segments, hot, len(fields)):
            return None
        measurement = snapshot.measurement
        try:
            found = self._segments(measurement, segments, cursor, fields)
            found += [self._hot(measurement, rows, number, fields) for number, rows in enumerate(hot)]
        except (Unsorted, OverflowError):
            return None
        self._shrink()
        return found

    def has_room(self, snapshot: Snapshot, fields: int, start_ns: int, end_ns: int) -> bool:
        """Return whether so many fields of a range fit; read in turn, each would take another's room."""
        return self._fit(*_within(snapshot, start_ns, end_ns), fields)

    def _fit(self, segments: Sequence[Segment], hot: Sequence[HotRows], fields: int) -> bool:
        rows = sum(s.rows for s in segments) + sum(h.count for h in hot)
        return rows * _VALUE_BYTES * (1 + fields) <= self._room_bytes

    def texts(self, bucket: str, measurement: str, column: str) -> NumberedTexts | None:
        """Return what stands for a field of texts; None if it has more different ones than are kept."""
        key = bucket, measurement, column
        with self._lock:
            texts = self._texts.setdefault(key, Texts(self._text_bytes))
            self._texts.move_to_end(key)
            while len(self._texts) > _MAX_TEXTS:
                self._texts.popitem(last=False)
        return None if texts.full else NumberedTexts(column, texts)

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

    def _segments(
        self, measurement: Measurement, segments: Sequence[Segment], cursor: Cursor, fields: Sequence[Wanted]
    ) -> list[Source]:
        entries = {segment.path: self._get(segment.path) for segment in segments}
        alike: dict[tuple[tuple[Wanted, ...], frozenset[str] | None], list[Segment]] = {}
        for segment in segments:
            entry = entries[segment.path]
            missing = tuple(
                f
                for f in fields
                if physical(f) in segment.columns and not (entry and f in entry.source.columns)
            )
            if entry is None or missing:
                alike.setdefault((missing, segment.columns if entry is None else None), []).append(segment)
        for (missing, new), same in alike.items():
            for first in range(0, len(same), AT_ONCE):
                some = same[first : first + AT_ONCE]
                found = read_columns(cursor, some, ("time", *missing) if new else missing)
                runs = read_runs(cursor, some, measurement) if new else None
                for place, (segment, columns) in enumerate(zip(some, found, strict=True)):
                    entry = entries[segment.path]
                    if entry is None and runs:
                        entry = _Entry(Source(columns.pop("time"), *runs[place]))
                        entry = entries[segment.path] = self._keep(segment.path, entry)
                    if entry is not None:
                        for name, column in columns.items():
                            entry.source.columns.setdefault(
                                name, column
                            )  # never replaced: a scan may read it
        return [entry.source for entry in entries.values() if entry]

    def _hot(self, measurement: Measurement, rows: HotRows, number: int, fields: Sequence[Wanted]) -> Source:
        key = (measurement.name, number)
        entry = self._get(key)
        if entry is None or entry.hot is not rows:
            entry = _sorted(rows, measurement)
            with self._lock:
                self._entries[key] = entry
        columns = entry.source.columns
        names = {measurement.fields[name][0]: f"f{i}" for i, name in enumerate(rows.fields)}
        missing = {f: names[physical(f)] for f in fields if physical(f) in names and f not in columns}
        for kind in (str, Present, NumberedTexts):
            asked = {name: field for field, name in missing.items() if isinstance(field, kind)}
            if not asked or entry.order is None:
                continue
            present = asked if kind is Present else ()
            texts = {name: one.texts for name, one in asked.items() if isinstance(one, NumberedTexts)}
            for name, column in read(rows.rows, rows.count, asked, present, texts).items():
                columns.setdefault(asked[name], column.take(entry.order))
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


def _within(snapshot: Snapshot, start_ns: int, end_ns: int) -> tuple[list[Segment], list[HotRows]]:
    """Return what may have points in a range."""
    segments = [s for s in snapshot.segments if s.min_ns < end_ns and s.max_ns >= start_ns]
    return segments, [h for h in snapshot.hot if h.min_ns < end_ns and h.max_ns >= start_ns]


def _sorted(rows: HotRows, measurement: Measurement) -> _Entry:
    """Return hot rows sorted by series, without fields."""
    columns = read(rows.rows, rows.count, {"s", "t"})
    by_tag = dict(zip(rows.tags, rows.tag_columns, strict=True))
    there = [by_tag[tag].values if tag in by_tag else None for tag in measurement.tags]
    count = len(rows.tag_columns[0].values) if rows.tag_columns else 1
    values = [column if column is not None else [""] * count for column in there]
    series = [shortest(tuple(tag or None for tag in tags)) for tags in zip(*values, strict=True)] or [()]
    order, starts = order_by_series(columns["s"], len(series))
    source = Source(columns["t"].take(order), series, starts)
    return _Entry(source, rows, order)
