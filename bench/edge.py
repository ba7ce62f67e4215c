#!/usr/bin/env python3
"""Measure what a gateway and an agent do to memory under load, and how fast they catch up after an outage.

Starts, on free ports with their data in a temporary folder, a hub, a gateway that is enrolled there, devices
that publish to the gateway, and an agent that gathers each second::

    devices, agent ─▶ gateway ─▶ hub

First all of them run for ``--seconds`` and their resident memory is read every ten. Then the hub is killed
for ``--away`` and comes back, while the devices go on; at last the gateway is, as seen by the agent.

    python -m bench.edge                            # twenty minutes
    python -m bench.edge --seconds 60 --away 20     # a quick look
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.processes import family, name_of, stop, total_kb
from heliograph.transport.mqtt import MqttEndpoint, MqttPublisher
from heliograph.transport.mqtt_client_message import Publication
from tests.real.gateway import enrolled, open_hub, status, wait_uplink
from tests.real.hub_process import HubProcess

DEVICES: Final = 10
AGENT: Final = "bench-agent"
SAMPLE_EVERY: Final = 10.0
LOOK_EVERY: Final = 0.05
PATIENCE: Final = 600.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0, help="of load for memory (default: 600)")
    parser.add_argument("--rate", type=float, default=500.0, help="messages/s of all devices (default: 500)")
    parser.add_argument("--away", type=float, default=180.0, help="seconds of each outage (default: 180)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the figures to this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="helio-edge-") as folder:
        figures = asyncio.run(measure(Path(folder), args.seconds, args.rate, args.away))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


async def measure(folder: Path, seconds: float, rate: float, away: float) -> dict[str, Any]:
    """Run all three parts and return their figures, which are printed as they come."""
    with open_hub(folder / "hub") as hub, enrolled(hub, folder / "gateway") as gateway:
        wait_uplink(gateway, connected=True)
        with agent(gateway, folder) as agent_pid:
            async with publishing(gateway, rate):
                memory = await watch_memory(gateway, agent_pid, seconds)
                uplink = await hub_away(hub, gateway, rate, away)
            spool = await gateway_away(gateway, away)
    return {"memory": memory, "uplink": uplink, "agent": spool}


@contextmanager
def agent(gateway: HubProcess, folder: Path) -> Iterator[int]:
    """Run an agent that publishes to a gateway and give its process id."""
    address = f"{gateway.mqtt_host}:{gateway.mqtt_port}"
    command = [sys.executable, "-m", "heliograph", "agent", "--hub", address, "--host-name", AGENT]
    process = subprocess.Popen(
        [*command, "--interval", "1s"],
        env=os.environ | {"HELIO_HOME": str(folder / "agent")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        stop(process)


@asynccontextmanager
async def publishing(gateway: HubProcess, rate: float) -> AsyncIterator[None]:
    """Let devices publish to a gateway, so many messages a second together."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_publish(gateway, number, DEVICES / rate), name=f"device {number}")
            for number in range(DEVICES)
        ]
        yield
        for task in tasks:
            task.cancel()


