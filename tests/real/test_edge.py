"""A gateway beside its hub: all that devices say arrives once and in order, whoever is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from heliograph.transport.mqtt_client import MqttClient, running
from heliograph.transport.mqtt_client_message import Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings
from tests.real.gateway import (
    GATEWAY,
    PYTHON,
    Devices,
    enrolled,
    numbers_in_stream,
    open_hub,
    status,
    stored,
    wait_devices,
    wait_stored,
    wait_uplink,
)
from tests.real.hub_process import HubProcess

PATIENCE = 120.0


@dataclass
class Pair:
    hub: HubProcess
    edge: HubProcess


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with open_hub(tmp_path / "hub") as hub, enrolled(hub, tmp_path / "edge") as edge:
        wait_uplink(edge, connected=True)
        yield Pair(hub, edge)


async def publish_for(devices: Devices, rate: float, events: AsyncIterator[None]) -> None:
    """Publish while things happen."""
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(devices.run(rate, done))
        async for _ in events:
            await asyncio.sleep(2)
        done.set()


def test_everything_arrives_once_and_in_order_whoever_is_killed(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    devices = Devices(pair.edge, 4)

    async def kills() -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(pair.hub.kill)
        yield
        await asyncio.to_thread(pair.hub.start)
        yield
        await asyncio.to_thread(pair.edge.kill)
        await asyncio.to_thread(pair.edge.start)
        yield

    asyncio.run(publish_for(devices, 200, kills()))
    assert devices.acknowledged == devices.made
    wait_stored(pair.hub, devices.made, PATIENCE)
    wait_stored(pair.edge, devices.made, PATIENCE)
    # once: a point without a time would be there twice if it came with two. What a device said again as the
    # gateway was killed before its answer is two points at the gateway, and so they are at the hub.
    deadline = time.monotonic() + PATIENCE
    while (here := stored(pair.hub)) != (there := stored(pair.edge)):
        assert time.monotonic() < deadline, (here, there)
        time.sleep(0.1)
    assert {name: n for name, (_, n) in here.items()} == {f"d{i}": n for i, n in enumerate(devices.made)}
    for numbers in asyncio.run(numbers_in_stream(pair.hub)).values():
        first = list(dict.fromkeys(numbers))
        assert first == sorted(first)
    ledger = {line["name"]: line for line in pair.hub.json("GET", "/api/ledger")["devices"]}
    assert [ledger[f"d{i}"]["missing"] for i in range(4)] == [0, 0, 0, 0]
    with capsys.disabled():
        figures = f"{sum(devices.made)} messages over kills of hub and gateway: all stored once"
        print(f"\n{figures}", end="")  # noqa: T201 - the figures are what this test is for


def connection(pair_member: HubProcess, **more: Any) -> MqttClient:
    return MqttClient(MqttSettings(pair_member.mqtt_host, pair_member.mqtt_port, **more))


def helio(hub: HubProcess, *arguments: str) -> str:
    command = [*PYTHON, *arguments]
    return subprocess.run(
        command, env=hub.environment, capture_output=True, text=True, timeout=120, check=True
    ).stdout


def test_commands_come_down_and_wait_for_a_gateway_that_is_away(pair: Pair) -> None:
    async def listen(edge: HubProcess, wanted: bytes) -> None:
        """Wait for a command, as a device that keeps its session; an earlier one may come again."""
        client = connection(edge, client_id="lamp", is_clean=False)
        async with asyncio.timeout(PATIENCE), running(client):
            await client.subscribe(Subscription("cmd/lamp/#", 1))
            await client.publish(Publication("tel/lamp/lp", b"m,device=lamp n=1i", 1))
            while (await client.next_message()).payload != wanted:
                pass

    async def command(payload: str) -> None:
        await asyncio.to_thread(
            helio, pair.hub, "pub", "-q", "1", "-t", "cmd/lamp/set", "-m", payload, *hub_login(pair.hub)
        )

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(listen(pair.edge, b"on"))
            await asyncio.to_thread(wait_devices, pair.edge, 2)
            await command("on")
        await asyncio.to_thread(pair.edge.kill)
        await command("off")
        await asyncio.to_thread(pair.edge.start)
        await listen(pair.edge, b"off")

    asyncio.run(both())


def hub_login(hub: HubProcess) -> list[str]:
    return [
        *("-h", hub.mqtt_host, "-p", str(hub.mqtt_port), "-u", "operator", "-P", hub.token),
        *("--cafile", str(hub.home / "tls" / "ca.pem")),
    ]


def test_a_batch_that_is_larger_than_a_message_may_be_comes_to_the_hub(pair: Pair) -> None:
    text = "x" * 1_000
    lines = [f'large n={n}i,text="{text}" {n}' for n in range(9_000)]  # 9 MB, and a message has 8 MiB
    assert pair.edge.write("\n".join(["not a line", *lines])) == 400  # the others are stored
    assert pair.edge.write("after v=1 1") == 204
    deadline = time.monotonic() + PATIENCE
    rows: list[list[Any]] = []
    while rows != [[1.0]]:
        assert time.monotonic() < deadline, status(pair.edge)
        with contextlib.suppress(AssertionError):  # there is no such measurement yet
            rows = pair.hub.sql("SELECT v FROM after")
        time.sleep(0.2)
    assert pair.hub.sql("SELECT count(n), sum(n) FROM large") == [[9_000, sum(range(9_000))]]


def test_a_gateway_speaks_for_others_and_a_device_does_not(pair: Pair) -> None:
    told = helio(pair.hub, "device", "enrol", "shed", "--gateway")
    assert "helio edge enrol https://" in told
    assert "helio agent enrol https://" in helio(pair.hub, "device", "enrol", "lone")
    listed = pair.hub.json("GET", "/api/identities/devices")["devices"]
    assert {each["id"]: each["gateway"] for each in listed} == {GATEWAY: True, "shed": False, "lone": False}
    helio(pair.hub, "device", "revoke", GATEWAY)
    wait_uplink(pair.edge, connected=False)
    assert "the hub is away" in " ".join(pair.edge.status()["warnings"])


def test_what_is_no_gateway_at_the_hub_sends_nothing_that_would_be_dropped(tmp_path: Path) -> None:
    with open_hub(tmp_path / "hub") as hub:
        made = hub.json("POST", "/api/identities/devices/plain/enrol", {})
        home = tmp_path / "edge"
        command = [*PYTHON, "edge", "enrol", made["url"], made["code"]]
        environment = os.environ | {"HELIO_HOME": str(home)}
        ran = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert ran.returncode == 1
        assert "helio device enrol plain --gateway" in ran.stderr
        with enrolled(hub, home) as edge:
            wait_uplink(edge, connected=True)
            edge.stop()
            kept = json.loads((home / "edge.json").read_text())
            key = hub.json("POST", "/api/identities/devices/plain/rotate", {})["key"]
            (home / "edge.json").write_text(json.dumps(kept | {"device": "plain", "key": key}))
            (home / "edge.places").unlink(missing_ok=True)
            edge.start()
            helio(edge, "pub", "-p", str(edge.mqtt_port), "-q", "1", "-t", "tel/other/lp", "-m", "m v=1")
            deadline = time.monotonic() + PATIENCE
            while "is no gateway" not in str(status(edge)["trouble"]):
                assert time.monotonic() < deadline, status(edge)
                time.sleep(0.1)
            assert status(edge)["sent"] == 0


def test_a_gateway_without_an_enrolment_says_what_to_do(tmp_path: Path) -> None:
    environment = os.environ | {"HELIO_HOME": str(tmp_path / "edge")}
    ran = subprocess.run(
        [*PYTHON, "edge", "--http-port", "0", "--mqtt-port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 2
    assert "helio device enrol NAME --gateway" in ran.stderr


def test_windows_are_sent_instead_of_points_and_the_gateway_has_all(tmp_path: Path) -> None:
    with open_hub(tmp_path / "hub") as hub, enrolled(hub, tmp_path / "edge") as edge:
        wait_uplink(edge, connected=True)
        edge.stop()
        (tmp_path / "edge" / "edge.toml").write_text(
            '[[thin]]\nmeasurement = "room"\nfields = ["t"]\nwindow = "1s"\nsend = ["mean", "max"]\n'
        )
        edge.start()

        async def say() -> int:
            client = connection(edge)
            async with running(client):
                begin = time.time_ns() // 10**9 * 10**9  # now: what comes six seconds later is late
                for value in (1, 2, 6):
                    line = f"room t={value},h={value}i {begin + value * 10**8}"
                    await client.publish(Publication("tel/pi/lp", line.encode(), 1))
                return begin

        begin = asyncio.run(say())
        assert edge.write(f"http v=1 {begin}") == 204
        deadline = time.monotonic() + PATIENCE
        rows: list[list[Any]] = []
        while rows != [[3.0, 6.0]] and time.monotonic() < deadline:
            with contextlib.suppress(AssertionError):  # there is no such measurement yet
                rows = hub.sql("SELECT t_mean, t_max FROM room WHERE t_mean IS NOT NULL")
            time.sleep(0.2)
        assert rows == [[3.0, 6.0]]
        assert hub.sql("SELECT sum(h) FROM room") == [[9]]
        assert hub.sql("SELECT v FROM http") == [[1.0]]
        assert edge.sql("SELECT sum(t) FROM room") == [[9.0]]
