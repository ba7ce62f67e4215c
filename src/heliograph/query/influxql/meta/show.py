"""SHOW: what a database has, from the catalogue."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from heliograph import __version__
from heliograph.errors import Forbidden, QueryError
from heliograph.model.point import SeriesKey
from heliograph.model.time import SECOND_NS
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.durations import clock_duration
from heliograph.query.influxql.meta.databases import Databases
from heliograph.query.influxql.meta.known import (
    Known,
    chosen_names,
    known_measurements,
    matching,
    measurements_matching,
)
from heliograph.query.influxql.meta.running import Running
from heliograph.query.influxql.plan.shapes import Series
from heliograph.query.influxql.plan.times import split_condition
from heliograph.query.influxql.text import query_text
from heliograph.query.influxql.tree import Measurement, Show, ShowSchema, Window

_Item = TypeVar("_Item")


def show_schema(session: Session, databases: Databases, asked: ShowSchema) -> list[Series]:
    """Answer a SHOW about measurements, series, tags or fields."""
    database = asked.database or session.database
    if not database:
        raise QueryError("database name required")
    if not databases.exists(database):
        session.may_read(database)  # to who may not, it sounds as if it were there
        if asked.noun == "MEASUREMENTS":
            return []
        raise QueryError(f"database not found: {database}")
    if asked.cardinality and not _is_estimate(asked):
        asked = replace(asked, exact=True)
    buckets = _buckets(session, databases, database, asked)
    known = known_measurements(session, buckets, asked.sources)
    condition, span = split_condition(asked.condition, session.now_ns)
    if asked.noun == "MEASUREMENTS" and condition is not None:
        known = measurements_matching(session, known, condition)
        condition = None
    if condition is not None or span.min_ns is not None:
        for one in known:
            one.series = matching(session, one, condition, span)
        known = [one for one in known if one.series]
    answer = _NOUNS[asked.noun, asked.cardinality](session, asked, known)
    for series in answer:
        series.whole = asked.noun not in ("SERIES", "FIELD KEYS") and not asked.cardinality
    return answer


def depends_on_names(asked: ShowSchema) -> bool:
    """Return whether an answer changes only when a measurement, series, tag or field comes or goes."""
    _, span = split_condition(asked.condition, 0)
    return span.min_ns is None and span.max_ns is None


def _buckets(session: Session, databases: Databases, database: str, asked: ShowSchema) -> list[str]:
    """Return the buckets that are asked about, all of which may be read."""
    policies = {source.policy for source in asked.sources if isinstance(source, Measurement)} | {asked.policy}
    policies -= {"", "*"}
    if (asked.exact or asked.noun == "FIELD KEYS") and not policies:  # InfluxDB asks them by a SELECT
        return [session.bucket(database, session.policy)]
    if policies:
        return [session.bucket(database, policy) for policy in sorted(policies)]
    buckets = [info.bucket for info in databases.policies(database)]
    for bucket in buckets:
        session.check_read(bucket, database)
    return buckets


def _is_estimate(asked: ShowSchema) -> bool:
    """Whether InfluxDB estimates a number of series or measurements."""
    whole = not asked.sources and asked.condition is None and asked.window == Window()
    return asked.noun in ("SERIES", "MEASUREMENTS") and whole and not asked.exact


def _page(items: Sequence[_Item], window: Window) -> Sequence[_Item]:
    last = window.offset + window.limit if window.limit else None
    return items[window.offset : last]


def _table(name: str, columns: list[str], rows: Sequence[list[Any]]) -> list[Series]:
    return [Series(name, {}, columns, list(rows))] if rows else []


def _measurements(session: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    names = chosen_names(session, [one.name for one in known], asked.keys)
    return _table("measurements", ["name"], [[name] for name in _page(names, asked.window)])


def _measurement_count(_: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    return _table("", ["count" if asked.exact else "cardinality estimation"], [[len(known)]])


def _series(_: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    keys = sorted(series_text(one.name, key) for one in known for key in one.series)
    return _table("", ["key"], [[key] for key in _page(keys, asked.window)])


def _series_count(_: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    counts = [(one.name, len(one.series)) for one in known]
    if asked.exact:
        return _counts(asked, counts)
    return _table("", ["cardinality estimation"], [[sum(count for _, count in counts)]])


def _counts(asked: ShowSchema, counts: Sequence[tuple[str, int]]) -> list[Series]:
    return [
        Series(name, {}, ["count"], [[count]]) for name, count in counts if count and _page([0], asked.window)
    ]


def _tag_keys(session: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    return [
        series
        for one in known
        for series in _table(
            one.name,
            ["tagKey"],
            [[key] for key in _page(chosen_names(session, one.tag_keys, asked.keys), asked.window)],
        )
    ]


def _tag_key_count(_: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    return _counts(asked, [(one.name, len(one.tag_keys)) for one in known])


def _values(session: Session, asked: ShowSchema, one: Known) -> list[tuple[str, str]]:
    tags = one.tags
    wanted = set(chosen_names(session, sorted({tag for tag, _ in tags}), asked.keys))
    return sorted(pair for pair in tags if pair[0] in wanted)


def _tag_values(session: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    return [
        series
        for one in known
        for series in _table(
            one.name,
            ["key", "value"],
            [[*pair] for pair in _page(_values(session, asked, one), asked.window)],
        )
    ]


def _tag_value_count(session: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    return _counts(asked, [(one.name, len(_values(session, asked, one))) for one in known])


def _field_keys(_: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    columns = ["fieldKey", "fieldType"]
    return [
        series
        for one in known
        for series in _table(
            one.name, columns, [list(pair) for pair in _page(sorted(one.fields), asked.window)]
        )
    ]


def _field_key_count(_: Session, asked: ShowSchema, known: list[Known]) -> list[Series]:
    return _counts(asked, [(one.name, len(one.fields)) for one in known])


_NOUNS: Final[dict[tuple[str, bool], Callable[[Session, ShowSchema, list[Known]], list[Series]]]] = {
    ("MEASUREMENTS", False): _measurements,
    ("MEASUREMENTS", True): _measurement_count,
    ("SERIES", False): _series,
    ("SERIES", True): _series_count,
    ("TAG KEYS", False): _tag_keys,
    ("TAG KEYS", True): _tag_key_count,
    ("TAG VALUES", False): _tag_values,
    ("TAG VALUES", True): _tag_value_count,
    ("FIELD KEYS", False): _field_keys,
    ("FIELD KEYS", True): _field_key_count,
}


def series_text(name: str, key: SeriesKey) -> str:
    """Return a series as line protocol begins it."""
    escaped = [name.replace(",", "\\,").replace(" ", "\\ ")]
    for tag, value in key:
        pair = [part.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ") for part in (tag, value)]
        escaped.append("=".join(pair))
    return ",".join(escaped)


def show(session: Session, databases: Databases, asked: Show) -> list[Series]:
    """Answer a SHOW about the hub itself."""
    if asked.noun == "DATABASES":
        return [Series("databases", {}, ["name"], [[name] for name in _visible(session, databases)])]
    if asked.noun == "RETENTION POLICIES":
        return _policies(session, databases, asked.about or session.database)
    if asked.noun == "CONTINUOUS QUERIES":
        return _continuous(session, databases)
    if asked.noun == "SHARDS":
        return _shards(session, databases)
    if asked.noun == "STATS":
        return _statistics(session)
    if asked.noun == "DIAGNOSTICS":
        return _diagnostics()
    if asked.noun == "SUBSCRIPTIONS":
        return []
    columns = _EMPTY.get(asked.noun)
    if columns is None:
        raise QueryError(f"SHOW {asked.noun} is not supported yet")
    return [Series(asked.noun.lower(), {}, columns, [])]


_EMPTY: Final = {
    "SHARD GROUPS": ["id", "database", "retention_policy", "start_time", "end_time", "expiry_time"],
}


def _visible(session: Session, databases: Databases) -> list[str]:
    """Return the databases of which the one who asks may know."""
    return [name for name in databases.names() if _is_visible(session, databases, name)]


def _is_visible(session: Session, databases: Databases, name: str) -> bool:
    return any(session.may_see(info.bucket) for info in databases.policies(name))


def _may_read(session: Session, bucket: str) -> bool:
    """Whether the names of a bucket's measurements may be shown: who only writes does not see them."""
    try:
        session.may_read(bucket)
    except Forbidden:
        return False
    return True


