"""Flux in the engine's threads: its time limit, its row limit, and segments that are damaged."""

from __future__ import annotations

import pytest

from heliograph.errors import BucketNotFound, QueryError, QuerySyntaxError
from heliograph.query.engine import QueryEngine
from heliograph.query.flux.engine import Asked, FluxEngine
from heliograph.query.limits import QueryLimits
from tests.unit.flux_answers import Everything, S
from tests.unit.stored_points import Kept, point

COUNT = 'from(bucket: "telegraf") |> range(start: 0) |> group() |> count()'


async def answer(kept: Kept, text: str, *, seconds: float = 60.0, limit: int = 100) -> list[object]:
    engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=60.0)
    flux = FluxEngine(kept.store, engine, seconds=seconds, limits=QueryLimits(rows=limit))
    try:
        results = await flux.answer(Asked(text, Everything()))
        return [
            value
            for tables in results.values()
            for t in tables.tables
            for value in t.columns["_value"].values
        ]
    finally:
        engine.close()


async def test_a_damaged_segment_is_set_aside_and_the_others_answer(kept: Kept) -> None:
    kept.write(*(point("m", n * S, v=n) for n in range(5)))
    kept.store.seal()
    (sealed,) = kept.files
    kept.write(*(point("m", n * S, v=n) for n in range(5, 8)))
    assert await answer(kept, COUNT) == [8]
    sealed.write_bytes(sealed.read_bytes()[: sealed.stat().st_size // 2])
    assert await answer(kept, COUNT) == [3]
    assert len(kept.store.damage.found) == 1


async def test_limits(kept: Kept) -> None:
    kept.write(*(point("m", n * S, v=n) for n in range(5)))
    text = 'from(bucket: "telegraf") |> range(start: 0)'
    assert await answer(kept, text, limit=5) == [0, 1, 2, 3, 4]
    with pytest.raises(QueryError, match="more than 4 rows"):
        await answer(kept, text, limit=4)
    with pytest.raises(QueryError, match=r"longer than limits\.query_seconds"):
        await answer(kept, text, seconds=-1.0)


async def test_errors_keep_their_kind(kept: Kept) -> None:
    with pytest.raises(BucketNotFound):
        await answer(kept, COUNT.replace("telegraf", "nope"))
    with pytest.raises(QuerySyntaxError):
        await answer(kept, "from(")
