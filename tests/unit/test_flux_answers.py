"""What Flux answers to values that are special, to what is not supported, and how CSV shows it."""

from __future__ import annotations

import math

import pytest

from heliograph.errors import QueryError
from heliograph.model.point import UInt
from heliograph.query.flux.annotated import ANNOTATIONS, Dialect, csv_parts
from heliograph.query.flux.numbers import float_text, time_text
from tests.unit.flux_answers import S, results, rows, tables
from tests.unit.stored_points import Kept, point

SOURCE = 'from(bucket: "telegraf") |> range(start: 0)'


def array(*values: str) -> str:
    listed = ", ".join(
        f"{{_time: 1970-01-01T00:00:{n:02}Z, _value: {value}}}" for n, value in enumerate(values)
    )
    return f'import "array"\nimport "math"\narray.from(rows: [{listed}])'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (-0.0, "-0"),
        (1e21, "1000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_floats_have_no_exponent(value: float, text: str) -> None:
    assert float_text(value) == text


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.5Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (-(2**63) + 2, "1677-09-21T00:12:43.145224194Z"),
    ],
)
def test_times_have_the_digits_they_need(time_ns: int, text: str) -> None:
    assert time_text(time_ns) == text


def test_csv_quotes_and_tells_types(kept: Kept) -> None:
    kept.write(point("m", S, {"tag": "a,b"}, f=1.5, i=-3, u=UInt(2**64 - 1), b=False, s='say "hi"\nthere'))
    found = results(kept, f'{SOURCE} |> drop(columns: ["_start", "_stop"])')
    text = "".join(csv_parts(found, Dialect(annotations=ANNOTATIONS)))
    at = "1970-01-01T00:00:01Z"
    assert text.count("#datatype") == 5
    for kind, value in (
        ("double", "1.5"), ("long", "-3"), ("unsignedLong", "18446744073709551615"), ("boolean", "false"),
        ("string", '"say ""hi""\nthere"'),
    ):  # fmt: skip
        assert f"#datatype,string,long,dateTime:RFC3339,{kind},string,string,string\r\n" in text
        assert f",{at},{value}," in text
    assert '"a,b"\r\n' in text
    assert text.endswith("\r\n\r\n")


def test_an_empty_table_tells_its_key(kept: Kept) -> None:
    kept.write(point("m", S, {"host": "a"}, f=1.5))
    found = results(kept, f'{SOURCE} |> filter(fn: (r) => r._value > 5, onEmpty: "keep")')
    text = "".join(csv_parts(found, Dialect(annotations=ANNOTATIONS)))
    assert "#default,_result,0,1970-01-01T00:00:00Z,1970-01-01T00:16:40Z,,,f,m,a\r\n" in text
    assert (
        "".join(csv_parts({"_result": results(kept, SOURCE)["_result"].each(lambda _: None)}, Dialect()))
        == "\r\n"
    )


