"""Debuggers stop on the board at lines of the laptop, on conditions too, and nothing is open but loopback.

::

    editor ─▶ 127.0.0.1 ══ SSH ══▶ 127.0.0.1 ◀─ debugpy ─ program
    debug server ◀─ 127.0.0.1 ◀══ SSH ══ 127.0.0.1 ◀─ pydevd ─ program
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from heliograph.board.code.project import Project
from heliograph.board.debugging.debugging import connected_back, listening
from heliograph.board.debugging.wheel import debugpy_wheel, installed_package
from heliograph.board.running.work import Work, open_work
from heliograph.errors import BoardError
from tests.net.dap import editor
from tests.net.pydev import debug_server
from tests.net.sshd import Sshd, needs_linux, needs_sshd, running_sshd

pytestmark = [needs_sshd, needs_linux]

PROGRAM = """\
import sys


def read_sensor(n):
    value = n * 2.5
    return value


for n in range(4):
    read_sensor(n)
print("done", file=sys.stderr)
"""
LINE = 6


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("wheels")
    return asyncio.run(debugpy_wheel(None, cache, lambda _: None))


@pytest.fixture
async def work(sshd: Sshd, tmp_path: Path) -> AsyncIterator[Work]:
    shutil.rmtree(sshd.home / ".heliograph" / "apps", ignore_errors=True)
    root = tmp_path / "project"
    root.mkdir()
    (root / "main.py").write_text(PROGRAM)
    async with open_work(sshd.inventory, sshd.board, Project(root, "demo")) as opened:
        await opened.syncing.all()
        yield opened


def local_listeners(port: int) -> set[str]:
    """Return the addresses, in the kernel's form, at which somebody listens on a port."""
    rows = [
        line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()
    ]
    return {row[1].split(":")[0] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}


@pytest.mark.parametrize("condition", ["", "n == 2"], ids=["plain", "conditional"])
async def test_debugpy_stops_at_a_line_of_the_laptop(work: Work, wheel: Path, condition: str) -> None:
    async with listening(work, await work.spec(), wheel, lambda *_: None) as (program, port):
        assert local_listeners(port) == local_listeners(program.port) == {"0100007F"}
        async with editor(port) as client:
            await client.attach(work.project.root, work.session.root, {LINE: condition})
            path, line, values, thread = await client.stopped()
            assert (Path(path), line) == (work.project.root / "main.py", LINE)
            assert values["value"] == ("5.0" if condition else "0.0")
            if not condition:
                await client.ask("setBreakpoints", source={"path": path}, breakpoints=[])
            await client.ask("continue", threadId=thread)
            assert await program.ended() == 0


@pytest.mark.parametrize("condition", ["None", "n == 2"], ids=["plain", "conditional"])
async def test_pydevd_connects_back_and_stops(work: Work, wheel: Path, condition: str) -> None:
    root = work.project.root
    async with (
        debug_server() as server,
        connected_back(work, await work.spec(), wheel, lambda *_: None, port=server.port) as program,
    ):
        await server.begin(root / "main.py", LINE, condition)
        stops = 1 if condition != "None" else 4
        for _stop in range(stops):
            thread, path, line = await server.suspended()
            assert (Path(path), line) == (root / "main.py", LINE)
            server.go_on(thread)
        assert await program.ended() == 0


async def test_a_program_that_cannot_start_says_so(work: Work, wheel: Path) -> None:
    spec = (await work.spec()).command_line(["python", "--no-such-option"])
    with pytest.raises(BoardError, match="ended with 2 before it listened"):
        async with listening(work, spec, wheel, lambda *_: None, wait=False):
            pass


async def test_a_wheel_is_made_of_what_is_installed(work: Work, tmp_path: Path) -> None:
    from heliograph.board.debugging.wheel import packed

    package = installed_package("debugpy")
    assert package is not None, "debugpy comes with what tests need"
    made = packed(package, tmp_path)
    async with (
        listening(work, await work.spec(), made, lambda *_: None) as (_program, port),
        editor(port) as client,
    ):
        await client.attach(work.project.root, work.session.root, {LINE: "n == 3"})
        assert (await client.stopped())[1] == LINE
