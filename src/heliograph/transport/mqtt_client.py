"""An MQTT client for commands and programs: publishes and subscribes, over connections that come and go.

Messages of QoS 1 and 2 are kept until the broker has acknowledged them and sent again over the next
connection, those of QoS 0 that a lost connection swallowed are told. What comes waits in an inbox of a fixed
size; when that is full nothing is read any more, so that the broker keeps the rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

from heliograph.aio.backoff import Backoff
from heliograph.errors import (
    AckTimeout,
    ConfigError,
    ConnectionLost,
    MqttRefused,
    PayloadTooLarge,
    TransportError,
)
from heliograph.model.topic import device_hears
from heliograph.model.topic_filter import check_filter, check_topic, matches
from heliograph.transport.mqtt_client_errors import not_ours, refusal
from heliograph.transport.mqtt_client_link import PahoLink
from heliograph.transport.mqtt_client_message import MqttMessage, Publication, Subscription
from heliograph.transport.mqtt_client_paho import make_client, publish, subscribe, to_message
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion
from heliograph.transport.mqtt_client_slots import Slots

log = logging.getLogger(__name__)

MAX_PAYLOAD_BYTES: Final = 268_435_455
"""MQTT's own limit; brokers have lower ones."""
MAX_IN_FLIGHT: Final = 20
"""Mosquitto closes the connection on more of QoS 2; in MQTT 3.1.1 it cannot tell us its limit."""
INBOX_MESSAGES: Final = 1_000
_STABLE: Final = 10.0  # seconds; a connection that lived longer starts the backoff anew
SOON: Final = 2.0
"""Seconds: the most that is waited after a shorter one. The broker is there; attempts that it does not answer
or refuses are what lets the wait grow."""
_PATIENCE: Final = 3
_GOODBYE: Final = 2.0
_ACK_TIMEOUT: Final = 10.0  # for a subscription
_FILTERS_IN_ONE_GO: Final = 50


@dataclass(slots=True)
class ClientStatistics:
    """What a client did since it was made."""

    connects: int = 0
    """Connections that the broker accepted."""
    failed_connects: int = 0
    """Attempts that did not get that far."""
    published: int = 0
    """Publications that were taken for sending."""
    acknowledged: int = 0
    """Those that the broker confirmed, or with QoS 0 those that the system has taken."""
    refused: int = 0
    """Those that the broker refused, which only MQTT 5 tells."""
    lost: int = 0
    """Those of QoS 0 that went down with a connection."""
    received: int = 0
    """Messages that came."""
    undecodable: int = 0
    """Messages that were dropped as their topic is not UTF-8."""


