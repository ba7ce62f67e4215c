from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heliograph.codec.lineprotocol import LineError, Parsed, format_point
from heliograph.errors import TooSparse
from heliograph.model.point import FieldType, FieldValue, Point, UInt, field_type
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS, Precision
from tests.parsers import PARSERS, Parse

pytestmark = pytest.mark.parametrize("parse", PARSERS)

NEVER_ASKED_FOR = 1_700_000_000_000_000_000


def no_types(_measurement: str, _field: str) -> None:
    return None


def read(parse: Parse, body: bytes, precision: Precision = Precision.NS) -> Parsed:
    return parse(body, time_ns=NEVER_ASKED_FOR, precision=precision, types=no_types, max_errors=1000)


def rows(parsed: Parsed) -> list[Any]:
    return [
        (
            measurement,
            table.series[table.codes[row]],
            table.times_ns[row],
            {
                name: (column.type, column.values[row])
                for name, column in table.columns.items()
                if row < len(column.valid) and column.valid[row]
            },
        )
        for measurement, table in parsed.batch.items()
        for row in range(len(table))
    ]


def name_texts(*, measurement: bool = False) -> st.SearchStrategy[str]:
    """Names that line protocol can write: with every separator and backslash, but none at the end."""
    texts = st.text(
        st.one_of(
            st.sampled_from(',= \\"#'),
            st.characters(min_codepoint=33, exclude_characters="\x7f", exclude_categories=["Cs"]),
        ),
        min_size=1,
        max_size=8,
    )
    return texts.filter(
        lambda text: not text.endswith("\\") and text != "time" and not (measurement and text.startswith("#"))
    )


field_values: st.SearchStrategy[FieldValue] = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2**64 - 1).map(UInt),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    st.text('\\"nrt\n\r,= ', max_size=6),
)
points = st.builds(
    Point,
    measurement=name_texts(measurement=True),
    fields=st.dictionaries(name_texts(), field_values, min_size=1, max_size=4),
    tags=st.dictionaries(name_texts(), name_texts(), max_size=3),
    time_ns=st.none() | st.integers(MIN_TIME_NS, MAX_TIME_NS),
)


@given(st.lists(points, min_size=1, max_size=3))
def test_what_is_formatted_is_parsed_again(parse: Parse, made: list[Point]) -> None:
    for point in made:
        parsed = read(parse, format_point(point).encode())
        assert parsed.errors == []
        time_ns = NEVER_ASKED_FOR if point.time_ns is None else point.time_ns
        fields = {name: (field_type(value), value) for name, value in point.fields.items()}
        assert rows(parsed) == [(point.measurement, tuple(sorted(point.tags.items())), time_ns, fields)]


PLAIN = (
    b'm|m,h=a|m,h=b| | |f=1|f=-2.5|i=7i|i=-7i|b=t|s="x"|u=1u|time=1|f=1_0|f=+1|,|=|#|"|_|+|.|-|0|nan|inf|e5'
)
DIGITS = b" 5| 1234567890123456789|i=1234567890123456789i"
ODD = b"\\|\n|\n|\n|\r\n|\r|\t|\x00|\xff|\xc3\xa4"
pieces = st.sampled_from(b"|".join((PLAIN, DIGITS, ODD)).split(b"|"))
WARM = b"m,h=a f=1,i=1i,b=t 1\nm f=1,i=1i,b=t 2\n"


@given(st.lists(pieces, max_size=25).map(b"".join), st.sampled_from(list(Precision)))
@example(b"m f=1\r,i=2i", Precision.NS)
@example(b"m f=\t1", Precision.NS)
@example(b"m f=1 9223372036854775807", Precision.NS)
@example(b"m f=1 9223372036854775", Precision.HOUR)
@example(b"m f=1  5", Precision.NS)
@example(b"m f=1 5 ", Precision.NS)
@example(b"m f=1,", Precision.NS)
@example(b"m f", Precision.NS)
@example(b"m f=", Precision.NS)
@example(b"m i=-i", Precision.NS)
@example(b"m i=--1i", Precision.NS)
def test_both_paths_read_the_same(parse: Parse, tail: bytes, precision: Precision) -> None:
    """The warm lines teach the fast path; a control character in a comment keeps it from being used."""
    fast = read(parse, WARM + tail, precision)
    slow = read(parse, b"#\x00\n" + WARM + tail, precision)
    assert rows(fast) == rows(slow)
    assert [column.valid for table in fast.batch.values() for column in table.columns.values()] == [
        column.valid for table in slow.batch.values() for column in table.columns.values()
    ]
    assert fast.error_count == slow.error_count
    assert fast.marks == slow.marks
    assert [(e.line + 1, e.column, e.reason, e.excerpt, e.conflict) for e in fast.errors] == [
        (e.line, e.column, e.reason, e.excerpt, e.conflict) for e in slow.errors
    ]


