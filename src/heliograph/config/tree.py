"""All settings of a hub and of the agent inside it, with their defaults.

The text below a field is what ``helio config sample`` prints above it, and the annotation says what
the field accepts: this file is the only place that knows a setting. What the settings mean together
is decided where the parts are started; they get their own small dataclasses and never this tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, TypeAlias

from heliograph.config.kinds import Duration, Flag, Names, Pairs, Seconds, Size, Sync, Text, Whole

_KIB = 2**10
_MIB = 2**20
_GIB = 2**30

Port: TypeAlias = Annotated[int, Whole(0, 65_535)]
Host: TypeAlias = Annotated[str, Text()]


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The API and the page."""

    host: Host = "127.0.0.1"
    """The address to listen on. The default lets in nobody but this machine."""

    port: Port = 8086
    """The TCP port, InfluxDB's own by default so that its clients find us; 0 takes any free one."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """The broker that devices publish to."""

    use: Annotated[str, Text()] = "embedded"
    """Which one: "embedded" is in the nats-server that the hub starts and watches, "mosquitto" a Mosquitto
    that the hub starts beside it, and mqtt://user@host:1883 or mqtts://host a foreign one."""

    password_file: Annotated[str, Text(empty=True)] = ""
    """The file whose first line is the password for a foreign broker; empty means none."""

    cafile: Annotated[str, Text(empty=True)] = ""
    """The certificate of the authority that a foreign broker's certificate must be of, for mqtts://; empty
    means those that this system trusts."""

    mqtt_host: Host = "127.0.0.1"
    """The address for MQTT. The default lets in nobody but this machine."""

    mqtt_port: Port = 1883
    """The TCP port for MQTT, the registered one by default; 0 takes any free one."""

    nats_port: Port = 0
    """The TCP port between hub and broker, on 127.0.0.1 only; 0 takes any free one at each start."""

    monitor_port: Port = 0
    """The TCP port of the broker's own figures, on 127.0.0.1 only; 0 takes any free one at each start."""


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Who but this machine may connect; see docs/security.md."""

    listen: Annotated[str, Text(empty=True)] = ""
    """An address of this machine, 0.0.0.0 for all, at which others may connect, with TLS and a login; empty
    means nobody but this machine. helio up --listen."""

    insecure: Annotated[bool, Flag()] = False
    """Whether others may connect without TLS: then everybody on the way reads passwords and points. helio up
    --insecure."""

    https_port: Port = 8443
    """The TCP port of API and page with TLS, where others may connect; 0 takes any free one."""

    mqtts_port: Port = 8883
    """The TCP port of MQTT with TLS, likewise; it is then the only one of plain MQTT."""

    websocket_port: Port = 8884
    """The TCP port of MQTT over WebSocket with TLS (wss://…/mqtt), likewise, for web pages and for networks
    that let nothing else through. Not with a foreign broker."""

    names: Annotated[tuple[str, ...], Names()] = ()
    """More names or addresses under which this hub is reached, as behind a router; the first one is what
    boards are told to call."""

    certificate: Annotated[str, Text(empty=True)] = ""
    """The file of a certificate of your own with its chain, PEM, as an ACME client makes it; it is read again
    when it changes. Empty means that the hub makes its own."""

    key: Annotated[str, Text(empty=True)] = ""
    """The file of the key of that certificate."""

    authority: Annotated[str, Text(empty=True)] = ""
    """The file of the authority of that certificate, if boards' systems do not know it."""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """The streams on disk that hold every acknowledged point until it is in a sealed segment."""

    sync: Annotated[str, Sync()] = "always"
    """When written messages are forced to the disk: "always" before each acknowledgement, so that a power
    cut loses nothing acknowledged, or a duration from 1ms to 1h, which is faster and may lose that much."""

    max_bytes: Annotated[int, Size(_MIB, 1024 * _GIB)] = _GIB
    """The most that each of the two streams may take on disk, 1MiB to 1TiB. A full one refuses points."""

    keep: Annotated[float, Duration(0.0, 366 * 86_400.0)] = 6 * 3_600.0
    """How long messages stay in the streams after their points are sealed, 0s to 366d."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where points are kept and asked for."""

    seal_rows: Annotated[int, Whole(1, 10_000_000)] = 100_000
    """Points in memory after which they are sealed into a segment, 1 to 10000000. More needs more memory
    and makes a start after a crash longer, fewer makes many small segments."""

    seal_interval: Annotated[float, Duration(1.0, 86_400.0)] = 600.0
    """The longest time that points stay in memory before they are sealed, 1s to 1d."""

    keep: Annotated[float, Duration(3_600.0, 36_500 * 86_400.0, zero=True)] = 30 * 86_400.0
    """How long points are kept, 1h to 36500d, 0s for ever: of the buckets and measurements for which
    helio bucket set says nothing else. The default fits a 16 GB card."""

    keep_1m: Annotated[float, Duration(3_600.0, 36_500 * 86_400.0, zero=True)] = 365 * 86_400.0
    """How long the summaries of points by the minute are kept, 1h to 36500d, 0s for ever; where helio bucket
    set says nothing else, too. They answer for points that are forgotten."""

    keep_1h: Annotated[float, Duration(3_600.0, 36_500 * 86_400.0, zero=True)] = 0.0
    """How long the summaries of points by the hour are kept, likewise."""

    max_bytes: Annotated[int, Size(_MIB, 1024 * _GIB, zero=True)] = 4 * _GIB
    """The most that points, summaries and streams together may take on disk, 1MiB to 1TiB, 0 for no limit.
    When there is more, the oldest days of points are forgotten, then summaries. The default fits a 16 GB
    card."""

    memory_limit: Annotated[int, Size(32 * _MIB, 1024 * _GIB)] = 128 * _MIB
    """Memory that queries together may use, 32MiB to 1TiB. The default leaves room on a board with 1 GB."""

    columns_memory: Annotated[int, Size(_MIB, 1024 * _GIB, zero=True)] = 0
    """Memory for columns of points that were asked for in the last minute, 1MiB to 1TiB: what fits is
    answered without reading files. Different texts come on top: of one field at most a 32nd as much, or
    2MiB. 0 takes a 32nd of the machine's memory, 32MiB at least, 256MiB at most."""

    threads: Annotated[int, Whole(1, 256)] = 2
    """Threads for queries, 1 to 256. The default leaves half of a board's four cores alone."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The agent inside the hub, which gathers the figures of the hub's own machine."""

    enabled: Annotated[bool, Flag()] = True
    """Whether the hub's own machine is gathered at all."""

    interval: Annotated[float, Duration(1.0, 86_400.0)] = 10.0
    """Time between two gatherings, 1s to 1d. The default is Telegraf's."""

    jitter: Annotated[float, Duration(0.0, 3_600.0)] = 0.0
    """The most by which a gathering is put off at random, 0s to 1h, so that devices do not send at once."""

    inputs: Annotated[tuple[str, ...], Names()] = ()
    """The inputs to gather, by name; an empty list means all."""

    host_name: Annotated[str, Text(empty=True)] = ""
    """The value of the tag host; empty means the name of this machine."""

    tags: Annotated[Mapping[str, str], Pairs()] = field(default_factory=lambda: MappingProxyType({}))
    """Tags that every point of the agent gets."""


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What one message, request or query may take at most."""

    body_bytes: Annotated[int, Size(_KIB, _GIB)] = 32 * _MIB
    """The largest body of a write request after decompression, 1KiB to 1GiB."""

    payload_bytes: Annotated[int, Size(_KIB, 64 * _MIB)] = 8 * _MIB
    """The largest MQTT payload and message of a stream, 1KiB to 64MiB, the broker's own limit."""

    line_bytes: Annotated[int, Size(64, 64 * _MIB)] = _MIB
    """The longest line of line protocol, 64B to 64MiB. Longer ones are refused."""

    point_tags: Annotated[int, Whole(1, 1_000)] = 64
    """The most tags that a point may have, 1 to 1000. Points with more are refused."""

    point_fields: Annotated[int, Whole(1, 1_000)] = 1_000
    """The most fields that a point may have, 1 to 1000. Points with more are refused."""

    series_per_bucket: Annotated[int, Whole(1, 1_000_000_000)] = 1_000_000
    """The most series in a bucket, 1 to 1000000000. Points that would make more are refused, those of the
    series that are there are not. A series with four tags takes about 1 KiB of memory."""

    quarantine_entries: Annotated[int, Whole(0, 1_000_000)] = 1_000
    """How many refused lines are kept to be looked at, 0 to 1000000; the oldest go first."""

    ledger_devices: Annotated[int, Whole(1, 1_000_000)] = 10_000
    """How many devices the ledger tells apart, 1 to 1000000; those that come later are counted together."""

    query_groups: Annotated[int, Whole(1, 100_000_000)] = 100_000
    """The most groups in one answer, intervals of time times series, 1 to 100000000."""

    query_rows: Annotated[int, Whole(1, 100_000_000)] = 100_000
    """The most rows, or points, in one answer, 1 to 100000000."""

    query_memory: Annotated[int, Size(16 * _MIB, 1024 * _GIB)] = 128 * _MIB
    """Memory for the values that all queries together hold on the way to their answers, 16MiB to 1TiB. Small
    ones always have some; of those that need more one runs at a time, with at most three quarters of it."""

    query_seconds: Annotated[float, Seconds(0.1, 3_600.0)] = 30.0
    """The longest time for one query in seconds, 0.1 to 3600."""


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """Dashboards."""

    folder: Annotated[str, Text(empty=True)] = ""
    """A folder of dashboards as JSON files, which is watched; empty means dashboards in the data folder."""

    catalogue: Annotated[str, Text()] = "https://grafana.com/api/dashboards"
    """The address from which helio dashboard import NUMBER fetches a dashboard;
    NUMBER/revisions/latest/download is put behind it."""


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Rules, and how people are told what they find."""

    folder: Annotated[str, Text(empty=True)] = ""
    """A folder of rules as TOML and Python files, read at the start; empty means rules in the data folder."""

    allow_hosts: Annotated[tuple[str, ...], Names()] = ()
    """Names and addresses of this network to which webhooks and ntfy may send. Without, they reach public
    addresses only."""

    smtp_host: Annotated[str, Text(empty=True)] = ""
    """The mail server that takes e-mails; empty means none."""

    smtp_port: Port = 587
    """Its port: 465 is TLS from the first byte; on others TLS begins where the server offers it."""

    smtp_user: Annotated[str, Text(empty=True)] = ""
    """The user to log in as; empty means without a login. A login needs TLS."""

    smtp_password_file: Annotated[str, Text(empty=True)] = ""
    """The file whose first line is that user's password."""

    smtp_from: Annotated[str, Text(empty=True)] = ""
    """The sender's address; empty means heliograph@ and this machine's name."""


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """A gateway, which brings what its devices send to another hub; see docs/edge.md."""

    enabled: Annotated[bool, Flag()] = False
    """Whether this hub is one. helio edge."""

    rules: Annotated[str, Text(empty=True)] = ""
    """The file that says what is sent less of; empty means edge.toml in the data folder."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree; a section of a TOML file is a field here."""

    http: HttpSettings = field(default_factory=HttpSettings)
    """The API and the page."""

    broker: BrokerSettings = field(default_factory=BrokerSettings)
    """The broker that devices publish to."""

    network: NetworkSettings = field(default_factory=NetworkSettings)
    """Who but this machine may connect."""

    stream: StreamSettings = field(default_factory=StreamSettings)
    """The streams on disk."""

    store: StoreSettings = field(default_factory=StoreSettings)
    """Where points are kept."""

    agent: AgentSettings = field(default_factory=AgentSettings)
    """The agent inside the hub."""

    dashboards: DashboardSettings = field(default_factory=DashboardSettings)
    """Dashboards."""

    rules: RuleSettings = field(default_factory=RuleSettings)
    """Rules."""

    edge: EdgeSettings = field(default_factory=EdgeSettings)
    """A gateway to another hub."""

    limits: LimitSettings = field(default_factory=LimitSettings)
    """What one message, request or query may take at most."""
