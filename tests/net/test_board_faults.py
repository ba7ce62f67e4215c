"""Bad input: each ends with one clear line and the next step, and nothing half done."""

from __future__ import annotations

from pathlib import Path

import pytest

from heliograph.board.code.project import load
from heliograph.board.debugging.debugging import listening
from heliograph.board.debugging.wheel import debugpy_wheel
from heliograph.board.running.work import open_work
from tests.net.dap import editor
from tests.net.rig.board import RigBoard
from tests.net.rig.image import KEPT
from tests.net.rig.lan import LAPTOP, NET, wait_until
from tests.net.rig.laptop import Laptop

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("full")]

ELSEWHERE = ("--hub", "127.0.0.1")
"""No hub runs here: their agents would go to some broker."""
REMAINS = "ls -d /opt/heliograph* /etc/heliograph* /var/lib/heliograph* 2>/dev/null || true"


def test_boards_that_are_not_there(board: RigBoard, laptop: Laptop) -> None:
    def add(address: str, *, status: int) -> str:
        return laptop.helio("add", address, "--name", "lab9", "--yes", stdin="x\n", status=status)

    assert "nobody answers" in add(f"{NET}.99", status=3)
    assert "SSH is not on there" in add(f"{LAPTOP}:9", status=3)
    assert "no address is known for 'lab9.local'" in add("lab9.local", status=3)
    assert "say what to call the board" in laptop.helio("add", board.address, status=2)
    board.cut()
    assert "helio board find looks for it" in add(board.address, status=3)
    board.heal()
    assert not laptop.inventory.boards


def test_boards_that_lack_something(board: RigBoard, laptop: Laptop) -> None:
    laptop.add(board, "lab1")
    assert "there is a board 'lab1' already" in laptop.helio(
        "add", board.address, "--name", "lab1", "--yes", status=2
    )

    board.run("mv", "/etc/sudoers.d/010_pi-nopasswd", "/root/")
    assert "NOPASSWD" in laptop.helio("setup", "device", "lab1", *ELSEWHERE, "--yes", status=1)
    board.run("mv", "/root/010_pi-nopasswd", "/etc/sudoers.d/")

    board.run("mv", "/usr/bin/python3", "/usr/bin/python3-away")
    said = laptop.helio("setup", "device", "lab1", *ELSEWHERE, "--yes", status=1)
    assert "it has no python3" in said
    assert "bad      python" in laptop.helio("doctor", "lab1", status=1)
    board.run("sh", "-c", "printf '#!/bin/sh\\necho 3.9.2\\n' > /usr/bin/python3; chmod 755 /usr/bin/python3")
    assert "its Python is 3.9.2, 3.11 or newer is needed" in laptop.helio(
        "setup", "device", "lab1", *ELSEWHERE, "--yes", status=1
    )
    board.run("mv", "/usr/bin/python3-away", "/usr/bin/python3")

    board.run("sh", "-c", "fallocate -l $(($(df -Pk / | awk 'NR==2{print $4}') - 1000))K /full")
    said = laptop.helio("setup", "device", "lab1", *ELSEWHERE, "--yes", status=1)
    assert "its disk is full" in said
    board.run("rm", "/full")
    assert board.run("sh", "-c", REMAINS) == ""

    laptop.helio("setup", "device", "lab1", *ELSEWHERE, "--yes")


def test_one_board_that_is_away_or_fails_is_named_and_stops_no_other(
    boards: list[RigBoard], laptop: Laptop
) -> None:
    for number, board in enumerate(boards, 1):
        laptop.add(board, f"lab{number}")
    boards[0].cut()
    boards[1].run("mv", "/etc/sudoers.d/010_pi-nopasswd", "/root/")
    said = laptop.helio("setup", "device", "all", *ELSEWHERE, "--yes", status=1)
    assert "6 changed" in said
    assert "lab1: " in said
    assert "nobody answers" in said or "no answer" in said
    assert "lab2: sudo asks for a password" in said
    assert "1 done, 2 failed, 1 of them not reachable" in said
    assert "active running enabled" in laptop.helio("service", "status", "lab3", "heliograph-agent")
    assert "no answer" in laptop.helio("ls")
    laptop.helio("doctor", "lab1", status=3)
    boards[0].heal()
    assert "0 to change" not in laptop.helio("setup", "device", "lab1", *ELSEWHERE, "--dry-run", status=2)


