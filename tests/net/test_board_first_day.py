"""From a freshly flashed board to live data on a hub, by the documented commands and nothing else."""

from __future__ import annotations

import json
import time

import pytest

from heliograph import __version__
from tests.net.linked import linked
from tests.net.rig.board import RigBoard
from tests.net.rig.lan import LAPTOP, wait_until
from tests.net.rig.laptop import Laptop
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.timeout(600)
DEVICES = "/api/identities/devices"


def test_a_fresh_board_is_live_on_the_hub(board: RigBoard, laptop: Laptop) -> None:
    row = json.loads(laptop.helio("find", "--sweep", "--json"))[0]
    assert (row["address"], row["mac"], row["state"]) == (board.address, board.mac, "new")
    assert row["hardware"] == "Raspberry Pi"

    said = laptop.helio("add", board.address, "--name", "lab1", "--yes", stdin="wrong\n", status=1)
    assert "refuses this password for pi" in said
    assert not laptop.inventory.boards
    assert not list((laptop.folder / "boards" / "keys").iterdir())

    assert "Debian GNU/Linux" in laptop.add(board, "lab1")
    assert laptop.inventory.get("lab1").mac == board.mac
    assert not [
        path for path in laptop.folder.rglob("*") if path.is_file() and "raspberry" in path.read_text()
    ]

    said = laptop.helio("setup", "device", "lab1", "--dry-run", status=2)
    assert "start the hub once with helio up" in said
    with HubProcess(laptop.folder / "helio", "--no-agent") as hub:
        said = laptop.helio("setup", "device", "lab1", "--dry-run", status=2)
        assert "6 to change" in said
        assert "it gets a key of its own from the hub at http://127.0.0.1:" in said
        assert hub.json("GET", DEVICES)["devices"] == []
        assert "6 changed" in laptop.helio("setup", "device", "lab1", "--yes")
        assert "0 changed, 7 unchanged" in laptop.helio("setup", "device", "lab1", "--yes")
        assert laptop.inventory.get("lab1").role == "device"
        assert "active running enabled" in laptop.helio("service", "status", "lab1", "heliograph-agent")
        assert board.run("stat", "-c", "%a %U", "/etc/heliograph/agent.json") == "600 root\n"
        with linked(laptop, "lab1"):
            wait_until(lambda: _devices(hub) == ["lab1"], "the board's points are on the hub", within=120)
        assert _state(hub, "lab1") == "enrolled"
        wait_until(lambda: "'cpu'" in _measurements(hub), "the processor is measured")
        wait_until(lambda: hub.sql_soon("SELECT DISTINCT host FROM cpu") == [["lab1"]], "and called as here")
        wait_until(
            lambda: _software(hub) == [{"name": "heliograph", "version": __version__}],
            "its versions are told",
        )

        wait_until(lambda: "known as lab1" in laptop.helio("find", "--no-sweep"), "it announces itself now")
        board.power_cycle()
        wait_until(
            lambda: board.run("systemctl", "is-active", "heliograph-agent", check=False) == "active\n",
            "the agent runs after a power cut",
            within=120,
        )
        assert "0 changed, 7 unchanged" in laptop.helio("setup", "device", "lab1", "--yes")
        assert "7 changed" in laptop.helio("setup", "device", "lab1", "--yes", "--remove")
        assert _state(hub, "lab1") == "revoked"
    left = "ls -d /opt/heliograph /etc/heliograph /home/pi/.heliograph /var/lib/heliograph-setup 2>/dev/null"
    assert board.run("sh", "-c", left, check=False) == ""
    assert "heliograph" not in board.run("sh", "-c", "ls /etc/systemd/system /etc/avahi/services")


def _state(hub: HubProcess, name: str) -> str:
    states = {device["id"]: device["state"] for device in hub.json("GET", DEVICES)["devices"]}
    return str(states[name])


def _software(hub: HubProcess) -> object:
    (live,) = hub.json("GET", "/api/devices")["devices"]
    return live["software"]


def _measurements(hub: HubProcess) -> str:
    return str(hub.json("GET", "/query?db=telegraf&q=SHOW+MEASUREMENTS"))


def _devices(hub: HubProcess) -> list[str]:
    return [device["name"] for device in hub.json("GET", "/api/devices")["devices"]]


@pytest.mark.usefixtures("full")
def test_a_board_that_was_flashed_or_moved_is_recognised(board: RigBoard, laptop: Laptop) -> None:
    laptop.add(board, "lab1")
    board.flash_anew()
    said = laptop.helio("doctor", "lab1", status=1)
    assert "flashed anew: helio board trust lab1" in said
    assert said.count("SHA256:") == 2
    laptop.helio("trust", "lab1", "--yes", stdin=f"{board.password}\n")
    assert "sudo without a password" in laptop.helio("doctor", "lab1")

    inventory = laptop.inventory
    inventory.change("lab1", host="10.77.0.99")  # what DHCP does over night
    inventory.write()
    assert f"lab1 is at {board.address} now; boards.toml says so" in laptop.helio("doctor", "lab1")
    assert laptop.inventory.get("lab1").host == board.address


@pytest.mark.usefixtures("full")
def test_a_board_whose_key_is_no_good_gets_another_one(board: RigBoard, laptop: Laptop) -> None:
    laptop.knows([board])
    with HubProcess(laptop.folder / "helio", "--no-agent", "--listen", LAPTOP) as hub:
        said = laptop.helio("setup", "device", "board1", "--yes", "--verbose")
        assert "6 changed" in said
        wait_until(lambda: _devices(hub) == ["board1"], "it sends by TLS, without a link", within=120)
        kept = json.loads(board.run("cat", "/etc/heliograph/agent.json"))
        assert (kept["host"], kept["tls"]) == (LAPTOP, True)
        assert "BEGIN CERTIFICATE" in kept["ca"]
        assert kept["key"] not in board.run("sh", "-c", "journalctl -q --no-pager; ps ax -o args")

        hub.json("DELETE", f"{DEVICES}/board1")
        plan = laptop.helio("setup", "device", "board1", "--dry-run", status=2)
        assert "the hub lets board1 in no more; it gets another key" in plan
        assert "2 changed" in laptop.helio("setup", "device", "board1", "--yes")
        assert "0 changed, 7 unchanged" in laptop.helio("setup", "device", "board1", "--yes")

        hub.json("POST", f"{DEVICES}/board1/rotate", {})
        plan = laptop.helio("setup", "device", "board1", "--dry-run", status=2)
        assert "the hub does not know its key" in plan

        board.flash_anew()
        laptop.knows([board])
        plan = laptop.helio("setup", "device", "board1", "--dry-run", status=2)
        assert "the one that the hub knows for board1 ends" in plan
        assert "6 changed" in laptop.helio("setup", "device", "board1", "--yes")
        since_ms = time.time() * 1000
        wait_until(lambda: _last_ms(hub) > since_ms, "it sends again", within=120)

        said = laptop.helio("setup", "device", "board1", "--hub", LAPTOP, "--yes")
        assert "no /etc/heliograph/agent.json" in said
        plan = laptop.helio("setup", "device", "board1", "--dry-run", status=2)
        assert "it gets a key of its own from the hub at https://10.77.0.1:8443" in plan


def _last_ms(hub: HubProcess) -> int:
    (device,) = hub.json("GET", "/api/devices")["devices"]
    return int(device["last_ms"])
