"""The MQTT client of tests of who may do what, by WebSocket."""

from __future__ import annotations

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.real.mqtt_identity import Client


class WebClient(Client):
    """One connection, open for as long as the block lasts."""

    def __init__(self, port: int, client_id: str, login: tuple[str, str] | None, cafile: str) -> None:
        self._cafile = cafile
        super().__init__(port, client_id, login)

    def _new_client(self, client_id: str) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, transport="websockets")
        client.ws_set_options(path="/mqtt")
        client.tls_set(ca_certs=self._cafile)
        return client
