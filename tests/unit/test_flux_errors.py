"""What people write who know other languages, or not yet this one: where it goes wrong, and what to write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heliograph.errors import QueryError
from tests.unit.flux_answers import S, results
from tests.unit.stored_points import Kept, point

FROM = 'from(bucket: "telegraf")'
SOURCE = f"{FROM} |> range(start: 0, stop: 100)"
AT = len(SOURCE) + 5
"""The column of a function behind the source."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with Kept(tmp_path_factory.mktemp("errors")) as opened:
        opened.write(*(point("cpu", n * S, {"host": "a"}, usage=n / 3, n=n, s="text") for n in range(9)))
        yield opened


CASES: tuple[tuple[str, str, str], ...] = (
    ("SELECT mean(v) FROM m", "1:1", "InfluxQL is asked at /query"),
    ("show measurements", "1:1", "this is no Flux"),
    (FROM, "1:1", "try bounding 'from' with a call to 'range'"),
    ("from(bucket: telegraf)", "1:14", 'a text stands in quotes, as in "telegraf"'),
    ("from(bucket: 'telegraf')", "1:14", "strings stand in double quotes"),
    ('from("telegraf")', "1:6", "expected the name of an argument, as in n: 10"),
    (f"{FROM} |> range(-1h)", "1:35", "expected the name of an argument"),
    (f'{FROM} |> range(start: "-1h")', "1:29", "must be a time or a duration, as in -1h; string came"),
    (f"{FROM} |> range(start: -1hour)", "1:43", "the units are ns us ms s m h d w mo y"),
    (f"{FROM} |> range(start: 2030-13-01T00:00:00Z)", "1:42", "is out of range"),
    (f"{FROM} |> range(start: 5, stop: 4)", "1:29", "cannot query an empty range"),
    (f"{FROM} | range(start: -1h)", "1:26", "a pipe is |>"),
    ('from(bucket: "telegraf", start: -1h)', "1:1", "is not supported; supported here: bucket"),
    ('from(db: "x")', "1:1", 'exactly one of "bucket" and "bucketID"'),
    (f"{SOURCE} |> filter(r.host == 1)", f"1:{AT + 8}", "expected : behind the name of an argument, 'r'"),
    (f"{SOURCE} |> filter(fn: r => r.n == 1)", f"1:{AT + 13}", "parameters stand in parentheses"),
    (f'{SOURCE} |> filter(fn: (r) => r.host = "a")', f"1:{AT + 25}", "values are compared with =="),
    (f'{SOURCE} |> filter(fn: (r) => r.a == "a" && r.b)', f"1:{AT + 29}", "joined by and"),
    (f'{SOURCE} |> filter(fn: (r) => r.a == "a" || r.b)', f"1:{AT + 29}", "one condition or another is or"),
    (f"{SOURCE} |> filter(fn: (r) => !r.up)", f"1:{AT + 18}", "say not"),
    (f"{SOURCE} |> filter(fn: (r) => 2 * 1.5 > 2.0)", f"1:{AT + 20}", "convert one with float(v: …)"),
    (f'{SOURCE} |> filter(fn: (r) => r._field =~ "n")', "", "stands a regular expression, as in /^eth/"),
    (f"{SOURCE} |> filter(fn: (r) => r._field =~ /n)", "", "without its closing /"),
    (f"{SOURCE} |> filter(fn: (r) => r._field =~ /(/)", "", "the regular expression /(/ is not valid"),
    (f"{SOURCE} |> map(fn: (r) => {{r with a: 1}})", "", "stands in (), as in ({a: 1})"),
    (f"{SOURCE} |> map(fn: (r) => r._value)", "", "must give a record, as in ({r with x: 1})"),
    (f"{SOURCE} |> aggregateWindow(every: 5m)", f"1:{AT}", 'missing required argument "fn"'),
    (f'{SOURCE} |> aggregateWindow(every: "5m", fn: mean)', f"1:{AT}", "must be a duration, as in 5m;"),
    (f"{SOURCE} |> aggregateWindow(every: 5m, fn: avg)", "", "use mean()"),
    (f"{SOURCE} |> aggregateWindow(every: v.windowPeriod, fn: mean)", "", "say option v ="),
    (f"{SOURCE} |> aggregateWindow(every: 1mo1d, fn: mean)", f"1:{AT}", "cannot mix months"),
    (f"{SOURCE} |> agregateWindow(every: 1m, fn: mean)", f"1:{AT}", "did you mean aggregateWindow?"),
    (f"{SOURCE} |> mean", "", "a function call must follow |>, as in |> mean()"),
    (f"{SOURCE} |> mean()", f"1:{AT}", "unsupported input type string; filter the fields that are numbers"),
    (f'{SOURCE} |> group(by: ["host"])', f"1:{AT}", "is not supported; supported here: columns, mode"),
    (f'{SOURCE} |> group(columns: "host")', f"1:{AT}", 'must be a list, as in ["host"]; string came'),
    (f"{SOURCE} |> group() |> count()", "", "filter by one field, or convert with toFloat() before"),
    (f"{SOURCE} |> keep(columns: [host])", "", 'as in "host"'),
    (f'{SOURCE} |> sort(columns: ["_tiem"])', f"1:{AT}", "the columns are _start, _stop, _time, _value"),
    (f"{SOURCE} |> limit(n: 1.5)", f"1:{AT}", "must be a whole number, as in 10; float came"),
    (f'{SOURCE} |> top(n: 3, column: "x")', f"1:{AT}", "is not supported; supported here: columns, n"),
    (f"{SOURCE} |> holtWinters(n: 9, interval: 1d)", f"1:{AT}", "ask by InfluxQL with holt_winters()"),
    (f'{SOURCE} |> to(bucket: "x")', f"1:{AT}", "by InfluxQL's SELECT … INTO"),
    (f"{SOURCE} |> percentile(p: 95)", f"1:{AT}", "use quantile(q: 0.9)"),
    (f"{SOURCE} |> quantile(q: 95.0)", f"1:{AT}", "must be from 0 to 1, 95 came"),
    (f"{SOURCE} |> nonsense()", f"1:{AT}", "there is no such function here"),
    (f'{SOURCE} |> join(tables: {{a: 1}}, on: ["_time"])', f"1:{AT}", "as in {a: first, b: second}"),
    (f"{SOURCE};", "", "statements stand one behind the other without it"),
    (f"# every host\n{SOURCE}", "1:1", "comments begin with //"),
    (f"{SOURCE}\n{SOURCE}", "2:29", "give one another name with yield(name: …)"),
    ("import strings", "1:15", "expected a string in quotes"),
    ('import "experimental/geo"', "1:8", "ask by SQL"),
    ('import "dates"', "1:8", 'did you mean "date"?'),
    ('import "math"\nmath.sqroot(x: 1.0)', "2:5", "did you mean sqrt?"),
    ('strings.toUpper(v: "a")', "1:1", 'say import "strings" first'),
    ('option task = {name: "x", every: 1h}', "1:8", "tasks are not supported"),
    ("x = 1\nx |> mean()", "2:6", "expected a stream of tables before |>, int came"),
    ("x = {a: 1}\nx.b.c", "2:4", "null has no member 'c'"),
    ("if true then 1", "1:15", "expected else"),
    ("f = (r) => r.x\nf()", "2:1", "the function needs an argument 'r'"),
    ('x = "${1 + }"', "1:12", "expected an expression"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "place", "words"), CASES)
def test_what_is_wrong_is_told_with_its_place(kept: Kept, text: str, place: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        results(kept, text, now_ns=100 * S)
    message = str(caught.value)
    assert words in message
    assert f"error @{place}" in message
    assert message.count("error @") == 1


def test_a_text_without_a_stream_is_told_so(kept: Kept) -> None:
    for text in ("1 + 1", f"x = {SOURCE}", "// nothing"):
        with pytest.raises(QueryError, match="returns no streaming data"):
            results(kept, text)
