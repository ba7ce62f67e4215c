"""What is done to columns of hot points: the compiled functions give what those in Python give."""

from __future__ import annotations

from array import array
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.time import DAY_NS, MAX_TIME_NS, MIN_TIME_NS
from heliograph.store.hot import python

native: ModuleType = pytest.importorskip(
    "heliograph.store.hot.native", reason="the compiled part is not built here"
)
BOTH = [pytest.param(python, id="python"), pytest.param(native, id="native")]

CODES = 5
ANY_TIME = st.integers(MIN_TIME_NS, MAX_TIME_NS)
TIMES = st.integers(-4, 4) | st.sampled_from([MIN_TIME_NS, MAX_TIME_NS, -DAY_NS, DAY_NS]) | ANY_TIME
ROWS = st.lists(st.tuples(st.integers(0, CODES - 1), TIMES), max_size=40)
KINDS = st.sampled_from(["d", "q", "Q", "bytes", "texts"])


def codes_and_times(rows: list[tuple[int, int]]) -> tuple[array[int], array[int]]:
    return array("i", [code for code, _ in rows]), array("q", [time_ns for _, time_ns in rows])


def values(kind: str, count: int) -> Any:
    if kind == "bytes":
        return bytearray(number % 2 for number in range(count))
    if kind == "texts":
        return [str(number) for number in range(count)]
    return array(kind, [number * 3 for number in range(count)])


def exact(value: Any) -> Any:
    """Return something that is equal only if type and bits are."""
    if isinstance(value, array):
        return value.typecode, value.tobytes()
    if isinstance(value, tuple | list):
        return [exact(each) for each in value]
    return type(value), value


@given(st.lists(TIMES, min_size=1, max_size=50))
def test_bounds_and_days_are_alike(times: list[int]) -> None:
    times_ns = array("q", times)
    assert native.bounds(times_ns) == python.bounds(times_ns) == (min(times), max(times))
    assert native.days(times_ns) == python.days(times_ns)


@given(st.lists(ROWS, max_size=4))
def test_rows_are_placed_alike(batches: list[list[tuple[int, int]]]) -> None:
    outcomes = []
    for module in (native, python):
        hot = array("i"), array("q")
        latest = array("q", [MIN_TIME_NS - 1] * CODES), array("i", [-1] * CODES)
        placed = [module.place(hot, latest, *codes_and_times(batch)) for batch in batches]
        outcomes.append(exact([hot, latest, placed]))
    assert outcomes[0] == outcomes[1]


@given(KINDS, st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=20))
def test_values_are_merged_alike(kind: str, written: list[tuple[int, bool]]) -> None:
    rows = array("i", [row for row, _ in written])
    outcomes = []
    for module in (native, python):
        mine, valid = values(kind, 10), bytearray(10)
        more_valid = bytearray(there for _, there in written)
        module.merge(mine, valid, rows, values(kind, len(rows)), more_valid)
        outcomes.append(exact([mine, valid]))
    assert outcomes[0] == outcomes[1]


@given(st.binary(max_size=40))
def test_bits_are_packed_alike(noise: bytes) -> None:
    flags = bytes(byte & 1 for byte in noise)
    packed = native.pack_bits(flags)
    assert packed == python.pack_bits(flags) == native.pack_bits(bytearray(flags))
    if packed is not None:
        assert [packed[i // 8] >> i % 8 & 1 for i in range(len(flags))] == list(flags)


@given(ROWS, st.permutations(range(CODES)), st.tuples(TIMES, TIMES))
def test_rows_are_ordered_alike(rows: list[tuple[int, int]], ranks: list[int], span: tuple[int, int]) -> None:
    columns = codes_and_times(rows)
    span = min(span), max(span)
    asked = (*columns, array("i", ranks), span)
    assert exact(native.order(*asked, in_order=False)) == exact(python.order(*asked, in_order=False))
    rising = sorted(set(rows), key=lambda row: row[1])
    asked = (*codes_and_times(rising), array("i", ranks), span)
    assert exact(native.order(*asked, in_order=True)) == exact(python.order(*asked, in_order=True))


@given(KINDS | st.just("i"), st.lists(st.integers(0, 9), max_size=20))
def test_values_are_taken_alike(kind: str, rows: list[int]) -> None:
    picked = array("i", rows)
    taken = native.take(values(kind, 10), picked)
    assert exact(taken) == exact(python.take(values(kind, 10), picked))
    assert list(taken) == [values(kind, 10)[row] for row in rows]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_of_each_point_the_last_value_is_found_alike(steps: list[tuple[bool, bool]]) -> None:
    rows = array("i", range(len(steps)))
    points = array("i")
    for next_point, _ in steps:
        points.append(points[-1] + next_point if points else 0)
    valid = bytearray(there for _, there in steps)
    outcome = native.last_valid(valid, rows, points)
    assert exact(outcome) == exact(python.last_valid(valid, rows, points))


@pytest.mark.parametrize("module", BOTH)
def test_a_row_that_is_not_there_is_an_error_and_no_memory_of_others(module: ModuleType) -> None:
    for kind in ("d", "i", "bytes", "texts"):
        with pytest.raises(IndexError):
            module.take(values(kind, 3), array("i", [0, 3]))
    with pytest.raises(IndexError):
        module.merge(values("d", 3), bytearray(3), array("i", [3]), values("d", 1), bytearray(b"\1"))
    latest = array("q", [0]), array("i", [0])
    with pytest.raises(IndexError):
        module.place((array("i"), array("q")), latest, array("i", [1]), array("q", [1]))
