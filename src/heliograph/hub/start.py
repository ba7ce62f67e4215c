"""How a hub starts, and how it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack

import uvloop

from heliograph.codec.ingest.rule import Rule
from heliograph.config.tree import Settings
from heliograph.errors import Error
from heliograph.hub.home import Home
from heliograph.hub.ingest.rules import IngestRules
from heliograph.hub.memory import keep_freed
from heliograph.hub.network.network import Network
from heliograph.hub.opening import open_broker, open_store
from heliograph.hub.run import Hub, Ready


def main(
    settings: Settings,
    home: Home,
    announce: Callable[[Ready], None],
    *,
    allow_setup: bool = False,
    rules: Sequence[Rule] = (),
) -> None:
    """Run a hub until SIGINT or SIGTERM.

    Raises:
        Error: why it could not start, or what failed for good.
    """

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(settings, home, stop=stop, announce=announce, allow_setup=allow_setup, rules=rules)

    keep_freed()
    os.umask(0o077)  # what the hub writes is its owner's alone, the catalogue too
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(until_told())
    except BaseExceptionGroup as group:
        ours = group.subgroup(Error)
        if ours is None:
            raise
        raise _first(ours) from group


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def run(
    settings: Settings,
    home: Home,
    *,
    stop: asyncio.Event,
    announce: Callable[[Ready], None],
    allow_setup: bool = False,
    rules: Sequence[Rule] = (),
) -> None:
    """Run a hub until ``stop`` is set, then close it in the order of the data.

    Raises:
        HomeLocked, PortTaken, BrokerNotReady: before anything has started.
        ExceptionGroup: a part failed for good while the hub was running.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(home.locked())
        network = Network(settings, home, stack.enter_context(ExitStack()))
        kept = open_store(settings, home, stack)
        broker = await open_broker(settings, home, network, stack)
        ingest = IngestRules(kept.database, rules)
        hub = Hub(settings, home, kept, broker, network, ingest=ingest, allow_setup=allow_setup)
        stack.push_async_callback(hub.close)
        await hub.serve(stop, announce)
