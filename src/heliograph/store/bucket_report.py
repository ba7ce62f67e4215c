"""What a bucket holds, for how long, and when something of it will be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from heliograph.store.catalogue import Catalogue
from heliograph.store.hot.table import HotTable
from heliograph.store.relation import Segment
from heliograph.store.retention import FOREVER, WHOLE_BUCKET, Place, Rules, keep_ns
from heliograph.store.rollups.summary import RAW


@dataclass(frozen=True, slots=True)
class RollupReport:
    """The summaries of one resolution."""

    keep_ns: int
    own: bool
    rules: Rules
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BucketReport:
    """One bucket at one moment."""

    name: str
    keep_ns: int
    """How long its points are kept where no rule says otherwise, or ``FOREVER``."""
    own: bool
    """Whether that was set for this bucket; otherwise it is the hub's default."""
    rules: Rules
    """By pattern of measurements, what is kept shorter or longer."""
    rows: int
    segments: int
    size_bytes: int
    oldest_ns: int | None
    """The time of the oldest point; None when there is none."""
    next_expiry_ns: int | None
    """When the first of them will be old enough to be forgotten; None when none ever will."""
    rollups: dict[int, RollupReport]
    """By resolution, in ns, what is summarised."""


def bucket_reports(
    catalogue: Catalogue, hot: Iterable[tuple[Place, HotTable]], default_ns: Mapping[int, int]
) -> list[BucketReport]:
    """Return a report on each bucket, by name."""
    hot = list(hot)
    return [
        _report(
            catalogue,
            name,
            [(place, table) for place, table in hot if place[0] == name and len(table)],
            default_ns,
        )
        for name in sorted(catalogue.measurements)
    ]


def _report(
    catalogue: Catalogue, name: str, hot: list[tuple[Place, HotTable]], defaults_ns: Mapping[int, int]
) -> BucketReport:
    default_ns = defaults_ns[RAW]
    rules = catalogue.rules.get(name, {})
    segments = [(p, segment) for p, some in catalogue.segments.items() if p[0] == name for segment in some]
    parts: list[tuple[Place, Segment | HotTable]] = [*segments, *hot]
    keeps = {place: keep_ns(rules, place[1], default_ns) for place, _ in parts}
    return BucketReport(
        name=name,
        keep_ns=rules.get(WHOLE_BUCKET, default_ns),
        own=WHOLE_BUCKET in rules,
        rules=_named(rules),
        rows=sum(s.rows for _, s in segments) + sum(len(table) for _, table in hot),
        segments=len(segments),
        size_bytes=sum(s.size_bytes for _, s in segments),
        oldest_ns=min((part.min_ns for _, part in parts), default=None),
        next_expiry_ns=min(
            (part.max_ns + keeps[place] for place, part in parts if keeps[place] != FOREVER), default=None
        ),
        rollups={
            resolution_ns: _rollup(catalogue, name, resolution_ns, keep)
            for resolution_ns, keep in defaults_ns.items()
            if resolution_ns != RAW
        },
    )


def _rollup(catalogue: Catalogue, name: str, resolution_ns: int, default_ns: int) -> RollupReport:
    rules = catalogue.rules_of(name, resolution_ns)
    kind = catalogue.rollups[resolution_ns]
    return RollupReport(
        keep_ns=rules.get(WHOLE_BUCKET, default_ns),
        own=WHOLE_BUCKET in rules,
        rules=_named(rules),
        size_bytes=sum(s.size_bytes for place, some in kind.items() if place[0] == name for s in some),
    )


def _named(rules: Rules) -> Rules:
    return {pattern: keep for pattern, keep in sorted(rules.items()) if pattern != WHOLE_BUCKET}
