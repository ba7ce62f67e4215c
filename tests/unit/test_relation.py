"""The one relation over hot rows and segments equals a dict in which the last write of each field wins."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from heliograph.model.point import FieldType, Point, UInt
from heliograph.model.predicate import Condition, Predicate
from heliograph.model.time import DAY_NS, MAX_TIME_NS, MIN_TIME_NS
from heliograph.store.arrow import ArrowTable
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.duck import Duck
from heliograph.store.hot.table import HotTable
from heliograph.store.relation import MAX_WINDOWS, Segment, Snapshot, Window, overlaps, render
from heliograph.store.schema import Measurement
from heliograph.store.segments import SegmentWriter
from tests.unit.stored_points import BUCKET, batch, merged, point, read

TEXTS = ["", "a", "it's", 'say "hi"', "two\nlines", "ü☀🙂", "NULL", "\\", "\x00"]
TIMES = st.one_of(
    st.integers(0, 12),
    st.sampled_from([-1, -2, -DAY_NS, -DAY_NS - 1, DAY_NS - 1, DAY_NS, DAY_NS + 1, 400 * DAY_NS]),
)
TAGS = st.dictionaries(
    st.sampled_from(["host", "Host", "time", 'q"t', "both", "g0", "n"]),
    st.sampled_from(TEXTS[1:]),
    max_size=3,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "Foo": st.floats(allow_nan=False, allow_infinity=False),
        "foo": st.integers(-(2**63), 2**63 - 1),
        "u": st.integers(0, 2**64 - 1).map(UInt),
        "time": st.booleans(),
        "both": st.sampled_from(TEXTS),
        "x y'": st.sampled_from(TEXTS),
        # the relation's own words
        "t": st.integers(0, 3),
        "f0": st.integers(0, 3),
        "s": st.integers(0, 3),
        "rank_": st.integers(0, 3),
        "file_index": st.integers(0, 3),  # and DuckDB's
    },
).filter(bool)
POINTS = st.builds(Point, st.just("m"), FIELDS, TAGS, TIMES)
SOURCES = st.lists(st.lists(st.lists(POINTS, min_size=1, max_size=6), min_size=1, max_size=3), max_size=4)
"""Sources of batches of points."""

folder_numbers = itertools.count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("segments")


@pytest.fixture(scope="module")
def duck(folder: Path) -> Iterator[Duck]:
    engine = Duck((folder,), memory_bytes=64 * 2**20, threads=1)
    yield engine
    engine.close()


def keep(sources: list[list[list[Point]]], sealed: int, writer: SegmentWriter) -> Snapshot:
    """Return the snapshot of a measurement whose first ``sealed`` sources are Parquet, the others hot."""
    measurement = Measurement("m")
    segments: list[Segment] = []
    hot = []
    for number, batches in enumerate(sources):
        source = HotTable(measurement)
        for points in batches:
            columns = batch(points)
            for new in measurement.missing(columns["m"]):
                measurement.add(new.name, new.type, new.physical)
            source.append(columns["m"])
        if number >= sealed:
            hot.append(source.copy())
            continue
        source.freeze()
        for written in writer.write(BUCKET, measurement, source, str(number)):
            known = (written.columns, written.rows, written.min_ns, written.max_ns, written.size_bytes)
            segments.append(Segment(len(segments), written.path, *known))
    return Snapshot(measurement, tuple(segments), tuple(hot))


@pytest.mark.thorough
@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(sources=SOURCES, data=st.data())
def test_relation_equals_a_dict_in_which_the_last_write_wins(
    folder: Path, duck: Duck, sources: list[list[list[Point]]], data: st.DataObject
) -> None:
    writer = SegmentWriter(folder / str(next(folder_numbers)), duck)
    snapshot = keep(sources, data.draw(st.integers(0, len(sources)), label="sealed"), writer)
    wanted = merged(p for batches in sources for points in batches for p in points)
    assert read(snapshot, duck) == wanted

    start_ns, end_ns = sorted([data.draw(TIMES, label="start"), data.draw(TIMES, label="end")])
    known = sorted(snapshot.measurement.fields)
    fields = data.draw(
        st.lists(st.sampled_from(known), unique=True) if known else st.just([]), label="fields"
    )
    part = {
        (key, time_ns): {name: value for name, value in values.items() if name in fields}
        for (key, time_ns), values in wanted.items()
        if start_ns <= time_ns < end_ns
    }
    assert read(snapshot, duck, start_ns=start_ns, end_ns=end_ns, fields=fields) == part


def test_a_segment_holds_each_series_and_time_once_and_says_its_bounds(folder: Path, duck: Duck) -> None:
    writer = SegmentWriter(folder / "bounds", duck)
    batches = [[point("m", t, {"host": h}, v=t) for t in (5, 3, 5, 4) for h in ("a", "b")]]
    [segment] = keep([batches], 1, writer).segments
    assert (segment.rows, segment.min_ns, segment.max_ns) == (6, 3, 5)
    assert segment.columns == {"host", "v"}
    assert segment.size_bytes == segment.path.stat().st_size


@pytest.mark.parametrize("sealed", [0, 1, 2])
def test_the_extremes_of_every_type_come_back_as_they_went_in(folder: Path, duck: Duck, sealed: int) -> None:
    points = [
        Point("m", {"u": UInt(2**64 - 1), "i": 2**63 - 1, "f": 1.7976931348623157e308}, {}, MIN_TIME_NS),
        Point("m", {"u": UInt(0), "i": -(2**63), "f": -5e-324, "b": False, "s": "\x00"}, {}, MAX_TIME_NS),
    ]
    writer = SegmentWriter(folder / f"extremes-{sealed}", duck)
    snapshot = keep([[points[:1]], [points[1:]]], sealed, writer)
    assert read(snapshot, duck) == merged(points)


def test_many_segments_that_touch_and_are_deleted_from_again_and_again_are_read_in_few_scans(
    folder: Path, duck: Duck
) -> None:
    """One scan each would need hundreds of megabytes, and most of a second to plan."""
    sources = [
        [[point("m", t, {"w": w}, v=number) for t in range(9 * number, 9 * number + 12) for w in "ab"]]
        for number in range(40)
    ]
    snapshot = keep(sources, 40, SegmentWriter(folder / "touching", duck))
    deletions = [
        Deletion(number, BUCKET, Predicate((Condition("w", w),)), 0, 9 * number, {})
        for number in range(20)
        for w in "ab"
    ]
    segments = [
        replace(s, deletions=tuple(d for d in deletions[s.id :] if d.meets("m", s.min_ns, s.max_ns)))
        for s in snapshot.segments
    ]
    snapshot = replace(snapshot, segments=tuple(segments))
    whole = render(snapshot, no_table, start_ns=MIN_TIME_NS, end_ns=MAX_TIME_NS + 1)
    assert whole.count("read_parquet") <= 8, whole
    wanted = merged(p for batches in sources for points in batches for p in points)
    until = 9 * 19
    assert read(snapshot, duck) == {(key, t): v for (key, t), v in wanted.items() if t >= until}


def no_table(table: ArrowTable) -> str:
    raise AssertionError(table)


def test_names_that_differ_by_case_or_kind_get_columns_of_their_own() -> None:
    measurement = Measurement("m")
    columns = batch(
        [Point("m", {"foo": 1.0, "Foo": 2, "FOO": True, "host": "x"}, {"host": "a", "time": "t"}, 1)]
    )
    for new in measurement.missing(columns["m"]):
        measurement.add(new.name, new.type, new.physical)
    physical = [*measurement.tags.values(), *(column for column, _ in measurement.fields.values())]
    assert len({column.casefold() for column in [*physical, "time"]}) == 7
    assert measurement.fields["FOO"][1] is FieldType.BOOLEAN
    assert measurement.missing(columns["m"]) == []


SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 8), st.booleans()).map(lambda s: (s[0], s[0] + s[1], s[2])),
    max_size=8,
)


@given(SPANS, st.integers(0, 30), st.integers(1, 40))
def test_overlap_windows_are_exactly_where_a_point_may_stand_twice(
    spans: list[tuple[int, int, bool]], start: int, length: int
) -> None:
    end = start + length
    touching = [s for s in spans if s[0] < end and s[1] >= start]
    windows = overlaps(touching, start, end)
    twice = {
        t
        for t in range(start, end)
        if sum(1 if in_order else 2 for low, high, in_order in touching if low <= t <= high) >= 2
    }
    assert covered(windows) == twice
    for (_, before), (after, _) in itertools.pairwise(windows):
        assert before < after, "touching windows are one"


def test_of_many_overlaps_the_closest_become_one_window() -> None:
    spans = [(10 * i, 10 * i + 1, False) for i in range(MAX_WINDOWS)]
    assert len(overlaps(spans, 0, 10_000)) == MAX_WINDOWS
    late = (10 * MAX_WINDOWS - 5, 10 * MAX_WINDOWS - 4, False)
    joined = overlaps([*spans, late], 0, 10_000)
    assert joined == [(10 * i, 10 * i + 2) for i in range(MAX_WINDOWS - 1)] + [(spans[-1][0], late[1] + 1)]


def covered(windows: list[Window]) -> set[int]:
    return {t for start, end in windows for t in range(start, end)}