def _policies(session: Session, databases: Databases, database: str) -> list[Series]:
    if not database:
        raise QueryError("database name required")
    if not databases.exists(database) or not _is_visible(session, databases, database):
        raise QueryError(f"database not found: {database}")
    rows = [
        [p.name, clock_duration(p.keep_ns), clock_duration(p.shard_ns), p.replicas, p.default]
        for p in databases.policies(database)
        if session.may_see(p.bucket)
    ]
    return [Series("", {}, ["name", "duration", "shardGroupDuration", "replicaN", "default"], rows)]


def _continuous(session: Session, databases: Databases) -> list[Series]:
    kept = databases.continuous.listed()
    readable = [
        name for name in databases.names() if any(_may_read(session, i.bucket) for i in databases.of(name))
    ]
    return [
        Series(name, {}, ["name", "query"], [[one.name, one.text] for one in kept if one.database == name])
        for name in readable
    ]


def show_queries(running: Running, user: str | None = None) -> list[Series]:
    """Answer SHOW QUERIES: what is being answered, or what one user asks of it."""
    columns = ["qid", "query", "database", "duration", "status"]
    rows = [
        [
            query.id,
            query_text(query.statements),
            query.database,
            clock_duration(_rounded(taken_ns)),
            "killed" if query.killed else "running",
        ]
        for query, taken_ns in running.listed()
        if user is None or query.user == user
    ]
    return [Series("", {}, columns, rows)]


