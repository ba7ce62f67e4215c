"""Payloads to typed values and back."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.app.incoming.payloads import decode, encode
from heliograph.errors import DecodeError
from heliograph.model.point import Point


class Mode(enum.Enum):
    AUTO = "auto"
    OFF = "off"


@dataclass
class Speed:
    left: float
    right: float = 0.0


@dataclass
class Drive:
    speed: Speed
    mode: Mode = Mode.AUTO
    tags: list[str] = field(default_factory=list)


@dataclass
class Positive:
    value: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError("must not be negative")


class Climate(TypedDict):
    temperature: float
    humidity: NotRequired[float]


@pytest.mark.parametrize(
    ("payload", "wanted", "value"),
    [
        (b"\xff\x00", bytes, b"\xff\x00"),
        (b"21", str, "21"),
        (b"21.5", float, 21.5),
        (b"21", float, 21.0),
        (b"21", int, 21),
        (b"21.0", int, 21),
        (b"ON", bool, True),
        (b"false", bool, False),
        (b"0", bool, False),
        (b"", type(None), None),
        (b"null", type(None), None),
        (b"[1, 2]", list[float], [1.0, 2.0]),
        (b"[1, 2]", tuple[float, ...], (1.0, 2.0)),
        (b'{"a": 1}', dict[str, float], {"a": 1.0}),
        (b'{"a": [1]}', Any, {"a": [1]}),
        (b"auto", Mode, Mode.AUTO),
        (b'"OFF"', Mode, Mode.OFF),
        (b"up", Literal["up", "down"], "up"),
        (b"5", int | str, 5),
        (b"five", int | str, "five"),
        (b"null", float | None, None),
        (b'{"left": 1}', Speed, Speed(1.0)),
        (b'{"speed": {"left": 1}, "mode": "off", "tags": ["x"]}', Drive, Drive(Speed(1.0), Mode.OFF, ["x"])),
        (b'{"temperature": 21}', Climate, {"temperature": 21.0}),
    ],
)
def test_a_payload_becomes_what_the_handler_asks_for(payload: bytes, wanted: Any, value: Any) -> None:
    decoded = decode(payload, wanted)
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize(
    ("payload", "wanted", "why"),
    [
        (b"warm", float, 'a number was expected, "warm" came'),
        (b"true", float, "a number was expected, true came"),
        (b"1.5", int, "a whole number was expected"),
        (b"2", bool, "true or false was expected, 2 came"),
        (b"\xff", str, "UTF-8"),
        (b"[1]", Speed, "an object with left, right was expected"),
        (b"{}", Speed, "left missing; left, right were expected"),
        (b'{"left": 1, "up": 2}', Speed, "unknown up"),
        (b'{"speed": {"left": "x"}}', Drive, 'speed.left: a number was expected, "x" came'),
        (b'{"speed": {"left": 1}, "tags": [1, []]}', Drive, r"tags\[1\]: text was expected"),
        (b'{"value": -1}', Positive, "must not be negative"),
        (b'{"humidity": 1}', Climate, "temperature missing"),
        (b"sideways", Literal["up", "down"], "one of up, down was expected"),
        (b"fast", Mode, "one of auto, off was expected"),
        (b"x", int | None, "a whole number was expected.*; or null was expected"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(payload: bytes, wanted: Any, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        decode(payload, wanted)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_what_json_can_hold_comes_back(value: Any) -> None:
    payload = encode(value)
    assert isinstance(value, str) or decode(payload, Any) == value


def test_dataclasses_points_and_enums_are_written() -> None:
    assert (
        encode(Drive(Speed(1.0), Mode.OFF))
        == b'{"speed": {"left": 1.0, "right": 0.0}, "mode": "off", "tags": []}'
    )
    assert encode(Point("m", {"v": 1}, {})) == b'{"measurement": "m", "fields": {"v": 1}, "tags": {}}'
    assert encode(21.5) == b"21.5"
    assert encode("ü") == "ü".encode()
    assert encode(bytearray(b"x")) == b"x"


@pytest.mark.parametrize("value", [object(), float("nan"), {"a": {1: object()}}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(DecodeError, match="cannot be written in JSON"):
        encode(value)
