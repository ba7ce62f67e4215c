"""Practicals 1 to 4 as processes on both brokers: what they print, and what they do to each other."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.real.course_programs import COURSE, HOST, Place, Program, heard, published, said_by
from tests.real.mosquitto_process import MosquittoProcess


def edited(program: str, folder: Path, **values: object) -> Path:
    """Return a copy of a program with other values in capital letters, as practical 1 says to do it."""
    text = (COURSE / program).read_text(encoding="utf-8")
    for name, value in values.items():
        text, times = re.subn(rf"^{name} = [^ \n]+", f"{name} = {value!r}", text, flags=re.MULTILINE)
        assert times == 1, f"{program} has no line {name} = …"
    copy = folder / Path(program).name
    copy.write_text(text, encoding="utf-8")
    return copy


def test_1_what_is_published_is_printed(place: Place, tmp_path: Path) -> None:
    subscriber = edited("p1_plain/subscriber.py", tmp_path, PORT=place.port)
    publisher = edited("p1_plain/publisher.py", tmp_path, PORT=place.port, PAUSE_S=0.01)
    with Program(subscriber) as listening:
        listening.tells("Granted QoS 1")
        sent = [line.partition(": ")[2] for line in said_by(Program(publisher))]
        assert len(sent) == 10
        assert [listening.prints("course/greenhouse") for _ in sent] == sent
        assert listening.end(signal.SIGINT) == (0, "")


@pytest.mark.parametrize("program", ["p1_plain/publisher.py", "p1_plain/subscriber.py"])
def test_1_nobody_there_is_one_line(program: str, tmp_path: Path) -> None:
    status, printed, told = Program(edited(program, tmp_path, PORT=1)).to_its_end()
    assert (status, printed) == (1, "")
    assert told.startswith("no broker answers at 127.0.0.1:1 (")
    assert told.count("\n") == 1


def test_1_a_broker_that_goes_is_one_line(tmp_path: Path) -> None:
    with MosquittoProcess(tmp_path) as mosquitto:
        publisher = edited("p1_plain/publisher.py", tmp_path, PORT=mosquitto.port, COUNT=1_000, PAUSE_S=0.1)
        with Program(publisher) as publishing:
            publishing.prints("2: course/greenhouse")
            mosquitto.kill()
            told = publishing.tells(f"127.0.0.1:{mosquitto.port}")
            assert "was not sent" in told or "has not acknowledged" in told


def test_2_two_topics_with_every_quality(place: Place) -> None:
    topics = ("course/two/a", "course/two/+/b")
    with Program(
        "p2_arguments/subscribe.py",
        *place.options,
        "--topic",
        *topics,
        "--qos",
        "2",
        "--count",
        "9",
        "--time",
    ) as listening:
        listening.tells(r"listening to course/two/a course/two/\+/b")
        for qos in ("0", "1", "2"):
            options = ("--topic", "course/two/x/b", "--qos", qos, "--count", "3", "--interval", "0")
            values = said_by(Program("p2_arguments/publish.py", *place.options, *options))
            for line in values:
                printed = listening.prints("course/two/x/b")
                assert re.match(r"\d\d:\d\d:\d\d ", printed)
                assert printed[9:] == line.partition(": ")[2]
        assert listening.process.wait(120) == 0


def test_2_values_stay_between_their_bounds_and_the_last_one_is_kept(place: Place) -> None:
    kept = ("--topic", "course/two/kept", "--retain", "--low", "-3", "--high", "-2", "--interval", "0")
    lines = said_by(Program("p2_arguments/publish.py", *place.options, *kept, "--count", "20"))
    assert all(-3 <= float(line.split()[-1]) <= -2 for line in lines)
    late = said_by(
        Program("p2_arguments/subscribe.py", *place.options, "--topic", "course/two/kept", "--count", "1")
    )
    assert late == [f"{lines[-1].partition(': ')[2]} (retained)"]


def test_2_a_subscription_outlives_its_broker(tmp_path: Path) -> None:
    with MosquittoProcess(tmp_path) as mosquitto:
        place = Place("mosquitto", mosquitto.port, None, mosquitto)
        with Program("p2_arguments/subscribe.py", *place.options, "--topic", "course/again") as listening:
            listening.tells("listening")
            mosquitto.kill()
            mosquitto.start()
            # Retained, as it may come before the subscription is there again.
            kept = ("--topic", "course/again", "--retain", "--count", "1")
            [line] = said_by(Program("p2_arguments/publish.py", *place.options, *kept))
            assert line.partition(": ")[2] in listening.prints("course/again")


def test_2_a_broker_that_goes_is_one_line(tmp_path: Path) -> None:
    with MosquittoProcess(tmp_path) as mosquitto:
        place = Place("mosquitto", mosquitto.port, None, mosquitto)
        with Program("p2_arguments/publish.py", *place.options, "--interval", "0.1") as publishing:
            publishing.prints("2: course/greenhouse")
            mosquitto.kill()
            told = publishing.tells(f"127.0.0.1:{mosquitto.port}")
            assert told.startswith("publish: ")
            assert "was not sent" in told or "does not acknowledge" in told


def test_2_a_login_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "passwords").write_text("pi:secret\n")
    (tmp_path / "passwords").chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-U", str(tmp_path / "passwords")], check=True, timeout=120)
    (tmp_path / "right").write_text("secret\n")
    (tmp_path / "wrong").write_text("guess\n")
    with MosquittoProcess(
        tmp_path, "allow_anonymous false", f"password_file {tmp_path / 'passwords'}"
    ) as mosquitto:
        options = ("--port", str(mosquitto.port), "--user", "pi", "--count", "1", "--password-file")
        assert len(said_by(Program("p2_arguments/publish.py", *options, str(tmp_path / "right")))) == 1
        status, _, told = Program("p2_arguments/publish.py", *options, str(tmp_path / "wrong")).to_its_end()
    assert status == 1
    assert re.fullmatch(rf"publish: the broker at {HOST}:{mosquitto.port} refuses us: Not authorized\n", told)


@pytest.mark.parametrize(
    ("program", "options", "word"),
    [
        ("publish", ("--low", "3", "--high", "1"), "--low 3 is above --high 1"),
        ("publish", ("--count", "-1"), "cannot be negative"),
        ("publish", ("--qos", "3"), "choose from"),
        ("publish", ("--password-file", "x"), "needs --user"),
        ("subscribe", ("--count", "two"), "invalid int"),
    ],
)
def test_2_wrong_use(program: str, options: tuple[str, ...], word: str) -> None:
    status, printed, told = Program(f"p2_arguments/{program}.py", *options).to_its_end()
    assert (status, printed) == (2, "")
    assert word in told


@pytest.mark.parametrize("program", ["publish", "subscribe"])
def test_2_nobody_there_is_one_line(program: str) -> None:
    status, _, told = Program(f"p2_arguments/{program}.py", "--port", "1").to_its_end()
    assert status == 1
    assert told.startswith(f"{program}: no broker answers at 127.0.0.1:1: ")
    assert told.count("\n") == 1


def test_3_two_listeners_and_three_senders_at_once(place: Place) -> None:
    with Program("p3_many/start.py", *place.options, "--interval", "0.02") as all_of_them:
        all_of_them.tells("Table listens")
        all_of_them.tells("Alarm listens")
        all_of_them.prints(r"pi1 [\d.]+   pi2 [\d.]+   pi3 [\d.]+$")
        all_of_them.prints("ALARM pi3")
        all_of_them.prints("over  pi3")
        status, rest = all_of_them.end()
        assert status == 0, rest
        assert "Traceback" not in rest


def test_3_it_ends_when_its_senders_do(place: Place) -> None:
    lines = said_by(Program("p3_many/start.py", *place.options, "--interval", "0.02", "--count", "20"))
    assert any(re.search(r"\bpi1 \d", line) for line in lines)


def test_3_who_is_killed_is_told_by_the_broker(place: Place) -> None:
    with (
        Program("p3_many/table.py", *place.options) as table,
        Program("p3_many/sender.py", *place.options, "--name", "doomed") as sender,
    ):
        table.tells("listens")
        table.prints("doomed 2")
        sender.end(signal.SIGKILL)
        table.prints("doomed gone")


def test_3_the_alarm_does_not_flutter(place: Place) -> None:
    with Program("p3_many/alarm.py", *place.options) as alarm:
        alarm.tells("listens")
        published(place, "course/boards/oven/temperature", "24", "26", "24", "27", "warm", "22", "26")
        said = [alarm.prints("oven") for _ in range(4)]
    assert said == [
        "ALARM oven: 26 is above 25",
        "?     oven: temperature is a number, 'warm' came",
        "over  oven: 22 is below 23",
        "ALARM oven: 26 is above 25",
    ]


def test_4_it_publishes_and_obeys_at_once(place: Place) -> None:
    topic = f"course/four-{place.name}"
    with Program(
        "p4_asyncio/thermostat.py", *place.options, "--topic", topic, "--interval", "0.05"
    ) as thermostat:
        thermostat.tells("listening")
        thermostat.prints("heating")
        published(place, f"{topic}/set/target", "12")
        assert thermostat.prints("set/target") == f"{topic}/set/target: holding 12 °C"
        thermostat.prints("warm enough")
        published(place, f"{topic}/set/power", "off")
        thermostat.prints("switched off")
        assert all(5 < float(text) < 35 for text in heard(place, f"{topic}/temperature", count=3))
        assert heard(place, f"{topic}/status") == ["online"]
        status, rest = thermostat.end()
        assert (status, rest.splitlines()[-1]) == (0, "goodbye")
    assert heard(place, f"{topic}/status") == ["offline"]


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [
        ("target", "99", "error: a target from 5 to 35 °C was expected, 99 came"),
        ("power", "maybe", "error: on or off was expected, 'maybe' came"),
        ("fly", "1", "error: no command 'fly'; there are target, power"),
    ],
)
def test_4_a_wrong_command_is_answered(place: Place, name: str, text: str, answer: str) -> None:
    with Program("p4_asyncio/thermostat.py", *place.options, "--topic", "course/wrong") as thermostat:
        thermostat.tells("listening")
        published(place, f"course/wrong/set/{name}", text)
        assert thermostat.prints(f"set/{name}") == f"course/wrong/set/{name}: {answer}"


def test_4_it_goes_on_when_the_broker_is_back(tmp_path: Path) -> None:
    with (
        MosquittoProcess(tmp_path) as mosquitto,
        Program(
            "p4_asyncio/thermostat.py", "--port", str(mosquitto.port), "--interval", "0.05"
        ) as thermostat,
    ):
        thermostat.tells("listening")
        mosquitto.kill()
        thermostat.tells(f"no connection to {HOST}:{mosquitto.port}")
        mosquitto.start()
        thermostat.tells("listening")
        place = Place("mosquitto", mosquitto.port, None, mosquitto)
        assert len(heard(place, "course/room/temperature", count=2)) == 2
