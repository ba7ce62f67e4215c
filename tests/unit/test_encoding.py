"""Files are written in the way that makes them smallest, and hold the same whichever that is."""

from __future__ import annotations

import random
from array import array
from itertools import accumulate
from pathlib import Path

import pytest

from heliograph.errors import QueryError
from heliograph.model.point import FieldType
from heliograph.model.table import Column, Table
from heliograph.model.time import DAY_NS
from heliograph.store.merging.compaction import FAN_IN
from heliograph.store.parquet.encoding import TRY_EVERY, TRY_ROWS, WAYS, Encodings
from tests.unit.stored_points import BUCKET, Kept, point

FOLDER = Path("b")
ROWS = 2 * TRY_ROWS


def segments(kept: Kept) -> list[Path]:
    """Return the files of measurement ``walk`` that are read now."""
    snapshot = kept.store.snapshot(BUCKET, "walk")
    return [segment.path for segment in snapshot.segments] if snapshot else []


def walk(kept: Kept, measurement: str, start: int, rows: int = ROWS) -> None:
    """Write whole numbers that walk: nothing comes back, and differences are small."""
    chance = random.Random(start)
    value, points = 10**9, []
    for i in range(rows):
        value += chance.randint(0, 7)
        points.append(point(measurement, start + i, {"host": "a"}, n=value))
    kept.write(*points)
    kept.store.seal()


def test_whole_numbers_that_walk_are_kept_as_differences_after_a_calm_moment(tmp_path: Path) -> None:
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        for number in range(3):
            walk(kept, "walk", number * ROWS)
            kept.store.upkeep.compact(now_ns=0)
            assert len(segments(kept)) == number + 1
        sizes = [file.stat().st_size for file in segments(kept)]
        assert max(sizes) < ROWS * 2, "a dictionary takes eight bytes for each value"
        assert len(kept.rows("walk")) == 3 * ROWS
        assert {f.suffix for f in kept.files} == {".parquet"}


def test_what_an_earlier_run_has_sealed_is_not_merged_in_a_larger_way(tmp_path: Path) -> None:
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        for number in range(2):
            walk(kept, "walk", number * ROWS)
        kept.store.upkeep.compact(now_ns=0)
        small = sum(file.stat().st_size for file in segments(kept))
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        assert kept.store.upkeep.compact(now_ns=3 * DAY_NS) == 2
        (one,) = segments(kept)
        assert one.stat().st_size < 1.2 * small
        assert len(kept.rows("walk")) == 2 * ROWS
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        walk(kept, "other", 0)
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        kept.store.upkeep.compact(now_ns=0)
        other = kept.store.snapshot(BUCKET, "other")
        assert other is not None
        assert other.segments[0].path.stat().st_size < ROWS * 2, "nobody had a calm moment before the restart"


def test_what_seals_were_too_small_to_teach_is_learnt_at_a_later_merge(tmp_path: Path) -> None:
    rows = TRY_ROWS // 4
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        for number in range(2 * FAN_IN):
            walk(kept, "walk", number * rows, rows)
        kept.store.upkeep.compact(now_ns=0)
        large = sum(file.stat().st_size for file in segments(kept))
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        assert kept.store.upkeep.compact(now_ns=3 * DAY_NS) == 2, "there are merged files only"
        (one,) = segments(kept)
        assert one.stat().st_size < large / 2, "a dictionary takes eight bytes for each value"
        assert len(kept.rows("walk")) == 2 * FAN_IN * rows


def test_wide_files_are_tried_within_the_memory_of_a_merge(tmp_path: Path) -> None:
    rows, fields, chance = 100_000, 40, random.Random(1)
    columns = {}
    for number in range(fields):
        values = array("q", accumulate(chance.choices(range(8), k=rows), initial=10**9))[:rows]
        columns[f"f{number}"] = Column(FieldType.INTEGER, values, bytearray(b"\1") * rows)
    times_ns = array("q", range(rows))
    wide = {"walk": Table("walk", [()], array("i", bytes(4 * rows)), times_ns, columns)}
    with Kept(tmp_path, seal_rows=rows) as kept:
        kept.store.declare(BUCKET, wide)
        kept.store.append(BUCKET, wide, None)
        kept.store.seal()
        kept.store.upkeep.compact(now_ns=0)
        (file,) = segments(kept)
        assert file.stat().st_size < rows * fields, "a dictionary takes eight bytes for each value"


def test_a_trial_ends_when_the_hub_does(tmp_path: Path) -> None:
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        walk(kept, "walk", 0)
        (file,) = segments(kept)
        encodings = Encodings()
        encodings.sealed(file, ROWS)
        with kept.duck.cursor() as cursor:
            cursor.interrupt()  # while no statement runs
            with pytest.raises(QueryError, match="stopped"):
                encodings.learn(cursor, file.parent)
        assert {f.suffix for f in kept.files} == {".parquet"}


def test_a_seal_does_not_wait_for_a_try(tmp_path: Path) -> None:
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        walk(kept, "walk", 0)
        (before,) = segments(kept)
        assert kept.store.upkeep.compact(now_ns=0) == 0, "it is written anew, not merged"
        (after,) = segments(kept)
        assert after.stat().st_size < before.stat().st_size, "and that is there, too, for who is reading it"


def test_readings_that_come_back_are_kept_as_dictionaries(tmp_path: Path) -> None:
    chance = random.Random(1)
    readings = [chance.random() for _ in range(200)]
    with Kept(tmp_path, seal_rows=10 * ROWS) as kept:
        kept.write(*(point("m", i, f=chance.choice(readings)) for i in range(ROWS)))
        kept.store.seal()
        (file,) = kept.files
        assert file.stat().st_size < ROWS * 4


def test_the_other_ways_are_tried_at_the_first_and_then_now_and_then(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept, kept.duck.cursor() as cursor:
        encodings = Encodings()
        folder = tmp_path / "segments"
        file = folder / "x.parquet"
        due = []
        for number in range(1, 2 * TRY_EVERY + 2):
            counters = f"SELECT range * 1000 AS n FROM range({ROWS})"
            cursor.rows(f"COPY ({counters}) TO '{file}' ({encodings.options(folder)})")
            encodings.sealed(file, ROWS)
            if encodings.due(folder):
                due.append(number)
                assert encodings.learn(cursor, folder) == ([file] if number == 1 else [])
        assert due == [1, 1 + TRY_EVERY, 1 + 2 * TRY_EVERY]
        assert WAYS[1] in encodings.options(folder) or WAYS[2] in encodings.options(folder)
        assert encodings.options(Path("other")) == Encodings().options(folder)
        assert [f.name for f in folder.iterdir()] == ["x.parquet"]


def test_few_rows_teach_nothing() -> None:
    encodings = Encodings()
    encodings.sealed(FOLDER / "x.parquet", TRY_ROWS - 1)
    assert not encodings.due(FOLDER)


def test_a_file_that_went_teaches_nothing(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept, kept.duck.cursor() as cursor:
        encodings = Encodings()
        encodings.sealed(tmp_path / "gone.parquet", ROWS)
        assert encodings.learn(cursor, tmp_path) == []
        assert not encodings.due(tmp_path)
