"""What the bridge is made of: filters, arrivals, the choice of a broker; and what clients may not want."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from heliograph.broker.client_limits import ClientLimits
from heliograph.broker.mosquitto import MosquittoPlan, has_websocket, render
from heliograph.config.tree import BrokerSettings
from heliograph.errors import ConfigError
from heliograph.hub.bridge.arrivals import REMEMBERED, Arrivals
from heliograph.hub.bridge.choice import BrokerKind, agent_endpoint, choose, with_session
from heliograph.hub.bridge.filters import covers, least
from heliograph.stream.passing import selects, subjects_of
from heliograph.transport.mqtt_client_message import MqttMessage


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        ("#", "a/b", True),
        ("a/#", "a", True),
        ("a/+", "a/b", True),
        ("a/+", "a/#", False),
        ("a/+", "a/b/c", False),
        ("a/b", "a/+", False),
        ("+/b", "a/+", False),
        ("#", "$x/a", False),
        ("a/+/#", "a/#", False),
    ],
)
def test_a_filter_that_selects_all_of_another(wide: str, narrow: str, *, does: bool) -> None:
    assert covers(wide, narrow) is does


def test_no_filter_is_asked_for_that_another_one_holds() -> None:
    assert least(["tel/#", "a/+", "a/b", "a/+", "x/#", "x"]) == ["tel/#", "a/+", "x/#"]


@pytest.mark.parametrize(
    ("topic_filter", "subjects"),
    [
        ("a/b", ["a.b"]),
        ("a/+/c", ["a.*.c"]),
        ("a/#", ["a.>", "a"]),
        ("#", [">"]),
        ("/a", ["/.a"]),
        ("a//b/", ["a./.b./"]),
        ("dev.a/1.5", ["dev//a.1//5"]),
        ("a b/c", []),
    ],
)
def test_subjects_of_a_filter(topic_filter: str, subjects: list[str]) -> None:
    assert subjects_of(topic_filter) == subjects


def test_subjects_with_wildcards() -> None:
    assert selects("a.*.c", "a.b.c")
    assert selects("a.>", "a.b.c")
    assert not selects("a.>", "a")
    assert not selects("a.*", "a.b.c")


def message(packet_id: int, payload: bytes = b"1", *, again: bool = False, qos: int = 1) -> MqttMessage:
    return MqttMessage("t", payload, qos, retained=False, is_duplicate=again, packet_id=packet_id)


def test_what_comes_again_has_the_time_at_which_it_came_first() -> None:
    arrivals = Arrivals()
    first = arrivals.time_of(message(7))
    assert arrivals.time_of(message(7, again=True)) == first
    assert arrivals.time_of(message(7, b"2", again=True)) > first  # another message of that number
    later = arrivals.time_of(message(7))
    assert later > first  # the broker does not say that it comes again
    assert arrivals.time_of(message(7, again=True)) == later


def test_old_arrivals_are_forgotten_before_their_number_comes_round() -> None:
    arrivals = Arrivals()
    first = arrivals.time_of(message(1))
    for packet_id in range(2, REMEMBERED + 2):
        arrivals.time_of(message(packet_id))
    assert arrivals.time_of(message(1, again=True)) > first
    assert arrivals.name_of(message(0, qos=0)) == ""


def test_the_brokers_that_can_be_chosen(tmp_path: Path) -> None:
    assert choose(BrokerSettings()).kind is BrokerKind.EMBEDDED
    assert choose(BrokerSettings(use="mosquitto")).kind is BrokerKind.MOSQUITTO
    password = tmp_path / "password"
    password.write_text("secret\n")
    found = choose(BrokerSettings(use="mqtt://me%40home@pi:1884", password_file=str(password)))
    assert found.settings is not None
    assert (found.settings.user, found.settings.password, found.settings.endpoint) == (
        "me@home",
        "secret",
        "mqtt://pi:1884",
    )
    endpoint = agent_endpoint(found.settings)
    assert (endpoint.host, endpoint.port, endpoint.user, endpoint.tls) == ("pi", 1884, "me@home", None)
    secure = choose(BrokerSettings(use="mqtts://pi")).settings
    assert secure is not None
    assert secure.endpoint == "mqtts://pi:8883"
    assert str(agent_endpoint(secure)) == "mqtts://pi:8883"


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        ("rabbit", '"embedded", "mosquitto" or an address'),
        ("http://pi", "an address such as mqtt://"),
        ("mqtt://pi:x", "was expected"),
        ("mqtt://", "was expected"),
        ("mqtt://pi/path", "was expected"),
        ("mqtt://me:secret@pi", "put it into a file: broker.password_file"),
    ],
)
def test_what_is_no_broker(use: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as raised:
        choose(BrokerSettings(use=use))
    assert "secret" not in str(raised.value)


def test_a_password_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"broker\.password_file cannot be read"):
        choose(BrokerSettings(use="mqtt://pi", password_file=str(tmp_path / "none")))


def test_the_session_is_the_same_after_a_restart(tmp_path: Path) -> None:
    settings = choose(BrokerSettings(use="mqtt://pi")).settings
    assert settings is not None
    one, two = with_session(settings, tmp_path), with_session(settings, tmp_path)
    assert one == two
    assert not one.is_clean
    assert one.client_id is not None
    assert len(one.client_id) > 20


def test_mosquitto_keeps_what_it_has_acknowledged(tmp_path: Path) -> None:
    text = render(MosquittoPlan(tmp_path, "127.0.0.1", 1883, 1_000))
    for line in (
        "listener 1883 127.0.0.1",
        "persistence true",
        "autosave_on_changes true",
        "autosave_interval 1",
    ):
        assert line in text.splitlines()


def test_mosquitto_has_websockets_where_it_was_built_with_them(tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    plan = MosquittoPlan(tmp_path, "::1", 8883, 1_000, certificate=(chain, key))
    assert "protocol" not in render(plan)
    _, _, websocket = render(replace(plan, websocket_port=8884)).partition("listener 8884 ::1\n")
    assert websocket.startswith(f"protocol websockets\nsocket_domain ipv6\ncertfile {chain}\nkeyfile {key}\n")
    binary = tmp_path / "mosquitto"
    binary.write_bytes(b"\x7fELF\x00Error: Websockets support not available.\x00")
    assert not has_websocket(binary)
    binary.write_bytes(b"\x7fELF\x00Opening websockets listen socket on port %d.\x00")
    assert has_websocket(binary)


LOG = '[1] 2026/11/23 09:30:33.838723 [ERR] 127.0.0.1:50300 - mid:14 - "%s" - %s'


@pytest.mark.parametrize(
    ("client", "said", "told"),
    [
        ("", "unacceptable protocol version of 5", "MQTT client at 127.0.0.1 speaks MQTT 5: set it to"),
        ("", 'older protocol "MQIsdp" not supported', "speaks MQTT 3.1: set it to MQTT 3.1.1"),
        (
            "my id",
            'invalid character in client ID "my id"',
            'MQTT client "my id" at 127.0.0.1 has a client id',
        ),
        ("d", "character not supported for MQTT topics", "uses a topic with a blank"),
        ("d", 'Subscription Violation - Subject "$SYS.>", SID $SYS.>', "wants $SYS"),
    ],
)
def test_a_client_that_wants_more_is_told_who_what_and_the_way_out(client: str, said: str, told: str) -> None:
    limits = ClientLimits()
    assert limits.note_line(LOG % (client, said))
    assert limits.note_line(LOG % (client, said))
    (warning,) = limits.warnings()
    assert told.partition(":")[0] in warning
    assert "(2 times)" in warning
    assert "helio up --broker mosquitto" in warning


def test_other_lines_are_no_matter_of_clients() -> None:
    limits = ClientLimits()
    assert not limits.note_line("[1] 2026/11/23 09:30:33 [INF] Server is ready")
    assert not limits.note_line(LOG % ("d", "something else"))
    assert limits.warnings() == []


def test_a_shared_subscription_is_seen_in_the_list_of_connections() -> None:
    limits = ClientLimits()
    answer = {"connections": [{"mqtt_client": "s", "ip": "::1", "subscriptions_list": ["$share.g.t"]}, {}]}
    limits.note_connections(answer)
    limits.note_connections(answer)
    (warning,) = limits.warnings()
    assert warning.startswith('MQTT client "s" at ::1 has a shared subscription')
