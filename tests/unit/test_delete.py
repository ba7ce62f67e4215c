"""Deletes by predicate: what was there goes at once and for good, what comes later stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.errors import BucketNotFound, StoreBusy
from heliograph.model.point import Point
from heliograph.model.predicate import MEASUREMENT, Condition, Predicate
from heliograph.model.time import DAY_NS, MAX_TIME_NS, MIN_TIME_NS
from heliograph.model.watermark import Watermark
from heliograph.store import upkeep as upkeep_module
from heliograph.store.applied import Position
from heliograph.store.deletes.deletion import Deletion
from heliograph.store.store import Store
from tests.unit.stored_points import BUCKET, Kept, batch, merged, point, read, series_key

EVER = (MIN_TIME_NS, MAX_TIME_NS + 1)
HOUR_NS = 3_600 * 10**9


def where(measurement: str | None = None, **tags: str) -> Predicate:
    named = [] if measurement is None else [Condition(MEASUREMENT, measurement)]
    return Predicate((*named, *(Condition(tag, value) for tag, value in tags.items())))


def delete(
    kept: Kept, predicate: Predicate, start_ns: int = EVER[0], end_ns: int = EVER[1]
) -> dict[str, tuple[int, int]]:
    return dict(kept.store.delete(BUCKET, predicate, start_ns, end_ns, {}).spans)


def series_of(kept: Kept, measurement: str) -> dict[tuple[tuple[str, str], ...], int]:
    with kept.store.reading() as catalogue:
        return dict(catalogue.series.get((BUCKET, measurement), {}))


def latest(points: list[Point]) -> dict[tuple[tuple[str, str], ...], int]:
    found: dict[tuple[tuple[str, str], ...], int] = {}
    for key, time_ns in merged(points):
        found[key] = max(time_ns, found.get(key, time_ns))
    return found


def meant(each: Point, predicate: Predicate, span: tuple[int, int]) -> bool:
    in_time = each.time_ns is not None and span[0] <= each.time_ns < span[1]
    return in_time and predicate.names(each.measurement) and predicate.matches(series_key(each.tags))


# --- against a plain list ---------------------------------------------------------------------------

TAGS = st.fixed_dictionaries({}, optional={"host": st.sampled_from("ab"), "cpu": st.sampled_from("01")})
POINT = st.builds(
    lambda name, slot, tags, first, value: point(
        name, 90 * DAY_NS + slot * 8 * HOUR_NS, tags, **{"v" if first else "w": value}
    ),
    st.sampled_from(["m", "n"]),
    st.integers(0, 5),
    TAGS,
    st.booleans(),
    st.integers(0, 99),
)
CONDITION = st.builds(
    Condition,
    st.sampled_from(["host", "cpu", "none", MEASUREMENT]),
    st.sampled_from(["", "a", "0", "m"]),
    st.booleans(),
)
SLOTS = st.tuples(st.integers(-1, 6), st.integers(0, 6)).map(
    lambda t: (90 * DAY_NS + t[0] * 8 * HOUR_NS, 90 * DAY_NS + (t[0] + t[1]) * 8 * HOUR_NS)
)
STEP = st.one_of(
    st.tuples(st.just("write"), st.lists(POINT, min_size=1, max_size=4)),
    st.tuples(st.just("write"), st.lists(POINT, min_size=1, max_size=4)),
    st.tuples(st.just("delete"), st.lists(CONDITION, max_size=2).map(tuple), SLOTS | st.just(EVER)),
    st.tuples(st.sampled_from(["seal", "compact", "crash"])),
)


@dataclass
class Hub:
    """A store, the stream that it is fed from, and the plain list of what it must hold."""

    kept: Kept
    stream: list[list[Point]] = field(default_factory=list)
    there: list[Point] = field(default_factory=list)

    def write(self, points: list[Point]) -> None:
        self.stream.append(points)
        self.there += points
        self.kept.write(*points, position=Position("LP", "c", len(self.stream)))

    def delete(self, conditions: tuple[Condition, ...], span: tuple[int, int]) -> None:
        predicate = Predicate(conditions)
        delete(self.kept, predicate, *span)
        self.there = [p for p in self.there if not meant(p, predicate, span)]

    def crash(self) -> None:
        self.kept.reopen()
        last = len(self.stream)
        for seq in range(self.kept.store.streams.resume("LP", "c", first_seq=1, last_seq=last) + 1, last + 1):
            self.kept.write(*self.stream[seq - 1], position=Position("LP", "c", seq))

    def check(self) -> None:
        for name in ("m", "n"):
            points = [p for p in self.there if p.measurement == name]
            assert self.kept.rows(name) == merged(points)
            assert series_of(self.kept, name) == latest(points)


@pytest.mark.thorough
@settings(max_examples=25)
@given(steps=st.lists(STEP, min_size=3, max_size=25))
def test_any_mixture_of_writes_and_deletes_equals_a_plain_list(
    folders: Iterator[Path], steps: list[tuple[object, ...]]
) -> None:
    with Kept(next(folders)) as kept:
        hub = Hub(kept)
        for kind, *arguments in steps:
            if kind == "write":
                hub.write(*arguments)  # type: ignore[arg-type]
            elif kind == "delete":
                hub.delete(*arguments)  # type: ignore[arg-type]
            elif kind == "crash":
                hub.crash()
            elif kind == "seal":
                kept.store.seal()
            else:
                kept.store.upkeep.compact(200 * DAY_NS)
                kept.store.upkeep.erase()
            hub.check()
        kept.store.seal()
        kept.store.upkeep.erase()
        with kept.store.reading() as catalogue:
            assert not any(s.deletions for some in catalogue.segments.values() for s in some)
        hub.crash()
        hub.check()


# --- what is there, what is under way, what comes later ------------------------------------------------


def test_points_written_after_a_delete_are_new_and_stay(kept: Kept) -> None:
    host = {"host": "a"}
    kept.write(point("m", 5, host, v=1, w=1), position=Position("LP", "c", 1))
    delete(kept, where("m"), 0, 10)
    assert (kept.rows("m"), series_of(kept, "m")) == ({}, {})
    again = point("m", 5, host, v=2)
    kept.write(again, position=Position("LP", "c", 2))
    for _ in range(2):
        assert kept.rows("m") == merged([again]), "the old value of w does not come back"
        assert series_of(kept, "m") == {series_key(host): 5}
        kept.store.seal()
        kept.store.upkeep.erase()
        kept.reopen()


def test_messages_that_were_in_a_stream_already_lose_the_points_when_they_come(kept: Kept) -> None:
    """They were acknowledged before the delete and are applied, or read again, after it."""
    kept.store.delete(
        BUCKET, where("m", host="a"), 0, 10, {"LP": Watermark("c", 7), "MQTT": Watermark("d", 3)}
    )
    gone = [
        point("m", 5, {"host": "a"}, v=1),
        point("m", 10, {"host": "a"}, v=2),
        point("m", 5, {"host": "b"}, v=3),
    ]
    kept.write(*gone, position=Position("LP", "c", 7))
    assert kept.rows("m") == merged(gone[1:])
    kept.write(point("m", 6, {"host": "a"}, v=4), position=Position("MQTT", "d", 3))
    assert kept.rows("m") == merged(gone[1:])
    new = [
        (point("m", 1, {"host": "a"}, v=5), Position("LP", "c", 8)),
        (point("m", 2, {"host": "a"}, v=6), Position("MQTT", "d", 4)),
        (point("m", 3, {"host": "a"}, v=7), Position("LP", "a younger stream", 2)),
        (point("m", 4, {"host": "a"}, v=8), None),
    ]
    for each, position in new:
        kept.write(each, position=position)
    assert kept.rows("m") == merged([*gone[1:], *(each for each, _ in new)])


def test_a_stream_that_lost_its_end_gives_the_positions_to_new_messages(kept: Kept) -> None:
    kept.store.delete(BUCKET, where("m"), *EVER, {"LP": Watermark("c", 100)})
    kept.store.create_bucket("lab", {})
    kept.store.delete_bucket("lab", {"LP": Watermark("c", 100)})
    kept.reopen()
    assert kept.store.streams.resume("LP", "c", first_seq=1, last_seq=50) == 0
    kept.write(point("m", 1, v=1), position=Position("LP", "c", 50))
    assert kept.rows("m") == {}
    kept.reopen()
    kept.store.streams.resume("LP", "c", first_seq=1, last_seq=51)
    new = point("m", 1, v=2)
    kept.write(new, position=Position("LP", "c", 51))
    assert kept.rows("m") == merged([new])
    assert kept.store.streams.was_deleted("lab", Position("LP", "c", 50))
    assert not kept.store.streams.was_deleted("lab", Position("LP", "c", 51))


def test_a_delete_is_remembered_for_as_long_as_a_stream_could_undo_it(kept: Kept) -> None:
    kept.write(point("m", 1, v=1), position=Position("LP", "c", 4))
    delete(kept, where("m"))
    kept.store.seal()
    for first_seq, remembered in ((4, 1), (5, 0)):
        kept.store.streams.release("LP", "c", first_seq)
        kept.store.upkeep.erase()
        kept.reopen()
        assert kept.database.rows("SELECT count(*) FROM deletion") == [(remembered,)]


# --- files -----------------------------------------------------------------------------------------


def test_segments_that_lose_everything_go_at_once_and_others_are_written_anew(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        kept.store = Store(tmp_path / "segments", kept.database, kept.duck, seal_rows=10, retire_after=0.0)
        points = [point("m", day * DAY_NS, {"host": host}, v=day) for day in range(3) for host in "ab"]
        kept.write(*points)
        kept.store.seal()
        delete(kept, where("m"), 0, DAY_NS)
        assert kept.store.statistics().segments == 2
        delete(kept, where("m", host="b"))
        assert kept.store.statistics().rows_sealed == 4, "hidden, and still in the files"
        left = [p for p in points[2:] if p.tags["host"] == "a"]
        assert kept.rows("m") == merged(left)
        assert kept.store.upkeep.erase() == 2
        assert kept.store.statistics().rows_sealed == 2
        kept.store.upkeep.compact()
        assert len(kept.files) == 2
        assert kept.store.upkeep.erase() == 0
        kept.reopen()
        assert kept.rows("m") == merged(left)


def test_a_segment_without_a_point_that_is_meant_is_not_written_again(kept: Kept) -> None:
    points = [point("m", 1, {"host": "a"}, v=1), point("m", 9, {"host": "b"}, v=1)]
    kept.write(*points)
    kept.store.seal()
    delete(kept, where("m", host="b"), 0, 5)
    before = kept.files
    assert kept.store.upkeep.erase() == 0
    assert (kept.files, kept.rows("m")) == (before, merged(points))
    with kept.store.reading() as catalogue:
        assert not catalogue.segments[BUCKET, "m"][0].deletions


def test_a_delete_in_the_middle_of_a_merge_holds_for_the_merged_segment(kept: Kept) -> None:
    for hour in range(3):
        kept.write(*(point("m", hour * HOUR_NS, {"host": host}, v=hour) for host in "ab"))
        kept.store.seal()
    with kept.store.reading() as catalogue:
        old = list(catalogue.segments[BUCKET, "m"])
        measurement = catalogue.bucket(BUCKET)["m"].copy()
    delete(kept, where("m", host="a"), 0, HOUR_NS)
    new = kept.store.upkeep._merger.merge(BUCKET, measurement, old, "test", 1)
    assert new is not None
    assert new.rows == 6, "what was to be merged was looked up before"
    assert kept.store.changes.replace((BUCKET, "m"), old, new)
    for _ in range(2):
        assert len(kept.rows("m")) == 5
        kept.reopen()
    kept.store.upkeep.erase()
    with kept.store.reading() as catalogue:
        (segment,) = catalogue.segments[BUCKET, "m"]
        assert (segment.rows, segment.deletions) == (5, ())
    assert not kept.store.changes.replace((BUCKET, "m"), old, new), "they are not there any more"


def test_a_query_that_looked_up_before_a_delete_finds_its_files(kept: Kept) -> None:
    points = [point("m", 1, {"host": host}, v=1) for host in "ab"]
    kept.write(*points)
    kept.store.seal()
    looked_up = kept.store.snapshot(BUCKET, "m")
    assert looked_up is not None
    delete(kept, where("m", host="a"))
    kept.store.upkeep.erase()
    delete(kept, where("m"))
    assert read(looked_up, kept.duck) == merged(points)
    assert kept.rows("m") == {}


# --- what it tells, and what it refuses ----------------------------------------------------------------


def test_a_delete_tells_what_it_touched(kept: Kept) -> None:
    kept.write(point("m", 5, {"host": "a"}, v=1), point("n", 5, {"host": "b"}, v=1), point("o", 99, v=1))
    kept.store.seal()
    kept.write(point("m", 20, {"host": "a"}, v=1))
    assert delete(kept, where(host="a"), 3, 50) == {"m": (5, 21)}
    assert delete(kept, where(host="c")) == {}
    assert delete(kept, where("none")) == {}
    assert delete(kept, where(), 7, 50) == {}


def test_names_and_values_of_any_kind_can_be_chosen_by(kept: Kept) -> None:
    odd = ["'", '"', "a'); DROP TABLE segment; --", "\x00", "ä€", "\\", "NULL", "time"]
    points = [point("m", 1, {"ta'g": value, "time": "x"}, v=1) for value in odd] + [point("m", 1, v=1)]
    kept.write(*points)
    kept.store.seal()
    for number, value in enumerate(odd):
        delete(kept, where("m", **{"ta'g": value}))
        assert kept.rows("m") == merged(points[number + 1 :])
    delete(kept, Predicate((Condition("ta'g", ""), Condition("no such tag", "x", equal=False))))
    assert kept.rows("m") == {}


def test_a_delete_of_an_unknown_bucket_and_too_many_at_once_are_refused(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BucketNotFound):
        kept.store.delete("nope", where(), *EVER, {})
    monkeypatch.setattr(upkeep_module, "MAX_OPEN", 2)
    points = [point("m", 1, {"host": host}, v=1) for host in "abcd"]
    kept.write(*points)
    kept.store.seal()
    for host in "ab":
        delete(kept, where(host=host))
    with pytest.raises(StoreBusy, match="2 deletes are still"):
        delete(kept, where(host="c"))
    assert kept.rows("m") == merged(points[2:])
    kept.store.upkeep.erase()
    delete(kept, where(host="c"))
    assert kept.rows("m") == merged(points[3:])


def test_a_delete_that_cannot_be_written_changes_nothing(kept: Kept) -> None:
    points = [point("m", 1, {"host": host}, v=1) for host in "ab"]
    kept.write(points[0])
    kept.store.seal()
    kept.write(points[1])
    kept.database.rows("PRAGMA query_only = on")
    with pytest.raises(StoreBusy):
        delete(kept, where())
    kept.database.rows("PRAGMA query_only = off")
    assert kept.rows("m") == merged(points)
    assert series_of(kept, "m") == latest(points)


def test_a_crash_before_the_list_of_series_is_right_is_made_good(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = {"host": "a"}
    kept.write(point("m", 1, host, v=1), point("m", 9, host, v=1))
    kept.store.seal()
    monkeypatch.setattr(type(kept.store.upkeep), "settle", lambda _: None)
    delete(kept, where("m"), 5, 10)
    monkeypatch.undo()
    kept.reopen()
    assert series_of(kept, "m") == {}
    kept.store.upkeep.erase()
    assert series_of(kept, "m") == {series_key(host): 1}
    kept.reopen()
    assert series_of(kept, "m") == {series_key(host): 1}


@given(points=st.lists(POINT, min_size=1), conditions=st.lists(CONDITION, max_size=2), span=SLOTS)
def test_a_batch_without_what_is_deleted_is_the_batch_of_the_others(
    points: list[Point], conditions: list[Condition], span: tuple[int, int]
) -> None:
    predicate = Predicate(tuple(conditions))
    rest = Deletion(0, BUCKET, predicate, *span, {}).without(batch(points))
    wanted = batch(p for p in points if not meant(p, predicate, span))
    assert rest.keys() == wanted.keys()
    for name, table in rest.items():
        other = wanted[name]
        assert (table.series, table.codes, table.times_ns) == (other.series, other.codes, other.times_ns)
        assert table.columns.keys() == other.columns.keys()
