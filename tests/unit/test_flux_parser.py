"""Flux as text: what is read, and where what is no Flux goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.errors import QueryError, QuerySyntaxError
from heliograph.query.flux.syntax import tree
from heliograph.query.flux.syntax.extern import given_program
from heliograph.query.flux.syntax.parser import MAX_DEPTH, MAX_KEPT_CHARACTERS, parse
from heliograph.query.flux.values import Duration, Regex, Time, later, parse_duration, parse_time


def expression(text: str) -> Any:
    (found,) = parse(text).statements
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.50", 1.5),
        (".5", 0.5),
        ('"a\\"b\\n\\x41µ"', 'a"b\nAµ'),
        ("1h30m", Duration(0, 5_400_000_000_000)),
        ("1y2mo3w", Duration(14, 21 * 86_400_000_000_000)),
        ("10µs", Duration(0, 10_000)),
        ("2030-01-02T03:04:05.000000006Z", Time(1_893_553_445_000_000_006)),
        ("2030-01-02T05:04:05+02:00", Time(1_893_553_445_000_000_000)),
        ("1970-01-02", Time(86_400_000_000_000)),
        ("/^eth\\/[0-9]\\d$/", Regex("^eth/[0-9]\\d$")),
    ],
)
def test_literals(text: str, value: Any) -> None:
    found = expression(text)
    assert (type(found), found.value) == (tree.Literal, value)


def test_a_pipeline_is_calls_in_calls() -> None:
    found = expression('from(bucket: "b") // where from\n  |> range(start: -1h)')
    assert (found.function.name, found.arguments["start"].operator) == ("range", "-")
    assert (found.piped.function.name, found.piped.arguments["bucket"].value) == ("from", "b")


def test_operators_bind_as_in_flux() -> None:
    found = expression("not a == b or c and d + 2 * e > 3 ^ f")
    assert (found.operator, found.left.operator, found.left.operand.operator) == ("or", "not", "==")
    both = found.right
    assert (both.operator, both.right.operator, both.right.left.operator) == ("and", ">", "+")
    assert (both.right.left.right.operator, both.right.right.operator) == ("*", "^")


def test_a_slash_divides_behind_an_operand() -> None:
    assert [expression(text).operator for text in ("a / b", "(a) / b / c", "a =~ /b/")] == ["/", "/", "=~"]


def test_strings_with_values_inside() -> None:
    found = expression('"${a} of ${f(x: "}" + "${b}")}%" + "$c"')
    first = found.left
    assert [type(part) for part in first.parts] == [tree.Name, str, tree.Call, str]
    assert first.parts[1::2] == (" of ", "%")
    inner = first.parts[2].arguments["x"]
    assert (inner.left.value, inner.right.parts[0].name) == ("}", "b")
    assert found.right.value == "$c"


def test_dictionaries() -> None:
    found = expression('["a": 1, "b": 2 + 3]')
    assert [(key.value, type(value)) for key, value in found.items] == [
        ("a", tree.Literal),
        ("b", tree.Binary),
    ]
    assert expression("[:]").items == ()


def test_parentheses_are_functions_where_an_arrow_follows() -> None:
    kinds = {"(a)": tree.Name, "(a) => a": tree.Function, "() => 1": tree.Function, "(a == 1)": tree.Binary}
    kinds |= {"(a, b) => a": tree.Function, "(a=1) => a": tree.Function, '("${a}")': tree.Template}
    assert {text: type(expression(text)) for text in kinds} == kinds


def test_parsed_texts_are_kept_if_they_are_not_long() -> None:
    text = 'from(bucket: "kept")'
    assert parse(text) is parse(text)
    long = f"{text} // {'x' * MAX_KEPT_CHARACTERS}"
    assert parse(long) is not parse(long)
    assert parse(long) == parse(text)


def test_functions_records_and_options() -> None:
    program = parse(
        """
        package main
        import "influxdata/influxdb/schema"
        import m "math"
        option now = () => 2030-01-01T00:00:00Z
        f = (tables=<-, n=2) => {
            twice = n * 2
            return tables |> limit(n: twice)
        }
        x = {r with "a b": r.c, d}
        """
    )
    imports = {name: path.text for name, path in program.imports.items()}
    assert imports == {"schema": "influxdata/influxdb/schema", "m": "math"}
    now, function, record = program.statements
    assert isinstance(now, tree.Assignment)
    assert (now.name, now.option) == ("now", True)
    assert isinstance(function, tree.Assignment)
    assert isinstance(function.value, tree.Function)
    assert [(one.name, one.piped) for one in function.value.parameters] == [("tables", True), ("n", False)]
    assert [step.name for step in function.value.steps] == ["twice"]
    assert isinstance(record, tree.Assignment)
    assert isinstance(record.value, tree.Record)
    assert list(record.value.members) == ["a b", "d"]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("from(bucket: )", 1, 14, "expected an expression"),
        ('from("b")', 1, 6, "expected the name of an argument"),
        ('from(bucket: "b"', 1, 17, "expected \\)"),
        ("a\n  |> 3", 2, 3, "a function call must follow"),
        ('"abc', 1, 1, "without its closing"),
        ("x = /abc", 1, 5, "without its closing"),
        ("a\n§", 2, 1, "unexpected character"),
        ('"${a"', 1, 5, "without its closing"),
        ('"${a, b}"', 1, 5, "expected }"),
        ('"${a} b', 1, 1, "without its closing"),
        ('"${}"', 1, 4, "expected an expression"),
        ("9223372036854775808", 1, 1, "out of range"),
        ("2030-02-31T00:00:00Z", 1, 1, "out of range"),
        ('"\\q"', 1, 3, "unknown escape"),
        ("[1: 2, 3]", 1, 9, "expected :"),
        ("[1, 2: 3]", 1, 6, "expected \\]"),
        ("f(a: 1, a: 2)", 1, 9, "given twice"),
        ("1 = 2", 1, 1, "only a name"),
        ("(" * 1_000, 1, MAX_DEPTH + 1, "deep"),
        ("not " * 1_000 + "a", 1, 4 * (MAX_DEPTH - 1) + 1, "deep"),
    ],
)
def test_what_is_no_flux_tells_its_place(text: str, line: int, column: int, words: str) -> None:
    place = f"error @{line}:{column}:"
    with pytest.raises(QuerySyntaxError, match=f"compilation failed: {place} .*{words}") as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_months_end_on_their_last_day() -> None:
    january = parse_time("2032-01-31T12:00:00Z").ns
    assert later(january, parse_duration("1mo")) == parse_time("2032-02-29T12:00:00Z").ns
    assert later(january, -parse_duration("11mo")) == parse_time("2031-02-28T12:00:00Z").ns


def test_extern_gives_variables() -> None:
    minus = {
        "type": "UnaryExpression",
        "operator": "-",
        "argument": {"type": "DurationLiteral", "values": [{"magnitude": 1, "unit": "h"}]},
    }
    name = {"type": "Identifier", "name": "v"}
    start = {"type": "Property", "key": {"type": "Identifier", "name": "timeRangeStart"}, "value": minus}
    init = {"type": "ObjectExpression", "properties": [start]}
    variable = {"type": "VariableAssignment", "id": name, "init": init}
    extern = {"type": "File", "body": [{"type": "OptionStatement", "assignment": variable}]}
    program = given_program(extern)
    assert program is not None
    (found,) = program.statements
    assert isinstance(found, tree.Assignment)
    assert isinstance(found.value, tree.Record)
    assert isinstance(found.value.members["timeRangeStart"], tree.Unary)
    assert given_program(None) is None
    for wrong in ({"body": [{"type": "X"}]}, {"a": 1}, [1], "x"):
        with pytest.raises(QueryError, match="extern must be"):
            given_program(wrong)
