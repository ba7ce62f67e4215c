"""What a hub stands on, opened: the store on disk, and nats-server with its streams."""

from __future__ import annotations

import logging
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from heliograph.api.identity.mqtt_login import HUB
from heliograph.broker.callout import Issuer
from heliograph.broker.config import HUB_USER, BrokerPlan, Endpoints
from heliograph.broker.mosquitto import Mosquitto, MosquittoPlan, find_binary, has_websocket
from heliograph.broker.mosquitto import end_stale as end_stale_mosquitto
from heliograph.broker.mosquitto import running as mosquitto_running
from heliograph.broker.nats_server import NatsServer, end_stale
from heliograph.broker.nats_server import running as nats_running
from heliograph.broker.ports import require_free
from heliograph.config.tree import Settings
from heliograph.hub.bridge.choice import BrokerChoice, BrokerKind, agent_endpoint, choose, with_session
from heliograph.hub.home import Home
from heliograph.hub.network.listening import Listening, own_host
from heliograph.hub.network.mosquitto_door import first_files
from heliograph.hub.network.network import Network
from heliograph.hub.prepared_streams import prepare
from heliograph.model.time import HOUR_NS, MINUTE_NS, SECOND_NS
from heliograph.store.database import Database
from heliograph.store.duck import Duck
from heliograph.store.rescue import adopt, put_aside_damaged
from heliograph.store.retention import Keeping
from heliograph.store.store import Store
from heliograph.stream.log import StreamLog, Unanswered
from heliograph.transport.mqtt_client_settings import MqttSettings
from heliograph.transport.mqtt_link import MqttEndpoint
from heliograph.transport.nats import connect

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands on disk."""

    database: Database
    duck: Duck
    store: Store


@dataclass(frozen=True, slots=True)
class Broker:
    """nats-server and our connection to it."""

    plan: BrokerPlan
    server: NatsServer
    stream: StreamLog
    choice: BrokerChoice
    mqtt: MqttEndpoint
    """Where devices publish to, as the hub's own agent does."""
    mosquitto: Mosquitto | None
    foreign: MqttSettings | None
    """The session of our own in another broker; None where nats-server's own is used."""
    local: MqttSettings
    """How the hub's own programs reach whichever broker it is."""
    issuer: Issuer
    """Signs who may come in at nats-server."""
    secret: str
    """With which the hub's own programs come in there."""

    def reload(self) -> None:
        """Let the brokers read their certificate again."""
        self.server.reload()
        if self.mosquitto is not None:
            self.mosquitto.reload()


def open_store(settings: Settings, home: Home, stack: AsyncExitStack) -> Kept:
    """Open what stands on disk, and put right what is damaged; it closes with the stack."""
    home.clear_scratch()
    rescued = put_aside_damaged(home.catalog)
    database = Database(home.catalog)
    stack.callback(database.close)
    duck = Duck(
        (home.segments, home.rollups, home.scratch),
        memory_bytes=settings.store.memory_limit,
        threads=settings.store.threads,
        spill=home.scratch / "spill",
    )
    stack.callback(duck.close)
    if rescued:
        log.warning(
            "Entered segments that the catalogue had lost, files=%s", adopt(database, duck, home.segments)
        )
    store = Store(
        home.segments,
        database,
        duck,
        seal_rows=settings.store.seal_rows,
        retire_after=60 + settings.limits.query_seconds,
        keeping=Keeping(
            points_ns=round(settings.store.keep * SECOND_NS),
            rollups_ns={
                MINUTE_NS: round(settings.store.keep_1m * SECOND_NS),
                HOUR_NS: round(settings.store.keep_1h * SECOND_NS),
            },
        ),
        ledger_devices=settings.limits.ledger_devices,
        series_per_bucket=settings.limits.series_per_bucket,
    )
    return Kept(database, duck, store)


