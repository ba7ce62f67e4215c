from __future__ import annotations

import math
from typing import Any

import pytest

from heliograph.codec.lineprotocol import format_point
from heliograph.errors import LineProtocolError
from heliograph.model.point import Point, UInt


def test_all_types_and_sorted_tags() -> None:
    point = Point(
        "room",
        {"t": 21.5, "n": 3, "u": UInt(4), "on": True, "off": False, "s": 'say "a\\b"'},
        {"z": "1", "a": "x"},
        5,
    )
    assert format_point(point) == r'room,a=x,z=1 t=21.5,n=3i,u=4u,on=true,off=false,s="say \"a\\b\"" 5'


def test_separators_are_escaped_where_they_separate() -> None:
    point = Point("m, =", {"f, =": 1}, {"t, =": "v, ="})
    assert format_point(point) == r"m\,\ =,t\,\ \==v\,\ \= f\,\ \==1i"


def test_no_time_is_no_third_part() -> None:
    assert format_point(Point("m", {"v": 1.0}, {})) == "m v=1.0"


def test_tags_without_a_value_are_left_out() -> None:
    assert format_point(Point("m", {"v": 1.0}, {"a": "", "b": "1"})) == "m,b=1 v=1.0"


def test_floats_keep_every_bit() -> None:
    for value in (0.1, 1e-300, 5e-324, 1.7976931348623157e308, -0.0, 1 / 3):
        written = format_point(Point("m", {"v": value}, {})).removeprefix("m v=")
        assert math.copysign(1, float(written)) == math.copysign(1, value)
        assert float(written) == value


def test_a_float_of_another_library_is_written_as_a_number() -> None:
    class Celsius(float):
        def __repr__(self) -> str:
            return "a temperature"

    assert format_point(Point("m", {"v": Celsius(2.5)}, {})) == "m v=2.5"


GOOD: dict[str, Any] = {"measurement": "m", "fields": {"v": 1.0}, "tags": {}, "time_ns": None}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": {}}, "has no field"),
        ({"measurement": ""}, "a measurement is empty"),
        ({"fields": {"": 1}}, "a field key is empty"),
        ({"tags": {"": "v"}}, "a tag key is empty"),
        ({"measurement": "a\nb"}, "control character"),
        ({"tags": {"t": "a\nb"}}, "the tag value 'a\\nb' has a control character"),
        ({"fields": {"a\x00": 1}}, "the field key 'a\\x00' has a control character"),
        ({"measurement": "a\\"}, "ends with a backslash"),
        ({"tags": {"t": "C:\\"}}, "ends with a backslash"),
        ({"measurement": "#m"}, "begins with #"),
        ({"tags": {"time": "1"}}, "a tag key may not be 'time'"),
        ({"fields": {"time": 1}}, "a field key may not be 'time'"),
        ({"fields": {"v": math.nan}}, "the field 'v' is nan; a finite number"),
        ({"fields": {"v": math.inf}}, "is inf"),
        ({"fields": {"v": None}}, "is None"),
        ({"fields": {"v": b"x"}}, "is b'x'"),
        ({"fields": {"v": 2**63}}, "is 9223372036854775808; -9223372036854775808 to"),
        ({"fields": {"v": UInt(-1)}}, "is -1; 0 to 18446744073709551615"),
        ({"fields": {"v": UInt(2**64)}}, "0 to 18446744073709551615 was expected"),
        ({"time_ns": 2**63 - 1}, "the time is 9223372036854775807 ns"),
        ({"fields": {"v": "\ud800"}}, "half a surrogate pair"),
    ],
)
def test_what_cannot_be_written_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(LineProtocolError) as caught:
        format_point(Point(**(GOOD | change)))
    assert said in caught.value.reason
