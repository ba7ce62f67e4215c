"""An MQTT broker in memory: QoS 0, 1 and 2, retained messages, wills, sessions, wildcards.

It passes messages, not bytes. That it does what real brokers do is held by `conformance`, which runs on this
one, on the hub's and on Mosquitto.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from heliograph.errors import ConnectionLost, TransportError, Unreachable
from heliograph.model.topic_filter import check_filter, check_topic, matches
from heliograph.testing.client import MemoryClient
from heliograph.transport.mqtt_client_message import MqttMessage, Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings

MAX_LOG: Final = 100_000
MAX_QUEUED: Final = 10_000
"""Messages that wait for one session; with more the oldest go, and are counted."""


@dataclass(slots=True, eq=False)
class _Session:
    """What the broker knows of a client id."""

    client_id: str
    is_clean: bool
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    waiting: deque[MqttMessage] = field(default_factory=lambda: deque(maxlen=MAX_QUEUED))
    """Messages of QoS 1 and 2 for a client that is away."""
    unacknowledged: dict[int, MqttMessage] = field(default_factory=dict)
    client: MemoryClient | None = None
    will: Publication | None = None
    last_packet_id: int = 0


class MemoryBroker:
    """A broker for one event loop. Its clients are made by `make_client`."""

    endpoint = "memory://broker"

    def __init__(self) -> None:
        self.is_up = True
        self.published: deque[Publication] = deque(maxlen=MAX_LOG)
        """All that was published to it, wills too, in order."""
        self.retained: dict[str, Publication] = {}
        self.dropped = 0
        """Messages for clients that were away, of which too many waited."""
        self._sessions: dict[str, _Session] = {}
        self._came_up = asyncio.Event()
        self._came_up.set()

    def make_client(
        self,
        settings: MqttSettings,
        *,
        birth: Publication | None = None,
        on_connected: Callable[[bool], None] | None = None,
        on_lost: Callable[[TransportError], None] | None = None,
        acknowledges_itself: bool = False,
    ) -> MemoryClient:
        """Return a client of this broker."""
        return MemoryClient(
            self, settings, birth, on_connected, on_lost, acknowledges_itself=acknowledges_itself
        )

    def stop(self) -> None:
        """Go away as a broker that is killed: connections break, sessions and retained messages stay."""
        self.is_up = False
        self._came_up.clear()
        for session in list(self._sessions.values()):
            session.will = None  # it is dead itself, and tells nobody
            self._cut(session)

    def start(self) -> None:
        """Come back."""
        self.is_up = True
        self._came_up.set()

    async def wait_up(self) -> None:
        """Return when the broker is there."""
        await self._came_up.wait()

    def connect(self, client: MemoryClient, settings: MqttSettings) -> bool:
        """Take a client; return whether it had a session.

        Raises:
            Unreachable: the broker is stopped.
        """
        if not self.is_up:
            raise Unreachable(self.endpoint, "the broker is stopped")
        client_id = settings.client_id or f"anonymous-{id(client)}"
        before = self._sessions.get(client_id)
        if before is not None:
            self._cut(before)  # MQTT 3.1.1 §3.1.4: the older connection of a client id is ended
            before = self._sessions.get(client_id)
        is_kept = before is not None and not settings.is_clean
        session = before if before is not None and is_kept else _Session(client_id, settings.is_clean)
        self._sessions[client_id] = session
        session.client, session.will = client, settings.will
        client.session = client_id
        return is_kept

    def resume(self, client: MemoryClient) -> None:
        """Deliver what waited for a client that has connected."""
        session = self._of(client)
        for message in list(session.unacknowledged.values()):
            client.deliver(replace(message, is_duplicate=True))
        while session.waiting:
            self._give(session, session.waiting.popleft())

    def disconnect(self, client: MemoryClient) -> None:
        """Let a client go that says goodbye: its will is not told."""
        session = self._sessions.get(client.session)
        if session is not None and session.client is client:
            self._release(session)

    def cut(self, client: MemoryClient) -> None:
        """Break the connection of a client, as a network does; its will is told."""
        session = self._sessions.get(client.session)
        if session is not None and session.client is client:
            self._cut(session)

    def cut_client(self, client_id: str) -> None:
        """Break the connection of the client that is known by this id, or begins with it."""
        for session in list(self._sessions.values()):
            if session.client is not None and session.client_id.startswith(client_id):
                self._cut(session)

    def publish(self, publication: Publication) -> None:
        """Give a message to all who want it."""
        check_topic(publication.topic)
        self.published.append(publication)
        if publication.retained and publication.payload:
            self.retained[publication.topic] = publication
        elif publication.retained:
            self.retained.pop(publication.topic, None)
        for session in list(self._sessions.values()):
            self._route(session, publication)

    def subscribe(self, client: MemoryClient, subscription: Subscription) -> int:
        """Note a subscription, deliver the kept messages that it selects, and return the granted QoS."""
        check_filter(subscription.topic_filter)
        session = self._of(client)
        session.subscriptions[subscription.topic_filter] = subscription
        for kept in list(self.retained.values()):
            if matches(subscription.topic_filter, kept.topic):
                qos = min(kept.qos, subscription.qos)
                message = MqttMessage(
                    kept.topic, kept.payload, qos, retained=True, properties=kept.properties
                )
                self._give(session, message)
        return subscription.qos

    def unsubscribe(self, client: MemoryClient, topic_filter: str) -> None:
        """Forget a subscription."""
        self._of(client).subscriptions.pop(topic_filter, None)

    def acknowledge(self, client: MemoryClient, message: MqttMessage) -> None:
        """Forget a message that a client has."""
        session = self._sessions.get(client.session)
        if session is not None:
            session.unacknowledged.pop(message.packet_id, None)

    def _route(self, session: _Session, publication: Publication) -> None:
        wanted = [
            each.qos
            for each in session.subscriptions.values()
            if matches(each.topic_filter, publication.topic)
        ]
        if wanted:
            qos = min(max(wanted), publication.qos)
            message = MqttMessage(
                publication.topic, publication.payload, qos, retained=False, properties=publication.properties
            )
            self._give(session, message)

    def _give(self, session: _Session, message: MqttMessage) -> None:
        if session.client is None:
            if message.qos:
                self.dropped += len(session.waiting) == MAX_QUEUED
                session.waiting.append(message)
            return
        if message.qos:
            session.last_packet_id = session.last_packet_id % 65_535 + 1
            message.packet_id = session.last_packet_id
            session.unacknowledged[message.packet_id] = message
        session.client.deliver(message)

    def _cut(self, session: _Session) -> None:
        client, will = session.client, session.will
        self._release(session)
        if client is not None:
            client.lose(ConnectionLost(self.endpoint, "connection lost"))
        if will is not None:
            self.publish(will)

    def _release(self, session: _Session) -> None:
        session.client, session.will = None, None
        if session.is_clean:
            self._sessions.pop(session.client_id, None)

    def _of(self, client: MemoryClient) -> _Session:
        session = self._sessions.get(client.session)
        if session is None or session.client is not client:
            raise ConnectionLost(self.endpoint, "connection lost")
        return session
