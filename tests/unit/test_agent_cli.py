"""What the commands make of their options and of the environment."""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import pytest

from heliograph.cli import agent as agent_command
from heliograph.cli.agent import broker_endpoint
from heliograph.cli.demo import Room
from heliograph.cli.main import main
from heliograph.codec.lineprotocol import format_point
from heliograph.errors import ConfigError
from heliograph.transport.mqtt import MqttEndpoint


def endpoint(*options: str, **environ: str) -> MqttEndpoint:
    parser = argparse.ArgumentParser()
    agent_command.configure(parser)
    return broker_endpoint(parser.parse_args(options), environ)


@pytest.mark.parametrize(
    ("hub", "host", "port"),
    [
        ("hub.local", "hub.local", 1883),
        ("hub.local:8883", "hub.local", 8883),
        ("mqtt://10.0.0.5:1884/", "10.0.0.5", 1884),
        ("[fd00::1]:1884", "fd00::1", 1884),
        ("[fd00::1]", "fd00::1", 1883),
        ("fd00::1", "fd00::1", 1883),
        ("hub:", "hub", 1883),
    ],
)
def test_the_hub_is_a_host_with_or_without_a_port(hub: str, host: str, port: int) -> None:
    chosen = endpoint("--hub", hub)
    assert (chosen.host, chosen.port) == (host, port)


@pytest.mark.parametrize("hub", [":1883", "hub:0", "hub:65536", "hub:http"])
def test_an_odd_hub_address_is_told(hub: str) -> None:
    with pytest.raises(ConfigError):
        endpoint("--hub", hub)


def test_without_options_it_is_this_machine_and_nobody() -> None:
    assert endpoint() == MqttEndpoint("127.0.0.1", 1883, None, None)


def test_the_environment_gives_hub_and_login() -> None:
    chosen = endpoint(
        HELIO_MQTT_HOST="hub", HELIO_MQTT_PORT="8883", HELIO_MQTT_USER="pi", HELIO_MQTT_PASSWORD="key"
    )
    assert chosen == MqttEndpoint("hub", 8883, "pi", "key")


def test_options_win_over_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("from file\nnot this\n")
    chosen = endpoint(
        "--hub", "other", "--user", "me", "--password-file", str(secret),
        HELIO_MQTT_HOST="hub", HELIO_MQTT_PORT="8883", HELIO_MQTT_USER="pi", HELIO_MQTT_PASSWORD="key",
    )  # fmt: skip
    assert chosen == MqttEndpoint("other", 1883, "me", "from file")


def test_a_password_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="password cannot be read"):
        endpoint("--password-file", str(tmp_path / "none"))


@pytest.mark.parametrize("option", [("--interval", "10x"), ("--interval", "0s"), ("--inputs", "cpus")])
def test_wrong_options_end_with_status_2(option: tuple[str, str]) -> None:
    assert main(["agent", "--once", *option]) == 2


def test_the_demo_room_stays_believable() -> None:
    room = Room(random.Random(7))
    visitors = 0
    for second in range(5_000):
        point = room.next_point(second * 10**9)
        assert -5.0 < float(point.fields["temperature"]) < 40.0
        assert 20.0 <= float(point.fields["humidity"]) <= 90.0
        assert isinstance(point.fields["window_open"], bool)
        assert int(point.fields["visitors"]) >= visitors
        visitors = int(point.fields["visitors"])
    assert visitors > 0


def test_the_demo_point_has_a_field_of_four_types_telegraf_style() -> None:
    line = format_point(Room(random.Random(1)).next_point(5))
    assert line.startswith("room,host=demo temperature=")
    assert line.endswith(" 5")
    assert "visitors=" in line
