"""What the laptop knows of a project without any board: ignored files, manifests, board.toml, editors."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from xml.dom import minidom

import pytest

from heliograph.board.code.ide import EDITORS, Place
from heliograph.board.code.ignore import Ignores
from heliograph.board.code.manifest import Scanner, difference, mode_of
from heliograph.board.code.project import Project, find_root, load
from heliograph.board.code.template import project_files
from heliograph.board.code.watch import changes
from heliograph.errors import ConfigError

ROOT = Path(__file__).parents[2]
PLACE = Place("lab1", "/home/pi/.heliograph/apps/demo/src", 5678, "demo")


@pytest.mark.parametrize(
    ("rules", "ignored", "kept"),
    [
        ("*.log", ["a.log", "x/b.log"], ["a.logs", "log"]),
        ("/build", ["build", "build/x"], ["x/build"]),
        ("data/", ["data/x"], []),
        ("a/b", ["a/b"], ["x/a/b"]),
        ("**/tmp", ["tmp", "x/y/tmp"], ["tmpx"]),
        ("x/**", ["x/y", "x/y/z"], ["y"]),
        ("a/**/b", ["a/b", "a/x/y/b"], ["a/bx"]),
        ("*.txt\n!keep.txt", ["a.txt"], ["keep.txt"]),
        ("dir\n!dir/keep", ["dir/keep"], []),
        ("file[0-9].c", ["file1.c"], ["filex.c", "file10.c"]),
        ("file[!0-9].c", ["filex.c"], ["file1.c"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("\\#one\n\\!two\n# a comment\n\n", ["#one", "!two"], ["one", "two"]),
        ("trailing   \nspace\\ ", ["trailing", "space "], ["space"]),
        ("(a+b).$^|", ["(a+b).$^|"], ["aab"]),
        ("[", ["["], []),
    ],
    ids=range(16),
)
def test_ignore_rules_are_those_of_git(rules: str, ignored: list[str], kept: list[str]) -> None:
    ignores = Ignores(()).below("", rules)
    assert [path for path in ignored if not ignores.match_below(path)] == []
    assert [path for path in kept if ignores.match_below(path)] == []


def test_rules_of_a_folder_hold_in_it_and_the_nearer_ones_win(tmp_path: Path) -> None:
    for name in (
        "a.bin",
        "sub/a.bin",
        "sub/b.bin",
        "other/b.bin",
        "venv/x",
        ".git/config",
        "m/__pycache__/m.pyc",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / ".gitignore").write_text("*.bin\n")
    (tmp_path / "sub/.boardignore").write_text("!a.bin\n")
    entries = Scanner(tmp_path, Ignores.of_project(["other/"])).scan().entries
    assert {name for name, entry in entries.items() if entry.kind == "f"} == {
        ".gitignore",
        "sub/.boardignore",
        "sub/a.bin",
    }


def test_a_file_is_read_again_only_when_it_may_have_changed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    os.utime(path, (1000, 1000))
    scanner = Scanner(tmp_path, Ignores(()))
    first = scanner.scan().entries
    path.write_text("two")
    os.utime(path, (1000, 1000))
    assert scanner.scan().entries == first
    assert scanner.scan(checksum=True).entries != first
    young = Scanner(tmp_path, Ignores(()), clock=lambda: 1001.0)
    young.scan()
    assert young.known == {}


def test_the_difference_of_two_manifests(tmp_path: Path) -> None:
    scanner = Scanner(tmp_path, Ignores(()))
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    before = scanner.scan().entries
    (tmp_path / "a").unlink()
    (tmp_path / "b").chmod(0o700)
    (tmp_path / "d").write_text("d")
    found = difference(before, scanner.scan().entries)
    assert (sorted(found.set), found.gone) == (["b", "d"], ("a",))
    assert not difference(before, before)


def test_sockets_are_told_and_not_sent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert Scanner(tmp_path, Ignores(())).scan().skipped == ["pipe"]


def test_windows_gives_scripts_the_permission_that_it_has_not(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("#!/bin/sh\n")
    (tmp_path / "data").write_text("x")
    assert mode_of(tmp_path / "run", 0o666, windows=True) == 0o755
    assert mode_of(tmp_path / "data", 0o666, windows=True) == 0o644
    assert mode_of(tmp_path / "data", 0o100640, windows=False) == 0o640


def test_init_makes_what_load_reads(tmp_path: Path) -> None:
    root = tmp_path / "My project!"
    root.mkdir()
    (root / "requirements.txt").write_text("")
    for name, text in project_files(root).items():
        (root / name).write_text(text)
    project = load(root)
    assert (project.name, project.entry, project.requirements) == (
        "My-project",
        "main.py",
        "requirements.txt",
    )
    assert find_root(root) == root
    with pytest.raises(ConfigError, match="is there already"):
        project_files(root)


def test_the_documented_board_toml_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs/develop-on-boards.md").read_text()
    text = page.split("```toml\n")[1].split("```")[0]
    (tmp_path / "board.toml").write_text(text)
    project = load(tmp_path)
    assert project.command == ("main.py", "--site", "north")
    assert project.service.memory_bytes == 100 * 2**20
    default = Project(tmp_path, "x")
    service = dict.fromkeys(default.service.__slots__)
    assert tomllib.loads(text)["service"].keys() == service.keys()
    assert tomllib.loads(text)["health"].keys() == set(default.health.__slots__)
    assert (project.health.http, project.health.up_seconds) == ("http://127.0.0.1:8000/health", 5.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entri = 'x'", "entri is unknown; did you mean entry?"),
        ("name = 'a b'", "name is up to 40"),
        ("args = 'x'", "args expects a list"),
        ("folder = 'x'", "folder is a path from / or ~/"),
        ("folder = '/x/../y'", "folder is a path from / or ~/"),
        ("reload = 'x'", "reload is one of restart, signal, no"),
        ("[env]\nA = 1", "env has lines as NAME"),
        ("[service]\nmemory = 'much'", "memory is wrong: a size such as"),
        ("[service]\ncpu = '50'", "cpu is a share of one core as 50%"),
        ("[service]\nrestart_seconds = -1", "restart_seconds is a number of seconds"),
        ("[health]\nhttp = 'localhost:8000'", "http is an address as http://127.0.0.1:8000/health"),
        ("[health]\ncomand = 'true'", "comand is unknown; did you mean command?"),
        ("= 1", "is not TOML"),
    ],
    ids=range(13),
)
def test_a_wrong_board_toml_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "board.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"board.toml: ") as caught:
        load(tmp_path)
    assert said in str(caught.value)


def test_no_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="helio board init makes one"):
        find_root(tmp_path)


def test_vscode_gets_both_paths_and_keeps_what_others_wrote(tmp_path: Path) -> None:
    (tmp_path / ".vscode").mkdir()
    others = {"version": "0.2.0", "configurations": [{"name": "mine"}, {"name": "Board: lab1"}], "inputs": []}
    (tmp_path / ".vscode/launch.json").write_text(json.dumps(others))
    files = EDITORS["vscode"](tmp_path, PLACE)
    launch = json.loads(files[".vscode/launch.json"])
    assert [one["name"] for one in launch["configurations"]] == ["mine", "Board: lab1"]
    assert launch["inputs"] == []
    written = launch["configurations"][1]
    assert written["pathMappings"] == [{"localRoot": "${workspaceFolder}", "remoteRoot": PLACE.remote_root}]
    task = json.loads(files[".vscode/tasks.json"])["tasks"][0]
    assert task["label"] == written["preLaunchTask"]
    (tmp_path / ".vscode/tasks.json").write_text("{ // a comment\n}")
    with pytest.raises(ConfigError, match="not plain JSON"):
        EDITORS["vscode"](tmp_path, PLACE)


@pytest.mark.parametrize("editor", ["pycharm", "pydev"])
def test_the_files_of_other_editors_are_xml(tmp_path: Path, editor: str) -> None:
    files = EDITORS[editor](tmp_path, PLACE)
    for text in files.values():
        minidom.parseString(text)  # noqa: S318 - our own text
    assert any(PLACE.remote_root in text or "--pydevd 127.0.0.1:5678" in text for text in files.values())


def test_programs_for_boards_are_python_3_7() -> None:
    for path in (ROOT / "src/heliograph/board/remote").glob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 7))


async def test_a_save_is_one_burst_and_ignored_files_are_none(tmp_path: Path) -> None:
    stop = asyncio.Event()
    bursts = changes(tmp_path, lambda: Ignores.of_project(["*.log"]), stop=stop)
    async with asyncio.TaskGroup() as group:
        heard = group.create_task(_first(bursts))
        while not heard.done():
            (tmp_path / "noise.log").write_text("x")
            (tmp_path / "main.py").write_text("print(1)\n")
            await asyncio.sleep(0)
        stop.set()
    assert heard.result() == {"main.py"}


async def _first(bursts: AsyncIterator[set[str]]) -> set[str]:
    async for burst in bursts:
        return set(burst)
    raise AssertionError
