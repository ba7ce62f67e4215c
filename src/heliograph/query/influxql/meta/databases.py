"""InfluxDB's databases and retention policies as buckets.

A database is the bucket of its name, which holds its first policy; every other policy is a bucket
``database/policy``. What InfluxDB knows of a policy beyond that is kept in a table of the catalogue.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from heliograph.errors import QueryError
from heliograph.model.time import DAY_NS, SECOND_NS
from heliograph.store.catalogue import DEFAULT_BUCKET, Catalogue
from heliograph.store.database import Database
from heliograph.store.retention import FOREVER, WHOLE_BUCKET
from heliograph.store.store import Store

AUTOGEN: Final = "autogen"
_HOUR_NS: Final = 3_600 * SECOND_NS


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


def _in_order(others: list[PolicyInfo], info: PolicyInfo) -> list[PolicyInfo]:
    """The policy of the database's own bucket stays first."""
    return sorted([*others, info], key=lambda one: "/" in one.bucket)


class Databases:
    """The databases, by what the catalogue's buckets are called. For threads: it waits for the store."""

    def __init__(self, store: Store, database: Database) -> None:
        self._store = store
        self._database = database
        self._changing = threading.Lock()

    def names(self) -> list[str]:
        """Return the databases by name; one that was dropped shows again when it has points."""
        dropped = {name for (name,) in self._database.committed("SELECT database FROM influx_dropped")}
        with self._store.reading() as catalogue:
            filled = {bucket for bucket, _ in catalogue.series}
            return sorted(
                {
                    name
                    for name in (bucket.partition("/")[0] for bucket in catalogue.measurements)
                    if name not in dropped or name in filled
                }
            )

    def exists(self, database: str) -> bool:
        """Return whether there is such a database."""
        return any(True for _ in self._policies(database))

    def policies(self, database: str) -> list[PolicyInfo]:
        """Return the policies of a database, the oldest first.

        Raises:
            QueryError: there is no such database.
        """
        found = list(self._policies(database))
        if not found:
            raise QueryError(f"database not found: {database}")
        return found

    def _policies(self, database: str) -> Iterator[PolicyInfo]:
        rows = self._database.committed(
            "SELECT name, bucket, shard_ns, replicas, is_default FROM influx_policy"
            " WHERE database = ? ORDER BY rowid",
            (database,),
        )
        with self._store.reading() as catalogue:
            buckets = [b for b in catalogue.measurements if b.partition("/")[0] == database]
            kept = {bucket: self._keep_ns(catalogue, bucket) for bucket in buckets}
        told = [
            PolicyInfo(name, bucket, kept[bucket], shard_ns, replicas, default=bool(default))
            for name, bucket, shard_ns, replicas, default in rows
            if bucket in kept
        ]
        known = {info.bucket for info in told}
        if database in kept and database not in known:
            first = not any(info.default for info in told)
            yield PolicyInfo(AUTOGEN, database, kept[database], shard_length(kept[database]), default=first)
        yield from told
        for bucket in buckets:
            if bucket not in known and bucket != database:
                yield PolicyInfo(bucket.partition("/")[2], bucket, kept[bucket], shard_length(kept[bucket]))

    @staticmethod
    def _keep_ns(catalogue: Catalogue, bucket: str) -> int:
        return catalogue.rules.get(bucket, {}).get(WHOLE_BUCKET, FOREVER)

    def bucket(self, database: str, policy: str) -> str:
        """Return the bucket of a policy; an empty one means the database's default.

        Raises:
            QueryError: there is no such database or policy, with InfluxDB's words.
        """
        self.policies(database)
        bucket = self.place(database, policy)
        if bucket is None:
            raise QueryError(f"retention policy not found: {policy}")
        return bucket

    def place(self, database: str, policy: str) -> str | None:
        """Return the bucket of a policy, None if there is none."""
        for info in self._policies(database):
            if info.name == policy or (not policy and info.default):
                return info.bucket
        return None

    def put(self, database: str, info: PolicyInfo) -> None:
        """Enter or replace a policy; what the database had without being told is written down beside it."""
        with self._changing:
            others = [
                one for one in self._policies(database) if one.name != info.name and one.bucket != info.bucket
            ]
            if info.default:
                others = [replace(one, default=False) for one in others]
            with self._database.transaction() as sql:
                sql.execute("DELETE FROM influx_dropped WHERE database = ?", (database,))
                sql.execute("DELETE FROM influx_policy WHERE database = ?", (database,))
                sql.executemany(
                    "INSERT INTO influx_policy VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        (database, p.name, p.bucket, p.shard_ns, p.replicas, int(p.default))
                        for p in _in_order(others, info)
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
                sql.execute("DELETE FROM influx_policy WHERE database = ?", (database,))
                if database == DEFAULT_BUCKET:
                    sql.execute("INSERT OR IGNORE INTO influx_dropped VALUES (?)", (database,))
            else:
                sql.execute("DELETE FROM influx_policy WHERE database = ? AND name = ?", (database, policy))
