"""Deleting by predicate: hidden at once, written away later.

A delete takes one transaction, however much it means: the segments and hot tables that are there are marked
with it, and whoever reads them leaves its points out. Segments that lose all their points go at once. The
others are written anew by :meth:`Eraser.rewrite`, so that the points leave the disk, too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from heliograph.model.point import SeriesKey
from heliograph.model.time import MIN_TIME_NS
from heliograph.store.catalogue import Catalogue, put
from heliograph.store.database import Database
from heliograph.store.deletes.deletion import Deletion, series_sql
from heliograph.store.duck import Duck
from heliograph.store.generation import Generation
from heliograph.store.relation import Segment, Snapshot, render
from heliograph.store.retention import Place, Placed
from heliograph.store.sql_text import quote

log = logging.getLogger(__name__)

Span: TypeAlias = tuple[int, int]
"""Start (inclusive) and end (exclusive), int64 ns."""
Latest: TypeAlias = Mapping[Place, Mapping[SeriesKey, int]]
"""By place and series, the time of the latest point."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a delete touched; what is summarised there has to be made anew."""

    bucket: str
    spans: Mapping[str, Span]
    """By measurement."""
    gone: tuple[Segment, ...]
    """Segments of which nothing is left."""


class Eraser:
    """The deletes of a store. Each method says whether the lock of the state must be held."""

    def __init__(
        self,
        catalogue: Catalogue,
        database: Database,
        duck: Duck,
        snapshot: Callable[[str, str], Snapshot | None],
        waiting: Callable[[], Sequence[Generation]],
    ) -> None:
        self._catalogue = catalogue
        self._database = database
        self._duck = duck
        self._snapshot = snapshot
        self.waiting = waiting
        """Gives the hot tables, oldest first, and lets the lists of series know them; with the lock."""

    def enter(self, deletion: Deletion, generations: Sequence[Generation]) -> Deleted:
        """Make a delete hold, for the segments and some generations; with the lock of the state.

        Raises:
            StoreBusy: the catalogue cannot be written; nothing was deleted.
        """
        touched: dict[str, Span] = {}
        gone: list[Placed] = []
        hidden: list[Placed] = []
        series: dict[Place, list[SeriesKey]] = {}
        for name in self._meant(deletion):
            place = deletion.bucket, name
            meeting = [
                (place, s)
                for s in self._catalogue.all_of(place)
                if deletion.of_summaries(s.resolution_ns).meets(name, s.min_ns, s.max_ns)
            ]
            tables = [g.tables[place] for g in generations if place in g.tables]
            spans = [(s.min_ns, s.max_ns + max(s.resolution_ns - 1, 0)) for _, s in meeting]
            spans += [(t.min_ns, t.max_ns) for t in tables if deletion.meets(name, t.min_ns, t.max_ns)]
            if not spans:
                continue
            low, high = min(low for low, _ in spans), max(high for _, high in spans)
            touched[name] = max(low, deletion.start_ns), min(high + 1, deletion.end_ns)
            for placed in meeting:
                segment = placed[1]
                whole = deletion.of_summaries(segment.resolution_ns).covers(segment.min_ns, segment.max_ns)
                (gone if whole else hidden).append(placed)
            series[place] = self._ending(deletion, place)
        entered = self._write(deletion, gone, hidden, series)
        for generation in generations:
            if generation.meets(entered):
                generation.deletions.append(entered)
        return Deleted(deletion.bucket, touched, tuple(segment for _, segment in gone))

    def _meant(self, deletion: Deletion) -> list[str]:
        """Return the measurements of which a series is meant."""
        names = [n for n in self._catalogue.bucket(deletion.bucket) if deletion.predicate.names(n)]
        if self._catalogue.deletions.unsettled(deletion.bucket):
            return names  # the lists are not whole
        known = self._catalogue.series
        return [
            name
            for name in names
            if any(deletion.predicate.matches(key) for key in known.get((deletion.bucket, name), ()))
        ]

    def _ending(self, deletion: Deletion, place: Place) -> list[SeriesKey]:
        """Return the series whose latest point is deleted."""
        return [
            key
            for key, last_ns in self._catalogue.series.get(place, {}).items()
            if deletion.start_ns <= last_ns < deletion.end_ns and deletion.predicate.matches(key)
        ]

    def _write(
        self,
        deletion: Deletion,
        gone: Sequence[Placed],
        hidden: Sequence[Placed],
        series: Mapping[Place, Sequence[SeriesKey]],
    ) -> Deletion:
        with self._database.transaction() as sql:
            deletion = self._catalogue.deletions.insert(sql, deletion)
            marked = {s.path: replace(s, deletions=(*s.deletions, deletion)) for _, s in hidden}
            sql.executemany("UPDATE segment SET deletions = ? WHERE id = ?", map(_marks_row, marked.values()))
            sql.executemany("DELETE FROM segment WHERE id = ?", [(s.id,) for _, s in gone])
            self._catalogue.files.retire(sql, [s for _, s in gone])
            for place, segment in (*gone, *hidden):
                # a summary goes with any part of its interval, also where no point is deleted
                self._catalogue.reopen(sql, place, deletion.start_ns, deletion.end_ns, [segment])
            sql.executemany(
                "DELETE FROM series WHERE bucket = ? AND measurement = ? AND tags = ?",
                [(*place, json.dumps(key)) for place, keys in series.items() for key in keys],
            )
        self._catalogue.deletions.enter(deletion)
        out = {s.path for _, s in gone}
        for place, resolution_ns in {(place, s.resolution_ns) for place, s in (*gone, *hidden)}:
            kind = self._catalogue.of(resolution_ns)
            put(kind, place, [marked.get(s.path, s) for s in kind[place] if s.path not in out])
        for place, keys in series.items():
            ended = frozenset(keys)
            known = self._catalogue.series.get(place, {})
            put(self._catalogue.series, place, {k: last for k, last in known.items() if k not in ended})
        return deletion

    # --- the list of series -----------------------------------------------------------------------

    def latest(self, deletion: Deletion) -> Latest:
        """Return the series that a delete may have taken from the lists and that have older points; no lock.

        Only its own end of the range matters: a series with later points never left.

        Raises:
            StoreError, QueryError: a segment cannot be read, or there is no memory for it.
        """
        found: dict[Place, dict[SeriesKey, int]] = {}
        for name in self._names(deletion):
            snapshot = self._snapshot(deletion.bucket, name)
            if snapshot is not None and deletion.start_ns > MIN_TIME_NS:
                found[deletion.bucket, name] = self._latest(deletion, snapshot)
        return {place: series for place, series in found.items() if series}

    def _names(self, deletion: Deletion) -> list[str]:
        known = self._catalogue.measurements.get(deletion.bucket, {})
        return [name for name in list(known) if deletion.predicate.names(name)]

    def _latest(self, deletion: Deletion, snapshot: Snapshot) -> dict[SeriesKey, int]:
        """Return the latest time of each series before a delete, of points or else of summaries."""
        found: dict[SeriesKey, int] = {}
        for segments in snapshot.rollups.segments.values() if snapshot.rollups else ():
            found |= self._latest_of(deletion, replace(snapshot, segments=segments, hot=()))
        return found | self._latest_of(deletion, snapshot)

    def _latest_of(self, deletion: Deletion, snapshot: Snapshot) -> dict[SeriesKey, int]:
        tags = snapshot.measurement.tags
        columns = ", ".join(["max(time)", *(quote(physical) for physical in tags.values())])
        with self._duck.cursor() as cursor:
            rows = render(
                snapshot, cursor.register, start_ns=MIN_TIME_NS, end_ns=deletion.start_ns, fields=()
            )
            answer = cursor.rows(
                f"SELECT {columns} FROM ({rows}) WHERE {series_sql(deletion.predicate, snapshot.measurement)}"
                " GROUP BY ALL"
            )
        return {
            tuple(sorted((t, v) for t, v in zip(tags, values, strict=True) if v is not None)): last_ns
            for last_ns, *values in answer
            if last_ns is not None  # without tags there is a group of nothing
        }

    def settle(self, deletion: Deletion, series: Latest) -> None:
        """Put back the series that have points besides those of a delete; with the lock of the state."""
        if deletion.id not in self._catalogue.deletions:
            return  # the bucket was deleted meanwhile
        with self._database.transaction() as sql:
            sql.executemany(
                "INSERT INTO series VALUES (?, ?, ?, ?) ON CONFLICT"
                " DO UPDATE SET last_ns = max(last_ns, excluded.last_ns)",
                [(*place, json.dumps(key), t) for place, some in series.items() for key, t in some.items()],
            )
            settled = self._catalogue.deletions.settle(sql, deletion)
        self._catalogue.deletions.enter(settled)
        for place, some in series.items():
            known = self._catalogue.series.setdefault(place, {})
            known.update({key: max(last_ns, known.get(key, last_ns)) for key, last_ns in some.items()})

    # --- the files ---------------------------------------------------------------------------------

    def marked(self) -> list[Placed]:
        """Return the segments that still have deleted points in their files; with the lock of the state."""
        return [(place, s) for place, s in self._catalogue.placed() if s.deletions]

    def is_touched(self, place: Place, segment: Segment) -> bool:
        """Return whether a segment has points that are deleted; no lock.

        Raises:
            StoreError, QueryError: it cannot be read.
        """
        snapshot = self._snapshot(*place)
        if snapshot is None:
            return False
        meant = " OR ".join(f"({deletion.sql(snapshot.measurement)})" for deletion in segment.all_hidden)
        bare = replace(segment, deletions=())
        with self._duck.cursor() as cursor:
            rows = render(
                Snapshot(snapshot.measurement, (bare,), ()),
                cursor.register,
                start_ns=segment.min_ns,
                end_ns=segment.max_ns + 1,
                fields=(),
            )
            return bool(cursor.rows(f"SELECT 1 FROM ({rows}) WHERE {meant} LIMIT 1"))

    def unmark(self, place: Place, segment: Segment) -> None:
        """Note that a segment has no points of the deletes it is marked with; with the lock of the state."""
        done = {d.id for d in segment.deletions}
        some = self._catalogue.of(segment.resolution_ns).get(place, [])
        at = next((i for i, present in enumerate(some) if present.path == segment.path), None)
        if at is None:
            return
        shown = replace(some[at], deletions=tuple(d for d in some[at].deletions if d.id not in done))
        with self._database.transaction() as sql:
            sql.execute("UPDATE segment SET deletions = ? WHERE id = ?", _marks_row(shown))
        some[at] = shown

    def prune(self) -> None:
        """Forget the deletes that nothing needs any more; with the lock of the state."""
        used = {d.id for _, s in self.marked() for d in s.deletions}
        used |= {d.id for g in self.waiting() for d in g.deletions}
        self._catalogue.deletions.prune(used)


def _marks_row(segment: Segment) -> tuple[str, int]:
    return json.dumps([d.id for d in segment.deletions]), segment.id
