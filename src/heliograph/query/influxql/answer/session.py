"""What one text of InfluxQL is answered with: the store, a cursor, the moment, and where names lead."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from heliograph.errors import Forbidden, QueryError, StoreError
from heliograph.query.bounded import Bounded
from heliograph.query.budget import Claim
from heliograph.query.influxql.plan.schemas import Schemas
from heliograph.query.limits import QueryLimits
from heliograph.query.undamaged import Read
from heliograph.store.duck import Cursor
from heliograph.store.store import Store

if TYPE_CHECKING:  # it is there only where a compiler was
    from heliograph.query.memory.sources import Sources

_PLAIN: Final = re.compile(r"(?:[A-Za-z0-9_:/ |()^$.,=@%&-]|\\[!-/:-@\[-`{-~])*")


def _plain_regex(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern without anything that repeats; of others only RE2 never takes long.

    Dashboards ask with such: the values of a variable, one or another of them.
    """
    if not _PLAIN.fullmatch(pattern):
        return None
    try:
        return re.compile(re.sub(r"(\\.)|\$", lambda found: found[1] or r"\Z", pattern))
    except re.error:
        return None


class Place(Protocol):
    """A retention policy."""

    @property
    def bucket(self) -> str:
        """Where its points are."""
        ...


class Places(Protocol):
    """Where databases and retention policies are kept."""

    def bucket(self, database: str, policy: str) -> str:
        """Return the bucket of a policy; an empty one means the database's default.

        Raises:
            QueryError: there is no such database or policy.
        """
        ...

    def of(self, database: str) -> Sequence[Place]:
        """Return the policies of a database, none if it is not there."""
        ...

    def shard_ns(self, bucket: str) -> int:
        """Return how long InfluxDB's shards of a bucket would be."""
        ...


@dataclass(slots=True)
class Session(Bounded):
    """One request; used by one thread."""

    most_rows = 2_000_000

    store: Store
    cursor: Cursor
    places: Places
    may_read: Callable[[str], None]
    """Raises Forbidden for a bucket that may not be read."""
    database: str
    policy: str
    now_ns: int
    deadline: float
    limits: QueryLimits
    sources: Sources | None = None
    """Columns in memory, where they can be read there."""
    clock: Callable[[], float] = time.monotonic
    schemas: Schemas = field(default_factory=Schemas)
    """Kept from one request to the next."""
    may_see: Callable[[str], bool] = lambda _: True
    """Whether a bucket may be known of."""
    read: Read = field(default_factory=set)
    """The buckets and measurements that were read."""
    claim: Claim = field(default_factory=Claim)
    """What it may hold."""

    def bucket(self, database: str, policy: str = "") -> str:
        """Return the bucket of a policy; an empty one means the database's default.

        Raises:
            Forbidden: it may not be read, or is not there, which sounds the same to who may not.
            QueryError: it is not there.
        """
        named = f"{database}/{policy}" if policy else database
        try:
            bucket = self.places.bucket(database, policy)
        except QueryError:
            self.may_read(named)
            raise
        self.check_read(bucket, named)
        return bucket

    def check_read(self, bucket: str, named: str) -> None:
        """Let nobody pass who may not read a bucket, and tell them only of the name that they know.

        Raises:
            Forbidden: they may not.
        """
        try:
            self.may_read(bucket)
        except Forbidden:
            self.may_read(named)
            raise

    def matches(self, pattern: str, names: Sequence[str]) -> list[str]:
        """Return those of some names that match a regular expression, in their order."""
        plain = _plain_regex(pattern)
        if plain is not None:
            return [name for name in names if plain.search(name)]
        self.check_regex(pattern)
        rows = self.cursor.rows(
            "SELECT list_filter($1::VARCHAR[], lambda x: regexp_matches(x, $2))", [list(names), pattern]
        )
        return list(rows[0][0])

    def check_regex(self, pattern: str) -> None:
        """Refuse what is no regular expression.

        Raises:
            QueryError: with RE2's reason.
        """
        if _plain_regex(pattern) is not None:
            return
        try:
            self.cursor.rows("SELECT regexp_matches('', $1)", [pattern])
        except StoreError as error:
            reason = str(error).removeprefix("Invalid Input Error: ")
            raise QueryError(f"error parsing query: error parsing regexp: {reason}") from error

    def check_answer(self, count: int) -> None:
        """Refuse an answer that has more rows than the settings allow."""
        if count > self.limits.rows:
            raise QueryError(
                f"the answer has over {self.limits.rows:,} rows (limits.query_rows); ask for a shorter range,"
                " longer intervals, fewer series or a LIMIT"
            )
