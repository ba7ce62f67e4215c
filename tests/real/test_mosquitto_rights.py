"""Mosquitto as the hub's broker, open to others: its files say who may do what, and change while it runs."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.ports import free_port
from tests.real.hub_process import HubProcess
from tests.real.mqtt_identity import WAIT, Client
from tests.real.mqtt_websocket import WebClient

pytestmark = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None, reason="no mosquitto"
)
OPTIONS = ("--broker", "mosquitto", "--listen", "127.0.0.1")
PORTS = ("--set", "network.https_port=0", "--set", "network.mqtts_port=0")


@pytest.fixture(scope="module")
def websocket_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, websocket_port: int) -> Iterator[HubProcess]:
    folder = tmp_path_factory.mktemp("mosquitto")
    websocket = ("--set", f"network.websocket_port={websocket_port}")
    with HubProcess(folder / "hub", "--no-agent", *OPTIONS, *PORTS, *websocket) as running:
        yield running


def client(hub: HubProcess, client_id: str, login: tuple[str, str] | None) -> Client:
    return Client(hub.mqtt_port, client_id, login, cafile=hub.home / "tls" / "ca.pem")


def key_of(hub: HubProcess, name: str) -> tuple[str, str]:
    status, _, body = hub.request("POST", "/api/identities/devices", {"id": name})
    assert status == 201, body
    return name, json.loads(body)["key"]


def until_in(hub: HubProcess, client_id: str, login: tuple[str, str]) -> None:
    """Wait until Mosquitto has read its files again."""
    _until(lambda: _is_in(hub, client_id, login))


def _is_in(hub: HubProcess, client_id: str, login: tuple[str, str]) -> bool:
    with client(hub, client_id, login) as tried:
        return tried.is_in


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_nobody_is_anonymous(hub: HubProcess) -> None:
    for login in (None, ("operator", "wrong"), ("nobody", hub.token)):
        with client(hub, "stranger", login) as tried:
            assert not tried.is_in
    until_in(hub, "person", ("operator", hub.token))


def test_a_device_does_what_it_may_until_it_is_revoked(hub: HubProcess) -> None:
    lamp, fan = key_of(hub, "lamp"), key_of(hub, "fan")
    until_in(hub, "fan", fan)
    with (
        client(hub, "ear", ("operator", hub.token)) as ear,
        client(hub, "lamp", lamp) as device,
        client(hub, "fan", fan) as other,
    ):
        assert ear.subscribe("#")
        device.subscribe("cmd/#", 1)
        device.publish("tel/fan/lp", "forged v=1")
        device.publish("tel/lamp/lp", "lit v=1")
        ear.publish("cmd/fan/x", "for the fan")
        ear.publish("cmd/lamp/x", "for the lamp")
        device.until(lambda: device.payloads() == ["for the lamp"])
        ear.until(lambda: "lit v=1" in ear.payloads())
        assert "forged v=1" not in ear.payloads()
        assert hub.request("DELETE", "/api/identities/devices/lamp")[0] == 200
        device.until(lambda: device.is_cut)
        assert not other.is_cut
    _until(lambda: hub.sql_soon("SELECT v FROM lit") == [[1.0]])
    assert not _is_in(hub, "lamp", lamp)


def test_a_token_is_a_user_by_its_id(hub: HubProcess) -> None:
    asked = {"publish": ["a/#"], "subscribe": ["a/#"]}
    made = json.loads(hub.request("POST", "/api/v2/authorizations", asked)[2])
    login = made["id"], made["token"]
    until_in(hub, "program", login)
    with client(hub, "program", login) as program:
        program.subscribe("#")
        program.publish("b/x", "forbidden")
        program.publish("a/x", "allowed")
        program.until(lambda: program.payloads() == ["allowed"])


def test_by_websocket_a_device_is_who_it_is(hub: HubProcess, websocket_port: int) -> None:
    def web(client_id: str, login: tuple[str, str] | None) -> WebClient:
        return WebClient(websocket_port, client_id, login, str(hub.home / "tls" / "ca.pem"))

    garden = key_of(hub, "garden")
    until_in(hub, "garden", garden)
    for wrong in (None, ("garden", "wrong"), ("nobody", hub.token)):
        with web("stranger", wrong) as tried:
            assert not tried.is_in
    with web("garden", garden) as board, web("boss", ("operator", hub.token)) as boss:
        board.subscribe("#", 1)
        boss.publish("cmd/other/lamp", "not for it")
        boss.publish("cmd/garden/lamp", "x" * 60_000)
        board.until(lambda: board.payloads() == ["x" * 60_000])
        board.publish("tel/garden/lp", "watered v=1")
        _until(lambda: hub.sql_soon("SELECT v FROM watered") == [[1.0]])
        assert hub.request("DELETE", "/api/identities/devices/garden")[0] == 200
        board.until(lambda: board.is_cut)
        assert not boss.is_cut


def test_websockets_are_where_the_others_are(hub: HubProcess, websocket_port: int) -> None:
    broker = next(each for each in psutil.Process(hub.pid).children() if each.name() == "mosquitto")
    found = {each.laddr for each in broker.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    assert found == {("127.0.0.1", hub.mqtt_port), ("127.0.0.1", websocket_port)}