async def _publish(gateway: HubProcess, number: int, pause: float) -> None:
    publisher = MqttPublisher(
        MqttEndpoint(gateway.mqtt_host, gateway.mqtt_port), client_id=f"d{number}", max_in_flight=200
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(publisher.run())
        began, n = time.monotonic(), 0
        while True:
            n += 1
            point = f"room,device=d{number} temp={20 + n % 50 / 10},n={n}i {time.time_ns()}"
            batch = f"#helio boot=b seq={n}\n{point}\n"
            await publisher.send(Publication(f"tel/d{number}/lp", batch.encode(), 1))
            await asyncio.sleep(max(0.0, began + n * pause - time.monotonic()))


async def watch_memory(gateway: HubProcess, agent_pid: int, seconds: float) -> dict[str, Any]:
    """Return by process the resident memory over time (MB), and how it grew once all was warm."""
    pids = {f"gateway, {name_of(pid)} {at}": pid for at, pid in enumerate(family(gateway.pid))}
    pids["agent"] = agent_pid
    samples: dict[str, list[float]] = {name: [] for name in pids}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(SAMPLE_EVERY)
        for name, pid in pids.items():
            samples[name].append(round(total_kb([pid], "Rss") / 1024, 2))
    print(f"\n{'resident memory, MB':<28} {'first':>8} {'warm':>8} {'last':>8} {'growth':>8} {'most':>8}")
    told = {}
    for name, found in samples.items():
        fifth = max(1, len(found) // 5)
        # Until the first 100,000 points are sealed memory grows: the end is held against the middle.
        warm, last = (
            statistics.median(found[2 * fifth : 3 * fifth] or found),
            statistics.median(found[-fifth:]),
        )
        print(
            f"{name:<28} {found[0]:8.1f} {warm:8.1f} {last:8.1f} {last - warm:+8.1f} {max(found):8.1f}",
            flush=True,
        )
        told[name] = {"samples_mb": found, "growth_mb": round(last - warm, 2)}
    return told


async def hub_away(hub: HubProcess, gateway: HubProcess, rate: float, away: float) -> dict[str, float]:
    """Return how fast a gateway sends what has waited, while as much as ever comes."""
    hub.kill()
    await asyncio.sleep(away)
    waited = waiting = (await asyncio.to_thread(status, gateway))["waiting"]
    tried = began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(hub.start), name="start of the hub")
        while waiting > rate:
            _check(tried)
            looked_at = time.monotonic()
            now = (await asyncio.to_thread(status, gateway))["waiting"]
            if now >= waited:  # it grows until the hub is there
                waited, began = now, looked_at
            waiting = now
            await asyncio.sleep(LOOK_EVERY)
        seconds = time.monotonic() - began
    drained = (waited - waiting) / seconds + rate
    print(
        f"\nhub away for {away:.0f} s: {waited:,} messages waited; the first went {began - tried:.1f} s"
        f" after its start, the last {seconds:.1f} s later\n"
        f"{drained:,.0f} messages/s, {drained / rate:.0f} x live",
        flush=True,
    )
    return {"waited": waited, "seconds": seconds, "per_second": drained, "times_live": drained / rate}


async def gateway_away(gateway: HubProcess, away: float) -> dict[str, float]:
    """Return how fast an agent, which makes one batch a second, sends what has waited in its spool."""
    gateway.kill()
    await asyncio.sleep(away)
    await asyncio.to_thread(gateway.start)
    is_ready = time.monotonic()
    before = now = await asyncio.to_thread(batches, gateway)
    began = is_ready
    while now - before < away * 0.98:
        _check(is_ready)
        looked_at = time.monotonic()
        now = await asyncio.to_thread(batches, gateway)
        if now == before:
            began = looked_at
        await asyncio.sleep(LOOK_EVERY)
    seconds = time.monotonic() - began
    drained = (now - before) / seconds
    print(
        f"\ngateway away for {away:.0f} s: the agent began {began - is_ready:.1f} s after it was back, and"
        f" {now - before} batches were there {seconds:.1f} s later\n{drained:,.0f} batches/s at 1/s live",
        flush=True,
    )
    return {"waited": now - before, "seconds": seconds, "per_second": drained}


def batches(gateway: HubProcess) -> int:
    """Return how many batches of the agent a gateway has acknowledged."""
    lines = {line["name"]: line for line in gateway.json("GET", "/api/ledger")["devices"]}
    return int(lines[AGENT]["acknowledged"]) if AGENT in lines else 0


def _check(since: float) -> None:
    if time.monotonic() > since + PATIENCE:
        raise SystemExit(f"it is not through after {PATIENCE:.0f} s")


if __name__ == "__main__":
    raise SystemExit(main())
