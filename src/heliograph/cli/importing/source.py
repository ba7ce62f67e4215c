"""What can be copied from: buckets, their measurements, and the lines of a range of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from heliograph.model.point import Point


@dataclass(frozen=True, slots=True)
class Place:
    """A database with one of its policies, or a bucket, and the hub's bucket that its points go to."""

    database: str
    policy: str
    bucket: str
    keep_seconds: int
    """How long it keeps its points, 0 for ever."""

    @property
    def shown(self) -> str:
        """The name at the source."""
        return f"{self.database}/{self.policy}" if self.policy else self.database


class Source(Protocol):
    """A server that has points. Times are ns; ranges are ``start_ns <= time < end_ns``.

    Every method raises HubError where the server does not answer, and QueryError where it refuses.
    """

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    def places(self) -> list[Place]:
        """Return what it has, without what it keeps about itself."""
        ...

    def measurements(self, place: Place) -> list[str]:
        """Return the names of the measurements."""
        ...

    def bounds(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> tuple[int, int] | None:
        """Return the times of the first and the last point; None where there is none."""
        ...

    def points(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> Iterator[Point]:
        """Yield the points as they come; one point may come in parts, with some of its fields each."""
        ...

    def counts(self, place: Place, measurement: str, start_ns: int, end_ns: int) -> Counter[str]:
        """Return how many values each field has."""
        ...

    def warnings(self) -> list[str]:
        """Return what a person should know about what cannot be copied."""
        ...
