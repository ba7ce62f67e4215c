"""The cable between a gateway and its hub fails in every way, and who is at its ends is killed.

``python -m tests.net.edge_links FOLDER``, run by ``test_edge_links.py`` in the gateway's network namespace::

    devices ─▶ gateway 10.77.9.2 ───── 10.77.9.1 hub (namespace of its own)
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.real.gateway import Devices, enrolled, open_hub, reached, stored, wait_uplink
from tests.real.hub_process import HubProcess

HUB_NAMESPACE = os.environ.get("EDGE_HUB_NAMESPACE", "")
CABLE = "edge0"
HUB_ADDRESS = "10.77.9.1"
RATE = float(os.environ.get("EDGE_RATE", "100"))
AWAY = float(os.environ.get("EDGE_AWAY", "4"))
"""Seconds for which a link or a hub is away."""
DEVICES = 5
PATIENCE = 120.0


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


async def away(seconds: float) -> None:
    await asyncio.sleep(seconds)


class Links:
    """What happens to the cable and to those at its ends; each returns when all is well again."""

    def __init__(self, hub: HubProcess, edge: HubProcess) -> None:
        self.hub, self.edge = hub, edge

    async def cable_pulled(self) -> None:
        ip("link", "set", CABLE, "down")
        await away(AWAY)
        ip("link", "set", CABLE, "up")

    async def black_hole(self) -> None:
        """The hub's address is gone: nobody says so."""
        ip("-n", HUB_NAMESPACE, "address", "del", f"{HUB_ADDRESS}/24", "dev", CABLE)
        await away(2 * AWAY)
        ip("-n", HUB_NAMESPACE, "address", "add", f"{HUB_ADDRESS}/24", "dev", CABLE)

    async def flapping(self) -> None:
        for _ in range(4):
            ip("link", "set", CABLE, "down")
            await away(1.0)
            ip("link", "set", CABLE, "up")
            await away(1.5)

    async def hub_killed(self) -> None:
        await asyncio.to_thread(self.hub.kill)
        await away(AWAY)
        await asyncio.to_thread(self.hub.start)

    async def gateway_killed_and_cable_pulled(self) -> None:
        ip("link", "set", CABLE, "down")
        await asyncio.to_thread(self.edge.kill)
        await asyncio.to_thread(self.edge.start)
        await away(AWAY)
        ip("link", "set", CABLE, "up")


async def happen(links: Links, devices: Devices, events: list[Callable[[], Awaitable[None]]]) -> None:
    """Have things happen while devices publish, and print how long the hub takes to have it all again."""
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(devices.run(RATE, done))
        await asyncio.sleep(2)
        for event in events:
            before = sum(devices.made)
            await event()
            made, began = list(devices.made), time.monotonic()
            while not await asyncio.to_thread(reached, links.hub, made):
                assert time.monotonic() < began + PATIENCE, f"{event.__name__}: the hub has not all of {made}"
                await asyncio.sleep(0.05)
            name = event.__name__.replace("_", " ")
            seconds = time.monotonic() - began
            sys.stdout.write(
                f"{name:34} {sum(made) - before:7,} messages, full again after {seconds:5.2f} s\n"
            )
            sys.stdout.flush()
        done.set()


def main(folder: Path) -> None:
    inside = ("ip", "netns", "exec", HUB_NAMESPACE)
    with (
        open_hub(folder / "hub", HUB_ADDRESS, inside) as hub,
        enrolled(hub, folder / "edge") as edge,
    ):
        wait_uplink(edge, connected=True)
        links, devices = Links(hub, edge), Devices(edge, DEVICES)
        events: list[Callable[[], Awaitable[None]]] = [links.cable_pulled, links.black_hole, links.hub_killed]
        if os.environ.get("EDGE_FULL"):
            events += [links.flapping, links.gateway_killed_and_cable_pulled]
        asyncio.run(happen(links, devices, events))
        assert devices.acknowledged == devices.made
        deadline = time.monotonic() + PATIENCE
        while not reached(hub, devices.made):
            assert time.monotonic() < deadline, "the last messages do not come"
            time.sleep(0.1)
        # a device without an acknowledgement says it again: without a time that is another point, at both
        wanted = stored(edge)
        assert {name: n for name, (_, n) in wanted.items()} == {
            f"d{n}": m for n, m in enumerate(devices.made)
        }
        while stored(hub) != wanted:
            assert time.monotonic() < deadline, (stored(hub), wanted)
            time.sleep(0.1)
        again = sum(points - different for points, different in wanted.values())
        sys.stdout.write(f"{again} points were said to the gateway twice, as its acknowledgement was lost\n")
        sys.stdout.write(
            f"{sum(devices.made):,} messages at {RATE:g} a second: the hub has what the gateway has, once\n"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
