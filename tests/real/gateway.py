"""A hub, a gateway that is enrolled there, and devices that publish to the gateway."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nats

from heliograph.transport.mqtt import MqttEndpoint, MqttPublisher
from heliograph.transport.mqtt_client_message import Publication
from tests.ports import free_port
from tests.real.hub_process import HubProcess

GATEWAY = "barn"
PYTHON = (sys.executable, "-m", "heliograph")


def open_hub(home: Path, address: str = "127.0.0.1", inside: Sequence[str] = ()) -> HubProcess:
    """Return a hub that listens with TLS; ``inside`` is what runs it elsewhere, as in a network namespace."""
    names = ("https_port", "mqtts_port", "websocket_port")
    ports = [word for name in names for word in ("--set", f"network.{name}={free_port()}")]
    return HubProcess(
        home,
        *("--no-agent", "--listen", address, *ports),
        command=(*inside, *PYTHON, "up"),
        is_far=bool(inside),
    )


def enrolled(hub: HubProcess, home: Path, *arguments: str, inside: Sequence[str] = ()) -> HubProcess:
    """Return a gateway that is enrolled at a hub; it is not started yet."""
    made = hub.json("POST", f"/api/identities/devices/{GATEWAY}/enrol", {"gateway": True})
    environment = hub.environment | {"HELIO_HOME": str(home)}
    command = [*inside, *PYTHON, "edge", "enrol", made["url"], made["code"]]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return HubProcess(home, "--no-agent", *arguments, command=(*inside, *PYTHON, "edge"))


class Devices:
    """Publish numbered points to a gateway, every other one without a time."""

    def __init__(self, edge: HubProcess, count: int) -> None:
        self._publishers = [
            MqttPublisher(
                MqttEndpoint(edge.mqtt_host, edge.mqtt_port), client_id=f"d{number}", max_in_flight=200
            )
            for number in range(count)
        ]
        self.made = [0] * count
        self.acknowledged = [0] * count

    async def run(self, rate: float, done: asyncio.Event) -> None:
        """Publish so many a second, all devices together, until ``done`` is set and all is acknowledged."""
        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(publisher.run()) for publisher in self._publishers]
            async with asyncio.TaskGroup() as senders:
                for number in range(len(runs)):
                    senders.create_task(self._publish(number, len(runs) / rate, done))
            for run in runs:
                run.cancel()

    async def _publish(self, number: int, pause: float, done: asyncio.Event) -> None:
        began = time.monotonic()
        receipts: list[asyncio.Future[None]] = []
        while not done.is_set():
            n = self.made[number]
            self.made[number] += 1
            stamp = f" {time.time_ns()}" if n % 2 else ""
            line = f"#helio boot=b seq={n + 1}\nm,device=d{number} n={n}i{stamp}\n"
            receipt = await self._publishers[number].send(Publication(f"tel/d{number}/lp", line.encode(), 1))
            receipts.append(receipt)
            await asyncio.sleep(max(0.0, began + (n + 1) * pause - time.monotonic()))
        for receipt in receipts:
            await receipt
            self.acknowledged[number] += 1


def stored(hub: HubProcess) -> dict[str, tuple[int, int]]:
    """Return by device how many points a hub has, and how many different ones."""
    try:
        rows = hub.sql("SELECT device, count(*), count(DISTINCT n) FROM m GROUP BY device")
    except AssertionError:  # none of them came yet
        return {}
    return {device: (points, different) for device, points, different in rows}


def reached(hub: HubProcess, made: Sequence[int]) -> bool:
    """Return whether queries at a hub see so many messages of each device, as the ledger counts them."""
    lines = {line["name"]: line for line in hub.json("GET", "/api/ledger")["devices"]}
    return all(
        not count or (f"d{number}" in lines and lines[f"d{number}"]["visible"] >= count)
        for number, count in enumerate(made)
    )


def wait_stored(hub: HubProcess, made: Sequence[int], seconds: float) -> float:
    """Wait until a hub has all points; returns the seconds that it took."""
    began = time.monotonic()
    wanted = {f"d{number}": count for number, count in enumerate(made)}
    while True:
        found = stored(hub)
        if all(found.get(device, (0, 0))[1] >= count for device, count in wanted.items()):
            return time.monotonic() - began
        assert time.monotonic() < began + seconds, (wanted, found)
        time.sleep(0.1)


async def numbers_in_stream(hub: HubProcess) -> dict[str, list[int]]:
    """Return by device the numbers in the order in which the hub's stream has them, with repeats."""
    client = await nats.connect(hub.nats_url)
    found: dict[str, list[int]] = defaultdict(list)
    try:
        stream = client.jetstream()
        last = (await stream.stream_info("$MQTT_msgs")).state.last_seq
        reading = await stream.subscribe("$MQTT.msgs.tel.>", stream="$MQTT_msgs", ordered_consumer=True)
        async with asyncio.timeout(120):
            while True:
                message = await reading.next_msg(timeout=120)
                for line in message.data.split(b"\n"):
                    if line.startswith(b"m,device="):
                        device = line.split(b"=", 1)[1].split(b" ")[0].decode()
                        found[device].append(int(line.split(b" n=")[1].split(b"i")[0]))
                if message.metadata.sequence.stream >= last:
                    return found
    finally:
        await client.close()


def status(edge: HubProcess) -> dict[str, Any]:
    told: dict[str, Any] = edge.status()["uplink"]
    return told


def wait_devices(edge: HubProcess, count: int, seconds: float = 60) -> None:
    """Wait until the hub keeps commands for so many devices of a gateway, itself included."""
    deadline = time.monotonic() + seconds
    while (told := status(edge))["devices"] < count:
        assert time.monotonic() < deadline, json.dumps(told)
        time.sleep(0.1)


def wait_uplink(edge: HubProcess, *, connected: bool, seconds: float = 30) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        told = status(edge)
        if told["connected"] is connected:
            return told
        assert time.monotonic() < deadline, json.dumps(told)
        time.sleep(0.1)
