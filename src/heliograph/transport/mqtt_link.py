"""One MQTT connection's life on gmqtt: open, publish, acknowledged, lost. Nothing is retried here.

gmqtt was chosen for its size (a lone agent stays below 25 MB with it). What it does that we do not
want is switched off in this file and seen nowhere else:

- it reconnects by itself, in tasks without a parent and every six seconds for ever: ``reconnect`` is
  empty here, and a :class:`Link` is never used again once it is lost;
- it speaks MQTT 5 first, which the hub's broker refuses: version 3.1.1 is asked for;
- it forgets unacknowledged messages when the session is new: they are kept in ``mqtt.py``;
- it logs each lost connection as a warning with a traceback: that goes to DEBUG, as the one who
  reconnects says it better.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import gmqtt
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.storage import PersistentStorage

from heliograph.errors import ConnectError, Refused
from heliograph.transport.mqtt_client_message import Publication

if TYPE_CHECKING:
    from ssl import SSLContext

log = logging.getLogger(__name__)

DEFAULT_PORT: Final = 1883


@dataclass(frozen=True, slots=True)
class MqttEndpoint:
    """Where an MQTT broker listens, and who we are to it."""

    host: str = "127.0.0.1"
    """Name or address."""
    port: int = DEFAULT_PORT
    """TCP port."""
    user: str | None = None
    """User name; None where the broker lets anybody in."""
    password: str | None = None
    """Password; never shown."""
    keep_alive: float = 30.0
    """Seconds of silence after which we ping; after twice as many without an answer the link is lost."""
    tls: SSLContext | None = field(default=None, repr=False, compare=False)
    """How the connection is encrypted; None leaves it open."""

    def __str__(self) -> str:
        return f"mqtt{'s' if self.tls else ''}://{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"MqttEndpoint({self})"


class Link:
    """A connection that has been accepted by the broker. Made by :meth:`open`."""

    def __init__(self, endpoint: MqttEndpoint, client: _Client) -> None:
        self.endpoint = endpoint
        self._client = client

    @classmethod
    async def open(
        cls,
        endpoint: MqttEndpoint,
        *,
        client_id: str,
        will: Publication | None,
        on_ack: Callable[[int], None],
    ) -> Link:
        """Connect and wait until the broker has accepted us, which the caller puts a timeout around.

        On cancellation the socket is closed. ``on_ack`` is called with the packet id of each
        acknowledged message.

        Raises:
            ConnectError: nobody listens, the name is unknown, or we were cut off before an answer.
            Refused: the broker answered and said no.
        """
        client = _Client(client_id, will, on_ack)
        if endpoint.user is not None:
            client.set_auth_credentials(endpoint.user, endpoint.password)
        try:
            await client.connect(
                endpoint.host,
                endpoint.port,
                ssl=endpoint.tls or False,
                keepalive=int(endpoint.keep_alive),
                version=MQTTv311,
            )
        except OSError as error:
            client.abort()
            raise ConnectError(str(endpoint), error.strerror or str(error)) from error
        except gmqtt.MQTTConnectError as error:
            client.abort()
            raise _refusal(endpoint, error) from error
        except asyncio.CancelledError:
            client.abort()
            raise
        if client.lost.is_set():
            raise ConnectError(
                str(endpoint), "the connection was closed before we were accepted; is this MQTT?"
            )
        return cls(endpoint, client)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        return self._client.lost.is_set()

    async def wait_lost(self) -> None:
        """Return when the connection is gone. A cancel leaves it as it is."""
        await self._client.lost.wait()

    def publish(self, publication: Publication) -> int:
        """Send a message with QoS 1 and return its packet id, which ``on_ack`` will name.

        Never waits: the bytes go to the socket's buffer, which the caller bounds by the number of
        messages in flight. On a lost connection nothing is sent and the acknowledgement never comes.
        """
        return self._client.publish_once(publication)

    def abort(self) -> None:
        """Drop the connection at once; the broker will publish our last will."""
        self._client.abort()

    async def close(self) -> None:
        """Say goodbye, so that the last will is not published, and close; a cancel drops the connection."""
        try:
            await self._client.disconnect()
        except (OSError, asyncio.CancelledError):
            self._client.abort()
            raise


class _Acks(PersistentStorage):  # type: ignore[misc]
    """gmqtt's list of unacknowledged messages, used for what it is good for: to hear of a PUBACK."""

    def __init__(self, on_ack: Callable[[int], None]) -> None:
        super().__init__()
        self._on_ack = on_ack
        self.last_id = 0

    def push_message(self, mid: int, raw_package: bytes) -> None:  # noqa: ARG002 - gmqtt's signature
        self.last_id = mid  # the message itself is kept by the publisher, not here

    def remove_message_by_mid(self, mid: int) -> None:
        self._on_ack(mid)


class _Client(gmqtt.Client):  # type: ignore[misc]
    """A gmqtt client for one connection."""

    def __init__(self, client_id: str, will: Publication | None, on_ack: Callable[[int], None]) -> None:
        self._acks = _Acks(on_ack)
        self.lost = asyncio.Event()
        last_will = None
        if will is not None:
            last_will = gmqtt.Message(will.topic, will.payload, qos=1, retain=will.retained)
        # A clean session: we subscribe to nothing and keep what is not acknowledged ourselves, so a
        # kept session would only cost the broker a stored record per device that nobody ever reads.
        super().__init__(
            client_id,
            clean_session=True,
            will_message=last_will,
            persistent_storage=self._acks,
            logger=_library_log,
        )
        self.on_disconnect = _Client._set_lost

    def _set_lost(self, packet: object) -> None:  # noqa: ARG002 - gmqtt's signature
        self.lost.set()
        # connect() waits for CONNACK only, and for ever when the broker hangs up instead of sending one.
        self._connack_received.set()

    async def reconnect(self, delay: bool = False) -> None:  # noqa: FBT001, FBT002 - gmqtt's signature
        """Do nothing: gmqtt calls this when the connection is lost, and a link has one life."""

    def publish_once(self, publication: Publication) -> int:
        self.publish(publication.topic, publication.payload, qos=1, retain=publication.retained)
        return self._acks.last_id

    def abort(self) -> None:
        # The public disconnect() first flushes the socket, which on a dead network takes minutes.
        if self._connection is not None:
            self._connection._transport.abort()  # noqa: SLF001
        self.lost.set()


_REASONS: Final = {
    1: "it does not speak MQTT 3.1.1; use a broker that does",
    2: "it does not take our client id; choose another host name",
    4: "the user name or the password is wrong; check the MQTT user and password that were given",
    5: "not authorised; give an MQTT user and a password that may connect here",
}
_NOT_AVAILABLE: Final = 3


def _refusal(endpoint: MqttEndpoint, error: gmqtt.MQTTConnectError) -> ConnectError | Refused:
    code = error._code  # noqa: SLF001 - gmqtt shows it in a sentence only
    if code == _NOT_AVAILABLE:
        return ConnectError(str(endpoint), "the broker says that it is not available now")
    return Refused(str(endpoint), f"the broker refused us: {_REASONS.get(code, f'code {code}')}")


class _Demote(logging.Filter):
    """Lets the library's log lines through at level DEBUG only."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return log.isEnabledFor(logging.DEBUG)


_library_log = logging.getLogger(f"{__name__}.gmqtt")
for _logger in (_library_log, logging.getLogger("gmqtt.mqtt.protocol")):
    _logger.addFilter(_Demote())
