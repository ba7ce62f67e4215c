"""Which MQTT broker the hub has: nats-server's own, a Mosquitto that it starts, or somebody else's."""

from __future__ import annotations

import enum
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from heliograph.config.tree import BrokerSettings
from heliograph.errors import ConfigError
from heliograph.transport.mqtt_client_paho import tls_context
from heliograph.transport.mqtt_client_settings import MqttSettings, TlsSettings
from heliograph.transport.mqtt_link import MqttEndpoint

EMBEDDED: Final = "embedded"
MOSQUITTO: Final = "mosquitto"
SESSION_S: Final = 7 * 86_400
"""How long a broker of MQTT 5 keeps messages for a hub that is away."""

UNACKNOWLEDGED: Final = 300
"""Messages that a broker of MQTT 5 sends before we acknowledge the first."""


class BrokerKind(enum.Enum):
    """Whose broker it is."""

    EMBEDDED = EMBEDDED
    MOSQUITTO = MOSQUITTO
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class BrokerChoice:
    """The broker that was asked for; ``settings`` says how a foreign one is reached."""

    kind: BrokerKind
    settings: MqttSettings | None = None


def choose(asked: BrokerSettings) -> BrokerChoice:
    """Return the broker that the settings name.

    Raises:
        ConfigError: they name none, or the password cannot be read.
    """
    if asked.use == EMBEDDED:
        return BrokerChoice(BrokerKind.EMBEDDED)
    if asked.use == MOSQUITTO:
        return BrokerChoice(BrokerKind.MOSQUITTO)
    try:
        url = urlsplit(asked.use)
        port = url.port or 0
    except ValueError as error:
        raise _no_broker(asked.use, str(error)) from error
    if url.scheme not in ("mqtt", "mqtts") or not url.hostname or url.path not in ("", "/"):
        raise _no_broker(asked.use, "")
    if url.password is not None:
        reason = "a password in the address is seen by everybody; put it into a file: broker.password_file"
        raise ConfigError(f"broker.use: {reason}", key="broker.use")
    tls = TlsSettings(cafile=asked.cafile or None) if url.scheme == "mqtts" else None
    user = unquote(url.username) if url.username else None
    settings = MqttSettings(url.hostname, port, user, _password(asked.password_file), tls=tls)
    return BrokerChoice(BrokerKind.FOREIGN, settings)


def with_session(settings: MqttSettings, folder: Path) -> MqttSettings:
    """Return the settings of a client whose session is kept, under an id that nobody else can guess."""
    path = folder / "bridge.id"
    known = ""
    with suppress(FileNotFoundError):
        known = path.read_text().strip()
    if not known:
        known = f"helio-bridge-{secrets.token_hex(8)}"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(known)
        temporary.replace(path)
    return replace(
        settings, client_id=known, is_clean=False, session_expiry_s=SESSION_S, receive_maximum=UNACKNOWLEDGED
    )


def agent_endpoint(settings: MqttSettings) -> MqttEndpoint:
    """Return the same broker for the hub's own agent."""
    tls = tls_context(settings.tls) if settings.tls is not None else None
    return MqttEndpoint(settings.host, settings.actual_port, settings.user, settings.password, tls=tls)


def _password(path: str) -> str | None:
    if not path:
        return None
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"broker.password_file cannot be read: {error}", key="broker.password_file"
        ) from error


def _no_broker(text: str, reason: str) -> ConfigError:
    expected = f'"{EMBEDDED}", "{MOSQUITTO}" or an address such as mqtt://user@host:1883 or mqtts://host'
    why = f" ({reason})" if reason else ""
    return ConfigError(f"broker.use: {expected} was expected, {text!r} came{why}", key="broker.use")
