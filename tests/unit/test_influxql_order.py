"""The order of rows and equal values that InfluxDB shows: its heap of series and its sorting."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.query.influxql.functions.go_sort import go_sorted
from heliograph.query.influxql.functions.merging import Merging, shard_of, shard_start_ns

WEEK_NS = 7 * 86_400 * 1_000_000_000


@given(st.lists(st.integers(0, 9), max_size=400))
def test_sorting_sorts_and_loses_nothing(values: list[int]) -> None:
    rows = list(enumerate(values))
    ordered = go_sorted(rows, itemgetter(1))
    assert [value for _, value in ordered] == sorted(values)
    assert sorted(ordered) == rows


@pytest.mark.parametrize(("kinds", "place", "number"), [(4, 30, 30), (4, 90, 53), (10, 50, 22), (2, 75, 51)])
def test_equal_values_stand_where_influxd_leaves_them(kinds: int, place: int, number: int) -> None:
    random = Random(kinds)
    rows = [(n, random.randrange(kinds)) for n in range(100)]
    assert go_sorted(rows, itemgetter(1))[place][0] == number


def test_up_to_twelve_equal_values_keep_their_order() -> None:
    rows = [(n, n % 3) for n in range(12)]
    assert go_sorted(rows, itemgetter(1)) == sorted(rows, key=itemgetter(1))


def merged(rows: Sequence[tuple[int, str, str | None]], *, ascending: bool = True) -> str:
    merging = Merging(itemgetter(0), itemgetter(1), [2], ascending)
    ordered = sorted(rows, key=itemgetter(0), reverse=not ascending)
    return "".join(row[1] for row in merging.rows(ordered, 0, WEEK_NS))


def test_rows_of_one_time_come_as_from_a_heap_of_the_series() -> None:
    rows: list[tuple[int, str, str | None]] = [
        (10, "a", None), (10, "b", None), (10, "c", None), (10, "d", None),
        (20, "a", None), (20, "b", None), (20, "c", None), (20, "d", None),
    ]  # fmt: skip
    assert merged(rows) == "adbcbcda"  # as influxd 1.6.7 answers


def test_text_decides_before_the_heap_does() -> None:
    assert merged([(1, "a", "z"), (1, "b", "y"), (1, "c", "x")]) == "cba"
    assert merged([(1, "a", "z"), (1, "b", "y"), (1, "c", "x")], ascending=False) == "abc"


def test_each_shard_has_a_heap_of_its_own() -> None:
    monday = shard_start_ns(0, WEEK_NS)
    assert monday == -3 * 86_400 * 1_000_000_000  # 1970 began on a Thursday
    assert shard_of(monday, WEEK_NS) == shard_of(monday - 1, WEEK_NS) + 1
    last, first = [(monday - 1, name, None) for name in "abcd"], [(monday, name, None) for name in "abcd"]
    assert merged([*last, *first]) == merged(last) * 2
