"""One declaration: argument, variable, TOML, description, and what the hub sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from heliograph import App, duration, size
from heliograph.app.options import Options
from heliograph.app.program import make_parser, run_settings
from heliograph.errors import ConfigError
from heliograph.transport.enrolment import Enrolment


def greenhouse() -> App:
    app = App("green-house", device="pi")
    app.option("--pin", type=int, default=4, help="GPIO of the sensor", min=0, max=27)
    app.option("--interval", type=duration, default="10s", help="time between two values")
    app.option("--buffer-size", type=size, default="1MiB")
    app.option("--mode", choices=["auto", "off"], default="auto")
    app.option("--simulate", type=bool, help="invent values")
    app.option("--key-word", secret=True)
    app.option("--bus", type=int, default=1, remote=False)

    @app.every("{interval}")
    def nothing() -> None:
        """Measure nothing."""

    return app


def values(app: App, *arguments: str, environ: dict[str, str] | None = None) -> Options:
    app.prepare(
        run_settings(
            app, make_parser(app).parse_args(arguments), {"HELIO_HOME": "/nowhere", **(environ or {})}
        )
    )
    return app.options


def test_defaults_are_read_as_on_the_command_line() -> None:
    options = values(greenhouse())
    assert (options.pin, options.interval, options.buffer_size) == (4, 10.0, 2**20)
    assert (options.mode, options.simulate, options.key_word) == ("auto", False, None)


def test_later_places_win(tmp_path: Path) -> None:
    file = tmp_path / "app.toml"
    file.write_text('pin = 5\ninterval = "1m"\nbuffer-size = "2MiB"\nsimulate = true\n')
    options = values(
        greenhouse(),
        *("--config", str(file), "--buffer-size", "3MiB", "--no-simulate"),
        environ={"GREEN_HOUSE_INTERVAL": "2m", "GREEN_HOUSE_BUFFER_SIZE": "9MiB"},
    )
    assert (options.pin, options.interval, options.buffer_size) == (5, 120.0, 3 * 2**20)
    assert options.simulate is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("pin = 28", "pin: a whole number from 0 to 27 was expected, 28 came"),
        ("pin = 1.5", "a whole number from 0 to 27 was expected"),
        ("pin = true", "a whole number from 0 to 27 was expected, True came"),
        ("pim = 1", 'unknown option "pim"; did you mean "pin"?'),
        ('mode = "on"', "one of auto, off was expected, 'on' came"),
        ("interval = [1]", "a duration as 10s was expected"),
        ("pin = ", "is not TOML"),
    ],
)
def test_a_wrong_file_is_told_with_its_name(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "app.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as failure:
        values(greenhouse(), "--config", str(file))
    assert why in str(failure.value)
    assert str(file) in str(failure.value)


def test_a_wrong_variable_is_told_with_its_name() -> None:
    with pytest.raises(ConfigError, match=r"GREEN_HOUSE_INTERVAL: .*duration"):
        values(greenhouse(), environ={"GREEN_HOUSE_INTERVAL": "soon"})


def test_a_wrong_argument_shows_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        values(greenhouse(), "--pin", "99")
    assert end.value.code == 2
    assert "argument --pin: a whole number from 0 to 27 was expected, 99 came" in capsys.readouterr().err


def test_secrets_are_not_shown() -> None:
    options = values(greenhouse(), environ={"GREEN_HOUSE_KEY_WORD": "hush"})
    assert options.key_word == "hush"
    assert "hush" not in repr(options)
    assert "hush" not in json.dumps(options.shown())
    assert "hush" not in json.dumps(greenhouse().describe())


def test_the_description_is_enough_for_a_form() -> None:
    pin = next(each for each in greenhouse().describe()["options"] if each["name"] == "pin")
    assert pin == {
        "name": "pin",
        "flag": "--pin",
        "variable": "GREEN_HOUSE_PIN",
        "kind": "int",
        "default": 4,
        "help": "GPIO of the sensor",
        "min": 0,
        "max": 27,
        "secret": False,
        "remote": True,
    }


@pytest.mark.parametrize(
    ("flag", "about", "why"),
    [
        ("pin", {}, "begins with --"),
        ("--Pin", {}, "begins with --"),
        ("--hub", {}, "every app has it"),
        ("--pin", {"type": int, "default": 30, "max": 27}, "at most 27"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(flag: str, about: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        App("a").option(flag, **about)


def test_an_option_is_declared_once() -> None:
    app = App("a")
    app.option("--pin")
    with pytest.raises(ConfigError, match="declared twice"):
        app.option("--pin")


def test_an_unknown_attribute_names_the_known_ones() -> None:
    with pytest.raises(AttributeError, match="no option 'pim', it has pin"):
        _ = Options({"pin": 1}).pim


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("lab", "mqtt://lab:1883"),
        ("lab:1884", "mqtt://lab:1884"),
        ("mqtts://lab", "mqtts://lab:8883"),
        ("wss://lab/ws", "wss://lab:8883/ws"),
        ("fd00::1", "mqtt://[fd00::1]:1883"),
        ("[fd00::1]:5", "mqtt://[fd00::1]:5"),
    ],
)
def test_the_broker_is_named_in_many_ways(address: str, endpoint: str) -> None:
    app = greenhouse()
    settings = run_settings(app, make_parser(app).parse_args(["--hub", address]), {})
    assert settings.mqtt.endpoint == endpoint


@pytest.mark.parametrize("address", ["", "http://lab", "lab:x", "mqtt://me:secret@lab", "a:b:c/d"])
def test_what_is_no_address_is_refused(address: str) -> None:
    app = greenhouse()
    args = make_parser(app).parse_args(["--hub", address or "mqtt://"])
    with pytest.raises(ConfigError, match="the broker is HOST"):
        run_settings(app, args, {})


def test_login_and_broker_may_come_from_the_environment(tmp_path: Path) -> None:
    app = greenhouse()
    environ = {
        "HELIO_MQTT_HOST": "lab",
        "HELIO_MQTT_PORT": "7",
        "HELIO_MQTT_USER": "me",
        "HELIO_MQTT_PASSWORD": "x",
    }
    mqtt = run_settings(app, make_parser(app).parse_args([]), environ).mqtt
    assert (mqtt.endpoint, mqtt.user, mqtt.password) == ("mqtt://lab:7", "me", "x")
    file = tmp_path / "password"
    file.write_text("from file\nrest")
    mqtt = run_settings(app, make_parser(app).parse_args(["--password-file", str(file)]), environ).mqtt
    assert mqtt.password == "from file"


def test_a_board_that_is_enrolled_needs_to_be_told_nothing(tmp_path: Path) -> None:
    Enrolment("shed", "k" * 40, "hub.local", 8883, tls=True, ca="PEM").write(tmp_path)
    app = App("green-house")
    environ = {"HELIO_HOME": str(tmp_path)}
    settings = run_settings(app, make_parser(app).parse_args([]), environ)
    assert (settings.device, settings.mqtt.endpoint) == ("shed", "mqtts://hub.local:8883")
    assert (settings.mqtt.user, settings.mqtt.password) == ("shed", "k" * 40)
    assert settings.mqtt.tls is not None
    assert settings.mqtt.tls.cadata == "PEM"
    assert "k" * 40 not in repr(settings), "a key does not get into a log"

    for named in (["--hub", "lab"], ["--user", "me"]):
        other = run_settings(app, make_parser(app).parse_args(named), environ)
        assert (other.device, other.mqtt.password) == (app.device, None), "another broker gets no key of ours"
    assert run_settings(greenhouse(), make_parser(greenhouse()).parse_args([]), environ).device == "pi"


def test_an_enrolment_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "agent.json").write_text("{")
    app = greenhouse()
    with pytest.raises(ConfigError, match="enrol it again with helio agent enrol"):
        run_settings(app, make_parser(app).parse_args([]), {"HELIO_HOME": str(tmp_path)})
