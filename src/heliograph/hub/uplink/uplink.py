"""The uplink of a gateway: what its devices send goes on to the hub, and commands come down.

::

    $MQTT_msgs ─┐                          ┌─ tel/… sta/… log/…
                ├─ times, thinning ─ MQTT ─┤        of the hub
    LP ─────────┘    (TLS, QoS 1)   client └─ cmd/<device>/… ──▶ this broker

One outgoing connection, to the port of MQTT that the hub has anyway, with the gateway's own key. What is not
acknowledged stays in the streams; the place up to which the hub has them is on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn

from heliograph import __version__
from heliograph.aio.backoff import Backoff
from heliograph.codec.stamp import with_times
from heliograph.errors import (
    AckTimeout,
    DecodeError,
    MqttRefused,
    PayloadTooLarge,
    Refused,
    StreamError,
    TopicError,
    TransportError,
)
from heliograph.hub.ingest.rules import IngestRules
from heliograph.hub.mqtt_run import topic_of
from heliograph.hub.payload import origin_of, unpack
from heliograph.hub.uplink.answers import answer_to
from heliograph.hub.uplink.hub_rules import HubRules, rules_topic
from heliograph.hub.uplink.lane import Lane
from heliograph.hub.uplink.place import Place, PlaceFile
from heliograph.hub.uplink.telling import MOST_DEVICES, Rate, backlog, warnings
from heliograph.hub.uplink.thinning import Outgoing
from heliograph.model.topic import is_device_id
from heliograph.store.catalogue import DEFAULT_BUCKET
from heliograph.stream.log import LP, MQTT, MQTT_PREFIX, Message, StreamLog
from heliograph.transport.mqtt_client import MqttClient
from heliograph.transport.mqtt_client_message import Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings
from heliograph.transport.mqtt_kept import KeptAgain

log = logging.getLogger(__name__)

IN_FLIGHT: Final = 512
"""Messages that the hub may not have acknowledged; with fsync at the hub it is what makes up for its wait."""
KEEP_ALIVE: Final = 5
"""Seconds: a link that swallows everything is known after twice as long."""
CONNECT_TIMEOUT: Final = 4.0
_GOODBYE: Final = 1.0
TELL_EVERY: Final = 30.0
"""Seconds after which the hub is told how it is here, if nothing else happens."""
LONGEST_DELAY: Final = 3.0
"""Seconds between two attempts: there are few gateways, and a hub that is back should not wait for them."""
SAVE_EVERY: Final = 0.5
_UNPACKED_BYTES: Final = 64 * 2**20
_PASSING: Final = 1_000
_FILTERS_AT_ONCE: Final = 50
_FORWARDED: Final = ("tel", "sta", "log")
_PRESENCE: Final = "sta"
_ASKED_BY_GATEWAYS: Final = "cmd/+/gateway"
"""What a hub allows to gateways only."""


@dataclass(slots=True)
class UplinkStatistics:
    """What went through an uplink since its start."""

    qos0: int = 0
    """Messages of QoS 0 that were sent on: nobody promises them."""
    qos0_dropped: int = 0
    """Those for which there was no connection."""
    commands: int = 0
    """Commands that came down."""
    commands_refused: int = 0
    """Those that this gateway's broker would never take."""
    unheard: int = 0
    """Messages of devices beyond :data:`MOST_DEVICES`, whose commands nobody asks for."""


