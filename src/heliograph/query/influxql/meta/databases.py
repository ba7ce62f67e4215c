"""InfluxDB's databases and retention policies as buckets.

A database is the bucket of its name, which holds its first policy; every other policy is a bucket
``database/policy``, or one that was mapped to it. What InfluxDB knows of a policy beyond that is kept in a
table of the catalogue.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from heliograph.errors import QueryError
from heliograph.model.time import DAY_NS, SECOND_NS
from heliograph.query.influxql.meta.continuous import ContinuousQueries
from heliograph.query.influxql.tree import ContinuousQuery, Measurement, Select, Target
from heliograph.store.catalogue import DEFAULT_BUCKET, Catalogue
from heliograph.store.database import Database
from heliograph.store.retention import FOREVER, WHOLE_BUCKET, Rules
from heliograph.store.store import Store

AUTOGEN: Final = "autogen"
_MOST_KNOWN: Final = 1_000
_HOUR_NS: Final = 3_600 * SECOND_NS
_Named = TypeVar("_Named", Measurement, Target)


@dataclass(frozen=True, slots=True)
class PolicyInfo:
    """A retention policy; a ``keep_ns`` of 0 is for ever."""

    name: str
    bucket: str
    keep_ns: int
    shard_ns: int
    replicas: int = 1
    default: bool = False


def shard_length(keep_ns: int) -> int:
    """Return the length that InfluxDB gives to a policy's shards. Source: influxd 1.6.7, seen."""
    if keep_ns == FOREVER or keep_ns >= 180 * DAY_NS:
        return 7 * DAY_NS
    return DAY_NS if keep_ns >= 2 * DAY_NS else _HOUR_NS


def checked_name(name: str) -> str:
    """Return the name of a database or policy.

    Raises:
        QueryError: InfluxDB takes no such name.
    """
    if name in ("", ".", "..") or any(c in "/\\" or not c.isprintable() for c in name) or len(name) > 255:
        raise QueryError("invalid name")
    return name


def is_mapped(database: str, bucket: str) -> bool:
    """Return whether a database has a bucket because somebody said so, and not by its name."""
    return bucket.partition("/")[0] != database


@dataclass(slots=True, eq=False)
class Known:
    """What was looked up since a change of buckets or tables: the places of one request."""

    databases: Databases
    changes: int
    buckets: list[str]
    rules: dict[str, Rules]
    policies: dict[str, list[PolicyInfo]] = field(default_factory=dict)
    shards_ns: dict[str, int] = field(default_factory=dict)

    def of(self, database: str) -> list[PolicyInfo]:
        """Return the policies of a database, none if it is not there."""
        found = self.policies.get(database)
        if found is None:
            found = self.databases.looked_up(database)
            if len(self.policies) < _MOST_KNOWN:
                self.policies[database] = found
        return found

    def bucket(self, database: str, policy: str) -> str:
        """Return the bucket of a policy; an empty one means the database's default.

        Raises:
            QueryError: there is no such database or policy, with InfluxDB's words.
        """
        policies = self.of(database)
        if not policies:
            raise QueryError(f"database not found: {database}")
        for info in policies:
            if info.name == policy or (not policy and info.default):
                return info.bucket
        raise QueryError(f"retention policy not found: {policy}")

    def shard_ns(self, bucket: str) -> int:
        """Return how long InfluxDB's shards of a bucket would be."""
        found = self.shards_ns.get(bucket)
        if found is None:
            found = self.databases.shard_ns(bucket)
            if len(self.shards_ns) < _MOST_KNOWN:
                self.shards_ns[bucket] = found
        return found


