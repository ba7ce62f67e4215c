"""What differs between Linux, macOS and Windows laptops, and what is imported only when it is needed."""

from __future__ import annotations

import subprocess
import sys
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from heliograph.board.inventory import Board, Inventory
from heliograph.board.neighbours import maker, neighbours, parse_neighbours, small_networks

LINUX = """\
IP address       HW type     Flags       HW address            Mask     Device
192.168.1.20     0x1         0x2         dc:a6:32:01:02:03     *        wlan0
192.168.1.21     0x1         0x0         00:00:00:00:00:00     *        wlan0
"""
MACOS = """\
raspberrypi.lan (192.168.1.20) at dc:a6:32:1:2:3 on en0 ifscope [ethernet]
? (192.168.1.30) at (incomplete) on en0 ifscope [ethernet]
? (192.168.1.255) at ff:ff:ff:ff:ff:ff on en0 ifscope [ethernet]
"""
WINDOWS = """\

Interface: 192.168.1.5 --- 0x7
  Internet Address      Physical Address      Type
  192.168.1.20          dc-a6-32-01-02-03     dynamic
  192.168.1.255         ff-ff-ff-ff-ff-ff     static
"""


@pytest.mark.parametrize("table", [LINUX, MACOS, WINDOWS], ids=["linux", "macos", "windows"])
def test_each_system_tells_the_same_of_its_neighbours(table: str) -> None:
    assert parse_neighbours(table) == {"192.168.1.20": "dc:a6:32:01:02:03"}


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
async def test_asking_for_neighbours_does_no_harm_anywhere(
    platform: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no arp
    assert isinstance(await neighbours(platform), dict)


async def test_windows_and_macos_are_asked_by_arp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "arp"
    program.write_text(f"#!/bin/sh\n[ \"$1\" = -a ] && /bin/cat <<'END'\n{WINDOWS}END\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await neighbours("win32") == {"192.168.1.20": "dc:a6:32:01:02:03"}


def test_makers_are_known_by_their_cards() -> None:
    assert maker("dc:a6:32:77:00:01") == maker("B8:27:EB:00:00:00") == "Raspberry Pi"
    assert maker("00:1e:06:77:00:03") == "Odroid"
    assert maker("") == maker("aa:bb:cc:dd:ee:ff") == ""


def test_only_small_private_networks_are_swept() -> None:
    addresses = [
        ("192.168.1.5", 24),
        ("192.168.1.6", 24),
        ("10.0.0.5", 8),
        ("172.17.0.1", 16),
        ("127.0.0.1", 8),
        ("169.254.3.4", 24),
        ("8.8.8.8", 24),
        ("10.77.0.1", 28),
        ("10.78.0.1", 32),
    ]
    assert small_networks(addresses) == [IPv4Network("10.77.0.0/28"), IPv4Network("192.168.1.0/24")]


def test_an_inventory_written_on_windows_reads_on_linux(tmp_path: Path) -> None:
    inventory = Inventory(tmp_path)
    inventory.put(Board("lab1", "lab1.local"))
    inventory.write()
    assert b"\r" not in inventory.path.read_bytes()
    inventory.path.write_bytes(inventory.path.read_bytes().replace(b"\n", b"\r\n"))
    assert Inventory.read(tmp_path).get("lab1").host == "lab1.local"


IMPORTS = """
import sys
class Posix:
    def find_spec(self, name, path=None, target=None):
        if name in {"fcntl", "grp", "pwd", "termios", "tty", "pty", "resource", "crypt"}:
            raise ModuleNotFoundError(f"Windows has no {name}", name=name)
sys.meta_path.insert(0, Posix())
import importlib, pkgutil
import heliograph.board, heliograph.cli.boards
names = ["heliograph.cli.board"]
for package in (heliograph.board, heliograph.cli.boards):
    names += [found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
names.remove("heliograph.board.remote.receiver")  # runs on boards, where fcntl and pwd are
MODE
"""


def test_nothing_of_it_needs_a_posix_module_of_python() -> None:
    """An approximation of Windows: modules that it lacks cannot be imported, by us or by asyncssh."""
    source = IMPORTS.replace("MODE", "print(len([importlib.import_module(name) for name in names]))")
    preloaded = "import asyncio, subprocess, getpass\n"  # the standard library's own way is not ours to check
    done = subprocess.run(
        [sys.executable, "-c", preloaded + source], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_help_loads_no_ssh() -> None:
    source = (
        "import sys\nfrom heliograph.cli.main import main\n"
        "try: main(['board', '--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('asyncssh', 'zeroconf', 'watchfiles', 'cryptography') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.splitlines()[-1] == "[]"
