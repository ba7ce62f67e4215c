"""The small parts of ``helio board``: units, secrets, lines of many boards, keys, ports, paths."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import shlex
from pathlib import Path

import pytest

from heliograph.board.code.project import Project, Service
from heliograph.board.debugging.wheel import checked_wheel, pydevd_in
from heliograph.board.folders.sharing import cifs_command
from heliograph.board.inventory import Board, Inventory
from heliograph.board.remote.runner import read_secrets
from heliograph.board.running import secrets
from heliograph.board.running.runner import split_events
from heliograph.board.running.service import debug_text, quoted, unit_text
from heliograph.board.running.spec import Spec
from heliograph.board.sync.session import Facts
from heliograph.cli.board import configure
from heliograph.cli.boards.cp import split
from heliograph.cli.boards.debug import loopback_port
from heliograph.cli.boards.forward import ports
from heliograph.cli.boards.keys import windows_keys
from heliograph.cli.boards.lines import Lines, Rows
from heliograph.cli.boards.logs import since
from heliograph.cli.boards.mount import place_of
from heliograph.cli.boards.typed import typed
from heliograph.errors import ConfigError

FACTS = Facts(
    "pi",
    systemd=True,
    sudo=("sudo", "-n"),
    python="/usr/bin/python3",
    environment=None,
    version=(3, 11),
    machine="aarch64",
)
SPEC = Spec(
    ("/usr/bin/python3", "-u", "main.py", "50%", "$HOME", 'a "b"'),
    "/home/pi/app",
    {"SITE": 'plant "2" 100%'},
    "/home/pi/secrets.env",
    FACTS,
    Service(memory="100MiB", cpu="50%"),
    "demo",
)


def test_a_unit_says_all_and_means_it_literally() -> None:
    text = unit_text(SPEC)
    assert 'ExecStart=/usr/bin/python3 -u main.py 50%% $$HOME "a \\"b\\""' in text
    assert 'Environment="SITE=plant \\"2\\" 100%%"' in text
    for line in (
        "User=pi",
        "MemoryMax=104857600",
        "CPUQuota=50%",
        "StartLimitIntervalSec=0",
        "Restart=on-failure",
    ):
        assert f"\n{line}\n" in text
    debugged = debug_text(SPEC.debugged("/home/pi/d", wait=False).at_port(4711))
    assert (
        "ExecStart=\nExecStart=/usr/bin/python3 -Xfrozen_modules=off -m debugpy --listen 127.0.0.1:4711 main"
        in debugged
    )
    assert 'Environment="PYTHONPATH=/home/pi/d"' in debugged
    assert quoted("a'b") == '"a\'b"'


def test_a_frame_names_a_unit_of_its_own_where_there_is_systemd() -> None:
    frame = SPEC.frame(stdin=False)
    assert frame["unit"].startswith("heliograph-run-demo-")
    assert "MemoryMax=104857600" in frame["properties"]
    guard = SPEC.guarded("cat", "x").frame(stdin=False)
    assert (guard["unit"], guard["stdin"], guard["argv"][:3]) == ("", True, ["sudo", "-n", "sh"])


def test_pydevd_gets_the_paths_of_both_sides() -> None:
    spec = SPEC.connected_back("/d/pydevd.py", 4711, "C:\\work\\app")
    assert json.loads(spec.env["PATHS_FROM_ECLIPSE_TO_PYTHON"]) == [["C:\\work\\app", "/home/pi/app"]]
    module = Spec(("python3", "-m", "package", "x"), "/", {}, "", FACTS).connected_back(
        "/d/pydevd.py", 1, "/l"
    )
    assert module.argv[-4:] == ("--module", "--file", "package", "x")


@pytest.mark.parametrize(
    "value", ["plain", 'a "b" c', "back\\slash", "$HOME `x` 'y'", "", " blank "], ids=range(6)
)
def test_secrets_come_back_as_they_went(tmp_path: Path, value: str) -> None:
    text = secrets.changed("OTHER=1\nTOKEN=old\n", {"TOKEN": value})
    (tmp_path / "secrets.env").write_text(text)
    assert read_secrets(str(tmp_path / "secrets.env")) == {"OTHER": "1", "TOKEN": value}
    assert secrets.names(text) == ["OTHER", "TOKEN"]
    assert secrets.changed(text, {"TOKEN": None}) == "OTHER=1\n"


def test_secrets_of_several_lines_are_refused() -> None:
    with pytest.raises(ConfigError, match="one line of text"):
        secrets.line("KEY", "a\nb")
    with pytest.raises(ConfigError, match="no digit first"):
        secrets.line("1KEY", "a")


def test_what_the_runner_says_is_told_from_what_the_program_writes() -> None:
    data = b'abc\x1emark {"started": 1, "port": 0}\ndef\x1eother\n'
    text, events = b"", []
    rest = b""
    for at in range(len(data)):
        piece, found, rest = split_events(rest + data[at : at + 1], b"mark")
        text += piece
        events += found
    assert (text + rest, events) == (b"abcdef\x1eother\n", [{"started": 1, "port": 0}])


def test_lines_are_whole_and_long_ones_are_cut() -> None:
    heard: list[tuple[str, str]] = []
    lines = Lines(lambda name, line: heard.append((name, line)))
    lines.feed("a", "out", b"one\ntw")
    lines.feed("a", "err", b"error\r\n")
    lines.feed("a", "out", b"o\nrest")
    lines.feed("b", "out", b"x" * 70_000)
    lines.flush()
    assert heard == [("a", "one"), ("a", "error"), ("a", "two"), ("b", "x" * 70_000), ("a", "rest")]


def shown(names: list[str], width: int, lines: list[tuple[float, str, str]]) -> list[str]:
    out = io.StringIO()
    times = iter([at for at, _, line in lines for _ in range(max(1, -(-len(line) // 36)))])
    rows = Rows(names, out=out, width=width, colours=False, clock=lambda: next(times))
    for _at, name, line in lines:
        rows.add(name, line)
    return out.getvalue().splitlines()


def test_logs_stand_side_by_side_where_there_is_room() -> None:
    rows = shown(["a", "b"], 75, [(1.0, "a", "left"), (1.05, "b", "right"), (2.0, "b", "later")])
    assert rows[0] == "a" + " " * 35 + " │ b" + " " * 35
    assert rows[1] == "left" + " " * 32 + " │"
    assert rows[2] == "left" + " " * 32 + " │ right"
    assert rows[3] == " " * 36 + " │ later"
    assert shown(["a", "bb"], 60, [(1.0, "a", "left"), (1.0, "bb", "right")]) == ["a  │ left", "bb │ right"]
    assert shown(["a"], 0, [(1.0, "a", "alone")]) == ["alone"]


async def test_keys_of_a_windows_console() -> None:
    waiting = list("r\x00Hq")
    keys = windows_keys(lambda: bool(waiting), lambda: waiting.pop(0))
    assert [await anext(keys), await anext(keys)] == ["r", "q"]
    await keys.aclose()  # type: ignore[attr-defined]
    waiting[:] = ["\x03"]
    with pytest.raises(KeyboardInterrupt):
        await anext(windows_keys(lambda: bool(waiting), lambda: waiting.pop(0)))


async def test_input_ends_with_nothing() -> None:
    pieces = iter([b"one\n", b"two\n", b""])
    async with asyncio.timeout(120):
        assert [piece async for piece in typed(lambda: next(pieces))] == [b"one\n", b"two\n", b""]


def test_ports_and_places() -> None:
    assert (ports("3389"), ports("18086:8086")) == ((3389, 3389), (18086, 8086))
    assert (loopback_port("5678"), loopback_port("localhost:5678")) == (5678, 5678)
    assert place_of(None, "my app", "/home/pi") == "/home/pi/laptop/my-app"
    assert place_of("~/x", "", "/home/pi") == "/home/pi/x"
    assert (since("1h"), since("yesterday")) == ("-3600s", "yesterday")
    for wrong in ("0", "70000", "x", "1:2:3"):
        with pytest.raises(ConfigError, match="PORT or HERE:THERE"):
            ports(wrong)
    with pytest.raises(ConfigError, match="loopback"):
        loopback_port("10.0.0.7:5678")
    with pytest.raises(ConfigError, match="from / or ~/"):
        place_of("x", "", "/home/pi")


def test_cp_tells_boards_from_paths(tmp_path: Path) -> None:
    inventory = Inventory(tmp_path)
    inventory.put(Board("lab1", "lab1.local"))
    assert split("lab1:/var/log", inventory) == ("lab1", "/var/log")
    assert split("lab1:", inventory) == ("lab1", ".")
    for here in ("file", "./a:b", "C:\\data", "x/y:z"):
        assert split(here, inventory) == (None, here)
    with pytest.raises(ConfigError, match="no board 'lab2'"):
        split("lab2:x", inventory)


def test_the_command_of_a_share() -> None:
    command = cifs_command(
        "//laptop/my share", "/home/pi/x y", FACTS, domain="SCHOOL", credentials="/home/pi/c"
    )
    assert shlex.split(command) == [
        *("sudo", "-n", "mount", "-t", "cifs", "//laptop/my share", "/home/pi/x y", "-o"),
        "credentials=/home/pi/c,domain=SCHOOL,vers=3.11,uid=pi,gid=pi,iocharset=utf8",
    ]
    with pytest.raises(ConfigError, match="//laptop/folder"):
        cifs_command("laptop", "/x", FACTS, domain=None, credentials="/c")


def test_what_stands_behind_two_dashes_is_a_command() -> None:
    parser = argparse.ArgumentParser()
    configure(parser)
    args = parser.parse_args(["run", "lab1", "@edge", "--no-sync", "--", "python", "-v", "--", "--service"])
    assert (args.targets, args.words, args.service) == (
        ["lab1", "@edge"],
        ["python", "-v", "--", "--service"],
        False,
    )
    assert parser.parse_args(["exec", "lab1"]).words == []


def test_what_is_no_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        checked_wheel(tmp_path / "x.whl")
    (tmp_path / "debugpy-1.whl").write_text("x")
    with pytest.raises(ConfigError, match="is no wheel"):
        checked_wheel(tmp_path / "debugpy-1.whl")
    from zipfile import ZipFile

    wheel = tmp_path / "other-1-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("other/x.py", "")
    assert checked_wheel(wheel) == wheel
    with pytest.raises(ConfigError, match="no pydevd"):
        pydevd_in(wheel)


def test_a_project_may_be_a_package() -> None:
    assert Project(Path(), "x", entry="-m app", args=("y",)).command == ("-m", "app", "y")
