"""What a hub tells its gateways: rules, which they check, keep and answer; and what they tell it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heliograph.transport.mqtt_client import MqttClient, running
from heliograph.transport.mqtt_client_message import Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings, TlsSettings
from tests.real.gateway import GATEWAY, PYTHON, enrolled, open_hub, status, wait_devices, wait_uplink
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.timeout(300)
PATIENCE = 120.0


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    with open_hub(tmp_path / "hub") as opened:
        yield opened


def helio(hub: HubProcess, *arguments: str, fails: bool = False) -> str:
    command = [*PYTHON, *arguments]
    ran = subprocess.run(
        command, env=hub.environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.returncode != 0) is fails, ran.stderr
    return ran.stderr if fails else ran.stdout


def told(hub: HubProcess) -> dict[str, Any]:
    [gateway] = hub.json("GET", "/api/gateways")["gateways"]
    found: dict[str, Any] = gateway
    return found


def wait_told(hub: HubProcess, **wanted: Any) -> dict[str, Any]:
    """Wait until a gateway tells this of the rules that hold there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        gateway = told(hub)
        rules = (gateway["report"] or {}).get("rules", {})
        if wanted.items() <= ({"online": gateway["online"]} | rules).items():
            return gateway
        assert time.monotonic() < deadline, gateway
        time.sleep(0.1)


def drop(measurement: str) -> str:
    return f'[[thin]]\nmeasurement = "{measurement}"\ndrop = true\n'


def test_rules_come_from_the_hub_and_stay(hub: HubProcess, tmp_path: Path) -> None:
    rules = tmp_path / "less.toml"
    with enrolled(hub, tmp_path / "edge") as edge:
        wait_told(hub, online=True, **{"from": "file", "count": 0})
        rules.write_text(drop("debug"))
        assert "has 1 rules now, of its hub" in helio(hub, "edge", "config", GATEWAY, str(rules))
        assert json.loads(helio(hub, "edge", "config", GATEWAY))["thin"][0]["measurement"] == "debug"
        wait_uplink(edge, connected=True)
        assert edge.write("debug v=1 1\nroom v=1 1") == 204
        wait_rows(hub, "SELECT v FROM room", [[1.0]])
        assert hub.request("POST", "/api/sql", {"sql": "SELECT v FROM debug"})[0] != 200

        rules.write_text(drop("x") + "wnidow = 1\n")
        assert "wnidow is not known" in helio(hub, "edge", "config", GATEWAY, str(rules), fails=True)
        hub.json("PUT", f"/api/gateways/{GATEWAY}/rules", {"thin": [{"window": "1ms"}]})
        deadline = time.monotonic() + PATIENCE
        while "1s to 1h" not in str(told(hub)["report"]["rules"]["error"]):
            assert time.monotonic() < deadline, told(hub)
            time.sleep(0.1)
        assert told(hub)["report"]["rules"]["count"] == 1, "the old ones hold"
        assert "1s to 1h" in helio(hub, "edge", "list")

        edge.stop()
        assert wait_told(hub, online=False)["seen_ms"] > 0
        assert "away, last seen 20" in helio(hub, "edge", "list")
        rules.write_text(drop("a") + drop("b"))
        assert "gets this when it is back" in helio(hub, "edge", "config", GATEWAY, str(rules))
        edge.start()
        wait_told(hub, online=True, count=2, error=None)
        assert "of its own file" in helio(hub, "edge", "config", GATEWAY, "--own")
        edge.kill()
        edge.start()
        wait_told(hub, online=True, count=0, **{"from": "file"})
    assert "gateway rules set" in helio(hub, "audit")


def wait_rows(hub: HubProcess, sql: str, wanted: list[list[Any]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        status, _, answer = hub.request("POST", "/api/sql", {"sql": sql})
        if status == 200 and json.loads(answer)["rows"] == wanted:
            return
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def wait_waiting(edge: HubProcess, count: int) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while (told := status(edge))["waiting"] != count:
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    return told


def test_what_waits_is_told_with_its_size_and_since_when(hub: HubProcess, tmp_path: Path) -> None:
    with enrolled(hub, tmp_path / "edge") as edge:
        wait_uplink(edge, connected=True)
        hub.stop()
        wait_uplink(edge, connected=False)
        began_ms = time.time_ns() // 1_000_000
        for number in (1, 2):
            assert edge.write(f"room v={number} {number}") == 204
        told = wait_waiting(edge, 2)
        assert 20 < told["waiting_bytes"] < 2_000
        assert began_ms <= told["oldest_ms"] <= time.time_ns() // 1_000_000
        hub.start()
        told = wait_waiting(edge, 0)
        assert (told["waiting_bytes"], told["oldest_ms"]) == (0, None)


def operator(hub: HubProcess) -> MqttClient:
    tls = TlsSettings(cafile=str(hub.home / "tls" / "ca.pem"))
    return MqttClient(MqttSettings(hub.mqtt_host, hub.mqtt_port, "operator", hub.token, tls=tls))


def test_who_waits_for_a_command_that_is_too_large_is_told(hub: HubProcess, tmp_path: Path) -> None:
    with enrolled(hub, tmp_path / "edge", "--set", "limits.payload_bytes=64KiB") as edge:
        wait_devices(edge, 1)

        async def asked() -> dict[str, Any]:
            client = operator(hub)
            async with asyncio.timeout(PATIENCE), running(client):
                await client.subscribe(Subscription("sta/me/answers", 1))
                command = {"reply_to": "sta/me/answers", "id": "7", "value": "x" * 100_000}
                await client.publish(Publication(f"cmd/{GATEWAY}/big", json.dumps(command).encode(), 1))
                answer: dict[str, Any] = json.loads((await client.next_message()).payload)
                return answer

        answer = asyncio.run(asked())
        assert (answer["ok"], answer["id"]) == (False, "7")
        assert "the gateway cannot hand this command over" in answer["error"]
        deadline = time.monotonic() + PATIENCE
        while "commands of the hub were left out" not in helio(hub, "edge", "list"):
            assert time.monotonic() < deadline


def test_a_device_is_a_gateway_when_the_code_is_used(hub: HubProcess, tmp_path: Path) -> None:
    helio(hub, "device", "add", "barn")
    helio(hub, "device", "enrol", GATEWAY, "--gateway")
    devices = hub.json("GET", "/api/identities/devices")["devices"]
    assert [(each["id"], each["gateway"]) for each in devices] == [(GATEWAY, False)]
    assert hub.json("GET", "/api/gateways")["gateways"] == []
    assert hub.request("PUT", f"/api/gateways/{GATEWAY}/rules", {"thin": []})[0] == 404
    with enrolled(hub, tmp_path / "edge"):
        wait_told(hub, online=True)
    assert hub.request("PUT", f"/api/gateways/{GATEWAY}/rules", {"thin": "x"})[0] == 400


def test_a_report_that_is_none_stands_in_nobodys_way(hub: HubProcess, tmp_path: Path) -> None:
    async def lied() -> None:
        client = operator(hub)
        async with asyncio.timeout(PATIENCE), running(client):
            topic = f"sta/{GATEWAY}/edge/report"
            await client.publish(Publication(topic, b'{"rules": []}', 1, retained=True))

    with enrolled(hub, tmp_path / "edge"):
        wait_told(hub, online=True)
    asyncio.run(lied())
    deadline = time.monotonic() + PATIENCE
    while told(hub)["report"] is not None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert hub.request("PUT", f"/api/gateways/{GATEWAY}/rules", {"thin": []})[0] == 200
    assert "not heard yet" in helio(hub, "edge", "list")
