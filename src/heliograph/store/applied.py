"""Where a batch stands in a stream, and what it changed once it was applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heliograph.model.point import SeriesKey
from heliograph.model.watermark import Watermark


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a stream a batch stands."""

    stream: str
    created: str
    seq: int

    @property
    def mark(self) -> Watermark:
        """The same without the stream's name."""
        return Watermark(self.created, self.seq)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch changed that others want to know."""

    bucket: str
    spans: Mapping[str, tuple[int, int]]
    """Per measurement the earliest and latest time."""
    series: Mapping[str, Sequence[SeriesKey]]
    """Per measurement the series."""
    new_schema: bool
    """A series, tag, field or measurement never seen before."""

    @property
    def hosts(self) -> dict[str, frozenset[str]]:
        """Per measurement the values of the tag ``host``; ``""`` for points without it."""
        return {
            name: frozenset(dict(key).get("host", "") for key in keys) for name, keys in self.series.items()
        }
