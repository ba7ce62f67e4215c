"""The door of the broker: says who may come in, and cuts the connections of those whose rights ended.

Between nats-server, which asks about every login, and the identities in the catalogue.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections import deque
from contextlib import AsyncExitStack
from typing import Any, Final

from heliograph.api.identity.mqtt_login import MqttLogin, MqttLogins
from heliograph.broker.callout import SUBJECT, Asked, Grant, Issuer, parse_request
from heliograph.broker.client_limits import connections
from heliograph.broker.config import HUB_USER, SYSTEM_USER, BrokerPlan, Endpoints
from heliograph.errors import AuthError, BrokerError, TransportError
from heliograph.model.time import SECOND_NS
from heliograph.stream.passing import subjects_of
from heliograph.transport.nats import answer, ask, connect

log = logging.getLogger(__name__)

_PAGE: Final = 1_000
_RECENT: Final = 4_096
_PAUSE: Final = 0.1
_TOLD: Final = 1_000
_MQTT: Final = "mqtt"


class Door:
    """Answers nats-server and cuts connections, for as long as :meth:`serve` runs."""

    def __init__(self, plan: BrokerPlan, endpoints: Endpoints, issuer: Issuer, logins: MqttLogins) -> None:
        self._plan, self._endpoints = plan, endpoints
        self._issuer, self._logins = issuer, logins
        self._loop: asyncio.AbstractEventLoop | None = None
        self._recent: deque[tuple[str, str, int]] = deque(maxlen=_RECENT)
        """Identity, server and number of connections that were let in: they may not be listed yet."""
        self._server = ""
        self._ended: set[str] = set()
        self._ended_lock = threading.Lock()
        self._waiting = asyncio.Event()
        self.ready = asyncio.Event()
        """Set when logins are answered; whoever came before waits in vain and has to come again."""
        self._refused: dict[str, None] = {}

    async def serve(self) -> None:
        """Do the work until cancelled.

        Raises:
            ConnectError: nats-server does not take us.
        """
        self._loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            port = self._endpoints.nats_port
            hub = await connect(port, HUB_USER, self._plan.hub_password)
            stack.push_async_callback(hub.close)
            system = await connect(port, SYSTEM_USER, self._plan.system_password)
            stack.push_async_callback(system.close)
            await answer(hub, SUBJECT, self.decide)
            self.ready.set()
            while True:
                await self._waiting.wait()
                self._waiting.clear()
                await self._cut(system)

    def end(self, identity: str) -> None:
        """Cut whoever is connected under an identity; from any thread, returns at once."""
        with self._ended_lock:
            self._ended.add(identity)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._waiting.set)

    def decide(self, request: bytes) -> bytes | None:
        """Return the answer to a login; None where none can be given."""
        try:
            asked = parse_request(request)
        except BrokerError as error:
            log.error("%s", error)
            return None
        self._server = asked.server
        if asked.expires_s < time.time():
            return None  # the client is gone: after a restart all come at once, and some give up
        try:
            _require_mqtt(asked)
            login = self._logins.log_in(asked.user, asked.password, asked.client_id)
        except AuthError as error:
            self._tell(asked, str(error))
            return self._issuer.refuse(asked, str(error))
        self._recent.append((login.identity, asked.server, asked.connection))
        return self._issuer.grant(asked, _grant(login))

    def _tell(self, asked: Asked, reason: str) -> None:
        """Log a refusal, of one client from one address once."""
        who = f"{asked.client_id!r} at {asked.address} as {asked.user!r}"
        level = logging.DEBUG if who in self._refused else logging.WARNING
        if len(self._refused) >= _TOLD:
            self._refused.clear()
        self._refused[who] = None
        log.log(level, "MQTT client %s was refused: %s", who, reason)

    async def _cut(self, system: Any) -> None:
        with self._ended_lock:
            ended, self._ended = self._ended, set()
        try:
            for number in await self._connected(ended):
                payload = json.dumps({"cid": number}).encode()
                await ask(system, f"$SYS.REQ.SERVER.{self._server}.KICK", payload)
        except TransportError as error:
            log.warning("Connections whose rights ended are not cut yet, trying again: %s", error)
            with self._ended_lock:
                self._ended |= ended
            await asyncio.sleep(_PAUSE)
            self._waiting.set()

    async def _connected(self, ended: set[str]) -> set[int]:
        found = {number for who, server, number in self._recent if who in ended and server == self._server}
        offset = 0
        while True:
            query = f"auth=1&limit={_PAGE}&offset={offset}"
            listed = (await connections(self._endpoints.monitor_port, query)).get("connections") or []
            found |= {each["cid"] for each in listed if each.get("authorized_user") in ended}
            if len(listed) < _PAGE:
                return found
            offset += _PAGE


def _require_mqtt(asked: Asked) -> None:
    if asked.kind != _MQTT:
        raise AuthError(f"this door is for MQTT, {asked.kind or 'something else'} came")


def _grant(login: MqttLogin) -> Grant:
    expires_s = None if login.expires_ns is None else login.expires_ns // SECOND_NS
    return Grant(
        login.identity,
        [subject for each in login.topics.publish for subject in subjects_of(each)],
        [subject for each in login.topics.subscribe for subject in subjects_of(each)],
        expires_s,
    )
