"""What nats-server is told: pure text made of settings, no process and no socket.

Source: nats-server's configuration reference; the traps in docs/contracts.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HUB_USER: Final = "hub"
HEADER_ROOM_BYTES: Final = 64 * 1024
"""Headers count against max_payload, and a message over it cuts the connection without an answer."""
SERVER_STREAMS_BYTES: Final = 512 * 1024 * 1024
"""Room for the streams that nats-server makes for MQTT sessions and retained messages."""

# An MQTT client is in the same account as the hub. It must not reach the hub's own subjects, nor write
# into `$MQTT.msgs.>` past the acknowledgement. It may subscribe below `$MQTT.`: denying that silently
# stops QoS 1 deliveries to a subscriber of `#` (seen with 2.15.1).
_GUEST_PUBLISH_DENY: Final = ("$MQTT.>", "$JS.>", "$SYS.>", "$KV.>", "$O.>", "lp.>", "_INBOX.>")
_GUEST_SUBSCRIBE_DENY: Final = ("$JS.>", "$SYS.>", "$KV.>", "$O.>", "lp.>", "_INBOX.>")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where nats-server listens; ``mqtt_port`` None leaves MQTT closed."""

    nats_port: int
    monitor_port: int
    mqtt_host: str
    mqtt_port: int | None


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
authorization {{
  users: [
    {{ user: "{HUB_USER}", password: {json.dumps(plan.hub_password)} }}
    {{ user: "guest", password: {json.dumps(plan.guest_password)}
      allowed_connection_types: ["MQTT", "MQTT_WS"]
      permissions: {{
        publish: {{ deny: {json.dumps(_GUEST_PUBLISH_DENY)} }}
        subscribe: {{ deny: {json.dumps(_GUEST_SUBSCRIBE_DENY)} }}
      }} }}
  ]
}}
"""
    if endpoints.mqtt_port is not None:
        text += f"""\
mqtt {{
  listen: "{endpoints.mqtt_host}:{endpoints.mqtt_port}"
  no_auth_user: "guest"
}}
"""
    return text
