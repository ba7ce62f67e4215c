"""When a board gets another key, and what the steps for it do; a board that moved."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from heliograph.board import moving
from heliograph.board.facts import Facts
from heliograph.board.hostkeys import Pins
from heliograph.board.inventory import Board
from heliograph.board.setup import device, edge
from heliograph.board.setup.context import Context
from heliograph.board.setup.enrolling import DEVICE, GATEWAY, Door, Enrolling, Held
from heliograph.board.ssh import host_key
from heliograph.errors import ConfigError
from tests.unit.ssh_server import SshServer, ssh_server

HELD = Held("lab1", "192.168.1.20", 8883, tls=True, fingerprint="f" * 32, mark="0123456789ab")


def hub(state: str = "enrolled", mark: str = HELD.mark) -> Door:
    devices = {"lab1": (state, mark)} if state else {}
    return Door(
        url="https://192.168.1.20:8443",
        mqtt_port=8883,
        tls=True,
        fingerprint="f" * 32,
        local_port=8086,
        devices=devices,
        code=lambda name, _kind: f"for-{name}",
    )


@pytest.mark.parametrize(
    ("door", "held", "reason"),
    [
        (hub(), HELD, ""),
        (hub(""), Held(), "a key of its own from the hub at https://192.168.1.20:8443"),
        (hub(), Held(), "the one that the hub knows for lab1 ends"),
        (hub(), replace(HELD, device="old"), "it was old and becomes lab1"),
        (hub(), replace(HELD, host="10.0.0.1"), "it belongs to 10.0.0.1:8883"),
        (hub(), replace(HELD, fingerprint="e" * 32), "it belongs to 192.168.1.20:8883"),
        (hub("revoked", ""), HELD, "lets lab1 in no more"),
        (hub(mark="another"), HELD, "does not know its key"),
        (hub(""), HELD, "does not know its key"),
    ],
    ids=["good", "new", "flashed", "renamed", "moved", "hub-made-anew", "revoked", "rotated", "forgotten"],
)
def test_a_key_is_replaced_for_a_reason(door: Door, held: Held, reason: str) -> None:
    said = door.why_anew("lab1", held)
    assert reason in said
    assert bool(said) == bool(reason)


def test_a_hub_of_this_laptop_only_is_known_as_one() -> None:
    assert replace(hub(), url="http://127.0.0.1:8086").is_local
    assert not hub().is_local


def test_a_gateway_reaches_a_hub_behind_a_link_beside_its_own_broker() -> None:
    assert (hub().port_for(GATEWAY), hub().port_for(DEVICE)) == (8883, 8883)
    local = replace(hub(), url="http://127.0.0.1:8086", mqtt_port=1883, tls=False)
    assert (local.port_for(GATEWAY), local.port_for(DEVICE)) == (1884, 1883)
    held = replace(HELD, host="127.0.0.1", port=1884, tls=False)
    assert local.why_anew("lab1", held, GATEWAY) == ""
    assert "it belongs to 127.0.0.1:1884" in local.why_anew("lab1", held, DEVICE)


def test_a_gateway_is_given_its_key_by_systemd_alone() -> None:
    wanted = Enrolling("lab1", "it's new", "http://127.0.0.1:8086", "secret-code", 1884)
    context = Context(Board("lab1", "h"), Facts(python=(3, 11, 2)), enrolment=wanted, listen="0.0.0.0")
    steps = {step.title: step for step in edge.steps(context)}
    command, _, given = steps["enrolled as the gateway lab1"].apply.partition("<<'END'")
    assert command.endswith("edge enrol --insecure --hub-port 1884 http://127.0.0.1:8086 - ")
    assert given.startswith("\nsecret-code\nEND")
    lines = steps["file /etc/systemd/system/heliograph-edge.service"].apply
    unit = base64.b64decode(lines.partition("'END_OF_FILE'\n")[2].partition("END_OF_FILE")[0]).decode()
    assert "\nLoadCredential=edge.json:/etc/heliograph/edge.json\nExecStart=" in unit
    assert " edge --set agent.host_name=lab1 --listen 0.0.0.0\n" in unit
    with pytest.raises(ConfigError, match="enrolled at a hub of ours"):
        edge.steps(replace(context, enrolment=None))


def test_a_code_stands_in_no_command_line_and_in_no_plan() -> None:
    wanted = Enrolling("lab1", "it's new", "https://hub:8443", "secret-code")
    steps = device.steps(Context(Board("lab1", "h"), Facts(python=(3, 11, 2)), enrolment=wanted))
    (enrolled,) = (step for step in steps if step.title == "enrolled as lab1")
    command, _, given = enrolled.apply.partition("<<'END'")
    assert "secret-code" not in command
    assert given.startswith("\nsecret-code\nEND")
    assert not any("secret-code" in step.diff + step.check for step in steps)
    assert "no /etc/heliograph/agent.env" in [step.title for step in steps]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SshServer]:
    home = tmp_path / "home"
    home.mkdir()
    async with ssh_server(home) as running:
        yield running


async def test_a_board_that_moved_is_the_one_with_the_pinned_key(
    server: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = server.pinned(tmp_path / "boards")
    lost = replace(server.board, host="192.0.2.7")
    inventory.put(lost)
    inventory.write()

    async def candidates(_board: Board) -> list[str]:
        return ["127.0.0.9", server.board.host]

    # Who is in this machine's network is not for a unit test to ask; boards of the rig are.
    monkeypatch.setattr(moving, "_candidates", candidates)
    assert await moving.found_again(inventory, lost) == server.board
    assert inventory.read(inventory.folder).get(lost.name).host == server.board.host

    shown = await host_key(server.board)
    Pins(inventory.pins_path).pin(lost.name, replace(shown, blob=f"{shown.blob[:-8]}AAAAAAA="))
    inventory.put(lost)
    assert await moving.found_again(inventory, lost) is None
    assert await moving.found_again(inventory, replace(lost, host="lab1.local")) is None
