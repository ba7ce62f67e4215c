"""What of a hub others can reach, seen from another machine: two network namespaces and a cable.

::

    hub 10.77.8.1 ───── 10.77.8.2 board
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real.terminal import Terminal

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="iproute2 is not installed (make test does it)"),
]
HUB, BOARD = "10.77.8.1", "10.77.8.2"
START = 120.0
# the documented ports (docs/security.md)
HTTP, HTTPS, MQTT, MQTTS, WEBSOCKET = 8086, 8443, 1883, 8883, 8884
# each number of a port is tried, from outside: it answers, or it does not
SCAN = f"""
import socket, json
found = []
for port in range(1, 65536):
    probe = socket.socket()
    probe.settimeout(2)
    if probe.connect_ex(("{HUB}", port)) == 0:
        found.append(port)
    probe.close()
print(json.dumps(found))
"""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@dataclass(frozen=True)
class Cable:
    hub: str
    board: str

    def command(self, where: str, *arguments: str) -> list[str]:
        return ["ip", "netns", "exec", where, sys.executable, *arguments]


@pytest.fixture
def cable() -> Iterator[Cable]:
    cable = Cable(f"hh{os.getpid()}", f"hb{os.getpid()}")
    for name in (cable.hub, cable.board):
        ip("netns", "add", name)
    try:
        ends = (cable.hub, f"{HUB}/24"), (cable.board, f"{BOARD}/24")
        ip(
            "link",
            "add",
            "eth7",
            "netns",
            cable.hub,
            "type",
            "veth",
            "peer",
            "name",
            "eth7",
            "netns",
            cable.board,
        )
        for name, address in ends:
            ip("-n", name, "addr", "add", address, "dev", "eth7")
            for link in ("lo", "eth7"):
                ip("-n", name, "link", "set", link, "up")
        yield cable
    finally:
        for name in (cable.hub, cable.board):
            ip("netns", "del", name)


APP = """
from heliograph import App, Fields

app = App("climate")


@app.command("fan")
async def fan(speed: float) -> Fields:
    return {"speed": speed}


@app.every("1s")
async def sample() -> Fields:
    return {"temperature": 21.5}


app.run()
"""
"""A program that is told nothing: the hub, and who the board is to it, are in the board's enrolment."""


