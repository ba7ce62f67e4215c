"""Which segments to merge: pure choice, no files.

Sealing every ten minutes makes 144 small files a day and measurement; a query over a month would open
thousands. Neighbours of one day and level are merged twelve at a time into the next level, so that a
point is written about three times in all and a day ends as one or two files.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from heliograph.model.time import DAY_NS
from heliograph.store.relation import Segment

FAN_IN: Final = 12
MAX_ROWS: Final = 1_000_000
"""No merge makes a larger segment: sorting it must fit the query engine's memory."""


def due(segments: Sequence[Segment]) -> list[Segment]:
    """Return the first ``FAN_IN`` or more neighbours that should become one; empty if there are none.

    ``segments`` are those of one measurement in the order of sealing, each within one UTC day. Only
    neighbours of a day may be merged: of equal points the later segment wins, and that order must stay.
    """
    by_day = sorted(segments, key=_day)
    for _, run in groupby(by_day, key=lambda s: (_day(s), s.level)):
        chosen: list[Segment] = []
        rows = 0
        for segment in run:
            if rows + segment.rows > MAX_ROWS:
                chosen, rows = [], 0  # those before it are large enough; what follows may not be
                if segment.rows > MAX_ROWS:
                    continue
            chosen.append(segment)
            rows += segment.rows
            if len(chosen) == FAN_IN:
                return chosen
    return []


def _day(segment: Segment) -> int:
    return segment.min_ns // DAY_NS
