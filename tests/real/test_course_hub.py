"""Practicals 5 to 7 as processes: what reaches the hub, what other brokers get, and every program's help."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.real.course_programs import COURSE, HOST, Place, Program, heard, published, said_by
from tests.real.hub_process import HubProcess
from tests.real.test_app_command import run_its_tests

PROGRAMS = sorted(
    path.relative_to(COURSE).as_posix()
    for path in COURSE.glob("p*/*.py")
    if "__main__" in path.read_text(encoding="utf-8")
)


@pytest.fixture
def hub(place: Place) -> HubProcess:
    """The hub that has the broker's points."""
    assert place.hub is not None
    return place.hub


def app_options(place: Place, device: str) -> tuple[str, ...]:
    return ("--hub", f"{HOST}:{place.port}", "--device", device, "--interval", "50ms", "--spool", "never")


def answered(place: Place, topic: str, value: object) -> dict[str, object]:
    """Give a command and return its answer."""
    answers: list[str] = []
    reply_to = f"answers/{topic.replace('/', '-')}"
    waiting = threading.Thread(target=lambda: answers.extend(heard(place, reply_to)))
    command = {"reply_to": reply_to, "id": "course", "value": value}
    waiting.start()
    while waiting.is_alive():  # a command is done once; who asks again with the same id gets the first answer
        published(place, topic, json.dumps(command))
        waiting.join(0.2)
    answer: dict[str, object] = json.loads(answers[0])
    return answer


def test_5_its_own_tests_pass() -> None:
    assert re.search(r"\b10 passed", said := run_its_tests(COURSE / "p5_app")), said


def test_5_points_commands_and_goodbye(place: Place, tmp_path: Path) -> None:
    options = (*app_options(place, "pi5"), "--simulate", "--target", "30")
    with Program("p5_app/thermostat_app.py", *options, HELIO_HOME=str(tmp_path)) as thermostat:
        [batch] = heard(place, "tel/pi5/thermostat")[:1]
        assert batch.startswith("#helio boot=")
        assert answered(place, "cmd/pi5/thermostat/power", "off") == {
            "ok": True,
            "result": {"power": False},
            "id": "course",
        }
        assert thermostat.end()[0] == 0
    assert heard(place, "sta/pi5/thermostat") == ["offline"]


def test_5_its_points_are_in_the_store(place: Place, hub: HubProcess, tmp_path: Path) -> None:
    options = (*app_options(place, "pi6"), "--simulate", "--target", "30")
    with Program("p5_app/thermostat_app.py", *options, HELIO_HOME=str(tmp_path)) as thermostat:
        heard(place, "tel/pi6/thermostat", count=2)
        assert thermostat.end()[0] == 0
    rows = hub.sql("SELECT target, heating FROM thermostat WHERE host = 'pi6' ORDER BY time")
    assert rows
    assert set(map(tuple, rows)) == {(30.0, True)}


def test_5_without_a_sensor_it_does_not_invent_values(place: Place, tmp_path: Path) -> None:
    options = (*app_options(place, "pi7"), "--sensor", "bme280")
    status, _, told = Program("p5_app/thermostat_app.py", *options, HELIO_HOME=str(tmp_path)).to_its_end()
    assert status == 2
    assert "pip install adafruit-blinka, or start with --simulate" in told
    assert "Traceback" not in told


def test_6_a_machine_is_watched(place: Place, tmp_path: Path) -> None:
    with Program("p6_monitoring/monitor.py", *app_options(place, "pc"), HELIO_HOME=str(tmp_path)) as monitor:
        lines = "\n".join(heard(place, "tel/pc/monitor", count=2 * 5))
        for name in ("processor", "memory", "disk", "network"):
            assert f"monitor_{name},host=pc " in lines
        answer = answered(place, "cmd/pc/monitor/top", 2)
        assert answer["ok"] is True, answer
        assert len(json.loads(json.dumps(answer["result"]))) == 2
        assert monitor.end()[0] == 0


def test_6_the_hub_has_it(place: Place, hub: HubProcess, tmp_path: Path) -> None:
    with Program("p6_monitoring/monitor.py", *app_options(place, "pd"), HELIO_HOME=str(tmp_path)) as monitor:
        heard(place, "tel/pd/monitor", count=2)
        assert monitor.end()[0] == 0
    [[percent]] = hub.sql("SELECT max(percent) FROM monitor_memory WHERE host = 'pd'")
    assert 0 < percent <= 100


