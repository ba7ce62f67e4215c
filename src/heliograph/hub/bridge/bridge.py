"""The way from another MQTT broker into the stream: acknowledged to the broker once the stream has it.

The broker keeps a session for us, and sends again whatever we did not acknowledge: after a lost connection,
a broker that was started again, or a hub that was killed. A message that comes again has the time at which it
came first, so that its points are the same ones.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from heliograph.aio.backoff import Backoff
from heliograph.api.services import WriteRequest
from heliograph.codec.ingest.rule import NATIVE
from heliograph.errors import (
    AckTimeout,
    BucketNotFound,
    DecodeError,
    Error,
    MqttRefused,
    PayloadTooLarge,
    TransportError,
)
from heliograph.hub.bridge.arrivals import Arrivals
from heliograph.hub.bridge.filters import least
from heliograph.hub.counters import Counters
from heliograph.hub.http_intake import HttpIntake
from heliograph.hub.ingest.rules import IngestRules, Refused
from heliograph.hub.ingest_thread import IngestThread
from heliograph.model.mark import read_mark
from heliograph.model.time import Precision
from heliograph.model.topic import device_of
from heliograph.store.catalogue import DEFAULT_BUCKET
from heliograph.store.ledger.entry import Origin
from heliograph.store.quarantine import Quarantine, Refusal
from heliograph.transport.mqtt_client import MqttClient
from heliograph.transport.mqtt_client_message import MqttMessage, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion

log = logging.getLogger(__name__)

IN_FLIGHT: Final = 32
"""Messages that are on their way into the stream at once."""
READY_TIMEOUT: Final = 5.0  # seconds
"""A hub whose broker does not answer starts all the same."""
_INBOX: Final = 500
_BUSY_PAUSES: Final = (0.05, 2.0)
_NATIVE_FILTER: Final = "tel/#"
_NEW_SESSIONS_ONLY: Final = 1
_FILTERS_AT_ONCE: Final = 50


@dataclass(slots=True)
class _Pending:
    message: MqttMessage
    is_stored: bool = False


class Bridge:
    """Reads another broker for as long as :meth:`run` runs."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        intake: HttpIntake,
        rules: IngestRules,
        thread: IngestThread,
        quarantine: Quarantine,
        counters: Counters,
        arrivals: Arrivals,
    ) -> None:
        self.settings = settings
        self._intake = intake
        self._rules = rules
        self._thread = thread
        self._quarantine = quarantine
        self._counters = counters
        self._arrivals = arrivals
        self._client: MqttClient | None = None
        self._pending: deque[_Pending] = deque(maxlen=IN_FLIGHT)  # a place is taken before each
        self._trouble: str | None = "not connected yet"
        self._refused: str | None = None
        self._filters: set[str] = set()
        self._had_session = False
        self._settled = asyncio.Event()
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._storing: dict[str, asyncio.Event] = {}
        """By name, those that are on their way into the stream: set when it has them."""

    async def run(self) -> None:
        """Connect, and connect again, until cancelled; what is not acknowledged then comes again."""
        backoff = Backoff(longest=30.0)
        versions = itertools.cycle((MqttVersion.V5, MqttVersion.V311))
        while True:
            self.settings = replace(self.settings, version=next(versions))
            try:
                await self._run_client(backoff)
            except* TransportError as group:
                error = _first(group)
                level = logging.DEBUG if self._trouble == str(error) else logging.WARNING
                log.log(level, "the bridge cannot connect, trying on: %s", error)
                self._trouble = str(error)
                self._settled.set()
            await asyncio.sleep(backoff.next())

    async def ready(self) -> None:
        """Wait until the broker keeps for us what comes, or cannot be reached: for ``READY_TIMEOUT``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_TIMEOUT):
                await self._settled.wait()

    async def _run_client(self, backoff: Backoff) -> None:
        def connected(is_session_present: bool) -> None:  # noqa: FBT001 - the client's signature
            backoff.reset()
            self._trouble = None
            if self._had_session and not is_session_present:
                self._counters.bridge_sessions_lost += 1
                log.warning(
                    "%s has forgotten our session: what it held for us is lost", self.settings.endpoint
                )
            self._had_session = True

        def lost(reason: TransportError) -> None:
            self._counters.bridge_connections_lost += 1
            self._trouble = str(reason)

        client = MqttClient(
            self.settings, inbox=_INBOX, acknowledges_itself=False, on_connected=connected, on_lost=lost
        )
        self._client = client
        self._pending.clear()
        self._storing.clear()
        self._filters.clear()
        self._refused = None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(client.run(is_patient=False), name="bridge client")
            tasks.create_task(self._subscribe(client), name="bridge subscriptions")
            await self._read(client)

    async def _subscribe(self, client: MqttClient) -> None:
        """Ask for the topics of devices and of the rules, those of new rules too; runs until cancelled."""
        while True:
            await client.wait_connected()
            version, wanted = self._rules.changes.version, least([_NATIVE_FILTER, *self._rules.topic_filters])
            for topic_filter in self._filters - set(wanted):
                await client.unsubscribe(topic_filter)
                self._filters.discard(topic_filter)
            missing = [each for each in wanted if each not in self._filters]
            for at in range(0, len(missing), _FILTERS_AT_ONCE):
                await self._subscribe_to(client, missing[at : at + _FILTERS_AT_ONCE])
            self._settled.set()
            await self._rules.changes.after(version)

    async def _subscribe_to(self, client: MqttClient, filters: list[str]) -> None:
        wanted = [Subscription(each, 1, retain_handling=_NEW_SESSIONS_ONLY) for each in filters]
        while True:
            try:
                await client.subscribe(*wanted)
            except AckTimeout as error:  # a busy broker first sends what it has for us
                log.warning("the bridge asks for its topics again: %s", error)
                continue
            except MqttRefused as error:
                self._refused = str(error)
                log.warning("the bridge cannot read everything: %s", error)
            self._filters.update(filters)
            return

    async def _read(self, client: MqttClient) -> None:
        self._places = asyncio.Semaphore(IN_FLIGHT)
        async with asyncio.TaskGroup() as storing:
            while True:
                await self._places.acquire()
                message = await client.next_message()
                pending = _Pending(message)
                self._pending.append(pending)
                storing.create_task(self._store(client, pending), name="bridge message")

    async def _store(self, client: MqttClient, pending: _Pending) -> None:
        """Store one message, however long that takes; acknowledge it when those before it are, too."""
        self._counters.bridge_messages += 1
        message = pending.message
        name = self._arrivals.name_of(message)
        first = self._storing.get(name) if name else None
        if first is not None:  # it came again over a new connection
            await first.wait()
        else:
            stored = self._storing[name] = asyncio.Event()
            await self._store_surely(message, self._arrivals.time_of(message))
            stored.set()
            self._storing.pop(name, None)
        pending.is_stored = True
        while self._pending and self._pending[0].is_stored:
            client.acknowledge(self._pending.popleft().message)
            self._places.release()

    async def _store_surely(self, message: MqttMessage, time_ns: int) -> None:
        pause, longest = _BUSY_PAUSES
        while True:
            try:
                return await self._store_once(message, time_ns)
            except (DecodeError, BucketNotFound, PayloadTooLarge) as error:
                return self._refuse(message, time_ns, "", str(error))
            except Error as error:
                if not error.retry:
                    return self._refuse(message, time_ns, "", str(error))
                log.debug("the bridge waits for the stream: %s", error)
                self._counters.bridge_retries += 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)

    async def _store_once(self, message: MqttMessage, time_ns: int) -> None:
        request = await self._request(message, time_ns)
        if request is None:
            return
        result = await self._intake.write(request)
        self._counters.bridge_points += result.points
        origin = request.origin
        device = origin.device if origin is not None else ""
        for bad in result.errors:
            self._refuse(
                message, time_ns, device, f"line {bad.line}, column {bad.column}: {bad.reason}", bad.line
            )
        for reason, points in result.dropped.items():
            self._refuse(message, time_ns, device, f"{points} points: {reason}")

    async def _request(self, message: MqttMessage, time_ns: int) -> WriteRequest | None:
        """Return what is to be written for a message; None if it holds no points.

        Raises:
            TopicError: it is below ``tel/`` and names no device.
        """
        topic, payload, arrival = message.topic, message.payload, self._arrivals.name_of(message)
        if topic.startswith(NATIVE):
            if message.retained or not payload:
                return None  # it may be of any age, and came before when it was new
            origin = Origin(device_of(topic), time_ns, read_mark(payload))
            return WriteRequest(
                DEFAULT_BUCKET, payload, None, Precision.NS, time_ns=time_ns, origin=origin, arrival=arrival
            )
        taken = await self._thread.run(self._take, message, time_ns)
        if taken is None:
            self._counters.bridge_without_rule += 1
            return None
        if isinstance(taken, Refused):
            self._refuse(message, time_ns, taken.rule.ledger_name, taken.reason)
            return None
        if not taken.points:
            return None
        origin = Origin(taken.rule.ledger_name, time_ns)
        return WriteRequest(
            taken.rule.rule.bucket,
            taken.lines,
            None,
            Precision.NS,
            time_ns=time_ns,
            origin=origin,
            arrival=arrival,
        )

    def _take(self, message: MqttMessage, time_ns: int) -> Any:
        return self._rules.take(message.topic, message.payload, time_ns, retained=message.retained)

    def _refuse(self, message: MqttMessage, time_ns: int, device: str, reason: str, line: int = 0) -> None:
        self._counters.mqtt_refused += 1
        position = f"bridge:{time_ns}:{self._arrivals.name_of(message)}:{line or reason[:40]}"
        self._quarantine.add(Refusal(position, message.topic, device, reason, message.payload, time_ns))

    def report(self) -> dict[str, Any]:
        """Return how it is, as JSON-ready values."""
        client = self._client
        is_connected = client is not None and client.is_connected
        return {
            "broker": self.settings.endpoint,
            "connected": is_connected,
            "mqtt": self.settings.version.value if is_connected else None,
            "filters": sorted(self._filters),
            "in_flight": len(self._pending),
            "waiting": client.waiting if client is not None else 0,
            "trouble": None if is_connected else self._trouble,
        }

    def warnings(self) -> list[str]:
        """Return what somebody should know."""
        found = [] if self.report()["connected"] else [f"the bridge is not connected: {self._trouble}"]
        found += [f"the bridge cannot read everything: {self._refused}"] if self._refused else []
        if lost := self._counters.bridge_sessions_lost:
            found.append(
                f"{self.settings.endpoint} forgot our session {lost} times: what it acknowledged and had not"
                " handed over is lost"
            )
        return found


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