class Databases:
    """The databases, by what the catalogue's buckets are called. For threads: it waits for the store."""

    def __init__(self, store: Store, database: Database) -> None:
        self._store = store
        self._database = database
        self.continuous = ContinuousQueries(database)
        self._changing = threading.Lock()
        self._known: Known | None = None

    def names(self) -> list[str]:
        """Return the databases, the oldest first; one that was dropped shows again when it has points."""
        dropped = {name for (name,) in self._database.committed("SELECT database FROM influx_dropped")}
        mapped = self._database.committed("SELECT database, bucket FROM influx_policy")
        with self._store.reading() as catalogue:
            filled = {bucket for bucket, _ in catalogue.series}
            named = dict.fromkeys(bucket.partition("/")[0] for bucket in catalogue.measurements)
            named |= dict.fromkeys(
                database for database, bucket in mapped if bucket in catalogue.measurements
            )
            return [name for name in named if name not in dropped or name in filled]

    def exists(self, database: str) -> bool:
        """Return whether there is such a database."""
        return bool(self.of(database))

    def policies(self, database: str) -> list[PolicyInfo]:
        """Return the policies of a database, the oldest first.

        Raises:
            QueryError: there is no such database.
        """
        found = self.of(database)
        if not found:
            raise QueryError(f"database not found: {database}")
        return found

    def of(self, database: str) -> list[PolicyInfo]:
        """Return the policies of a database, none if it is not there."""
        return self.as_of_now().of(database)

    def as_of_now(self) -> Known:
        """Return what is known until the next change; the same as before where nothing has changed."""
        changes = self._database.changes  # looked at first: what changes meanwhile is looked up again
        directory = self._store.directory()
        known = self._known
        if known is None or (known.changes, known.buckets, known.rules) != (changes, *directory):
            known = self._known = Known(self, changes, *directory)
        return known

    def looked_up(self, database: str) -> list[PolicyInfo]:
        """Return the policies as the tables have them.

        The database's own bucket first, then those that were told; one is the default in any case.
        """
        rows = self._database.committed(
            "SELECT name, bucket, shard_ns, replicas, is_default FROM influx_policy"
            " WHERE database = ? ORDER BY rowid",
            (database,),
        )
        with self._store.reading() as catalogue:
            own = [b for b in catalogue.measurements if b.partition("/")[0] == database]
            mapped = [row[1] for row in rows if row[1] in catalogue.measurements]
            kept = {bucket: self._keep_ns(catalogue, bucket) for bucket in (*own, *mapped)}
        told = [
            PolicyInfo(name, bucket, kept[bucket], shard_ns, replicas, default=bool(default))
            for name, bucket, shard_ns, replicas, default in rows
            if bucket in kept
        ]
        known, names = {info.bucket for info in told}, {info.name for info in told}
        named = [b for b in own if b not in known and (b.partition("/")[2] or AUTOGEN) not in names]
        untold = [
            PolicyInfo(b.partition("/")[2] or AUTOGEN, b, kept[b], shard_length(kept[b])) for b in named
        ]
        found = sorted([*told, *untold], key=lambda info: info.bucket != database)
        if found and not any(info.default for info in found):
            at = next((number for number, info in enumerate(found) if info.name == AUTOGEN), 0)
            found[at] = replace(found[at], default=True)
        return found

    @staticmethod
    def _keep_ns(catalogue: Catalogue, bucket: str) -> int:
        return catalogue.rules.get(bucket, {}).get(WHOLE_BUCKET, FOREVER)

    def bucket(self, database: str, policy: str) -> str:
        """Return the bucket of a policy; an empty one means the database's default.

        Raises:
            QueryError: there is no such database or policy, with InfluxDB's words.
        """
        return self.as_of_now().bucket(database, policy)

    def create_continuous(self, node: ContinuousQuery) -> None:
        """Keep a continuous query; databases and policies that it leaves out are those of now.

        Raises:
            QueryError: it names a database that is not there, or could never run.
        """
        self.continuous.create(replace(node, select=self._qualified(node.select, node.database)))

    def _qualified(self, select: Select, database: str) -> Select:
        target = select.target and self._named(select.target, database)
        sources = tuple(
            self._qualified(one, database) if isinstance(one, Select) else self._named(one, database)
            for one in select.sources
        )
        return replace(select, target=target, sources=sources)

    def _named(self, named: _Named, database: str) -> _Named:
        database = named.database or database
        default = next((info.name for info in self.policies(database) if info.default), AUTOGEN)
        return replace(named, database=database, policy=named.policy or default)

    def place(self, database: str, policy: str) -> str | None:
        """Return the bucket of a policy, None if there is none."""
        for info in self.of(database):
            if info.name == policy or (not policy and info.default):
                return info.bucket
        return None

    def known_place(self, database: str, policy: str) -> str | None:
        """Return what :meth:`place` does where that needs no waiting, else None."""
        with self._store.unless_busy() as free:
            policies = self.as_of_now().policies if free else {}
        for info in policies.get(database, ()):
            if info.name == policy or (not policy and info.default):
                return info.bucket
        return None

    def shard_ns(self, bucket: str) -> int:
        """Return how long InfluxDB's shards of a bucket would be."""
        rows = self._database.committed("SELECT shard_ns FROM influx_policy WHERE bucket = ?", (bucket,))
        if rows:
            return int(rows[0][0])
        with self._store.reading() as catalogue:
            return shard_length(self._keep_ns(catalogue, bucket))

    def put(self, database: str, info: PolicyInfo) -> None:
        """Enter or replace a policy; what the database had without being told is written down beside it."""
        with self._changing:
            listed = self.of(database)
            same = [one.name == info.name or one.bucket == info.bucket for one in listed]
            others = [one for one, is_same in zip(listed, same, strict=True) if not is_same]
            if info.default:
                others = [replace(one, default=False) for one in others]
            others.insert(same.index(True) if any(same) else len(others), info)
            with self._database.transaction() as sql:
                sql.execute("DELETE FROM influx_dropped WHERE database = ?", (database,))
                sql.execute("DELETE FROM influx_policy WHERE database = ?", (database,))
                sql.executemany(
                    "INSERT INTO influx_policy VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        (database, p.name, p.bucket, p.shard_ns, p.replicas, int(p.default))
                        for p in sorted(others, key=lambda one: one.bucket != database)
                    ],
                )

    def show_again(self, database: str) -> None:
        """Let a database that was dropped, and is there all the same, be seen."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM influx_dropped WHERE database = ?", (database,))

    def drop(self, database: str, policy: str | None = None) -> None:
        """Forget a database, or one policy."""
        with self._changing, self._database.transaction() as sql:
            if policy is None:
                for table in ("influx_policy", "influx_grant", "continuous_query"):
                    sql.execute(f"DELETE FROM {table} WHERE database = ?", (database,))
                if database == DEFAULT_BUCKET:
                    sql.execute("INSERT OR IGNORE INTO influx_dropped VALUES (?)", (database,))
            else:
                sql.execute("DELETE FROM influx_policy WHERE database = ? AND name = ?", (database, policy))
