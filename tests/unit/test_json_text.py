"""Answers as JSON text, compiled or not, say what Python's json says, with null for what JSON lacks."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.json_text import python
from heliograph.api.json_text.response import NumbersResponse, dump

native = pytest.importorskip("heliograph.api.json_text.native", reason="nothing was compiled here")
DUMPS = [pytest.param(python.dump, id="python"), pytest.param(native.dump, id="native")]
Dump = Callable[[object], bytes]

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


def finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list) else value


def told(value: object) -> list[object]:
    """Return a value with the types of its numbers: 1 and 1.0 are equal."""
    if isinstance(value, dict):
        return [[key, told(each)] for key, each in value.items()]
    return [told(each) for each in value] if isinstance(value, list) else [type(value), repr(value)]


@pytest.mark.parametrize("dump_", DUMPS)
@given(value=VALUES)
def test_what_is_written_is_read_back_the_same(dump_: Dump, value: object) -> None:
    assert told(json.loads(dump_(value))) == told(finite(value))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_as_short_as_python_writes_it(value: float) -> None:
    text = native.dump(value).decode()
    assert repr(float(text)) == repr(value)
    assert len(text) <= len(repr(value)) + 2  # ".0" where Python takes an exponent


@pytest.mark.parametrize("dump_", DUMPS)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (2**63, "9223372036854775808"),
        (-(2**63), "-9223372036854775808"),
        ((1, 2), "[1,2]"),
        ('"\\\n\u00e4\x00', '"\\"\\\\\\n\u00e4\\u0000"'),
        ({"a": [], "b": {}}, '{"a":[],"b":{}}'),
        ([math.nan, math.inf], "[null,null]"),
    ],
)
def test_texts(dump_: Dump, value: object, text: str) -> None:
    assert dump_(value) == text.encode()


@pytest.mark.parametrize("dump_", DUMPS)
@pytest.mark.parametrize("value", [b"x", {1, 2}, object(), [[object()]]])
def test_what_json_does_not_know_is_refused(dump_: Dump, value: object) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        dump_(value)


@pytest.mark.parametrize("dump_", DUMPS)
def test_half_a_character_is_refused(dump_: Dump) -> None:
    with pytest.raises(UnicodeEncodeError):
        dump_(["\ud800"])


def test_an_answer_is_told_as_json() -> None:
    response = NumbersResponse({"values": [1.5, math.inf]})
    assert response.body == dump({"values": [1.5, None]}) == b'{"values":[1.5,null]}'
    assert response.headers["content-type"] == "application/json"


@given(value=VALUES)
def test_both_write_whole_numbers_alike(value: object) -> None:
    assert told(json.loads(native.dump(value, whole=True))) == told(
        json.loads(python.dump(value, whole=True))
    )


@pytest.mark.parametrize("dump_", DUMPS)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (1e6, "1000000"),
        (2.0**53, "9007199254740992"),
        (1e20, "100000000000000000000"),
        (math.inf, "null"),
        ([1.0, {"a": 2.0}], '[1,{"a":2}]'),
    ],
)
def test_floats_without_a_fraction_may_be_whole(
    dump_: Callable[..., bytes], value: object, text: str
) -> None:
    assert dump_(value, whole=True) == text.encode()
