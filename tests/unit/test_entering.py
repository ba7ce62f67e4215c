"""While the disk takes what a seal, a summary or a merge enters, nobody who reads or appends waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from heliograph.errors import StoreBusy
from heliograph.model.predicate import Predicate
from heliograph.model.time import HOUR_NS
from heliograph.model.watermark import Watermark
from heliograph.store.applied import Position
from heliograph.store.store import Store
from tests.unit.stored_points import BUCKET, Kept, merged, point

EARLY = [point("m", n, {"host": "a"}, v=n) for n in range(5)]
LATE = [point("m", n + 100, {"host": "b"}, v=n) for n in range(5)]
_CREATED = "2026-01-01"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with Kept(tmp_path, rollups=True) as open_:
        yield open_


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@contextmanager
def slow_disk(kept: Kept) -> Iterator[None]:
    """Let no transaction of the catalogue begin for the block: SQLite waits while another one writes."""
    with closing(sqlite3.connect(kept.folder / "catalog.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def begun(kept: Kept, threads: ThreadPoolExecutor, work: Callable[[], object]) -> Future[object]:
    """Start some work and return when it is being entered."""
    running = threads.submit(work)
    while not kept.store._locks.enter.locked():
        assert not running.done(), running.result()
    return running


def position(seq: int) -> Position:
    return Position("LP", _CREATED, seq)


@pytest.mark.parametrize("what", ["seal", "roll up", "merge"])
def test_queries_and_batches_do_not_wait_for_the_disk(
    kept: Kept, threads: ThreadPoolExecutor, what: str
) -> None:
    for each in EARLY if what == "merge" else ():
        kept.write(each)
        kept.store.seal()
    kept.write(*EARLY, position=position(1))
    if what == "roll up":
        kept.store.seal()
    kept.write(*LATE[:1], position=position(2))  # settles the columns
    work: dict[str, Callable[[], object]] = {
        "seal": kept.store.seal,
        "roll up": lambda: kept.store.roll_up(HOUR_NS),
        "merge": lambda: kept.store.upkeep.compact(3 * 24 * HOUR_NS),
    }
    with slow_disk(kept):
        running = begun(kept, threads, work[what])
        assert kept.rows("m") == merged([*EARLY, *LATE[:1]])
        kept.write(*LATE[1:], position=position(3))
        assert kept.rows("m") == merged([*EARLY, *LATE])
        assert kept.store.statistics().rows_hot >= 4
        assert not running.done()
    assert running.result()
    assert kept.rows("m") == merged([*EARLY, *LATE])
    kept.store.seal()
    assert kept.store.streams.watermarks() == {"LP": Watermark(_CREATED, 3)}
    kept.reopen()
    assert kept.rows("m") == merged([*EARLY, *LATE])


def deleted(store: Store) -> None:
    store.delete(BUCKET, Predicate(), 0, 3, {})


def bucket_deleted(store: Store) -> None:
    store.delete_bucket(BUCKET, {})


def taken_back(store: Store) -> None:
    store.streams.take_back("LP", Watermark(_CREATED, 1))


@pytest.mark.parametrize(
    ("change", "left", "mark"),
    [(deleted, EARLY[3:], 2), (bucket_deleted, [], 2), (taken_back, EARLY, 1)],
)
def test_what_changes_the_catalogue_meanwhile_comes_after_and_holds(
    kept: Kept, threads: ThreadPoolExecutor, change: Callable[[Store], None], left: list[object], mark: int
) -> None:
    kept.write(*EARLY, position=position(2))
    with slow_disk(kept):
        sealing = begun(kept, threads, kept.store.seal)
        changing = threads.submit(change, kept.store)
        assert not changing.done()
    sealing.result()
    changing.result()
    assert kept.rows("m") == merged(EARLY[-len(left) :] if left else [])
    kept.reopen()
    assert kept.rows("m") == merged(EARLY[-len(left) :] if left else [])
    assert kept.store.streams.watermarks()["LP"].seq == mark
    with kept.store.reading() as catalogue:
        assert len(catalogue.series.get((BUCKET, "m"), ())) == bool(left)


@pytest.mark.parametrize("generations", [1, 3])
def test_what_a_stream_loses_while_segments_are_written_is_not_said_to_be_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generations: int
) -> None:
    with Kept(tmp_path, seal_rows=len(EARLY)) as kept:
        points = [point("m", n * 100 + t, v=n) for n in range(generations) for t in range(len(EARLY))]
        for n in range(generations):
            kept.write(*points[n * len(EARLY) :][: len(EARLY)], position=position(n + 2))
        write = kept.store._writer.write

        def interrupted(*args: Any) -> Any:
            taken_back(kept.store)
            return write(*args)

        monkeypatch.setattr(kept.store._writer, "write", interrupted)
        kept.store.seal()
        assert kept.store.streams.watermarks()["LP"] == Watermark(_CREATED, 1)
        kept.reopen()
        assert kept.rows("m") == merged(points)
        assert kept.store.streams.resume("LP", _CREATED, first_seq=1, last_seq=generations + 1) == 1


def test_a_seal_that_cannot_be_entered_changes_nothing_and_works_later(kept: Kept) -> None:
    kept.write(*EARLY, position=position(1))
    kept.database._connection.execute("PRAGMA busy_timeout = 1")
    with slow_disk(kept), pytest.raises(StoreBusy, match="cannot be written"):
        kept.store.seal()
    assert kept.rows("m") == merged(EARLY)
    assert kept.store.streams.watermarks() == {}
    assert kept.store.statistics().open_hours == 0
    kept.store.seal()
    assert kept.store.statistics().rows_hot == 0
    kept.reopen()
    assert kept.rows("m") == merged(EARLY)


def test_points_that_come_while_an_hour_is_summarised_open_it_again(
    kept: Kept, threads: ThreadPoolExecutor
) -> None:
    kept.write(*EARLY)
    kept.store.seal()
    kept.write(*LATE)
    with slow_disk(kept):
        summarising = begun(kept, threads, lambda: kept.store.roll_up(HOUR_NS))
        sealing = threads.submit(kept.store.seal)
        assert not sealing.done()
    assert summarising.result()
    sealing.result()
    assert kept.store.statistics().open_hours == 1
    kept.reopen()
    assert kept.store.statistics().open_hours == 1
    kept.roll_up(HOUR_NS)
    assert kept.store.statistics().open_hours == 0
