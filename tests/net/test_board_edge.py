"""A board as a gateway: one command enrols it at the laptop's hub, and what it is sent comes there."""

from __future__ import annotations

import json
import re

import pytest

from tests.net.linked import linked
from tests.net.rig.board import RigBoard
from tests.net.rig.lan import LAPTOP, wait_until
from tests.net.rig.laptop import Laptop
from tests.net.test_board_roles import goes_away, goes_through
from tests.real.hub_process import HubProcess

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("full")]
DEVICES = "/api/identities/devices"
KEY = "/etc/heliograph/edge.json"


def test_a_gateway_goes_through_a_link(board: RigBoard, laptop: Laptop) -> None:
    laptop.add(board, "lab1")
    said = laptop.helio("setup", "edge", "lab1", "--dry-run", status=2)
    assert "start the hub once with helio up" in said
    with HubProcess(laptop.folder / "helio", "--no-agent") as hub:
        goes_through(board, laptop, "edge")
        assert "active running enabled" in laptop.helio("service", "status", "lab1", "heliograph-edge")
        assert board.run("stat", "-c", "%a %U", KEY) == "600 root\n"
        kept = json.loads(board.run("cat", KEY))
        assert (kept["device"], kept["host"], kept["port"]) == ("lab1", "127.0.0.1", 1884)
        assert kept["key"] not in board.run("sh", "-c", "journalctl -q --no-pager; ps ax -o args")
        assert _gateways(hub) == {"lab1": "enrolled"}

        said = laptop.helio("setup", "device", "lab1", "--yes", status=1)
        assert "lab1: it has the role edge already" in said
        assert "helio board setup edge lab1 --remove takes that away first" in said

        publish(board, 1)  # nobody has a way to the hub yet
        with linked(laptop, "lab1"):
            wait_until(lambda: arrived(hub) == [1], "a point that waited is at the hub", within=120)
            publish(board, 2)
            wait_until(lambda: arrived(hub) == [1, 2], "another one follows", within=120)
            wait_until(lambda: "lab1" in _devices(hub), "the gateway's own figures are there", within=120)
        goes_away(board, laptop, "edge")
        assert _gateways(hub) == {"lab1": "revoked"}
        assert laptop.inventory.get("lab1").role == ""


def test_a_gateway_whose_key_is_no_good_gets_another_one(board: RigBoard, laptop: Laptop) -> None:
    laptop.knows([board])
    with HubProcess(laptop.folder / "helio", "--no-agent", "--listen", LAPTOP) as hub:
        said = laptop.helio("setup", "edge", "board1", "--hub", LAPTOP, "--yes", status=1)
        assert "a gateway is enrolled at a hub of ours" in said
        laptop.helio("setup", "edge", "board1", "--yes")
        publish(board, 1)
        wait_until(lambda: arrived(hub) == [1], "it sends by TLS, without a link", within=120)
        kept = json.loads(board.run("cat", KEY))
        assert (kept["host"], kept["tls"]) == (LAPTOP, True)
        assert "0 changed" in laptop.helio("setup", "edge", "board1", "--yes")

        hub.json("DELETE", f"{DEVICES}/board1")
        plan = laptop.helio("setup", "edge", "board1", "--dry-run", status=2)
        assert "the hub lets board1 in no more; it gets another key" in plan
        publish(board, 2)  # kept on the board while it is not let in
        assert re.search("^2 changed", laptop.helio("setup", "edge", "board1", "--yes"), re.MULTILINE)
        wait_until(lambda: arrived(hub) == [1, 2], "what was kept came with the new key", within=120)

        said = laptop.helio("setup", "edge", "board1", "--listen", "0.0.0.0", "--yes")
        assert re.search("^2 changed", said, re.MULTILINE), said
        listening = board.run("ss", "-Hltn")
        assert "0.0.0.0:8443" in listening
        assert "*:8883" in listening

        board.flash_anew()
        laptop.knows([board])
        plan = laptop.helio("setup", "edge", "board1", "--dry-run", status=2)
        assert "the one that the hub knows for board1 ends" in plan
        laptop.helio("setup", "edge", "board1", "--yes")
        publish(board, 3)
        wait_until(lambda: arrived(hub) == [1, 2, 3], "the new card sends", within=120)
        assert _gateways(hub) == {"board1": "enrolled"}


def publish(board: RigBoard, number: int) -> None:
    """Publish a point to the gateway's own broker; ends when that has it on its disk."""
    board.run("/usr/local/bin/helio", "pub", "-q", "1", "-t", "tel/pump/lp", "-m", f"pump n={number}i")


def arrived(hub: HubProcess) -> list[int]:
    """Return the numbers that the hub has."""
    status, _, answer = hub.request("POST", "/api/sql", {"sql": "SELECT n FROM pump ORDER BY n"})
    if status == 400:  # nothing has come, so there is no such table
        return []
    assert status == 200, answer
    return [row[0] for row in json.loads(answer)["rows"]]


def _gateways(hub: HubProcess) -> dict[str, str]:
    listed = hub.json("GET", DEVICES)["devices"]
    return {device["id"]: device["state"] for device in listed}


def _devices(hub: HubProcess) -> list[str]:
    return [device["name"] for device in hub.json("GET", "/api/devices")["devices"]]
