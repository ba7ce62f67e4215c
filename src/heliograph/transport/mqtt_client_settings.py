"""Where an MQTT broker is, how it is spoken to, and who we are to it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

from heliograph.transport.mqtt_client_message import Publication

PLAIN_PORT: Final = 1883
TLS_PORT: Final = 8883
NEVER_EXPIRES: Final = 0xFFFF_FFFF
"""A session expiry by which MQTT 5 means for ever."""


class MqttVersion(enum.Enum):
    """A version of the protocol."""

    V31 = "3.1"
    V311 = "3.1.1"
    V5 = "5"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How the connection is encrypted, and whom we trust. Files are PEM."""

    cafile: str | None = None
    """Certificates of the authorities that we trust; without it and ``capath`` the system's."""
    capath: str | None = None
    """A folder of them, as ``openssl rehash`` prepares it."""
    certfile: str | None = None
    """Our own certificate, where the broker wants one."""
    keyfile: str | None = None
    """The key of our certificate, if it is not in the same file."""
    is_host_checked: bool = True
    """Whether the certificate must be that of the host we called."""
    ciphers: str | None = None
    """What OpenSSL may use, in its notation."""
    version: str | None = None
    """Exactly this one, ``tlsv1.2`` or ``tlsv1.3``; otherwise 1.2 or newer."""
    alpn: str | None = None
    """The protocol to ask for where one port has several."""
    cadata: str | None = field(default=None, repr=False)
    """Certificates of authorities themselves, beside those of ``cafile``."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """A broker and a login. Plain values, nothing is opened or read here."""

    host: str = "localhost"
    """Name or address, or the path of a Unix socket if ``is_unix``."""
    port: int = 0
    """TCP port; 0 is the usual one, 1883 or with TLS 8883."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    version: MqttVersion = MqttVersion.V311
    client_id: str | None = None
    """Who we are; a second client with the same id throws the first one out. None takes a random one."""
    keep_alive: int = 60
    """Seconds of silence after which we ask whether the broker is still there, 0 never."""
    is_clean: bool = True
    """Whether the session ends with the connection. If not, the broker keeps subscriptions and messages of
    QoS 1 and 2 for this client id."""
    session_expiry_s: int | None = None
    """MQTT 5: for how many seconds it keeps them. None: for ever if not ``is_clean``."""
    receive_maximum: int | None = None
    """MQTT 5: how many messages of QoS 1 and 2 the broker may send before we acknowledge the first; None
    leaves it to the broker."""
    publishes: tuple[str, ...] | None = None
    """Filters of the topics that the broker takes from us, where that is known: a message to another one is
    refused here, as MQTT 3.1.1 has no way to refuse it there. None: any."""
    will: Publication | None = None
    """What the broker publishes when we vanish."""
    tls: TlsSettings | None = None
    websocket_path: str | None = None
    """The path, as ``/mqtt``, where MQTT is spoken inside a WebSocket."""
    is_unix: bool = False
    """Whether ``host`` is the path of a Unix socket."""
    bind_address: str = ""
    """The address of ours to call from."""
    connect_timeout: float = 10.0
    """Seconds from the look-up of the name to the broker's consent."""
    longest_delay: float = 30.0
    """Seconds that are waited at most before another attempt to connect, once one was lost."""
    user_properties: tuple[tuple[str, str], ...] = ()
    """MQTT 5: names and values that go with the login."""

    @property
    def actual_port(self) -> int:
        """The port that is meant."""
        return self.port or (TLS_PORT if self.tls else PLAIN_PORT)

    @property
    def endpoint(self) -> str:
        """The broker as one writes it, without the login."""
        if self.is_unix:
            return f"unix:{self.host}"
        scheme = "ws" if self.websocket_path else "mqtt"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}{'s' if self.tls else ''}://{host}:{self.actual_port}{self.websocket_path or ''}"
