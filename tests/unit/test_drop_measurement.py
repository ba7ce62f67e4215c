"""DROP MEASUREMENT in the store: points, fields and types are forgotten, and no stream brings them back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.errors import BucketNotFound, StoreBusy
from heliograph.model.point import FieldType, Point, field_type
from heliograph.model.time import DAY_NS
from heliograph.store.applied import Position
from tests.unit.stored_points import BUCKET, Kept, batch, merged, point, types_of

BASE_NS = 90 * DAY_NS


def drop(kept: Kept, name: str) -> None:
    kept.store.drop_measurement(BUCKET, name, {})


def at(seq: int) -> Position:
    return Position("LP", "c", seq)


@dataclass
class Hub:
    """A store, its stream, and what must be there: as the hub's intake does, without its sockets."""

    kept: Kept
    stream: list[Point] = field(default_factory=list)
    there: list[Point] = field(default_factory=list)

    def write(self, each: Point) -> bool:
        """Write a point as one that comes over HTTP: types are looked at before the stream has it."""
        types = self.kept.store.field_types(BUCKET)
        if any(types(each.measurement, n) not in (None, field_type(v)) for n, v in each.fields.items()):
            return False
        self.stream.append(each)
        self.there.append(each)
        self.kept.write(each, position=at(len(self.stream)))
        return True

    def drop(self, name: str) -> None:
        drop(self.kept, name)
        self.there = [p for p in self.there if p.measurement != name]

    def crash(self) -> None:
        self.kept.reopen()
        store, last = self.kept.store, len(self.stream)
        for seq in range(store.streams.resume("LP", "c", first_seq=1, last_seq=last) + 1, last + 1):
            each = self.stream[seq - 1]
            types = store.field_types(BUCKET, at(seq))
            for name, value in each.fields.items():
                assert types(each.measurement, name) in (None, field_type(value)), "it was acknowledged"
            columns = store.remaining(BUCKET, batch([each]), at(seq))
            store.declare(BUCKET, columns)
            store.append(BUCKET, columns, at(seq))

    def check(self) -> None:
        with self.kept.store.reading() as catalogue:
            known = {name: dict(one.fields) for name, one in catalogue.bucket(BUCKET).items()}
        for name in ("m", "n"):
            points = [p for p in self.there if p.measurement == name]
            assert self.kept.rows(name) == merged(points)
            fields = {n: field_type(v) for p in points for n, v in p.fields.items()}
            assert {n: type_ for n, (_, type_) in known.get(name, {}).items()} == fields


POINT = st.builds(
    lambda name, slot, tags, fields: point(name, BASE_NS + slot * DAY_NS // 3, tags, **fields),
    st.sampled_from(["m", "n"]),
    st.integers(0, 5),
    st.fixed_dictionaries({}, optional={"host": st.sampled_from("ab"), "v": st.just("1")}),
    st.dictionaries(st.sampled_from("vw"), st.integers(0, 9) | st.floats(0, 9), min_size=1),
)
STEP = st.one_of(
    POINT, POINT, POINT, st.sampled_from(["m", "n"]), st.sampled_from(["seal", "compact", "crash"])
)


@pytest.mark.thorough
@settings(max_examples=25)
@given(steps=st.lists(STEP, min_size=3, max_size=30))
def test_any_mixture_of_writes_drops_seals_and_crashes_keeps_what_came_after_each_drop(
    folders: Iterator[Path], steps: list[Point | str]
) -> None:
    with Kept(next(folders)) as kept:
        hub = Hub(kept)
        for step in steps:
            if isinstance(step, Point):
                hub.write(step)
            elif step in ("m", "n"):
                hub.drop(step)
            elif step == "seal":
                kept.store.seal()
            elif step == "compact":
                kept.store.seal()
                kept.store.upkeep.compact()
            else:
                hub.crash()
        hub.check()
        hub.crash()
        hub.check()


def test_a_later_type_is_another_one_also_where_the_old_one_was_sealed(tmp_path: Path) -> None:
    with Kept(tmp_path, rollups=True) as kept:
        for slot in range(3):
            kept.write(point("m", BASE_NS + slot, {"host": "a"}, v=1.5, w="text"))
        kept.store.seal()
        kept.roll_up()
        kept.write(point("m", BASE_NS + 9, {"host": "b"}, v=2.5))
        drop(kept, "m")
        assert kept.store.snapshot(BUCKET, "m") is None
        kept.write(point("m", BASE_NS, {"place": "c"}, v=7))
        assert types_of(kept, "m") == {"v": FieldType.INTEGER}
        kept.store.seal()
        kept.roll_up()
        kept.reopen()
        assert types_of(kept, "m") == {"v": FieldType.INTEGER}
        assert kept.rows("m") == merged([point("m", BASE_NS, {"place": "c"}, v=7)])


def test_what_was_declared_before_and_comes_after_is_declared_again(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        first = batch([point("m", BASE_NS, {"host": "a"}, v=1.5)])
        second = batch([point("m", BASE_NS, {"rack": "1"}, w=2.5)])
        for columns in (first, second):
            kept.store.declare(BUCKET, columns)
        drop(kept, "m")
        for seq, columns in enumerate((first, second), 1):
            kept.store.append(BUCKET, columns, at(seq))
        assert types_of(kept, "m") == {"v": FieldType.FLOAT, "w": FieldType.FLOAT}
        assert len(kept.rows("m")) == 2
        kept.store.seal()
        kept.reopen()
        assert len(kept.rows("m")) == 2


def test_of_two_that_disagree_after_a_drop_the_first_to_declare_is_right(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        late = batch([point("m", BASE_NS, v=1.5), point("m", BASE_NS + 1, w=True)])
        kept.store.declare(BUCKET, late)
        drop(kept, "m")
        kept.write(point("m", BASE_NS + 2, v=3), position=at(1))
        kept.store.append(BUCKET, late, at(2))
        assert types_of(kept, "m") == {"v": FieldType.INTEGER, "w": FieldType.BOOLEAN}
        assert kept.rows("m") == merged([point("m", BASE_NS + 1, w=True), point("m", BASE_NS + 2, v=3)])


def test_what_is_not_known_is_dropped_without_a_word_and_a_bucket_must_be_there(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        drop(kept, "none")
        with pytest.raises(BucketNotFound):
            kept.store.drop_measurement("none", "m", {})


def test_nothing_is_dropped_while_the_catalogue_cannot_be_written(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        kept.write(point("m", BASE_NS, v=1.5))
        kept.store.seal()
        kept.database.rows("PRAGMA query_only = on")
        with pytest.raises(StoreBusy):
            drop(kept, "m")
        kept.database.rows("PRAGMA query_only = off")
        assert kept.rows("m") == merged([point("m", BASE_NS, v=1.5)])
