"""The rule that is proposed for a topic somebody looks at, and what it would make of messages."""

from __future__ import annotations

import shlex

import pytest

from heliograph.codec.ingest.proposal import Seen, command_of, native_points, preview, propose
from heliograph.codec.ingest.rule import make_rule
from heliograph.codec.lineprotocol.format import format_point


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("home/lab/climate", b'{"t": 1}', ("home-lab-climate", "json", "climate", ())),
        ("home/lab/t", b"21.5", ("home-lab-t", "value", "t", ())),
        ("home/lab/on", b"true", ("home-lab-on", "value", "on", ())),
        ("home/lab/state", b"online", ("home-lab-state", "value", "state", ("value:string",))),
        ("/a b/", b'[{"t": 1}]', ("a-b", "json", "a-b", ())),
        ("x/lp", b"cpu,host=a v=1", ("x-lp", "lp", "", ())),
        ("x/pack", b'[{"n": "t", "v": 1}]', ("x-pack", "senml", "", ())),
        ("x/c", b"\xa1at\x01", ("x-c", "cbor", "c", ())),
    ],
    ids=["json", "number", "truth", "words", "list", "lp", "senml", "cbor"],
)
def test_what_is_proposed_takes_the_topic(
    topic: str, payload: bytes, expected: tuple[str, str, str, tuple[str, ...]]
) -> None:
    rule = propose(topic, [payload])
    assert rule is not None
    assert (rule.name, rule.parser, rule.measurement, rule.fields) == expected
    made = preview(rule, topic, [Seen(1, payload)])
    assert [bool(each.points) for each in made] == [True], made[0].reason


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("tel/pi/lp", b"cpu v=1"), ("$SYS/x", b"1"), ("raw", b"\xff\x00"), ("gone", b"")],
    ids=["native", "broker", "bytes", "empty"],
)
def test_nothing_is_proposed_where_nothing_can_be_stored(topic: str, payload: bytes) -> None:
    assert propose(topic, [payload]) is None


def test_a_broken_message_does_not_hide_the_others() -> None:
    rule = propose("a/b", [b"hello", b'{"t": 1}'])
    assert rule is not None
    assert rule.parser == "json"


def test_a_preview_tells_why_there_are_no_points() -> None:
    rule = make_rule({"name": "r", "topic": "home/{room}/t", "parser": "json", "measurement": "climate"})
    messages = [Seen(5, b'{"t": 1}'), Seen(6, b"?"), Seen(7, b"{}"), Seen(8, b'{"t": 1}', is_retained=True)]
    made = preview(rule, "home/lab/t", messages)
    assert [format_point(point) for point in made[0].points] == ["climate,room=lab t=1.0 5"]
    assert "JSON" in made[1].reason
    assert "nothing to store" in made[2].reason
    assert "how old" in made[3].reason
    assert "is not the filter" in preview(rule, "other", messages)[0].reason


def test_the_command_says_the_same_rule() -> None:
    asked = {
        "name": "r",
        "topic": "home/{room}/t",
        "parser": "json",
        "bucket": "lab",
        "measurement": "it's",
        "tags": {"house": "a b"},
        "fields": ["t", "h:int=x.y"],
        "time": "at",
        "time_form": "ms",
    }
    words = shlex.split(command_of(make_rule(asked)))
    assert words[:4] == ["helio", "ingest", "add", "r"]
    pairs = list(zip(words[4::2], words[5::2], strict=True))
    assert ("--measurement", "it's") in pairs
    assert ("--tag", "house=a b") in pairs
    assert [value for option, value in pairs if option == "--field"] == ["t", "h:int=x.y"]
    assert {"--topic", "--parser", "--bucket", "--time", "--time-form"} <= {option for option, _ in pairs}


def test_devices_own_lines() -> None:
    points = native_points("tel/pi/lp", Seen(9, b"cpu,host=pi v=1\nmem,host=pi f=2i 7"))
    assert [format_point(point) for point in points] == ["cpu,host=pi v=1.0 9", "mem,host=pi f=2i 7"]
