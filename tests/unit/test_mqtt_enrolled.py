"""Commands on a board that is enrolled: broker, login and rights are of its enrolment."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import pytest

from heliograph.cli import demo, pub
from heliograph.cli.agent import enrolment_of
from heliograph.cli.mqtt.settings import settings_from
from heliograph.cli.rr import _place_for_answers
from heliograph.errors import ConfigError, MqttRefused
from heliograph.transport.enrolment import Enrolment
from heliograph.transport.mqtt_client import MqttClient
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.mqtt_client_settings import MqttSettings

BOARD = Enrolment("greenhouse", "k3y", "hub.local", 8883, tls=True, ca="")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    BOARD.write(tmp_path)
    return tmp_path


def settings(home: Path, *arguments: str, **environ: str) -> MqttSettings:
    parser = argparse.ArgumentParser(prog="helio pub")
    pub.configure(parser)
    found = {"HELIO_CONTEXTS": str(home / "contexts.toml"), "HELIO_HOME": str(home), **environ}
    return settings_from(parser.parse_args(arguments), found)


def test_a_command_goes_to_the_hub_at_which_the_board_is_enrolled(home: Path) -> None:
    found = settings(home, "-t", "tel/greenhouse/x", "-m", "1")
    assert (found.endpoint, found.user, found.password) == ("mqtts://hub.local:8883", "greenhouse", "k3y")
    assert found.client_id is not None
    assert found.client_id.startswith("greenhouse-")


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("-h", "other"), {}),
        (("-p", "1884"), {}),
        (("-L", "mqtt://other/t"), {}),
        (("-u", "me"), {}),
        (("--cafile", "ca.pem"), {}),
        ((), {"HELIO_MQTT_HOST": "other"}),
        ((), {"HELIO_MQTT_USER": "me"}),
    ],
)
def test_who_names_a_broker_or_a_login_gets_that(
    home: Path, arguments: tuple[str, ...], environ: dict[str, str]
) -> None:
    found = settings(home, *arguments, **environ)
    assert found.user != "greenhouse"
    assert found.publishes is None


def test_a_context_in_use_goes_before_the_enrolment(home: Path) -> None:
    (home / "contexts.toml").write_text('use = "lab"\n[contexts.lab]\nhost = "lab"\n')
    assert settings(home).endpoint == "mqtt://lab:1883"


def test_a_client_id_that_the_hub_would_refuse_is_refused_here(home: Path) -> None:
    assert settings(home, "-i", "greenhouse-door").client_id == "greenhouse-door"
    with pytest.raises(ConfigError, match="begin with greenhouse-"):
        settings(home, "-i", "door")


def test_an_enrolment_that_cannot_be_read_is_told(home: Path) -> None:
    (home / "agent.json").write_text("{}")
    with pytest.raises(ConfigError, match="helio agent enrol"):
        settings(home)


def test_a_message_that_the_hub_would_drop_is_refused(home: Path) -> None:
    async def publish(topic: str) -> None:
        await MqttClient(settings(home)).publish(Publication(topic, b"1", 1))

    with pytest.raises(
        MqttRefused, match=r"may not publish to 'lab/lamp', only to tel/greenhouse/#"
    ) as found:
        asyncio.run(publish("lab/lamp"))
    assert found.value.exit_code == 135


def test_the_demo_is_the_boards_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIO_HOME", str(home))
    for name in ("HELIO_MQTT_HOST", "HELIO_MQTT_PORT"):
        monkeypatch.delenv(name, raising=False)
    parser = argparse.ArgumentParser(prog="helio demo")
    demo.configure(parser)
    assert enrolment_of(parser.parse_args([])) == BOARD
    assert enrolment_of(parser.parse_args(["--hub", "other"])) is None


@pytest.mark.parametrize(
    ("topic", "named", "place"),
    [
        ("cmd/pi/climate/fan", ("-h", "other"), "sta/pi/answers/"),
        ("ask/somebody", ("-h", "other"), "helio/answers/"),
        ("sta/greenhouse/ask", (), "cmd/greenhouse/answers/"),
    ],
)
def test_an_answer_comes_where_who_answers_may_publish(
    home: Path, topic: str, named: tuple[str, ...], place: str
) -> None:
    found = settings(home, *named)
    args = argparse.Namespace(topic=topic)
    assert _place_for_answers(args, found).startswith(place)
