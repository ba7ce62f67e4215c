"""Listens to a broker for the eye: over connections that come and go, and counts what it did not see."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NoReturn

from heliograph.errors import Error
from heliograph.transport.mqtt_client import MqttClient, running
from heliograph.transport.mqtt_client_message import Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion
from heliograph.transport.mqtt_tap import AT_ONCE, Missed, Passing, passing

log = logging.getLogger(__name__)

_GATHER: Final = 0.01
_PAUSE: Final = 1.0
_INBOX: Final = 20_000


class Listener:
    """What passes by at a broker.

    Args:
        settings: where the broker is now; asked anew for each connection that is opened.
        filters: the topics.
        take: gets the messages, in the order in which they came; it must not wait.
    """

    def __init__(
        self,
        settings: Callable[[], MqttSettings],
        filters: Sequence[str],
        take: Callable[[list[Passing]], None],
    ) -> None:
        self._settings = settings
        self._filters = filters
        self._take = take
        self.missed = Missed()
        self.heard = asyncio.Event()
        """Set when there was a connection."""
        self.is_connected = False
        self._deaf_since: float | None = None

    async def run(self, *, is_patient: bool = True) -> NoReturn:
        """Listen until cancelled, over lost connections too.

        Args:
            is_patient: whether the very first connection may fail, too.

        Raises:
            Error: it did, and that was not allowed.
        """
        level = logging.WARNING
        while True:
            try:
                await self._listen()
            except Error as error:
                if not is_patient and not self.heard.is_set():
                    raise
                log.log(level, "Nobody listens to the topics, trying on: %s", error)
                level = logging.DEBUG
            finally:
                self._is_lost()
            await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        settings = self._settings()
        if not _is_plain(settings):
            await self._listen_as_client(settings)
        async with contextlib.aclosing(passing(settings, self._filters, self.missed)) as groups:
            async for group in groups:
                self._is_found()
                self._take(group)
                # others have their turn, and some gather meanwhile
                await asyncio.sleep(0 if len(group) == AT_ONCE else _GATHER)

    async def _listen_as_client(self, settings: MqttSettings) -> NoReturn:
        """Listen over connections that the tap for many messages cannot open."""
        client = MqttClient(
            settings,
            inbox=_INBOX,
            on_connected=lambda _: self._is_found(),
            on_lost=lambda _: self._is_lost(),
        )
        async with running(client):
            await client.subscribe(*(Subscription(each, keeps_retain_flag=True) for each in self._filters))
            while True:
                group = [await client.next_message()]
                while client.waiting and len(group) < AT_ONCE:
                    group.append(await client.next_message())
                self._take([(each.topic, each.payload, each.retained) for each in group])
                await asyncio.sleep(0 if client.waiting else _GATHER)

    def _is_found(self) -> None:
        self.is_connected = True
        self.heard.set()
        if self._deaf_since is not None:
            self.missed.seconds += time.monotonic() - self._deaf_since
            self._deaf_since = None

    def _is_lost(self) -> None:
        if self.is_connected:
            self.missed.interruptions += 1
            self._deaf_since = time.monotonic()
        self.is_connected = False


@asynccontextmanager
async def listening(listener: Listener) -> AsyncIterator[None]:
    """Keep a listener running, and hand over when it is connected; raises why it cannot be."""
    try:
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(listener.run(is_patient=False), name="topics")
            await listener.heard.wait()
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


def _is_plain(settings: MqttSettings) -> bool:
    """Return whether the tap can do what is asked for: MQTT 3.1.1 over TCP without a session or a will."""
    is_tcp = not (settings.tls or settings.websocket_path or settings.is_unix or settings.bind_address)
    return is_tcp and settings.version is MqttVersion.V311 and settings.is_clean and settings.will is None
