"""Roles: the first run works, the second changes nothing, a power cut keeps all, removal leaves nothing.

The makers' packages of the role ``tig`` are stand-ins from a signed repository of the test's own, since no
registry that the tests may use has them; Debian's Mosquitto, Samba and xrdp are the real ones.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from heliograph.board.facts import Facts
from heliograph.board.setup.apply import run_steps
from heliograph.board.setup.context import Context
from heliograph.board.setup.sharing import xrdp_steps
from heliograph.board.ssh import connect
from tests.net.rig.aptrepo import apt_repository
from tests.net.rig.board import RigBoard
from tests.net.rig.lan import wait_until
from tests.net.rig.laptop import Laptop

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("full")]

LEFT = """
cd /etc && ls -d /opt/heliograph* heliograph* /var/lib/heliograph* /home/pi/.heliograph \
  systemd/system/*/heliograph* \
  systemd/system/heliograph* apt/*/heliograph* /usr/local/bin/helio mosquitto samba xrdp \
  /var/lib/grafana /var/lib/influxdb telegraf avahi/services/heliograph* 2>/dev/null || true
"""


def goes_through(board: RigBoard, laptop: Laptop, role: str, *options: str, stdin: str = "") -> None:
    """Plan, set up, again, after a power cut, and away."""
    laptop.helio("setup", role, "lab1", "--dry-run", *options, status=2)
    assert board.run("sh", "-c", LEFT) == "", "a plan changes nothing"
    first = laptop.helio("setup", role, "lab1", "--yes", *options, stdin=stdin)
    assert re.search(r"^[1-9]\d* changed", first, re.MULTILINE), first
    second = laptop.helio("setup", role, "lab1", "--yes", *options, stdin=stdin)
    assert re.search(r"^0 changed", second, re.MULTILINE), second
    board.power_cycle()
    wait_until(
        lambda: "running" in board.run("systemctl", "is-system-running", check=False),
        "all is started",
        within=120,
    )
    again = laptop.helio("setup", role, "lab1", "--yes", *options, stdin=stdin)
    assert re.search(r"^0 changed", again, re.MULTILINE), again


def goes_away(board: RigBoard, laptop: Laptop, role: str, name: str = "lab1") -> None:
    laptop.helio("setup", role, name, "--yes", "--remove")
    assert board.run("sh", "-c", LEFT) == ""
    assert "0 changed" in laptop.helio("setup", role, name, "--yes", "--remove")


def test_tig_is_installed_connected_and_verified(board: RigBoard, laptop: Laptop, tmp_path: Path) -> None:
    laptop.add(board, "lab1")
    with apt_repository(tmp_path / "apt") as repository:
        other = "0" * 40
        wrong = (repository.option("influxdata", other), repository.option("grafana"))
        said = laptop.helio("setup", "tig", "lab1", "--yes", *wrong, status=1)
        assert f"another fingerprint than {other}" in said
        assert repository.fingerprint in said
        assert board.run("sh", "-c", "ls /etc/apt/keyrings /etc/apt/sources.list.d") == (
            "/etc/apt/keyrings:\n\n/etc/apt/sources.list.d:\ndebian.sources\n"
        )
        laptop.helio("setup", "tig", "lab1", "--yes", "--remove")

        options = (repository.option("influxdata"), repository.option("grafana"))
        goes_through(board, laptop, "tig", *options)
    for unit in ("mosquitto", "telegraf", "influxdb", "grafana-server"):
        assert "active running enabled" in laptop.helio("service", "status", "lab1", unit)
    assert board.run("stat", "-c", "%a %U", "/etc/heliograph/tig.env") == "600 root\n"
    token = re.search("INFLUX_TOKEN=(.*)", board.run("cat", "/etc/heliograph/tig.env"))
    assert token is not None
    shown = "ps ax -o args; journalctl -q --no-pager; cat /etc/grafana/provisioning/*/* /etc/telegraf/*.conf"
    assert token[1] not in board.run("sh", "-c", shown)
    goes_away(board, laptop, "tig")


def test_samba_and_xrdp_serve_and_go_away(board: RigBoard, laptop: Laptop) -> None:
    laptop.add(board, "lab1")
    goes_through(board, laptop, "samba", stdin="geheim\n")
    assert "geheim" not in board.run("sh", "-c", "journalctl -q --no-pager; cat /etc/samba/*.conf")
    wait_until(lambda: b"SMB" in _smb_greeting(board.address), "Samba answers")
    brought = ["smbclient", f"//{board.address}/pi", "-U", "pi%geheim", "-c", "put /etc/hostname brought"]
    assert subprocess.run(brought, capture_output=True, check=False, timeout=120).returncode == 0
    assert board.run("stat", "-c", "%U", "/home/pi/brought") == "pi\n"
    goes_away(board, laptop, "samba")

    goes_through(board, laptop, "xrdp")
    wait_until(lambda: board.run("ss", "-Hltn", "sport", "=", ":3389"), "xrdp listens")
    listening = board.run("ss", "-Hltn", "sport", "=", ":3389")
    assert "127.0.0.1:3389" in listening
    assert "0.0.0.0" not in listening.split()[3]
    goes_away(board, laptop, "xrdp")


async def test_a_desktop_that_was_set_up_half_is_open_to_nobody(board: RigBoard, laptop: Laptop) -> None:
    laptop.knows([board])
    inventory = laptop.inventory
    known = inventory.get("board1")
    steps = xrdp_steps(Context(known, Facts()))
    (installed,) = (number for number, step in enumerate(steps) if step.title.startswith("packages"))
    async with connect(inventory, known) as link:
        await run_steps(link, steps[: installed + 1], apply=True)
    assert "xrdp" in board.run("dpkg-query", "-W", "xrdp")
    assert (
        board.run("systemctl", "is-active", "xrdp", check=False) == "inactive\n"
    )  # it listens a little later
    laptop.helio("setup", "xrdp", "board1", "--yes")
    wait_until(lambda: "127.0.0.1:3389" in board.run("ss", "-Hltn", "sport", "=", ":3389"), "xrdp listens")
    goes_away(board, laptop, "xrdp", "board1")


def _smb_greeting(address: str) -> bytes:
    """Return what an SMB server answers to a client that knows SMB 2."""
    body = b"\xffSMBr" + bytes(27) + b"\x00" + b"\x0b\x00" + b"\x02SMB 2.???\x00"
    ask = f"import socket; c = socket.create_connection(({address!r}, 445), 5); c.sendall({_framed(body)!r})"
    command = ["python3", "-c", f"{ask}; import sys; sys.stdout.buffer.write(c.recv(200))"]
    return subprocess.run(command, capture_output=True, check=False, timeout=120).stdout


def _framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def test_a_hub_runs_on_a_board(board: RigBoard, laptop: Laptop) -> None:
    laptop.add(board, "lab1")
    said = laptop.helio("setup", "tig", "lab1", "--listen", "0.0.0.0", "--yes", status=2)
    assert "--listen is for the roles edge and hub, not for tig" in said
    goes_through(board, laptop, "hub")
    assert "/#login=" in board.run("/usr/local/bin/helio", "login")
    goes_away(board, laptop, "hub")
