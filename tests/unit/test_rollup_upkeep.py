"""How summaries are made, merged, lost and made again: nothing is skipped, nothing counted twice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.errors import StoreBusy
from heliograph.model.point import FieldValue, Point, UInt
from heliograph.model.time import DAY_NS, HOUR_NS, MAX_TIME_NS, MIN_TIME_NS, MINUTE_NS, SECOND_NS
from heliograph.query.rollup_sources import choose, without
from heliograph.store.relation import Rollups, Segment, Snapshot, Window, render
from heliograph.store.retention import FOREVER, WHOLE_BUCKET, surplus
from heliograph.store.rollups import summary
from heliograph.store.rollups.summary import RAW, RESOLUTIONS, TYPES, summarised
from heliograph.store.rollups.work import RollupUpkeep
from heliograph.store.schema import Measurement
from heliograph.store.segment_changes import SegmentChanges
from heliograph.store.segments import SegmentWriter
from heliograph.store.sql_text import quote
from tests.unit.stored_points import BUCKET, Kept, batch, merged, point, series_key, types_of

PLACE = (BUCKET, "m")
DAY = 20 * DAY_NS
Summaries = dict[tuple[Any, ...], dict[str, Any]]
"""By series, start and field."""


@pytest.fixture
def rolling(tmp_path: Path) -> Iterator[Kept]:
    """A store that makes summaries."""
    with Kept(tmp_path, rollups=True) as kept:
        yield kept


def summaries(kept: Kept, resolution_ns: int) -> Summaries:
    """Return what the summaries of a resolution say; one that stands twice fails the test."""
    with kept.store.reading() as catalogue:
        measurement = summarised(catalogue.bucket(BUCKET)["m"])
        segments = tuple(catalogue.rollups[resolution_ns].get(PLACE, ()))
    found: Summaries = {}
    reference = quote(next(iter(measurement.fields.values()))[0])
    for name, (physical, type_) in measurement.fields.items():
        column = quote(physical)
        figures = {
            "count": summary.count_of(column),
            "sum": summary.sum_of(column, type_),
            "min": summary.min_of(column),
            "max": summary.max_of(column),
            "first": summary.first_of(column),
            "last": summary.last_of(column),
            "first_ns": summary.first_ns(column, reference, "time"),
            "last_ns": summary.last_ns(column, reference, "time"),
        }
        with kept.duck.cursor() as cursor:
            rows = render(
                Snapshot(measurement, segments, (), types=TYPES),
                cursor.register,
                start_ns=MIN_TIME_NS,
                end_ns=MAX_TIME_NS + 1,
            )
            columns = ", ".join(["time", *map(quote, measurement.tags.values()), *figures.values()])
            answer = cursor.rows(f"SELECT {columns} FROM ({rows}) WHERE {column} IS NOT NULL ORDER BY time")
        for time_ns, *values in answer:
            tags = dict(zip(measurement.tags, values, strict=False))
            key = series_key({t: v for t, v in tags.items() if v is not None}), time_ns, name
            assert key not in found
            found[key] = dict(zip(figures, values[len(tags) :], strict=True))
    return found


def made_by_hand(points: list[Point], resolution_ns: int) -> Summaries:
    values: dict[tuple[Any, ...], list[tuple[int, FieldValue]]] = {}
    for (series, time_ns), fields in sorted(merged(points).items(), key=lambda item: item[0][1]):
        for name, value in fields.items():
            start_ns = time_ns // resolution_ns * resolution_ns
            values.setdefault((series, start_ns, name), []).append((time_ns, value))
    return {key: _figures(some) for key, some in values.items()}


def _figures(some: list[tuple[int, Any]]) -> dict[str, Any]:
    numbers = [value for _, value in some]
    return {
        "count": len(some),
        "sum": math.fsum(numbers) if isinstance(numbers[0], float) else sum(map(int, numbers)),
        "min": min(numbers),
        "max": max(numbers),
        "first": numbers[0],
        "last": numbers[-1],
        "first_ns": some[0][0],
        "last_ns": some[-1][0],
    }


def assert_same(found: Summaries, wanted: Summaries) -> None:
    assert found.keys() == wanted.keys()
    for key, figures in wanted.items():
        total = figures.pop("sum")
        if isinstance(total, float):
            assert math.isclose(found[key].pop("sum"), total, rel_tol=1e-9, abs_tol=1e-3), key
        else:
            assert found[key].pop("sum") == total, key
        assert found[key] == figures, key


NUMBERS: Mapping[str, st.SearchStrategy[FieldValue]] = {
    "i": st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-(2**63), 2**63 - 1, 0, 5]),
    "u": (st.integers(0, 2**64 - 1) | st.sampled_from([2**64 - 1, 0])).map(UInt),
    "f": st.floats(-1e12, 1e12) | st.sampled_from([0.0, -0.0, 1.5]),
}
MADE = st.lists(
    st.builds(
        lambda seconds, host, fields: Point("m", fields, {"host": host} if host else {}, DAY + seconds),
        st.integers(-2 * HOUR_NS, 2 * HOUR_NS)
        | st.integers(-9, 9).map(lambda s: s * SECOND_NS)
        | st.sampled_from([0, 1, MINUTE_NS - 1, HOUR_NS - 1]),
        st.sampled_from(["", "a"]),
        st.fixed_dictionaries({}, optional=dict(NUMBERS)).filter(len),
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.thorough
@settings(max_examples=25)
@given(early=MADE, late=MADE)
def test_summaries_are_those_of_all_points(
    folders: Iterator[Path], early: list[Point], late: list[Point]
) -> None:
    declared = point("m", -DAY_NS, {"host": "a"}, f=0.0, u=UInt(0), i=0)
    with Kept(next(folders), rollups=True) as kept:
        for points in ([declared], early, late):
            kept.write(*points)
            kept.store.seal()
            kept.roll_up()
        for resolution_ns in RESOLUTIONS:
            wanted = made_by_hand([declared, *early, *late], resolution_ns)
            assert_same(summaries(kept, resolution_ns), wanted)


def test_hours_are_summarised_when_they_are_over_and_late_points_open_them_again(rolling: Kept) -> None:
    store = rolling.store
    rolling.write(point("m", DAY, v=1), point("m", DAY + HOUR_NS, v=2))
    assert not store.roll_up(DAY + 2 * HOUR_NS), "what is hot is not summarised"
    rolling.store.seal()
    assert not store.roll_up(DAY + HOUR_NS - 1)
    assert store.roll_up(DAY + HOUR_NS)
    assert not store.roll_up(DAY + 2 * HOUR_NS - 1)
    assert len(summaries(rolling, HOUR_NS)) == 1
    rolling.roll_up()
    rolling.write(point("m", DAY + 5, v=3))
    rolling.store.seal()
    with rolling.store.reading() as catalogue:
        assert catalogue.rolled.open[PLACE].keys() == {DAY // HOUR_NS}
    rolling.reopen()
    assert rolling.store.statistics().open_hours == 1, "it is remembered"
    rolling.roll_up()
    assert [s["count"] for s in summaries(rolling, HOUR_NS).values()] == [2, 1]


def test_the_ends_of_time_stay_unsummarised_and_hold_up_nothing(rolling: Kept) -> None:
    rolling.write(*(point("m", t, v=1) for t in (MIN_TIME_NS, -1, 0, MAX_TIME_NS)))
    rolling.store.seal()
    rolling.roll_up()
    assert [key[1] for key in summaries(rolling, MINUTE_NS)] == [-MINUTE_NS, 0]
    rolling.store.set_rule(BUCKET, WHOLE_BUCKET, HOUR_NS)
    assert rolling.store.forgetting.expire(DAY).rows == 3


def test_text_and_booleans_have_no_summaries(rolling: Kept) -> None:
    rolling.write(point("m", 1, s="text", b=True))
    rolling.store.seal()
    rolling.roll_up()
    assert rolling.store.statistics().open_hours == rolling.store.statistics().rollup_segments == 0


# --- interrupted, and points that come in between -------------------------------------------------


def test_a_crash_before_summaries_are_entered_loses_nothing(
    rolling: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolling.write(point("m", 1, v=1), point("m", HOUR_NS, v=2))
    rolling.store.seal()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SegmentChanges, "roll_up", crash)
    with pytest.raises(KeyboardInterrupt):
        rolling.store.roll_up(DAY)
    monkeypatch.undo()
    assert len(rolling.files) > 1
    rolling.reopen()
    assert len(rolling.files) == 1, "what the crash left is swept"
    assert rolling.store.unknown_files == 0
    rolling.roll_up()
    assert [s["sum"] for s in summaries(rolling, HOUR_NS).values()] == [1, 2]
    rolling.reopen()
    assert rolling.store.unknown_files == 0
    assert len(summaries(rolling, MINUTE_NS)) == 2


def test_points_that_come_while_their_hour_is_summarised_are_not_forgotten(
    rolling: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolling.write(point("m", 1, v=1))
    rolling.store.seal()
    with during_roll_up(monkeypatch, lambda: seal(rolling, point("m", 2, v=5))):
        rolling.store.roll_up(DAY)
    assert summaries(rolling, HOUR_NS) == {}
    assert len(rolling.files) == 2, "two segments of points"
    rolling.roll_up()
    assert [s["sum"] for s in summaries(rolling, HOUR_NS).values()] == [6]


def test_a_bucket_that_is_made_anew_does_not_get_the_summaries_of_the_old_one(
    rolling: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolling.write(point("m", 1, v=1))
    rolling.store.seal()
    with during_roll_up(monkeypatch, lambda: rolling.store.delete_bucket(BUCKET, {})):
        rolling.store.roll_up(DAY)
    assert rolling.store.statistics().rollup_segments == 0
    rolling.write(point("m", 1, v=1))
    rolling.store.seal()
    rolling.roll_up()
    assert rolling.store.statistics().rollup_segments == 2
    rolling.store.delete_bucket(BUCKET, {})
    rolling.reopen()
    assert rolling.store.statistics().rollup_segments == rolling.store.statistics().open_hours == 0
    assert rolling.files == []


class during_roll_up:  # noqa: N801  (reads as a statement)
    """A block in which something happens once between reading the points and entering the summaries."""

    def __init__(self, patch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
        self._patch = patch
        self._happens: Callable[[], object] | None = happens

    def __enter__(self) -> None:
        write = SegmentWriter.roll_up

        def roll_up(*args: Any) -> Any:
            written = write(*args)
            if self._happens:
                happens, self._happens = self._happens, None
                happens()
            return written

        self._patch.setattr(SegmentWriter, "roll_up", roll_up)

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


def seal(kept: Kept, *points: Point) -> None:
    kept.write(*points)
    kept.store.seal()


def test_what_fails_is_tried_again_and_holds_up_no_other(
    rolling: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    seal(rolling, point("m", 1, v=1), point("n", 1, v=1))
    [damaged] = [path for path in rolling.files if path.parent.name == "m"]
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-9])
    rolling.roll_up()
    assert "cannot be summarised" in caplog.text
    assert {path.parent.name for path in rolling.files if "rollups" in path.parts} == {"n"}
    damaged.write_bytes(whole)
    rolling.roll_up()
    assert summaries(rolling, HOUR_NS) == {}, "not at once"
    rolling.reopen()
    rolling.roll_up()
    assert len(summaries(rolling, HOUR_NS)) == 1


def test_a_damaged_file_of_summaries_is_made_again_from_the_points(rolling: Kept) -> None:
    seal(rolling, point("m", 1, v=1), point("m", HOUR_NS, v=2))
    rolling.roll_up()
    wanted = summaries(rolling, MINUTE_NS)
    for path in rolling.files:
        if "rollups" in path.parts:
            path.write_bytes(path.read_bytes()[:-9])
    assert rolling.store.damage.check_all(PLACE) == 2
    assert summaries(rolling, MINUTE_NS) == {}
    assert "summaries" in str(rolling.store.damage.found[0])
    rolling.roll_up()
    assert summaries(rolling, MINUTE_NS) == wanted


# --- merged and forgotten -------------------------------------------------------------------------


@pytest.mark.thorough
def test_small_files_of_summaries_are_merged(rolling: Kept) -> None:
    points = [point("m", DAY + i * HOUR_NS // 3, {"host": host}, v=i) for i in range(90) for host in "ab"]
    for hour in range(30):
        seal(rolling, *points[6 * hour : 6 * hour + 6])
        rolling.roll_up()
    files = rolling.store.statistics().rollup_segments
    assert files == 60
    rolling.store.upkeep.compact()
    assert rolling.store.statistics().rollup_segments < 30
    for resolution_ns in RESOLUTIONS:
        assert_same(summaries(rolling, resolution_ns), made_by_hand(points, resolution_ns))


def test_points_are_summarised_before_they_expire_and_late_ones_are_refused(rolling: Kept) -> None:
    rolling.store.set_rule(BUCKET, WHOLE_BUCKET, 2 * HOUR_NS)
    seal(rolling, point("m", DAY + 1, v=1), point("m", DAY + 2, v=2))
    assert rolling.store.forgetting.expire(DAY + 3 * HOUR_NS - 1).rows == 0, "the hour is kept whole"
    assert rolling.store.forgetting.expire(DAY + 3 * HOUR_NS).rows == 2
    assert [s["sum"] for s in summaries(rolling, HOUR_NS).values()] == [3]
    late = batch([point("m", DAY + 3, v=9), point("m", DAY + HOUR_NS, v=9)])
    for received_ns in (DAY + HOUR_NS, DAY + 3 * HOUR_NS):
        rest, refused = rolling.store.refuse_old(BUCKET, late, received_ns)
        assert (list(rest["m"].times_ns), refused) == ([DAY + HOUR_NS], 1)
    rolling.reopen()
    assert rolling.store.refuse_old(BUCKET, late, DAY)[1] == 1


@pytest.mark.parametrize("hot_ns", [DAY, DAY + HOUR_NS - 1])
def test_points_with_hot_ones_in_their_hour_wait(rolling: Kept, hot_ns: int) -> None:
    rolling.store.set_rule(BUCKET, WHOLE_BUCKET, HOUR_NS)
    seal(rolling, point("m", DAY + 1, v=1))
    rolling.write(point("m", hot_ns, v=2))
    assert rolling.store.forgetting.expire(DAY + DAY_NS).rows == 0
    rolling.store.seal()
    assert rolling.store.forgetting.expire(DAY + DAY_NS).rows == 2
    assert [s["sum"] for s in summaries(rolling, HOUR_NS).values()] == [3]


def test_points_wait_until_all_before_them_is_summarised(rolling: Kept) -> None:
    """Once some are forgotten, earlier points of a segment that stays are read from summaries, too."""
    rolling.store.set_rule(BUCKET, WHOLE_BUCKET, HOUR_NS)
    seal(rolling, point("m", DAY + 2 * HOUR_NS, v=1))
    seal(rolling, point("m", DAY, v=2), point("m", DAY + 5 * HOUR_NS, v=3))
    assert rolling.store.forgetting.expire(DAY + 4 * HOUR_NS).rows == 1
    assert [s["sum"] for s in summaries(rolling, HOUR_NS).values()] == [2, 1]
    assert rolling.store.statistics().open_hours == 1, "the last one is not forgotten"


def test_points_wait_for_those_that_come_after_they_were_summarised(
    rolling: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolling.store.set_rule(BUCKET, WHOLE_BUCKET, HOUR_NS)
    seal(rolling, point("m", DAY, v=1))
    finish = RollupUpkeep.finish

    def and_then_seal(*args: Any) -> None:
        finish(*args)
        seal(rolling, point("m", DAY + 1, v=2))

    monkeypatch.setattr(RollupUpkeep, "finish", and_then_seal)
    assert rolling.store.forgetting.expire(DAY + DAY_NS).rows == 0
    monkeypatch.undo()
    assert rolling.store.forgetting.expire(DAY + DAY_NS).rows == 2
    assert [s["sum"] for s in summaries(rolling, HOUR_NS).values()] == [3]


def test_points_that_cannot_be_summarised_do_not_expire_but_make_room(rolling: Kept) -> None:
    rolling.store.set_rule(BUCKET, WHOLE_BUCKET, HOUR_NS)
    seal(rolling, point("m", 1, v=1))
    [path] = rolling.files
    path.write_bytes(path.read_bytes()[:-9])
    assert rolling.store.forgetting.expire(DAY).rows == 0
    assert rolling.store.forgetting.shrink(0).rows == 1


def test_summaries_are_forgotten_by_rules_of_their_own(rolling: Kept) -> None:
    rolling.store.create_bucket("lab", {}, {HOUR_NS: {WHOLE_BUCKET: 30 * DAY_NS}})
    rolling.store.set_rule(BUCKET, "m", 2 * DAY_NS, MINUTE_NS)
    rolling.store.set_rule(BUCKET, WHOLE_BUCKET, DAY_NS)
    seal(rolling, point("m", DAY, {"host": "a"}, v=1))
    rolling.reopen()
    [lab, telegraf] = rolling.store.buckets()
    assert lab.rollups[HOUR_NS].keep_ns == 30 * DAY_NS
    assert telegraf.rollups[MINUTE_NS].rules == {"m": 2 * DAY_NS}
    assert telegraf.rollups[HOUR_NS].keep_ns == FOREVER
    rolling.store.forgetting.expire(DAY + DAY_NS + HOUR_NS)
    assert (len(summaries(rolling, MINUTE_NS)), len(summaries(rolling, HOUR_NS))) == (1, 1)
    rolling.store.forgetting.expire(DAY + 2 * DAY_NS + HOUR_NS)
    assert (len(summaries(rolling, MINUTE_NS)), len(summaries(rolling, HOUR_NS))) == (0, 1)
    with rolling.store.reading() as catalogue:
        assert len(catalogue.series[PLACE]) == 1
        assert catalogue.rolled.complete_from_ns[PLACE].keys() == {RAW, MINUTE_NS}
    rolling.store.set_rule(BUCKET, WHOLE_BUCKET, DAY_NS, HOUR_NS)
    rolling.store.forgetting.expire(DAY + 3 * DAY_NS)
    with rolling.store.reading() as catalogue:
        assert PLACE not in catalogue.series, "nothing is left of it"
    rolling.store.set_rule(BUCKET, "m", None, MINUTE_NS)
    assert types_of(rolling, "m")
    rolling.database.rows("PRAGMA query_only = on")
    with pytest.raises(StoreBusy):
        rolling.store.set_rule(BUCKET, "m", 1, MINUTE_NS)


def test_points_make_room_before_summaries_and_the_newest_day_last() -> None:
    def segments(*days: int) -> dict[tuple[str, str], list[Segment]]:
        return {PLACE: [Segment(d, Path(), frozenset(), 1, d * DAY_NS, d * DAY_NS, 1) for d in days]}

    kinds = segments(3, 2, 4), segments(1, 2), segments(0)
    gone = [s.id for _, s in surplus(*kinds, limit_bytes=0)]
    assert gone == [2, 3, 1, 2, 0, 4]
    assert [s.id for _, s in surplus(*kinds, limit_bytes=4)] == [2, 3]


# --- which are read: pure --------------------------------------------------------------------------

HOURS = st.integers(-3, 9)


@given(
    open_hours=st.frozensets(HOURS),
    whole_from=st.dictionaries(st.sampled_from([RAW, *RESOLUTIONS]), HOURS.map(lambda h: h * HOUR_NS)),
    start_ns=st.integers(-HOUR_NS, 5 * HOUR_NS) | HOURS.map(lambda h: h * HOUR_NS),
    length_ns=st.integers(1, 9 * HOUR_NS),
    interval_ns=st.sampled_from([0, 1, MINUTE_NS, 5 * MINUTE_NS, HOUR_NS, 2 * HOUR_NS]),
)
def test_windows_make_up_the_span_and_summaries_are_read_only_where_they_are_whole(
    open_hours: frozenset[int], whole_from: dict[int, int], start_ns: int, length_ns: int, interval_ns: int
) -> None:
    rollups = Rollups(dict.fromkeys(RESOLUTIONS, ()), open_hours, whole_from)
    many = Segment(1, Path(), frozenset(), 10**9, MIN_TIME_NS, MAX_TIME_NS, 1)
    snapshot = Snapshot(Measurement("m"), (many,), (), rollups)
    span = start_ns, start_ns + length_ns
    chosen = choose(snapshot, rollups, span, interval_ns)
    left: list[Window] = [span]
    for windows in chosen.values():
        for window in windows:
            assert sum(high - low for low, high in without(left, [window])) == sum(
                high - low for low, high in left
            ) - (window[1] - window[0]), "windows are disjoint, and within the span"
            left = without(left, [window])
    assert left == []
    for resolution_ns in RESOLUTIONS:
        for low, high in chosen[resolution_ns]:
            assert low >= whole_from.get(resolution_ns, low)
            if low >= whole_from.get(RAW, low):
                assert interval_ns
                assert interval_ns % resolution_ns == low % resolution_ns == high % resolution_ns == 0
                assert not open_hours & set(range(low // HOUR_NS, -(-high // HOUR_NS)))
    for low, _ in chosen[RAW]:
        if low < whole_from.get(RAW, low):
            assert all(low < whole_from.get(r, low) for r in RESOLUTIONS), "nothing else has it"
