"""Select and rows plans over columns in memory; what this cannot answer is left to SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from heliograph.model.point import FieldType
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.query.memory.native import Condition as Compared
from heliograph.query.memory.native import Grid, Rate, Sink, Source, scan
from heliograph.query.memory.native import Rows as RowSink
from heliograph.query.memory.native import SeriesRows as SeriesRowSink
from heliograph.query.memory.numbered import Grouping, Numbered, tag_of
from heliograph.query.memory.segment_columns import NumberedTexts, Present, Wanted
from heliograph.query.memory.sources import NUMBERS, Sources
from heliograph.query.plan import (
    ALL,
    Aggregate,
    Columns,
    Comparison,
    Condition,
    Rows,
    Select,
    SelectRows,
    Series,
    Value,
)
from heliograph.query.sql import (
    aggregated_field,
    compared_field,
    lookback_ns,
    plain_field,
    rows_of,
    whole_condition,
)
from heliograph.store.duck import Cursor
from heliograph.store.relation import Snapshot
from heliograph.store.schema import Measurement

MAX_CELLS: Final = 400_000
"""Groups times fields times intervals, or points times fields; a cell of a grid takes 48 bytes."""
MAX_COLUMNS: Final = 64
_LONGEST_NS: Final = 2**62
"""In a longer range, or with a longer interval, the difference of two times could overflow."""
_OPERATIONS: Final = {aggregate: number for number, aggregate in enumerate(Aggregate)}
_COMPARISONS: Final = {comparison: number for number, comparison in enumerate(Comparison)}


def select(
    plan: Select,
    snapshot: Snapshot,
    sources: Sources,
    cursor: Cursor,
    *,
    shift_ns: int = 0,
    exact: bool = False,
) -> Columns | None:
    """Return the answer to a plan; None if it has to be asked in SQL.

    Intervals begin ``shift_ns`` after the multiples of their length; ``exact`` keeps sums of whole numbers
    whole.

    Raises:
        QueryError: a field is unknown, or of a type that cannot be aggregated so.
        StoreError: a segment cannot be read.
    """
    asked = [aggregated_field(snapshot.measurement, plan, name) for name in plan.fields]
    counts = plan.aggregate is Aggregate.COUNT and not plan.rate
    fields = [_counted(*each) if counts else each for each in asked]
    start_ns, end_ns = max(plan.start_ns, MIN_TIME_NS), min(plan.end_ns, MAX_TIME_NS + 1)
    first_ns = start_ns - (start_ns - shift_ns) % plan.interval_ns
    if start_ns >= end_ns or first_ns < MIN_TIME_NS or max(end_ns - first_ns, plan.interval_ns) > _LONGEST_NS:
        return None
    points = _Points.of(plan, snapshot, fields, max(start_ns - lookback_ns(plan), MIN_TIME_NS), end_ns)
    if points is None or not points.load(sources, snapshot, cursor):
        return None
    grouping = points.grouped(plan.where, plan.group_by)
    if len(grouping.shown) * len(fields) * ((end_ns - start_ns) // plan.interval_ns + 2) > MAX_CELLS:
        return None
    kind = Rate if plan.rate else Grid
    reals = [field_type is FieldType.FLOAT for _, field_type in fields]
    operation, groups = _OPERATIONS[plan.aggregate], len(grouping.shown)
    grid = kind(operation, groups, reals, start_ns, end_ns, plan.interval_ns, shift_ns, exact)
    points.scan(grouping, grid)
    return _columns(plan, grid, grouping)


def rows(plan: SelectRows, snapshot: Snapshot, sources: Sources, cursor: Cursor) -> Rows | None:
    """Return the points of a plan; None if they have to be asked for in SQL.

    Raises:
        QueryError: a field is unknown, or cannot be compared with a number.
        StoreError: a segment cannot be read.
    """
    fields = [plain_field(snapshot.measurement, name) for name in plan.fields]
    start_ns, end_ns = max(plan.start_ns, MIN_TIME_NS), min(plan.end_ns, MAX_TIME_NS + 1)
    points = _Points.of(plan, snapshot, fields, start_ns, end_ns)
    if points is None or not points.load(sources, snapshot, cursor):
        return None
    sink = RowSink([field_type is FieldType.FLOAT for _, field_type in fields], MAX_CELLS // len(fields))
    points.scan(points.grouped(plan.where, ()), sink)
    if sink.full:
        return None
    times_ns, numbers, values = sink.columns(plan.limit + 1, plan.newest)
    return rows_of(plan, times_ns, [points.told(numbers, tag) for tag in plan.tags], values)


@dataclass(frozen=True, slots=True)
class SeriesRows:
    """The points of one series by time."""

    tags: dict[str, str]
    """Those that it has."""
    times_ns: list[int]
    fields: list[list[Value]]


def series_rows(
    plan: SelectRows,
    snapshot: Snapshot,
    sources: Sources,
    cursor: Cursor,
    *,
    needed: int,
    few: int = 0,
    most: int = ALL,
) -> list[SeriesRows] | None:
    """Return the points of a plan by series, in the order of their tags; None if SQL has to be asked.

    A point counts that has a value in one of the first ``needed`` fields. Of each series there are the first
    ``few`` points, or with ``plan.newest`` the last; 0 is all of them. More than ``most`` points are none.

    Raises:
        QueryError: a field is unknown, or cannot be compared with a number.
        StoreError: a segment cannot be read.
    """
    fields: list[tuple[Wanted, FieldType]] = []
    for column, field_type in (plain_field(snapshot.measurement, name) for name in plan.fields):
        texts = (
            sources.texts(plan.bucket, plan.measurement, column) if field_type is FieldType.STRING else None
        )
        fields.append((texts, FieldType.INTEGER) if texts else (column, field_type))
    start_ns, end_ns = max(plan.start_ns, MIN_TIME_NS), min(plan.end_ns, MAX_TIME_NS + 1)
    points = _Points.of(plan, snapshot, fields, start_ns, end_ns)
    if points is None or not points.load(sources, snapshot, cursor):
        return None
    reals = [field_type is FieldType.FLOAT for _, field_type in fields]
    sink = SeriesRowSink(reals, min(most, MAX_CELLS // len(fields)), needed, few, plan.newest)
    points.scan(points.grouped(plan.where, ()), sink)
    if sink.full:
        return None
    times_ns, _, values = sink.columns(ALL, False)  # noqa: FBT003 - Cython's own signature
    values = [_told(wanted, column) for (wanted, _), column in zip(fields, values, strict=True)]
    names = list(points.measurement.tags)
    return [
        SeriesRows(
            {name: tag for name, tag in zip(names, points.numbered.series[number], strict=False) if tag},
            times_ns[first:end],
            [column[first:end] for column in values],
        )
        for number, first, end in sink.spans()
    ]


@dataclass(slots=True)
class _Points:
    """The points that a plan asks for, before anything is made of them."""

    measurement: Measurement
    columns: list[Wanted]
    """Physical: the asked fields, then those of the conditions."""
    conditions: list[Compared]
    start_ns: int
    end_ns: int
    sources: Sequence[Source] = ()
    numbered: Numbered = field(default_factory=lambda: Numbered(()))

    @classmethod
    def of(
        cls,
        plan: Select | SelectRows,
        snapshot: Snapshot,
        fields: Sequence[tuple[Wanted, FieldType]],
        start_ns: int,
        end_ns: int,
    ) -> _Points | None:
        """Return the points of a plan; None if they are not of the kind that is kept in memory."""
        compared = [compared_field(snapshot.measurement, c.field) for c in plan.conditions]
        every = [*fields, *compared]
        if len(every) > MAX_COLUMNS or any(field_type not in NUMBERS for _, field_type in every):
            return None
        if not 0 < end_ns - start_ns <= _LONGEST_NS:
            return None
        conditions = [
            _condition(len(fields) + i, condition, field_type)
            for i, (condition, (_, field_type)) in enumerate(zip(plan.conditions, compared, strict=True))
        ]
        return cls(snapshot.measurement, [name for name, _ in every], conditions, start_ns, end_ns)

    def load(self, sources: Sources, snapshot: Snapshot, cursor: Cursor) -> bool:
        """Get the columns and number the series; False if they are too large."""
        distinct = list(dict.fromkeys(self.columns))
        found = sources.of(snapshot, cursor, distinct, self.start_ns, self.end_ns)
        if found is None:
            return False
        self.sources = found
        self.numbered = sources.numbered(found)
        return True

    def grouped(self, where: Mapping[str, tuple[str, ...]], group_by: tuple[str, ...]) -> Grouping:
        """Return the groups of the points."""
        return self.numbered.grouped(list(self.measurement.tags), where, group_by)

    def scan(self, grouping: Grouping, sink: Sink) -> None:
        """Give the points of the grouped series to a sink, those of one time by their tags."""
        ids, columns = self.numbered.ids, self.columns
        scan(self.sources, ids, grouping.groups, columns, self.conditions, self.start_ns, self.end_ns, sink)

    def told(self, numbers: Iterable[int], tag: str) -> list[str | None]:
        """Return a tag's values of some series."""
        place = next((i for i, name in enumerate(self.measurement.tags) if name == tag), -1)
        values = [tag_of(tags, place) for tags in self.numbered.series]
        return [values[number] for number in numbers]