async def open_broker(settings: Settings, home: Home, network: Network, stack: AsyncExitStack) -> Broker:
    """Start nats-server with both streams, and connect to it; both end with the stack.

    Raises:
        PortTaken, BrokerNotReady: why it could not start.
    """
    where, issuer = network.where, Issuer()
    certificates = network.certificates
    plan = BrokerPlan(
        folder=home.nats,
        hub_password=home.password("hub"),
        guest_password=home.password("guest"),
        payload_bytes=settings.limits.payload_bytes,
        streams_bytes=2 * settings.stream.max_bytes,
        sync=settings.stream.sync,
        issuer=issuer.public,
        system_password=secrets.token_urlsafe(24),
        guests=not where.is_open,
        certificate=(certificates.chain, certificates.key) if certificates else None,
    )
    asked = settings.broker
    choice = choose(asked)
    end_stale(plan)
    mosquitto_plan = MosquittoPlan(
        home.mosquitto,
        where.mqtt_host,
        0,
        settings.limits.payload_bytes,
        needs_login=where.is_open,
        certificate=plan.certificate,
    )
    end_stale_mosquitto(mosquitto_plan)
    mqtt_port = where.mqtt_port
    if choice.kind is not BrokerKind.FOREIGN:
        setting = "network.mqtts_port" if where.is_tls else "--mqtt-port or broker.mqtt_port"
        mqtt_port = require_free("mqtt", where.mqtt_host, mqtt_port, setting)
    nats_port = require_free("nats", "127.0.0.1", asked.nats_port, "broker.nats_port")
    monitor_port = require_free("nats monitoring", "127.0.0.1", asked.monitor_port, "broker.monitor_port")
    network.mqtt_port = mqtt_port
    own_port = mqtt_port if choice.kind is BrokerKind.EMBEDDED else None
    network.websocket_port = _websocket_port(where, choice.kind)
    endpoints = Endpoints(
        nats_port, monitor_port, where.mqtt_host, own_port, network.websocket_port if own_port else None
    )
    prepared = await prepare(plan, endpoints, settings.stream.max_bytes)
    server = await stack.enter_async_context(nats_running(plan, endpoints))
    server.cut_off = prepared.cut_off
    unanswered = Unanswered()
    connection = await connect(nats_port, HUB_USER, plan.hub_password, on_lost=unanswered.give_up)
    stack.push_async_callback(connection.close)
    secret = secrets.token_urlsafe(24)
    local = MqttSettings(own_host(where), mqtt_port, tls=network.own_tls())
    if where.is_open:
        local = replace(local, user=HUB, password=secret)
    mosquitto, address = None, agent_endpoint(local)
    if choice.kind is BrokerKind.MOSQUITTO:
        if where.is_open:
            first_files(mosquitto_plan, secret)
        mosquitto = await stack.enter_async_context(
            mosquitto_running(replace(mosquitto_plan, port=mqtt_port, websocket_port=network.websocket_port))
        )
    foreign = choice.settings or (local if mosquitto else None)
    if choice.settings is not None:
        address = agent_endpoint(choice.settings)
    if foreign is not None:
        foreign = with_session(foreign, home.folder)
    stream = StreamLog(connection, unanswered, lambda: server.trouble)
    local = foreign or local
    return Broker(plan, server, stream, choice, address, mosquitto, foreign, local, issuer, secret)


def _websocket_port(where: Listening, kind: BrokerKind) -> int | None:
    """Return where MQTT over WebSocket is to be; None without TLS, and with brokers that have none.

    Raises:
        PortTaken: something else is there.
        BrokerNotReady: Mosquitto is not installed.
    """
    if not where.is_tls or kind is BrokerKind.FOREIGN:
        return None
    if kind is BrokerKind.MOSQUITTO and not has_websocket(binary := find_binary()):
        log.warning("There is no MQTT over WebSocket: %s was built without it", binary)
        return None
    setting = "network.websocket_port"
    return require_free("mqtt over websocket", where.mqtt_host, where.websocket_port, setting)