class Uplink:
    """Runs for as long as :meth:`run` runs.

    Args:
        hub: the hub's broker and the gateway's login.
        local: the gateway's own broker.
        stream: the gateway's streams.
        ingest: which other topics hold points.
        rules: what is sent less of, and what the hub says about it.
        places: where it is kept how far the hub is.
        payload_bytes: the largest payload that the hub takes, and this gateway.
        devices: returns the devices that are known here.
    """

    def __init__(
        self,
        hub: MqttSettings,
        local: Callable[[], MqttSettings],
        stream: StreamLog,
        *,
        ingest: IngestRules,
        rules: HubRules,
        places: Path,
        payload_bytes: int,
        devices: Callable[[], Sequence[str]],
    ) -> None:
        gateway = hub.user or ""
        self.statistics = UplinkStatistics()
        self._gateway = gateway
        self._settings = replace(
            hub,
            client_id=f"{gateway}-uplink",
            is_clean=False,
            keep_alive=KEEP_ALIVE,
            connect_timeout=CONNECT_TIMEOUT,
            longest_delay=LONGEST_DELAY,
            will=self._presence(is_online=False),
        )
        self._rules = rules
        self._to_tell = asyncio.Event()
        self._rate = Rate()
        self._local, self._stream, self._ingest, self._known = local, stream, ingest, devices
        self._most_bytes = payload_bytes
        self._file = PlaceFile(places)
        self._lanes = [
            Lane(MQTT, stream, rules.rules, self._from_mqtt, self._send, most_bytes=payload_bytes),
            Lane(LP, stream, rules.rules, self._from_lp, self._send, most_bytes=payload_bytes),
        ]
        for name, place in self._file.read().items():
            for lane in self._lanes:
                if lane.name == name:
                    lane.place = place
        self._saved: dict[str, Place] = {lane.name: lane.place for lane in self._lanes}
        self._client: MqttClient | None = None
        self._devices: set[str] = {gateway}
        self._new_devices = asyncio.Event()
        self._handed_over = KeptAgain(MOST_DEVICES)
        self._subscribed: set[str] = set()
        """Those whose commands the hub keeps for us."""
        self._trouble: str | None = "not connected yet"
        self._was_connected = False

    def held(self, stream: str) -> int:
        """Return up to which message of a stream the hub has everything: the rest is not to be purged."""
        return self._saved[stream].seq

    @property
    def told(self) -> str:
        """What a person should know of it at the start."""
        return f"Gateway {self._gateway} of {self._settings.endpoint}: what devices send here goes on there"

    async def run(self) -> NoReturn:
        """Connect, and connect again, until cancelled; what the hub does not have then is sent later."""
        backoff = Backoff(longest=LONGEST_DELAY)
        while True:
            try:
                await self._run_client(backoff)
            except* _OtherRules:
                for lane in self._lanes:
                    lane.set_rules(self._rules.rules)
                log.warning("the hub has set what is sent less of, rules=%d", len(self._rules.rules))
                backoff.reset()
            except* (TransportError, StreamError) as group:
                error = _first(group)
                if self._trouble != str(error):
                    log.warning("the uplink cannot go on, trying again: %s", error)
                self._trouble = str(error)
            await asyncio.sleep(backoff.next())

    async def _run_client(self, backoff: Backoff) -> None:
        def connected(_is_session_present: bool) -> None:  # noqa: FBT001 - the client's signature
            backoff.reset()
            level = logging.WARNING if self._was_connected else logging.INFO  # after it was told to be lost
            log.log(level, "connected to the hub at %s", self._settings.endpoint)
            self._was_connected = True
            self._trouble = None
            self._to_tell.set()

        def lost(reason: TransportError) -> None:
            self._trouble = str(reason)
            log.warning("lost the hub: %s", reason)

        client = self._client = MqttClient(
            self._settings,
            max_in_flight=IN_FLIGHT,
            acknowledges_itself=False,
            birth=self._presence(is_online=True),
            on_connected=connected,
            on_lost=lost,
        )
        local = MqttClient(replace(self._local(), longest_delay=LONGEST_DELAY))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(client.run(), name="uplink client")
                group.create_task(local.run(), name="uplink local client")
                group.create_task(self._bring_down(client, local), name="uplink commands")
                group.create_task(self._save(), name="uplink place")
                await self._require_gateway(client)
                group.create_task(self._subscribe(client), name="uplink subscriptions")
                group.create_task(self._tell(client), name="uplink report")
                group.create_task(self._pass_on(client), name="uplink qos 0")
                for lane in self._lanes:
                    group.create_task(lane.run(), name=f"uplink {lane.name}")
        finally:
            await self._save_now()

    async def _send(self, outgoing: Outgoing) -> asyncio.Future[None]:
        if self._client is None:
            raise AssertionError("a lane runs beside a client")
        # nats-server's stream does not tell what was retained; presence always is, points need not be
        retained = outgoing.topic.startswith(f"{_PRESENCE}/")
        return await self._client.send(Publication(outgoing.topic, outgoing.payload, 1, retained))

    def _from_mqtt(self, message: Message) -> Sequence[Outgoing]:
        return self._shaped(
            topic_of(message.subject.removeprefix(MQTT_PREFIX)), message.data, message.time_ns
        )

    def _shaped(self, topic: str, payload: bytes, time_ns: int) -> Sequence[Outgoing]:
        """Return what a message is for the hub: points with their times, whatever the payload was."""
        kind, _, rest = topic.partition("/")
        device = rest.partition("/")[0]
        if kind in _FORWARDED:
            if not is_device_id(device):
                return []  # the hub would not know whose it is either; it is in the quarantine here
            self._note(device)
            return [Outgoing(topic, with_times(payload, time_ns) if kind == "tel" else payload)]
        if kind == "cmd":
            return []
        found = self._ingest.lines(topic, payload, time_ns)
        return [] if found is None else [Outgoing(f"tel/{self._gateway}/{found[0]}", found[1])]

    def _from_lp(self, message: Message) -> Sequence[Outgoing]:
        try:
            bucket, lines, precision, time_ns = unpack(
                message.subject, message.data, message.headers, _UNPACKED_BYTES
            )
            origin = origin_of(message.headers, 0, 0)
        except (DecodeError, PayloadTooLarge, ValueError) as error:
            log.error("a batch is no batch and stays here: %s", error)
            return []
        if bucket != DEFAULT_BUCKET:
            return []
        device = origin.device if origin is not None and is_device_id(origin.device) else self._gateway
        if device != self._gateway:
            self._note(device)
        timed = with_times(lines, time_ns, precision)
        return [Outgoing(f"tel/{device}/http", timed)] if timed else []

    def _note(self, device: str) -> None:
        if device in self._devices:
            return
        if len(self._devices) >= MOST_DEVICES:
            self.statistics.unheard += 1
            return
        self._devices.add(device)
        self._new_devices.set()

    async def _subscribe(self, client: MqttClient) -> None:
        """Ask for the commands of the devices that are here, and of those that come; runs until cancelled."""
        self._subscribed.clear()
        while True:
            self._new_devices.clear()
            self._devices.update(self._known())
            missing = sorted(self._devices - self._subscribed)
            for at in range(0, len(missing), _FILTERS_AT_ONCE):
                some = missing[at : at + _FILTERS_AT_ONCE]
                await self._ask(client, [f"cmd/{device}/#" for device in some])
                self._subscribed.update(some)
            await self._new_devices.wait()

    async def _ask(self, client: MqttClient, filters: list[str]) -> None:
        while True:
            try:
                await client.subscribe(*(Subscription(each, 1) for each in filters))
            except AckTimeout as error:  # a busy hub first sends and takes what is under way
                log.warning("the uplink asks for commands again: %s", error)
            else:
                return

    async def _require_gateway(self, client: MqttClient) -> None:
        """Send nothing to a hub that takes us for a plain device: it would acknowledge it, and drop it.

        Raises:
            Refused: it does.
        """
        try:
            await self._ask(client, [_ASKED_BY_GATEWAYS])
        except MqttRefused as error:
            raise Refused(
                self._settings.endpoint,
                f"{self._gateway} is no gateway there; on the hub: helio device enrol NAME --gateway",
            ) from error

    async def _bring_down(self, client: MqttClient, local: MqttClient) -> None:
        """Publish here what the hub says to devices here; acknowledged when this broker has it."""
        while True:
            message = await client.next_message()
            if message.topic == rules_topic(self._gateway):
                before = self._rules.report()
                is_new = await asyncio.to_thread(self._rules.take, message.payload)
                client.acknowledge(message)
                if self._rules.report() != before:  # what is kept comes again each time that we ask
                    self._to_tell.set()
                if is_new:
                    raise _OtherRules
                continue
            if message.topic.startswith("cmd/") and not self._handed_over.knows(message):
                # Set only of what the hub had kept: MQTT 3.1.1 clears it for those who listen already.
                command = Publication(message.topic, message.payload, 1, message.retained)
                await self._hand_over(client, local, command)
                self._handed_over.note(message)
            client.acknowledge(message)

    async def _hand_over(self, client: MqttClient, local: MqttClient, command: Publication) -> None:
        """Publish a command here, unless no broker here would ever take it: others wait behind it."""
        error: TopicError | PayloadTooLarge | None = None
        if len(command.payload) > self._most_bytes:
            error = PayloadTooLarge(len(command.payload), self._most_bytes)
        else:
            try:
                await local.publish(command)
            except (TopicError, PayloadTooLarge) as refused:
                error = refused
        if error is None:
            self.statistics.commands += 1
        else:
            self.statistics.commands_refused += 1
            log.error("a command to %s is left out, it cannot be published here: %s", command.topic, error)
            answer = await asyncio.to_thread(answer_to, command.payload, error)
            if answer is not None:
                with contextlib.suppress(TopicError):
                    await client.send(answer)
            self._to_tell.set()

    def _presence(self, *, is_online: bool) -> Publication:
        word = b"online" if is_online else b"offline"
        return Publication(f"{_PRESENCE}/{self._gateway}/edge", word, 1, retained=True)

    async def say_goodbye(self) -> None:
        """Tell the hub that this gateway goes, if it is there; its last will is for ends without a word."""
        if self._client is None or not self._client.is_connected:
            return
        with contextlib.suppress(TimeoutError, TransportError):
            async with asyncio.timeout(_GOODBYE):
                await self._client.publish(self._presence(is_online=False))

    async def _tell(self, client: MqttClient) -> NoReturn:
        """Tell the hub how it is here, and hear what it has left for us, with each connection."""
        told: dict[str, Any] = {}
        topic = f"{_PRESENCE}/{self._gateway}/edge/report"
        while True:
            self._to_tell.clear()
            await self._ask(client, [rules_topic(self._gateway)])  # what is retained comes with the answer
            self._rate.take(sum(lane.sent for lane in self._lanes))
            report = await self.report()
            if report != told:
                told, with_time = report, report | {"time_ms": time.time_ns() // 1_000_000}
                await client.send(Publication(topic, json.dumps(with_time).encode(), 1, retained=True))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TELL_EVERY):
                    await self._to_tell.wait()

    async def _pass_on(self, client: MqttClient) -> None:
        """Send on messages of QoS 0 while there is a connection: they are in no stream."""
        waiting: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(_PASSING)

        def put(subject: str, data: bytes) -> None:
            if client.is_connected and not waiting.full():
                waiting.put_nowait((subject, data))
            else:
                self.statistics.qos0_dropped += 1

        async with self._stream.passing(put):
            while True:
                subject, data = await waiting.get()
                topic = topic_of(subject)
                try:
                    await client.send(Publication(topic, data, 0))
                except (TopicError, PayloadTooLarge, TransportError):
                    self.statistics.qos0_dropped += 1
                else:
                    device = topic.split("/")[1]
                    if is_device_id(device):  # the hub may refuse a filter with another name
                        self._note(device)
                    self.statistics.qos0 += 1

    async def _save(self) -> NoReturn:
        while True:
            await asyncio.sleep(SAVE_EVERY)
            await self._save_now()

    async def _save_now(self) -> None:
        places = {lane.name: lane.place for lane in self._lanes}
        if places == self._saved:
            return
        try:
            await asyncio.to_thread(self._file.write, places)
        except OSError as error:
            log.error("how far the hub is cannot be written down: %s", error)
            return
        self._saved = places

    async def report(self) -> dict[str, Any]:
        """Return how it is, as JSON-ready values.

        Raises:
            StreamError: nats-server does not answer.
        """
        client = self._client
        waiting = await backlog(self._stream, self._lanes)
        told = {
            "hub": self._settings.endpoint,
            "gateway": self._gateway,
            "connected": client is not None and client.is_connected,
            "trouble": self._trouble,
            "waiting": waiting.messages,
            "waiting_bytes": waiting.size_bytes,
            "oldest_ms": waiting.oldest_ms,
            "messages": sum(lane.messages for lane in self._lanes),
            "sent": sum(lane.sent for lane in self._lanes),
            "per_second": self._rate.per_second,
            "under_way": sum(lane.under_way for lane in self._lanes),
            "missed": sum(lane.place.missed for lane in self._lanes),
            "refused": sum(lane.refused for lane in self._lanes),
            "commands": self.statistics.commands,
            "commands_refused": self.statistics.commands_refused,
            "unheard": self.statistics.unheard,
            "qos0": self.statistics.qos0,
            "qos0_dropped": self.statistics.qos0_dropped,
            "devices": len(self._subscribed),
            "version": __version__,
            "rules": self._rules.report(),
        }
        return told | {"warnings": warnings(told)}


class _OtherRules(Exception):
    """Begin again with other rules."""


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
