"""The servers that are compared, each with its own configuration, free loopback ports and a given folder.

Every server acknowledges as durably as it can: the hub and influxd force each batch to the disk before
they answer. VictoriaMetrics has no log to force: what it acknowledged may be lost with the machine.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlencode

from bench.processes import family, file_bytes, folder_bytes, stop

START_TIMEOUT: Final = 60.0
REQUEST_TIMEOUT: Final = 60.0
SETTLE_TIMEOUT: Final = 30.0
_LOOPBACK: Final = "127.0.0.1"


class ServerFailed(Exception):
    """A server did not start, or answered with an error."""


class Server(ABC):
    """One server on a folder that may be started again; use as a context to have it stopped."""

    name: ClassVar[str]
    write_path: ClassVar[str]
    before_writes: ClassVar[tuple[str, str] | None] = None
    """The request that makes what must be there before the first write."""
    after_writes: ClassVar[tuple[str, str] | None] = None
    """The request after which all that was written is shown, where the server would wait for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.headers: Mapping[str, str] = {}
        folder.mkdir(parents=True)
        self._log = folder.parent / f"{folder.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def processes(self) -> list[int]:
        """The server and its children."""
        return [] if self._process is None else family(self._process.pid)

    def start(self) -> float:
        """Start the server; return after how many seconds it answered."""
        began = time.monotonic()
        command = self._command()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > began + START_TIMEOUT:
                tail = self._log.read_text(errors="replace")[-2000:]
                self.stop()
                raise ServerFailed(f"{self.name} does not answer; its log ends with:\n{tail}")
            time.sleep(0.02)
        return time.monotonic() - began

    def stop(self) -> None:
        """Stop the server as its users do, if it runs."""
        if self._process is not None:
            if self._process.poll() is None:
                stop(self._process, signal.SIGINT)
            self._process = None

    def connection(self) -> http.client.HTTPConnection:
        """Return a connection to the server that is not open yet."""
        return http.client.HTTPConnection(_LOOPBACK, self.port, timeout=REQUEST_TIMEOUT)

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the body of a good answer over a connection of its own."""
        connection = self.connection()
        try:
            connection.request(method, path, body, dict(self.headers))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ServerFailed(f"{self.name}: {method} {path}: {answer.status} {text[:500]!r}")
        return text

    @abstractmethod
    def settle(self) -> None:
        """Bring all that was written into the form in which it stays on disk, and stop."""

    @abstractmethod
    def disk_bytes(self) -> int:
        """Return how much the points take; call after :meth:`settle`."""

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    def _environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("HELIO_")}


class Hub(Server):
    """This project's hub with its default settings but one: it keeps points of any age, as its peers do."""

    name = "heliograph"
    write_path = "/write?db=telegraf"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mqtt_port = 0

    def _command(self) -> list[str]:
        (self.folder / "run.json").unlink(missing_ok=True)
        ports = ["--http-port", str(self.port), "--mqtt-port", str(self.mqtt_port)]
        return [sys.executable, "-m", "heliograph", "up", "--no-agent", "--set", "store.keep=0s", *ports]

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"HELIO_HOME": str(self.folder)}

    def _answers(self) -> bool:
        try:
            run = json.loads((self.folder / "run.json").read_text())
            self.port, self.mqtt_port = int(run["http_url"].rpartition(":")[2]), run["mqtt_port"]
            self.headers = {"Authorization": f"Token {(self.folder / 'operator.token').read_text().strip()}"}
            self.ask("GET", "/ready")
        except (OSError, ValueError, ServerFailed):
            return False
        return True

    def settle(self) -> None:
        self.stop()  # seals what is in memory
        self.start()  # what is sealed in the end is merged after the next start
        deadline = time.monotonic() + SETTLE_TIMEOUT
        while self._merging() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.stop()
        self.start()  # the files that were merged stay for a while, or until a start
        self.stop()

    def _merging(self) -> bool:
        return bool(json.loads(self.ask("GET", "/api/status"))["store"]["merging"])

    def disk_bytes(self) -> int:
        """Segments and catalogue; the stream holds the same points for some hours, and no longer."""
        return folder_bytes(self.folder / "segments") + file_bytes(self.folder / "catalog.db")

    def stream_bytes(self) -> int:
        """Return what the streams take until they are purged."""
        return folder_bytes(self.folder / "nats")

    def parser(self) -> str:
        """Return which parser of line protocol the hub says that it uses."""
        return str(json.loads(self.ask("GET", "/api/status")).get("parser", "unknown"))