def _told(wanted: Wanted, column: list[Value]) -> list[Value]:
    """Return the texts of numbers, and what are numbers as they are."""
    if not isinstance(wanted, NumberedTexts):
        return column
    listed = wanted.texts.listed
    return [None if value is None else listed[value] for value in column]  # type: ignore[index]


def _counted(column: str, field_type: FieldType) -> tuple[Wanted, FieldType]:
    """Return what stands for a field that is only counted."""
    if field_type in NUMBERS:
        return column, field_type
    return Present(column), FieldType.INTEGER


def _condition(column: int, condition: Condition, field_type: FieldType) -> Compared:
    """Return a condition as the kernel has it; whole numbers are compared with whole numbers."""
    comparison, number = condition.comparison, condition.number
    if field_type is FieldType.FLOAT:
        return column, _COMPARISONS[comparison], 0, number
    comparison, whole = whole_condition(comparison, number)
    return column, _COMPARISONS[comparison], whole, 0.0


def _columns(plan: Select, grid: Grid, grouping: Grouping) -> Columns:
    times_ns, intervals = grid.times_ns()
    answer = Columns(times_ns, [])
    for number, tags in grouping.shown:
        for at, name in enumerate(plan.fields):
            values = grid.values(number, at, intervals)
            if values is not None:
                answer.series.append(Series(name, tags, values))
    return answer
