"""What nats-server is told: pure text made of settings, no process and no socket.

Source: nats-server's configuration reference; the traps in docs/contracts.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HUB_USER: Final = "hub"
SYSTEM_USER: Final = "system"
GUEST_USER: Final = "guest"
AUTH_TIMEOUT_S: Final = 10
"""For a client to say who it is, and for the hub to answer."""
HEADER_ROOM_BYTES: Final = 64 * 1024
"""Headers count against max_payload, and a message over it cuts the connection without an answer."""
SERVER_STREAMS_BYTES: Final = 512 * 1024 * 1024
"""Room for the streams that nats-server makes for MQTT sessions and retained messages."""

# An MQTT client is in the same account as the hub. It must not reach the hub's own subjects, nor write
# into `$MQTT.msgs.>` past the acknowledgement. It may subscribe below `$MQTT.`: denying that silently
# stops QoS 1 deliveries to a subscriber of `#` (seen with 2.15.1).
PUBLISH_DENY: Final = ("$MQTT.>", "$JS.>", "$SYS.>", "$KV.>", "$O.>", "lp.>", "_INBOX.>")
SUBSCRIBE_DENY: Final = ("$JS.>", "$SYS.>", "$KV.>", "$O.>", "lp.>", "_INBOX.>")


_INSIDE: Final = 'allowed_connection_types: ["STANDARD"]'
"""The hub's own users come by the port on loopback only, whoever knows their passwords."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where nats-server listens; ``mqtt_port`` None leaves MQTT closed."""

    nats_port: int
    monitor_port: int
    mqtt_host: str
    mqtt_port: int | None
    websocket_port: int | None = None
    """Where MQTT over WebSocket is, at ``mqtt_host``; None leaves it closed."""


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """All that decides the configuration file."""

    folder: Path
    hub_password: str
    guest_password: str
    payload_bytes: int
    """The largest message that the hub publishes, without its headers."""
    streams_bytes: int
    """The sum of the limits of the hub's own streams."""
    sync: str
    """``always`` or a duration such as ``1s``: how often messages are fsynced."""
    issuer: str = ""
    """The public key of who decides about MQTT logins; empty lets in guests only."""
    system_password: str = ""
    """Of the user who may cut connections, where there is an issuer."""
    guests: bool = True
    """Whether MQTT needs no login."""
    certificate: tuple[Path, Path] | None = None
    """Files of the chain and its key, with which MQTT is encrypted."""

    @property
    def config_path(self) -> Path:
        """The generated file, 0600 since it holds the hub's password."""
        return self.folder / "nats.conf"

    @property
    def pid_path(self) -> Path:
        """The file into which nats-server writes its process id."""
        return self.folder / "nats-server.pid"


def render(plan: BrokerPlan, endpoints: Endpoints) -> str:
    """Return the text of the configuration file."""
    text = f"""\
# Written by helio up at each start; changes here are lost. Settings: helio config show
server_name: "heliograph"
listen: "127.0.0.1:{endpoints.nats_port}"
http: "127.0.0.1:{endpoints.monitor_port}"
pid_file: {json.dumps(str(plan.pid_path))}
max_payload: {plan.payload_bytes + HEADER_ROOM_BYTES}
jetstream {{
  store_dir: {json.dumps(str(plan.folder))}
  max_file_store: {plan.streams_bytes + SERVER_STREAMS_BYTES}
  sync_interval: {plan.sync}
}}
{_system(plan)}authorization {{
  timeout: {AUTH_TIMEOUT_S}
  users: [
    {{ user: "{HUB_USER}", password: {json.dumps(plan.hub_password)}, {_INSIDE} }}
{_guest(plan)}  ]
{_callout(plan)}}}
"""
    return text if endpoints.mqtt_port is None else text + _mqtt(plan, endpoints)


def _system(plan: BrokerPlan) -> str:
    if not plan.issuer:
        return ""
    password = json.dumps(plan.system_password)
    return f"""\
accounts {{ SYSTEM {{ users: [ {{ user: "{SYSTEM_USER}", password: {password}, {_INSIDE} }} ] }} }}
system_account: SYSTEM
"""


def _guest(plan: BrokerPlan) -> str:
    if not plan.guests:
        return ""
    return f"""\
    {{ user: "{GUEST_USER}", password: {json.dumps(plan.guest_password)}
      allowed_connection_types: ["MQTT", "MQTT_WS"]
      permissions: {{
        publish: {{ deny: {json.dumps(PUBLISH_DENY)} }}
        subscribe: {{ deny: {json.dumps(SUBSCRIBE_DENY)} }}
      }} }}
"""


def _callout(plan: BrokerPlan) -> str:
    """Return who decides about everybody else; the users here are never asked about."""
    if not plan.issuer:
        return ""
    users = [HUB_USER, SYSTEM_USER, *([GUEST_USER] if plan.guests else [])]
    return f"  auth_callout {{ issuer: {plan.issuer}, auth_users: {json.dumps(users)} }}\n"


def _mqtt(plan: BrokerPlan, endpoints: Endpoints) -> str:
    host = _host(endpoints)
    lines = [f'  listen: "{host}:{endpoints.mqtt_port}"']
    if plan.guests:
        lines.append(f'  no_auth_user: "{GUEST_USER}"')
    if plan.certificate is not None:
        chain, key = (json.dumps(str(path)) for path in plan.certificate)
        lines.append(f"  tls {{ cert_file: {chain}, key_file: {key}, timeout: 5 }}")
    if plan.certificate is None or endpoints.websocket_port is None:
        return "\n".join(["mqtt {", *lines, "}", ""])
    websocket = [f'  listen: "{host}:{endpoints.websocket_port}"', lines[-1]]
    return "\n".join(["mqtt {", *lines, "}", "websocket {", *websocket, "}", ""])


def _host(endpoints: Endpoints) -> str:
    return f"[{endpoints.mqtt_host}]" if ":" in endpoints.mqtt_host else endpoints.mqtt_host
