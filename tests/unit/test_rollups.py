"""Summaries: a plan is answered as from the points, whatever came late, was merged, or is forgotten."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from heliograph.errors import StoreBusy
from heliograph.model.point import Point, UInt
from heliograph.model.predicate import Condition, Predicate
from heliograph.model.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from heliograph.query import rollup_sources
from heliograph.query.limits import QueryLimits
from heliograph.query.plan import Aggregate, Columns, Select
from heliograph.query.rollup_sql import summaries_sql
from heliograph.query.sql import columns_of, select_sql
from heliograph.store.relation import Register
from tests.unit.stored_points import BUCKET, Kept, batch, point

SPAN_NS = 30 * HOUR_NS
"""The points of these tests lie in two days."""
NOW = 10 * DAY_NS
BASE = 3 * DAY_NS - 5 * HOUR_NS


@pytest.fixture(autouse=True, scope="module")
def few_points_are_many() -> Iterator[None]:
    """Summaries are read wherever they may be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollup_sources, "FEW_POINTS", 0)
        yield


def statement(kept: Kept, select: Select, register: Register) -> tuple[str, list[Any]]:
    snapshot = kept.store.snapshot(select.bucket, select.measurement)
    assert snapshot is not None
    return summaries_sql(select, snapshot, register) or select_sql(select, snapshot, register)


def ask(kept: Kept, select: Select) -> Columns:
    with kept.duck.cursor() as cursor:
        return columns_of(select, cursor.rows(*statement(kept, select, cursor.register)), QueryLimits())


def ask_points(kept: Kept, select: Select) -> Columns:
    snapshot = kept.store.snapshot(select.bucket, select.measurement)
    assert snapshot is not None
    with kept.duck.cursor() as cursor:
        return columns_of(select, cursor.rows(*select_sql(select, snapshot, cursor.register)), QueryLimits())


def values(columns: Columns) -> dict[tuple[Any, ...], Any]:
    return {
        (series.field, *sorted(series.tags.items()), time_ns): value
        for series in columns.series
        for time_ns, value in zip(columns.times_ns, series.values, strict=True)
        if value is not None
    }


def assert_same(answer: Columns, wanted: Columns) -> None:
    """Integers, and values that points have, must be equal; sums and means of floats up to rounding."""
    found, expected = values(answer), values(wanted)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert type(found[key]) is type(value), key
        if isinstance(value, float):
            assert math.isclose(found[key], value, rel_tol=1e-9, abs_tol=1e-9), key
        else:
            assert found[key] == value, key


def resolutions_read(kept: Kept, select: Select) -> set[str]:
    """Return which folders a plan reads from."""
    with kept.duck.cursor() as cursor:
        sql, _ = statement(kept, select, cursor.register)
    return {kind for kind in ("/segments/", "/1m/", "/1h/", "hot_") if kind in sql}


class Delete(NamedTuple):
    """Points to be deleted."""

    predicate: Predicate
    start_ns: int
    end_ns: int


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "f": st.floats(-1e6, 1e6, allow_subnormal=False) | st.sampled_from([0.0, 1.5]),
        "i": st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3),
        "u": st.integers(0, 2**64 - 1).map(UInt),
        "b": st.booleans(),
    },
).filter(len)
TAGS = st.sampled_from([{}, {"host": "a"}, {"host": "b"}, {"host": "b", "core": "1"}])


