"""Which segments to merge: pure choice, no files.

Sealing every ten minutes makes 144 small files a day and measurement; a query over a month would open
thousands. Neighbours of one day and level are merged twelve at a time into the next level, and what is
left of a day when a later one has begun is merged whatever its level: a point is written about three times
in all, and a day ends as no more than ``CLOSED_FILES`` files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from heliograph.model.time import DAY_NS
from heliograph.store.relation import Segment

FAN_IN: Final = 12
CLOSED_FILES: Final = 3
"""A past day may keep this many files, so that a late point does not write the whole day again."""
MAX_ROWS: Final = 1_000_000
"""No merge makes a larger segment: sorting it must fit the query engine's memory."""


def due(segments: Sequence[Segment], *, part_ns: int = DAY_NS, max_rows: int = MAX_ROWS) -> list[Segment]:
    """Return neighbours that should become one segment; empty if there are none.

    ``segments`` are those of one measurement in the order of sealing, each within one UTC day, or part of
    time of another length. Only neighbours of a day may be merged: of equal points the later segment wins,
    and that order must stay.
    """

    def part(segment: Segment) -> int:
        return segment.min_ns // part_ns

    by_day = sorted(segments, key=part)
    newest = part(by_day[-1]) if by_day else 0
    for _, run in groupby(by_day, key=lambda s: (part(s), s.level)):
        chosen = next((group for group in _groups(run, max_rows) if len(group) >= FAN_IN), [])
        if chosen:
            return chosen[:FAN_IN]
    for day, run in groupby(by_day, key=part):
        groups = _groups(run, max_rows)
        files = sum(map(len, groups))
        if day < newest and files > max(CLOSED_FILES, len(groups)):
            return next(group for group in groups if len(group) > 1)
    return []


def _groups(segments: Iterable[Segment], max_rows: int) -> list[list[Segment]]:
    """Split neighbours into groups of at most ``max_rows`` rows; a larger segment stands alone."""
    groups: list[list[Segment]] = []
    rows = max_rows
    for segment in segments:
        if rows + segment.rows > max_rows:
            groups.append([])
            rows = 0
        groups[-1].append(segment)
        rows += segment.rows
    return groups
