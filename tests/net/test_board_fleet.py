"""Many boards at once, and new versions that are not well: the others go on, and what ran runs again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.net.rig.board import RigBoard
from tests.net.rig.image import base_image
from tests.net.rig.lan import Lan
from tests.net.rig.laptop import Laptop

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("full")]
MANY = 20
UNIT = "heliograph-app-demo.service"
WELL = """\
import http.server
import os

print("version", os.environ["HELIO_APP_VERSION"], flush=True)
http.server.HTTPServer(("127.0.0.1", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
ILL = """\
import socket
import time

time.sleep(1)
if socket.gethostname() == "board2":
    raise SystemExit("no sensor")
"""


@pytest.fixture
def many(lan: Lan, tmp_path: Path) -> Iterator[list[RigBoard]]:
    with ExitStack() as stack:
        fresh = [RigBoard(lan, base_image(), tmp_path, number, card="64M") for number in range(1, MANY + 1)]
        for each in fresh:
            stack.enter_context(each)
        stack.enter_context(lan.inside())
        yield fresh


def project(folder: Path, program: str) -> Path:
    root = folder / "demo"
    root.mkdir()
    (root / "main.py").write_text(program)
    write_settings(root, "up_seconds = 6\nhttp = 'http://127.0.0.1:8000/main.py'")
    return root


def write_settings(root: Path, health: str) -> None:
    (root / "board.toml").write_text(f'name = "demo"\n[service]\nrestart_seconds = 1\n[health]\n{health}\n')


def placed(board: RigBoard) -> str:
    return board.run("cat", "/home/pi/.heliograph/apps/demo/src/main.py", check=False)


def test_twenty_boards_of_which_one_is_full_and_one_away(
    many: list[RigBoard], laptop: Laptop, tmp_path: Path
) -> None:
    laptop.knows(many)
    root = project(tmp_path, WELL)
    (root / "data.bin").write_bytes(os.urandom(1_000_000))
    full, away = many[4], many[11]
    full.run("sh", "-c", "fallocate -l $(($(df -Pk / | awk 'NR==2{print $4}') - 400))K /full")
    away.cut()
    said = laptop.helio("sync", "all", where=root, status=1)
    assert said.count("written, 0 deleted") == MANY - 2
    assert f"{full.name}: " in said
    assert f"{away.name}: " in said
    assert said.endswith(f"{MANY - 2} done, 2 failed, 1 of them not reachable\n")
    for board in many:
        assert placed(board) == ("" if board in (full, away) else WELL)

    full.run("rm", "/full")
    away.heal()
    said = laptop.helio("sync", "@edge", where=root)
    assert said.count("nothing changed") == MANY - 2
    assert said.count("written, 0 deleted") == 2


def test_a_version_that_is_not_well_goes_no_further(
    boards: list[RigBoard], laptop: Laptop, tmp_path: Path
) -> None:
    laptop.knows(boards)
    root = project(tmp_path, WELL)
    said = laptop.helio("rollout", "all", "--serial", "2", where=root)
    assert said.count("version 1 runs and is well; it was not there before") == len(boards)

    (root / "main.py").write_text(ILL + WELL)
    said = laptop.helio("rollout", "all", where=root, status=1)
    assert "board1: version 2 runs and is well; version 1 before" in said
    assert "board2: it did not stay up for 6 s" in said
    assert "no sensor" in said
    assert "version 1 runs there again" in said
    assert "stopped; not begun: board3" in said
    assert [placed(board) == WELL for board in boards] == [False, True, True]
    for board in boards:
        assert board.run("systemctl", "is-active", UNIT) == "active\n"
    assert 'Environment="HELIO_APP_VERSION=1"' in board_unit(boards[1])
    assert 'Environment="HELIO_APP_VERSION=2"' in board_unit(boards[0])

    (root / "main.py").write_text(WELL)
    write_settings(root, "up_seconds = 1\nwithin_seconds = 1\ncommand = 'test -e ready'")
    said = laptop.helio("rollout", "board1", where=root, status=1)
    assert "'test -e ready' did not succeed within 1 s" in said
    boards[0].run("touch", "/home/pi/.heliograph/apps/demo/src/ready")
    assert "and is well" in laptop.helio("rollout", "board1", where=root)
    write_settings(root, "http = 'http://127.0.0.1:8000/nothing'\nwithin_seconds = 6")
    assert "404" in laptop.helio("rollout", "board3", where=root, status=1)

    said = laptop.helio("rollback", "board1", where=root)
    assert "its service was started anew" in said
    version = re.search(r"version (\d+) is in place", said)
    assert version is not None
    assert f'"HELIO_APP_VERSION={version[1]}"' in board_unit(boards[0])


def board_unit(board: RigBoard) -> str:
    return board.run("cat", f"/etc/systemd/system/{UNIT}")


def test_a_first_version_that_is_not_well_leaves_no_service(
    board: RigBoard, laptop: Laptop, tmp_path: Path
) -> None:
    laptop.knows([board])
    root = project(tmp_path, "raise SystemExit(3)\n")
    said = laptop.helio("rollout", "board1", where=root, status=1)
    assert "it is no service there, as before" in said
    assert board.run("sh", "-c", "ls /etc/systemd/system | grep heliograph || true") == ""
