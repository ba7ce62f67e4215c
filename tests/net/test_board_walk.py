"""The ten minutes of docs/boards.md on a fresh board: the commands as they stand there, typed by a person.

What the person saw, with the seconds since the first command, is printed: ``pytest -rP`` shows it.
"""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.net.rig.board import RigBoard
from tests.net.rig.image import base_image
from tests.net.rig.lan import WITH_NAMES, Lan
from tests.net.rig.laptop import ROOT, Laptop
from tests.net.typing_person import Terminal
from tests.real.hub_process import HubProcess

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("full")]
STAYS = {"helio up": r"http://127\.0\.0\.1:8086", "helio board link": "is this laptop's hub"}
"""Commands that the text gives a terminal of their own, and what they show when they are ready."""


@pytest.fixture
def fresh(lan: Lan, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RigBoard]:
    with RigBoard(lan, base_image(request.param), tmp_path, 1, name="lab1") as board, lan.inside():
        yield board


def documented() -> list[str]:
    """Return the commands that follow the first boot."""
    text = (ROOT / "docs/boards.md").read_text().partition("## Ten minutes")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", text.partition("Boot the board")[2], re.DOTALL)
    return [line.partition("#")[0].strip() for line in blocks[0].splitlines()]


@pytest.mark.parametrize("fresh", ["bookworm", "trixie"], indirect=True)
def test_from_a_fresh_board_to_live_data(fresh: RigBoard, laptop: Laptop) -> None:
    answers = {r"\[y/N\] ": "y", r"password \(used once, not kept\): ": fresh.password}
    began = time.monotonic()
    hub = HubProcess(laptop.folder / "helio")
    with ExitStack() as stack:
        for command in documented():
            words = [*WITH_NAMES, sys.executable, "-m", "heliograph", *shlex.split(command)[1:]]
            terminal = stack.enter_context(
                Terminal(words, answers, env=laptop.environment, where=laptop.folder)
            )
            ready = next((shown for start, shown in STAYS.items() if command.startswith(start)), None)
            if ready is not None:
                terminal.until(ready)
            else:
                assert terminal.ended() == 0, f"{command}\n{terminal.shown}"
            shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.shown)
            sys.stdout.write(f"$ {command}\n{shown}{time.monotonic() - began:6.1f} s\n")
        hub.http_url = "http://127.0.0.1:8086"
        while "lab1" not in [device["name"] for device in hub.json("GET", "/api/devices")["devices"]]:
            time.sleep(0.1)
        sys.stdout.write(f"lab1 is on the hub's page\n{time.monotonic() - began:6.1f} s\n")
