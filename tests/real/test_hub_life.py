"""A hub's life: who it gives way to, what it cleans up, how it ends, and what it keeps to itself."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from heliograph.broker.nats_server import find_binary
from tests.real.hub_process import HubProcess

T = 1_790_000_000_000_000_000
HANG = 120.0
"""Only ends a test that hangs."""


def up(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``helio up`` where it must end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "heliograph", "up", "--no-agent", *arguments],
        env={k: v for k, v in os.environ.items() if not k.startswith("HELIO_")} | {"HELIO_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_gone(pid: int) -> None:
    deadline = time.monotonic() + HANG
    while not gone(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def test_a_second_hub_on_the_same_folder_is_told_who_has_it(hub: HubProcess) -> None:
    second = up(hub.home, "--http-port", "0", "--mqtt-port", "0")
    assert second.returncode == 2
    assert f"{hub.home} is in use by the hub with pid {hub.pid}" in second.stderr
    assert "HELIO_HOME" in second.stderr
    assert "Traceback" not in second.stderr
    assert hub.write(f"m v=1 {T}") == 204, "the first one goes on"


@pytest.mark.parametrize(
    ("taken", "free", "setting"),
    [("--mqtt-port", "--http-port", "broker.mqtt_port"), ("--http-port", "--mqtt-port", "http.port")],
)
def test_a_taken_port_names_the_process_that_holds_it(
    tmp_path: Path, taken: str, free: str, setting: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        ended = up(tmp_path / "hub", taken, str(port), free, "0")
    assert ended.returncode == 2
    assert f"127.0.0.1:{port} is held by {psutil.Process().name()} (pid {os.getpid()})" in ended.stderr
    assert setting in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list((tmp_path / "hub").rglob("*.pid")), "nothing is left running"


def test_ports_of_another_hub_are_told_as_such(hub: HubProcess, tmp_path: Path) -> None:
    ended = up(tmp_path / "other", "--http-port", "0", "--mqtt-port", str(hub.mqtt_port))
    assert ended.returncode == 2
    assert f"nats-server (pid {hub.facts['nats_pid']})" in ended.stderr


def test_nats_server_killed_alone_is_started_again_and_nothing_acknowledged_is_lost(hub: HubProcess) -> None:
    acknowledged: list[int] = []
    stopping = threading.Event()

    def write() -> None:
        number = 0
        while not stopping.is_set():
            if hub.write(f"m v={number}i {T + number}") == 204:
                acknowledged.append(number)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(2):
        more(acknowledged)
        [nats] = nats_servers(hub)
        nats.kill()
        wait_gone(nats.pid)
        wait_until(partial(nats_servers, hub))
        more(acknowledged)
    stopping.set()
    writer.join(HANG)
    stored = {value for (value,) in hub.sql("SELECT v FROM m")}
    assert set(acknowledged) <= stored
    assert hub.sql("SELECT count(*) - count(DISTINCT v) FROM m") == [[0]]
    status = hub.status()
    assert status["broker"]["restarts"] == 2
    assert "nats-server ended by itself 2 times" in " ".join(status["warnings"])
    subprocess.run(
        ["mosquitto_pub", "-p", str(hub.mqtt_port), "-q", "1", "-t", "tel/pi/lp", "-m", f"after v=1 {T}"],
        check=True,
        timeout=HANG,
    )
    wait_until(lambda: "after" in [m["name"] for m in hub.json("GET", "/api/schema")["measurements"]])


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def more(acknowledged: list[int]) -> None:
    """Wait until a few more writes are acknowledged."""
    goal = len(acknowledged) + 5
    wait_until(lambda: len(acknowledged) > goal)


def listens(url: str) -> bool:
    """Return whether there is a server at a URL."""
    where = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((where.hostname, where.port)) == 0


def nats_servers(hub: HubProcess) -> list[psutil.Process]:
    return [child for child in psutil.Process(hub.pid).children() if child.name() == "nats-server"]


def test_a_hub_killed_with_9_leaves_no_nats_server_behind(hub: HubProcess) -> None:
    children = [child.pid for child in psutil.Process(hub.pid).children(recursive=True)]
    assert hub.facts["nats_pid"] in children
    hub.kill()
    for pid in children:
        wait_gone(pid)


def test_a_stale_nats_server_is_ended_at_the_next_start(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        assert hub.write(f"m v=1 {T}") == 204
        hub.kill()
        wait_gone(hub.facts["nats_pid"])
        with left_behind(hub) as stale:
            wait_until(lambda: gone(stale.pid) or listens(hub.nats_url))
            assert not gone(stale.pid), (tmp_path / "stale.log").read_text()
            hub.start()
            wait_gone(stale.pid)
            assert hub.facts["nats_pid"] != stale.pid
            assert hub.sql("SELECT v FROM m") == [[1.0]]
            assert "earlier hub left behind" in hub.log


@contextmanager
def left_behind(hub: HubProcess) -> Iterator[subprocess.Popen[bytes]]:
    """A nats-server on the hub's folder that no hub watches."""
    command = [str(find_binary()), "-c", str(hub.home / "nats" / "nats.conf")]
    with (
        (hub.home.parent / "stale.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as stale,
    ):
        reaper = threading.Thread(target=stale.wait)  # else it would stay a zombie, and look alive
        reaper.start()
        try:
            yield stale
        finally:
            stale.kill()
            reaper.join(HANG)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_under_load_in_the_order_of_the_data(tmp_path: Path, number: signal.Signals) -> None:
    with HubProcess(tmp_path / "hub", "--set", "agent.interval=1s") as hub:
        acknowledged: list[int] = []
        writers = [threading.Thread(target=write_until_gone, args=(hub, i, acknowledged)) for i in range(3)]
        for writer in writers:
            writer.start()
        wait_until(lambda: len(acknowledged) > 20 and hub.status()["counters"]["mqtt_points"] > 0)
        children = psutil.Process(hub.pid).children(recursive=True)
        os.kill(hub.pid, number)
        assert hub._process is not None
        assert hub._process.wait(HANG) == 0, hub.log[-2_000:]
        for writer in writers:
            writer.join(HANG)
        for child in children:
            wait_gone(child.pid)
        assert not (hub.home / "run.json").exists()
        assert "Traceback" not in hub.log
        assert "ERROR" not in hub.log
        hub.start()
        assert {value for (value,) in hub.sql("SELECT v FROM m")} >= set(acknowledged)
        assert hub.status()["counters"]["http_read_back"] == 0, "all was sealed at the end"
        assert hub.sql("SELECT count(*) > 0 FROM system") == [[True]], "what the agent sent is there"


def write_until_gone(hub: HubProcess, client: int, acknowledged: list[int]) -> None:
    number = client
    while True:
        try:
            if hub.write(f"m v={number}i {T + number}") == 204:
                acknowledged.append(number)
        except OSError:
            return
        number += 3


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_can_be_read_by_their_owner_only(hub: HubProcess) -> None:
    assert mode(hub.home) == 0o700
    for secret in ("operator.token", "nats/nats.conf", "nats/hub.password", "nats/guest.password"):
        assert mode(hub.home / secret) == 0o600, secret
    for folder in ("nats", "segments", "tmp"):
        assert mode(hub.home / folder) == 0o700, folder


def test_secrets_are_private_in_a_folder_that_is_not(tmp_path: Path) -> None:
    home = tmp_path / "hub"
    home.mkdir()
    home.chmod(0o755)
    with HubProcess(home, "--no-agent"):
        for secret in ("operator.token", "nats/nats.conf", "nats/hub.password", "nats/guest.password"):
            assert mode(home / secret) == 0o600, secret
        assert mode(home / "nats") == 0o700


def test_the_log_holds_no_secret(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--verbose") as hub:
        hub.write(f"m v=1 {T}")
        code = re.search(r"#login=(\S+)", hub.log)
        assert code is not None
        session = hub.request("POST", "/api/session", {"code": code[1]}, token=None)[1]["set-cookie"]
        hub.request("POST", f"/write?db=telegraf&u=any&p={hub.token}", f"m v=2 {T}".encode(), token=None)
        hub.request("GET", "/api/status", token="a-wrong-token-of-somebody")
        hub.sql("SELECT 1")
        passwords = [(hub.home / "nats" / f"{name}.password").read_text() for name in ("hub", "guest")]
        token = hub.token
        hub.stop()
        # what helio up prints for people to copy holds the token on purpose; the log's lines do not
        log = "\n".join(line for line in hub.log.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line))
    assert "DEBUG" in log
    for secret in (token, *passwords, session.partition("=")[2].partition(";")[0], code[1], "a-wrong-token"):
        assert secret not in log


def test_the_streams_stand_before_anyone_may_connect(tmp_path: Path) -> None:
    """A device that tries all the time must not find a broker that keeps nothing."""
    with HubProcess(tmp_path / "first", "--no-agent") as hub:
        pass
    stopping = threading.Event()
    acknowledged: list[int] = []

    def publish() -> None:
        number = 0
        while not stopping.is_set():
            command = ["mosquitto_pub", "-p", str(hub.mqtt_port), "-q", "1", "-t", "tel/pi/lp"]
            line = f"eager v={number}i {T + number}"
            if (
                subprocess.run(
                    [*command, "-m", line], check=False, timeout=HANG, capture_output=True
                ).returncode
                == 0
            ):
                acknowledged.append(number)
                number += 1

    eager = threading.Thread(target=publish)
    eager.start()
    with HubProcess(tmp_path / "second", "--no-agent") as second:
        second.stop()
        second.mqtt_port = hub.mqtt_port
        (second.home / "catalog.db").unlink()
        for path in (second.home / "nats").rglob("*"):
            if path.is_file() and path.suffix != ".password":
                path.unlink()
        second.start()
        wait_until(lambda: len(acknowledged) >= 5)
        stopping.set()
        eager.join(HANG)
        wait_until(lambda: all(s["applied_seq"] == s["last_seq"] for s in second.status()["streams"]))
        assert {v for (v,) in second.sql("SELECT v FROM eager")} == set(acknowledged)
