"""Which segments are merged: neighbours of one day and level, and none that is large already."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.time import DAY_NS
from heliograph.store.merging.compaction import CLOSED_FILES, FAN_IN, MAX_ROWS, due
from heliograph.store.relation import Segment


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
