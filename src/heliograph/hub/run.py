"""The whole hub.

::

    agent ─MQTT─▶ broker ─▶ stream ─▶ intake ─▶ store ─▶ engine ─▶ api ─▶ page
                    ▲                    ▲                          │
    devices ────────┘                    └──── HTTP batches ────────┘

Everything opens from left to right and closes from right to left, so that what is on its way arrives.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import uvloop

import heliograph
from heliograph import __version__
from heliograph.agent.run import Agent
from heliograph.agent.settings import AgentSettings
from heliograph.aio.supervise import end, supervise
from heliograph.api.app import build
from heliograph.api.body import Bodies
from heliograph.api.identity.identities import Identities
from heliograph.api.influxdb.directory import Directory
from heliograph.api.live import LiveFeed
from heliograph.api.services import Services
from heliograph.broker.config import HUB_USER, BrokerPlan, Endpoints
from heliograph.broker.nats_server import NatsServer, end_stale
from heliograph.broker.nats_server import running as nats_running
from heliograph.broker.ports import require_free
from heliograph.codec.lineprotocol import LineLimits
from heliograph.config.tree import Settings
from heliograph.errors import ConfigError, Error
from heliograph.hub.backup import HubBackup
from heliograph.hub.buckets import HubBuckets
from heliograph.hub.counters import Counters
from heliograph.hub.deletes import HubDeletes
from heliograph.hub.first_steps import ways
from heliograph.hub.home import Home
from heliograph.hub.housekeeping import Housekeeping
from heliograph.hub.http_intake import HttpIntake
from heliograph.hub.http_server import HttpServer, listen
from heliograph.hub.ingest_thread import IngestThread
from heliograph.hub.ledger_report import ledger_report
from heliograph.hub.mqtt_intake import MqttIntake
from heliograph.hub.prepared_streams import prepare, prepare_again
from heliograph.hub.status import Status
from heliograph.model.time import HOUR_NS, MINUTE_NS, SECOND_NS
from heliograph.query.engine import QueryEngine
from heliograph.query.flux.engine import FluxEngine
from heliograph.query.influxql.engine import InfluxqlEngine
from heliograph.query.limits import QueryLimits
from heliograph.query.user_sql import UserSql
from heliograph.store.database import Database
from heliograph.store.duck import Duck
from heliograph.store.quarantine import Quarantine
from heliograph.store.rescue import adopt, put_aside_damaged
from heliograph.store.retention import Keeping
from heliograph.store.store import Store
from heliograph.stream.log import LP, MQTT, StreamLog, Unanswered
from heliograph.transport.mqtt import MqttPublisher
from heliograph.transport.mqtt_link import MqttEndpoint
from heliograph.transport.nats import connect

log = logging.getLogger(__name__)

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
PAGE: Final = Path(heliograph.__file__).parent / "page"


@dataclass(frozen=True, slots=True)
class Ready:
    """A hub that takes points now."""

    http_url: str
    mqtt_host: str
    mqtt_port: int
    login_url: str
    ways: list[dict[str, str]]
    token: str
    """The operator's, as it stands in ``ways``."""
    home: Path


def main(
    settings: Settings, home: Home, announce: Callable[[Ready], None], *, allow_setup: bool = False
) -> None:
    """Run a hub until SIGINT or SIGTERM.

    Raises:
        Error: why it could not start, or what failed for good.
    """

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(settings, home, stop=stop, announce=announce, allow_setup=allow_setup)

    os.umask(0o077)  # what the hub writes is its owner's alone, the catalogue too
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(until_told())
    except BaseExceptionGroup as group:
        ours = group.subgroup(Error)
        if ours is None:
            raise
        raise _first(ours) from group


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def run(
    settings: Settings,
    home: Home,
    *,
    stop: asyncio.Event,
    announce: Callable[[Ready], None],
    allow_setup: bool = False,
) -> None:
    """Run a hub until ``stop`` is set, then close it in the order of the data.

    Raises:
        HomeLocked, PortTaken, BrokerNotReady: before anything has started.
        ExceptionGroup: a part failed for good while the hub was running.
    """
    require_loopback(settings)
    async with AsyncExitStack() as stack:
        stack.enter_context(home.locked())
        listener = listen(settings.http.host, settings.http.port)
        stack.callback(listener.close)
        kept = _open_store(settings, home, stack)
        broker = await _open_broker(settings, home, stack)
        hub = Hub(settings, home, kept, broker, listener, allow_setup=allow_setup)
        stack.push_async_callback(hub.close)
        await hub.serve(stop, announce)


