"""Short answers that are kept as long as the points that they were made of stay what they are.

Several screens show the same dashboard, and a page that is opened again asks for what it asked before. A
kept answer is given only where the same text is asked in the same place and every measurement that it
reads is, file by file and table by table, the one of then; so it is what reading would give.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from heliograph.query.influxql.answer.prepare import Prepared
from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.session import Places, Session
from heliograph.query.influxql.plan.shapes import Result, Series
from heliograph.query.influxql.tree import Measurement, Select
from heliograph.store.relation import Snapshot

Key = tuple[str, str, str]
"""Text, database, retention policy."""
_MOST: Final = 64
_MOST_CELLS: Final = 4_000
_MOST_NAMES: Final = 300
_CHANGING: Final = re.compile(r"(?:now|sample)\s*\(")


Counts = tuple[tuple[str, str, int, int, int], ...]
"""Of each measurement: its bucket and name, how many series, fields and tags it has."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and what it was made of."""

    places: Places
    buckets: frozenset[str]
    stored: Sequence[Stored]
    counts: Counts | None
    """Of an answer about names: what there was to be named."""
    _series: list[Series]

    def result(self, zone: str) -> Result:
        """Return the answer."""
        return Result(_copy(self._series), zone=zone, kept=self)

    def holds(self, session: Session) -> bool:
        """Return whether it would be made of the same things again."""
        if self.places is not session.places:  # what goes away is a change of these, too
            return False
        if self.counts is not None:
            return self.counts == counts_of(session, self.buckets)
        return all(_is_same(session.store.snapshot(s.bucket, s.name), s.snapshot) for s in self.stored)


def counts_of(session: Session, buckets: Collection[str]) -> Counts | None:
    """Return what could be named of some buckets; None if it is much."""
    with session.store.reading() as catalogue:
        if sum(len(catalogue.measurements.get(bucket, ())) for bucket in buckets) > _MOST_NAMES:
            return None
        return tuple(
            (bucket, name, len(catalogue.series.get((bucket, name), ())), len(one.fields), len(one.tags))
            for bucket in buckets
            for name, one in catalogue.measurements.get(bucket, {}).items()
        )


class KeptAnswers:
    """The answers that were given last. For several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._newest: dict[tuple[str, str], Snapshot] = {}
        """By bucket and measurement, what was read last."""
        self._lock = threading.Lock()

    def __contains__(self, key: Key) -> bool:
        """Return whether there is an answer, old or not."""
        return key in self._kept

    def find(self, session: Session, key: Key) -> Kept | None:
        """Return an answer that would be the same again, None if there is none.

        Raises:
            Forbidden: who asks may not read what it was made of.
        """
        kept = self._kept.get(key)
        if kept is None:
            return None
        for bucket in kept.buckets:
            session.may_read(bucket)
        return kept if kept.holds(session) else None

    def put(self, session: Session, key: Key, prepared: Prepared, series: list[Series]) -> Kept | None:
        """Keep the answer of a SELECT, if it is short and what it depends on can be told."""
        stored = list(_stored(prepared))
        if (
            not _is_short(series)
            or _CHANGING.search(key[0].lower())
            or not _is_certain(session, prepared, stored)
        ):
            return None
        with self._lock:
            self._let_go(stored)
        buckets = frozenset(one.bucket for one in stored)
        return self._keep(key, Kept(session.places, buckets, stored, None, _copy(series)))

    def _let_go(self, stored: Sequence[Stored]) -> None:
        """Drop the answers of what some measurements were: they hold tables that nobody else needs."""
        current = {(one.bucket, one.name): one.snapshot for one in stored}
        if all(_is_same(self._newest.get(place), snapshot) for place, snapshot in current.items()):
            return
        for old in [old for old, kept in self._kept.items() if _is_old(kept, current)]:
            del self._kept[old]
        held = {(one.bucket, one.name) for kept in self._kept.values() for one in kept.stored}
        self._newest = {place: snapshot for place, snapshot in self._newest.items() if place in held}
        self._newest |= current

    def put_names(
        self, session: Session, key: Key, buckets: frozenset[str], counts: Counts, series: list[Series]
    ) -> Kept | None:
        """Keep the answer of a SHOW that depends on no time; the counts are those of before it was made."""
        if not _is_short(series):
            return None
        return self._keep(key, Kept(session.places, buckets, (), counts, _copy(series)))

    def _keep(self, key: Key, kept: Kept) -> Kept:
        with self._lock:
            self._kept[key] = kept
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return kept


def _copy(series: Sequence[Series]) -> list[Series]:
    """Return series of their own rows: who shows them writes into those."""
    return [replace(one, rows=[list(row) for row in one.rows]) for one in series]


def _is_short(series: list[Series]) -> bool:
    return sum(len(one.rows) * len(one.columns) for one in series) <= _MOST_CELLS


def _stored(prepared: Prepared) -> Iterator[Stored]:
    for source in prepared.sources:
        if isinstance(source, Stored):
            yield source
        else:
            yield from _stored(source)


def _measurements(select: Select) -> Iterator[Measurement]:
    for source in select.sources:
        if isinstance(source, Measurement):
            yield source
        else:
            yield from _measurements(source)


def _is_certain(session: Session, prepared: Prepared, stored: Sequence[Stored]) -> bool:
    """Whether an answer depends on nothing but its text and the points of the measurements that it names."""
    named = list(_measurements(prepared.select))
    plain = all(one.regex is None for one in named) and len(named) == len(stored)
    return plain and not _ends_now(session, prepared)


def _ends_now(session: Session, prepared: Prepared) -> bool:
    inner = [source for source in prepared.sources if isinstance(source, Prepared)]
    return prepared.span.max_ns == session.now_ns or any(_ends_now(session, one) for one in inner)


def _is_old(kept: Kept, current: dict[tuple[str, str], Snapshot]) -> bool:
    found = ((current.get((one.bucket, one.name)), one.snapshot) for one in kept.stored)
    return any(new is not None and not _is_same(new, old) for new, old in found)


def _is_same(new: Snapshot | None, old: Snapshot) -> bool:
    return (
        new is not None
        and len(new.hot) == len(old.hot)
        and all(one is other for one, other in zip(new.hot, old.hot, strict=True))
        and new.segments == old.segments
        and new.rollups == old.rollups
        and new.measurement.fields == old.measurement.fields
        and new.measurement.tags == old.measurement.tags
    )
