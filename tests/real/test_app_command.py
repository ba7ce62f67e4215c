"""What ``helio app new`` makes, as processes: its tests pass, it runs against a hub, and SIGTERM ends it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import heliograph
from heliograph.transport.mqtt_client import MqttClient, running
from heliograph.transport.mqtt_client_message import MessageProperties, Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion
from tests.real.hub_process import HubProcess
from tests.real.mosquitto_process import MosquittoProcess
from tests.real.nats_process import NatsProcess

PATIENCE = 120.0
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects") / "green-house"
    command = [sys.executable, "-m", "heliograph", "app", "new", "green-house", "--folder", str(folder)]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    return folder


@contextmanager
def program(project: Path, home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(project / "green_house.py"), *arguments],
        env=os.environ | {"HELIO_HOME": str(home)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=120)


def run_its_tests(folder: Path) -> str:
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-c", os.devnull, ".")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(heliograph.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def test_its_own_tests_pass(project: Path) -> None:
    assert "4 passed" in (said := run_its_tests(project)), said


def test_the_tests_of_the_example_pass() -> None:
    assert "4 passed" in (said := run_its_tests(ROOT / "examples" / "greenhouse")), said


async def test_it_measures_answers_and_ends(project: Path, hub: HubProcess, tmp_path: Path) -> None:
    broker = f"127.0.0.1:{hub.mqtt_port}"
    home = tmp_path / "board"
    options = ("--hub", broker, "--simulate", "--interval", "100ms", "--device", "pi-3")
    with program(project, home, *options) as process:
        async with running(client := MqttClient(MqttSettings("127.0.0.1", hub.mqtt_port))):
            await client.subscribe(Subscription("answers/me", 1), Subscription("sta/pi-3/green-house", 1))
            assert (await client.next_message()).payload == b"online"
            order = {"reply_to": "answers/me", "id": "1", "value": 0.5}
            await client.publish(Publication("cmd/pi-3/green-house/fan", json.dumps(order).encode(), 1))
            answer = json.loads((await client.next_message()).payload)
            assert answer == {"ok": True, "result": {"speed": 0.5}, "id": "1"}
            deadline = time.monotonic() + PATIENCE
            asked = {"sql": 'SELECT count(*) FROM "green-house"'}
            while hub.request("POST", "/api/sql", asked)[0] != 200:  # there is no such measurement yet
                assert time.monotonic() < deadline
            process.send_signal(signal.SIGTERM)
            assert (await client.next_message()).payload == b"offline"
        assert process.wait(120) == 0
    assert json.loads((home / "apps" / "green-house" / "state.json").read_text()) == {"speed": 0.5}
    [[rows, host]] = hub.sql('SELECT count(*), max(host) FROM "green-house"')
    assert rows >= 2
    assert host == "pi-3"


def test_an_app_that_is_refused_or_started_twice_says_why(
    project: Path, hub: HubProcess, tmp_path: Path
) -> None:
    options = ("--hub", f"127.0.0.1:{hub.mqtt_port}", "--simulate")
    with program(project, tmp_path, *options) as first:
        assert first.stderr is not None
        while "connected" not in first.stderr.readline():
            pass
        with program(project, tmp_path, *options) as second:
            _, said = second.communicate(timeout=120)
    assert second.returncode == 2
    assert "another program of this name runs" in said
    assert "Traceback" not in said


def test_a_wrong_password_is_one_line_and_the_status_of_mqtt(project: Path, tmp_path: Path) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "password").write_text("wrong")
    with NatsProcess(tmp_path / "nats", login=("dev", "right")) as broker:
        login = ("--user", "dev", "--password-file", str(tmp_path / "password"))
        hub = ("--hub", f"127.0.0.1:{broker.mqtt_port}")
        with program(project, tmp_path, *hub, "--simulate", *login) as process:
            _, said = process.communicate(timeout=120)
    assert process.returncode == 5
    assert "user name or password" in said.splitlines()[-1] or "not authorized" in said.splitlines()[-1]
    assert "Traceback" not in said


def test_an_app_waits_for_its_broker(project: Path, tmp_path: Path) -> None:
    with program(project, tmp_path, "--hub", "127.0.0.1:1", "--simulate") as process:
        assert process.stderr is not None
        while "cannot connect" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    spooled = list((tmp_path / "apps" / "green-house" / "spool").glob("*.spool"))
    assert spooled, "what was measured meanwhile is on disk"


async def test_mqtt_5_has_response_topics(project: Path, tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    with MosquittoProcess(tmp_path / "broker") as broker:
        options = (
            "--hub",
            f"{broker.host}:{broker.port}",
            "--mqtt-version",
            "5",
            "--simulate",
            "--device",
            "pi-5",
        )
        with program(project, tmp_path, *options):
            settings = MqttSettings(broker.host, broker.port, version=MqttVersion.V5)
            async with running(client := MqttClient(settings)), asyncio.timeout(PATIENCE):
                await client.subscribe(Subscription("sta/pi-5/green-house", 1), Subscription("answers/5", 1))
                assert (await client.next_message()).payload == b"online"
                asked = MessageProperties(response_topic="answers/5", correlation_data=b"\x00\xff")
                topic = "cmd/pi-5/green-house/fan"
                await client.publish(Publication(topic, b"0.25", 1, properties=asked))
                answer = await client.next_message()
    assert answer.properties.correlation_data == b"\x00\xff"
    assert json.loads(answer.payload)["result"] == {"speed": 0.25}
