"""Which segments are merged: neighbours of one day and level, and none that is large already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.model.point import Point
from heliograph.model.predicate import Predicate
from heliograph.model.time import DAY_NS
from heliograph.store.merging import merge
from heliograph.store.merging.compaction import CLOSED_FILES, DAY_ROWS, FAN_IN, MAX_ROWS, due
from heliograph.store.relation import Segment
from tests.unit.stored_points import BUCKET, Kept, merged, point


def segment(id_: int, *, day: int = 0, rows: int = 10, level: int = 0) -> Segment:
    low = day * DAY_NS + 5
    return Segment(id_, Path(f"{id_}.parquet"), frozenset(), rows, low, low + 1, 1, level)


def ids(segments: list[Segment]) -> list[int]:
    return [s.id for s in segments]


def test_a_dozen_neighbours_of_one_day_are_merged() -> None:
    segments = [segment(i) for i in range(FAN_IN + 3)]
    assert due(segments[: FAN_IN - 1]) == []
    assert ids(due(segments)) == list(range(FAN_IN))


def test_days_are_merged_apart() -> None:
    segments = [segment(i, day=-(i % 2)) for i in range(2 * FAN_IN)]
    assert ids(due(segments)) == list(range(1, 2 * FAN_IN, 2))


def test_levels_are_not_mixed() -> None:
    merged = [segment(i, level=1) for i in range(FAN_IN - 1)]
    fresh = [segment(100 + i) for i in range(FAN_IN - 1)]
    assert due([*merged, *fresh]) == []
    assert ids(due([*merged, *fresh, segment(200)])) == [*ids(fresh), 200]


def test_a_large_segment_does_not_keep_later_small_ones_apart() -> None:
    small = [segment(10 + i) for i in range(FAN_IN)]
    for large in (MAX_ROWS - 5, MAX_ROWS, MAX_ROWS + 1):
        assert ids(due([segment(1, rows=large), *small])) == ids(small)


SEGMENTS = st.lists(
    st.tuples(
        st.integers(-1, 1), st.sampled_from([1, MAX_ROWS // 20, MAX_ROWS, 2 * MAX_ROWS]), st.integers(0, 1)
    ),
    max_size=60,
).map(lambda all_: [segment(i, day=day, rows=rows, level=level) for i, (day, rows, level) in enumerate(all_)])


@given(SEGMENTS)
def test_what_is_merged_is_small_and_stands_together(segments: list[Segment]) -> None:
    chosen = due(segments)
    if not chosen:
        return
    assert len(chosen) > 1
    assert sum(s.rows for s in chosen) <= MAX_ROWS
    day = chosen[0].min_ns // DAY_NS
    same_day = [s for s in segments if s.min_ns // DAY_NS == day]
    first = same_day.index(chosen[0])
    assert same_day[first : first + len(chosen)] == chosen, "in the order of sealing, without a gap"
    over = day < max(s.min_ns // DAY_NS for s in segments)
    assert over or (len(chosen) == FAN_IN and len({s.level for s in chosen}) == 1)


@pytest.mark.parametrize("seals", [24, 100, 142, 143, 144, 145, 150])
def test_a_past_day_ends_as_a_few_files(seals: int) -> None:
    kept: list[Segment] = []
    for number in range(seals + 1):
        kept.append(segment(number, rows=1, day=0 if number < seals else 1))
        while chosen := due(kept):
            at = kept.index(chosen[0])
            merged = segment(chosen[-1].id, rows=sum(s.rows for s in chosen), level=chosen[0].level + 1)
            kept[at : at + len(chosen)] = [merged]
    assert len(kept) - 1 <= CLOSED_FILES
    assert sum(s.rows for s in kept) == seals + 1


# --- whole days --------------------------------------------------------------------------------------


def test_past_days_become_one_file_each_when_it_is_time() -> None:
    segments = [
        segment(1, day=1, rows=MAX_ROWS, level=2),
        segment(2, day=1),
        segment(3, day=2),
        segment(4, day=2),
    ]
    assert due(segments) == []
    assert ids(due(segments, 2)) == [1, 2]
    assert ids(due([segments[0], *segments[2:]], 3)) == [3, 4]
    assert due([segments[0], segments[2]], 3) == []


def test_a_day_of_more_rows_than_one_merge_takes_ends_as_few_files() -> None:
    kept = [segment(number, rows=DAY_ROWS // 5) for number in range(12)]
    while chosen := due(kept, 1):
        at = kept.index(chosen[0])
        kept[at : at + len(chosen)] = [segment(chosen[-1].id, rows=sum(s.rows for s in chosen), level=1)]
    assert [s.rows for s in kept] == [DAY_ROWS, DAY_ROWS, DAY_ROWS // 5 * 2]


# --- slices --------------------------------------------------------------------------------------------

POINT = st.builds(
    lambda slot, tags, first, value: point("m", slot, tags, **{"v" if first else "w": value}),
    st.integers(0, 40),
    st.fixed_dictionaries({}, optional={"host": st.sampled_from("abc'"), "cpu": st.sampled_from(["0", "1"])}),
    st.booleans(),
    st.integers(0, 99),
)


@pytest.mark.thorough
@settings(max_examples=10)
@given(seals=st.lists(st.lists(POINT, min_size=1, max_size=30), min_size=2, max_size=5))
def test_a_merge_in_slices_equals_the_naive_model_and_is_sorted(
    folders: Iterator[Path], seals: list[list[Point]]
) -> None:
    with Kept(next(folders)) as kept, pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "MIN_ROWS", 4)
        patch.setattr(merge, "_SAMPLES", 3)
        patch.setattr(merge, "SLICE_BYTES", 4 * 5 * merge._CELL_BYTES)  # four rows of five columns
        patch.setattr(merge, "GROUP_ROWS", 2_048)
        for points in seals:
            kept.write(*points)
            kept.store.seal()
        assert kept.store.upkeep.compact(10 * DAY_NS) == len(seals)
        assert kept.rows("m") == merged(p for points in seals for p in points)
        with kept.store.reading() as catalogue:
            (segment_,) = catalogue.segments[BUCKET, "m"]
        columns = [c for c in ("host", "cpu") if c in segment_.columns]
        tags = [c for c in catalogue.bucket(BUCKET)["m"].tags if c in columns]
        with kept.duck.cursor() as cursor:
            rows = cursor.rows(f"SELECT {', '.join([*tags, 'time'])} FROM read_parquet('{segment_.path}')")
        assert rows == sorted(rows, key=lambda row: [(value is None, value) for value in row])
        assert not [path for path in kept.files if path.suffix == ".tmp"]


def test_a_merge_that_lacks_memory_is_made_in_smaller_slices(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts: list[int] = []
    smaller = merge._Job.smaller

    def counted(job: merge._Job) -> bool:
        possible = smaller(job)
        cuts.append(job._slice_rows)
        return possible

    monkeypatch.setattr(merge._Job, "smaller", counted)
    monkeypatch.setattr(merge, "MEMORY_BYTES", 6 * 2**20)
    points = [
        point("m", slot, {"host": f"h{slot % 50}"}, v=slot, s=f"text {slot} " * 20) for slot in range(10_000)
    ]
    for half in (points[:5_000], points[5_000:]):
        kept.write(*half)
        kept.store.seal()
    assert kept.store.upkeep.compact(10 * DAY_NS) > 0
    assert cuts == sorted(cuts, reverse=True)
    assert cuts, "the memory was enough: the test needs less of it"
    assert len(kept.rows("m")) == len(points)


def test_no_seal_waits_for_a_merge(kept: Kept) -> None:
    kept.write(point("m", 1, v=1))
    with kept.store._locks.merge:
        assert kept.store.seal() == 1
        kept.store.delete(BUCKET, Predicate(), 0, 10, {})
    assert kept.rows("m") == {}


def test_days_are_tidied_once_a_day(kept: Kept) -> None:
    noon = 3 * DAY_NS + DAY_NS // 2
    for hour in range(2):
        kept.write(point("m", 2 * DAY_NS + hour, v=hour))
        kept.store.seal()
    assert kept.store.upkeep.compact(noon) == 2
    kept.write(point("m", 2 * DAY_NS + 5, v=5))
    kept.store.seal()
    kept.reopen()
    assert kept.store.upkeep.compact(noon + DAY_NS // 4) == 0
    assert kept.store.upkeep.compact(noon + DAY_NS) == 2
    assert len(kept.rows("m")) == 3


def test_a_stopped_store_merges_no_more_and_keeps_what_it_has(kept: Kept) -> None:
    points = [point("m", slot, v=slot) for slot in range(3)]
    for each in points:
        kept.write(each)
        kept.store.seal()
    kept.store.upkeep.stop()
    assert kept.store.upkeep.compact(10 * DAY_NS) == 0
    assert kept.rows("m") == merged(points)
    kept.reopen()
    assert kept.store.upkeep.compact(10 * DAY_NS) == 3
