"""From options, environment and contexts to a connection; passwords kept out of sight."""

from __future__ import annotations

import argparse
import stat
from pathlib import Path

import pytest

from heliograph.cli import context, pub
from heliograph.cli.main import main
from heliograph.cli.mqtt.contexts import Context, Contexts
from heliograph.cli.mqtt.settings import settings_from, topic_of_url
from heliograph.errors import ConfigError
from heliograph.transport.mqtt_client_message import MessageProperties
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion


def settings(*arguments: str, **environ: str) -> MqttSettings:
    parser = argparse.ArgumentParser(prog="helio pub")
    pub.configure(parser)
    return settings_from(
        parser.parse_args(arguments),
        {"HELIO_CONTEXTS": "/nowhere/contexts.toml", "HELIO_HOME": "/nowhere", **environ},
    )


def test_defaults() -> None:
    found = settings()
    assert (found.host, found.actual_port, found.user, found.tls) == ("localhost", 1883, None, None)
    assert found.version is MqttVersion.V311
    assert found.endpoint == "mqtt://localhost:1883"


def test_mosquittos_letters() -> None:
    found = settings(
        *("-h", "pi", "-p", "1884", "-u", "me", "-i", "id", "-k", "5", "-c", "-V", "mqttv5", "-x", "60"),
        *(
            "--will-topic",
            "w",
            "--will-payload",
            "gone",
            "--will-qos",
            "1",
            "--will-retain",
            "-A",
            "127.0.0.2",
        ),
        *("-D", "will", "content-type", "text/plain", "-D", "connect", "user-property", "k", "v"),
    )
    assert (found.host, found.actual_port, found.user, found.client_id) == ("pi", 1884, "me", "id")
    assert (found.keep_alive, found.is_clean, found.session_expiry_s) == (5, False, 60)
    assert found.will is not None
    assert (found.will.topic, found.will.payload, found.will.qos, found.will.retained) == (
        "w",
        b"gone",
        1,
        True,
    )
    assert found.will.properties == MessageProperties(content_type="text/plain")
    assert (found.bind_address, found.user_properties) == ("127.0.0.2", (("k", "v"),))


@pytest.mark.parametrize(
    ("url", "endpoint", "topic"),
    [
        ("mqtt://pi/a/b", "mqtt://pi:1883", "a/b"),
        ("mqtts://pi/a%20b", "mqtts://pi:8883", "a b"),
        ("mqtt://[::1]:1884/a", "mqtt://[::1]:1884", "a"),
        ("ws://pi:8086/mqtt", "ws://pi:8086/mqtt", None),
        ("wss://pi", "wss://pi:443/mqtt", None),
    ],
)
def test_addresses_in_one(url: str, endpoint: str, topic: str | None) -> None:
    parser = argparse.ArgumentParser(prog="helio pub")
    pub.configure(parser)
    args = parser.parse_args(["-L", url])
    assert (
        settings_from(args, {"HELIO_CONTEXTS": "/nowhere/c", "HELIO_HOME": "/nowhere"}).endpoint == endpoint
    )
    assert topic_of_url(args) == topic


def test_a_password_in_an_address_is_used_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    found = settings("-L", "mqtt://me:p%40ss@pi/t")
    assert (found.user, found.password) == ("me", "p@ss")
    assert "seen by everybody" in capsys.readouterr().err
    assert "p@ss" not in repr(found)


def test_where_a_password_comes_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "password"
    file.write_text("secret\r\nsecond line\n")
    assert settings("-u", "me", "-P", f"@{file}").password == "secret"
    assert settings("-u", "me", "--password-file", str(file)).password == "secret"
    assert settings("-u", "me", HELIO_MQTT_USER="me", HELIO_MQTT_PASSWORD="env").password == "env"
    assert capsys.readouterr().err == ""
    assert settings("-u", "me", "-P", "seen").password == "seen"
    assert "seen by everybody" in capsys.readouterr().err
    assert settings("-u", "me", "-P", "seen", "--quiet").password == "seen"
    assert capsys.readouterr().err == ""
    with pytest.raises(ConfigError, match="cannot be read"):
        settings("-P", "@/no/such/file", "-u", "me")


def test_a_password_goes_to_nobody_else() -> None:
    environ = {"HELIO_MQTT_HOST": "pi", "HELIO_MQTT_USER": "me", "HELIO_MQTT_PASSWORD": "secret"}
    assert settings(**environ).password == "secret"
    assert settings("-h", "other", **environ).password is None
    assert settings("-u", "you", **environ).password is None


