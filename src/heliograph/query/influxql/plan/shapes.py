"""The shapes that travel between the steps of an answer; none of them knows an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS

if TYPE_CHECKING:  # it knows the steps
    from heliograph.query.influxql.memory.kept import Kept

Value: TypeAlias = float | int | bool | str | None
Key: TypeAlias = tuple[str, tuple[str, ...]]
"""A measurement's name and the values of the grouping tags, "" where a series has none."""

TYPES: Final = ("float", "integer", "unsigned", "string", "boolean", "tag")
"""The types of columns; where sources differ the first of these wins, as in InfluxDB."""
NUMERIC: Final = frozenset({"float", "integer", "unsigned"})
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From the first to the last ns, both included; None is not said."""

    min_ns: int | None = None
    max_ns: int | None = None

    def intersect(self, other: TimeRange) -> TimeRange:
        """Return what lies in both."""
        lows = [low for low in (self.min_ns, other.min_ns) if low is not None]
        highs = [high for high in (self.max_ns, other.max_ns) if high is not None]
        return TimeRange(max(lows) if lows else None, min(highs) if highs else None)

    @property
    def start_ns(self) -> int:
        """The first time."""
        return MIN_TIME_NS if self.min_ns is None else max(self.min_ns, MIN_TIME_NS)

    @property
    def end_ns(self) -> int:
        """The last time."""
        return MAX_TIME_NS if self.max_ns is None else min(self.max_ns, MAX_TIME_NS)


@dataclass(frozen=True, slots=True)
class Points:
    """The points of one call in one series, in the order of the answer."""

    times_ns: list[int]
    values: list[Value]
    aux: list[tuple[Value, ...]] | None = None
    """Other columns of the point that a selector has chosen."""

    def slice(self, first: int, last: int | None) -> Points:
        """Return some of the points."""
        part = slice(first, last)
        return Points(self.times_ns[part], self.values[part], self.aux[part] if self.aux else self.aux)


@dataclass(slots=True)
class Series:
    """Rows of one series of an answer."""

    name: str
    tags: dict[str, str]
    columns: list[str]
    rows: list[list[Any]]
    timed: bool = False
    """Whether the first column is a time in ns."""
    whole: bool = False
    """Whether it is never cut into chunks."""


@dataclass(slots=True)
class Result:
    """What a statement gives; an error ends the statements after it."""

    series: list[Series] = field(default_factory=list)
    messages: list[Mapping[str, str]] = field(default_factory=list)
    error: str | None = None
    zone: str = ""
    """The time zone in which times are shown."""
    kept: Kept | None = None
    """By what it is told later whether it would be the same again, where that can be."""