def require_loopback(settings: Settings) -> None:
    """Refuse to listen where strangers could connect: there is neither TLS nor a login for MQTT yet.

    Raises:
        ConfigError: an address that is not this machine's own.
    """
    for key, host, allowed in (
        ("http.host", settings.http.host, LOOPBACK),
        ("broker.mqtt_host", settings.broker.mqtt_host, LOOPBACK[:2]),
    ):
        if host not in allowed:
            raise ConfigError(
                f"{key} is {host!r}, but this version listens on this machine only ({', '.join(allowed)}):"
                " it has no TLS yet; reach it from elsewhere by an SSH tunnel (docs/settings.md)",
                key=key,
            )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What stands on disk."""

    database: Database
    duck: Duck
    store: Store


@dataclass(frozen=True, slots=True)
class _Broker:
    """nats-server and our connection to it."""

    plan: BrokerPlan
    server: NatsServer
    stream: StreamLog


def _open_store(settings: Settings, home: Home, stack: AsyncExitStack) -> _Kept:
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
    return _Kept(database, duck, store)


async def _open_broker(settings: Settings, home: Home, stack: AsyncExitStack) -> _Broker:
    plan = BrokerPlan(
        folder=home.nats,
        hub_password=home.password("hub"),
        guest_password=home.password("guest"),
        payload_bytes=settings.limits.payload_bytes,
        streams_bytes=2 * settings.stream.max_bytes,
        sync=settings.stream.sync,
    )
    end_stale(plan)
    asked = settings.broker
    mqtt_port = require_free("mqtt", asked.mqtt_host, asked.mqtt_port, "--mqtt-port or broker.mqtt_port")
    nats_port = require_free("nats", "127.0.0.1", asked.nats_port, "broker.nats_port")
    monitor_port = require_free("nats monitoring", "127.0.0.1", asked.monitor_port, "broker.monitor_port")
    endpoints = Endpoints(nats_port, monitor_port, asked.mqtt_host, mqtt_port)
    prepared = await prepare(plan, endpoints, settings.stream.max_bytes)
    server = await stack.enter_async_context(nats_running(plan, endpoints))
    server.cut_off = prepared.cut_off
    unanswered = Unanswered()
    connection = await connect(nats_port, HUB_USER, plan.hub_password, on_lost=unanswered.give_up)
    stack.push_async_callback(connection.close)
    return _Broker(plan, server, StreamLog(connection, unanswered, lambda: server.trouble))


def _influxql(kept: _Kept, settings: Settings, limits: QueryLimits, engine: QueryEngine) -> InfluxqlEngine:
    return InfluxqlEngine(
        kept.store,
        kept.duck,
        kept.database,
        threads=settings.store.threads,
        seconds=settings.limits.query_seconds,
        limits=limits,
        engine=engine,
    )


class Hub:
    """The parts of a running hub, joined."""

    def __init__(
        self,
        settings: Settings,
        home: Home,
        kept: _Kept,
        broker: _Broker,
        listener: socket.socket,
        *,
        allow_setup: bool,
    ) -> None:
        self._settings = settings
        self._home = home
        self._broker = broker
        self._allow_setup = allow_setup
        self._store = kept.store
        store, stream = kept.store, broker.stream
        counters, quarantine = Counters(), Quarantine(kept.database, settings.limits.quarantine_entries)
        self._feed = LiveFeed()
        self._thread = IngestThread()
        limits = settings.limits
        query_limits = QueryLimits(limits.query_groups, limits.query_rows)
        self._engine = QueryEngine(
            store,
            kept.duck,
            threads=settings.store.threads,
            seconds=limits.query_seconds,
            limits=query_limits,
            columns_bytes=settings.store.memory_limit // 4,
        )
        self._influxql = _influxql(kept, settings, query_limits, self._engine)
        line_limits = LineLimits(limits.line_bytes, limits.point_tags, limits.point_fields)
        self._http = HttpIntake(stream, store, self._feed, self._thread, counters, limits=line_limits)
        self._mqtt = MqttIntake(
            stream,
            store,
            quarantine=quarantine,
            feed=self._feed,
            thread=self._thread,
            counters=counters,
            limits=line_limits,
        )
        self._housekeeping = Housekeeping(
            store,
            stream,
            quarantine,
            counters,
            seal_interval=settings.store.seal_interval,
            keep=settings.stream.keep,
            max_bytes=settings.store.max_bytes,
        )
        self._user_sql = UserSql(
            store,
            kept.duck,
            home.scratch,
            seconds=settings.limits.query_seconds,
            memory_bytes=settings.store.memory_limit,
            limits=query_limits,
        )
        self._identities = Identities(kept.database, home.token)
        self._facts: dict[str, str | int] = {
            "name": platform.node(),
            "version": __version__,
            "started_ms": time.time_ns() // 1_000_000,
            "home": str(home.folder),
        }
        self._status = Status(
            hub=self._facts,
            server=broker.server,
            stream=stream,
            store=store,
            quarantine=quarantine,
            housekeeping=self._housekeeping,
            counters=counters,
            max_bytes=settings.store.max_bytes,
        )
        self._url = f"http://{_shown(settings.http.host)}:{listener.getsockname()[1]}"
        endpoints = broker.server.endpoints
        self._ways = ways(self._url, endpoints.mqtt_host, endpoints.mqtt_port or 0, self._identities.token)
        self._web = HttpServer(build(self._services(kept)), listener)

    def _services(self, kept: _Kept) -> Services:
        limits = self._settings.limits
        query_limits = QueryLimits(limits.query_groups, limits.query_rows)
        return Services(
            intake=self._http,
            buckets=HubBuckets(
                kept.store,
                self._broker.stream,
                self._thread,
                self._housekeeping,
                applied=self._applied,
                feed=self._feed,
            ),
            backup=HubBackup(self._home, kept.database, kept.store, self._housekeeping).begin,
            deletes=HubDeletes(kept.store, self._broker.stream, self._housekeeping, self._feed),
            store=kept.store,
            engine=self._engine,
            flux=FluxEngine(kept.store, self._engine, seconds=limits.query_seconds, limits=query_limits),
            influxql=self._influxql,
            user_sql=self._user_sql,
            identities=self._identities,
            directory=Directory(kept.database),
            allow_setup=self._allow_setup,
            feed=self._feed,
            status=self._report,
            ledger=self._ledger,
            trouble=lambda: self._broker.server.trouble or self._housekeeping.trouble,
            first_steps=lambda: self._ways,
            hub=self._facts,
            bodies=Bodies(limits.body_bytes),
            page=PAGE,
            hosts=frozenset(LOOPBACK),
        )

    def _applied(self) -> dict[str, int]:
        return {LP: self._http.applied_seq, MQTT: self._mqtt.applied_seq}

    async def _report(self) -> dict[str, Any]:
        return await self._status.report(self._applied(), pages=self._feed.pages)

    async def _ledger(self, device: str | None) -> dict[str, Any]:
        return await ledger_report(self._store, self._broker.stream, self._applied(), device)

    async def serve(self, stop: asyncio.Event, announce: Callable[[Ready], None]) -> None:
        """Do the hub's work until ``stop`` is set; what is hot is sealed then."""
        self._broker.server.before_restart = self._before_restart
        self._broker.server.on_restart = self._announce_again
        async with asyncio.TaskGroup() as group:
            # from the first moment on: what is read back has to be sealed, too
            # two tasks and not a group in one: `end` can ask each of them again
            keeping = [
                group.create_task(supervise("sealing", self._housekeeping.seal_and_purge), name="sealing"),
                group.create_task(supervise("upkeep", self._housekeeping.tidy), name="upkeep"),
            ]
            stopping = group.create_task(stop.wait(), name="stop")
            recovering = group.create_task(self._recover(), name="recovery")
            await asyncio.wait((recovering, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                with self._home.announced(self._run_facts()):
                    await self._serve(stop, announce)
            await end(recovering, *keeping)
        await self._housekeeping.close()

    async def _recover(self) -> None:
        """Bring the store up to where the streams are, before anybody may write or ask."""
        await self._http.recover()
        await self._mqtt.recover()
        self._housekeeping.recovered = True

    async def _before_restart(self) -> None:
        """See what the streams have lost before nats-server, which ended by itself, takes anything again."""
        server = self._broker.server
        found = await prepare_again(self._broker.plan, server.endpoints, self._settings.stream.max_bytes)
        server.cut_off = {
            name: server.cut_off.get(name, 0) + found.cut_off.get(name, 0)
            for name in server.cut_off.keys() | found.cut_off.keys()
        }
        await self._http.restarted(found.states[LP])
        await self._mqtt.restarted(found.states[MQTT])

    def _announce_again(self) -> None:
        if self._home.run_file.exists():
            self._home.announce(self._run_facts())

    async def _serve(self, stop: asyncio.Event, announce: Callable[[Ready], None]) -> None:
        """Take points and answer questions until ``stop`` is set."""
        async with asyncio.TaskGroup() as group:
            readers = [
                group.create_task(supervise("reading MQTT", self._mqtt.follow), name="mqtt"),
                group.create_task(self._mqtt.follow_qos0(), name="mqtt qos 0"),
                group.create_task(supervise("reading LP back", self._http.fill_gaps), name="lp gaps"),
            ]
            serving = group.create_task(self._web.run_until_stopped(), name="http")
            agent = group.create_task(_agent(self._settings, self._broker.server.endpoints), name="agent")
            announce(self._ready())
            await stop.wait()
            await end(agent)  # first what makes points, last what keeps them
            self._feed.close()
            self._web.stop()
            await serving
            await end(*readers)

    def _run_facts(self) -> dict[str, str | int | None]:
        endpoints = self._broker.server.endpoints
        return {
            "pid": os.getpid(),
            "http_url": self._url,
            "mqtt_host": endpoints.mqtt_host,
            "mqtt_port": endpoints.mqtt_port,
            "nats_pid": self._broker.server.pid,
        }

    def _ready(self) -> Ready:
        endpoints = self._broker.server.endpoints
        return Ready(
            http_url=self._url,
            mqtt_host=endpoints.mqtt_host,
            mqtt_port=endpoints.mqtt_port or 0,
            login_url=f"{self._url}/#login={self._identities.login_code()}",
            ways=self._ways,
            token=self._identities.token,
            home=self._home.folder,
        )

    async def close(self) -> None:
        """End the hub's threads and children."""
        self._thread.close()
        self._engine.close()
        self._influxql.close()
        await self._user_sql.close()


async def _agent(settings: Settings, endpoints: Endpoints) -> None:
    """This machine's own agent, on the same way as any other: MQTT."""
    chosen = settings.agent
    if not chosen.enabled:
        return
    gathers = AgentSettings(
        interval=chosen.interval, jitter=chosen.jitter, host_name=chosen.host_name, tags=dict(chosen.tags)
    )
    if chosen.inputs:
        gathers = replace(gathers, inputs=chosen.inputs)
    endpoint = MqttEndpoint(endpoints.mqtt_host, endpoints.mqtt_port or 0)
    await Agent(gathers, MqttPublisher.for_device(endpoint, gathers.device)).run()


def _shown(host: str) -> str:
    """Return a host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
