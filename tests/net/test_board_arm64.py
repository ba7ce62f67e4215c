"""A board for 64-bit ARM, as a Pi is, run by qemu: set up as a device, a program run and debugged.

``make test-boards-arm64``; all of the board is emulated, so nothing here tells how fast a Pi is. This qemu
does not do what systemd needs to hand a service its key: the agent logs in by one that it is told instead.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from heliograph.board.code.project import load
from heliograph.board.debugging.debugging import listening
from heliograph.board.debugging.wheel import debugpy_wheel
from heliograph.board.running.work import open_work
from tests.net.dap import editor
from tests.net.rig.board import RigBoard
from tests.net.rig.emulation import ARCHITECTURE, emulated, why_not
from tests.net.rig.image import KEPT, base_image
from tests.net.rig.lan import LAPTOP, Lan, wait_until
from tests.net.rig.laptop import Laptop
from tests.real.hub_process import HubProcess

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.environ.get("BOARDS") != "arm64", reason="part of make test-boards-arm64"),
]
NAME = "board1"
LINE = 4


@pytest.fixture
def arm(lan: Lan, tmp_path: Path) -> Iterator[RigBoard]:
    """A freshly flashed board of another architecture."""
    if reason := why_not():
        pytest.fail(reason)
    with emulated(), RigBoard(lan, base_image("", ARCHITECTURE), tmp_path, 1) as fresh, lan.inside():
        yield fresh


async def test_an_arm_board_is_set_up_runs_and_is_debugged(
    arm: RigBoard, laptop: Laptop, tmp_path: Path
) -> None:
    assert "aarch64" in laptop.add(arm, NAME)
    with HubProcess(laptop.folder / "helio", "--no-agent", "--listen", LAPTOP, "--insecure") as hub:
        status, _, made = hub.request("POST", "/api/identities/devices", {"id": NAME})
        assert status == 201, made
        key = tmp_path / "key"
        key.write_text(json.loads(made)["key"])
        login = ("--hub", f"{LAPTOP}:{hub.mqtt_port}", "--mqtt-user", NAME, "--mqtt-password-file", str(key))
        laptop.helio("setup", "device", NAME, "--yes", *login, within=1200)
        assert "0 changed" in laptop.helio("setup", "device", NAME, "--yes", *login)
        wait_until(lambda: NAME in _devices(hub), "its points are on the hub", within=600)

    root = tmp_path / "demo"
    root.mkdir()
    (root / "board.toml").write_text('name = "demo"\n')
    (root / "main.py").write_text("import platform\n\nn = 6 * 7\nprint(platform.machine(), n)\n")
    assert "aarch64 42" in laptop.helio("run", NAME, where=root)

    wheel = await debugpy_wheel(None, KEPT / "cache" / "heliograph" / "wheels", lambda _: None)
    inventory = laptop.inventory
    async with (
        open_work(inventory, inventory.get(NAME), load(root)) as work,
        listening(work, await work.spec(), wheel, lambda *_: None) as (program, port),
        editor(port) as client,
    ):
        await client.attach(root, work.session.root, {LINE: ""})
        path, line, values, thread = await client.stopped()
        assert (Path(path), line, values["n"]) == (root / "main.py", LINE, "42")
        await client.ask("continue", threadId=thread)
        assert await program.ended() == 0


def _devices(hub: HubProcess) -> list[str]:
    return [device["name"] for device in json.loads(hub.request("GET", "/api/devices")[2])["devices"]]