def test_two_results_stand_one_after_the_other(kept: Kept) -> None:
    kept.write(point("m", S, {}, f=1.5))
    found = results(kept, f'{SOURCE} |> yield(name: "raw") |> count() |> yield(name: "n")')
    lines = "".join(csv_parts(found, Dialect(header=False))).split("\r\n")
    assert [line.split(",")[1:3] for line in lines if line] == [["raw", "0"], ["n", "0"]]
    assert lines[1] == ""


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("7 / -2", -3),
        ("-7 % 3", -1),
        ("7.0 / 2.0", 3.5),
        ("1.0 / 0.0", math.inf),
        ("2 ^ 3", 8.0),
        ("9223372036854775807 + 1", -(2**63)),
        ('"a" + "b"', "ab"),
        ("int(v: 2030-01-01T00:00:00Z)", 1_893_456_000_000_000_000),
        ('int(v: "12")', 12),
        ("int(v: -1.9)", -1),
        ("float(v: 3)", 3.0),
        ("string(v: 1.0)", "1"),
        ("math.round(x: 2.5)", 3.0),
        ("math.abs(x: -2.5)", 2.5),
        ("if 1 < 2.5 then 1 else 2", 1),
        ("{a: {b: 3}}.a.b", 3),
        ("[1, 2, 3][1]", 2),
    ],
)
def test_arithmetic(kept: Kept, expression: str, value: object) -> None:
    found = rows(kept, f"{array('1')} |> map(fn: (r) => ({{x: {expression}}}))", "x")
    assert found == [(value,)]
    assert type(found[0][0]) is type(value)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("1 + 1.0", "int and float cannot be added; convert"),
        ("1 / 0", "cannot be divided by zero"),
        ('1 == "a"', "int and string cannot be compared"),
        ('int(v: "x")', 'cannot convert "x" to int'),
        ("nope", "undefined identifier nope"),
        ("math.nope(x: 1.0)", "nope is not supported"),
        ("math.abs(x: 1)", "must be a float, int came"),
        ("math.abs(y: 1.0)", 'missing required argument "x"'),
        ("math.abs(x: 1.0, y: 2)", 'argument "y" is not supported'),
        ("(1)(x: 2)", "a function is called, int came"),
    ],
)
def test_errors_tell_their_place(kept: Kept, expression: str, words: str) -> None:
    with pytest.raises(QueryError, match="error @3:") as caught:
        results(kept, f"{array('1')} |> map(fn: (r) => ({{x: {expression}}}))")
    assert words in str(caught.value)
    assert str(caught.value).count("error @") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{SOURCE} |> mean()", "unsupported input type string"),
        (f"{SOURCE} |> group() |> count()", "schema collision detected"),
        (f"{SOURCE} |> window(every: 1m, period: -2m)", "move it with offset"),
        (f"{SOURCE} |> window(every: 0s)", "longer than nothing"),
        (f"{SOURCE} |> quantile(q: 1.5)", "must be from 0 to 1"),
        (f"{SOURCE} |> filter(fn: (r) => r._value)", "true or false"),
        (f"{SOURCE} |> filter(fn: (r) => r._field =~ /(/)", "the regular expression"),
        (f'{SOURCE} |> sort(columns: ["nope"])', 'column "nope" does not exist'),
        (f"{SOURCE} |> fill(value: 1.0, usePrevious: true)", "exactly one of"),
        (f'{SOURCE} |> pivot(rowKey: ["_time"], columnKey: ["x"], valueColumn: "_value")', 'column "x"'),
        (f"{SOURCE}\n{SOURCE}", 'two results are called "_result"'),
        ("option now = 3", "option now must be a function"),
        (
            'import "timezone"\noption location = timezone.location(name: "Europe/Nowhere")',
            "a name of the IANA list",
        ),
        ("f = (x) => f(x: x)\nf(x: 1)", "undefined identifier f|deep"),
        (
            'from(bucket: "telegraf") |> range(start: -1y) |> window(every: 1ns, createEmpty: true)',
            "needs over",
        ),
        ("limit(n: 1)", "expected a stream of tables"),
        (f"{SOURCE} |> limit(n: -1)", "at least 0"),
        (f'{SOURCE} |> limit(n: "1")', "must be a whole number, as in 10; string came"),
    ],
)
def test_what_is_not_answered_says_so(kept: Kept, text: str, words: str) -> None:
    kept.write(point("m", S, {}, f=1.5, s="text"))
    with pytest.raises(QueryError, match=words):
        results(kept, text)


def test_missing_values(kept: Kept) -> None:
    value = "if r._value == 5 then r.none else r._value"
    text = f"{array('1', '5', '3')} |> map(fn: (r) => ({{r with _value: {value}}}))"
    assert rows(kept, text, "_value") == [(1,), (None,), (3,)]
    assert rows(kept, f"{text} |> difference()", "_value") == [(None,), (2,)]
    assert rows(kept, f"{text} |> cumulativeSum()", "_value") == [(1,), (None,), (4,)]
    assert rows(kept, f"{text} |> count()", "_value") == [(3,)]
    assert rows(kept, f"{text} |> sum()", "_value") == [(4,)]
    assert rows(kept, f"{text} |> filter(fn: (r) => exists r._value)", "_value") == [(1,), (3,)]
    assert rows(kept, f"{text} |> fill(usePrevious: true)", "_value") == [(1,), (1,), (3,)]


def test_whole_numbers_stay_exact(kept: Kept) -> None:
    large = 2**62 + 1
    kept.write(*(point("m", n * S, {}, v=large) for n in range(3)))
    assert rows(kept, f"{SOURCE} |> max()", "_value") == [(large,)]
    assert rows(kept, f"{SOURCE} |> sum()", "_value") == [((3 * large + 2**63) % 2**64 - 2**63,)]
    assert rows(kept, f"{SOURCE} |> filter(fn: (r) => r._value > {large - 1}) |> count()", "_value") == [(3,)]
    assert rows(kept, f"{SOURCE} |> filter(fn: (r) => r._value > {large})", "_value") == []


def test_a_series_without_a_tag_is_kept_by_what_it_is_not(kept: Kept) -> None:
    kept.write(point("m", S, {"host": "a"}, v=1), point("m", S, {}, v=2))
    found = tables(kept, f'{SOURCE} |> filter(fn: (r) => r.host != "a")')
    assert [table["_value"] for table in found] == [[2]]
    assert "host" not in found[0]


def test_now_can_be_chosen(kept: Kept) -> None:
    kept.write(*(point("m", n * S, {}, v=n) for n in range(10)))
    text = 'option now = () => 1970-01-01T00:00:08Z\nfrom(bucket: "telegraf") |> range(start: -3s) |> count()'
    assert rows(kept, text, "_value") == [(3,)]


def test_functions_of_the_text(kept: Kept) -> None:
    kept.write(*(point("m", n * S, {}, v=n) for n in range(10)))
    text = f"""
        last_ones = (tables=<-, n=2) => {{
            twice = n * 2
            return tables |> tail(n: twice)
        }}
        {SOURCE} |> last_ones()
    """
    assert rows(kept, text, "_value") == [(6,), (7,), (8,), (9,)]
