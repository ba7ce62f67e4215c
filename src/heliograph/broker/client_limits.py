"""What MQTT clients want and nats-server cannot do: who, what, and the way out.

nats-server closes the connection of such a client and tells its log; to a shared subscription it says yes and
delivers nothing, which only its list of connections shows.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

log = logging.getLogger(__name__)

CLIENTS_KEPT: Final = 50
_CONNECTIONS_ASKED: Final = 500
WITH_SUBSCRIPTIONS: Final = f"subs=1&limit={_CONNECTIONS_ASKED}"
_ANSWER_BYTES: Final = 4 * 1024 * 1024
_TIMEOUT: Final = 2.0
_TOLD_FOR: Final = 3_600.0
_MOSQUITTO: Final = "or use helio up --broker mosquitto (docs/brokers.md)"
_LINE: Final = re.compile(r'\[ERR\] (?P<address>\S+) - mid:\d+ - "(?P<id>[^"]*)" - (?P<what>.*)')
_KINDS: Final = (
    (
        "unacceptable protocol version of 5",
        "speaks MQTT 5",
        "set it to MQTT 3.1.1",
    ),
    (
        "older protocol",
        "speaks MQTT 3.1",
        "set it to MQTT 3.1.1",
    ),
    (
        "invalid character in client ID",
        "has a client id with a blank or another character that is not supported",
        "give it an id of letters, digits, - and _",
    ),
    (
        "character not supported for MQTT topics",
        "uses a topic with a blank or another character that is not supported",
        "take the blanks out of its topics, as of the friendly names of zigbee2mqtt,",
    ),
    (
        'Subscription Violation - Subject "$SYS',
        "wants $SYS, the broker's own figures",
        "see helio status instead,",
    ),
)
_FORBIDDEN: Final = re.compile(r'(Publish|Subscription) Violation - Subject "([^"]*)"')
_SHARED: Final = (
    "has a shared subscription ($share), to which nothing is delivered",
    "subscribe without $share,",
)


@dataclass(slots=True)
class _Met:
    who: str
    what: str
    way_out: str
    last: float
    times: int = 1

    def __str__(self) -> str:
        times = f" ({self.times:,} times)" if self.times > 1 else ""
        return f"MQTT client {self.who} {self.what}{times}: {self.way_out} {_MOSQUITTO}"


class ClientLimits:
    """The latest clients that met a limit, each with the limit."""

    def __init__(self) -> None:
        self._met: OrderedDict[tuple[str, str], _Met] = OrderedDict()
        self.on_forbidden: Callable[[str, str, str, str], None] = lambda *_: None
        """Called with client id, address, ``publish`` or ``subscribe``, and a subject that is not theirs."""

    def note_line(self, line: str) -> bool:
        """Look at a line of nats-server's log; True if it tells of such a client."""
        found = _LINE.search(line)
        if found is None:
            return False
        for sign, what, way_out in _KINDS:
            if sign in found["what"]:
                host = found["address"].rpartition(":")[0]
                self._note(f'"{found["id"]}" at {host}' if found["id"] else f"at {host}", what, way_out)
                return True
        if forbidden := _FORBIDDEN.search(found["what"]):
            verb = "publish" if forbidden[1] == "Publish" else "subscribe"
            self.on_forbidden(found["id"], found["address"].rpartition(":")[0], verb, forbidden[2])
            return True
        return False

    def note_connections(self, answer: dict[str, Any]) -> None:
        """Look at nats-server's list of connections."""
        for connection in answer.get("connections") or ():
            if any(each.startswith("$share.") for each in connection.get("subscriptions_list") or ()):
                who = f'"{connection.get("mqtt_client", "")}" at {connection.get("ip", "?")}'
                self._note(who, *_SHARED, again=False)

    def _note(self, who: str, what: str, way_out: str, *, again: bool = True) -> None:
        known = self._met.get((who, what))
        if known is not None:
            known.times += again
            known.last = time.monotonic()
            self._met.move_to_end((who, what))
            return
        met = self._met[who, what] = _Met(who, what, way_out, time.monotonic())
        log.warning("%s", met)
        if len(self._met) > CLIENTS_KEPT:
            self._met.popitem(last=False)

    def warnings(self) -> list[str]:
        """Return what is told of those of the last hour, the latest first."""
        since = time.monotonic() - _TOLD_FOR
        return [str(met) for met in reversed(self._met.values()) if met.last >= since]


async def connections(monitor_port: int, query: str = WITH_SUBSCRIPTIONS) -> dict[str, Any]:
    """Return nats-server's list of connections, with their subscriptions; nothing if it does not answer."""
    path = f"/connz?{query}"
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", monitor_port, limit=_ANSWER_BYTES)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
                await reader.readuntil(b"\r\n\r\n")
                pieces = bytearray()
                while (piece := await reader.read(65_536)) and len(pieces) < _ANSWER_BYTES:
                    pieces += piece
            finally:
                writer.close()
        answer: dict[str, Any] = json.loads(pieces)
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return {}
    return answer
