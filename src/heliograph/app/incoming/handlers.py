"""From the connection to the handlers: who wants a message, where it waits, when it is acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal, NoReturn, TypeAlias

from heliograph.app.calls.functions import Function
from heliograph.app.client import Client
from heliograph.app.incoming.commands import Repeats, read_message
from heliograph.app.incoming.topics import TopicPattern
from heliograph.app.message import Message
from heliograph.app.outgoing.points import Output
from heliograph.model.topic_filter import covers
from heliograph.transport.mqtt_client_message import MqttMessage, Subscription

log = logging.getLogger(__name__)

Full: TypeAlias = Literal["wait", "drop_oldest", "drop_newest"]
"""What happens when a handler's queue is full: the broker waits, or a message goes, and is counted."""


@dataclass(slots=True)
class HandlerStatistics:
    """What became of the messages of one handler."""

    received: int = 0
    handled: int = 0
    failed: int = 0
    """Those for which the function raised an error, or that had not the form it asks for."""
    dropped: int = 0
    """Those that went because the queue was full."""
    repeated: int = 0
    """Commands that had been done already, and were not done again."""


class _Pending:
    """A message until all its handlers are done with it."""

    def __init__(self, arrived: MqttMessage, handlers: int, done: Callable[[MqttMessage], None]) -> None:
        self.arrived = arrived
        self._left = handlers
        self._done = done

    def finish_one(self) -> None:
        """Note that one handler is done."""
        self._left -= 1
        if not self._left:
            self._done(self.arrived)


@dataclass(slots=True, eq=False)
class Handler:
    """A function that is called with the messages of a topic filter, one after the other."""

    pattern: TopicPattern
    function: Function
    qos: int
    full: Full
    queue: asyncio.Queue[tuple[Message, _Pending]]
    statistics: HandlerStatistics
    output: Output | None = None
    """Where its results go; those of commands are the answer."""

    async def put(self, message: Message, pending: _Pending) -> None:
        """Put a message into the queue, by the policy for a full one."""
        self.statistics.received += 1
        if self.queue.full() and self.full != "wait":
            self.statistics.dropped += 1
            if self.statistics.dropped == 1:
                log.warning(
                    "messages for %s come faster than they are handled: %s", self.function.name, self.full
                )
            if self.full == "drop_newest":
                pending.finish_one()
                return
            self.queue.get_nowait()[1].finish_one()
        await self.queue.put((message, pending))

    async def run(self, handle: Callable[[Handler, Message, MqttMessage], Awaitable[None]]) -> NoReturn:
        """Handle what is in the queue, until cancelled; what is not done then comes again from the broker."""
        while True:
            message, pending = await self.queue.get()
            await handle(self, message, pending.arrived)
            pending.finish_one()


class Dispatcher:
    """Takes messages from the connection and puts them into the queues of those who want them."""

    def __init__(self, client: Client, handlers: list[Handler]) -> None:
        self.repeats = 0
        """Messages that the broker sent again although they had been taken."""
        self.unclaimed = 0
        """Messages that no handler wants: an earlier version of the program had subscribed to them."""
        self._client = client
        self._handlers = handlers
        self._seen = Repeats()
        self._open: set[int] = set()

    def subscriptions(self) -> list[Subscription]:
        """Return what to subscribe to, with the highest QoS of the handlers that it serves.

        A filter within another is left out: some brokers send a message once for each subscription that
        selects it, and then every handler would be called twice.
        """
        asked = [(handler.pattern.topic_filter, handler.qos) for handler in self._handlers]
        filters = dict.fromkeys(topic_filter for topic_filter, _ in asked)
        widest = [
            wide for wide in filters if not any(other != wide and covers(other, wide) for other in filters)
        ]
        return [
            Subscription(wide, max(qos for topic_filter, qos in asked if covers(wide, topic_filter)))
            for wide in widest
        ]

    async def run(self) -> NoReturn:
        """Take messages until cancelled."""
        while True:
            await self._take(await self._client.next_message())

    def connection_lost(self) -> None:
        """Forget what the broker will not send again."""
        self._seen.connection_lost(asyncio.get_running_loop().time())

    async def _take(self, arrived: MqttMessage) -> None:
        if self._seen.is_repeat(arrived):
            self.repeats += 1
            if id(self._seen.first_copy(arrived)) not in self._open:
                self._client.acknowledge(arrived)
            return
        message = read_message(arrived)
        takers = []
        for handler in self._handlers:
            parts = handler.pattern.match(message.topic)
            if parts is not None:
                takers.append((handler, replace(message, parts=parts)))
        if not takers:
            self.unclaimed += 1
            self._client.acknowledge(arrived)
            return
        self._open.add(id(arrived))
        pending = _Pending(arrived, len(takers), self._finish)
        for handler, taken in takers:
            await handler.put(taken, pending)

    def _finish(self, arrived: MqttMessage) -> None:
        self._open.discard(id(arrived))
        for copy in self._seen.done(arrived, asyncio.get_running_loop().time()):
            self._client.acknowledge(copy)
