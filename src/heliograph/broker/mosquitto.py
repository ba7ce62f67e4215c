"""Eclipse Mosquitto as a supervised child: the hub's MQTT broker where nats-server's is not enough.

It acknowledges a message when it has it in memory and writes its file of sessions after every change, so a
kill may cost what came in the last moment. What the hub's bridge has taken from it is in the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import ipaddress
import logging
import os
import shutil
import signal
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from heliograph.aio.process import Child
from heliograph.aio.supervise import end
from heliograph.errors import BrokerExited, BrokerNotReady

log = logging.getLogger(__name__)

NAME: Final = "mosquitto"
READY_TIMEOUT: Final = 10.0
STOP_GRACE: Final = 5.0
RESTART_PAUSE: Final = 0.2
MAX_RESTARTS: Final = 5
WINDOW: Final = 60.0
QUEUED_MESSAGES: Final = 1_000_000
"""What it keeps for a client that is away, the bridge among them; beyond that it drops messages."""
IN_FLIGHT: Final = 200
TOPIC_ROOM_BYTES: Final = 70_000
_POLL: Final = 0.02
_PING: Final = b"\xc0\x00"
"""Without a login before it a ping ends the connection."""
_NO_WEBSOCKET: Final = b"Websockets support not available"
_PATH: Final = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin"


@dataclass(frozen=True, slots=True)
class MosquittoPlan:
    """All that decides the configuration file."""

    folder: Path
    host: str
    port: int
    payload_bytes: int
    """The largest message that it takes."""
    needs_login: bool = False
    """Whether it lets in nobody but who is in its password file."""
    certificate: tuple[Path, Path] | None = None
    """Files of the chain and its key, with which MQTT is encrypted."""
    websocket_port: int | None = None
    """Where MQTT over WebSocket is, at the same host and encrypted likewise; None leaves it closed."""

    @property
    def password_path(self) -> Path:
        """Names and hashes of who may come in."""
        return self.folder / "passwords"

    @property
    def rights_path(self) -> Path:
        """What each may publish and subscribe to."""
        return self.folder / "rights"

    @property
    def config_path(self) -> Path:
        """The generated file."""
        return self.folder / "mosquitto.conf"

    @property
    def pid_path(self) -> Path:
        """Where it writes its process id."""
        return self.folder / "mosquitto.pid"


def render(plan: MosquittoPlan) -> str:
    """Return the text of the configuration file."""
    return f"""\
# Written by helio up at each start; changes here are lost. Settings: helio config show
{_listeners(plan)}\
{_logins(plan)}\
pid_file {plan.pid_path}
user {getpass.getuser()}
persistence true
persistence_location {plan.folder}/
autosave_on_changes true
autosave_interval 1
set_tcp_nodelay true
max_queued_messages {QUEUED_MESSAGES}
max_inflight_messages {IN_FLIGHT}
max_packet_size {plan.payload_bytes + TOPIC_ROOM_BYTES}
log_dest stderr
log_type error
log_type warning
"""


def _listeners(plan: MosquittoPlan) -> str:
    """Return where it listens; without its domain a WebSocket would be at all addresses of the machine."""
    tls = ""
    if plan.certificate is not None:
        chain, key = plan.certificate
        tls = f"certfile {chain}\nkeyfile {key}\n"
    text = f"listener {plan.port} {plan.host}\n{tls}"
    if plan.websocket_port is None:
        return text
    return f"""\
{text}listener {plan.websocket_port} {plan.host}
protocol websockets
socket_domain ipv{ipaddress.ip_address(plan.host).version}
{tls}"""


def _logins(plan: MosquittoPlan) -> str:
    """Return who comes in: on this machine everybody, as with the embedded broker."""
    if not plan.needs_login:
        return "allow_anonymous true\n"
    return f"""\
