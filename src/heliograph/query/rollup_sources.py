"""Where a plan's points are read: as they came, or summarised. Pure choice of windows of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.store.relation import Rollups, Snapshot, Window, joined
from heliograph.store.rollups.progress import hour_span
from heliograph.store.rollups.summary import RAW, RESOLUTIONS

MAX_RAW_WINDOWS: Final = 16
"""Of more windows of points than this those that lie closest are joined: each is a statement's part."""


FEW_POINTS: Final = 500_000
"""From so many on it pays to read summaries: fewer are answered from columns in memory as fast."""


_NONE: Final[Sequence[Window]] = ()


def choose(
    snapshot: Snapshot, rollups: Rollups, span: Window, interval_ns: int
) -> Mapping[int, Sequence[Window]]:
    """Return, by resolution, the windows of a span that are read from it; together they are the span.

    Summaries stand for points where that is exact: the interval is a multiple of theirs, no part of one
    is outside, and no point has come since they were made. What was forgotten of the points is read from
    the finest summaries that there are, whatever the interval; a summary is then taken for a point at its
    interval's start. An interval of 0 says that summaries do not have all that is asked.

    Few points are read as they are, since that is quicker.
    """
    start_ns, end_ns = span
    points = sum([s.rows for s in snapshot.segments if s.min_ns < end_ns and s.max_ns >= start_ns])
    if points < FEW_POINTS:
        if rollups.complete_from_ns.get(RAW, MIN_TIME_NS) <= start_ns < end_ns <= MAX_TIME_NS + 1:
            return {RAW: [span], **dict.fromkeys(RESOLUTIONS, _NONE)}
        interval_ns = 0
    whole_from = {r: rollups.complete_from_ns.get(r, MIN_TIME_NS) for r in (RAW, *RESOLUTIONS)}
    rest = [span]
    closed = without(rest, hour_windows(rollups.open_hours))
    chosen: dict[int, list[Window]] = {}
    for resolution_ns in reversed(RESOLUTIONS):
        if interval_ns and interval_ns % resolution_ns == 0:
            usable = aligned(within(closed, whole_from[resolution_ns], MAX_TIME_NS + 1), resolution_ns)
            chosen[resolution_ns] = usable
            closed, rest = without(closed, usable), without(rest, usable)
    chosen[RAW] = joined(within(rest, whole_from[RAW], MAX_TIME_NS + 1), MAX_RAW_WINDOWS)
    chosen = {r: without(windows, chosen[RAW]) if r != RAW else windows for r, windows in chosen.items()}
    gone = within(rest, MIN_TIME_NS, whole_from[RAW])
    for resolution_ns in RESOLUTIONS:
        usable = within(gone, whole_from[resolution_ns], MAX_TIME_NS + 1)
        chosen[resolution_ns] = sorted(chosen.get(resolution_ns, []) + usable)
        gone = without(gone, usable)
    chosen[RAW] = sorted(chosen[RAW] + gone)
    return chosen


def hour_windows(hours: Iterable[int]) -> list[Window]:
    """Return hours as windows, neighbours as one."""
    windows: list[Window] = []
    for hour in sorted(hours):
        start_ns, end_ns = hour_span(hour, hour)
        if windows and windows[-1][1] == start_ns:
            start_ns = windows.pop()[0]
        windows.append((start_ns, end_ns))
    return windows


def within(windows: Sequence[Window], start_ns: int, end_ns: int) -> list[Window]:
    """Return the parts of windows that lie between two times."""
    cut = [(max(low, start_ns), min(high, end_ns)) for low, high in windows]
    return [(low, high) for low, high in cut if low < high]


def without(windows: Sequence[Window], others: Sequence[Window]) -> list[Window]:
    """Return the parts of windows that lie outside all others; both are disjoint and ascending."""
    left: list[Window] = []
    ends = [(MIN_TIME_NS, MIN_TIME_NS), *others, (MAX_TIME_NS + 1, MAX_TIME_NS + 1)]
    for (_, low), (high, _) in pairwise(ends):
        left += within(windows, low, high)
    return sorted(left)


def aligned(windows: Sequence[Window], step_ns: int) -> list[Window]:
    """Return the parts of windows that are whole intervals."""
    cut = [(-(-low // step_ns) * step_ns, high // step_ns * step_ns) for low, high in windows]
    return [(low, high) for low, high in cut if low < high]
