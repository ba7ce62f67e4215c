"""Texts that differ in values alone mean what reading each of them would give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.errors import QuerySyntaxError
from heliograph.query.influxql.cursor import Cursor
from heliograph.query.influxql.parser import _parse
from heliograph.query.influxql.plan.forms import Forms, Statements

TEXTS = (
    "SELECT mean(a) FROM m WHERE time >= {0} AND time < {1} AND host = {2} GROUP BY time(10s), b fill(0)",
    "SELECT sum(m) FROM (SELECT mean(a) AS m FROM m WHERE time > {0} AND host =~ {3}) WHERE time>{1} LIMIT 5",
    "SELECT a FROM m WHERE (host={2} OR host !~ {3}) AND v != {0} tz('Europe/Berlin')",
    "SELECT \"a = {0}\", 'b' FROM m WHERE time >= {0}",
    "SELECT a FROM m WHERE b = 'it\\'s = {0}' AND time >= {1}",
    "SELECT a FROM m /* x = {0} */ WHERE time >= {1} -- y = {1}",
    "SELECT a FROM m WHERE time >= {0}.5 AND b =~ {2} AND c = {3}",
    "SHOW TAG VALUES FROM m WITH KEY = a WHERE host = {2}; SELECT a FROM m WHERE time >= {0}",
    "SHOW TAG VALUES FROM m WITH KEY =~ {3} WHERE host =~{3} AND v >= {1}",
    "DELETE FROM m WHERE time < {0} AND host = {2}",
    "CREATE CONTINUOUS QUERY q ON d BEGIN SELECT mean(a) INTO b FROM m WHERE v > {0} GROUP BY time(1m) END",
    "SET PASSWORD FOR u = {2}",
    "SELECT a FROM m WHERE time >= {0} + {0} AND b = -{1} AND c = {0}{1}",
    "SELECT a FROM m WHERE time >= now() - 1h AND b <= {0}x AND c = {2}{2}",
)
NUMBER = st.integers(0, 10**20).map(str) | st.builds(
    "{}{}".format,
    st.integers(0, 10**12),
    st.sampled_from(["ns", "u", "µ", "ms", "s", "m", "h", "d", "w", "x"]),
)
STRING = st.text("ab '\"\\/=<>~09\n.;", max_size=6).map(lambda text: f"'{text}'")
REGEX = st.text("ab|()^$.\\/[*?{0", max_size=6).map(lambda text: f"/{text}/")


def fault_of(pattern: str) -> str | None:
    return "it has a bracket" if "[" in pattern else None


def read(text: str) -> Statements:
    return _parse(Cursor(text, None, fault_of))


def outcome(text: str, forms: Forms | None) -> object:
    try:
        return forms.read(text, read, fault_of) if forms else read(text)
    except QuerySyntaxError as error:
        return str(error)


@given(
    text=st.sampled_from(TEXTS),
    values=st.lists(st.tuples(NUMBER, NUMBER, STRING, REGEX), min_size=3, max_size=6),
)
def test_a_form_gives_what_reading_gives(text: str, values: list[tuple[str, str, str, str]]) -> None:
    forms = Forms()
    for some in (("5", "6s", "'a'", "/b/"), ("7", "8s", "'c'", "/d/"), *values):
        shown = text
        for number, value in enumerate(some):
            shown = shown.replace(f"{{{number}}}", value)
        assert outcome(shown, forms) == outcome(shown, None)


def test_a_form_that_came_twice_is_not_read_again() -> None:
    forms, taken = Forms(), []

    def counting(text: str) -> Statements:
        taken.append(text)
        return read(text)

    for number in range(9):
        text = f"SELECT a FROM m WHERE time >= {number}s AND host =~ /^h{number}$/ AND v > {number}"
        assert forms.read(text, counting, fault_of) == read(text)
    assert len(taken) < 6, "once the first time, and as often as it takes to learn the form"


@pytest.mark.parametrize("value", ["99999999999999999w", "9223372036854775807ns", "/[/"])
def test_what_is_an_error_is_told_with_its_place(value: str) -> None:
    forms = Forms()
    for text in ("SELECT a FROM m WHERE time = 5s", f"SELECT a FROM m WHERE b =~ {value}"):
        for _ in range(3):
            assert outcome(text, forms) == outcome(text, None)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("SELECT a + 9001 FROM m WHERE b = {0}", "9001"),
        ("SELECT a FROM m WHERE time > now() - 9001s AND time < {0}", "9001s"),
        ("SELECT a FROM m WHERE 'another value 0' = b AND c = {0}", "'another value 0'"),
    ],
)
def test_a_value_that_stands_elsewhere_too_stays_there(text: str, first: str) -> None:
    forms = Forms()
    for value in (first, first, first.replace("0", "5"), first.replace("0", "6")):
        shown = text.replace("{0}", value)
        assert outcome(shown, forms) == outcome(shown, None)
