"""Points for tests of store and query: made without a parser, kept in a real store, read as plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias

from heliograph.model.point import FieldType, FieldValue, Point, SeriesKey, field_type
from heliograph.model.table import Batch, Column, Table
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.store.applied import Applied, Position
from heliograph.store.database import Database
from heliograph.store.duck import Duck
from heliograph.store.relation import Snapshot, render
from heliograph.store.retention import FOREVER, Keeping
from heliograph.store.rollups.summary import RESOLUTIONS
from heliograph.store.segments import rollup_folder
from heliograph.store.sql_text import quote
from heliograph.store.store import Store

BUCKET = "telegraf"
Rows: TypeAlias = dict[tuple[SeriesKey, int], dict[str, FieldValue]]
"""What a measurement holds: the fields of each series and time."""


def point(
    measurement: str, time_ns: int, tags: Mapping[str, str] | None = None, **fields: FieldValue
) -> Point:
    """Return a point; ``tags`` stand apart since a tag may be called like a field."""
    return Point(measurement, fields, tags or {}, time_ns)


def series_key(tags: Mapping[str, str]) -> SeriesKey:
    return tuple(sorted(tags.items()))


def batch(points: Iterable[Point]) -> Batch:
    """Return the columns of points, as a parser would."""
    tables: Batch = {}
    codes: dict[tuple[str, SeriesKey], int] = {}
    for each in points:
        table = tables.setdefault(each.measurement, Table(each.measurement))
        key = series_key(each.tags)
        code = codes.setdefault((each.measurement, key), len(table.series))
        if code == len(table.series):
            table.series.append(key)
        row = len(table)
        table.codes.append(code)
        assert each.time_ns is not None
        table.times_ns.append(each.time_ns)
        for name, value in each.fields.items():
            column = table.columns.setdefault(name, Column.empty(field_type(value)))
            column.pad(row)
            values: Any = column.values
            values.append(value)
            column.valid.append(1)
    return tables


def merged(points: Iterable[Point]) -> Rows:
    """Return what one measurement must hold after points came in this order: the naive model."""
    rows: Rows = {}
    for each in points:
        assert each.time_ns is not None
        rows.setdefault((series_key(each.tags), each.time_ns), {}).update(each.fields)
    return rows


def read(
    snapshot: Snapshot,
    duck: Duck,
    *,
    start_ns: int = MIN_TIME_NS,
    end_ns: int = MAX_TIME_NS + 1,
    fields: Iterable[str] | None = None,
) -> Rows:
    """Return what the relation of a snapshot holds; a point that stands in it twice fails the test."""
    measurement = snapshot.measurement
    names = list(measurement.fields if fields is None else fields)
    tags = list(measurement.tags)
    physical = [*measurement.tags.values(), *(measurement.fields[name][0] for name in names)]
    columns = ", ".join(quote(column) for column in ("time", *physical))
    with duck.cursor() as cursor:
        relation = render(snapshot, cursor.register, start_ns=start_ns, end_ns=end_ns, fields=names)
        answer = cursor.rows(f"SELECT {columns} FROM ({relation})")
    rows: Rows = {}
    for time_ns, *values in answer:
        key = series_key({t: v for t, v in zip(tags, values, strict=False) if v is not None})
        assert (key, time_ns) not in rows, f"{key} at {time_ns} stands twice"
        pairs = zip(names, values[len(tags) :], strict=True)
        rows[key, time_ns] = {name: value for name, value in pairs if value is not None}
    return rows


@dataclass(slots=True)
class Kept:
    """A store on disk that can be closed and opened again."""

    folder: Path
    seal_rows: int = 1_000
    rollups: bool = False
    """Whether it makes summaries, kept for ever, of every hour that is over."""
    database: Database = field(init=False)
    duck: Duck = field(init=False)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        segments = self.folder / "segments"
        segments.mkdir(exist_ok=True)
        self.database = Database(self.folder / "catalog.db")
        folders = (segments, rollup_folder(segments))
        self.duck = Duck(folders, memory_bytes=64 * 2**20, threads=1, spill=self.folder / "spill")
        rollups_ns = dict.fromkeys(RESOLUTIONS, FOREVER) if self.rollups else {}
        keeping = Keeping(rollups_ns=rollups_ns, settle=0.0)
        self.store = Store(segments, self.database, self.duck, seal_rows=self.seal_rows, keeping=keeping)

    def close(self) -> None:
        self.duck.close()
        self.database.close()

    def reopen(self) -> None:
        """Do what a restart does; hot points are gone, as after a crash."""
        self.close()
        self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, *points: Point, position: Position | None = None) -> Applied:
        columns = batch(points)
        self.store.declare(BUCKET, columns)
        return self.store.append(BUCKET, columns, position)

    def rows(self, measurement: str) -> Rows:
        snapshot = self.store.snapshot(BUCKET, measurement)
        return {} if snapshot is None else read(snapshot, self.duck)

    def roll_up(self, now_ns: int = MAX_TIME_NS) -> None:
        """Summarise all that is over."""
        while self.store.roll_up(now_ns):
            pass

    @property
    def files(self) -> list[Path]:
        folders = (self.folder / "segments", self.folder / "rollups")
        return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def types_of(kept: Kept, measurement: str) -> dict[str, FieldType]:
    with kept.store.reading() as catalogue:
        return {name: type_ for name, (_, type_) in catalogue.bucket(BUCKET)[measurement].fields.items()}
