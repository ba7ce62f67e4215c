"""What the routes need from the rest of the hub, as the hub hands it in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import HTTPConnection

from heliograph.api.body import Bodies
from heliograph.api.dashboards.kept import KeptAnswers
from heliograph.api.identity.identities import Identities
from heliograph.api.identity.stream_rights import StreamRights
from heliograph.api.influxdb.directory import Directory
from heliograph.api.live import LiveFeed
from heliograph.api.topics.window import TopicKeeping, Topics
from heliograph.codec.lineprotocol import LineError
from heliograph.dashboards.library import Library
from heliograph.model.enrolment import NO_FINGERPRINT
from heliograph.model.predicate import Predicate
from heliograph.model.time import Precision
from heliograph.query.engine import QueryEngine
from heliograph.query.flux.engine import FluxEngine
from heliograph.query.influxql.engine import InfluxqlEngine
from heliograph.query.user_sql import UserSql
from heliograph.store.bucket_report import BucketReport
from heliograph.store.ledger.entry import Origin
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
    time_ns: int | None = None
    """When it came; None means now."""
    origin: Origin | None = None
    """Which device it is of, where it came by MQTT over another broker."""
    arrival: str = ""
    """By what the message is known if that broker sends it again."""


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

    async def drop_measurement(self, bucket: str, name: str) -> None:
        """Delete all points of a measurement and forget its fields and their types.

        Raises:
            BucketNotFound: there is no such bucket.
            Error: nothing was deleted; ``retry`` says whether trying again may help.
        """
        ...


class Ingest(Protocol):
    """The rules by which messages of any topic become points, in JSON's values."""

    def report(self) -> list[dict[str, Any]]:
        """Return the rules that hold."""
        ...

    async def add(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Let a rule hold from now on.

        Raises:
            ConfigError, NotPossible, BucketNotFound: nothing changed.
        """
        ...

    async def remove(self, name: str) -> dict[str, Any]:
        """Let a rule hold no longer.

        Raises:
            NotFound, ConfigError: nothing changed.
        """
        ...

    async def test(self, topic: str, payload: bytes, asked: dict[str, Any] | None) -> dict[str, Any]:
        """Return what a message would give, by a rule that is asked for or by those that hold.

        Raises:
            ConfigError, DecodeError: nothing.
        """
        ...


class Rules(Protocol):
    """The rules that watch points, in JSON's values."""

    def report(self) -> dict[str, Any]:
        """Return all rules with their alerts, the silences, and how notifications go."""
        ...

    def alerts(self, start_ms: int, end_ms: int) -> dict[str, Any]:
        """Return what fires now, and what changed in a time."""
        ...

    async def add(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Add a rule, or put it in place of the one of its name.

        Raises:
            ConfigError, NotPossible: nothing changed.
        """
        ...

    async def remove(self, name: str) -> dict[str, Any]:
        """Remove a rule that was added.

        Raises:
            NotFound, ConfigError: nothing changed.
        """
        ...

    async def test(self, asked: Mapping[str, Any] | str, start_ms: int, end_ms: int) -> dict[str, Any]:
        """Return what a rule, or the one of a name, would have told of a time.

        Raises:
            ConfigError, NotFound, QueryError: it cannot be tried.
        """
        ...

    async def silence(
        self,
        rule: str,
        tags: Mapping[str, str],
        seconds: float | None,
        note: str,
        *,
        start_ms: int = 0,
        every: str = "",
        zone: str = "",
    ) -> dict[str, Any]:
        """Tell nobody about some alerts for a while, or at times of the week.

        Args:
            rule: the rules: a name, in which ``*`` and ``?`` may stand.
            tags: only alerts with these.
            seconds: for how long; None for until it is ended.
            note: why.
            start_ms: from when, if later than now.
            every: only at these times, such as ``sun 02:00-04:00``.
            zone: by which clock those are meant, such as ``Europe/Berlin``; empty for the hub's.

        Raises:
            ConfigError, NotPossible: nothing changed.
        """
        ...

    async def end_silence(self, number: int) -> dict[str, Any]:
        """End a silence before its time.

        Raises:
            NotFound: there is none of that number.
        """
        ...

    async def acknowledge(
        self, name: str, tags: Mapping[str, str] | None, who: str, note: str
    ) -> dict[str, Any]:
        """Say that somebody looks after alerts.

        Raises:
            NotFound: there is no such rule.
        """
        ...


class Streams(Protocol):
    """Reading the streams, in JSON's values. All of it raises StreamError while nats-server is silent."""

    async def report(self, rights: StreamRights) -> dict[str, Any]:
        """Return what each stream that somebody may read holds, and how far their consumers are."""
        ...

    async def position(self, name: str, time_ns: int) -> int:
        """Return the sequence of the first message that came at a time or later."""
        ...

    async def read(
        self,
        name: str,
        from_seq: int,
        *,
        limit: int,
        wait: float,
        topic: str,
        bucket: str,
        rights: StreamRights,
    ) -> dict[str, Any]:
        """Return the next messages from a sequence on.

        Raises:
            NotFound: there is no such stream.
        """
        ...

    async def make_consumer(
        self, name: str, stream: str, from_seq: int | None, rights: StreamRights
    ) -> dict[str, Any]:
        """Make a named consumer.

        Raises:
            QueryError, NotFound, NotPossible: there is none.
        """
        ...

    async def remove_consumer(self, name: str, rights: StreamRights) -> dict[str, Any]:
        """Forget a consumer.

        Raises:
            NotFound: there is none of that name.
        """
        ...

    async def read_consumer(
        self,
        name: str,
        after_seq: int | None,
        *,
        limit: int,
        wait: float,
        topic: str,
        bucket: str,
        rights: StreamRights,
    ) -> dict[str, Any]:
        """Return the messages that a consumer has not acknowledged.

        Raises:
            NotFound: there is no such consumer.
        """
        ...

    async def acknowledge(self, name: str, seq: int, rights: StreamRights) -> dict[str, Any]:
        """Keep that a consumer is done with everything up to a sequence.

        Raises:
            NotFound, QueryError: nothing changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How boards reach the hub."""

    url: str
    """The HTTP address, with TLS where the hub listens beyond this machine."""
    mqtt_port: int
    is_tls: bool
    """Whether MQTT is encrypted."""
    ca: str = ""
    """The authority of the hub's certificates in PEM; empty where the board's system knows it, or no TLS."""
    fingerprint: str = NO_FINGERPRINT
    """Of the authority, as enrolment codes have it."""


@dataclass(frozen=True, slots=True)
class Services:
    """One hub's services."""

    intake: Intake
    buckets: Buckets
    deletes: Deletes
    ingest: Ingest
    rules: Rules
    streams: Streams
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
    dashboards: Library
    panel_answers: KeptAnswers
    topics: Topics
    topic_keeping: TopicKeeping
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
    hosts: Collection[str]
    """The names under which browsers may reach us (against DNS rebinding); may change."""
    reach: Callable[[], Reach]
    """How boards reach the hub now."""


def services(connection: HTTPConnection) -> Services:
    """Return the services of the hub that a request came to."""
    found: Services = connection.app.state.services
    return found
