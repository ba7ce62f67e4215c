"""The shell of ``helio query`` at a real terminal with a real hub."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.real.hub_process import HubProcess
from tests.real.terminal import Terminal

BASE_NS = 1_790_000_000_000_000_000
NEVER_ENDS = "SELECT count(*) FROM range(1000000000000)"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub with two buckets."""
    long = ("--set", "limits.query_seconds=600")
    with HubProcess(tmp_path_factory.mktemp("shell") / "hub", "--no-agent", *long) as running:
        assert running.write(f"climate,room=kitchen temperature=21.5 {BASE_NS}") == 204
        running.request("POST", "/api/buckets", {"name": "laboratory", "keep_seconds": 0})
        assert running.write(f"pressure p=3i {BASE_NS}", bucket="laboratory") == 204
        yield running


@pytest.fixture
def shell(hub: HubProcess, tmp_path: Path) -> Iterator[Terminal]:
    """The shell with a history of its own, as on another machine."""
    environment = hub.environment | {
        "HELIO_HOME": str(tmp_path / "home"),
        "HELIO_URL": hub.http_url,
        "HELIO_TOKEN": hub.token,
    }
    with Terminal(environment, "query") as terminal:
        terminal.expect("telegraf>")
        yield terminal


def test_names_are_completed_and_questions_answered(shell: Terminal) -> None:
    shell.type("SELECT temp\t")
    shell.expect("erature")
    shell.type(" FROM cli\t")
    shell.expect("mate")
    shell.type("\r")
    assert "21.5" in shell.expect("(1 row)")
    shell.type("\\use lab\t")
    shell.expect("oratory")
    shell.type("\r")
    shell.expect("laboratory>")
    shell.type("SHOW FIELD KEYS\r")
    assert "integer" in shell.expect("(1 row)")


def test_commands_say_what_they_want(shell: Terminal) -> None:
    for typed, told in (
        ("\\nothing", "known are \\use"),
        ("\\lang klingon", "expected one of auto"),
        ("\\use nowhere", "there are telegraf, laboratory"),
        ("\\help", "Ctrl-D leaves"),
        ("\\timing", "Timing is on."),
    ):
        shell.type(f"{typed}\r")
        shell.expect(told)
    shell.type("\\lang influxql\r")
    shell.expect("telegraf influxql>")
    shell.type("\\format json\r\\epoch ns\r")
    shell.type("SELECT temperature FRM climate\r")
    shell.expect("^")
    shell.type("SELECT temperature FROM climate\r")
    assert f'"time": {BASE_NS}' in shell.expect("(1 row, 0.")


def test_a_pipeline_of_several_lines_ends_with_an_empty_one(shell: Terminal) -> None:
    shell.type('from(bucket: "telegraf")\r')
    shell.type("  |> range(start: 0)\r")
    shell.type("  |> last()\r\r")
    assert "21.5" in shell.expect("(1 row)")


def test_ctrl_c_cancels_a_question_and_ctrl_d_leaves(shell: Terminal, tmp_path: Path) -> None:
    shell.type(NEVER_ENDS)
    shell.expect("1000000000000)")
    shell.type("\r")
    shell.press_until("\x03", "Cancelled.")
    shell.expect("telegraf>")
    shell.type("SELECT 41 + 1 AS answer\r")
    assert "42" in shell.expect("(1 row)")
    shell.expect("telegraf>")
    shell.type("\x04")
    assert shell.wait() == 0
    history = tmp_path / "home" / "query_history"
    assert NEVER_ENDS in history.read_text()
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


def test_a_cancelled_question_ends_in_the_hub_too(hub: HubProcess, shell: Terminal) -> None:
    shell.type(f"{NEVER_ENDS}\r")
    while not (working := at_work(hub)):
        time.sleep(0.05)
    shell.press_until("\x03", "Cancelled.")
    for process in working:
        process.wait(120)


def at_work(hub: HubProcess) -> list[psutil.Process]:
    """Return the processes of users' SQL that compute."""
    found = [one for one in psutil.Process(hub.pid).children() if "heliograph.query.sandbox" in one.cmdline()]
    return [one for one in found if one.cpu_times().user > 1.0]


def test_without_a_hub_the_shell_does_not_open(tmp_path: Path, hub: HubProcess) -> None:
    environment = hub.environment | {
        "HELIO_URL": "http://127.0.0.1:9",
        "HELIO_TOKEN": "x",
        "HELIO_HOME": str(tmp_path),
    }
    with Terminal(environment, "query") as terminal:
        terminal.expect("no hub answers there")
        assert terminal.wait() == 1


def test_without_a_terminal_the_question_comes_from_standard_input(hub: HubProcess) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "query", "--format", "csv"],
        input="SELECT p FROM pressure",
        env=hub.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, "pressure" in done.stderr) == (1, True), "telegraf has no such table"