@st.composite
def some_points(draw: st.DrawFn) -> list[Point]:
    """Points of which many share a minute, an hour or even a time; some batches are wide, some narrow."""
    at = draw(st.integers(0, SPAN_NS // SECOND_NS))
    width = draw(st.sampled_from([90, 4_000, 100_000]))
    seconds = st.integers(max(0, at - width), at).map(lambda s: BASE + s * SECOND_NS)
    times = seconds | st.sampled_from([BASE, BASE + HOUR_NS, BASE + 2 * MINUTE_NS - 1])
    made = st.builds(lambda t, tags, fields: Point("m", fields, tags, t), times, TAGS, FIELDS)
    return draw(st.lists(made, min_size=1, max_size=12))


DELETES = st.builds(
    lambda host, start, length: Delete(
        Predicate((Condition("host", host),) if host is not None else ()), BASE + start, BASE + start + length
    ),
    st.sampled_from([None, "a", "b", ""]),
    st.sampled_from([0, HOUR_NS, 5 * HOUR_NS + 7]) | st.integers(0, SPAN_NS),
    st.sampled_from([1, MINUTE_NS, HOUR_NS, 7 * HOUR_NS, SPAN_NS]),
)
STEPS = st.lists(
    st.one_of(
        some_points(),
        DELETES,
        st.sampled_from(["seal", "seal and roll up", "seal and roll up", "merge", "erase", "reopen"]),
    ),
    min_size=2,
    max_size=14,
)
SELECTS = st.builds(
    lambda fields, start, length, interval, how, where, group_by: Select(
        BUCKET,
        "m",
        tuple(fields),
        BASE + start,
        BASE + start + max(length, SECOND_NS),
        interval,
        aggregate=how if how is not None else Aggregate.LAST,
        rate=how is None,
        where=where,
        group_by=group_by,
    ),
    st.lists(st.sampled_from(["f", "i", "u"]), min_size=1, max_size=3, unique=True),
    st.integers(-HOUR_NS, SPAN_NS) | st.sampled_from([0, HOUR_NS, 7 * MINUTE_NS]),
    st.integers(SECOND_NS, SPAN_NS) | st.sampled_from([SPAN_NS, 24 * HOUR_NS, 5 * HOUR_NS]),
    st.sampled_from([MINUTE_NS, 5 * MINUTE_NS, HOUR_NS, 24 * HOUR_NS, 90 * SECOND_NS]),
    st.sampled_from([None, *Aggregate]),
    st.sampled_from([{}, {"host": ("b",)}, {"core": ("",)}]),
    st.sampled_from([("host", "core"), ("host",), ()]),
)


def declared(kept: Kept) -> None:
    """Settle the fields, in an order in which the first is often absent."""
    kept.write(point("m", BASE - DAY_NS, {"host": "a"}, b=True, i=1, f=1.0, u=UInt(1)))


def by_series(select: Select) -> Select:
    """Which of several series' values of the same time is the first is anybody's guess."""
    if select.aggregate in {Aggregate.FIRST, Aggregate.LAST}:
        return replace(select, group_by=("host", "core"))
    return select


def test_a_delete_where_an_interval_begins_leaves_the_points_behind_it_in_the_answers(tmp_path: Path) -> None:
    select = Select(BUCKET, "m", ("f",), BASE, BASE + HOUR_NS, HOUR_NS, aggregate=Aggregate.MIN)
    with Kept(tmp_path, rollups=True) as kept:
        kept.write(point("m", BASE + 2 * MINUTE_NS, f=1.0))
        kept.store.seal()
        kept.roll_up()
        kept.store.delete(BUCKET, Predicate(), BASE, BASE + 1, {})
        assert values(ask(kept, select)) == {("f", BASE): 1.0}
        kept.roll_up()
        kept.store.upkeep.erase()
        assert values(ask(kept, select)) == {("f", BASE): 1.0}


@pytest.mark.thorough
@settings(max_examples=15)
@given(steps=STEPS, selects=st.lists(SELECTS, min_size=1, max_size=6))
def test_a_plan_is_answered_as_from_the_points(
    folders: Iterator[Path], steps: list[list[Point] | Delete | str], selects: list[Select]
) -> None:
    with Kept(next(folders), rollups=True) as kept:
        declared(kept)
        for step in [*steps, "seal and roll up"]:
            match step:
                case "reopen":
                    kept.store.seal()
                    kept.reopen()
                case "merge":
                    kept.store.upkeep.compact()
                case "erase":
                    kept.store.upkeep.erase()
                case Delete():
                    kept.store.delete(BUCKET, *step, {})
                case "seal" | "seal and roll up":
                    kept.store.seal()
                    if step == "seal and roll up":
                        kept.roll_up()
                        assert kept.store.statistics().open_hours == 0
                case list() as points:
                    kept.write(*points)
            for select in map(by_series, selects[: 6 if step == "seal and roll up" else 2]):
                assert_same(ask(kept, select), ask_points(kept, select))
        for select in selects:
            event(f"reads {sorted(resolutions_read(kept, select))}")


@pytest.mark.thorough
@settings(max_examples=15)
@given(
    steps=st.lists(
        some_points() | st.sampled_from(["seal", "merge", "reopen", "roll up"]) | st.integers(1, 20),
        min_size=3,
        max_size=14,
    ),
    selects=st.lists(SELECTS, min_size=1, max_size=6),
)
@example(  # one is hot in the hour in which what is forgotten ends
    steps=[
        [point("m", BASE, u=UInt(0)), point("m", BASE + HOUR_NS, u=UInt(0))],
        "seal",
        [point("m", BASE + HOUR_NS + 37 * MINUTE_NS, u=UInt(2799))],
        20,
    ],
    selects=[Select(BUCKET, "m", ("u",), BASE, BASE + SPAN_NS, 24 * HOUR_NS, aggregate=Aggregate.MAX)],
)
def test_summaries_answer_for_points_that_are_forgotten(
    folders: Iterator[Path], steps: list[list[Point] | str | int], selects: list[Select]
) -> None:
    """A number lets the clock go on by hours. Beside a store that forgets nothing and has no summaries."""
    now = BASE + 6 * HOUR_NS
    with Kept(next(folders), rollups=True) as kept, Kept(next(folders)) as reference:
        declared(kept)
        declared(reference)
        kept.store.set_rule(BUCKET, "m", 6 * HOUR_NS)
        forgotten = 0
        for step in [*steps, "seal", 3, "seal", 3]:
            match step:
                case int():
                    now += step * HOUR_NS
                    forgotten += kept.store.forgetting.expire(now).rows
                case "seal":
                    kept.store.seal()
                case "roll up":
                    kept.roll_up(now)
                case "merge":
                    kept.store.upkeep.compact()
                case "reopen":
                    kept.store.seal()
                    kept.reopen()
                case list() as points:
                    accepted, _ = kept.store.refuse_old(BUCKET, batch(points), now)
                    for store in (kept.store, reference.store):
                        if accepted:
                            store.declare(BUCKET, accepted)
                            store.append(BUCKET, accepted, None)
            for select in map(on_hours, map(by_series, selects[:2])):
                assert_same(ask(kept, select), ask(reference, select))
        for select in map(on_hours, map(by_series, selects)):
            assert_same(ask(kept, select), ask(reference, select))
        event(f"forgotten {forgotten > 1}")


@pytest.mark.parametrize("sealing", ["works", "fails"])
def test_late_points_stay_in_the_answers_when_their_day_makes_room(
    tmp_path: Path, sealing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Kept(tmp_path, rollups=True) as kept:
        kept.write(point("m", BASE, i=1), point("m", BASE + 3 * HOUR_NS, i=1))
        kept.store.seal()
        kept.roll_up()
        kept.write(point("m", BASE + DAY_NS, i=1))
        kept.store.seal()
        kept.write(point("m", BASE + HOUR_NS, i=1))  # late
        if sealing == "fails":
            monkeypatch.setattr(kept.store.forgetting, "_seal", failing)
        assert kept.store.forgetting.shrink(kept.store.statistics().size_bytes - 1).rows >= 2
        counted = Select(BUCKET, "m", ("i",), BASE, BASE + 2 * DAY_NS, HOUR_NS, aggregate=Aggregate.COUNT)
        hours = [0, 1, 3, 24]
        expected = {("i", BASE + hour * HOUR_NS): 1 for hour in hours}
        assert values(ask(kept, counted)) == expected
        monkeypatch.undo()
        kept.store.seal()
        kept.reopen()
        kept.roll_up()
        assert values(ask(kept, counted)) == expected


def failing() -> int:
    raise StoreBusy("the disk is full")


@pytest.mark.thorough
@settings(max_examples=15)
@given(
    st.lists(
        some_points() | st.sampled_from(["seal", "merge", "reopen", "roll up"]) | st.floats(0.3, 1),
        min_size=3,
        max_size=14,
    )
)
@example(  # a late one is hot when its day goes
    [
        [point("m", BASE, i=1), point("m", BASE + 3 * HOUR_NS, i=1)],
        "seal",
        [point("m", BASE + DAY_NS, i=1)],
        "seal",
        [point("m", BASE + HOUR_NS, i=1)],
        0.99,
    ]
)
def test_what_is_left_is_in_the_answers_whatever_made_room(
    folders: Iterator[Path], steps: list[list[Point] | str | float]
) -> None:
    """A number lets so much of the size stay."""
    with Kept(next(folders), rollups=True) as kept:
        declared(kept)
        for step in [*steps, 0.7]:
            match step:
                case float():
                    kept.store.forgetting.shrink(round(step * kept.store.statistics().size_bytes))
                case "seal":
                    kept.store.seal()
                case "roll up":
                    kept.roll_up()
                case "merge":
                    kept.store.upkeep.compact()
                case "reopen":
                    kept.store.seal()
                    kept.reopen()
                case list() as points:
                    accepted, _ = kept.store.refuse_old(BUCKET, batch(points), NOW)
                    if accepted:
                        kept.store.declare(BUCKET, accepted)
                        kept.store.append(BUCKET, accepted, None)
            counted = Select(
                BUCKET,
                "m",
                ("f", "i", "u"),
                BASE,
                BASE + SPAN_NS,
                HOUR_NS,
                Aggregate.COUNT,
                group_by=("host",),
            )
            found, left = values(ask(kept, counted)), values(ask_points(kept, counted))
            assert all(found.get(key, 0) >= count for key, count in left.items())


def on_hours(select: Select) -> Select:
    """Without its points a plan is exact only where no summary is cut by a range or an interval."""
    start_ns = select.start_ns // HOUR_NS * HOUR_NS
    end_ns = -(-select.end_ns // HOUR_NS) * HOUR_NS
    interval_ns = -(-select.interval_ns // MINUTE_NS) * MINUTE_NS
    return replace(select, start_ns=start_ns, end_ns=end_ns, interval_ns=interval_ns)
