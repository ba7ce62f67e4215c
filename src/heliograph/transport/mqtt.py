"""Publishing by MQTT with QoS 1 over a network that comes and goes.

The publisher keeps each message until the broker has acknowledged it, and sends what is not
acknowledged again, in order, whenever it is connected again. So a message arrives at least once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn, Self

from heliograph.aio.backoff import Backoff
from heliograph.errors import ConnectError, PayloadTooLarge, Refused
from heliograph.model.topic import presence_topic
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.mqtt_link import DEFAULT_PORT, Link, MqttEndpoint

__all__ = ["DEFAULT_PORT", "MqttEndpoint", "MqttPublisher", "Publication", "PublisherStatistics"]

log = logging.getLogger(__name__)

MAX_IN_FLIGHT: Final = 64
MAX_PAYLOAD_BYTES: Final = 1_000_000
"""Brokers close the connection on more (nats-server as it comes: 1 MiB with topic and header), and the
same message sent again would close it for ever."""
_LONGEST_DELAY: Final = 30.0
_STABLE: Final = 10.0  # seconds; a link that lived longer starts the backoff anew
_GOODBYE: Final = 2.0


@dataclass(slots=True)
class PublisherStatistics:
    """What a publisher did since it was made."""

    connects: int = 0
    """Connections that the broker accepted."""
    failed_connects: int = 0
    """Attempts that did not get that far."""
    published: int = 0
    """Messages given to the network for the first time."""
    resent: int = 0
    """Messages given to the network again after a connection was lost."""
    acknowledged: int = 0
    """Messages that the broker confirmed."""
    ack_timeouts: int = 0
    """Connections that were dropped because an acknowledgement did not come in time."""


@dataclass(slots=True)
class _Unacked:
    publication: Publication
    receipt: asyncio.Future[None]
    sent_at: float = 0.0


class MqttPublisher:
    """Publishes with QoS 1 for as long as :meth:`run` runs.

    At most ``max_in_flight`` messages are unacknowledged; a further :meth:`send` waits.

    Args:
        endpoint: the broker.
        client_id: who we are to it; a second client with the same id throws the first one out.
        birth: published first on each connection.
        will: what the broker publishes when we vanish; we publish it ourselves when we stop.
        backoff: delays between attempts to connect.
        connect_timeout: seconds from the first packet to the broker's consent.
        ack_timeout: seconds without an acknowledgement after which the connection is given up.
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        *,
        client_id: str,
        birth: Publication | None = None,
        will: Publication | None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
        backoff: Backoff | None = None,
        connect_timeout: float = 10.0,
        ack_timeout: float = 30.0,
    ) -> None:
        self.endpoint = endpoint
        self.statistics = PublisherStatistics()
        self._client_id = client_id
        self._birth = birth
        self._will = will
        self._backoff = backoff or Backoff(longest=_LONGEST_DELAY)
        self._connect_timeout = connect_timeout
        self._ack_timeout = ack_timeout
        self._slots = asyncio.Semaphore(max_in_flight)
        self._connected = asyncio.Event()
        self._link: Link | None = None
        self._unacked: dict[int, _Unacked] = {}
        self._serial_of_packet: dict[int, int] = {}
        self._last_serial = 0
        self.on_lost: Callable[[], None] = lambda: None
        """Called when a connection was lost, before the next one is tried."""

    @classmethod
    def for_device(cls, endpoint: MqttEndpoint, device: str) -> Self:
        """Return a publisher known as ``device``, which shows on ``sta/<device>`` whether it is there.

        Its client id has a random part: of two clients with one id the broker throws the older out, and
        two boards fresh from the same image would do that to each other for ever.
        """
        topic = presence_topic(device)
        return cls(
            endpoint,
            client_id=f"{device}-{secrets.token_hex(4)}",
            birth=Publication(topic, b"online", 1, retained=True),
            will=Publication(topic, b"offline", 1, retained=True),
        )

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us and the connection is not known to be lost."""
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        """Return when there is a connection. A cancel changes nothing."""
        await self._connected.wait()

    async def publish(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """Publish a message and return when the broker has acknowledged it.

        Waits as long as it takes, over lost connections too; put a timeout around it where that
        matters. After a cancel the message is not sent again; whether the broker has it is not known.

        Raises:
            PayloadTooLarge: the payload has more than ``MAX_PAYLOAD_BYTES``; nothing was sent.
            ConnectError: :meth:`run` ended before the acknowledgement came.
        """
        await (await self.send(Publication(topic, payload, 1, retained)))

    async def send(self, publication: Publication) -> asyncio.Future[None]:
        """Send a message once we are connected and have a place, and return its receipt.

        Whatever QoS it asks for, it is sent with 1. The receipt is done when the broker has acknowledged.
        Messages leave in the order of the calls. On cancellation nothing has been sent. Cancelling the
        receipt gives the message up.
        Raises as :meth:`publish` does.
        """
        if len(publication.payload) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge(len(publication.payload), MAX_PAYLOAD_BYTES)
        await self._slots.acquire()
        try:
            await self._connected.wait()
        except asyncio.CancelledError:
            self._slots.release()
            raise
        return self._keep_and_send(publication)

    async def run(self) -> NoReturn:
        """Connect, and connect again when the connection is lost, until cancelled.

        A cancel publishes the will and says goodbye to the broker, which takes up to two seconds.

        Raises:
            Refused: the broker said no to our very first attempt. After it has once accepted us a
                refusal is tried again: it is then the hub that is being changed, not a wrong password.
        """
        try:
            while True:
                link = await self._connect()
                await self._serve(link)
        finally:
            self._fail_receipts()

    async def _connect(self) -> Link:
        warned = False
        while True:
            try:
                return await self._open_link()
            except (ConnectError, Refused) as error:
                self.statistics.failed_connects += 1
                if isinstance(error, Refused) and not self.statistics.connects:
                    raise
                level = logging.DEBUG if warned else logging.WARNING
                log.log(level, "cannot connect, will keep trying: %s", error)
                warned = True
            await asyncio.sleep(self._backoff.next())

    async def _open_link(self) -> Link:
        try:
            async with asyncio.timeout(self._connect_timeout):
                return await Link.open(
                    self.endpoint, client_id=self._client_id, will=self._will, on_ack=self._acknowledge
                )
        except TimeoutError as error:
            reason = f"no answer within {self._connect_timeout:.0f} s"
            raise ConnectError(str(self.endpoint), reason) from error

    async def _serve(self, link: Link) -> None:
        self.statistics.connects += 1
        opened_at = asyncio.get_running_loop().time()
        log.info("connected to %s", link.endpoint)
        try:
            self._take_over(link)
            await self._wait_lost(link)
        except asyncio.CancelledError:
            await self._say_goodbye(link)
            raise
        finally:
            self._connected.clear()
            self._link = None
        self.on_lost()
        lived = asyncio.get_running_loop().time() - opened_at
        log.warning("lost the connection to %s after %.0f s", link.endpoint, lived)
        if lived >= _STABLE:
            self._backoff.reset()
        await asyncio.sleep(self._backoff.next())

    def _take_over(self, link: Link) -> None:
        self._link = link
        self._serial_of_packet.clear()
        if self._birth is not None:
            link.publish(self._birth)
        for serial, unacked in self._unacked.items():
            if not unacked.receipt.done():
                self._transmit(link, serial, unacked)
                self.statistics.resent += 1
        self._connected.set()

    async def _wait_lost(self, link: Link) -> None:
        while not link.is_lost:
            try:
                async with asyncio.timeout(self._ack_timeout / 2):
                    await link.wait_lost()
            except TimeoutError:
                self._drop_if_stuck(link)

    def _drop_if_stuck(self, link: Link) -> None:
        # A half-open connection swallows everything; the system finds out after many minutes only.
        oldest = next((u for u in self._unacked.values() if not u.receipt.done()), None)
        if oldest and asyncio.get_running_loop().time() - oldest.sent_at > self._ack_timeout:
            self.statistics.ack_timeouts += 1
            log.warning("no acknowledgement from %s for %.0f s", link.endpoint, self._ack_timeout)
            link.abort()

    async def _say_goodbye(self, link: Link) -> None:
        if self._will is not None:
            link.publish(self._will)
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_GOODBYE):
                await link.close()

    def _keep_and_send(self, publication: Publication) -> asyncio.Future[None]:
        self._last_serial += 1
        serial = self._last_serial
        receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        receipt.add_done_callback(lambda _: self._forget(serial))
        unacked = self._unacked[serial] = _Unacked(publication, receipt)
        self.statistics.published += 1
        if self._link is not None:
            self._transmit(self._link, serial, unacked)
        return receipt

    def _transmit(self, link: Link, serial: int, unacked: _Unacked) -> None:
        unacked.sent_at = asyncio.get_running_loop().time()
        self._serial_of_packet[link.publish(unacked.publication)] = serial

    def _acknowledge(self, packet_id: int) -> None:
        serial = self._serial_of_packet.pop(packet_id, None)  # None: birth and will
        unacked = self._unacked.get(serial) if serial is not None else None
        if unacked is not None and not unacked.receipt.done():
            self.statistics.acknowledged += 1
            unacked.receipt.set_result(None)

    def _forget(self, serial: int) -> None:
        del self._unacked[serial]
        self._slots.release()

    def _fail_receipts(self) -> None:
        for unacked in self._unacked.values():
            if not unacked.receipt.done():
                unacked.receipt.set_exception(
                    ConnectError(str(self.endpoint), "stopped before the broker acknowledged a message")
                )
                unacked.receipt.exception()  # a receipt that nobody waits for is not worth a warning
