"""The loop of development over a real SSH server: saves, commands, copies, mounts, and links that break."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from heliograph.board.code.ignore import Ignores
from heliograph.board.code.manifest import Scanner
from heliograph.board.code.project import Project
from heliograph.board.code.template import project_files
from heliograph.board.folders.copying import get, put
from heliograph.board.folders.sharing import mounted
from heliograph.board.inventory import Board
from heliograph.board.running.dev import Options, develop
from heliograph.board.ssh import Link, connect
from heliograph.board.sync.session import open_session
from heliograph.board.sync.syncing import Syncing
from heliograph.errors import BoardError, BoardUnreachable
from tests.net.conftest import FULL
from tests.net.sshd import Sshd, needs_linux, needs_sshd, running_sshd

pytestmark = [needs_sshd, needs_linux]
SECONDS = 180.0
LARGE_BYTES = 200_000_000 if FULL else 24_000_000


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as running:
        running.name_also("lab2")
        yield running


@pytest.fixture
async def link(sshd: Sshd) -> AsyncIterator[Link]:
    async with connect(sshd.inventory, sshd.board) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path, sshd: Sshd) -> Project:
    shutil.rmtree(sshd.home / ".heliograph", ignore_errors=True)
    root = tmp_path / "project"
    root.mkdir()
    (root / "board.toml").write_text('name = "demo"\n')
    save(root, 1)
    return Project(root, "demo")


def save(root: Path, number: int) -> None:
    text = f"import time\nprint('version {number}', flush=True)\nwhile True:\n    time.sleep(1)\n"
    (root / "main.py").write_text(text)


class Shown:
    """A screen that remembers, and lets a test wait for a text."""

    def __init__(self) -> None:
        self.text = ""
        self._news = asyncio.Event()

    def output(self, board: Board, stream: str, data: bytes) -> None:
        del board, stream
        self._add(data.decode())

    def note(self, board: Board, text: str) -> None:
        self._add(f"[{board}] {text}\n")

    def _add(self, text: str) -> None:
        self.text += text
        self._news.set()

    async def until(self, part: str) -> None:
        async with asyncio.timeout(SECONDS):
            while part not in self.text:
                self._news.clear()
                await self._news.wait()


async def test_a_save_runs_there(sshd: Sshd, project: Project) -> None:
    shown = Shown()

    async def person(order: Callable[[str], None]) -> None:
        await shown.until("version 1\n")
        for number in (2, 3):
            save(project.root, number)
            await shown.until(f"version {number}\n")
        (project.root / "main.py").write_text("def broken(:\n")
        await shown.until("main.py:1: invalid syntax; nothing was sent, what runs goes on")
        save(project.root, 4)
        await shown.until("version 4\n")
        shown.text = ""
        order("restart")
        await shown.until("version 4\n")
        (project.root / "main.py").write_text("print('short')")
        await shown.until("ended with 0; a save or r starts it again")

    async with asyncio.timeout(SECONDS * 2):
        await develop(sshd.inventory, [sshd.board], project, screen=shown, options=Options(), keys=person)


async def test_dev_goes_on_after_a_link_broke(sshd: Sshd, project: Project) -> None:
    shown = Shown()

    async def person(order: Callable[[str], None]) -> None:
        del order
        await shown.until("version 1\n")
        sshd.cut()
        await shown.until("trying again")
        shown.text = ""
        save(project.root, 2)
        await shown.until("version 2\n")

    async with asyncio.timeout(SECONDS * 2):
        await develop(sshd.inventory, [sshd.board], project, screen=shown, options=Options(), keys=person)


async def test_a_link_that_breaks_leaves_whole_files_and_is_not_in_vain(sshd: Sshd, project: Project) -> None:
    (project.root / "large.bin").write_bytes(os.urandom(LARGE_BYTES))
    (project.root / "small.txt").write_text("small")

    def syncing(session: object) -> Syncing:
        return Syncing(session, Scanner(project.root, Ignores.of_project()))  # type: ignore[arg-type]

    sent = 0
    with pytest.raises(BoardUnreachable, match="the connection broke"):
        async with connect(sshd.inventory, sshd.board) as link, open_session(link, "demo") as session:

            def told(size: int) -> None:
                nonlocal sent
                sent += size
                if sent > LARGE_BYTES // 2:
                    link.connection.abort()

            await syncing(session).all(told=told)
    place = sshd.home / ".heliograph/apps/demo"
    assert list((place / "src").iterdir()) == []
    async with connect(sshd.inventory, sshd.board) as link, open_session(link, "demo") as session:
        synced = await syncing(session).all()
    assert (place / "src/large.bin").read_bytes() == (project.root / "large.bin").read_bytes()
    assert synced.sent_bytes < LARGE_BYTES


async def test_files_and_folders_go_both_ways(link: Link, sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "tree/below").mkdir(parents=True)
    (tmp_path / "tree/below/ä b.txt").write_text("one")
    (tmp_path / "tree/run").write_text("two")
    (tmp_path / "tree/run").chmod(0o755)
    home = str(sshd.home)
    assert await put(link, [tmp_path / "tree"], home) == (2, 6)
    assert (sshd.home / "tree/run").stat().st_mode & 0o777 == 0o755
    assert await put(link, [tmp_path / "tree/run"], f"{home}/tree/other") == (1, 3)
    assert await get(link, [f"{home}/tree"], tmp_path / "back") == (3, 9)
    assert (tmp_path / "back/below/ä b.txt").read_text() == "one"
    with pytest.raises(BoardError, match="there is no /nowhere on it"):
        await get(link, ["/nowhere"], tmp_path)


@pytest.mark.skipif(shutil.which("sshfs") is None, reason="sshfs is not installed (make test does it)")
@pytest.mark.skipif(not os.access("/dev/fuse", os.W_OK), reason="this machine has no FUSE")
async def test_a_folder_of_the_laptop_is_on_the_board(link: Link, sshd: Sshd, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "hello").write_text("from the laptop")
    (tmp_path / "secret").write_text("not shared")
    (folder / "way-out").symlink_to(tmp_path / "secret")
    place = f"{sshd.home}/laptop/shared"
    shown = Shown()
    async with mounted(link, folder, place, lambda stream, data: shown.output(sshd.board, stream, data)):
        await shown.until("mounted")
        assert (await link.check(f"cat {place}/hello")).text == "from the laptop"
        await link.check(f"echo from the board > {place}/answer && mkdir {place}/folder")
        assert (folder / "answer").read_text() == "from the board\n"
        assert (await link.run(f"cat {place}/way-out")).exit_status
        await link.run(f"ln -s ../secret {place}/second && cat {place}/second")
        assert "not shared" not in (await link.run(f"cat {place}/second {place}/../secret")).stdout.decode()
    assert f" {place} " not in Path("/proc/mounts").read_text()


def helio(sshd: Sshd, where: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "board", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=where,
        env=sshd.environment(),
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_commands_as_they_are_typed(sshd: Sshd, project: Project, tmp_path: Path) -> None:
    root = project.root
    status, out, _ = helio(sshd, root, "sync", "lab1", "--dry-run")
    assert (status, out.splitlines()[-1]) == (2, "lab1: 2 new, 0 changed, 0 gone, 0 as here; 0.1 kB to send")
    status, out, _ = helio(sshd, root, "sync", "lab1")
    assert (status, out.split(",")[0]) == (0, "lab1: 2 written")
    assert helio(sshd, root, "sync", "lab1", "--dry-run")[0] == 0
    (root / "tool.py").write_text("import sys\nprint(sys.argv[1:], input())\nsys.exit(4)\n")
    ran = helio(sshd, root, "run", "lab1", "--", "python", "tool.py", "--x", stdin="typed\n")
    assert (ran[0], ran[1]) == (4, "['--x'] typed\n")
    assert helio(sshd, root, "exec", "lab1", "--", "exit 7")[0] == 7
    status, out, _ = helio(sshd, root, "exec", "lab1", "lab2", "--", "echo", "a  b")
    assert (status, sorted(out.splitlines())) == (0, ["lab1 │ a  b", "lab2 │ a  b"])
    assert helio(sshd, root, "rollback", "lab1")[1].startswith("lab1: version 1 is in place")
    status, _, err = helio(sshd, root, "run", "lab1", "--service")
    assert status == 1
    assert "a service needs systemd" in err or "sudo" in err
    assert helio(sshd, root, "env", "set", "TOKEN", "lab1", stdin="x\n")[1] == "lab1: TOKEN is set\n"
    assert helio(sshd, root, "env", "ls", "lab1")[1] == "lab1: TOKEN\n"
    assert helio(sshd, root, "ide", "vscode", "lab1")[0] == 0
    assert helio(sshd, root, "mount", "lab1", "--smb", "//pc/share", "--dry-run")[1].count("vers=3.11") == 1
    empty = tmp_path / "empty"
    status, _, err = helio(sshd, tmp_path, "init", str(empty))
    assert status == 0
    assert sorted(path.name for path in empty.iterdir()) == sorted(project_files(tmp_path / "other"))
    assert "did you mean 'lab" in helio(sshd, root, "sync", "lab")[2]


def test_one_board_that_fails_stops_no_other(sshd: Sshd, project: Project) -> None:
    names = [f"many{number}" for number in range(18)]
    sshd.name_also(*names)
    gone = Board("gone", "127.0.0.1", 1, sshd.board.user)
    sshd.inventory.put(gone)
    shutil.copy(sshd.inventory.key_path(sshd.board), sshd.inventory.folder / "keys" / "gone")
    lines = (sshd.inventory.folder / "known_hosts").read_text()
    (sshd.inventory.folder / "known_hosts").write_text(
        lines + lines.splitlines()[0].replace("lab1", "gone", 1) + "\n"
    )
    sshd.inventory.write()
    command = 'test "$(cat turn 2>/dev/null)" = x || { echo x > turn; exit 3; }'
    status, _, err = helio(sshd, project.root, "exec", *names, "gone", "--", f"cd && rm -f turn; {command}")
    assert status == 1
    assert "gone" in err
    assert "failed, 1 of them not reachable" in err
