"""A sync makes a board's folder what the project is, and touches nothing that it did not write."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from heliograph.board.code.ignore import Ignores
from heliograph.board.code.manifest import Scanner
from heliograph.board.code.syntax import NotPython
from heliograph.board.ssh import Link, connect
from heliograph.board.sync.session import Moved, Session, open_session
from heliograph.board.sync.syncing import Syncing
from heliograph.errors import BoardUnfit
from tests.net.sshd import Sshd, needs_linux, needs_sshd, running_sshd

ODD = ["new\nline", "blank end ", "-rf", "ünïcode", "quo'te\"s", "$(touch x)", "back\\slash", "a" * 200]


pytestmark = [needs_sshd, needs_linux]


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


@pytest.fixture
async def session(link: Link) -> AsyncIterator[Session]:
    async with open_session(link, "demo") as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write(root / "main.py", "print(1)\n")
    write(root / "lib/one.py", "ONE = 1\n")
    write(root / "lib/two.py", "TWO = 2\n")
    write(root / "run.sh", "#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "empty").mkdir()
    (root / "link").symlink_to("lib/one.py")
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def syncing(session: Session, root: Path) -> Syncing:
    return Syncing(session, Scanner(root, Ignores.of_project()))


def tree(root: Path) -> dict[str, tuple[str, int, str]]:
    found = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = ("link", 0, str(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", mode, "")
        else:
            found[name] = ("file", mode, hashlib.sha256(path.read_bytes()).hexdigest())
    return found


async def test_the_board_has_what_the_project_has(session: Session, project: Path) -> None:
    for number, name in enumerate(ODD):
        write(project / "odd" / name / name, f"{number}")
    (project / os.fsdecode(b"latin-\xe9")).write_text("x")
    synced = await syncing(session, project).all()
    assert tree(Path(session.root)) == tree(project)
    assert synced.version == 1
    again = await syncing(session, project).all()
    assert not again
    assert (again.version, again.sent_bytes) == (1, 0)


async def test_what_changes_is_sent_and_nothing_else(session: Session, project: Path) -> None:
    here = syncing(session, project)
    await here.all()
    untouched = (Path(session.root) / "lib/two.py").stat()
    write(project / "lib/one.py", "ONE = 11\n")
    (project / "run.sh").chmod(0o644)
    (project / "lib/three.py").write_text("")
    (project / "link").unlink()
    (project / "link").symlink_to("nowhere")
    synced = await here.changes()
    assert tree(Path(session.root)) == tree(project)
    assert synced.sent_bytes == len("ONE = 11\n") + len("#!/bin/sh\n")
    assert (Path(session.root) / "lib/two.py").stat() == untouched
    assert not await here.changes()


async def test_a_renamed_folder_is_not_sent_again(session: Session, project: Path) -> None:
    (project / "big.bin").write_bytes(os.urandom(300_000))
    here = syncing(session, project)
    await here.all()
    (project / "big.bin").rename(project / "lib/large.bin")
    (project / "lib").rename(project / "library")
    shutil.copy(project / "library/large.bin", project / "twin.bin")
    synced = await here.all()
    assert synced.sent_bytes == 0
    assert tree(Path(session.root)) == tree(project)
    inodes = {(Path(session.root) / name).stat().st_ino for name in ("library/large.bin", "twin.bin")}
    assert len(inodes) == 2


async def test_only_what_a_sync_wrote_is_deleted(session: Session, project: Path) -> None:
    here = syncing(session, project)
    await here.all()
    board = Path(session.root)
    write(board / "lib/readings.csv", "1,2,3\n")
    write(board / "lib/__pycache__/one.cpython-311.pyc", "compiled")
    shutil.rmtree(project / "lib")
    (project / "main.py").unlink()
    synced = await here.all()
    assert synced.deleted == 4
    assert (board / "lib/readings.csv").read_text() == "1,2,3\n"
    assert not (board / "main.py").exists()
    assert not (board / "lib/one.py").exists()
    assert not (board / "lib/__pycache__/one.cpython-311.pyc").exists()


async def test_files_folders_and_links_take_each_others_places(session: Session, project: Path) -> None:
    here = syncing(session, project)
    await here.all()
    shutil.rmtree(project / "lib")
    write(project / "lib", "a file now\n")
    (project / "run.sh").unlink()
    write(project / "run.sh/inside", "a folder now\n")
    (project / "empty").rmdir()
    (project / "empty").symlink_to("/etc")
    await here.changes()
    assert tree(Path(session.root)) == tree(project)
    (project / "empty").unlink()
    write(project / "empty/passwd", "not the system's\n")
    await here.changes()
    assert tree(Path(session.root)) == tree(project)
    assert "not the system's" not in Path("/etc/passwd").read_text()


async def test_what_was_changed_on_the_board_is_set_aside(session: Session, project: Path) -> None:
    here = syncing(session, project)
    await here.all()
    board = Path(session.root)
    (board / "main.py").unlink()
    write(board / "main.py", "print('fixed on the board')\n")
    write(board / "new.py", "a stranger\n")
    write(project / "new.py", "NEW = 1\n")
    _scan, preview = await here.preview()
    assert set(preview.edited) == {"main.py", "new.py"}
    synced = await here.all()
    assert tree(board) == tree(project)
    kept = {Path(place).name: Path(place).read_text() for place in synced.aside}
    assert kept == {"main.py": "print('fixed on the board')\n", "new.py": "a stranger\n"}


async def test_an_edit_in_place_is_seen(session: Session, project: Path) -> None:
    here = syncing(session, project)
    await here.all()
    place = Path(session.root) / "main.py"
    before = place.stat()
    place.write_text("print(2)\n")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not (await here.preview())[1]
    assert (await here.preview(checksum=True))[1].edited == ("main.py",)
    await here.all(checksum=True)
    assert tree(Path(session.root)) == tree(project)


async def test_a_link_on_the_board_leads_nothing_out(session: Session, project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (Path(session.root) / "lib").symlink_to(outside)
    await syncing(session, project).all()
    assert list(outside.iterdir()) == []
    assert tree(Path(session.root)) == tree(project)


async def test_a_folder_without_permission_to_write_takes_what_is_new(
    session: Session, project: Path
) -> None:
    here = syncing(session, project)
    (project / "lib").chmod(0o555)
    await here.all()
    (project / "lib").chmod(0o755)
    write(project / "lib/three.py", "THREE = 3\n")
    (project / "lib").chmod(0o555)
    await here.changes()
    assert tree(Path(session.root)) == tree(project)
    (project / "lib").chmod(0o755)


async def test_broken_python_stops_a_sync_before_anything_moves(session: Session, project: Path) -> None:
    here = syncing(session, project)
    await here.all()
    before = tree(Path(session.root))
    write(project / "lib/one.py", "def broken(:\n")
    write(project / "main.py", "print(2)\n")
    with pytest.raises(NotPython, match=r"one.py:1: "):
        await here.changes()
    assert tree(Path(session.root)) == before


async def test_versions_come_back(session: Session, project: Path) -> None:
    here = syncing(session, project)
    board = Path(session.root)
    trees = []
    for number in (1, 2, 3):
        write(project / "main.py", f"print({number})\n")
        write(project / f"only-{number}.txt", "x")
        (project / f"only-{number - 1}.txt").unlink(missing_ok=True)
        assert (await here.all()).version == number
        trees.append(tree(board))
    assert (await session.rollback(None)).version == 2
    assert tree(board) == trees[1]
    assert (await session.rollback(None)).version == 1
    assert tree(board) == trees[0]
    with pytest.raises(BoardUnfit, match="no version to go back to; kept are"):
        await session.rollback(None)
    assert (await session.rollback(3)).version == 3
    assert tree(board) == trees[2]
    write(project / "main.py", "print(4)\n")
    assert (await here.all()).version == 4
    version, kept = await session.releases()
    assert version == 4
    assert [number for number, _at, _count in kept] == [1, 2, 3]


async def test_a_release_keeps_its_files_when_the_place_is_edited(session: Session, project: Path) -> None:
    here = syncing(session, project)
    await here.all()
    write(project / "main.py", "print(2)\n")
    await here.all()
    write(project / "main.py", "print(3)\n")
    await here.all()
    await session.rollback(1)
    assert (Path(session.root) / "main.py").read_text() == "print(1)\n"


async def test_two_laptops_do_not_mix(link: Link, session: Session, project: Path) -> None:
    here = syncing(session, project)
    await here.all()
    async with open_session(link, "demo") as other:
        write(project / "main.py", "print(2)\n")
        await syncing(other, project).all()
        with pytest.raises(Moved):
            scan = Scanner(project, Ignores.of_project()).scan()
            await session.patch(scan, {}, ["run.sh"])
    assert tree(Path(session.root)) == tree(project)
    write(project / "main.py", "print(3)\n")
    await here.changes()  # compares all again by itself
    assert tree(Path(session.root)) == tree(project)


async def test_saves_within_one_second_leave_no_stale_bytecode(link: Link, project: Path) -> None:
    write(project / "main.py", "import lib.one; print(lib.one.ONE)\n")
    (project / "lib/__init__.py").write_text("")
    async with open_session(link, "demo") as session:
        here = syncing(session, project)
        await here.all()
        for number in (2, 3, 4):
            write(project / "lib/one.py", f"ONE = {number}\n")
            await here.changes()
            assert (await link.check(f"python3 {session.root}/main.py")).text == str(number)


async def test_a_place_that_board_toml_names(link: Link, project: Path) -> None:
    async with open_session(link, "demo", folder="~/my apps/demo") as session:
        assert session.root.endswith("/home/my apps/demo")
        await syncing(session, project).all()
        assert tree(Path(session.root)) == tree(project)


async def test_a_program_that_ended_before_it_was_sent_says_why(link: Link) -> None:
    async with link.process("exit 127") as process:
        await process.wait_closed()
        session = Session(link, process, "python9", b"program")
        with pytest.raises(BoardUnfit, match="there is no python9 on it"):
            await session.open("demo", None)


async def test_no_python_is_said(link: Link) -> None:
    with pytest.raises(BoardUnfit, match="there is no python9 on it"):
        async with open_session(link, "demo", python="python9"):
            pass
