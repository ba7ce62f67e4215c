"""The ways in which a part of the hub is killed, each without a chance to say a word."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from heliograph.selftest.hub_child import HubChild

SEAL_LIMIT: Final = 3.0
"""So long is waited for a seal to be under way; the hub is killed then in any case."""
_BETWEEN: Final = 0.3


async def kill_hub(hub: HubChild, chance: random.Random) -> None:  # noqa: ARG001 - one signature for all
    """Kill the hub; the kernel takes its nats-server along."""
    _kill(hub.pid)


async def kill_nats_server(hub: HubChild, chance: random.Random) -> None:  # noqa: ARG001 - likewise
    """Kill nats-server alone."""
    for pid in hub.nats_pids():
        _kill(pid)


async def kill_in_seal(hub: HubChild, chance: random.Random) -> None:
    """Kill the hub while it writes a segment, somewhere between its first byte and its entry."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SEAL_LIMIT):
            while not any((hub.home / "segments").glob("*/*/*.tmp")):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.001)
    await asyncio.sleep(chance.uniform(0.0, 0.03))
    _kill(hub.pid)


async def kill_both(hub: HubChild, chance: random.Random) -> None:
    """Kill nats-server, and the hub while it copes with that."""
    await kill_nats_server(hub, chance)
    await asyncio.sleep(chance.uniform(0.0, _BETWEEN))
    _kill(hub.pid)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it ended by itself in this moment
        os.kill(pid, signal.SIGKILL)


KILLS: Final[dict[str, Callable[[HubChild, random.Random], Awaitable[None]]]] = {
    "hub": kill_hub,
    "nats-server": kill_nats_server,
    "hub in a seal": kill_in_seal,
    "nats-server, then hub": kill_both,
}
"""By what is told of them."""
