"""How long points are kept, and which segments go: pure choice, no files.

A segment goes whole, and only when even its newest point is older than its measurement keeps; one
segment never holds points of two UTC days, so a point stays up to a day longer than promised and never
shorter. What has to make room for the size cap goes by days, the oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from heliograph.model.table import Batch
from heliograph.model.time import DAY_NS, MIN_TIME_NS
from heliograph.store.hot.columns import bounds
from heliograph.store.relation import Segment

FOREVER: Final = 0
"""Instead of a duration in a rule."""
WHOLE_BUCKET: Final = ""
"""The pattern of the rule for all measurements that no other rule names."""

Rules: TypeAlias = Mapping[str, int]
"""The rules of one bucket: by pattern of measurements, how long they are kept, in ns or ``FOREVER``."""
Place: TypeAlias = tuple[str, str]
"""Bucket and measurement."""
Placed: TypeAlias = tuple[Place, Segment]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was let go."""

    segments: int = 0
    rows: int = 0
    size_bytes: int = 0
    newest_ns: int = MIN_TIME_NS
    """The time of its newest point."""


def keep_ns(rules: Rules, measurement: str, default_ns: int) -> int:
    """Return how long a measurement is kept, in ns, or ``FOREVER``.

    A rule with its very name wins, then that with the longest pattern that matches (``*``, ``?`` and
    ``[…]``; of equally long ones the first by alphabet), then the bucket's own rule, then the default.
    """
    if measurement in rules:
        return rules[measurement]
    matching = [pattern for pattern in rules if pattern and fnmatchcase(measurement, pattern)]
    best = min(matching, key=lambda pattern: (-len(pattern), pattern), default=WHOLE_BUCKET)
    return rules.get(best, default_ns)


def expired(
    segments: Mapping[Place, Sequence[Segment]], kept_ns: Callable[[Place], int], now_ns: int
) -> list[Placed]:
    """Return the segments whose newest point is older than its measurement keeps, oldest first."""
    found: list[Placed] = []
    for place, some in segments.items():
        keep = kept_ns(place)
        if keep != FOREVER:
            found += [(place, segment) for segment in some if segment.max_ns < now_ns - keep]
    return sorted(found, key=_age)


def surplus(segments: Mapping[Place, Sequence[Segment]], limit_bytes: int) -> list[Placed]:
    """Return the oldest segments, day by day over all measurements, without which the rest fits."""
    total = sum(segment.size_bytes for some in segments.values() for segment in some)
    found: list[Placed] = []
    for placed in sorted(((place, s) for place, some in segments.items() for s in some), key=_age):
        if total <= limit_bytes:
            break
        found.append(placed)
        total -= placed[1].size_bytes
    return found


def _age(placed: Placed) -> tuple[int, int, int]:
    segment = placed[1]
    return segment.min_ns // DAY_NS, segment.max_ns, segment.id


def total(placed: Iterable[Placed]) -> Forgotten:
    """Return what some segments are together."""
    segments = [segment for _, segment in placed]
    return Forgotten(
        segments=len(segments),
        rows=sum(s.rows for s in segments),
        size_bytes=sum(s.size_bytes for s in segments),
        newest_ns=max((s.max_ns for s in segments), default=MIN_TIME_NS),
    )


def without_old(batch: Batch, oldest_ns: Callable[[str], int]) -> tuple[Batch, int]:
    """Return a batch without the points before a time given by measurement, and how many those were."""
    kept: Batch = {}
    refused = 0
    for name, table in batch.items():
        limit_ns = oldest_ns(name)
        if limit_ns <= MIN_TIME_NS or bounds(table.times_ns)[0] >= limit_ns:
            kept[name] = table
            continue
        rest = table.take([row for row, time_ns in enumerate(table.times_ns) if time_ns >= limit_ns])
        refused += len(table) - len(rest)
        if len(rest):
            kept[name] = rest
    return kept, refused