@dataclass
class Hub:
    """``helio up`` in the namespace of the hub."""

    cable: Cable
    home: Path

    def environment(self, home: Path | None = None) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("HELIO_")}
        return clean | {"HELIO_HOME": str(home or self.home)}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.home.parent / "hub.log").open("wb") as log:
            command = self.cable.command(self.cable.hub, "-m", "heliograph", "up", "--no-agent", *arguments)
            process = subprocess.Popen(command, env=self.environment(), stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START
        while not (self.home / "run.json").exists():
            assert process.poll() is None, (self.home.parent / "hub.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    def helio(self, where: str, *arguments: str, home: Path | None = None) -> str:
        command = self.cable.command(where, "-m", "heliograph", *arguments)
        done = subprocess.run(
            command, env=self.environment(home), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def outside(self, program: str) -> str:
        """Run a Python program on the board and return what it prints."""
        command = self.cable.command(self.cable.board, "-c", program)
        return subprocess.run(command, capture_output=True, text=True, timeout=110, check=True).stdout


@pytest.fixture
def hub(cable: Cable, tmp_path: Path) -> Hub:
    return Hub(cable, tmp_path / "hub")


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    process.wait(30)


def open_ports(hub: Hub) -> list[int]:
    found: list[int] = json.loads(hub.outside(SCAN))
    return found


def test_nobody_else_reaches_a_hub_that_was_just_started(hub: Hub) -> None:
    process = hub.start()
    try:
        assert open_ports(hub) == []
    finally:
        end(process)


def test_others_reach_tls_only_and_nothing_without_a_login(hub: Hub) -> None:
    process = hub.start("--listen", "0.0.0.0")
    try:
        assert open_ports(hub) == [HTTPS, MQTTS, WEBSOCKET]
        ca = hub.home / "tls" / "ca.pem"
        asked = f"""
import json, ssl, urllib.error, urllib.request
context = ssl.create_default_context(cafile={str(ca)!r})
def status(path):
    try:
        return urllib.request.urlopen("https://{HUB}:{HTTPS}" + path, context=context, timeout=120).status
    except urllib.error.HTTPError as error:
        return error.code
print(json.dumps([status("/health"), status("/api/status"), status("/query?q=SHOW+DATABASES")]))
"""
        assert json.loads(hub.outside(asked)) == [200, 401, 401]
        anonymous = f"""
import ssl
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
client = paho.Client(CallbackAPIVersion.VERSION2, client_id="stranger")
client.tls_set(ca_certs={str(ca)!r})
client.on_connect = lambda c, u, f, code, p: (print(code.value), c.disconnect())
client.connect("{HUB}", {MQTTS})
client.loop_forever(retry_first_connection=False)
"""
        assert hub.outside(anonymous).split()[0] == "135"  # not authorised
    finally:
        end(process)


def test_a_board_is_enrolled_over_the_network_and_sends(hub: Hub, tmp_path: Path) -> None:
    process = hub.start("--listen", HUB)
    try:
        told = json.loads(hub.helio(hub.cable.hub, "device", "enrol", "greenhouse", "--json"))
        assert told["url"] == f"https://{HUB}:{HTTPS}"
        board = tmp_path / "board"
        hub.helio(hub.cable.board, "agent", "enrol", told["url"], told["code"], home=board)
        command = hub.cable.command(
            hub.cable.board, "-m", "heliograph", "agent", "--interval", "1s", "--inputs", "mem"
        )
        agent = subprocess.Popen(command, env=hub.environment(board), stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + START
            while not any(d["name"] == "greenhouse" and d["points"] for d in devices(hub)):
                assert time.monotonic() < deadline
                time.sleep(0.2)
        finally:
            agent.terminate()
            agent.wait(120)
        program = tmp_path / "climate.py"
        program.write_text(APP)
        command = hub.cable.command(hub.cable.board, str(program))
        app = subprocess.Popen(command, env=hub.environment(board), stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + START
            while "climate" not in hub.helio(
                hub.cable.hub, "query", "--lang", "influxql", "SHOW MEASUREMENTS"
            ):
                assert app.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
        finally:
            app.terminate()
            app.wait(120)
        tags = hub.helio(hub.cable.hub, "query", "--lang", "influxql", "SHOW TAG VALUES WITH KEY = host")
        assert "greenhouse" in tags, "the app is of the device that the board is"
    finally:
        end(process)


def devices(hub: Hub) -> list[dict[str, object]]:
    told = json.loads(hub.helio(hub.cable.hub, "ledger", "--json"))
    found: list[dict[str, object]] = told["devices"]
    return found


def test_insecure_says_what_it_means_and_lets_nobody_in_without_a_login(hub: Hub) -> None:
    process = hub.start("--listen", "0.0.0.0", "--insecure")
    try:
        assert open_ports(hub) == [MQTT, HTTP]
        assert "WITHOUT TLS" in (hub.home.parent / "hub.log").read_text()
        connect = 'b"\\x10\\x0d\\x00\\x04MQTT\\x04\\x02\\x00\\x3c\\x00\\x01x"'
        plain = f"""
import socket
with socket.create_connection(("{HUB}", {MQTT}), timeout=120) as sock:
    sock.sendall({connect})
    print(sock.recv(4).hex())
"""
        assert hub.outside(plain).strip() == "20020005"
    finally:
        end(process)


@pytest.fixture
def enrolled(hub: Hub, tmp_path: Path) -> Iterator[Path]:
    """A hub that runs, and the home of a board that is enrolled there."""
    process = hub.start("--listen", HUB)
    try:
        told = json.loads(hub.helio(hub.cable.hub, "device", "enrol", "greenhouse", "--json"))
        board = tmp_path / "board"
        hub.helio(hub.cable.board, "agent", "enrol", told["url"], told["code"], home=board)
        yield board
    finally:
        end(process)


def operator(hub: Hub) -> list[str]:
    """Return how a command on the hub's machine logs in as its operator."""
    token = hub.helio(hub.cable.hub, "token").strip()
    (hub.home / "key").write_text(token)
    return [
        "-L",
        f"mqtts://operator@{HUB}",
        "--cafile",
        str(hub.home / "tls" / "ca.pem"),
        "-P",
        f"@{hub.home}/key",
    ]


def test_commands_on_a_board_that_is_enrolled_are_told_nothing_else(hub: Hub, enrolled: Path) -> None:
    board = hub.cable.board
    hub.helio(board, "demo", "--count", "2", "--every", "100ms", home=enrolled)
    sent = "lab,host=greenhouse t=21.5"
    hub.helio(board, "pub", "-q", "1", "-t", "tel/greenhouse/lp", "-m", sent, home=enrolled)
    for measurement in ("room", "lab"):
        rows = ""
        deadline = time.monotonic() + START
        while "greenhouse" not in rows:
            assert time.monotonic() < deadline
            query = f"SELECT * FROM {measurement}"
            rows = hub.helio(hub.cable.hub, "query", "--lang", "influxql", query)
    told = hub.helio(
        hub.cable.hub, "pub", *operator(hub), "-q", "1", "-r", "-t", "cmd/greenhouse/note", "-m", "hi"
    )
    assert told == ""
    assert hub.helio(board, "sub", "-t", "cmd/greenhouse/#", "-C", "1", "-W", "30", home=enrolled) == "hi\n"


def test_what_a_board_may_not_is_refused_with_the_reason(hub: Hub, enrolled: Path) -> None:
    for arguments, status, reason in [
        (("pub", "-q", "1", "-t", "lab/lamp", "-m", "on"), 135, "may not publish to 'lab/lamp'"),
        (("sub", "-t", "#"), 128, "'greenhouse' is a device, which may hear cmd/greenhouse/# only"),
    ]:
        command = hub.cable.command(hub.cable.board, "-m", "heliograph", *arguments)
        done = subprocess.run(
            command, env=hub.environment(enrolled), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == status, done.stderr
        assert reason in done.stderr


def test_an_app_on_a_board_that_is_enrolled_answers_the_operator(
    hub: Hub, enrolled: Path, tmp_path: Path
) -> None:
    program = tmp_path / "climate.py"
    program.write_text(APP)
    command = hub.cable.command(hub.cable.board, str(program))
    app = subprocess.Popen(command, env=hub.environment(enrolled), stderr=subprocess.DEVNULL)
    try:
        login = operator(hub)
        hub.helio(hub.cable.hub, "sub", *login, "-t", "sta/greenhouse/climate", "-C", "1", "-W", "30")
        asked = (
            "rr",
            *login,
            "-t",
            "cmd/greenhouse/climate/fan",
            "-m",
            '{"value": 0.5}',
            "--reply-to",
            "-W",
            "30",
        )
        answer = json.loads(hub.helio(hub.cable.hub, *asked))
        assert answer == {"ok": True, "result": {"speed": 0.5}}
    finally:
        app.terminate()
        app.wait(120)


def test_the_explorer_on_a_board_that_is_enrolled_shows_what_it_may_hear(hub: Hub, enrolled: Path) -> None:
    login = operator(hub)
    hub.helio(hub.cable.hub, "pub", *login, "-q", "1", "-r", "-t", "cmd/greenhouse/note", "-m", "hi")
    through = ["ip", "netns", "exec", hub.cable.board]
    with Terminal(hub.environment(enrolled), "explore", through=through) as terminal:
        terminal.expect("1 topics")
        terminal.type("q")