def test_an_offline_board_is_set_up_from_the_laptop(board: RigBoard, laptop: Laptop) -> None:
    laptop.add(board, "lab1")
    board.go_offline()
    assert "does not reach its package sources" in laptop.helio("doctor", "lab1")
    laptop.helio("setup", "device", "lab1", *ELSEWHERE, "--yes")
    assert "active running enabled" in laptop.helio("service", "status", "lab1", "heliograph-agent")


def test_packages_come_and_go_on_many_boards(boards: list[RigBoard], laptop: Laptop) -> None:
    for number, board in enumerate(boards, 1):
        laptop.add(board, f"lab{number}")
    assert "install tmux" in laptop.helio("pkg", "install", "all", "tmux", "--dry-run", status=2)
    assert laptop.helio("pkg", "install", "all", "tmux", "--yes").count("install done: tmux") == len(boards)
    assert laptop.helio("pkg", "install", "all", "tmux", "--yes").count("as it should be") == len(boards)
    assert laptop.helio("pkg", "list", "all", "tmux").count(": tmux ") == len(boards)
    assert "nonsense-package failed" in laptop.helio(
        "pkg", "install", "lab1", "nonsense-package", "--yes", status=1
    )
    assert "expected names" in laptop.helio("pkg", "install", "lab1", "a;b", "--yes", status=2)
    laptop.helio("pkg", "remove", "all", "tmux", "--yes")
    laptop.helio("service", "stop", "all", "cron", status=1)
    assert laptop.helio("service", "restart", "all", "avahi-daemon").count("active running enabled") == 3


_HOLD = """
import fcntl, time
locks = [open(path, "w") for path in ("/var/lib/apt/lists/lock", "/var/lib/dpkg/lock-frontend")]
for lock in locks:
    fcntl.lockf(lock, fcntl.LOCK_EX)
open("/run/held", "w").close()
time.sleep(12)
"""


def test_packages_wait_for_others_and_mend_what_was_cut_off(board: RigBoard, laptop: Laptop) -> None:
    laptop.add(board, "lab1")
    board.run("systemd-run", "--quiet", "python3", "-c", _HOLD)
    wait_until(lambda: board.run("sh", "-c", "ls /run/held || true"), "apt's locks are held")
    assert "install done: tmux" in laptop.helio("pkg", "install", "lab1", "tmux", "--yes")

    board.run("touch", "/var/lib/dpkg/updates/0001")  # what dpkg leaves when the power goes
    assert "dpkg was interrupted" in board.run("sh", "-c", "apt-get remove -y tmux 2>&1 || true")
    names = ("tmux", "no-such-package")
    assert "remove tmux" in laptop.helio("pkg", "remove", "lab1", *names, "--dry-run", status=2)
    assert "remove done" in laptop.helio("pkg", "remove", "lab1", *names, "--yes")
    assert "as it should be" in laptop.helio("pkg", "remove", "lab1", *names, "--yes")


async def test_an_offline_board_is_developed_on_from_the_laptop(
    board: RigBoard, laptop: Laptop, tmp_path: Path
) -> None:
    laptop.knows([board])
    board.go_offline()
    root = tmp_path / "demo"
    root.mkdir()
    (root / "board.toml").write_text('name = "demo"\nrequirements = "requirements.txt"\n')
    (root / "requirements.txt").write_text("iniconfig\n")
    (root / "main.py").write_text("import iniconfig\n\nn = 6 * 7\nprint(iniconfig.__name__, n)\n")
    said = laptop.helio("run", "board1", where=root, status=1)
    assert "helio board env sync board1 --offline" in said
    said = laptop.helio("env", "sync", "board1", "--offline", where=root)
    assert "bringing uv" in said
    assert "its environment is as the requirements say" in said
    assert "uv = " in board.run("cat", "/home/pi/.heliograph/apps/demo/venv/pyvenv.cfg")
    assert "iniconfig 42" in laptop.helio("run", "board1", where=root)

    wheel = await debugpy_wheel(None, KEPT / "cache" / "heliograph" / "wheels", lambda _: None)
    inventory = laptop.inventory
    async with (
        open_work(inventory, inventory.get("board1"), load(root)) as work,
        listening(work, await work.spec(), wheel, lambda *_: None) as (program, port),
        editor(port) as client,
    ):
        await client.attach(root, work.session.root, {4: ""})
        path, line, values, thread = await client.stopped()
        assert (Path(path), line, values["n"]) == (root / "main.py", 4, "42")
        await client.ask("continue", threadId=thread)
        assert await program.ended() == 0
