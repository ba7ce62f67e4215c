"""What a line may have at most: one beyond is a bad line, and both parsers say so in the same words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.codec.lineprotocol import NO_LIMITS, LineError, LineLimits, Parsed, python
from tests.parsers import PARSERS, Parse, everything, needs_native

LIMITS = LineLimits(line_bytes=40, point_tags=2, point_fields=3)
BEYOND = {
    "line": (
        b"m v=11111111111111111111111111111111111 1",
        42,
        (
            "line too long: 40 bytes are allowed (limits.line_bytes), 41 came;"
            " spread it over several points, or raise the limit"
        ),
    ),
    "tags": (
        b"m,a=1,b=2,c=3 v=1",
        14,
        (
            "too many tags: 2 are allowed in a point (limits.point_tags), 3 came;"
            " make fields of some, or raise the limit"
        ),
    ),
    "fields": (
        b"m v=1,f=1,g=1,v=2 1",
        18,
        (
            "too many fields: 3 are allowed in a point (limits.point_fields), 4 came;"
            " spread them over several points, or raise the limit"
        ),
    ),
}


def read(parse: Parse, body: bytes, limits: LineLimits = LIMITS) -> Parsed:
    return parse(body, time_ns=5, types=lambda _measurement, _field: None, limits=limits)


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("known", [b"", b"m v=1\nm,a=1,b=2 f=1,g=2,h=3 1\n"], ids=["new", "known"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_within_the_limits_is_taken(parse: Parse, known: bytes, end: bytes) -> None:
    body = known + b"m,a=1,b=2 f=1,g=2,h=3 123456789012345678"
    assert len(body) - len(known) == LIMITS.line_bytes
    parsed = read(parse, body + end)
    assert (parsed.points, parsed.errors) == (known.count(b"\n") + 1, [])


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("known", [b"", b"m v=1\nm v=1,f=1,g=1\nm,h=1 v=1\n"], ids=["new", "known"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("beyond", ["line", "tags", "fields"])
def test_a_line_beyond_a_limit_is_refused_and_the_others_are_taken(
    parse: Parse, known: bytes, end: bytes, beyond: str
) -> None:
    line, column, reason = BEYOND[beyond]
    parsed = read(parse, known + line + end + (b"m v=2" if end else b""))
    number = known.count(b"\n") + 1
    assert parsed.errors == [LineError(number, column, reason, line.decode())]
    assert parsed.points == number - 1 + bool(end)


@pytest.mark.parametrize("parse", PARSERS)
def test_a_long_text_over_several_lines_is_one_line(parse: Parse) -> None:
    body = b'm v="a\nm v=1\n' + b"x" * 40 + b'"\nm v="b"\n'
    parsed = read(parse, body)
    assert (parsed.points, parsed.error_count) == (1, 1), "what stands in the text is no point"
    assert parsed.errors[0].reason.startswith(
        "line too long: 40 bytes are allowed (limits.line_bytes), 54 came"
    )


@pytest.mark.parametrize("parse", PARSERS)
def test_a_limit_that_was_lowered_holds_for_series_that_are_known_already(parse: Parse) -> None:
    body = b"m,a=1,b=2,c=3 v=1\n" * 2
    assert read(parse, body, NO_LIMITS).points == 2
    assert read(parse, body).error_count == 2
    assert read(parse, body, NO_LIMITS).points == 2


pieces = st.sampled_from(
    [
        *(
            b"m,a=1",
            b",b=2",
            b",c=3",
            b" ",
            b"v=1",
            b",w=2i",
            b',s="x y"',
            b',s="\n"',
            b" 12345",
            b"\n",
            b"\r\n",
            b"#c",
        )
    ]
)


@needs_native
@given(
    st.lists(pieces, max_size=40),
    st.builds(LineLimits, st.integers(1, 60), st.integers(0, 3), st.integers(1, 4)),
)
def test_both_parsers_refuse_alike(some: list[bytes], limits: LineLimits) -> None:
    native = pytest.importorskip("heliograph.codec.lineprotocol.native")
    body = b"m,a=1 v=1\n" + b"".join(some)
    expected, came = (everything(read(parser.parse, body, limits)) for parser in (python, native))
    assert came == expected
