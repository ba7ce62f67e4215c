"""A query that takes too long, or that nobody waits for any more, is stopped and frees its thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from heliograph.errors import QueryError, StoreError
from heliograph.query.engine import QueryEngine
from heliograph.query.plan import Aggregate, Select
from heliograph.store.duck import Cursor
from tests.unit.stored_points import BUCKET, Kept, point

ENDLESS = (
    "SELECT count(*) FROM range(9999) a, range(9999) b, range(9999) c"
    " WHERE a.range * b.range * c.range % 7 = 3"
)
SMALL = Select(BUCKET, "m", ("v",), 0, 10, 10, Aggregate.SUM)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with Kept(tmp_path) as open_:
        open_.write(point("m", 1, v=1), point("m", 2, v=2))
        yield open_


async def answer(engine: QueryEngine) -> list[object]:
    return [series.values for series in (await engine.select(SMALL)).series]


async def test_the_time_limit_interrupts_and_the_thread_is_free_again(kept: Kept) -> None:
    engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=0.3)
    with kept.duck.cursor() as cursor, pytest.raises(QueryError, match=r"longer than 0\.3 s .*query_seconds"):
        await engine._run(cursor, lambda: cursor.rows(ENDLESS))
    assert await answer(engine) == [[3.0]]
    engine.close()


async def test_cancelling_interrupts_and_the_thread_is_free_again(kept: Kept) -> None:
    engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=100)
    running = asyncio.Event()

    async def endless(cursor: Cursor) -> None:
        running.set()
        await engine._run(cursor, lambda: cursor.rows(ENDLESS))

    with kept.duck.cursor() as cursor:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(endless(cursor))
            await running.wait()
            await asyncio.sleep(0)
            task.cancel()
    assert task.cancelled()
    assert await answer(engine) == [[3.0]]
    engine.close()


async def test_columns_are_kept_for_the_next_question_and_forgotten_when_none_comes(kept: Kept) -> None:
    pytest.importorskip("heliograph.query.memory.native", reason="nothing was compiled here")
    engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=30)
    await answer(engine)
    assert engine.columns_bytes > 0
    engine.close()
    engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=30, idle_seconds=0)
    await answer(engine)
    for _ in range(3):  # the loop runs what is due now
        await asyncio.sleep(0)
    assert engine.columns_bytes == 0
    engine.close()


async def test_a_damaged_segment_that_cannot_be_set_aside_is_told_with_the_first_error(kept: Kept) -> None:
    kept.store.seal()
    (segment,) = kept.files
    segment.write_bytes(b"x" * segment.stat().st_size)
    engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=30)
    place = kept.folder / "damaged"
    place.touch()  # no folder of this name can be made
    with pytest.raises(StoreError, match="magic bytes") as caught:
        await answer(engine)
    assert isinstance(caught.value.__cause__, OSError)
    place.unlink()
    assert await answer(engine) == []
    engine.close()


async def test_too_little_memory_is_told_as_an_error_of_the_query(kept: Kept) -> None:
    with kept.duck.cursor() as cursor, pytest.raises(QueryError, match="stopped"):
        cursor.rows("SELECT list(range::VARCHAR || 'x' ORDER BY hash(range)) FROM range(30000000)")
    with kept.duck.cursor() as cursor:
        assert cursor.rows("SELECT 1") == [(1,)]


def test_the_engine_sees_no_file_but_the_segments(kept: Kept, tmp_path: Path) -> None:
    stranger = tmp_path / "catalog.db"
    assert stranger.exists()
    for sql in (f"SELECT * FROM read_blob('{stranger}')", f"COPY (SELECT 1) TO '{tmp_path}/x.csv'"):
        with kept.duck.cursor() as cursor, pytest.raises(Exception, match=r"[Pp]ermission"):
            cursor.rows(sql)
    assert not (tmp_path / "x.csv").exists()