class Influxd(Server):
    """InfluxDB 1.x; each write is forced to its log before the answer, which is its default."""

    name = "influxd"
    write_path = "/write?db=telegraf"
    before_writes = ("POST", f"/query?{urlencode({'q': 'CREATE DATABASE telegraf'})}")

    # A shard that nobody writes to for so long is compacted; the defaults are ten minutes and four hours.
    _CONFIG: Final = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc_port}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  wal-fsync-delay = "0s"
  query-log-enabled = false
  cache-snapshot-write-cold-duration = "2s"
  compact-full-write-cold-duration = "3s"
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[monitor]
  store-enabled = false
"""

    def _command(self) -> list[str]:
        self.port, rpc_port = free_ports(2)
        config = self.folder / "influxd.conf"
        config.write_text(self._CONFIG.format(folder=self.folder, port=self.port, rpc_port=rpc_port))
        return [_program("influxd"), "-config", str(config)]

    def _answers(self) -> bool:
        return _good(self, "/ping")

    def settle(self) -> None:
        """Wait for the full compaction: one file per shard, and nothing left in the log."""
        deadline = time.monotonic() + SETTLE_TIMEOUT
        while not self._compacted() and time.monotonic() < deadline:
            time.sleep(0.2)
        self.stop()

    def _compacted(self) -> bool:
        data = self.folder / "data" / "telegraf" / "autogen"
        files = [len(list(shard.glob("*.tsm"))) for shard in data.iterdir()]
        partial = any(data.rglob("*.tmp"))
        return set(files) == {1} and not partial and folder_bytes(self.folder / "wal") == 0

    def disk_bytes(self) -> int:
        return folder_bytes(self.folder / "data", self.folder / "wal", self.folder / "meta")


class VictoriaMetrics(Server):
    """VictoriaMetrics' single-node server; it has no log, so its answers promise nothing durable."""

    name = "victoria-metrics"
    write_path = "/write"
    after_writes = ("GET", "/internal/force_flush")

    def _command(self) -> list[str]:
        (self.port,) = free_ports(1)
        return [
            _program("victoria-metrics"),
            f"-httpListenAddr={_LOOPBACK}:{self.port}",
            f"-storageDataPath={self.folder}/data",
            "-retentionPeriod=100y",
            "-loggerLevel=ERROR",
        ]

    def _answers(self) -> bool:
        return _good(self, "/health")

    def settle(self) -> None:
        """Merge all parts of a partition into one."""
        self.ask("GET", "/internal/force_merge")
        deadline = time.monotonic() + SETTLE_TIMEOUT
        while self._merging() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.stop()

    def _merging(self) -> bool:
        metrics = self.ask("GET", "/metrics").decode().splitlines()
        counts = [line.split()[-1] for line in metrics if line.startswith("vm_active_force_merges")]
        return any(float(count) > 0 for count in counts)

    def disk_bytes(self) -> int:
        """Points and their index; the caches that it writes when it stops can be thrown away."""
        return folder_bytes(self.folder / "data" / "data", self.folder / "data" / "indexdb")


SERVERS: Final[dict[str, type[Server]]] = {server.name: server for server in (Hub, Influxd, VictoriaMetrics)}


def available(names: list[str]) -> list[str]:
    """Return those servers whose program is installed."""
    return [name for name in names if name == Hub.name or shutil.which(name)]


def version_of(name: str) -> str:
    """Return the version of a peer's Debian package, or what little is known without dpkg."""
    package = {"influxd": "influxdb"}.get(name, name)
    query = [shutil.which("dpkg-query") or "false", "-W", "-f=${Version}", package]
    answer = subprocess.run(query, check=False, capture_output=True, text=True, timeout=10)
    return answer.stdout.strip() or "unknown"


def free_ports(count: int) -> list[int]:
    """Return different ports that nobody listens on."""
    probes = [socket.create_server((_LOOPBACK, 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise ServerFailed(f"{name} is not installed; make bench installs it on Debian")
    return path


def _good(server: Server, path: str) -> bool:
    try:
        server.ask("GET", path)
    except (OSError, http.client.HTTPException, ServerFailed):
        return False
    return True
