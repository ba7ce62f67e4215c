"""What is asked, in the product's own terms; no engine shows here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from heliograph.errors import QueryError

MAX_BUCKETS: Final = 11_000
"""More intervals than this in one range are refused: nobody can see them, and they fill the memory."""


class Aggregate(Enum):
    """How the points of one interval become one value."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Select:
    """Fields of one measurement, per interval and group.

    Intervals are aligned to multiples of ``interval_ns`` since 1970. ``where`` holds, per tag, the
    values of which one must match; ``""`` matches a series without the tag. With ``rate`` each series'
    last value per interval becomes its non-negative change per second, summed over the group.
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

    def __post_init__(self) -> None:
        if not self.fields:
            raise QueryError("a query needs at least one field")
        check_range(self.start_ns, self.end_ns, self.interval_ns)


def check_range(start_ns: int, end_ns: int, interval_ns: int) -> None:
    """Refuse a range that is empty or has too many intervals.

    Raises:
        QueryError: with the reason.
    """
    if end_ns <= start_ns:
        raise QueryError("the range is empty: its end must be after its start")
    if interval_ns <= 0:
        raise QueryError("the interval must be longer than nothing")
    intervals = (end_ns - start_ns) // interval_ns + 1
    if intervals > MAX_BUCKETS:
        raise QueryError(
            f"the range has {intervals:,} intervals, {MAX_BUCKETS:,} are the most; ask for longer intervals"
        )


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
