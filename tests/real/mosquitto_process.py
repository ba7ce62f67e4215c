"""A real Mosquitto on a free port, killed and started again on the same folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.ports import free_port

START_TIMEOUT = 120.0


def mosquitto_binary() -> str | None:
    """Return where Mosquitto is; Debian puts it where users do not look."""
    return shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/sbin")


class MosquittoProcess:
    """Mosquitto with persistence as the hub would configure it."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.folder = folder
        self._lines = lines
        self.host = "127.0.0.1"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it listens."""
        binary = mosquitto_binary()
        assert binary is not None, "apt install mosquitto"
        config = self.folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} {self.host}\nset_tcp_nodelay true\n"
            + "".join(f"{line}\n" for line in self._lines or ("allow_anonymous true",))
            + f"persistence true\npersistence_location {self.folder}/\n"
            "autosave_on_changes true\nautosave_interval 1\nmax_queued_messages 0\nlog_type error\n"
            f"user {'root' if Path('/root').exists() else 'mosquitto'}\n"
        )
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([binary, "-c", str(config)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "mosquitto.log").read_text()
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(120)
