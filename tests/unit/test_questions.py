"""What `helio query` does before and after the hub: languages, places of errors, annotated CSV, printing."""

from __future__ import annotations

import io
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.cli.questions import annotated
from heliograph.cli.questions.answers import Part
from heliograph.cli.questions.language import Language, guess, unfinished
from heliograph.cli.questions.place import marked
from heliograph.cli.questions.printing import CsvPrinter, JsonPrinter, TablePrinter, print_parts
from heliograph.cli.questions.times import format_time, given_time, in_unit, parse_time
from heliograph.errors import ConfigError, QueryError
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.SQL, "SELECT time, usage_user FROM cpu WHERE cpu = 'cpu-total' ORDER BY time LIMIT 5"),
        (Language.SQL, "SELECT host, max(load1) FROM system GROUP BY host -- 1h |> =~ /x/"),
        (Language.SQL, "SELECT * FROM cpu WHERE host = 'a |> b' AND \"1h\" > 3"),
        (Language.SQL, "FROM (SELECT 1) SELECT *"),
        (Language.SQL, "WITH t AS (SELECT 1) SELECT * FROM t"),
        (
            Language.SQL,
            "SELECT time_bucket(INTERVAL 1 MINUTE, time) AS m, count(*) FROM cpu GROUP BY m, host",
        ),
        (Language.SQL, "SELECT 7 // 2, a::INTEGER, x_1m, 1e5, $$fill$$ FROM cpu"),
        (Language.INFLUXQL, "show databases"),
        (Language.INFLUXQL, 'CREATE DATABASE "garden"'),
        (Language.INFLUXQL, "EXPLAIN SELECT v FROM m"),
        (Language.INFLUXQL, "SELECT mean(v) FROM m WHERE time > now() - 1h"),
        (Language.INFLUXQL, "SELECT mean(v) FROM m GROUP BY host, time(10m)"),
        (Language.INFLUXQL, "SELECT mean(v) FROM m GROUP BY *"),
        (Language.INFLUXQL, "SELECT v FROM /c.*/"),
        (Language.INFLUXQL, 'SELECT v FROM "db"."rp"."m"'),
        (Language.INFLUXQL, "SELECT v FROM m WHERE host =~ /pi|4/"),
        (Language.INFLUXQL, "SELECT host::tag FROM m"),
        (Language.INFLUXQL, "SELECT v INTO n FROM m"),
        (Language.INFLUXQL, "SELECT v FROM m; SELECT w FROM m"),
        (Language.INFLUXQL, "SELECT last(n) FROM cpu"),
        (Language.INFLUXQL, 'SELECT percentile("usage", 95), host FROM cpu GROUP BY host'),
        (Language.INFLUXQL, "SELECT top(v, 3) FROM m ORDER BY time"),
        (Language.SQL, "SELECT host, last(n ORDER BY time) FROM cpu GROUP BY host"),
        (Language.SQL, "SELECT last(n) OVER (PARTITION BY host) FROM cpu"),
        (Language.SQL, "SELECT host, first(n) FROM cpu GROUP BY host ORDER BY host"),
        (Language.SQL, "SELECT last(a) FROM m JOIN other USING (host)"),
        (Language.SQL, "SELECT first_value(n), max(n) FROM cpu"),
        (Language.SQL, "SELECT v FROM m; "),
        (Language.SQL, "SELECT v FROM m WHERE s = 'a; b'"),
        (Language.FLUX, 'from(bucket: "telegraf") |> range(start: -1h)'),
        (Language.FLUX, '// SELECT\nimport "influxdata/influxdb/schema"\nschema.measurements(bucket: "b")'),
        (Language.FLUX, 'b = "telegraf"\nfrom(bucket: b)'),
        (Language.FLUX, "buckets()"),
        (Language.FLUX, 'from(bucket: "telegraf")'),
    ],
)
def test_the_text_tells_the_language(language: Language, text: str) -> None:
    assert guess(text) is language


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("SELECT 1", False),
        ("SELECT", True),
        ("SELECT a,", True),
        ("SELECT max(a", True),
        ("SELECT max(a\n\n", False),
        ("SELECT 'open", True),
        ("SELECT '('", False),
        ("SELECT * FROM cpu WHERE", True),
        ("SELECT * FROM cpu WHERE;", False),
        ('from(bucket: "t")', True),
        ('from(bucket: "t")\n', False),
        ('from(bucket: "t") |> range(start: -1h)', False),
        ('from(bucket: "t") |>', True),
        ('from(bucket: "t")\n  |> range(start: -1h)', True),
        ('from(bucket: "t")\n  |> range(start: -1h)\n', False),
        ("buckets()", False),
    ],
)
def test_a_question_goes_on_where_something_is_missing(text: str, more: bool) -> None:  # noqa: FBT001
    assert unfinished(text) is more


