"""The text of a delete's predicate, as InfluxDB 2.x takes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.codec.predicate import MAX_CONDITIONS, format_predicate, parse_predicate
from heliograph.errors import QueryError
from heliograph.model.predicate import MEASUREMENT, Condition, Predicate


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("", []),
        ("  ", []),
        ('_measurement="cpu"', [(MEASUREMENT, "cpu", True)]),
        (
            '_measurement=example and "Name"=predicate',
            [(MEASUREMENT, "example", True), ("Name", "predicate", True)],
        ),
        ('a = "b" AND (c != "d" AND e=\'f\')', [("a", "b", True), ("c", "d", False), ("e", "f", True)]),
        ('((a="b"))', [("a", "b", True)]),
        ('"and"="or"', [("and", "or", True)]),
        ('a="" AND b=5 AND c=x-1.2', [("a", "", True), ("b", "5", True), ("c", "x-1.2", True)]),
        (r'"qu\"ote" <> "back\\slash\n"', [('qu"ote', "back\\slash\n", False)]),
        ("höst='ä'", [("höst", "ä", True)]),
    ],
)
def test_predicates_are_read(text: str, conditions: list[tuple[str, str, bool]]) -> None:
    assert parse_predicate(text) == Predicate(tuple(Condition(*c) for c in conditions))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a", "expected = or != at position 2, its end came"),
        ("a=", "expected a value at position 3, its end came"),
        ("=a", "expected the name of a tag, or _measurement at position 1, '=' came"),
        ("a=b c=d", "expected AND or the end at position 5, 'c' came"),
        ("a=b AND", "expected the name of a tag, or _measurement at position 8"),
        ("a=b OR c=d", "OR at position 5 is not possible"),
        ("(a=b", 'expected ")" at position 5'),
        ("a=b)", "expected AND or the end at position 4"),
        ("a=~b", "expected = or != at position 2, '=~' came"),
        ("a > 5", "expected = or !="),
        ("a=b;", "expected AND or the end"),
        ('a="b', "expected a value at position 3"),
        ("_field=x", "cannot choose by _field"),
        ("_time=x", "cannot choose by _time"),
        (" AND ".join(["a=b"] * (MAX_CONDITIONS + 1)), "conditions at most"),
    ],
)
def test_what_is_none_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(QueryError, match=r".*") as refused:
        parse_predicate(text)
    assert reason in str(refused.value)


@given(
    st.lists(
        st.builds(
            Condition,
            st.text(min_size=1).filter(lambda t: t not in ("_field", "_time", "_value")),
            st.text(),
            st.booleans(),
        ),
        max_size=5,
    )
)
def test_a_predicate_is_read_back_from_its_text(conditions: list[Condition]) -> None:
    predicate = Predicate(tuple(conditions))
    assert parse_predicate(format_predicate(predicate)) == predicate


@given(st.text(alphabet="ab=!~()'\"\\ AND<>_", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        predicate = parse_predicate(text)
    except QueryError:
        return
    assert parse_predicate(format_predicate(predicate)) == predicate
