"""How long points are kept, and which segments go: pure choice, no files.

A segment goes whole, and only when even its newest point is older than its measurement keeps; one
segment never holds points of two UTC days, so a point stays up to a day longer than promised and never
shorter. What has to make room for the size cap goes by days, the oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain
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
class Keeping:
    """How long is kept what no rule is about, and how it is summarised."""

    points_ns: int = FOREVER
    rollups_ns: Mapping[int, int] = field(default_factory=dict)
    """By resolution, in ns, how long summaries are kept; without any none are made."""
    settle: float = 600.0
    """Seconds. Late points of an hour mostly come together: it is summarised so long after the last."""

    @property
    def by_resolution(self) -> dict[int, int]:
        """Return how long is kept what, by resolution: 0 for points."""
        return {0: self.points_ns, **self.rollups_ns}


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
    segments: Mapping[Place, Sequence[Segment]],
    kept_ns: Callable[[Place], int],
    now_ns: int,
    grain_ns: int = 1,
) -> list[Placed]:
    """Return the segments whose newest point is older than its measurement keeps, oldest first.

    Points of one ``grain_ns`` go no earlier than the newest of them could.
    """
    found: list[Placed] = []
    for place, some in segments.items():
        keep = kept_ns(place)
        if keep != FOREVER:
            found += [(place, s) for s in some if after(s, grain_ns) <= now_ns - keep]
    return sorted(found, key=_age)


def after(segment: Segment, grain_ns: int) -> int:
    """Return the first time that is a multiple of ``grain_ns`` and later than all that a segment holds."""
    return (segment.max_ns // grain_ns + 1) * grain_ns


def surplus(*kinds: Mapping[Place, Sequence[Segment]], limit_bytes: int) -> list[Placed]:
    """Return the segments without which the rest fits.

    ``kinds`` are those of points and then of summaries, in the order in which they go: of each the
    oldest, day by day over all measurements. The points of the newest day are the last to go.
    """
    order = [[(place, s) for place, some in kind.items() for s in some] for kind in kinds]
    points = order[0] if order else []
    newest = max((segment.min_ns // DAY_NS for _, segment in points), default=0)
    last = [placed for placed in points if placed[1].min_ns // DAY_NS == newest]
    order[:1] = [[placed for placed in points if placed[1].min_ns // DAY_NS != newest]]
    size_bytes = sum(segment.size_bytes for kind in (*order, last) for _, segment in kind)
    found: list[Placed] = []
    for placed in chain.from_iterable(sorted(kind, key=_age) for kind in (*order, last)):
        if size_bytes <= limit_bytes:
            break
        found.append(placed)
        size_bytes -= placed[1].size_bytes
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
