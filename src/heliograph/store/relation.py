"""The points of one measurement as one SQL relation, over hot rows and segments, each point once.

Equal series and time may stand in several sources (a retried batch, fields of one point that came
apart); the later source wins, field by field. Merging everything would cost each query a GROUP BY, so
it is done only in the windows of time where sources overlap: usually a few seconds around a seal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from heliograph.model.point import FieldType
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.store.arrow import ArrowTable
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.hot.table import HotRows
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import literal, quote

MAX_WINDOWS: Final = 64
"""Of more overlap windows than this those that lie closest are joined."""

SQL_TYPES: Final[Mapping[FieldType, str]] = {
    FieldType.FLOAT: "DOUBLE",
    FieldType.INTEGER: "BIGINT",
    FieldType.UNSIGNED: "UBIGINT",
    FieldType.BOOLEAN: "BOOLEAN",
    FieldType.STRING: "VARCHAR",
}

Register = Callable[[ArrowTable], str]
"""Makes an Arrow table visible to the statement and returns the name it got."""
Window = tuple[int, int]
"""Start (inclusive) and end (exclusive), int64 ns."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sealed Parquet file as the catalogue knows it; no series and time occurs twice in it."""

    id: int
    path: Path
    columns: frozenset[str]
    """The physical columns that it has."""
    rows: int
    min_ns: int
    max_ns: int
    size_bytes: int
    level: int = 0
    """How often its points have been merged into a larger segment."""
    resolution_ns: int = 0
    """0 where it holds points as they came, else the interval of which each row is a summary."""
    deletions: tuple[Deletion, ...] = ()
    """What is deleted of it and still in its file."""

    @property
    def all_hidden(self) -> Iterator[Deletion]:
        """What is deleted of it, in terms of its rows."""
        return (deletion.of_summaries(self.resolution_ns) for deletion in self.deletions)


@dataclass(frozen=True, slots=True)
class Rollups:
    """What is summarised of one measurement at one moment."""

    segments: Mapping[int, tuple[Segment, ...]]
    """By resolution, in ns, the segments of summaries, oldest first."""
    open_hours: frozenset[int]
    """The hours since 1970 of which points came that are in no summary yet."""
    complete_from_ns: Mapping[int, int]
    """By resolution (0 for points) from when on nothing is forgotten; nothing ever was where it is absent."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where the points of one measurement stand at one moment, oldest source first."""

    measurement: Measurement
    segments: tuple[Segment, ...]
    hot: tuple[HotRows, ...]
    rollups: Rollups | None = None
    """None where nothing is summarised."""
    types: Mapping[FieldType, str] = field(default_factory=lambda: SQL_TYPES)
    """The SQL type that fields have here: of a value, or of a summary."""


def render(
    snapshot: Snapshot, register: Register, *, start_ns: int, end_ns: int, fields: Iterable[str] | None = None
) -> str:
    """Return a SELECT of ``time`` (BIGINT ns), all tags and the fields by their physical names.

    Rows are those of ``start_ns <= time < end_ns`` in no order; ``fields`` None means all. A column that
    no source has is NULL.
    """
    sources = _sources(snapshot, register, start_ns, end_ns)
    m = snapshot.measurement
    wanted = [m.fields[name] for name in (m.fields if fields is None else fields)]
    columns = [(p, "VARCHAR") for p in m.tags.values()] + [(p, snapshot.types[t]) for p, t in wanted]
    if not sources:
        empty = ", ".join(f"NULL::{sql_type} AS {quote(p)}" for p, sql_type in columns)
        return f"SELECT NULL::BIGINT AS time, {empty or 'NULL AS none'} WHERE false"
    windows = overlaps([(s.min_ns, s.max_ns, s.in_order) for s in sources], start_ns, end_ns)
    alone = [s for s in sources if not _is_inside(s, windows)]
    parts = [s.select(columns, _outside(s, windows, start_ns, end_ns)) for s in _grouped(alone)]
    if windows:
        parts.append(_merged(sources, columns, windows, len(m.tags)))
    return " UNION ALL ".join(parts)


