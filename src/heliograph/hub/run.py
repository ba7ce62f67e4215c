"""The whole hub.

::

    agent ─MQTT─▶ broker ─▶ stream ─▶ intake ─▶ store ─▶ engine ─▶ api ─▶ page
                    ▲                    ▲                          │
    devices ────────┘                    └──── HTTP batches ────────┘

Everything opens from left to right and closes from right to left, so that what is on its way arrives.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import heliograph
from heliograph import __version__
from heliograph.aio.supervise import end, supervise
from heliograph.api.app import build
from heliograph.api.body import Bodies
from heliograph.api.dashboards.kept import KeptAnswers
from heliograph.api.identity.identities import Identities
from heliograph.api.identity.mqtt_login import MqttLogins
from heliograph.api.influxdb.directory import Directory
from heliograph.api.live import LiveFeed
from heliograph.api.services import Services
from heliograph.codec.lineprotocol import LineLimits
from heliograph.config.tree import Settings
from heliograph.dashboards.library import Library
from heliograph.hub.backup import HubBackup
from heliograph.hub.bridge.arrivals import Arrivals
from heliograph.hub.bridge.bridge import Bridge
from heliograph.hub.buckets import HubBuckets
from heliograph.hub.continuous import continuous_runner
from heliograph.hub.counters import Counters
from heliograph.hub.deletes import HubDeletes
from heliograph.hub.first_steps import ways
from heliograph.hub.home import Home
from heliograph.hub.housekeeping import Housekeeping
from heliograph.hub.http_intake import HttpIntake
from heliograph.hub.influxql import influxql_engine
from heliograph.hub.ingest.rules import IngestRules
from heliograph.hub.ingest.service import HubIngest
from heliograph.hub.ingest_thread import IngestThread
from heliograph.hub.ledger_report import ledger_report
from heliograph.hub.memory import columns_bytes
from heliograph.hub.mqtt_intake import MqttIntake
from heliograph.hub.network.door import Door
from heliograph.hub.network.mosquitto_door import MosquittoDoor
from heliograph.hub.network.network import Network
from heliograph.hub.network.trespass import Trespass
from heliograph.hub.opening import Broker, Kept
from heliograph.hub.own_agent import run_own_agent
from heliograph.hub.own_figures import record_figures
from heliograph.hub.prepared_streams import prepare_again
from heliograph.hub.provisioned import DashboardFolder
from heliograph.hub.rules.service import HubRules
from heliograph.hub.status import MqttSide, Status
from heliograph.hub.streams import HubStreams
from heliograph.hub.topic_keeping import TopicKeeping
from heliograph.hub.topic_watch import TopicWatch
from heliograph.hub.uplink.opening import open_uplink
from heliograph.hub.uplink.uplink import Uplink
from heliograph.query.budget import MemoryBudget
from heliograph.query.engine import QueryEngine
from heliograph.query.flux.engine import FluxEngine
from heliograph.query.limits import QueryLimits
from heliograph.query.user_sql import UserSql
from heliograph.store.dashboards import DashboardTable
from heliograph.store.quarantine import Quarantine
from heliograph.store.stream_readers import StreamReaderTable
from heliograph.stream.log import LP, MQTT
from heliograph.transport.mqtt_client_settings import MqttSettings

log = logging.getLogger(__name__)

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
    network: Sequence[str] = ()
    """What to know where others than this machine may connect."""


def _user_sql(kept: Kept, home: Home, settings: Settings, limits: QueryLimits) -> UserSql:
    return UserSql(
        kept.store,
        kept.duck,
        home.scratch,
        seconds=settings.limits.query_seconds,
        memory_bytes=settings.store.memory_limit,
        limits=limits,
    )


def _facts(home: Home) -> dict[str, str | int]:
    return {
        "name": platform.node(),
        "version": __version__,
        "started_ms": time.time_ns() // 1_000_000,
        "home": str(home.folder),
    }


class Hub:
    """The parts of a running hub, joined."""

    def __init__(
        self,
        settings: Settings,
        home: Home,
        kept: Kept,
        broker: Broker,
        network: Network,
        *,
        ingest: IngestRules,
        allow_setup: bool,
    ) -> None:
        self._ingest = ingest
        self._settings, self._home, self._broker = settings, home, broker
        self._allow_setup = allow_setup
        self._loop = asyncio.get_running_loop()
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
            # two pools of so many threads, and what the loop answers at once
            memory=MemoryBudget(limits.query_memory, at_once=2 * settings.store.threads + 1),
            columns_bytes=columns_bytes(settings.store.columns_memory),
        )
        self._influxql = influxql_engine(self._engine, kept.database, settings, home)
        line_limits = LineLimits(limits.line_bytes, limits.point_tags, limits.point_fields)
        self._http = HttpIntake(stream, store, self._feed, self._thread, counters, limits=line_limits)
        self._mqtt = MqttIntake(
            stream,
            store,
            quarantine=quarantine,
            feed=self._feed,
            thread=self._thread,
            counters=counters,
            rules=ingest,
            limits=line_limits,
        )
        self._topics = TopicWatch(self._broker_settings)
        self._rules = HubRules(kept.database, self._engine, settings.rules, home.rules, self._topics.publish)
        self._streams = HubStreams(stream, StreamReaderTable(kept.database), self._applied)
        self._arrivals = Arrivals()
        self._bridge = self._make_bridge(quarantine, counters)
        self._housekeeping = Housekeeping(
            store,
            stream,
            quarantine,
            counters,
            seal_interval=settings.store.seal_interval,
            keep=settings.stream.keep,
            max_bytes=settings.store.max_bytes,
        )
        self._user_sql = _user_sql(kept, home, settings, query_limits)
        self._identities = Identities(kept.database, home.token)
        self._uplink = self._make_uplink()
        self._network = network
        self._door = self._make_door(quarantine, counters)
        self._dashboards = Library(DashboardTable(kept.database))
        self._facts = _facts(home)
        self._status = Status(
            hub=self._facts,
            mqtt=MqttSide(broker, self._bridge, ingest),
            store=store,
            quarantine=quarantine,
            housekeeping=self._housekeeping,
            counters=counters,
            max_bytes=settings.store.max_bytes,
        )
        self._url = network.url
        self._ways = ways(self._url, broker.local, self._identities.token, needs_login=network.where.is_open)
        network.serve(build(services := self._services(kept)))
        self._continuous = continuous_runner(services)

    def _make_door(self, quarantine: Quarantine, counters: Counters) -> Door | MosquittoDoor:
        """Return who answers for the broker's logins, and hear of those who do what they may not."""
        broker, identities = self._broker, self._identities
        if broker.mosquitto is not None and self._network.where.is_open:
            door = MosquittoDoor(broker.mosquitto, identities, broker.secret)
            identities.on_end, identities.on_change = self._rights_ended, door.look
            return door
        logins = MqttLogins(identities, broker.secret)
        identities.on_end = self._rights_ended
        trespass = Trespass(
            quarantine, counters, lambda client: identities.devices.owner(client) or logins.holder(client)
        )
        broker.server.limits.on_forbidden = trespass.note
        return Door(broker.plan, broker.server.endpoints, broker.issuer, logins)

    def _make_uplink(self) -> Uplink | None:
        """Return the way to another hub; None where this one is no gateway."""
        uplink = open_uplink(
            self._settings,
            self._home,
            self._broker.stream,
            ingest=self._ingest,
            devices=self._identities.devices,
            local=self._broker_settings,
        )
        if uplink:
            self._housekeeping.held = uplink.held
        return uplink

    def _make_bridge(self, quarantine: Quarantine, counters: Counters) -> Bridge | None:
        """Return the way from another broker; None where nats-server's own is used."""
        if self._broker.foreign is None:
            return None
        return Bridge(
            self._broker.foreign,
            intake=self._http,
            rules=self._ingest,
            thread=self._thread,
            quarantine=quarantine,
            counters=counters,
            arrivals=self._arrivals,
        )

    def _services(self, kept: Kept) -> Services:
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
            ingest=HubIngest(self._ingest, kept.store),
            rules=self._rules,
            streams=self._streams,
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
            dashboards=self._dashboards,
            panel_answers=KeptAnswers(),
            topics=self._topics,
            topic_keeping=TopicKeeping(
                self._topics.tree,
                self._ingest,
                self._broker.stream,
                is_own=lambda: self._broker.foreign is None,
            ),
            status=self._report,
            ledger=self._ledger,
            trouble=lambda: self._broker.server.trouble or self._housekeeping.trouble,
            first_steps=lambda: self._ways,
            hub=self._facts,
            bodies=Bodies(limits.body_bytes),
            page=PAGE,
            hosts=self._network.hosts,
            reach=self._network.reach,
        )

    def _broker_settings(self) -> MqttSettings:
        return replace(self._broker.local, client_id=None, is_clean=True, session_expiry_s=None, will=None)

    def _applied(self) -> dict[str, int]:
        return {LP: self._http.applied_seq, MQTT: self._mqtt.applied_seq}

    async def _report(self) -> dict[str, Any]:
        report = await self._status.report(self._applied(), pages=self._feed.pages)
        uplink = await self._uplink.report() if self._uplink else None
        more = [*self._rules.warnings(), *await self._streams.warnings()]
        more += uplink["warnings"] if uplink else []
        return report | {
            "queries": self._engine.memory.report(),
            "uplink": uplink,
            "warnings": [*report["warnings"], *more],
        }

    async def _ledger(self, device: str | None) -> dict[str, Any]:
        report = await ledger_report(self._store, self._broker.stream, self._applied(), device)
        return report | {"consumers": await self._streams.consumers()}

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
            keeping.append(group.create_task(supervise("logins", self._door.serve), name="logins"))
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
        if self._bridge:
            await self._arrivals.read_back(self._broker.stream)
        await self._door.ready.wait()

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
                group.create_task(self._topics.follow(), name="topics"),
                group.create_task(supervise("reading LP back", self._http.fill_gaps), name="lp gaps"),
                group.create_task(self._continuous.follow(), name="continuous queries"),
            ]
            if self._bridge:
                readers.append(group.create_task(self._bridge.run(), name="bridge"))
                await self._bridge.ready()
            if self._uplink:
                readers.append(group.create_task(self._uplink.run(), name="uplink"))
            serving = group.create_task(self._network.run(), name="http")
            agent = group.create_task(
                run_own_agent(self._settings, self._broker.mqtt, self._home), name="agent"
            )
            more = [
                group.create_task(self._dashboard_folder().follow(), name="dashboards"),
                group.create_task(self._figures(), name="figures"),
                group.create_task(self._network.keep(self._broker.reload), name="certificate"),
                group.create_task(supervise("rules", self._rules.follow), name="rules"),
            ]
            gc.freeze()  # what is there now stays: nobody has to look for garbage in it again and again
            announce(self._ready())
            await stop.wait()
            await end(agent, *more)  # first what makes points, last what keeps them
            self._feed.close()
            self._streams.close()
            self._network.stop()
            await serving
            if self._uplink:
                await self._uplink.say_goodbye()
            await end(*readers)

    def _rights_ended(self, identity: str) -> None:
        """End what is open under an identity; called from any thread."""
        self._door.end(identity)
        self._loop.call_soon_threadsafe(self._feed.recheck)

    def _dashboard_folder(self) -> DashboardFolder:
        folder = self._settings.dashboards.folder
        return DashboardFolder(Path(folder) if folder else self._home.dashboards, self._dashboards)

    async def _figures(self) -> None:
        """Record the hub's own figures where its machine's are gathered, too."""
        if self._settings.agent.enabled:
            host = self._settings.agent.host_name or platform.node()
            await record_figures(self._http, self._report, host)

    def _run_facts(self) -> dict[str, str | int | None]:
        return {
            "pid": os.getpid(),
            "http_url": self._url,
            "https_url": self._network.reach().url if self._network.where.is_tls else None,
            "mqtt_host": self._broker.mqtt.host,
            "mqtt_port": self._broker.mqtt.port,
            "nats_pid": self._broker.server.pid,
        }

    def _ready(self) -> Ready:
        return Ready(
            http_url=self._url,
            mqtt_host=self._broker.mqtt.host,
            mqtt_port=self._broker.mqtt.port,
            login_url=f"{self._url}/#login={self._identities.login_code()}",
            ways=self._ways,
            token=self._identities.token,
            home=self._home.folder,
            network=[*self._network.told(), *([self._uplink.told] if self._uplink else [])],
        )

    async def close(self) -> None:
        """End the hub's threads and children."""
        self._thread.close()
        self._engine.close()
        self._influxql.close()
        await self._user_sql.close()
