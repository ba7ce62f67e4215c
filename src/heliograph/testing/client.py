"""A client of the broker in memory, with the face of `MqttClient`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final, NoReturn

from heliograph.errors import TransportError, Unreachable
from heliograph.model.topic_filter import check_topic
from heliograph.transport.mqtt_client_message import MqttMessage, Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings

if TYPE_CHECKING:
    from heliograph.testing.broker import MemoryBroker

_INBOX: Final = 100_000


class MemoryClient:
    """Connects while `run` runs, and again when the broker comes back."""

    def __init__(
        self,
        broker: MemoryBroker,
        settings: MqttSettings,
        birth: Publication | None = None,
        on_connected: Callable[[bool], None] | None = None,
        on_lost: Callable[[TransportError], None] | None = None,
        *,
        acknowledges_itself: bool = False,
    ) -> None:
        self.settings = settings
        self.session = ""
        """The client id under which the broker knows us."""
        self._broker = broker
        self._birth = birth
        self._tell_connected = on_connected
        self._tell_lost = on_lost
        self._acknowledges_itself = acknowledges_itself
        self._connected = asyncio.Event()
        self._lost = asyncio.Event()
        self._inbox: deque[MqttMessage] = deque(maxlen=_INBOX)
        self._news = asyncio.Event()
        self._subscriptions: dict[str, Subscription] = {}

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        """Return when there is a connection."""
        await self._connected.wait()

    async def run(self, *, is_patient: bool = True) -> NoReturn:
        """Connect, and again when the broker comes back; a cancel says goodbye.

        Raises:
            Unreachable: the broker is stopped, and we are not patient.
        """
        if not is_patient and not self._broker.is_up:
            raise Unreachable(self._broker.endpoint, "the broker is stopped")
        try:
            while True:
                await self._broker.wait_up()
                self._connect()
                await self._lost.wait()
                await asyncio.sleep(0)
        finally:
            self._connected.clear()
            self._broker.disconnect(self)

    async def publish(self, publication: Publication) -> None:
        """Publish; the broker in memory acknowledges at once."""
        await (await self.send(publication))

    async def send(self, publication: Publication) -> asyncio.Future[None]:
        """Send once there is a connection, and return the receipt, which is done."""
        check_topic(publication.topic)
        await self._connected.wait()
        receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._broker.publish(publication)
        receipt.set_result(None)
        return receipt

    async def subscribe(self, *subscriptions: Subscription) -> list[int]:
        """Subscribe, now and over each later connection; return the granted QoS."""
        await self._connected.wait()
        granted = [self._broker.subscribe(self, each) for each in subscriptions]
        self._subscriptions |= {each.topic_filter: each for each in subscriptions}
        return granted

    async def unsubscribe(self, *topic_filters: str) -> None:
        """End subscriptions."""
        await self._connected.wait()
        for topic_filter in topic_filters:
            self._subscriptions.pop(topic_filter, None)
            self._broker.unsubscribe(self, topic_filter)

    async def messages(self) -> AsyncIterator[MqttMessage]:
        """Yield messages as they come, for ever."""
        while True:
            yield await self.next_message()

    async def next_message(self) -> MqttMessage:
        """Return the next message; on cancellation none is lost."""
        while not self._inbox:
            self._news.clear()
            await self._news.wait()
        return self._inbox.popleft()

    def acknowledge(self, message: MqttMessage) -> None:
        """Tell the broker that it need not send a message again."""
        if self.is_connected:
            self._broker.acknowledge(self, message)

    def abort(self) -> None:
        """Break the connection without a word, as a network does."""
        self._broker.cut(self)

    def deliver(self, message: MqttMessage) -> None:
        """Take a message; called by the broker."""
        self._inbox.append(message)
        self._news.set()
        if self._acknowledges_itself:
            self._broker.acknowledge(self, message)

    def lose(self, reason: TransportError) -> None:
        """Take note that the connection is gone; called by the broker."""
        self._connected.clear()
        self._lost.set()
        if self._tell_lost is not None:
            self._tell_lost(reason)

    def _connect(self) -> None:
        self._lost.clear()
        is_present = self._broker.connect(self, self.settings)
        if self._birth is not None:
            self._broker.publish(self._birth)
        if not is_present:
            for subscription in self._subscriptions.values():
                self._broker.subscribe(self, subscription)
        self._broker.resume(self)
        self._connected.set()
        if self._tell_connected is not None:
            self._tell_connected(is_present)
