"""How an app stands with the broker: its subscriptions, and the presence that tells others that it runs."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NoReturn

from heliograph.aio.backoff import Backoff
from heliograph.app.client import Client
from heliograph.app.state import State
from heliograph.errors import TransportError
from heliograph.transport.mqtt_client_message import Publication, Subscription

log = logging.getLogger("heliograph.app")

_ONLINE: Final = b"online"
_OFFLINE: Final = b"offline"
_GOODBYE: Final = 2.0
_MANY_LOSSES: Final = 10
_SOON: Final = 60.0


def presence(topic: str, *, is_online: bool) -> Publication:
    """Return the message that tells whether an app runs; the one that it does not is its last will."""
    return Publication(topic, _ONLINE if is_online else _OFFLINE, 1, retained=True)


class Standing:
    """Subscribes, and then says that the app is there: who hears that may give commands.

    Args:
        client: the connection.
        topic: of the presence.
        kept: what outlasts a restart: the filters of the session.
        form: returns what tells the app's options to people; None where it has none.
    """

    def __init__(
        self, client: Client, topic: str, kept: State, form: Callable[[], Publication | None]
    ) -> None:
        self._form = form
        self._client = client
        self._topic = topic
        self._kept = kept
        self._news = asyncio.Event()
        self._losses: deque[float] = deque(maxlen=_MANY_LOSSES)

    async def run(self, wanted: list[Subscription]) -> NoReturn:
        """Subscribe, and tell of the presence with each connection, until cancelled."""
        await self._subscribe(wanted)
        while True:
            self._news.clear()
            try:
                await self._client.publish(presence(self._topic, is_online=True))
                if (form := self._form()) is not None:
                    await self._client.publish(form)
            except TransportError as error:
                log.debug("the presence was not told: %s", error)
            await self._news.wait()

    def connected(self) -> None:
        """Take note of a new connection."""
        self._news.set()

    def told(self, word: bytes) -> None:
        """Take note of what the broker says about us; a last will may come late, when we are back already."""
        if word != _ONLINE:
            self._news.set()

    def lost(self) -> None:
        """Take note of a lost connection, and tell if there are strangely many."""
        now = asyncio.get_running_loop().time()
        self._losses.append(now)
        if len(self._losses) == _MANY_LOSSES and now - self._losses[0] < _SOON:
            log.warning(
                "%d connections were lost within %.0f s; if the broker is well, another machine has the same "
                "device id: give each its own with --device",
                _MANY_LOSSES,
                now - self._losses[0],
            )
            self._losses.clear()

    async def say_goodbye(self) -> None:
        """Tell that the app is not there any more."""
        if not self._client.is_connected:
            return
        try:
            async with asyncio.timeout(_GOODBYE):
                await self._client.publish(presence(self._topic, is_online=False))
        except (TimeoutError, TransportError):
            log.debug("the broker was not told that we go; it tells our last will")

    async def _subscribe(self, wanted: list[Subscription]) -> None:
        filters = [each.topic_filter for each in wanted]
        for subscription in wanted:
            await self._ask(subscription.topic_filter, partial(self._client.subscribe, subscription))
        # What an earlier version of the program wanted is in the session still.
        for topic_filter in set(self._kept.get("filters", ())) - set(filters):
            await self._ask(topic_filter, partial(self._client.unsubscribe, topic_filter))
        self._kept["filters"] = filters
        log.debug("the app listens", extra={"filters": filters})

    async def _ask(self, topic_filter: str, ask: Callable[[], Awaitable[object]]) -> None:
        """Ask the broker for a subscription or its end, again when it does not answer."""
        backoff = Backoff()
        while True:
            try:
                await ask()
            except TransportError as error:
                log.error("the subscription to %s: %s", topic_filter, error)
                if not error.retry:
                    return
                await asyncio.sleep(backoff.next())
            else:
                return
