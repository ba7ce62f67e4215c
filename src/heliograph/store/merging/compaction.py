"""Which segments to merge: pure choice, no files.

Sealing every ten minutes makes 144 small files a day and measurement; a query over a month would open
thousands. Neighbours of one day and level are merged twelve at a time into the next level, and what is
left of a day when a later one has begun is merged whatever its level, so that a past day has no more than
``CLOSED_FILES`` small files. Once a day every past day that has several files becomes one. A point is written
about four times in all.
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
"""No merge during the day makes a larger segment: the day's own merge would only write it again."""
DAY_ROWS: Final = 16_000_000
"""A day with more rows ends as several files: a merge of minutes would keep what is too old from being
forgotten, and begin anew if it is interrupted."""


def due(
    segments: Sequence[Segment],
    closed_before: int | None = None,
    *,
    part_ns: int = DAY_NS,
    max_rows: int = MAX_ROWS,
) -> list[Segment]:
    """Return neighbours that should become one segment; empty if there are none.

    ``segments`` are those of one measurement in the order of sealing, each within one UTC day, or a part of
    time of another length. Only neighbours of a day may be merged: of equal points the later segment wins,
    and that order must stay. Days before ``closed_before``, counted from 1970, are to become one file each.
    """

    def part(segment: Segment) -> int:
        return segment.min_ns // part_ns

    by_day = sorted(segments, key=part)
    for day, run in groupby(by_day, key=part):
        if closed_before is not None and (day + 1) * part_ns <= closed_before * DAY_NS:
            several = [group for group in _groups(run, DAY_ROWS * max_rows // MAX_ROWS) if len(group) > 1]
            if several:
                return several[0]
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
    """Split neighbours into groups of at most so many rows; a larger segment stands alone."""
    groups: list[list[Segment]] = []
    rows = max_rows
    for segment in segments:
        if rows + segment.rows > max_rows:
            groups.append([])
            rows = 0
        groups[-1].append(segment)
        rows += segment.rows
    return groups
