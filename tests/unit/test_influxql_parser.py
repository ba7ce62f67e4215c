"""InfluxQL is read and written as InfluxDB does, and nothing but our own error comes out of bad text."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.errors import QuerySyntaxError
from heliograph.query.influxql import tree
from heliograph.query.influxql.cursor import MAX_DEPTH
from heliograph.query.influxql.parser import parse
from heliograph.query.influxql.text import query_text
from heliograph.query.influxql.tokens import KEYWORDS
from tests.influxql_queries import statements

CASES = Path(os.environ.get("HELIO_CORPUS") or "no-corpus") / "cases"
with_corpus = pytest.mark.skipif(not CASES.is_dir(), reason="HELIO_CORPUS names no folder with cases")


def corpus(name: str) -> Any:
    return json.loads((CASES / name).read_text(encoding="utf-8"))


def outcome(text: str) -> tuple[str, str]:
    try:
        return "norm", query_text(parse(text))
    except QuerySyntaxError as error:
        return "err", error.reason


@with_corpus
def test_every_case_of_influxdbs_parser_has_its_normal_form_or_its_error() -> None:
    cases = corpus("influxql_parser.json")["cases"]
    assert len(cases) == 603
    wrong = [
        c for c in cases if outcome(c["q"]) != (("err", c["err"]) if "err" in c else ("norm", c["norm"]))
    ]
    assert not wrong


@with_corpus
def test_every_query_of_real_dashboards_is_read_and_its_text_means_the_same() -> None:
    cases = corpus("dashboard_influxql.json")
    assert len(cases) == 1652
    for case in cases:
        trees = parse(case["q"])
        assert parse(query_text(trees)) == trees


@pytest.mark.thorough
@given(st.lists(statements(), min_size=1, max_size=3))
def test_a_tree_is_the_same_after_writing_and_reading_it(trees: list[tree.Statement]) -> None:
    assert parse(query_text(trees)) == tuple(trees)


WORDS = st.sampled_from(
    [*sorted(KEYWORDS), *"()+-*/%&|^=,;:.$\"'<>!~\n\\µ_", "/a/", "time", "f", "1", "2.5", "10m", "'x'", '"y"']
)


@given(st.lists(WORDS, max_size=25))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    kind, text = outcome(" ".join(words))
    assert kind == "err" or outcome(text) == ("norm", text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert outcome(text)[0] in ("norm", "err")
    assert outcome("SELECT " + text)[0] in ("norm", "err")


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("mean(", ")"), ("-(", ")"), ("", " + 1"), ("1 = ", "")]
)
def test_what_is_nested_too_deeply_is_refused(opening: str, closing: str) -> None:
    text = "SELECT {}a{} FROM m WHERE {}a{}"
    few, many = MAX_DEPTH // 4, MAX_DEPTH * 1_000
    for levels, kind in ((few, "norm"), (many, "err")):
        where = opening * levels, closing * levels
        assert outcome(text.format("", "", *where))[0] == kind


def test_subqueries_are_nested_to_the_same_depth() -> None:
    assert outcome("SELECT a FROM (" * 20 + "SELECT a FROM m" + ")" * 20)[0] == "norm"
    assert "too deeply" in outcome("SELECT a FROM (" * 1_000 + "SELECT a FROM m" + ")" * 1_000)[1]


def test_a_long_list_of_alternatives_is_no_depth() -> None:
    text = "SELECT a FROM m WHERE " + " OR ".join(f"host = 'h{i}'" for i in range(5_000))
    assert outcome(text) == ("norm", text)


def test_parameters_become_values_and_never_text() -> None:
    values: dict[str, Any] = {"s": "x' OR '1' = '1", "i": 3, "f": 0.5, "b": True, "d": ("DURATIONVAL", "5m")}
    (read,) = parse(
        "SELECT a FROM m WHERE s = $s AND i = $i AND f = $f AND b = $b AND time > now() - $d", values
    )
    assert query_text([read]) == (
        "SELECT a FROM m WHERE s = 'x\\' OR \\'1\\' = \\'1' AND i = 3 AND f = 0.5 AND b = true"
        " AND time > now() - 5m"
    )
    with pytest.raises(QuerySyntaxError, match="missing parameter: t"):
        parse("SELECT a FROM m WHERE s = $t", values)


def test_an_error_knows_its_place() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse("SELECT a\nFROM m WHERE =")
    assert (caught.value.line, caught.value.column) == (2, 14)
    assert str(caught.value) == (
        "error parsing query: found =, expected identifier, string, number, bool at line 2, char 14"
    )