allow_anonymous false
password_file {plan.password_path}
acl_file {plan.rights_path}
"""


def has_websocket(binary: Path) -> bool:
    """Return whether a Mosquitto was built with WebSocket.

    It does not tell, but one that was built without has the sentence in it with which it refuses the setting.
    """
    return _NO_WEBSOCKET not in binary.read_bytes()


def find_binary() -> Path:
    """Return where Mosquitto is; Debian puts it where users do not look.

    Raises:
        BrokerNotReady: nowhere.
    """
    found = shutil.which(NAME) or shutil.which(NAME, path=_PATH)
    if found is None:
        reason = "not found; install it with: sudo apt install mosquitto, and stop its own service"
        raise BrokerNotReady(NAME, reason, "")
    return Path(found)


def end_stale(plan: MosquittoPlan) -> None:
    """End a Mosquitto that an earlier hub left behind on this folder; it saves what it has."""
    try:
        process = psutil.Process(int(plan.pid_path.read_text()))
        if str(plan.config_path) not in process.cmdline():
            return
        log.warning("Ending a mosquitto that an earlier hub left behind, pid=%s", process.pid)
        process.terminate()
        process.wait(STOP_GRACE)
    except (OSError, ValueError, psutil.Error):
        return


class Mosquitto:
    """A Mosquitto process that is started again when it ends by itself."""

    def __init__(self, plan: MosquittoPlan, child: Child) -> None:
        self.plan = plan
        self.restarts = 0
        """How often the process ended by itself and was started again."""
        self._child = child

    @property
    def pid(self) -> int:
        """The process id, another one after a restart."""
        return self._child.pid

    def reload(self) -> None:
        """Let the process read its files again; who is in no more is cut, other connections stay."""
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
            ends.append(time.monotonic())
            if len(ends) == MAX_RESTARTS and ends[-1] - ends[0] < WINDOW:
                raise BrokerExited(NAME, returncode, self._child.tail)
            log.error("mosquitto ended with exit status %s, starting it again", returncode)
            await asyncio.sleep(RESTART_PAUSE)
            self._child = await _spawn(self.plan)
            self.restarts += 1

    async def ready(self) -> None:
        """Wait until it answers: one that only listens would be ended by the signal to read its files.

        Raises:
            BrokerNotReady: it did not within ``READY_TIMEOUT`` seconds.
        """
        deadline = time.monotonic() + READY_TIMEOUT
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._answer()
                return
            await asyncio.sleep(_POLL)
        raise BrokerNotReady(NAME, f"does not answer after {READY_TIMEOUT:.0f} s", self._child.tail)

    async def _answer(self) -> None:
        """Return once it has done something about a connection."""
        tls = None
        if self.plan.certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # nothing is told to it
        reader, writer = await asyncio.open_connection(self.plan.host, self.plan.port, ssl=tls)
        try:
            writer.write(_PING)
            with contextlib.suppress(ConnectionResetError):
                await reader.read(1)
        finally:
            writer.close()

    async def stop(self) -> None:
        """End the process, which saves its sessions; after ``STOP_GRACE`` seconds by force."""
        await self._child.stop(STOP_GRACE)
        self.plan.pid_path.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def running(plan: MosquittoPlan) -> AsyncIterator[Mosquitto]:
    """A listening Mosquitto for as long as the block lasts; it is gone when the block is left.

    Raises:
        BrokerNotReady: it is not installed, or did not listen in time.
        BrokerExited: it kept ending by itself; the block is cancelled.
    """
    plan.folder.mkdir(mode=0o700, exist_ok=True)
    end_stale(plan)
    with os.fdopen(os.open(plan.config_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(render(plan))
    server = Mosquitto(plan, await _spawn(plan))
    try:
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(server.keep(), name=NAME)
            await server.ready()
            try:
                yield server
            finally:
                await end(keeper)
    finally:
        await server.stop()


async def _spawn(plan: MosquittoPlan) -> Child:
    return await Child.start(
        [str(find_binary()), "-c", str(plan.config_path)],
        on_line=_tell,
    )


def _tell(line: str) -> None:
    log.log(
        logging.ERROR if "Error" in line else logging.DEBUG, "mosquitto: %s", line.partition(": ")[2] or line
    )