def _rounded(time_ns: int) -> int:
    """Return a duration in whole seconds, or in the largest smaller unit that it has one of."""
    unit_ns = next((unit_ns for unit_ns in (SECOND_NS, 1_000_000, 1_000) if time_ns >= unit_ns), 1)
    return time_ns // unit_ns * unit_ns


def _shards(session: Session, databases: Databases) -> list[Series]:
    """Segments stand for shards."""
    columns = ["id", "database", "retention_policy", "measurement", "start_ns", "end_ns", "rows", "bytes"]
    answer = []
    for database in _visible(session, databases):
        rows: list[list[Any]] = []
        for info in filter(lambda info: _may_read(session, info.bucket), databases.policies(database)):
            with session.store.reading() as catalogue:
                rows += [
                    [s.id, database, info.name, place[1], s.min_ns, s.max_ns, s.rows, s.size_bytes]
                    for place, segments in catalogue.segments.items()
                    if place[0] == info.bucket
                    for s in segments
                ]
        answer.append(Series(database, {}, columns, sorted(rows)))
    return answer


def _statistics(session: Session) -> list[Series]:
    held = session.store.statistics()
    columns = ["rows_hot", "rows_sealed", "segments", "size_bytes"]
    return [Series("store", {}, columns, [[getattr(held, column) for column in columns]])]


def _diagnostics() -> list[Series]:
    return [
        Series("build", {}, ["Branch", "Build Time", "Commit", "Version"], [["", "", "", __version__]]),
        Series(
            "runtime",
            {},
            ["GOARCH", "GOMAXPROCS", "GOOS", "version"],
            [[platform.machine(), os.cpu_count(), platform.system().lower(), platform.python_version()]],
        ),
        Series("system", {}, ["PID"], [[os.getpid()]]),
    ]
