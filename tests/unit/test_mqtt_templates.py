"""Templates: every place, numbers as numbers in JSON, and what is wrong told before anything is sent."""

from __future__ import annotations

import json
import random
import socket
import uuid
from itertools import pairwise

import pytest

from heliograph.cli.mqtt.templates import PLACES, JsonTemplate, Moment, Template
from heliograph.errors import ConfigError

T = 1_790_000_000_123_456_789


def fill(text: str, seq: int = 1) -> str:
    return Template(text, random.Random(1)).fill(Moment(seq, T))


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("n={seq}", "n=3"),
        ("{seq:100}", "102"),
        ("{now}", "2026-09-21T14:13:20.123+00:00"),
        (
            "{now:s} {now:ms} {now:us} {now:ns}",
            "1790000000 1790000000123 1790000000123456 1790000000123456789",
        ),
        ("{choice:on}", "on"),
        ("{random:5:5}", "5.0"),
        ("{int:7:7}", "7"),
        ("{walk:2:2}", "2.0"),
        ("{sin:4:4:60}", "4.0"),
        ("{{seq}} {{random:1:2}}", "{seq} {random:1:2}"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("{host}", socket.gethostname()),
    ],
)
def test_places_are_filled(text: str, filled: str) -> None:
    assert fill(text, 3) == filled


def test_random_values_stay_within_their_bounds() -> None:
    for text, kind, low, high in (
        ("{random:20:30}", float, 20, 30),
        ("{random:-1.5:1.5}", float, -1.5, 1.5),
        ("{int:1:6}", int, 1, 6),
        ("{walk:0:10}", float, 0, 10),
        ("{sin:0:10:0.5}", float, 0, 10),
    ):
        template = Template(text, random.Random(7))
        values = [template.value(Moment(seq, T + seq * 10**8)) for seq in range(200)]
        assert all(type(value) is kind and low <= value <= high for value in values), text
        assert len(set(values)) > 3, text


def test_a_walk_takes_small_steps() -> None:
    template = Template("{walk:0:100}", random.Random(3))
    values = [template.value(Moment(seq, T)) for seq in range(500)]
    assert max(abs(b - a) for a, b in pairwise(values)) < 20


def test_json_gets_numbers_and_not_their_texts() -> None:
    template = JsonTemplate(
        '{"t": "{random:20:30}", "n": "{seq}", "on": "{bool}", "id": "x-{seq}", "l": ["{seq}", 1]}'
    )
    value = json.loads(template.fill(Moment(5, T)))
    assert isinstance(value["t"], float)
    assert value | {"t": 0, "on": 0} == {"t": 0, "n": 5, "on": 0, "id": "x-5", "l": [5, 1]}
    assert isinstance(value["on"], bool)


def test_places_may_stand_without_quotes() -> None:
    assert json.loads(JsonTemplate('{"n": {seq}, "on": {choice:true|true}}').fill(Moment(2, T))) == {
        "n": 2,
        "on": True,
    }


def test_ids_are_ids() -> None:
    assert uuid.UUID(fill("{uuid}")).version == 4


def test_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOM", "42")
    assert fill("{env:ROOM}") == "42"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{randm:1:2}", "known are seq, now, random"),
        ("{random:1}", "as in {random:20:30}"),
        ("{random:a:b}", "as in {random:20:30}"),
        ("{int:6:1}", "as in {int:1:6}"),
        ("{sin:1:2}", "as in {sin:20:30:60}"),
        ("{sin:1:2:0}", "as in {sin:20:30:60}"),
        ("{now:h}", "as in {now}"),
        ("{choice}", r"as in \{choice:on\|off\}"),
        ("{env:NO_SUCH_VARIABLE}", "an environment variable"),
    ],
)
def test_wrong_places_are_told(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Template(text)


def test_what_is_no_json_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match="not JSON"):
        JsonTemplate('{"n": {seq}')


def test_every_place_that_is_listed_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "x")
    for place in PLACES:
        assert fill(place) != place
