"""Generations that wait together become one segment for each measurement, and lose nothing on the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from heliograph.model.point import Point
from heliograph.model.predicate import Condition, Predicate
from heliograph.model.time import HOUR_NS
from heliograph.store.applied import Position
from heliograph.store.generation import JOINED_BYTES
from heliograph.store.generations import TOGETHER
from tests.unit.stored_points import BUCKET, Kept, merged, point

ROWS = 10


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with Kept(tmp_path, seal_rows=2 * ROWS) as store:
        yield store


def generation(kept: Kept, number: int) -> list[Point]:
    """Fill one generation: of two measurements, times that come twice, fields and tags that come later."""
    extra = {"late": number} if number else {}
    points = [point("a", number * 5 + t, {"host": "xy"[t % 2]}, v=number, **extra) for t in range(ROWS)]
    points += [
        point("b", number * 100 + 50 - t, {f"tag{number % 2}": "z"}, text=f"{number}-{t}")
        for t in range(ROWS)
    ]
    before = len(kept.store._hot.sealing)
    kept.write(*points, position=Position("LP", "c", number + 1))
    assert len(kept.store._hot.sealing) <= before + 1
    return points


def of(points: list[Point], measurement: str) -> list[Point]:
    return [p for p in points if p.measurement == measurement]


def names(kept: Kept, measurement: str) -> list[str]:
    return [file.name for file in kept.files if file.parent.name == measurement]


@pytest.mark.parametrize("count", [2, TOGETHER, TOGETHER + 1, 2 * TOGETHER + 1])
def test_what_waits_together_is_one_file_and_the_last_write_wins(kept: Kept, count: int) -> None:
    points = [p for number in range(count) for p in generation(kept, number)]
    hot = {name: kept.rows(name) for name in "ab"}
    kept.store.seal()
    runs = -(-count // TOGETHER)
    for name in "ab":
        assert hot[name] == kept.rows(name) == merged(of(points, name))
    assert len(names(kept, "a")) == runs
    kept.reopen()
    for name in "ab":
        assert kept.rows(name) == merged(of(points, name))
    assert kept.store.streams.watermarks()["LP"].seq == count
    assert kept.store.statistics().rows_hot == 0


def test_a_run_that_failed_is_tried_as_it_was_and_what_came_later_apart(kept: Kept) -> None:
    points = [p for number in range(2) for p in generation(kept, number)]
    obstacle = kept.folder / "segments" / BUCKET / "b"
    obstacle.parent.mkdir()
    obstacle.write_bytes(b"")
    for _ in range(3):
        with pytest.raises(OSError, match="b"):
            kept.store.seal()
    assert len(names(kept, "a")) == 1
    points += generation(kept, 2)
    with pytest.raises(OSError, match="b"):
        kept.store.seal()
    assert len(names(kept, "a")) == 1
    obstacle.unlink()
    kept.store.seal()
    assert (len(names(kept, "a")), len(names(kept, "b"))) == (2, 2)
    kept.reopen()
    for name in "ab":
        assert kept.rows(name) == merged(of(points, name))
    assert kept.store.streams.watermarks()["LP"].seq == 3


def test_a_bucket_that_is_deleted_leaves_no_file_of_a_run_that_failed(kept: Kept) -> None:
    some = [point("a", t, v=t) for t in range(2 * ROWS)]
    kept.write(*some)
    kept.write(*some[:ROWS], *(point("b", t, v=t) for t in range(ROWS // 2)))
    kept.write(*(point("c", t, v=t) for t in range(ROWS)))
    obstacle = kept.folder / "segments" / BUCKET / "c"
    obstacle.parent.mkdir()
    obstacle.write_bytes(b"")
    with pytest.raises(OSError, match="c"):
        kept.store.seal()
    assert (len(names(kept, "a")), len(names(kept, "b"))) == (1, 1)
    kept.store.delete_bucket(BUCKET, {})
    assert [file for file in kept.files if file != obstacle] == []


def test_a_crash_before_all_of_a_run_is_entered_leaves_nothing_of_it(kept: Kept) -> None:
    for number in range(3):
        generation(kept, number)
    obstacle = kept.folder / "segments" / BUCKET / "b"
    obstacle.parent.mkdir()
    obstacle.write_bytes(b"")
    with pytest.raises(OSError, match="b"):
        kept.store.seal()
    kept.reopen()
    assert (kept.rows("a"), kept.rows("b")) == ({}, {}), "the stream still has them"
    assert kept.store.streams.watermarks() == {}
    assert [file for file in kept.files if file != obstacle] == []


@pytest.mark.parametrize("failed", [False, True])
def test_points_deleted_between_two_generations_stay_deleted_and_later_ones_stay(
    kept: Kept,
    failed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    points = [p for number in range(2) for p in generation(kept, number)]
    obstacle = kept.folder / "segments" / BUCKET / "b"
    if failed:  # so that a run is written in part, and then deleted from
        obstacle.parent.mkdir()
        obstacle.write_bytes(b"")
        with pytest.raises(OSError, match="b"):
            kept.store.seal()
    kept.store.delete(BUCKET, Predicate((Condition("host", "x"),)), 0, 8, {})
    left = [p for p in points if not (p.tags.get("host") == "x" and 0 <= (p.time_ns or 0) < 8)]
    assert len(left) < len(points)
    left += [p for number in (2, 3) for p in generation(kept, number)]
    assert kept.rows("a") == merged(of(left, "a"))
    obstacle.unlink(missing_ok=True)
    kept.store.seal()
    assert kept.rows("a") == merged(of(left, "a"))
    kept.reopen()
    assert kept.rows("a") == merged(of(left, "a"))
    assert kept.rows("b") == merged(of(left, "b"))


def test_large_tables_are_not_copied_into_one(tmp_path: Path) -> None:
    text = "x" * (JOINED_BYTES // ROWS)
    with Kept(tmp_path, seal_rows=ROWS) as kept:
        points = []
        for number in range(3):
            points += (some := [point("log", number * ROWS + t, line=text) for t in range(ROWS)])
            kept.write(*some)
        kept.store.seal()
        assert len(names(kept, "log")) == 3
        assert kept.rows("log") == merged(points)


def test_the_hours_of_a_run_are_those_of_all_its_generations(kept: Kept) -> None:
    for number in range(3):
        points = [point("a", number * HOUR_NS + t, v=t) for t in range(2 * ROWS)]
        kept.write(*points, position=Position("LP", "c", number + 1))
    kept.store.seal()
    kept.reopen()
    with closing(sqlite3.connect(kept.folder / "catalog.db")) as catalogue:
        hours = catalogue.execute("SELECT hour FROM open_hour ORDER BY hour").fetchall()
    assert hours == [(0,), (1,), (2,)], "all have to be summarised"
