"""Plans answered from columns in memory give what DuckDB gives, whatever the points and however they came."""

from __future__ import annotations

import dataclasses
import itertools
import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.errors import QueryError, StoreError
from heliograph.model.point import FieldValue, Point
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS
from heliograph.query.limits import QueryLimits
from heliograph.query.plan import Aggregate, Columns, Comparison, Condition, Select, SelectRows, Value
from heliograph.query.sql import columns_of, rows_of, rows_sql, select_sql
from heliograph.store.relation import Snapshot
from tests.unit.stored_points import BUCKET, Kept, point

memory = pytest.importorskip("heliograph.query.memory.answers", reason="nothing was compiled here")
Sources: Any = memory.Sources

TIMES = st.integers(-30, 60)
TAGS = st.fixed_dictionaries({}, optional={"a": st.sampled_from("xyz"), "b": st.sampled_from(("1", "t"))})
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "f": st.sampled_from((-2.5, 0.0, 1.5, 3.0, 1e300)),
        "i": st.integers(-3, 3) | st.sampled_from((2**53, -(2**53))),
        "n": st.integers(-3, 3),
        "s": st.sampled_from(("", "x")),
        "q": st.booleans(),
    },
).filter(bool)
POINTS = st.builds(lambda time_ns, tags, fields: Point("m", fields, tags, time_ns), TIMES, TAGS, FIELDS)
STEPS = st.lists(st.lists(POINTS, min_size=1, max_size=8) | st.just([]), min_size=1, max_size=8)
"""Batches; an empty one stands for a seal."""
WHERE = st.fixed_dictionaries(
    {},
    optional={
        "a": st.lists(st.sampled_from(("x", "y", "")), min_size=1).map(tuple),
        "nope": st.sampled_from((("",), ("x",))),
    },
)
CONDITIONS = st.lists(
    st.builds(
        Condition,
        st.sampled_from(("f", "i")),
        st.sampled_from(Comparison),
        st.sampled_from((-2.5, -0.5, 0.0, 1.0, 1.5, 2.0**64, -(2.0**64))),
    ),
    max_size=2,
).map(tuple)
NUMBERS = (("f",), ("i", "f"), ("n", "i", "f"))
COUNTED = (*NUMBERS, ("s",), ("q", "i"), ("s", "q", "f"))
GROUPS = st.sampled_from(((), ("a",), ("b", "a"), ("nope",)))


ROWS = st.builds(
    lambda **drawn: SelectRows(BUCKET, "m", ("i", "f"), -30, 61, tags=("b", "a"), **drawn),
    where=WHERE,
    conditions=CONDITIONS,
    limit=st.integers(1, 5),
    newest=st.booleans(),
)
numbers = itertools.count()


@st.composite
def selects(draw: st.DrawFn) -> Select:
    start_ns, length_ns = draw(TIMES), draw(st.integers(1, 60))
    aggregate = draw(st.sampled_from(Aggregate))
    # of several series the first and last value at one time is anyone's
    ends = aggregate in (Aggregate.FIRST, Aggregate.LAST)
    rate = draw(st.booleans())
    counts = aggregate is Aggregate.COUNT and not rate
    return Select(
        BUCKET,
        "m",
        draw(st.sampled_from(COUNTED if counts else NUMBERS)),
        start_ns,
        start_ns + length_ns,
        draw(st.sampled_from((1, 7, 10, 100))),
        aggregate,
        rate=rate,
        where=draw(WHERE),
        group_by=("a", "b") if ends else draw(GROUPS),
        conditions=draw(CONDITIONS),
    )


