"""What runs on a board: output, exit status, input, an end with the link, and nothing left behind."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from heliograph.board.code.ignore import Ignores
from heliograph.board.code.manifest import Scanner
from heliograph.board.code.project import Project, Service
from heliograph.board.running.runner import Runner, open_runner
from heliograph.board.running.spec import Spec, spec_of
from heliograph.board.ssh import Link, connect
from heliograph.board.sync.session import open_session
from heliograph.board.sync.syncing import Syncing
from heliograph.errors import BoardError
from tests.net.sshd import Sshd, needs_linux, needs_sshd, running_sshd

pytestmark = [needs_sshd, needs_linux]

MAIN = """\
import os, subprocess, sys
print("hello", sys.argv[1:], os.environ.get("SITE"), os.environ.get("SECRET"))
print("oh", file=sys.stderr)
sys.exit(3)
"""
FAMILY = """\
import os, subprocess, sys, time
subprocess.Popen(["setsid", "sleep", "987654"])
print("ready", flush=True)
time.sleep(1000)
"""
ECHO = """\
import sys
for line in sys.stdin:
    print("got", line.strip(), flush=True)
print("end")
"""
POLITE = """\
import os, signal, sys, time
# Not print: the signal may come while the one below has not returned yet, and Python forbids both at once.
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"bye\\n"), sys.exit(0)))
os.write(1, b"ready\\n")
while True:
    time.sleep(1)
"""


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
async def link(sshd: Sshd) -> AsyncIterator[Link]:
    shutil.rmtree(sshd.home)
    sshd.home.mkdir()
    async with connect(sshd.inventory, sshd.board) as opened:
        yield opened


class Heard:
    """What a program wrote, and a way to wait for a part of it."""

    def __init__(self) -> None:
        self.text = {"out": b"", "err": b""}
        self._news = asyncio.Event()

    def __call__(self, stream: str, data: bytes) -> None:
        self.text[stream] += data
        self._news.set()

    async def until(self, part: bytes) -> None:
        async with asyncio.timeout(240):
            while part not in self.text["out"]:
                self._news.clear()
                await self._news.wait()


async def placed(link: Link, root: Path, program: str) -> Spec:
    """Put a program on the board, and return what runs it."""
    root.mkdir(exist_ok=True)
    (root / "main.py").write_text(program)
    project = Project(root, "demo", args=("a b",), env={"SITE": "plant"}, service=Service(stop_seconds=60))
    async with open_session(link, "demo") as session:
        await Syncing(session, Scanner(root, Ignores.of_project())).all()
        return spec_of(project, session, await session.facts("python3"), {})


def processes(word: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if word.encode() in words:
                found.append(int(entry.name))
    return found


async def there(word: str) -> None:
    """Wait for a process: a child has its parent's words until it runs its own program."""
    async with asyncio.timeout(120):
        while not processes(word):
            await asyncio.sleep(0.02)


async def gone(word: str) -> None:
    async with asyncio.timeout(120):
        while processes(word):
            await asyncio.sleep(0.05)


async def test_output_arguments_variables_and_status(link: Link, tmp_path: Path) -> None:
    spec = await placed(link, tmp_path / "p", MAIN)
    secrets = Path(spec.secrets)
    secrets.write_text('SECRET="a \\"b\\" $c"\n')
    heard = Heard()
    async with open_runner(link, heard) as runner:
        await runner.start(spec)
        assert await runner.ended() == 3
    assert heard.text == {"out": b"hello ['a b'] plant a \"b\" $c\n", "err": b"oh\n"}


async def test_nothing_is_left_behind(link: Link, tmp_path: Path) -> None:
    spec = await placed(link, tmp_path / "p", FAMILY)
    heard = Heard()
    async with open_runner(link, heard) as runner:
        await runner.start(spec)
        await heard.until(b"ready")
        await there("987654")
    await gone("987654")
    assert not processes(spec.cwd)


async def test_a_laptop_that_vanishes_ends_the_program(sshd: Sshd, link: Link, tmp_path: Path) -> None:
    spec = await placed(link, tmp_path / "p", FAMILY)
    heard = Heard()
    with pytest.raises(BoardError, match="the connection broke"):
        async with connect(sshd.inventory, sshd.board) as other, open_runner(other, heard) as runner:
            await runner.start(spec)
            await heard.until(b"ready")
            other.connection.abort()
            await runner.ended()
    await gone("987654")


async def test_input_reaches_the_program(link: Link, tmp_path: Path) -> None:
    spec = await placed(link, tmp_path / "p", ECHO)
    heard = Heard()
    async with open_runner(link, heard) as runner:
        await runner.start(spec, stdin=True)
        await runner.type(b"one\ntwo\n")
        await runner.type(b"")
        assert await runner.ended() == 0
    assert heard.text["out"] == b"got one\ngot two\nend\n"


async def test_a_restart_asks_first(link: Link, tmp_path: Path) -> None:
    spec = await placed(link, tmp_path / "p", POLITE)
    heard = Heard()
    async with open_runner(link, heard) as runner:
        await runner.start(spec)
        await heard.until(b"ready")
        await runner.start(spec)
        await heard.until(b"ready\nbye\nready\n")
        runner.signal("INT")
        assert await runner.ended() == 128 + signal.SIGINT
        assert b"KeyboardInterrupt" in heard.text["err"]


async def test_a_command_that_is_not_there(link: Link, tmp_path: Path) -> None:
    spec = await placed(link, tmp_path / "p", MAIN)

    async def start(runner: Runner, *words: str) -> int:
        await runner.start(spec.command_line(words))
        return await runner.ended()

    async with open_runner(link, Heard()) as runner:
        with pytest.raises(BoardError, match="no-such-thing: No such file or directory; is it installed"):
            await start(runner, "no-such-thing")
        assert await start(runner, "python", "-c", "import sys; sys.exit(5)") == 5
        assert await start(runner, "sh", "-c", "exit 6") == 6