@given(st.lists(pieces, max_size=25).map(b"".join))
def test_every_error_points_into_its_line(parse: Parse, body: bytes) -> None:
    lines = body.split(b"\n")
    parsed = read(parse, body)
    assert parsed.error_count == len(parsed.errors)
    for error in parsed.errors:
        line = lines[error.line - 1]
        assert 1 <= error.column <= len(line) + 1
        assert line.rstrip(b"\r").decode(errors="replace") == error.excerpt or len(line) > 160


@given(st.binary(max_size=60))
def test_any_bytes_are_read_without_an_exception(parse: Parse, body: bytes) -> None:
    parsed = read(parse, body)
    assert parsed.points == sum(len(table) for table in parsed.batch.values())
    for table in parsed.batch.values():
        assert set(table.codes) == set(range(len(table.series)))
        for column in table.columns.values():
            assert len(column.values) == len(column.valid) <= len(table)


def test_an_error_tells_where_what_and_shows_the_line(parse: Parse) -> None:
    parsed = read(parse, b"m v=1 1\n\nm,h=a v=abc 1\r\n")
    assert parsed.errors == [
        LineError(
            line=3,
            column=9,
            reason="invalid value: a number, true, false or a string in double quotes was expected, "
            '"abc" came',
            excerpt="m,h=a v=abc 1",
            conflict=False,
        )
    ]


def test_a_long_bad_line_is_shown_shortened(parse: Parse) -> None:
    (error,) = read(parse, b"m v=" + b"x" * 1000).errors
    assert error.excerpt == "m v=" + "x" * 156
    assert error.reason.endswith(f'"{"x" * 40}…" came')


def test_errors_are_described_up_to_the_limit_and_counted_beyond(parse: Parse) -> None:
    parsed = parse(b"bad\n" * 50 + b"m v=1\n", time_ns=0, types=no_types, max_errors=3)
    assert [error.line for error in parsed.errors] == [1, 2, 3]
    assert (parsed.error_count, parsed.points) == (50, 1)


def test_a_field_type_is_asked_for_once(parse: Parse) -> None:
    asked = []

    def types(measurement: str, field: str) -> FieldType | None:
        asked.append((measurement, field))
        return FieldType.FLOAT if field == "old" else None

    parsed = parse(b"m old=1i\nm old=2i\nm old=3\nm new=1\nm new=2\nn old=1\n", time_ns=0, types=types)
    assert [error.conflict for error in parsed.errors] == [True, True]
    assert asked == [("m", "old"), ("m", "new"), ("n", "old")]


@pytest.mark.parametrize("size", [65_535, 65_536])
def test_a_key_has_a_longest_length(parse: Parse, size: int) -> None:
    bodies = [b"m" * size + b" v=1", b"m,t=" + b"x" * (size - 4) + b" v=1", b"m " + b"f" * size + b"=1"]
    for body in bodies:
        parsed = read(parse, body)
        assert parsed.points == (size == 65_535)
        assert all(error.reason == "max key length exceeded: 65536 > 65535" for error in parsed.errors)
        assert len(parsed.errors) == (size > 65_535)


@pytest.mark.parametrize(
    "body",
    [
        b"m v=" + b"1" * 500_000 + b"i",
        b"m v=0." + b"1" * 500_000,
        b"=" * 500_000,
        b"\\" * 500_000,
        b'm v="' + b'\\"' * 250_000,
        b"m" + b",a" * 250_000,
        b"m v=1 " + b"0" * 500_000,
        b" " * 500_000,
        b'm v="a\\"\nm v=1\n' * 5_000,
    ],
    ids=["integer", "float", "equals", "backslashes", "open string", "tags", "time", "spaces", "quotes"],
)
def test_hostile_bodies_take_time_in_proportion_to_their_size(parse: Parse, body: bytes) -> None:
    """A repeat that is tried again from every byte would take hours here."""
    parsed = read(parse, body)
    assert parsed.points + parsed.error_count <= 10_001


@pytest.mark.thorough
@pytest.mark.parametrize("value", ["1.5", "3i", "t", '"x"'])
def test_a_batch_of_lines_without_common_fields_is_refused_before_it_fills_the_memory(
    parse: Parse, value: str
) -> None:
    names = [f"f{number}" for number in range(4_001)]
    # each column begins at the first line and goes on at the last: all between is nothing
    wide = b"m " + ",".join(f"{name}={value}" for name in names).encode() + b"\n"
    short = wide + f"m f0={value}\n".encode() * 1_900 + wide
    assert parse(short, time_ns=0, types=no_types).points == 1_902
    with pytest.raises(TooSparse, match="8,000,000 places"):
        parse(wide + f"m f0={value}\n".encode() * 2_100 + wide, time_ns=0, types=no_types)
    own = b"".join(f"m {name}={value}\n".encode() for name in names)
    with pytest.raises(TooSparse):
        parse(own + own, time_ns=0, types=no_types)