def test_7_write_ask_and_extend(hub: HubProcess, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(hub.token)
    where = ("--url", hub.http_url, "--token-file", str(tmp_path / "token"))
    written = said_by(Program("p7_influxdb/push.py", *where, "--count", "7", "--interval", "0.01"))
    assert len(written) == 7
    assert hub.sql("SELECT count(*) FROM random") == [[7]]

    [_, *windows] = said_by(Program("p7_influxdb/ask.py", *where, "--window", "1h", "--since", "3h"))
    values = [float(line.split()[1]) for line in written]
    least, greatest = (float(text) for text in windows[-1].split()[2:])
    assert {least, greatest} <= set(values)

    extended = Program("p7_influxdb/extend.py", *where, HELIO_TOKEN=hub.token, HELIO_URL="http://127.0.0.1:1")
    with extended:
        assert extended.prints("1: ") == "1: laptop"
    [[mean, deviation]] = hub.sql("SELECT mean, deviation FROM random_summary LIMIT 1")
    assert min(values) - 0.01 < mean < max(values) + 0.01
    assert deviation > 0


@pytest.mark.parametrize("program", ["push", "ask", "extend"])
def test_7_what_goes_wrong_is_one_line(hub: HubProcess, program: str) -> None:
    for url, token, words in (
        (hub.http_url, "", "no token: set HELIO_TOKEN"),
        (hub.http_url, "guess", "the token is not right"),
        ("http://127.0.0.1:1", "any", "nobody answers at http://127.0.0.1:1: is the hub started"),
    ):
        status, _, told = Program(f"p7_influxdb/{program}.py", "--url", url, HELIO_TOKEN=token).to_its_end()
        assert status == 1
        assert words in told
        assert told.count("\n") == 1, told


@pytest.mark.parametrize("program", [name for name in PROGRAMS if not name.startswith("p1_")])
def test_every_option_has_help_and_a_default(program: str) -> None:
    status, shown, told = Program(program, "--help").to_its_end()
    assert (status, told) == (0, "")
    options = re.split(r"\n  (?=-)", shown)[1:]
    assert options[0].startswith("-h, --help")
    assert len(options) > 1
    for option in options[1:]:
        words = " ".join(re.split(r"\n\n|\n\S", option)[0].split())
        assert re.search(r"\S .*[a-z]{2}.*default: ?\S", words) or "secret" in words, words


def test_every_program_is_in_its_readme() -> None:
    for program in PROGRAMS:
        readme = (COURSE / program).with_name("README.md").read_text(encoding="utf-8")
        assert Path(program).name in readme, program
    week = (COURSE / "README.md").read_text(encoding="utf-8")
    assert all(f"({folder.name}/README.md)" in week for folder in COURSE.glob("p*"))


@pytest.mark.parametrize("practical", sorted(path.name for path in COURSE.glob("p*")))
def test_requirements_are_all_that_is_imported(practical: str) -> None:
    needed = (COURSE / practical / "requirements.txt").read_text(encoding="utf-8")
    packages = {"paho": "paho-mqtt", "aiomqtt": "aiomqtt", "heliograph": "heliograph", "psutil": "psutil"}
    packages |= {"influxdb_client": "influxdb-client"}
    for path in (COURSE / practical).glob("[!t]*.py"):
        for module in re.findall(r"^(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            is_own = (path.parent / f"{module}.py").exists()
            is_known = is_own or module in sys.stdlib_module_names or module == "urllib3"
            assert is_known or packages[module] in needed, f"{path.name} imports {module}"


def test_links_of_the_course_lead_somewhere() -> None:
    for page in COURSE.rglob("README.md"):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page}: {link}"


def test_shell_of_the_readmes_names_programs_that_there_are() -> None:
    for page in COURSE.rglob("README.md"):
        for name in re.findall(r"^python (\S+\.py)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert (page.parent / name).exists(), f"{page}: {name}"


def test_nothing_of_mqtt_is_left_behind() -> None:
    left = subprocess.run(
        ["pgrep", "-f", str(COURSE)], capture_output=True, text=True, check=False, timeout=120
    )
    assert left.stdout == ""