@pytest.mark.parametrize(
    ("text", "message", "below"),
    [
        ("SELECT FRM", "found FRM, expected x at line 1, char 8", ["  SELECT FRM", "         ^"]),
        ("a\n|> rage()", "compilation failed: error @2:4: no rage", ["  |> rage()", "     ^"]),
        ("é", "line 1, column 2: the end", ["  é", "   ^"]),
        ("x", "nothing is said of a place", []),
        ("x", "at line 7, char 1", []),
    ],
)
def test_the_place_of_an_error_is_marked(text: str, message: str, below: list[str]) -> None:
    assert marked(text, message).split("\n") == [message, *below]


def test_the_database_s_own_mark_is_kept_and_long_lines_are_cut() -> None:
    message = 'Parser Error: syntax error at or near "x"\n\nLINE 1: SELECT a x y\n                 ^'
    assert marked("SELECT a x y", message).split("\n")[1:] == ["  SELECT a x y", "           ^"]
    text = "SELECT " + "a, " * 100 + "FRM"
    shown, caret = marked(text, f"at line 1, char {len(text) - 2}").split("\n")[1:]
    assert len(shown) < 80
    assert shown[caret.index("^") :].startswith("FRM")


@given(st.integers(MIN_TIME_NS, MAX_TIME_NS))
def test_times_come_back(time_ns: int) -> None:
    assert parse_time(format_time(time_ns)) == time_ns
    assert in_unit(time_ns, "ns") == time_ns


def test_times_as_people_write_them() -> None:
    assert in_unit(-1, "s") == 0
    assert given_time("2h", 10_000_000_000_000) == 2_800_000_000_000
    assert given_time("1970-01-02T00:00:00.000001Z", 0) == 86_400_000_001_000
    with pytest.raises(ConfigError, match="expected 2026-11-01"):
        given_time("yesterday", 0)


ANNOTATED = (
    "#datatype,string,long,dateTime:RFC3339,double,string,boolean,string\r\n"
    "#group,false,false,false,false,true,false,true\r\n"
    "#default,_result,,,,,,cpu\r\n"
    ",result,table,_time,_value,host,up,_measurement\r\n"
    ',,0,1970-01-01T00:00:00.000000001Z,1.5,"a ""b"",\nc",true,\r\n'
    ",,0,1970-01-01T00:00:01Z,,é,,\r\n"
    "\r\n"
    "#datatype,string,long,unsignedLong\r\n"
    "#group,false,false,false\r\n"
    "#default,_result,,\r\n"
    ",result,table,_value\r\n"
    ",,1,18446744073709551615\r\n"
    "\r\n"
).encode()


@given(st.lists(st.integers(0, len(ANNOTATED)), max_size=6))
def test_annotated_csv_is_read_however_it_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ANNOTATED)]
    pieces = [ANNOTATED[a:b] for a, b in itertools.pairwise(edges)]
    read = [
        {name: heading.value(n, cells[n]) for n, name in enumerate(heading.names) if name}
        for heading, cells in annotated.rows(pieces)
    ]
    first = {"result": "_result", "table": 0, "_time": 1, "_value": 1.5, "up": True, "_measurement": "cpu"}
    assert read[0] == first | {"host": 'a "b",\nc'}
    assert read[1] == first | {"_time": 10**9, "_value": None, "host": "é", "up": None}
    assert read[2] == {"result": "_result", "table": 1, "_value": 2**64 - 1}


def test_an_error_in_the_middle_of_annotated_csv_is_one() -> None:
    told = (
        b"#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,it failed,897\r\n"
    )
    with pytest.raises(QueryError, match="it failed"):
        list(annotated.rows([told]))
    with pytest.raises(QueryError, match="no annotated CSV"):
        list(annotated.rows([b",result,table\r\n,a\r\n"]))


PARTS = [
    Part(["time", "v"], [["t1", 1], ["t2", None]], {"name": "m", "host": "a"}),
    Part(["time", "v"], [["t3", 2.5]], {"name": "m", "host": "a"}, continues=True),
    Part(["time", "v"], [["t4", "x\x1b[31m"]], {"name": "m", "host": "b"}),
    Part(["w"], [[True]]),
]


def test_a_table_has_a_heading_wherever_another_begins_and_no_control_characters() -> None:
    out = io.StringIO()
    assert print_parts(PARTS, TablePrinter(out)) == 5
    assert out.getvalue() == (
        "m  host=a\ntime  v\nt1    1\nt2\nt3    2.5\n\nm  host=b\ntime  v\nt4    x\\x1b[31m\n\nw\ntrue\n"
    )


def test_csv_names_its_columns_where_they_change() -> None:
    out = io.StringIO(newline="")
    print_parts([*PARTS[:2], PARTS[3]], CsvPrinter(out))
    assert out.getvalue() == ("name,host,time,v\r\nm,a,t1,1\r\nm,a,t2,\r\nm,a,t3,2.5\r\n\r\nw\r\nTrue\r\n")


def test_json_is_one_list_as_it_always_was() -> None:
    for parts in (PARTS, PARTS[:1], []):
        out = io.StringIO()
        print_parts(parts, JsonPrinter(out))
        rows = [{**p.key, **dict(zip(p.columns, row, strict=True))} for p in parts for row in p.rows]
        assert out.getvalue() == json.dumps(rows, indent=2) + "\n"
