"""Debian's own SSH server on a free port of loopback, with a home folder of its own: a board without systemd.

::

    test, as the laptop ── 127.0.0.1:free port ── sshd -D ── sh, HOME=<temporary>   as the user of the tests
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from heliograph.board.hostkeys import HostKey, Pins
from heliograph.board.inventory import Board, Inventory
from heliograph.board.keys import ensure_key
from tests.ports import free_port

SSHD: Final = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="openssh-server is not installed (make test does it)")
needs_linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="a board is a Linux")

_SETTINGS: Final = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
MaxStartups 100
SetEnv HOME={home} XDG_CACHE_HOME={home}/.cache
AllowTcpForwarding yes
PermitRootLogin yes
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running server, and an inventory that knows it as ``lab1``, with its key and host key."""

    folder: Path
    home: Path
    port: int
    inventory: Inventory
    pid: int

    @property
    def board(self) -> Board:
        return self.inventory.get("lab1")

    def environment(self) -> dict[str, str]:
        """Return the environment in which ``helio board`` sees this board."""
        return os.environ | {
            "HELIO_BOARDS": str(self.inventory.folder),
            "XDG_CACHE_HOME": str(self.folder / "laptop-cache"),
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        }

    def cut(self) -> None:
        """Break every connection, as a laptop feels it whose board lost its power."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                    if parent == self.pid:
                        os.kill(int(entry.name), signal.SIGKILL)
                except (FileNotFoundError, ProcessLookupError):
                    continue

    def name_also(self, *names: str) -> None:
        """Let the same server stand for more boards."""
        for name in names:
            self.inventory.put(Board(name, "127.0.0.1", self.port, self.board.user))
            pin = Pins(self.inventory.pins_path).get("lab1")
            assert pin is not None
            Pins(self.inventory.pins_path).pin(name, pin)
            shutil.copy(self.inventory.key_path(self.board), self.inventory.folder / "keys" / name)
        self.inventory.write()


@contextmanager
def running_sshd(folder: Path) -> Iterator[Sshd]:
    """Start a server, wait until it listens, and end it."""
    assert SSHD is not None
    home = folder / "home"
    home.mkdir(parents=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host_key"], check=True)
    port = free_port()
    settings = folder / "sshd_config"
    settings.write_text(_SETTINGS.format(port=port, folder=folder, home=home))
    inventory = Inventory(folder / "boards")
    inventory.put(Board("lab1", "127.0.0.1", port, getpass.getuser()))
    (folder / "boards").mkdir()
    inventory.write()
    Pins(inventory.pins_path).pin("lab1", HostKey.parse((folder / "host_key.pub").read_text()))
    key = ensure_key(inventory.key_path(inventory.get("lab1")), "tests")
    (folder / "authorized_keys").write_text(f"{key}\n")
    log = (folder / "sshd.log").open("w")
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", settings], stderr=log, stdin=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield Sshd(folder, home, port, inventory, process.pid)
    finally:
        process.terminate()
        process.wait(120)
        log.close()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "sshd ended"
            assert time.monotonic() < deadline, "sshd does not listen"
            time.sleep(0.05)
        else:
            return
