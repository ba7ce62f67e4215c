"""What is asked, in the product's own terms; no engine shows here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from heliograph.errors import QueryError

ALL: Final = 2**40
"""A limit on points that is none."""


class Aggregate(Enum):
    """How the points of one interval become one value."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    FIRST = "first"
    LAST = "last"


class Comparison(Enum):
    """How the value of a field must stand to a number."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Condition:
    """What the points of a query must meet; one without the field does not."""

    field: str
    comparison: Comparison
    number: float


@dataclass(frozen=True, slots=True)
class Select:
    """Fields of one measurement, per interval and group.

    Intervals are aligned to multiples of ``interval_ns`` since 1970. ``where`` holds, per tag, the
    values of which one must match; ``""`` matches a series without the tag. Only points that meet all
    ``conditions`` count. With ``rate`` each series' last value per interval becomes its non-negative
    change per second, summed over the group. With ``limit`` each series of the answer has no more than so
    many values: the first ones, or with ``newest`` the last.
    """

    bucket: str
    measurement: str
    fields: tuple[str, ...]
    start_ns: int
    end_ns: int
    interval_ns: int
    aggregate: Aggregate = Aggregate.MEAN
    rate: bool = False
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group_by: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    limit: int | None = None
    newest: bool = False

    def __post_init__(self) -> None:
        if not self.fields:
            raise QueryError("a query needs at least one field")
        if self.limit is not None and self.limit < 1:
            raise QueryError(f"limit must be at least 1, {self.limit} came")
        check_range(self.start_ns, self.end_ns, self.interval_ns)


@dataclass(frozen=True, slots=True)
class SelectRows:
    """The points of one measurement by time: the first ``limit``, or with ``newest`` the last."""

    bucket: str
    measurement: str
    fields: tuple[str, ...]
    start_ns: int
    end_ns: int
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    """Which tags are told of each point."""
    conditions: tuple[Condition, ...] = ()
    limit: int = ALL
    newest: bool = False

    def __post_init__(self) -> None:
        if not self.fields:
            raise QueryError("a query needs at least one field")
        if not 1 <= self.limit <= ALL:
            raise QueryError(f"limit must be at least 1, {self.limit} came")
        if self.end_ns <= self.start_ns:
            raise QueryError("the range is empty: its end must be after its start")


def check_range(start_ns: int, end_ns: int, interval_ns: int) -> None:
    """Refuse a range that is empty.

    Raises:
        QueryError: with the reason.
    """
    if end_ns <= start_ns:
        raise QueryError("the range is empty: its end must be after its start")
    if interval_ns <= 0:
        raise QueryError("the interval must be longer than nothing")


Value: TypeAlias = float | int | bool | str | None


@dataclass(slots=True)
class Series:
    """One line of an answer: a value or None per entry of the answer's ``times_ns``."""

    field: str
    tags: dict[str, str]
    values: list[Value]


@dataclass(slots=True)
class Columns:
    """An answer: the times once, ascending, and one list of values per series."""

    times_ns: list[int]
    series: list[Series]

    def limited(self, limit: int, *, newest: bool) -> Columns:
        """Return the answer with only the first, or the newest, values of each series."""
        for series in self.series:
            held = [i for i, value in enumerate(series.values) if value is not None]
            for i in held[:-limit] if newest else held[limit:]:
                series.values[i] = None
        kept = [i for i in range(len(self.times_ns)) if any(s.values[i] is not None for s in self.series)]
        return Columns(
            [self.times_ns[i] for i in kept],
            [Series(s.field, s.tags, [s.values[i] for i in kept]) for s in self.series],
        )


@dataclass(slots=True)
class Rows:
    """An answer: one entry of each list per point, by time."""

    times_ns: list[int]
    tags: dict[str, list[str | None]]
    fields: dict[str, list[Value]]
    truncated: bool
    """There were more points."""
