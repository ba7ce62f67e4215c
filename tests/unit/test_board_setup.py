"""Steps: what the script that they become does, run by this machine's own shell; and wheels that go along."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from heliograph.board.facts import Facts
from heliograph.board.inventory import Board
from heliograph.board.setup import device, wheels
from heliograph.board.setup.context import Context, Hub
from heliograph.board.setup.enrolling import Enrolling
from heliograph.board.setup.repositories import MAKERS, parse
from heliograph.board.setup.roles import ROLES
from heliograph.board.setup.steps import Answers, Done, State, Step, file, no_file, script
from heliograph.board.setup.wheels import Wheel, pack_own, pinned_dependencies
from heliograph.errors import BoardUnfit, ConfigError


def run(steps: list[Step], *, apply: bool = True, before: str = "", **variables: str) -> list[Done]:
    """Run the script as a board does, given on the input of a shell; ``before`` is shell that runs first."""
    text, environment = before + script(steps, apply=apply), os.environ | variables
    done = subprocess.run(
        ["sh", "-s"], input=text, capture_output=True, text=True, check=True, timeout=120, env=environment
    )
    answers = Answers(steps)
    for line in done.stdout.splitlines():
        answers.take(line)
    return answers.done


def states(done: list[Done]) -> list[str]:
    return [one.state.value for one in done]


def owned(path: Path) -> str:
    return f"{path.owner()}:{path.group()}"


def test_a_file_is_planned_written_and_then_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "odd 'name'"
    content = "a\n$HOME `id`\nlast line without its end"
    steps = [file(str(path), content, mode=0o640, owner=owned(tmp_path))]
    (planned,) = run(steps, apply=False)
    assert planned.state is State.WOULD
    assert "+$HOME `id`" in planned.lines
    assert not path.parent.exists()
    assert states(run(steps)) == ["changed"]
    assert path.read_text() == content
    assert path.stat().st_mode & 0o777 == 0o640
    inode = path.stat().st_ino
    assert states(run(steps)) == ["same"]
    assert path.stat().st_ino == inode
    path.chmod(0o666)
    assert states(run(steps)) == ["changed"]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_for_its_owner_only_is_shown_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "env"
    steps = [file(str(path), "PASSWORD=geheim\n", mode=0o600, owner=owned(tmp_path))]
    (planned,) = run(steps, apply=False)
    assert planned.lines == ("(its content is not shown)",)
    # Whoever opens a file while others may read it goes on reading, whatever becomes of its mode.
    begun = f'chown() {{ stat -c %a "$2" > "{tmp_path}/seen"; }}\n'
    assert states(run(steps, before=begun)) == ["changed"]
    assert (tmp_path / "seen").read_text() == "600\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_password_that_is_no_more_is_not_shown(tmp_path: Path) -> None:
    (old,) = (
        step
        for step in device.steps(Context(Board("lab1", "h"), Facts(), Hub("hub.local")))
        if step.title.endswith("agent.env")
    )
    path = tmp_path / "agent.env"
    path.write_text('HELIO_MQTT_PASSWORD="geheim"\n')
    there = Step(
        *(
            text.replace("/etc/heliograph", str(tmp_path))
            for text in (old.title, old.check, old.apply, old.diff)
        )
    )
    (planned,) = run([there], apply=False)
    assert planned.state is State.WOULD
    assert not any("geheim" in line for line in planned.lines)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (failed,) = run([no_file("/nowhere")], TMPDIR=str(tmp_path / "nowhere"))
    assert failed.state is State.FAILED
    assert failed.lines == ("nothing can be written: is the disk full?",)


def test_secrets_of_a_board_outlive_a_change_of_their_mode(tmp_path: Path) -> None:
    context = Context(Board("lab1", "h"), Facts(), repositories=MAKERS)
    (made,) = (step for step in ROLES["tig"].steps(context) if step.title == "secrets of its own")
    apply = made.apply.replace("/etc/heliograph", str(tmp_path)).replace("root:root", owned(tmp_path))
    secrets = tmp_path / "tig.env"
    assert states(run([Step("secrets", "false", apply)])) == ["changed"]
    first = secrets.read_text()
    assert re.fullmatch(
        r"INFLUX_TOKEN=.{32}\nINFLUX_PASSWORD=.{32}\nGF_SECURITY_ADMIN_PASSWORD=.{32}\n", first
    )
    secrets.chmod(0o644)
    assert states(run([Step("secrets", "false", apply)])) == ["changed"]
    assert secrets.read_text() == first
    assert secrets.stat().st_mode & 0o777 == 0o600


def test_the_first_failure_stops_and_tells_its_last_words(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    steps = [
        Step("first", "false", f"echo x > '{kept}'"),
        Step("second", "false", "echo before\nls /nowhere\necho after"),
        Step("third", "false", f"rm '{kept}'"),
    ]
    done = run(steps)
    assert states(done) == ["changed", "failed"]
    assert "before" in done[1].lines
    assert not any("after" in line for line in done[1].lines)
    assert any("nowhere" in line for line in done[1].lines)
    assert kept.exists()


def test_a_step_that_reads_its_input_does_not_eat_the_rest() -> None:
    steps = [Step("eater", "cat; false", "cat"), Step("next", "false", "true")]
    assert states(run(steps)) == ["changed", "changed"]


def test_what_is_gone_stays_gone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    steps = [no_file(str(tmp_path / "folder")), no_file(str(tmp_path / "link"))]
    assert states(run(steps, apply=False)) == ["would", "would"]
    assert states(run(steps)) == ["changed", "changed"]
    assert states(run(steps)) == ["same", "same"]


@pytest.mark.parametrize("role", ROLES)
def test_scripts_of_all_roles_are_shell(role: str, tmp_path: Path) -> None:
    wheel = Wheel(tmp_path / "heliograph-1.0-py3-none-any.whl", "0" * 64)
    facts = Facts(python=(3, 11, 2), has_venv=False, name="lab1")
    hub = Hub("hub.local", 1884, "us'er", 'pa"ss$`\\')
    context = Context(Board("lab1", "h"), facts, hub, (wheel,), "/home/pi/x", MAKERS, {"password": "it's"})
    if role == "edge":  # which a hub of ours must know
        enrolment = Enrolling("lab1", "it's new", "http://127.0.0.1:8086", "code", 1884)
        context = replace(context, enrolment=enrolment, listen="::")
    for steps in (ROLES[role].steps(context), ROLES[role].removal()):
        for apply in (False, True):
            text = script(steps, apply=apply)
            checked = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
            assert checked.returncode == 0, checked.stderr
    assert len({step.title for step in ROLES[role].steps(context)}) == len(ROLES[role].steps(context))


def test_an_agent_logs_in_as_it_was_told() -> None:
    variables = Hub("hub.local", 1884, "lab1", 'pa"ss$').variables()
    assert variables.splitlines() == [
        'HELIO_MQTT_HOST="hub.local"',
        "HELIO_MQTT_PORT=1884",
        'HELIO_MQTT_USER="lab1"',
        'HELIO_MQTT_PASSWORD="pa\\"ss\\$"',
    ]
    assert "pa" not in repr(Hub(password="pa"))
    context = Context(Board("lab1", "h"), Facts(), Hub("hub.local", password="geheim"))
    (env,) = (step for step in device.steps(context) if step.title.endswith("agent.env"))
    assert "geheim" not in env.diff


@pytest.mark.parametrize(
    ("text", "hub"),
    [
        ("hub.local", Hub("hub.local")),
        ("mqtt://hub.local:1884/", Hub("hub.local", 1884)),
        ("10.0.0.1:99", Hub("10.0.0.1", 99)),
    ],
    ids=["host", "url", "port"],
)
def test_the_hub_is_named_in_usual_ways(text: str, hub: Hub) -> None:
    assert Hub.parse(text) == hub


def test_a_hub_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        Hub.parse("hub:port")


def test_repositories_are_replaced_by_name_only() -> None:
    given = parse([f"grafana=http://mirror/grafana,http://mirror/key,{'a' * 40}"])
    assert given["influxdata"] == MAKERS["influxdata"]
    assert (given["grafana"].address, given["grafana"].fingerprint) == ("http://mirror/grafana", "A" * 40)
    for wrong in (
        "other=http://x,http://y," + "a" * 40,
        "grafana=http://x,http://y,abc",
        "grafana=http://x;id,y,z",
    ):
        with pytest.raises(ConfigError, match=r"--repository|expected"):
            parse([wrong])


def test_our_own_wheel_is_whole_and_always_the_same(tmp_path: Path) -> None:
    wheel = pack_own(tmp_path / "a", page=False)
    assert pack_own(tmp_path / "b", page=False).digest == wheel.digest
    with zipfile.ZipFile(wheel.path) as archive:
        names = set(archive.namelist())
        assert {"heliograph/agent/run.py", "heliograph/py.typed"} <= names
        assert not any(
            name.endswith((".so", ".c", ".pyc")) or name.startswith("heliograph/page/") for name in names
        )
        (info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
        recorded = archive.read(f"{info}/RECORD").decode().splitlines()
        assert {line.split(",")[0] for line in recorded} == names
        for line in recorded[:20]:
            name, digest, size = line.rsplit(",", 2)
            content = archive.read(name)
            expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            assert (digest, int(size)) == (f"sha256={expected}", len(content))
    assert re.fullmatch(r"heliograph==[\d.]+ --hash=sha256:[0-9a-f]{64}", wheel.requirement)


async def test_a_registry_that_is_slow_for_ever_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "_FETCH_SECONDS", 0.0)
    with pytest.raises(BoardUnfit, match="lab1: the wheels were not fetched within 0 s"):
        await wheels.fetch(["iniconfig==2.0.0"], Facts(arch="aarch64", python=(3, 13, 1)), "lab1", tmp_path)


def test_dependencies_are_those_of_this_laptop_without_other_systems() -> None:
    device_part = pinned_dependencies()
    assert any(line.startswith("gmqtt==") for line in device_part)
    names = {line.split("==")[0] for line in device_part}
    assert not names & {"duckdb", "asyncssh", "pytest", "colorama", "pywin32"}
    assert {"duckdb", "nats-py"} <= {line.split("==")[0] for line in pinned_dependencies("hub")}