def stored_rows(snapshot: Snapshot) -> str:
    """Return a SELECT of ``time`` and all tags of the segments' rows, as often as they are stored."""
    sources = _sources(replace(snapshot, hot=()), _no_table, MIN_TIME_NS, MAX_TIME_NS + 1)
    columns = [(p, "VARCHAR") for p in snapshot.measurement.tags.values()]
    return " UNION ALL ".join(s.select(columns, "true") for s in _grouped(sources))


def _no_table(table: ArrowTable) -> str:
    raise AssertionError(f"segments are files, yet {table!r} is asked for")


def overlaps(spans: Sequence[tuple[int, int, bool]], start_ns: int, end_ns: int) -> list[Window]:
    """Return the windows in which a point may stand twice, disjoint and ascending.

    A span is (min, max, in order): spans overlap each other, and one that is not in order itself.
    """
    edges: list[tuple[int, int]] = []
    for low, high, in_order in spans:
        weight = 1 if in_order else 2
        edges += [(max(low, start_ns), weight), (min(high + 1, end_ns), -weight)]
    windows: list[Window] = []
    depth = 0
    opened = 0
    for at, change in sorted(edges):
        before, depth = depth, depth + change
        if before < 2 <= depth:
            opened = at
        elif depth < 2 <= before and at > opened:
            if windows and windows[-1][1] == opened:
                opened = windows.pop()[0]
            windows.append((opened, at))
    return joined(windows, MAX_WINDOWS)


def joined(windows: list[Window], most: int) -> list[Window]:
    """Join the windows that lie closest until ``most`` are left."""
    if len(windows) <= most:
        return windows
    gaps = sorted(range(1, len(windows)), key=lambda i: windows[i][0] - windows[i - 1][1])
    close = set(gaps[: len(windows) - most])
    result = [windows[0]]
    for index, window in enumerate(windows[1:], 1):
        if index in close:
            result[-1] = (result[-1][0], window[1])
        else:
            result.append(window)
    return result


@dataclass(frozen=True, slots=True)
class _Source:
    table: str
    files: tuple[str, ...]
    """The Parquet files, where it is not a hot table."""
    columns: dict[str, str]
    """Physical column → expression; what is missing is NULL."""
    order: str
    """Expression that ranks equal points of one source: the higher wins."""
    min_ns: int
    max_ns: int
    in_order: bool
    hidden: str
    """Condition for the rows that are deleted; empty where none can be."""
    ranks: tuple[int, ...] = ()
    """Of each file, or of the hot table: the higher wins."""

    def select(self, columns: Sequence[tuple[str, str]], where: str) -> str:
        items = [f"{self.columns['time']} AS time"]
        items += [f"{self.columns.get(p, 'NULL')}::{sql_type} AS {quote(p)}" for p, sql_type in columns]
        if self.ranks:
            # by the file's place in the list, so that one scan reads files of many ranks
            rank = f"({list(self.ranks)}::BIGINT[])[{'file_index::BIGINT + 1' if self.files else 1}]"
            items.append(f"({rank} << 32) + {self.order} AS rank_")
        files = ", ".join(literal(file) for file in self.files)
        table = f"read_parquet([{files}])" if self.files else self.table
        if self.hidden:
            where = f"({where}) AND NOT ({self.hidden})"
        return f"SELECT * FROM (SELECT {', '.join(items)} FROM {table}) WHERE {where}"

    def joined(self, other: _Source) -> _Source:
        """Return one scan of the files of both, which have the same columns and deletions."""
        span = min(self.min_ns, other.min_ns), max(self.max_ns, other.max_ns)
        files, ranks = (*self.files, *other.files), (*self.ranks, *other.ranks)
        return replace(self, files=files, ranks=ranks, min_ns=span[0], max_ns=span[1])


