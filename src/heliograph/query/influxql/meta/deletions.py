"""DELETE, DROP SERIES and DROP MEASUREMENT: which series they mean, in which buckets and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from heliograph.errors import QueryError
from heliograph.model.point import SeriesKey
from heliograph.model.predicate import MEASUREMENT, Condition, Predicate
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.query.influxql.answer.conditions import names_in
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.meta.databases import Databases
from heliograph.query.influxql.meta.known import Known, known_measurements, matching
from heliograph.query.influxql.plan.shapes import TimeRange
from heliograph.query.influxql.plan.times import split_condition
from heliograph.query.influxql.tree import (
    Binary,
    Delete,
    Drop,
    Expression,
    Logic,
    Measurement,
    Paren,
    Ref,
    Text,
)

MAX_DELETIONS: Final = 1_000
"""A condition that cannot be said in equalities is carried out series by series, so many at most."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """Points to delete; the end is exclusive."""

    bucket: str
    predicate: Predicate
    start_ns: int
    end_ns: int


def deletions(
    session: Session, databases: Databases, node: Delete, may_write: Callable[[str], None]
) -> list[Deletion]:
    """Return what a statement deletes, in all policies of the database unless it names one.

    Who may not write there is refused whether there is something to delete or not: that tells no names.

    Raises:
        Forbidden: they may not.
        QueryError: it makes no sense, or means too many series.
    """
    if not session.database:
        raise QueryError("database name required")
    condition, span = split_condition(node.condition, session.now_ns)
    policies = {source.policy for source in node.sources if isinstance(source, Measurement)} - {""}
    meant = [info for info in databases.policies(session.database) if not policies or info.name in policies]
    for info in meant:
        may_write(info.bucket)
    found = [
        Deletion(info.bucket, predicate, max(span.start_ns, MIN_TIME_NS), min(span.end_ns, MAX_TIME_NS) + 1)
        for info in meant
        for known in known_measurements(session, [info.bucket], node.sources)
        for predicate in _predicates(session, known, condition)
    ]
    if len(found) > MAX_DELETIONS:
        raise QueryError(
            f"this deletes {len(found):,} series one by one, {MAX_DELETIONS:,} are the most;"
            " name them by tag = 'value' joined with AND, or delete in parts"
        )
    return found


def buckets_of(
    session: Session, databases: Databases, node: Drop, may_write: Callable[[str], None]
) -> list[str]:
    """Return the buckets of a database in which a measurement is known that is to be dropped.

    Raises:
        Forbidden: somebody may not write to one of the database's policies.
    """
    if not session.database:
        raise QueryError("database name required")
    buckets = [info.bucket for info in databases.policies(session.database)]
    for bucket in buckets:
        may_write(bucket)
    with session.store.reading() as catalogue:
        return [bucket for bucket in buckets if node.name in catalogue.bucket(bucket)]


def _predicates(session: Session, known: Known, condition: Expression | None) -> Iterator[Predicate]:
    fields = {name for name, _ in known.fields}
    tags = set(known.tag_keys)
    if any(ref.name in fields - tags for ref in names_in(condition)):
        raise QueryError("fields not allowed in WHERE clause during deletion")
    of_name = Condition(MEASUREMENT, known.name)
    plain = _equalities(condition)
    if plain is not None:
        yield Predicate((of_name, *plain))
        return
    for key in matching(session, known, condition, TimeRange()):
        yield Predicate((of_name, *_exactly(key, tags)))


def _equalities(node: Expression | None) -> list[Condition] | None:
    """Return a condition as equalities that must all hold; None if it is more than that."""
    if node is None:
        return []
    if isinstance(node, Paren):
        return _equalities(node.inner)
    if isinstance(node, Logic) and node.operator == "AND":
        parts = [_equalities(term) for term in node.terms]
        known = [part for part in parts if part is not None]
        return [one for part in known for one in part] if len(known) == len(parts) else None
    if not isinstance(node, Binary) or node.operator not in ("=", "!="):
        return None
    if not isinstance(node.left, Ref) or not isinstance(node.right, Text):
        return None
    return [Condition(node.left.name, node.right.value, node.operator == "=")]


def _exactly(key: SeriesKey, tags: set[str]) -> list[Condition]:
    mine = dict(key)
    return [Condition(tag, mine.get(tag, "")) for tag in sorted(tags)]