class MqttClient:
    """A client that is there while :meth:`run` runs; see :func:`running`.

    Args:
        settings: the broker, and who we are to it.
        inbox: how many messages may wait to be taken before nothing more is read.
        max_in_flight: how many publications may wait for their acknowledgement; a further one waits.
        acknowledges_itself: whether messages are acknowledged when they are put into the inbox. If not,
            that is done by :meth:`acknowledge`.
        birth: published first on each connection.
        on_connected: called after each connect with whether the broker still had our session.
        on_lost: called with the reason after each lost connection.
        gives_up: whether :meth:`run` ends when one message breaks each connection over which it is sent.
    """

    def __init__(
        self,
        settings: MqttSettings,
        *,
        inbox: int = INBOX_MESSAGES,
        max_in_flight: int = MAX_IN_FLIGHT,
        acknowledges_itself: bool = True,
        birth: Publication | None = None,
        on_connected: Callable[[bool], None] | None = None,
        on_lost: Callable[[TransportError], None] | None = None,
        gives_up: bool = False,
    ) -> None:
        if not settings.is_clean and settings.client_id is None:
            raise ConfigError("a session that is to be kept needs a client id, by which it is found again")
        self.settings = settings
        self.statistics = ClientStatistics()
        self._is_v5 = settings.version is MqttVersion.V5
        self._birth = birth
        self._tell_connected = on_connected
        self._tell_lost = on_lost
        self._gives_up = gives_up
        self._fruitless = 0
        self._backoff = Backoff(longest=settings.longest_delay)
        self._inbox_size = inbox
        self._inbox: deque[MqttMessage] = deque()
        self._news = asyncio.Event()
        self._slots = Slots(max_in_flight)
        self._receipts: dict[int, tuple[Publication, asyncio.Future[None]]] = {}
        self._asked: dict[int, asyncio.Future[list[int]]] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._connected = asyncio.Event()
        self._lost: asyncio.Future[TransportError] | None = None
        self._paho = make_client(settings, acknowledges_itself=acknowledges_itself)
        self._paho.on_message = self._on_message
        self._paho.on_publish = self._on_publish
        self._paho.on_subscribe = self._on_answered
        self._paho.on_unsubscribe = self._on_answered
        self._link = PahoLink(settings, self._paho, self._on_link_lost)

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us and the connection is not known to be lost."""
        return self._connected.is_set()

    @property
    def waiting(self) -> int:
        """How many messages are in the inbox."""
        return len(self._inbox)

    async def wait_connected(self) -> None:
        """Return when there is a connection."""
        await self._connected.wait()

    async def run(self, *, is_patient: bool = True) -> NoReturn:
        """Connect, and connect again when the connection is lost, until cancelled.

        A cancel says goodbye to the broker, so no last will is published; what was sent before goes first.
        That takes up to two seconds. Receipts that are still open fail.

        Args:
            is_patient: whether the very first attempt may fail, too, for a reason that may pass.

        Raises:
            TransportError, ConfigError: the very first attempt failed. After that every failure is logged
                and tried again: it is then the broker that is being changed, not a wrong password.
        """
        try:
            while True:
                await self._connect(is_patient=is_patient)
                await self._stay()
        finally:
            await self._link.close(_GOODBYE)
            self._connected.clear()
            self._fail_receipts(ConnectionLost(self.settings.endpoint, "stopped before it was acknowledged"))

    async def publish(self, publication: Publication) -> None:
        """Publish, and return when the broker has acknowledged; with QoS 0 when the system has taken it.

        Waits as long as it takes, over lost connections too; put a timeout around it where that matters.
        After a cancel the message may still be sent.

        Raises:
            TopicError, PayloadTooLarge: nothing was sent.
            MqttRefused: the broker does not want it, which MQTT 5 tells, and `MqttSettings.publishes`.
            ConnectionLost: with QoS 0 the connection broke before the system took it; otherwise
                :meth:`run` ended before the acknowledgement came.
        """
        await (await self.send(publication))

    async def send(self, publication: Publication) -> asyncio.Future[None]:
        """Send once we are connected and have a place, and return the receipt, which is as :meth:`publish`.

        Publications leave in the order of the calls. On cancellation nothing has been sent. Raises as
        :meth:`publish` where nothing was sent.
        """
        check_topic(publication.topic)
        if len(publication.payload) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge(len(publication.payload), MAX_PAYLOAD_BYTES)
        if self.settings.publishes is not None and not self._is_taken(publication.topic):
            self.statistics.refused += 1
            return _failed(not_ours(self.settings, publication.topic))
        while True:
            await self._slots.acquire()
            if self._connected.is_set():
                return self._hand_over(publication)
            self._slots.release()
            await self._connected.wait()

    async def subscribe(self, *subscriptions: Subscription) -> list[int]:
        """Subscribe, now and over each later connection, and return the QoS that was granted for each.

        Waits for a connection. On cancellation the subscriptions may or may not be there.

        Raises:
            TopicError: a filter is not well formed; nothing was sent.
            MqttRefused: the broker does not allow one of them; the others are there.
            AckTimeout: the broker does not answer.
        """
        for subscription in subscriptions:
            check_filter(subscription.topic_filter)
        granted = await self._ask(lambda: subscribe(self._paho, list(subscriptions), is_v5=self._is_v5))
        for subscription, code in zip(subscriptions, granted, strict=False):
            if code < 0x80:
                self._subscriptions[subscription.topic_filter] = subscription
        for subscription, code in zip(subscriptions, granted, strict=False):
            if code >= 0x80:
                raise self._no_subscription(subscription, code)
        return granted

    async def unsubscribe(self, *topic_filters: str) -> None:
        """Unsubscribe; raises and waits as :meth:`subscribe`."""
        for topic_filter in topic_filters:
            check_filter(topic_filter)
            self._subscriptions.pop(topic_filter, None)
        await self._ask(lambda: self._paho.unsubscribe(list(topic_filters))[1])

    async def messages(self) -> AsyncIterator[MqttMessage]:
        """Yield messages as they come, for ever: over lost connections too."""
        while True:
            yield await self.next_message()

    async def next_message(self) -> MqttMessage:
        """Return the next message; on cancellation none is lost."""
        while not self._inbox:
            self._news.clear()
            await self._news.wait()
        message = self._inbox.popleft()
        if len(self._inbox) == self._inbox_size // 2:
            self._link.resume()
        return message

    def acknowledge(self, message: MqttMessage) -> None:
        """Tell the broker that it need not send a message again.

        Nothing happens if the connection it came over is gone: the broker sends it once more anyway.
        """
        if message.qos and message.connection == self._link.connection and self._link.is_open:
            self._paho.ack(message.packet_id, message.qos)

    async def _connect(self, *, is_patient: bool) -> None:
        statistics, warned = self.statistics, False
        while True:
            try:
                clean_start = self.settings.is_clean if statistics.connects == 0 else False
                present = await self._link.open(is_clean_start=clean_start)
            except TransportError as error:
                statistics.failed_connects += 1
                if statistics.connects == 0 and not (is_patient and error.retry):
                    raise
                log.log(logging.DEBUG if warned else logging.WARNING, "cannot connect, trying on: %s", error)
                warned = True
            else:
                return self._take_over(is_session_present=present)
            await asyncio.sleep(self._backoff.next())

    def _take_over(self, *, is_session_present: bool) -> None:
        self.statistics.connects += 1
        self._lost = asyncio.get_running_loop().create_future()
        if self._link.early_loss is not None:
            self._lost.set_result(self._link.early_loss)
            return
        self._slots.limit_to(self._link.receive_maximum)
        if self._birth is not None:
            publish(self._paho, self._birth, is_v5=self._is_v5)
        self._subscribe_again(is_session_present=is_session_present)
        log.info("connected to %s", self.settings.endpoint)
        self._connected.set()
        if self._tell_connected is not None:
            self._tell_connected(is_session_present)

    def _subscribe_again(self, *, is_session_present: bool) -> None:
        filters = list(self._subscriptions.values())
        if is_session_present and self._is_v5:
            # A broker that was killed may have the session as it wrote it before the subscription came. With
            # MQTT 3.1.1 retained messages come again by this; a subscription that is lost would be worse.
            filters = [replace(each, retain_handling=max(each.retain_handling, 1)) for each in filters]
        for at in range(0, len(filters), _FILTERS_IN_ONE_GO):
            subscribe(self._paho, filters[at : at + _FILTERS_IN_ONE_GO], is_v5=self._is_v5)

    async def _stay(self) -> None:
        loop = asyncio.get_running_loop()
        opened_at, acknowledged = loop.time(), self.statistics.acknowledged
        assert self._lost is not None  # noqa: S101  for mypy: _take_over has set it
        reason = await self._lost
        self._fruitless = self._fruitless + 1 if self.statistics.acknowledged == acknowledged else 0
        is_hopeless = self._fruitless >= _PATIENCE and bool(self._receipts)
        if self._gives_up and is_hopeless:
            raise self._hopeless()
        log.warning("%s; connecting again", reason)
        if loop.time() - opened_at >= _STABLE:
            self._backoff.reset()
        elif not is_hopeless:  # it may be what we send that ends each connection: then ever more rarely
            self._backoff.ease(SOON)
        await asyncio.sleep(self._backoff.next())

    def _hopeless(self) -> ConnectionLost:
        publication, _ = next(iter(self._receipts.values()))
        size = f"{len(publication.payload):,} bytes to {publication.topic!r}"
        advice = "see its log; the topic or the size may be more than it takes"
        reason = f"the broker ended {self._fruitless} connections in a row at {size}; {advice}"
        return ConnectionLost(self.settings.endpoint, reason)

    def _is_taken(self, topic: str) -> bool:
        return any(matches(each, topic) for each in self.settings.publishes or ())

    def _hand_over(self, publication: Publication) -> asyncio.Future[None]:
        try:
            packet_id = publish(self._paho, publication, is_v5=self._is_v5)
        except (ConfigError, ConnectionLost):
            self._slots.release()
            raise
        receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._receipts[packet_id] = (publication, receipt)
        self.statistics.published += 1
        return receipt

    async def _ask(self, send: Callable[[], int | None]) -> list[int]:
        while True:
            await self._connected.wait()
            packet_id = send()
            if packet_id is None:
                await asyncio.sleep(0)
                continue
            answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
            self._asked[packet_id] = answer
            try:
                async with asyncio.timeout(_ACK_TIMEOUT):
                    return await answer
            except ConnectionLost:
                continue
            except TimeoutError as error:
                reason = f"a subscription was not answered within {_ACK_TIMEOUT:g} s; see the broker's log"
                raise AckTimeout(self.settings.endpoint, reason) from error
            finally:
                self._asked.pop(packet_id, None)

    def _no_subscription(self, subscription: Subscription, code: int) -> MqttRefused:
        reason = f"the subscription to {subscription.topic_filter!r} was refused (code {code})"
        advice = "check what this user may read, and what this broker can do"
        if self.settings.publishes is not None and self.settings.user is not None:
            advice = (
                f"{self.settings.user!r} is a device, which may hear {device_hears(self.settings.user)} only"
            )
        return MqttRefused(self.settings.endpoint, f"{reason}; {advice}", code)

    def _on_message(self, _client: object, _data: object, theirs: Any) -> None:
        self._link.arrived += 1
        try:
            message = to_message(theirs, self._link.connection)
        except UnicodeDecodeError:
            self.statistics.undecodable += 1
            return
        self.statistics.received += 1
        self._inbox.append(message)
        if len(self._inbox) >= self._inbox_size:
            self._link.pause()
        self._news.set()

    def _on_publish(self, _client: object, _data: object, packet_id: int, reason: Any, _: object) -> None:
        self._link.arrived += 1
        found = self._receipts.pop(packet_id, None)  # None: the birth
        if found is None:
            return
        self._slots.release()
        _, receipt = found
        if reason.is_failure:
            self.statistics.refused += 1
        else:
            self.statistics.acknowledged += 1
        if receipt.done():
            return
        if reason.is_failure:
            _fail(receipt, refusal(self.settings, reason.value, reason.getName()))
        else:
            receipt.set_result(None)

    def _on_answered(self, _client: object, _data: object, packet_id: int, reasons: Any, _: object) -> None:
        codes = [int(reason.value) for reason in reasons]
        answer = self._asked.get(packet_id)
        if answer is not None and not answer.done():
            answer.set_result(codes)
        elif answer is None and any(code >= 0x80 for code in codes):
            log.warning("%s refused a subscription that it had granted before", self.settings.endpoint)

    def _on_link_lost(self, reason: TransportError) -> None:
        self._connected.clear()
        for packet_id, (publication, _) in list(self._receipts.items()):
            if publication.qos == 0:
                self.statistics.lost += 1
                self._fail_receipt(packet_id, reason)
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(reason)
        if self._tell_lost is not None:
            self._tell_lost(reason)
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(reason)

    def _fail_receipts(self, reason: TransportError) -> None:
        for packet_id in list(self._receipts):
            self._fail_receipt(packet_id, reason)

    def _fail_receipt(self, packet_id: int, reason: TransportError) -> None:
        _, receipt = self._receipts.pop(packet_id)
        self._slots.release()
        if not receipt.done():
            _fail(receipt, reason)


def _failed(reason: TransportError) -> asyncio.Future[None]:
    receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _fail(receipt, reason)
    return receipt


def _fail(receipt: asyncio.Future[None], reason: TransportError) -> None:
    receipt.set_exception(reason)
    receipt.exception()  # a receipt that nobody waits for is not worth a warning


@asynccontextmanager
async def running(client: MqttClient, *, is_patient: bool = False) -> AsyncIterator[None]:
    """Keep a client running, and hand over when it is connected; at the end it says goodbye.

    Errors come as they are, without a group around them. Raises as :meth:`MqttClient.run`.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(client.run(is_patient=is_patient), name="mqtt-client")
            await client.wait_connected()
            try:
                yield
            finally:
                keeper.cancel()
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
