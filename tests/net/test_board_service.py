"""A program on a board booted by systemd: in a unit while we look, as a service, under a debugger."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from heliograph.board.code.project import load
from heliograph.board.debugging.debugging import service_listening
from heliograph.board.debugging.wheel import debugpy_wheel
from heliograph.board.running.runner import open_runner
from heliograph.board.running.work import open_work
from heliograph.errors import BoardUnreachable
from tests.net.conftest import FULL
from tests.net.dap import editor
from tests.net.rig.board import RigBoard
from tests.net.rig.image import KEPT
from tests.net.rig.lan import wait_until
from tests.net.rig.laptop import Laptop

UNIT = "heliograph-app-demo.service"
PROGRAM = """\
import os
import time


def beat(n):
    value = n * 2.5
    return value


n = 0
print("version 1", os.environ.get("TOKEN"), flush=True)
while True:
    n += 1
    beat(n)
    time.sleep(0.2)
"""
LINE = 7


def project(folder: Path) -> Path:
    root = folder / "demo"
    root.mkdir()
    (root / "main.py").write_text(PROGRAM)
    (root / "board.toml").write_text('name = "demo"\n[service]\nrestart_seconds = 0.2\nmemory = "200MiB"\n')
    return root


def is_active(board: RigBoard) -> bool:
    return board.run("systemctl", "is-active", UNIT, check=False).strip() == "active"


def main_pid(board: RigBoard) -> int:
    return int(board.run("systemctl", "show", "--property=MainPID", "--value", UNIT))


def units(board: RigBoard) -> str:
    return board.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "heliograph-*")


def test_a_program_becomes_a_service(board: RigBoard, laptop: Laptop, tmp_path: Path) -> None:
    laptop.add(board, "lab1")
    root = project(tmp_path)
    command = ["python", "-c", "print(open('/proc/self/cgroup').read())"]
    assert "heliograph-run-demo-" in laptop.helio("run", "lab1", "--", *command, where=root)
    assert "heliograph" not in units(board)

    laptop.helio("run", "lab1", "--service", where=root)
    wait_until(lambda: is_active(board), "the service runs")
    assert "MemoryMax=209715200" in board.run("systemctl", "show", "--property=MemoryMax", UNIT)

    laptop.helio("env", "set", "TOKEN", "lab1", stdin='se"cr et\n', where=root)
    secrets = "/home/pi/.heliograph/apps/demo/secrets.env"
    assert board.run("stat", "-c", "%a %U", secrets) == "600 pi\n"
    wait_until(lambda: 'version 1 se"cr et' in laptop.helio("logs", "lab1", where=root), "it has its secret")
    assert "se" not in laptop.helio("env", "ls", "lab1", where=root).replace("version", "")

    before = main_pid(board)
    board.run("kill", "-9", str(before))
    wait_until(lambda: is_active(board) and main_pid(board) not in (0, before), "it is started again")

    (root / "main.py").write_text(PROGRAM.replace("version 1", "version 2"))
    laptop.helio("run", "lab1", "--service", where=root)
    wait_until(lambda: "version 2" in laptop.helio("logs", "lab1", where=root), "the new version runs")
    assert "its service was started anew" in laptop.helio("rollback", "lab1", where=root)
    assert "version 1" in board.run("cat", "/home/pi/.heliograph/apps/demo/src/main.py")

    board.power_cycle()
    wait_until(lambda: is_active(board), "it runs after a boot")
    laptop.helio("run", "lab1", "--remove", where=root)
    assert board.run("systemctl", "show", "--property=LoadState", "--value", UNIT) == "not-found\n"


async def test_a_service_stops_at_lines_of_the_laptop(
    board: RigBoard, laptop: Laptop, tmp_path: Path
) -> None:
    laptop.add(board, "lab1")
    root = project(tmp_path)
    laptop.helio("run", "lab1", "--service", where=root)
    wheel = await debugpy_wheel(None, KEPT / "cache" / "heliograph" / "wheels", lambda _: None)
    inventory = laptop.inventory
    for number in range(1, 11 if FULL else 3):
        async with (
            open_work(inventory, inventory.get("lab1"), load(root)) as work,
            service_listening(work, await work.spec(), wheel, lambda *_: None) as (_guard, port),
            editor(port) as client,
        ):
            await client.attach(root, work.session.root, {LINE: f"n % 5 == {number % 5}"})
            path, line, values, _thread = await client.stopped()
            assert (Path(path), line) == (root / "main.py", LINE)
            assert int(values["n"]) % 5 == number % 5
            await client.ask("disconnect", terminateDebuggee=False)
        wait_until(lambda: is_active(board), "the service runs as before")
        assert "debugpy" not in board.run("systemctl", "cat", UNIT)
        assert "debugpy" not in board.run("ps", "-eo", "args")


@pytest.mark.skipif(not FULL, reason="waits for a silence of twenty seconds: make test-boards")
async def test_a_cut_link_ends_what_the_laptop_started(
    board: RigBoard, laptop: Laptop, tmp_path: Path
) -> None:
    laptop.add(board, "lab1")
    root = project(tmp_path)
    inventory = laptop.inventory
    with pytest.raises(BoardUnreachable):
        async with open_work(inventory, inventory.get("lab1"), load(root)) as work:
            await work.syncing.all()
            async with open_runner(work.link, lambda *_: None) as runner:
                await runner.start(await work.spec())
                wait_until(lambda: "heliograph-run-demo-" in units(board), "it runs")
                board.cut()
                async with asyncio.timeout(120):
                    await runner.ended()
    wait_until(lambda: "heliograph" not in units(board), "nothing is left", within=120)
    board.heal()
