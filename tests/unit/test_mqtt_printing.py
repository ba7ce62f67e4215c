"""How messages are printed: formats of mosquitto_sub, values, differences."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from heliograph.cli.mqtt.formats import Arrived, Format
from heliograph.cli.mqtt.show import MOST_TOPICS, Differences, Printer
from heliograph.errors import ConfigError, PayloadError
from heliograph.transport.mqtt_client_message import MessageProperties, MqttMessage

T = 1_790_000_000_123_456_789
PROPERTIES = MessageProperties(
    content_type="text/plain",
    response_topic="back",
    correlation_data=b"\x01",
    expiry_s=60,
    is_text=True,
    topic_alias=3,
    subscription_id=7,
    user=(("a", "b"), ("c", "d")),
)


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def arrived(payload: bytes = b"hi", *, topic: str = "a/b", retained: bool = False) -> Arrived:
    return Arrived(MqttMessage(topic, payload, 1, retained, packet_id=9, properties=PROPERTIES), T)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("%t %p", "a/b hi"),
        ("%l %q %r %m", "2 1 0 9"),
        ("%x %X %%", "6869 6869 %"),
        ("%A %C %D %E %F %P %R %S", "3 text/plain \x01 60 1 a:b c:d back 7"),
        ("%5l|%05l|%-5l|", "    2|00002|2    |"),
        ("%10t|%-10t|%2.2t|%-4.1t|", "       a/b|a/b       |a/|a   |"),
        ("%I", "2026-09-21T15:13:20+0100"),
        ("@Y-@m-@dT@H:@M:@S.@N@@", "2026-09-21T15:13:20.123456789@"),
        ("%U", "1790000000.123456789"),
        (r"\e[92m%t\0\t\n\\", "\x1b[92ma/b\0\t\n\\"),
    ],
)
def test_formats(text: str, printed: str) -> None:
    assert Format(text)(arrived()).decode() == printed


def test_json_of_a_message() -> None:
    said = json.loads(Format("%j")(arrived(b'{"t": 1}')))
    assert said["payload"] == '{"t": 1}'
    assert said["tst"] == "2026-09-21T15:13:20.123456+0100"
    assert (said["topic"], said["qos"], said["retain"], said["payloadlen"], said["mid"]) == (
        "a/b",
        1,
        0,
        8,
        9,
    )
    assert said["properties"]["user-properties"] == [{"a": "b"}, {"c": "d"}]
    assert json.loads(Format("%J", is_pretty=True)(arrived(b'{"t": 1}')))["payload"] == {"t": 1}
    with pytest.raises(PayloadError):
        Format("%J")(arrived(b"{"))


@pytest.mark.parametrize("text", ["%y", r"\q"])
def test_unknown_sequences_are_told(text: str) -> None:
    with pytest.raises(ConfigError, match="known are"):
        Format(text)


def test_payloads_go_through_as_they_are() -> None:
    plain = Printer(None, has_topic=False, is_pretty=False, is_coloured=False)
    assert plain(arrived(b"\xff\x00")) == b"\xff\x00"
    verbose = Printer(None, has_topic=True, is_pretty=False, is_coloured=False)
    assert verbose(arrived(b"x")) == b"a/b x"


def test_values_and_colours() -> None:
    values = Printer("auto", has_topic=True, is_pretty=False, is_coloured=True)
    assert (
        values(arrived(b'{"t":1}', retained=True)).decode()
        == '\x1b[36ma/b\x1b[0m \x1b[33mretained\x1b[0m {"t": 1}'
    )


def test_differences_tell_what_is_new_another_and_gone() -> None:
    differences = Differences("auto", is_coloured=False)

    def said(payload: bytes) -> str | None:
        printed = differences(arrived(payload))
        return None if printed is None else printed.decode()

    assert said(b'{"t": 20, "on": true, "l": [1]}') == "+ a/b t : 20\n+ a/b on : true\n+ a/b l[0] : 1"
    assert said(b'{"t": 20, "on": true, "l": [1]}') is None
    assert said(b'{"t": 21.5, "on": false}') == (
        "~ a/b t : 20 → 21.5 (+1.5)\n~ a/b on : true → false\n- a/b l[0] : 1"
    )
    assert said(b"off").splitlines() == ['+ a/b : "off"', "- a/b t : 21.5", "- a/b on : false"]  # type: ignore[union-attr]


def test_differences_forget_topics_that_are_long_unseen() -> None:
    differences = Differences("text", is_coloured=False)
    for number in range(MOST_TOPICS + 1):
        differences(arrived(b"x", topic=f"t/{number}"))
    assert differences(arrived(b"x", topic=f"t/{MOST_TOPICS}")) is None
    assert differences(arrived(b"x", topic="t/0")) == b'+ t/0 : "x"'
