"""A hub of the test's own: ``helio up`` in a folder that is thrown away, started again whenever it ends."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from socket import socket
from typing import Any, Final, Self

import psutil

from heliograph.aio.process import Child
from heliograph.errors import HubError
from heliograph.selftest.http import HttpClient

START_LIMIT: Final = 60.0
STOP_GRACE: Final = 20.0
_POLL: Final = 0.01
_PORTS: Final = range(20_000, 32_000)
"""Below those that systems give to outgoing connections: a client that tries a port all the time while
nobody listens there could be given that very port, and then be connected to itself."""


class HubChild:
    """A hub on ports that stay the same, started again by :meth:`keep` as a service manager would."""

    def __init__(self, home: Path, settings: Sequence[str], child: Child, ports: tuple[int, int]) -> None:
        self.home = home
        self.mqtt_port = ports[1]
        self.url = f"http://127.0.0.1:{ports[0]}"
        self._settings = settings
        self._child = child
        self._ports = ports
        self._started = asyncio.Event()
        self._ending = False

    @classmethod
    async def start(cls, home: Path, settings: Sequence[str], chance: random.Random) -> Self:
        """Start a hub on a folder; it is not ready yet, and :meth:`keep` must run from now on."""
        first = _free_port(chance)
        while (second := _free_port(chance)) == first:
            pass
        ports = first, second
        return cls(home, settings, await _spawn(home, settings, ports), ports)

    @property
    def pid(self) -> int:
        """The process id, another one after each start."""
        return self._child.pid

    @property
    def last_words(self) -> str:
        """The last lines that the hub wrote."""
        return self._child.tail

    def nats_pids(self) -> list[int]:
        """Return the process ids of the hub's nats-server: one, or none while it is away."""
        try:
            children = psutil.Process(self.pid).children()
            return [child.pid for child in children if child.name() == "nats-server"]
        except psutil.Error:
            return []

    async def keep(self) -> None:
        """Start the hub again whenever it ends; returns when it has ended after :meth:`stop`."""
        while True:
            await self._child.read()
            if self._ending:
                return
            self._child = await _spawn(self.home, self._settings, self._ports)
            self._started.set()

    async def ready(self) -> HttpClient:
        """Wait until the hub that runs now takes points, and return a client of it.

        Raises:
            HubError: it does not within ``START_LIMIT`` seconds.
        """
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self._is_announced():
                return self.client()
            await asyncio.sleep(_POLL)
        raise HubError(self.url, f"the hub is not ready after {START_LIMIT:.0f} s\n{self.last_words}")

    def _is_announced(self) -> bool:
        try:
            facts: dict[str, Any] = json.loads((self.home / "run.json").read_text())
        except (OSError, ValueError):
            return False
        return bool(facts["pid"] == self.pid)

    def client(self) -> HttpClient:
        """Return a client with the operator's token."""
        return HttpClient(self._ports[0], (self.home / "operator.token").read_text().strip())

    async def restart(self) -> None:
        """End the hub as Ctrl-C does; :meth:`keep` starts it again."""
        self._started.clear()
        os.kill(self.pid, signal.SIGINT)
        await self._started.wait()

    async def stop(self) -> None:
        """End the hub for good; :meth:`keep` returns then."""
        self._ending = True
        await self._child.stop(STOP_GRACE)


def _free_port(chance: random.Random) -> int:
    while True:
        port = chance.choice(_PORTS)
        with closing(socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        return port


async def _spawn(home: Path, settings: Sequence[str], ports: tuple[int, int]) -> Child:
    """Start ``helio up`` with these settings and none of the user's."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HELIO_")}
    command = [sys.executable, "-m", "heliograph", "up", "--no-agent"]
    command += ["--http-port", str(ports[0]), "--mqtt-port", str(ports[1])]
    for setting in settings:
        command += ["--set", setting]
    return await Child.start(command, on_line=_unheard, environment=environment | {"HELIO_HOME": str(home)})


def _unheard(line: str) -> None:
    """Leave the hub's lines to the child's tail."""