def _grouped(sources: Sequence[_Source]) -> list[_Source]:
    """Join the segments that have the same columns: one scan of many files beats many scans."""
    groups: dict[tuple[frozenset[str] | str, str], _Source] = {}
    for source in sources:
        key = (frozenset(source.columns) if source.files else source.table, source.hidden)
        first = groups.get(key)
        groups[key] = source if first is None else first.joined(source)
    return list(groups.values())


def _sources(snapshot: Snapshot, register: Register, start_ns: int, end_ns: int) -> list[_Source]:
    sources = [
        _Source(
            "",
            (str(segment.path),),
            {column: quote(column) for column in segment.columns} | {"time": "time"},
            "0",
            segment.min_ns,
            segment.max_ns,
            in_order=True,
            hidden=_hidden(segment.all_hidden, snapshot.measurement),
        )
        for segment in snapshot.segments
        if segment.min_ns < end_ns and segment.max_ns >= start_ns
    ]
    sources += [
        _hot_source(hot, snapshot.measurement, register)
        for hot in snapshot.hot
        if hot.min_ns < end_ns and hot.max_ns >= start_ns
    ]
    return sources


def _hot_source(hot: HotRows, measurement: Measurement, register: Register) -> _Source:
    columns = {"time": "t"}
    columns |= {measurement.tags[tag]: f"g{i}" for i, tag in enumerate(hot.tags)}
    for i, name in enumerate(hot.fields):
        physical, field_type = measurement.fields[name]
        columns[physical] = f"(f{i} = 1)" if field_type is FieldType.BOOLEAN else f"f{i}"
    table = f"{register(hot.rows)} JOIN {register(hot.series)} USING (s)"
    hidden = _hidden(hot.deletions, measurement)
    return _Source(table, (), columns, "n", hot.min_ns, hot.max_ns, hot.in_order, hidden)


def _hidden(deletions: Iterable[Deletion], measurement: Measurement) -> str:
    """Return the condition of all deletions; those within others are left out.

    So sources of which the same points are deleted again and again end up with the same condition, and are
    read in one scan.
    """
    widest: list[Deletion] = []
    for deletion in deletions:
        if not any(deletion.within(other) for other in widest):
            widest = [*(other for other in widest if not other.within(deletion)), deletion]
    return " OR ".join(f"({deletion.sql(measurement)})" for deletion in widest)


def _merged(
    sources: Sequence[_Source], columns: Sequence[tuple[str, str]], windows: Sequence[Window], tags: int
) -> str:
    meeting = [s for s in sources if _touched(s, windows)]
    ranked = [replace(source, ranks=(rank,)) for rank, source in enumerate(meeting)]
    rows = " UNION ALL ".join(g.select(columns, _within(_touched(g, windows))) for g in _grouped(ranked))
    keys = ", ".join(["time", *(quote(p) for p, _ in columns[:tags])])
    # arg_max skips NULL values: the last write of each field that has one
    values = "".join(f", arg_max({quote(p)}, rank_) AS {quote(p)}" for p, _ in columns[tags:])
    return f"SELECT {keys}{values} FROM ({rows}) GROUP BY {keys}"


def _touched(source: _Source, windows: Sequence[Window]) -> Sequence[Window]:
    """Return the windows in which a source may have points."""
    last = bisect_right(windows, (source.max_ns, MAX_TIME_NS + 1))
    return windows[bisect_right(windows, source.min_ns, hi=last, key=lambda window: window[1]) : last]


def _is_inside(source: _Source, windows: Sequence[Window]) -> bool:
    """Return whether all points of a source are in one window."""
    return any(low <= source.min_ns and source.max_ns < high for low, high in _touched(source, windows)[:1])


def _outside(source: _Source, windows: Sequence[Window], start_ns: int, end_ns: int) -> str:
    touched = _within(_touched(source, windows))
    return f"time >= {start_ns} AND time < {end_ns}" + (f" AND NOT ({touched})" if touched else "")


def _within(windows: Sequence[Window]) -> str:
    return " OR ".join(f"(time >= {start} AND time < {end})" for start, end in windows)