def test_tls_is_on_where_something_of_it_is_said() -> None:
    assert settings("--cafile", "ca.pem").actual_port == 8883
    assert settings("-p", "8883").tls is not None
    assert settings("--tls-use-os-certs").tls is not None
    insecure = settings("--insecure").tls
    assert insecure is not None
    assert not insecure.is_host_checked


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-c"], "give one with -i"),
        (["-x", "5"], "-V 5"),
        (["-P", "@/dev/null"], "-u"),
        (["--key", "k", "--cafile", "c"], "give both"),
        (["-k", "70000"], "65535"),
        (["--will-payload", "x"], "--will-topic"),
        (["--will-topic", "a/#"], "wildcard"),
        (["-L", "http://pi"], "expected mqtt://"),
        (["-L", "mqtt://pi:0x/"], "1 to 65535"),
        (["-D", "puback", "user-property", "a", "b"], "expected connect|publish|will"),
        (["-D", "connect", "receive-maximum", "1"], "session expiry: -x"),
        (["-D", "will", "user-property", "a", "--will-topic", "w"], "a name and a value"),
        (["-D", "will", "no-such-thing", "a", "--will-topic", "w"], "the properties of will are"),
        (["-D", "will", "message-expiry-interval", "soon", "--will-topic", "w"], "is a number"),
        (["--context", "none"], "helio context add none"),
    ],
)
def test_contradictions_are_told(arguments: list[str], reason: str) -> None:
    with pytest.raises(Exception, match=reason.replace("|", r"\|")) as told:
        settings(*arguments)
    assert getattr(told.value, "exit_code", None) == 2


def test_a_wrong_environment_is_told() -> None:
    with pytest.raises(ConfigError, match="a port is a number"):
        settings(HELIO_MQTT_PORT="x")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "deep" / "contexts.toml"
    monkeypatch.setenv("HELIO_CONTEXTS", str(path))
    for name in (
        "HELIO_CONTEXT",
        "HELIO_MQTT_HOST",
        "HELIO_MQTT_USER",
        "HELIO_MQTT_PASSWORD",
        "HELIO_MQTT_PORT",
    ):
        monkeypatch.delenv(name, raising=False)
    return path


def helio(*arguments: str) -> int:
    return main(["context", *arguments])


def test_the_life_of_a_context(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    password = tmp_path / "password"
    password.write_text('"quoted\\é\n')
    assert helio("add", "lab", "-h", "pi", "-p", "1884", "-u", "me", "-P", f"@{password}", "-V", "5") == 0
    assert helio("add", "garden", "-L", "mqtts://tree/x", "--cafile", "ca.pem", "--use") == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Contexts.read(file).named["lab"] == Context("pi", 1884, "me", '"quoted\\é', version="5")
    assert helio("list") == 0
    assert helio("show", "lab") == 0
    shown = capsys.readouterr().out
    assert "* garden           tree" in shown
    assert "  lab              pi:1884 as me" in shown
    assert "quoted" not in shown
    assert helio("use", "lab") == 0
    assert settings(HELIO_CONTEXTS=str(file)).endpoint == "mqtt://pi:1884"
    assert settings(HELIO_CONTEXTS=str(file)).password == '"quoted\\é'
    assert settings("--context", "garden", HELIO_CONTEXTS=str(file)).endpoint == "mqtts://tree:8883"
    assert settings(HELIO_CONTEXTS=str(file), HELIO_CONTEXT="garden").endpoint == "mqtts://tree:8883"
    assert settings(HELIO_CONTEXTS=str(file), HELIO_MQTT_HOST="env").endpoint == "mqtt://env:1883"
    assert settings("-h", "other", HELIO_CONTEXTS=str(file)).password is None
    assert helio("delete", "lab") == 0
    assert helio("use", "-") == 0
    assert settings(HELIO_CONTEXTS=str(file)).endpoint == "mqtt://localhost:1883"


def test_wrong_uses_of_contexts(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert helio("list") == 0
    assert "there are none" in capsys.readouterr().out
    assert helio("add", "lab") == 2
    assert helio("add", "-", "-h", "x") == 2
    assert helio("show") == 2
    helio("add", "lab", "-h", "pi")
    assert helio("use", "lba") == 2
    assert "did you mean 'lab'" in capsys.readouterr().err
    assert helio("delete", "garden") == 2
    for wrong in ("{", "contexts.lab = 1", "[contexts.lab]\nhots = 'x'", "[contexts.lab]\nport = 'x'"):
        file.write_text(wrong)
        assert helio("list") == 2
    assert str(file) in capsys.readouterr().err


def test_help_of_every_action_is_there() -> None:
    parser = argparse.ArgumentParser(prog="helio context")
    context.configure(parser)
    assert "readable by you only" in parser.format_help()
