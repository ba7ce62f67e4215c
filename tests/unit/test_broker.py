"""What nats-server is told, which ports are free, who holds the others, and which process is ours to end."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from heliograph.broker.config import HEADER_ROOM_BYTES, BrokerPlan, Endpoints, render
from heliograph.broker.nats_server import end_stale, find_binary
from heliograph.broker.ports import free_port, holder_of, require_free
from heliograph.errors import PortTaken

OPEN = Endpoints(nats_port=4_001, monitor_port=4_002, mqtt_host="127.0.0.1", mqtt_port=4_003)


def plan(folder: Path) -> BrokerPlan:
    return BrokerPlan(
        folder=folder,
        hub_password='hub"\\pass',
        guest_password="guest-pass",
        payload_bytes=1_000_000,
        streams_bytes=2_000_000_000,
        sync="always",
    )


def test_everything_listens_on_loopback_only(tmp_path: Path) -> None:
    text = render(plan(tmp_path), OPEN)
    listens = re.findall(r'(?:listen|http): "(.*?)"', text)
    assert listens == ["127.0.0.1:4001", "127.0.0.1:4002", "127.0.0.1:4003"]


def test_without_a_port_for_mqtt_nobody_can_connect_by_it(tmp_path: Path) -> None:
    text = render(plan(tmp_path), Endpoints(1, 2, "127.0.0.1", None))
    assert "mqtt {" not in text
    assert "no_auth_user" not in text


def test_payloads_have_room_for_headers_and_messages_are_synced(tmp_path: Path) -> None:
    text = render(plan(tmp_path), OPEN)
    assert f"max_payload: {1_000_000 + HEADER_ROOM_BYTES}\n" in text
    assert "sync_interval: always\n" in text


def test_passwords_and_paths_are_quoted(tmp_path: Path) -> None:
    text = render(plan(tmp_path / 'a "folder"'), OPEN)
    assert json.dumps('hub"\\pass') in text
    assert json.dumps(str(tmp_path / 'a "folder"')) in text


def test_a_guest_comes_by_mqtt_only_and_reaches_nothing_of_the_hub(tmp_path: Path) -> None:
    text = render(plan(tmp_path), OPEN)
    assert 'allowed_connection_types: ["MQTT", "MQTT_WS"]' in text
    [publish, subscribe] = [json.loads(words) for words in re.findall(r"deny: (\[.*?\])", text)]
    assert {"$MQTT.>", "$JS.>", "$SYS.>", "lp.>"} <= set(publish)
    assert {"$JS.>", "$SYS.>", "lp.>"} <= set(subscribe)
    assert "$MQTT.>" not in subscribe, "it would silently stop QoS 1 deliveries"


def test_a_binary_is_found() -> None:
    assert os.access(find_binary(), os.X_OK)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def test_a_taken_port_names_its_holder_and_the_way_out(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert holder_of(port) == f"{psutil.Process().name()} (pid {os.getpid()})"
    with pytest.raises(PortTaken) as taken:
        require_free("mqtt", "127.0.0.1", port, "--mqtt-port")
    assert str(taken.value) == (
        f"mqtt: 127.0.0.1:{port} is held by {psutil.Process().name()} (pid {os.getpid()});"
        " stop it or choose another port with --mqtt-port"
    )
    assert taken.value.exit_code == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_ports_of_both_kinds_of_addresses_are_tried(host: str) -> None:
    try:
        port = free_port(host)
    except OSError as error:
        pytest.skip(f"this machine has no {host}: {error}")
    assert require_free("mqtt", host, port, "x") == port


def test_free_ports_are_given_and_kept() -> None:
    port = free_port()
    assert require_free("mqtt", "127.0.0.1", port, "x") == port
    assert require_free("mqtt", "127.0.0.1", 0, "x") > 0
    assert holder_of(port) is None
    assert len({free_port() for _ in range(300)}) == 300, "two uses never get the same one"


@pytest.fixture
def stranger() -> Iterator[psutil.Popen]:
    """A process that has nothing to do with us, which waits for its input to end."""
    process = psutil.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    yield process
    process.kill()
    process.wait(120)
    process.stdin.close()


def test_a_foreign_process_with_our_old_pid_is_left_alone(tmp_path: Path, stranger: psutil.Popen) -> None:
    ours = plan(tmp_path)
    ours.pid_path.write_text(str(stranger.pid))
    end_stale(ours)
    assert stranger.is_running()


@pytest.mark.parametrize("text", ["", "nonsense", "999999999", "-1"])
def test_a_pid_file_without_a_process_is_nothing_to_end(tmp_path: Path, text: str) -> None:
    ours = plan(tmp_path)
    ours.pid_path.write_text(text)
    end_stale(ours)
    assert ours.pid_path.read_text() == text


def test_a_process_started_with_our_configuration_is_ended(tmp_path: Path) -> None:
    ours = plan(tmp_path)
    command = [sys.executable, "-c", "input()", "-c", str(ours.config_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        ours.pid_path.write_text(str(process.pid))
        end_stale(ours)
        assert not psutil.pid_exists(process.pid)
