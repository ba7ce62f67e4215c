"""Into which of the hub's buckets the lines of a file go."""

from __future__ import annotations

import re
from typing import Final

from heliograph.cli.importing.influxql import name as quoted
from heliograph.cli.importing.source import Place
from heliograph.cli.importing.target import Target
from heliograph.errors import ConfigError, QueryError

_CREATE: Final = re.compile(
    r'CREATE\s+DATABASE\s+("(?:[^"\\]|\\.)*"|\w+)\s+WITH\s+NAME\s+("(?:[^"\\]|\\.)*"|\w+)\s*;?', re.IGNORECASE
)
_FOR_EVER: Final = 0


class Placing:
    """Finds buckets by database and policy, and makes those that are missing.

    The first policy of a database is the bucket of the database's name, every other one ``database/policy``.
    """

    def __init__(self, target: Target, only: str | None, *, dry: bool) -> None:
        self._target = target
        self._only = only
        self._dry = dry
        self._buckets: dict[tuple[str, str], str] = {}

    def bucket(self, database: str, policy: str) -> str:
        """Return the bucket of a policy, which is there then; an empty policy is the database's first.

        Raises:
            ConfigError: neither the file nor the caller names one.
            QueryError: the hub refuses to make it.
            HubError: the hub does not answer.
        """
        key = (database, policy)
        if key not in self._buckets:
            self._buckets[key] = self._made(*key)
        return self._buckets[key]

    def execute(self, statement: str) -> None:
        """Carry out a statement that a file begins with.

        An export says CREATE DATABASE for every policy of a database; for the second it means the policy.

        Raises:
            QueryError: the hub refuses it.
            HubError: the hub does not answer.
        """
        if self._dry or self._only is not None:
            return
        try:
            self._target.execute(statement)
        except QueryError:
            created = _CREATE.fullmatch(statement.strip())
            if created is None:
                raise
            self._target.execute(
                f"CREATE RETENTION POLICY {created[2]} ON {created[1]} DURATION INF REPLICATION 1"
            )

    def _made(self, database: str, policy: str) -> str:
        if self._only is not None:
            return self._made_bucket(Place(self._only, "", self._only, _FOR_EVER))
        if not database:
            raise ConfigError("the file does not name a database; say into which bucket with --bucket NAME")
        known = self._policies(database)
        if not known:
            return self._made_bucket(Place(database, policy, database, _FOR_EVER))
        if not policy or policy == known[0]:
            return database
        return self._made_bucket(Place(database, policy, f"{database}/{policy}", _FOR_EVER))

    def _made_bucket(self, place: Place) -> str:
        if not self._dry and place.bucket not in self._target.buckets():
            self._target.make(place)
        return place.bucket

    def _policies(self, database: str) -> list[str]:
        """Return the policies that a database has, the one of its own bucket first."""
        try:
            rows = self._target.rows(f"SHOW RETENTION POLICIES ON {quoted(database)}")
        except QueryError:  # there is no such database
            return [policy for (known, policy) in self._buckets if known == database]
        return [row[0] for row in rows]
