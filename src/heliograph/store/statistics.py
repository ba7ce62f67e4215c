"""What a store holds at one moment, in figures and in summaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heliograph.store.catalogue import Catalogue
from heliograph.store.generation import Generation
from heliograph.store.relation import Rollups
from heliograph.store.retention import Place


@dataclass(frozen=True, slots=True)
class StoreStatistics:
    """What the store holds."""

    rows_hot: int
    rows_sealed: int
    segments: int
    size_bytes: int
    """Of the segments of points and of summaries."""
    rollup_segments: int = 0
    rollup_bytes: int = 0
    open_hours: int = 0
    """Hours of measurements that are still to be summarised."""


def statistics(catalogue: Catalogue, generations: Sequence[Generation]) -> StoreStatistics:
    """Return the figures of a store; with the lock of its state."""
    segments = [s for _, s in catalogue.placed()]
    points = [s for s in segments if not s.resolution_ns]
    rollups = [s for s in segments if s.resolution_ns]
    return StoreStatistics(
        rows_hot=sum(g.rows for g in generations),
        rows_sealed=sum(s.rows for s in points),
        segments=len(points),
        size_bytes=sum(s.size_bytes for s in segments),
        rollup_segments=len(rollups),
        rollup_bytes=sum(s.size_bytes for s in rollups),
        open_hours=sum(map(len, catalogue.rolled.open.values())),
    )


def rollups_of(catalogue: Catalogue, place: Place, generations: Sequence[Generation]) -> Rollups:
    """Return where the summaries of a measurement stand; with the lock of the state."""
    hot = [g.hours[place] for g in generations if place in g.hours]
    return Rollups(
        {resolution_ns: tuple(kind.get(place, ())) for resolution_ns, kind in catalogue.rollups.items()},
        frozenset().union(catalogue.rolled.open.get(place, ()), *hot),
        dict(catalogue.rolled.complete_from_ns.get(place, {})),
    )
