"""What a plan answers, for every aggregate, over hot and sealed points, against figures made by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from heliograph.errors import BucketNotFound, QueryError
from heliograph.model.point import FieldValue, Point, UInt
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS, SECOND_NS
from heliograph.query.engine import QueryEngine
from heliograph.query.plan import Aggregate, Columns, Select
from heliograph.query.sql import RATE_LOOKBACK_NS
from tests.unit.stored_points import BUCKET, Kept, point

S = SECOND_NS


async def ask(kept: Kept, *fields: str, measurement: str = "m", **how: Any) -> Columns:
    """Return the answer over 0..60 s in intervals of 10 s, or as told: the same from memory and from SQL."""
    times: dict[str, Any] = {"start_ns": 0, "end_ns": 60 * S, "interval_ns": 10 * S}
    plan = Select(BUCKET, measurement, fields, **(times | how))
    from_memory, from_sql = [await _select(kept, plan, columns_bytes) for columns_bytes in (2**20, 0)]
    assert from_memory.times_ns == from_sql.times_ns
    for one, other in zip(from_memory.series, from_sql.series, strict=True):
        assert (one.field, one.tags) == (other.field, other.tags)
        assert one.values == pytest.approx(other.values, nan_ok=True)
    return from_memory


async def _select(kept: Kept, plan: Select, columns_bytes: int) -> Columns:
    engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=30, columns_bytes=columns_bytes)
    try:
        return await engine.select(plan)
    finally:
        engine.close()


def lines(columns: Columns) -> dict[tuple[Any, ...], dict[int, Any]]:
    """Return the values by field and tag values, then by second."""
    seconds = [time_ns // S for time_ns in columns.times_ns]
    for series in columns.series:
        assert len(series.values) == len(seconds)
    return {
        (series.field, *series.tags.values()): {
            second: value for second, value in zip(seconds, series.values, strict=True) if value is not None
        }
        for series in columns.series
    }


def put(kept: Kept, values: Sequence[tuple[float, FieldValue]], *, sealed: bool, **tags: str) -> None:
    """Write the field v at some seconds, the first half of it sealed where asked."""
    points = [Point("m", {"v": value}, tags, round(second * S)) for second, value in values]
    kept.write(*points[: len(points) // 2 + 1])
    if sealed:
        kept.store.seal()
    kept.write(*points[len(points) // 2 :])  # one point comes twice


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(
    ("aggregate", "first", "second"),
    [
        (Aggregate.MEAN, 2.5, 7.0),
        (Aggregate.MIN, 1, 7),
        (Aggregate.MAX, 4, 7),
        (Aggregate.SUM, 5.0, 7.0),
        (Aggregate.COUNT, 2, 1),
        (Aggregate.FIRST, 4, 7),
        (Aggregate.LAST, 1, 7),
    ],
)
@pytest.mark.parametrize("kind", [int, float, UInt])
async def test_aggregates(
    kept: Kept, *, sealed: bool, aggregate: Aggregate, first: float, second: float, kind: type[int]
) -> None:
    put(kept, [(0, kind(4)), (9.999, kind(1)), (20, kind(7)), (60, kind(99))], sealed=sealed)
    answer = await ask(kept, "v", aggregate=aggregate)
    assert answer.times_ns == [0, 20 * S], "no entry for an interval without points"
    assert lines(answer) == {("v",): {0: first, 20: second}}


async def test_intervals_stand_at_multiples_since_1970_whatever_the_range(kept: Kept) -> None:
    put(kept, [(t, 1) for t in range(-12, 25)], sealed=False)
    answer = await ask(kept, "v", start_ns=-7 * S, end_ns=23 * S, aggregate=Aggregate.COUNT)
    assert lines(answer) == {("v",): {-10: 7, 0: 10, 10: 10, 20: 3}}


async def test_start_is_inclusive_and_end_exclusive(kept: Kept) -> None:
    put(kept, [(t, 1) for t in (9, 10, 19, 20)], sealed=True)
    answer = await ask(
        kept, "v", start_ns=10 * S, end_ns=20 * S, interval_ns=1 * S, aggregate=Aggregate.COUNT
    )
    assert lines(answer) == {("v",): {10: 1, 19: 1}}


async def test_the_ends_of_time_and_the_longest_interval_can_be_asked(kept: Kept) -> None:
    kept.write(point("m", MIN_TIME_NS, v=1), point("m", 5, v=2), point("m", MAX_TIME_NS, v=4))
    for _ in range(2):
        answer = await ask(
            kept, "v", start_ns=-(2**63), end_ns=2**63, interval_ns=2**62, aggregate=Aggregate.SUM
        )
        assert [series.values for series in answer.series] == [[1.0, 2.0, 4.0]]
        kept.store.seal()


async def test_where_takes_any_of_its_values_and_empty_means_without_the_tag(kept: Kept) -> None:
    for host, value in (("a", 1), ("b", 2), ("it's", 4)):
        put(kept, [(0, value)], sealed=True, host=host)
    put(kept, [(0, 8)], sealed=False)

    async def total(**where: tuple[str, ...]) -> float | None:
        answer = await ask(kept, "v", aggregate=Aggregate.SUM, where=where)
        return lines(answer)["v",][0] if answer.series else None

    assert await total() == 15
    assert await total(host=("a", "it's")) == 5
    assert await total(host=("a", "")) == 9
    assert await total(host=("",)) == 8
    assert await total(host=("nobody",)) is None
    assert await total(host=()) is None
    assert await total(planet=("",)) == 15
    assert await total(planet=("earth",)) is None
    assert await total(host=("a",), planet=("",)) == 1


async def test_group_by_gives_a_series_per_value_and_one_without(kept: Kept) -> None:
    put(kept, [(0, 1), (10, 2)], sealed=True, host="a", cpu="0")
    put(kept, [(10, 4)], sealed=False, host="a", cpu="1")
    put(kept, [(20, 8)], sealed=False)
    answer = await ask(kept, "v", aggregate=Aggregate.SUM, group_by=("host", "planet"))
    assert [(series.tags, series.values) for series in answer.series] == [
        ({}, [None, None, 8]),
        ({"host": "a"}, [1, 6, None]),
    ]


async def test_fields_without_a_value_give_no_entry_and_no_series(kept: Kept) -> None:
    kept.write(point("m", 0, v=1, w=1.5), point("m", 10 * S, w=2.5), point("m", 20 * S, {"host": "a"}, w=9.0))
    for aggregate in Aggregate:
        answer = await ask(kept, "v", aggregate=aggregate, group_by=("host",))
        assert lines(answer) == {("v",): {0: 1}}
        assert answer.times_ns == [0]
    both = await ask(kept, "v", "w", aggregate=Aggregate.LAST)
    assert lines(both) == {("v",): {0: 1}, ("w",): {0: 1.5, 10: 2.5, 20: 9.0}}


async def test_text_and_truth_can_be_counted_and_looked_at_but_not_averaged(kept: Kept) -> None:
    kept.write(point("m", 0, s="off\n", b=True), point("m", 1 * S, s='"on"', b=False))
    assert lines(await ask(kept, "s", "b", aggregate=Aggregate.LAST)) == {
        ("s",): {0: '"on"'},
        ("b",): {0: False},
    }
    assert lines(await ask(kept, "s", "b", aggregate=Aggregate.FIRST)) == {
        ("s",): {0: "off\n"},
        ("b",): {0: True},
    }
    assert lines(await ask(kept, "s", "b", aggregate=Aggregate.COUNT)) == {("s",): {0: 2}, ("b",): {0: 2}}
    for aggregate in (Aggregate.MEAN, Aggregate.MIN, Aggregate.MAX, Aggregate.SUM):
        with pytest.raises(QueryError, match=f"type string: {aggregate.value} needs numbers"):
            await ask(kept, "s", aggregate=aggregate)
    with pytest.raises(QueryError, match="type boolean: rate needs numbers"):
        await ask(kept, "b", rate=True)


async def test_large_integers_stay_exact_and_their_sums_do_not_overflow(kept: Kept) -> None:
    kept.write(point("m", 0, u=UInt(2**64 - 1), i=2**63 - 1), point("m", 1, u=UInt(2**64 - 2), i=2**63 - 2))
    assert lines(await ask(kept, "u", "i", aggregate=Aggregate.MAX)) == {
        ("u",): {0: 2**64 - 1},
        ("i",): {0: 2**63 - 1},
    }
    sums = lines(await ask(kept, "u", "i", aggregate=Aggregate.SUM))
    assert math.isclose(sums["u",][0], 2.0**65)
    assert math.isclose(sums["i",][0], 2.0**64)


async def test_names_that_are_no_identifiers_can_be_asked(kept: Kept) -> None:
    name = 'a "b"; DROP TABLE x --'
    kept.write(Point(name, {name: 1.5, "Time": 2.5}, {name: name, "time": "t"}, 0))
    answer = await ask(
        kept, name, "Time", measurement=name, where={name: (name,), "time": ("t",)}, group_by=(name, "time")
    )
    assert lines(answer) == {(name, name, "t"): {0: 1.5}, ("Time", name, "t"): {0: 2.5}}


async def test_rate_is_the_change_per_second(kept: Kept) -> None:
    put(kept, [(t, 3 * t) for t in range(0, 41, 5)], sealed=True)
    assert lines(await ask(kept, "v", rate=True, start_ns=10 * S)) == {("v",): {10: 3, 20: 3, 30: 3, 40: 3}}


async def test_a_counter_that_starts_anew_gives_no_value_and_then_goes_on(kept: Kept) -> None:
    put(kept, [(0, 100), (10, 200), (20, 5), (30, 25)], sealed=False)
    assert lines(await ask(kept, "v", rate=True)) == {("v",): {10: 10, 30: 2}}


async def test_a_gap_spreads_the_change_over_its_length(kept: Kept) -> None:
    put(kept, [(0, 0), (40, 400)], sealed=False)
    assert lines(await ask(kept, "v", rate=True)) == {("v",): {40: 10}}


async def test_the_value_before_the_range_is_known_up_to_two_minutes_back(kept: Kept) -> None:
    start = 1_000
    put(kept, [(start - 60, 0), (start, 120)], sealed=True)
    long_ago = start - RATE_LOOKBACK_NS // S - 1
    put(kept, [(long_ago, 0), (start, 50)], sealed=True, host="slow")
    answer = await ask(kept, "v", rate=True, start_ns=start * S, end_ns=(start + 60) * S)
    assert lines(answer) == {("v",): {start: 2}}


async def test_rates_of_several_series_are_summed_into_their_group(kept: Kept) -> None:
    for cpu, host, factor in (("0", "a", 1), ("1", "a", 2), ("0", "b", 4)):
        put(kept, [(t, factor * t) for t in (0, 10, 20)], sealed=cpu == "0", cpu=cpu, host=host)
    assert lines(await ask(kept, "v", rate=True)) == {("v",): {10: 7, 20: 7}}
    assert lines(await ask(kept, "v", rate=True, group_by=("host",))) == {
        ("v", "a"): {10: 3, 20: 3},
        ("v", "b"): {10: 4, 20: 4},
    }
    assert lines(await ask(kept, "v", rate=True, where={"cpu": ("0",)}, group_by=("host",))) == {
        ("v", "a"): {10: 1, 20: 1},
        ("v", "b"): {10: 4, 20: 4},
    }


async def test_a_counter_is_not_disturbed_by_points_of_other_fields(kept: Kept) -> None:
    kept.write(
        *(point("m", t * S, v=2 * t) for t in (0, 10, 30, 40)),
        *(point("m", t * S + S, other=1.0) for t in (0, 10, 20, 30, 40)),
    )
    assert lines(await ask(kept, "v", rate=True)) == {("v",): {10: 2, 30: 2, 40: 2}}
    both = await ask(kept, "v", "other", rate=True)
    assert lines(both)["v",] == {10: 2, 30: 2, 40: 2}
    assert lines(both)["other",] == {10: 0, 20: 0, 30: 0, 40: 0}


async def test_fields_called_like_the_columns_of_the_statement(kept: Kept) -> None:
    names = ["t", "v0", "r0", "newest_ns", "rank_", "at", "n", "s", "f0", "g0"]
    for t in (0, 10, 20):
        kept.write(Point("m", {name: t * (i + 1) for i, name in enumerate(names)}, {"g": "x"}, t * S))
        kept.write(Point("m", {name: t * (i + 1) for i, name in enumerate(names)}, {"t_": "y"}, t * S))
    answer = lines(await ask(kept, *names, rate=True, where={"g": ("x",)}))
    assert answer == {(name,): {10: i + 1, 20: i + 1} for i, name in enumerate(names)}
    latest = lines(await ask(kept, *names, aggregate=Aggregate.LAST, where={"g": ("x",)}))
    assert latest == {(name,): {t: t * (i + 1) for t in (0, 10, 20)} for i, name in enumerate(names)}


async def test_tags_called_like_the_columns_of_the_statement(kept: Kept) -> None:
    tags = {"t": "1", "newest_ns": "2", "v0": "3", "r0": "4"}
    for t in (0, 10, 20):
        kept.write(Point("m", {"v": 5 * t}, tags, t * S))
        kept.write(Point("m", {"v": 7 * t}, tags | {"t": "other"}, t * S))
    assert lines(await ask(kept, "v", rate=True)) == {("v",): {10: 12, 20: 12}}
    by_tag = await ask(kept, "v", rate=True, group_by=("t",))
    assert lines(by_tag) == {("v", "1"): {10: 5, 20: 5}, ("v", "other"): {10: 7, 20: 7}}
    mean = await ask(kept, "v", group_by=tuple(tags))
    assert lines(mean)["v", "1", "2", "3", "4"] == {0: 0, 10: 50, 20: 100}


async def test_what_is_unknown_is_named(kept: Kept) -> None:
    put(kept, [(0, 1)], sealed=False)
    with pytest.raises(QueryError, match='measurement "nope" not found'):
        await ask(kept, "v", measurement="nope")
    with pytest.raises(QueryError, match='field "nope" not found on measurement "m"'):
        await ask(kept, "nope")
    engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=30)
    with pytest.raises(BucketNotFound, match="elsewhere"):
        await engine.select(Select("elsewhere", "m", ("v",), 0, 1, 1))
    engine.close()


def test_plans_that_make_no_sense_are_refused_with_the_reason() -> None:
    def plan(start: int = 0, end: int = 10, interval: int = 1, fields: tuple[str, ...] = ("v",)) -> Select:
        return Select("b", "m", fields, start, end, interval)

    with pytest.raises(QueryError, match="at least one field"):
        plan(fields=())
    for end in (0, -5):
        with pytest.raises(QueryError, match="end must be after its start"):
            plan(end=end)
    for interval in (0, -1):
        with pytest.raises(QueryError, match="longer than nothing"):
            plan(interval=interval)
