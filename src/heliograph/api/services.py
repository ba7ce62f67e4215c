"""What the routes need from the rest of the hub, as the hub hands it in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import HTTPConnection

from heliograph.api.body import Bodies
from heliograph.api.identity.identities import Identities
from heliograph.api.influxdb.directory import Directory
from heliograph.api.live import LiveFeed
from heliograph.codec.lineprotocol import LineError
from heliograph.model.predicate import Predicate
from heliograph.model.time import Precision
from heliograph.query.engine import QueryEngine
from heliograph.query.flux.engine import FluxEngine
from heliograph.query.influxql.engine import InfluxqlEngine
from heliograph.query.user_sql import UserSql
from heliograph.store.bucket_report import BucketReport
from heliograph.store.store import Store


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A batch of line protocol as it came over HTTP."""

    bucket: str
    body: bytes
    """Decompressed."""
    gzip: bytes | None
    """The client's own compressed bytes, where it sent some."""
    precision: Precision
    whole: bool = False
    """Whether one bad line makes the batch bad: then nothing of it is written."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of a batch: the good points are durable, the bad lines are told."""

    points: int
    errors: list[LineError]
    error_count: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Points that were refused though their lines are right, by the reason."""


class Intake(Protocol):
    """Where batches go."""

    async def write(self, request: WriteRequest) -> WriteResult:
        """Make a batch durable.

        Raises:
            Error: nothing of it was acknowledged; ``retry`` says whether trying again may help.
        """
        ...


class Buckets(Protocol):
    """The buckets. Durations are ns, 0 for ever; None means the hub's default.

    ``keep_ns`` is by resolution: 0 for points, else the length of what their summaries are of.
    """

    async def report(self) -> list[BucketReport]:
        """Return what each bucket holds and for how long."""
        ...

    async def create(self, name: str, keep_ns: Mapping[int, int | None]) -> None:
        """Make a bucket.

        Raises:
            BucketExists: it is there already.
        """
        ...

    async def set_rules(self, name: str, pattern: str, keep_ns: Mapping[int, int | None]) -> None:
        """Set how long the measurements of a pattern are kept; None removes a rule.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        ...

    async def delete(self, name: str) -> int:
        """Delete a bucket with its points and return how many those were.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        ...


class Deletes(Protocol):
    """Deleting points."""

    async def delete(self, bucket: str, predicate: Predicate, start_ns: int, end_ns: int) -> None:
        """Delete the points of some series at ``start_ns <= time < end_ns``; what is written later is new.

        Raises:
            BucketNotFound: there is no such bucket.
            Error: nothing was deleted; ``retry`` says whether trying again may help.
        """
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """One hub's services."""

    intake: Intake
    buckets: Buckets
    deletes: Deletes
    backup: Callable[[], Awaitable[AsyncIterator[bytes]]]
    """Begins a backup and gives its pieces."""
    store: Store
    engine: QueryEngine
    flux: FluxEngine
    influxql: InfluxqlEngine
    user_sql: UserSql
    identities: Identities
    directory: Directory
    """What InfluxDB's clients call things."""
    allow_setup: bool
    """Whether ``/api/v2/setup`` is open until somebody used it."""
    feed: LiveFeed
    status: Callable[[], Awaitable[dict[str, Any]]]
    ledger: Callable[[str | None], Awaitable[dict[str, Any]]]
    """The ledger, of one device or of all."""
    trouble: Callable[[], str | None]
    """What keeps the hub from doing its work; None if nothing does."""
    first_steps: Callable[[], list[dict[str, str]]]
    hub: Mapping[str, str | int]
    """``name``, ``version`` and ``started_ms``."""
    bodies: Bodies
    page: Path
    """The folder of the built page."""
    hosts: frozenset[str]
    """The names under which browsers may reach us (against DNS rebinding)."""


def services(connection: HTTPConnection) -> Services:
    """Return the services of the hub that a request came to."""
    found: Services = connection.app.state.services
    return found