@pytest.fixture(scope="module")
def kept_long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One store for all examples, each of which has a measurement of its own."""
    with Kept(tmp_path_factory.mktemp("store"), seal_rows=100_000) as open_:
        yield open_


@pytest.fixture
def columns() -> Any:
    return Sources(2**20)


def filled(kept: Kept, steps: Sequence[Sequence[Point]]) -> Snapshot:
    """Return a new measurement, called ``m`` in plans, that came in these steps."""
    name = f"m{next(numbers)}"
    every: dict[str, FieldValue] = {"f": 0.0, "i": 0, "n": 0, "s": "", "q": False}
    kept.write(Point(name, every, {"a": "x", "b": "t"}, 1_000_000))  # all fields are known
    for points in steps:
        if points:
            kept.write(*(dataclasses.replace(p, measurement=name) for p in points))
        else:
            kept.store.seal()
    snapshot = kept.store.snapshot(BUCKET, name)
    assert snapshot is not None
    return snapshot


def in_sql(kept: Kept, snapshot: Snapshot, select: Select) -> Columns:
    with kept.duck.cursor() as cursor:
        sql, parameters = select_sql(select, snapshot, cursor.register)
        return columns_of(select, cursor.rows(sql, parameters), QueryLimits(10**9))


def close(one: Sequence[Value], other: Sequence[Value]) -> bool:
    """Floats may be added in any order; all else is the same, types too."""
    return len(one) == len(other) and all(
        type(a) is type(b) and (a == b or (isinstance(a, float) and near(a, b)))
        for a, b in zip(one, other, strict=True)
    )


def near(a: float, b: Value) -> bool:
    return isinstance(b, float) and (math.isclose(a, b, rel_tol=1e-9) or (math.isnan(a) and math.isnan(b)))


@pytest.mark.thorough
@settings(max_examples=150)
@given(steps=STEPS, plans=st.lists(selects(), min_size=1, max_size=4))
def test_aggregates_equal_those_of_sql(
    kept_long: Kept, steps: list[list[Point]], plans: list[Select]
) -> None:
    columns = Sources(2**20)
    snapshot = filled(kept_long, steps)
    for plan in plans:
        with kept_long.duck.cursor() as cursor:
            answer = memory.select(plan, snapshot, columns, cursor)
        wanted = in_sql(kept_long, snapshot, plan)
        assert answer.times_ns == wanted.times_ns
        assert [(s.field, s.tags) for s in answer.series] == [(s.field, s.tags) for s in wanted.series]
        for ours, theirs in zip(answer.series, wanted.series, strict=True):
            assert close(ours.values, theirs.values), (ours, theirs)


@pytest.mark.thorough
@settings(max_examples=60)
@given(steps=STEPS, plan=ROWS)
def test_points_equal_those_of_sql(kept_long: Kept, steps: list[list[Point]], plan: SelectRows) -> None:
    snapshot = filled(kept_long, steps)
    with kept_long.duck.cursor() as cursor:
        answer = memory.rows(plan, snapshot, Sources(2**20), cursor)
        sql, parameters = rows_sql(plan, snapshot, cursor.register)
        rows = cursor.rows(sql, parameters)[:: -1 if plan.newest else 1]
    lists = [[row[i] for row in rows] for i in range(5)]
    assert answer == rows_of(plan, lists[0], lists[1:3], lists[3:])


@pytest.mark.thorough
@settings(max_examples=60)
@given(steps=STEPS, plan=ROWS, needed=st.integers(1, 2), few=st.integers(0, 4))
def test_points_by_series_are_the_first_or_last_of_each(
    kept_long: Kept, steps: list[list[Point]], plan: SelectRows, needed: int, few: int
) -> None:
    snapshot, columns = filled(kept_long, steps), Sources(2**20)
    every = dataclasses.replace(plan, limit=10**6, newest=False)
    with kept_long.duck.cursor() as cursor:
        rows = memory.rows(every, snapshot, columns, cursor)
        found = memory.series_rows(plan, snapshot, columns, cursor, needed=needed, few=few)
        one_less = sum(len(one.times_ns) for one in found) - 1
        if one_less >= 0:
            assert (
                memory.series_rows(plan, snapshot, columns, cursor, needed=needed, few=few, most=one_less)
                is None
            )
    wanted: dict[Any, list[Any]] = {}
    fields = rows.fields["i"], rows.fields["f"]
    for time_ns, a, b, *values in zip(rows.times_ns, rows.tags["a"], rows.tags["b"], *fields, strict=True):
        if any(value is not None for value in values[:needed]):
            tags = {tag: text for tag, text in (("a", a), ("b", b)) if text}
            wanted.setdefault(tuple(sorted(tags.items())), []).append((time_ns, *values))
    part = slice(None) if not few else slice(-few, None) if plan.newest else slice(few)
    got = {
        tuple(sorted(one.tags.items())): list(zip(one.times_ns, *one.fields, strict=True)) for one in found
    }
    assert got == {tags: some[part] for tags, some in wanted.items()}


@pytest.mark.parametrize("most", [0, 2])
def test_points_for_which_there_is_no_room_are_written_nowhere(kept: Kept, columns: Any, most: int) -> None:
    """The last of a series take the places of its first ones: never that of a point that had no room."""
    for t in range(8):  # each a piece of its own
        kept.write(*(point("m", t, {"a": a}, i=t, f=1.0) for a in "xyz"))
        kept.store.seal()
    snapshot = kept.store.snapshot(BUCKET, "m")
    assert snapshot is not None
    plan = SelectRows(BUCKET, "m", ("i", "f"), 0, 10, newest=True)
    with kept.duck.cursor() as cursor:
        for room, few in ((most, 2), (10, 2)):
            found = memory.series_rows(plan, snapshot, columns, cursor, needed=2, few=few, most=room)
            assert (found is None) == (room == most)
    assert [one.times_ns for one in found] == [[6, 7]] * 3


def test_intervals_may_be_shifted_and_sums_stay_whole(kept: Kept, columns: Any) -> None:
    kept.write(*(point("m", t, i=2**62) for t in range(0, 40, 10)))
    snapshot = kept.store.snapshot(BUCKET, "m")
    assert snapshot is not None
    plan = Select(BUCKET, "m", ("i",), 0, 40, 20, Aggregate.SUM)
    with kept.duck.cursor() as cursor:
        plain = memory.select(plan, snapshot, columns, cursor)
        shifted = memory.select(plan, snapshot, columns, cursor, shift_ns=10, exact=True)
    assert (plain.times_ns, plain.series[0].values) == ([0, 20], [2.0**63, 2.0**63])
    # as 64 bits hold them
    assert (shifted.times_ns, shifted.series[0].values) == ([-10, 10, 30], [2**62, -(2**63), 2**62])


@pytest.mark.parametrize("interval_ns", [1_000, 2**40, 2**61, 2**62 + 1, 2**63 - 1, 2**70])
@pytest.mark.parametrize(
    ("start_ns", "end_ns"),
    [
        (MIN_TIME_NS - 5, MAX_TIME_NS + 5),
        (MIN_TIME_NS, MIN_TIME_NS + 500),
        (MAX_TIME_NS - 500, MAX_TIME_NS + 1),
        (-(2**61), 2**61),
        (MAX_TIME_NS + 1, MAX_TIME_NS + 9),
        (MIN_TIME_NS - 9, MIN_TIME_NS),
    ],
)
def test_the_ends_of_time(kept: Kept, columns: Any, interval_ns: int, start_ns: int, end_ns: int) -> None:
    kept.write(*(point("m", t, f=1.0) for t in (MIN_TIME_NS, -(2**60), 0, 2**60, MAX_TIME_NS)))
    snapshot = kept.store.snapshot(BUCKET, "m")
    assert snapshot is not None
    fits = (end_ns - start_ns) // interval_ns < 1_000
    plan = Select(BUCKET, "m", ("f",), start_ns, end_ns, interval_ns, Aggregate.COUNT)
    rows = SelectRows(BUCKET, "m", ("f",), start_ns, end_ns)
    with kept.duck.cursor() as cursor:
        answer = memory.select(plan, snapshot, columns, cursor) if fits else None
        told = memory.rows(rows, snapshot, columns, cursor)
    inside = [t for t in (MIN_TIME_NS, -(2**60), 0, 2**60, MAX_TIME_NS) if start_ns <= t < end_ns]
    assert told is None or told.times_ns == inside
    if answer is not None:
        assert answer.times_ns == sorted({t - t % interval_ns for t in inside})


def test_columns_are_kept_within_their_room(kept: Kept) -> None:
    for number in range(4):
        kept.write(*(point("m", 1_000 * number + t, f=float(t), i=t) for t in range(500)))
        kept.store.seal()
    snapshot = kept.store.snapshot(BUCKET, "m")
    assert snapshot is not None
    columns = Sources(3 * 500 * 16 + 1_000)
    with kept.duck.cursor() as cursor:
        for number in range(4):
            found = columns.of(snapshot, cursor, ["f"], 1_000 * number, 1_000 * number + 900)
            assert found is not None
            assert 0 < columns.size_bytes <= 3 * 500 * 16 + 1_000
        assert columns.of(snapshot, cursor, ["f", "i"], 0, 4_000) is None, "more than there is room for"
    columns.clear()
    assert columns.size_bytes == 0


def test_columns_of_hot_points_go_when_there_are_newer_ones(kept: Kept, columns: Any) -> None:
    for number in range(5):
        kept.write(*(point("m", 1_000 * number + t, {"host": "a"}, f=float(t)) for t in range(100)))
        snapshot = kept.store.snapshot(BUCKET, "m")
        assert snapshot is not None
        with kept.duck.cursor() as cursor:
            plan = Select(BUCKET, "m", ("f",), 0, 10_000, 10_000, group_by=("host",))
            assert memory.select(plan, snapshot, columns, cursor) is not None
            newest = columns.of(snapshot, cursor, ["f"], 0, 10_000)
    assert [list(key) for key in columns._numbered] == [newest]


def test_a_segment_that_is_gone_is_told(kept: Kept, columns: Any) -> None:
    kept.write(point("m", 1, f=1.0))
    kept.store.seal()
    snapshot = kept.store.snapshot(BUCKET, "m")
    assert snapshot is not None
    snapshot.segments[0].path.unlink()
    with kept.duck.cursor() as cursor, pytest.raises(StoreError):
        memory.select(Select(BUCKET, "m", ("f",), 0, 10, 10), snapshot, columns, cursor)


def test_an_interval_that_would_begin_before_all_times_is_left_to_sql(kept: Kept, columns: Any) -> None:
    kept.write(point("m", MIN_TIME_NS, f=1.0))
    snapshot = kept.store.snapshot(BUCKET, "m")
    assert snapshot is not None
    with kept.duck.cursor() as cursor:
        for interval_ns, known in ((1, True), (1_000, False), (86_400 * 10**9, False)):
            plan = Select(BUCKET, "m", ("f",), MIN_TIME_NS, MIN_TIME_NS + 10, interval_ns)
            answer = memory.select(plan, snapshot, columns, cursor)
            assert (answer is not None) == known, interval_ns
            assert answer is None or answer.times_ns == [MIN_TIME_NS]


def test_what_is_no_number_is_left_to_sql(kept: Kept, columns: Any) -> None:
    kept.write(point("m", 1, f=1.0, s="x", b=True))
    snapshot = kept.store.snapshot(BUCKET, "m")
    assert snapshot is not None
    with kept.duck.cursor() as cursor:
        for name in ("s", "b"):
            plan = Select(BUCKET, "m", (name,), 0, 10, 10, Aggregate.LAST)
            assert memory.select(plan, snapshot, columns, cursor) is None
        with pytest.raises(QueryError, match="needs numbers"):
            memory.select(Select(BUCKET, "m", ("s",), 0, 10, 10), snapshot, columns, cursor)
        condition = Condition("s", Comparison.MORE, 1)
        with pytest.raises(QueryError, match="needs numbers"):
            memory.select(
                Select(BUCKET, "m", ("f",), 0, 10, 10, conditions=(condition,)), snapshot, columns, cursor
            )


@given(st.sampled_from(Comparison), st.sampled_from((-(2.0**70), -0.5, 2.0, 2.5, 2.0**63)))
def test_a_whole_number_is_compared_exactly(comparison: Comparison, number: float) -> None:
    tests = {
        "=": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
    whole_comparison, whole = memory.whole_condition(comparison, number)
    assert -(2**63) <= whole < 2**63
    for value in (-(2**63), -1, 0, 2, 3, 2**53 + 1, 2**63 - 1):
        assert tests[whole_comparison.value](value, whole) == tests[comparison.value](value, number)
