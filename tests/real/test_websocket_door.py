"""MQTT over WebSocket with ``--listen``: the same identities, and nobody else by any protocol of the port."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect

from tests.ports import free_port
from tests.real.hub_process import HubProcess
from tests.real.mqtt_websocket import WebClient


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in ("https_port", "mqtts_port", "websocket_port")}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[HubProcess]:
    settings = [word for name, port in ports.items() for word in ("--set", f"network.{name}={port}")]
    folder = tmp_path_factory.mktemp("websocket")
    with HubProcess(folder / "hub", "--no-agent", "--listen", "127.0.0.1", *settings) as running:
        yield running


def device(hub: HubProcess, name: str) -> tuple[str, str]:
    return name, json.loads(hub.request("POST", "/api/identities/devices", {"id": name})[2])["key"]


def test_a_device_is_who_it_is_and_nobody_is_anonymous(hub: HubProcess, ports: dict[str, int]) -> None:
    port, cafile = ports["websocket_port"], str(hub.home / "tls" / "ca.pem")
    login = device(hub, "garden")
    with WebClient(port, "garden", login, cafile) as board:
        assert board.is_in
        assert board.subscribe("cmd/garden/#", 1)
        assert not board.subscribe("cmd/other/#", 1)
        with WebClient(port, "boss", ("me", hub.token), cafile) as operator:
            operator.publish("cmd/garden/lamp", "on")
            board.until(lambda: board.payloads() == ["on"])
        assert hub.request("DELETE", "/api/identities/devices/garden")[0] == 200
        board.until(lambda: board.is_cut)
    for client_id, wrong in (("garden", login), ("x", None), ("x", ("hub", "x")), ("x", ("me", "wrong"))):
        with WebClient(port, client_id, wrong, cafile) as refused:
            assert not refused.is_in


def test_the_ports_other_protocol_lets_nobody_in(hub: HubProcess, ports: dict[str, int]) -> None:
    context = ssl.create_default_context(cafile=hub.home / "tls" / "ca.pem")
    own = (hub.home / "nats" / "hub.password").read_text()
    for login in (
        {"user": "me", "pass": hub.token},
        {"user": "hub", "pass": own},
        dict(zip(("user", "pass"), device(hub, "thief"), strict=True)),
        {},
    ):
        with connect(f"wss://127.0.0.1:{ports['websocket_port']}/", ssl=context, open_timeout=120) as socket:
            socket.recv(10)
            options = json.dumps({"verbose": False, **login})
            try:
                socket.send(f"CONNECT {options}\r\nSUB > 1\r\nPING\r\n".encode())
                answer = socket.recv(10)
            except (WebSocketException, InvalidStatus):
                continue
            text = answer.decode() if isinstance(answer, bytes) else answer
            assert text.startswith("-ERR"), (login.get("user"), text)


def test_there_is_no_websocket_without_listen(tmp_path_factory: pytest.TempPathFactory) -> None:
    with HubProcess(tmp_path_factory.mktemp("quiet") / "hub", "--no-agent") as quiet:
        assert "websocket" not in (quiet.home / "nats" / "nats.conf").read_text()
