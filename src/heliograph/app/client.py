"""What an app needs of a connection; `MqttClient` is one, and the broker in memory has another for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn, Protocol

from heliograph.errors import TransportError
from heliograph.transport.mqtt_client_message import MqttMessage, Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings


class Client(Protocol):
    """A client that connects, and connects again, while `run` runs. `MqttClient` says more."""

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        ...

    async def wait_connected(self) -> None:
        """Return when there is a connection."""
        ...

    async def run(self, *, is_patient: bool = True) -> NoReturn:
        """Keep the connection until cancelled."""
        ...

    async def publish(self, publication: Publication) -> None:
        """Publish, and return when the broker has acknowledged."""
        ...

    async def send(self, publication: Publication) -> asyncio.Future[None]:
        """Send once there is a connection, and return the receipt. On cancellation nothing has been sent."""
        ...

    async def subscribe(self, *subscriptions: Subscription) -> list[int]:
        """Subscribe, now and over each later connection."""
        ...

    async def unsubscribe(self, *topic_filters: str) -> None:
        """End subscriptions."""
        ...

    async def next_message(self) -> MqttMessage:
        """Return the next message; on cancellation none is lost."""
        ...

    def acknowledge(self, message: MqttMessage) -> None:
        """Tell the broker that it need not send a message again."""
        ...


class MakeClient(Protocol):
    """Makes a client that does not acknowledge by itself."""

    def __call__(
        self,
        settings: MqttSettings,
        *,
        birth: Publication | None = None,
        on_connected: Callable[[bool], None] | None = None,
        on_lost: Callable[[TransportError], None] | None = None,
    ) -> Client:
        """Return a client; nothing is opened yet."""
        ...


def mqtt_client(
    settings: MqttSettings,
    *,
    birth: Publication | None = None,
    on_connected: Callable[[bool], None] | None = None,
    on_lost: Callable[[TransportError], None] | None = None,
) -> Client:
    """Return a client over the network."""
    from heliograph.transport.mqtt_client import MqttClient  # its library takes a tenth of a second

    return MqttClient(
        settings, acknowledges_itself=False, birth=birth, on_connected=on_connected, on_lost=on_lost
    )
