"""Flux in the engine's threads: its time limit, its row limit, and segments that are damaged."""

from __future__ import annotations

import pytest

from heliograph.errors import BucketNotFound, QueryError, QuerySyntaxError
from heliograph.query.engine import QueryEngine
from heliograph.query.flux.engine import Asked, FluxEngine
from heliograph.query.flux.session import Session
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


FOLD = "reduce(fn: (r, accumulator) =>"
IDENTITY = 'identity: {s: "ab"}'


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{FOLD} ({{s: accumulator.s + accumulator.s}}), {IDENTITY})", "1,000,000 characters"),
        (f'{FOLD} ({{s: "${{accumulator.s}}${{accumulator.s}}"}}), {IDENTITY})', "1,000,000 characters"),
        ("timedMovingAverage(every: 1ms, period: 1y)", "needs over"),
        ("window(every: 1ms, period: 1y, createEmpty: true)", "needs over"),
        ('map(fn: (r) => ({s: strings.repeat(v: "abc", i: 9999999999)}))', "1,000,000 characters"),
        ('map(fn: (r) => ({s: strings.replaceAll(v: long, t: "x", u: long)}))', "1,000,000 characters"),
        ("interpolate.linear(every: 1ns)", "needs over"),
        ("histogram(bins: linearBins(start: 0.0, width: 1.0, count: 100000))", "10,000 at most"),
    ],
)
async def test_what_would_fill_the_memory_is_refused(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.setattr(Session, "most_rows", 20_000)  # the refusal is the same, and comes sooner
    kept.write(*(point("m", n * S, v=float(n)) for n in range(50)))
    head = 'import "strings" import "interpolate" long = strings.repeat(v: "x", i: 9999)\n'
    with pytest.raises(QueryError, match=words):
        await answer(kept, f'{head}from(bucket: "telegraf") |> range(start: 0, stop: 100) |> {text}')


async def test_strings_of_many_rows_have_a_limit(kept: Kept) -> None:
    kept.write(*(point("m", n * S, v=float(n)) for n in range(150)))
    text = 'map(fn: (r) => ({s: strings.repeat(v: "a", i: 999999)}))'
    source = 'import "strings" from(bucket: "telegraf") |> range(start: 0, stop: 1000)'
    with pytest.raises(QueryError, match="have over 100,000,000 characters"):
        await answer(kept, f"{source} |> {text}", limit=1_000)


async def test_a_product_of_rows_is_refused(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "most_rows", 20_000)
    kept.write(*(point("m", n * S, {"n": str(n % 2)}, v=1.0) for n in range(400)))
    source = 'from(bucket: "telegraf") |> range(start: 0, stop: 10000)'
    with pytest.raises(QueryError, match="needs over"):
        await answer(kept, f'join(tables: {{a: {source}, b: {source}}}, on: ["_value"])')


DOUBLED = "".join(f"f{n + 1} = (x) => f{n}(x: x) + f{n}(x: x)\n" for n in range(40))
LONG = "a0 = [{a: 1, b: 2}]\n" + "".join(f"a{n + 1} = array.concat(arr: a{n}, v: a{n})\n" for n in range(12))
LISTS = f'import "array"\n{LONG}'


async def test_functions_that_call_each_other_twice_end_with_the_time(kept: Kept) -> None:
    with pytest.raises(QueryError, match=r"longer than limits\.query_seconds"):
        await answer(kept, f"f0 = (x) => x\n{DOUBLED}y = f40(x: 1)\n{COUNT}", seconds=0.2)


async def test_nobody_computes_for_who_has_gone(kept: Kept) -> None:
    # its limit stands for a client that goes and a hub that stops: it leaves the work in the same way
    engine = QueryEngine(kept.store, kept.duck, threads=1, seconds=0.2)
    flux = FluxEngine(kept.store, engine, seconds=1e9, limits=QueryLimits())
    try:
        with pytest.raises(QueryError, match="longer than"):
            await flux.answer(Asked(f"f0 = (x) => x\n{DOUBLED}y = f40(x: 1)\n{COUNT}", Everything()))
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("array.from(rows: a12)", "over 8,000 values"),
        ("x = array.map(arr: a12, fn: (x) => array.concat(arr: a12, v: a12))", "items and members"),
        ("x = array.map(arr: a12, fn: (x) => ({x with c: 3, d: 4, e: 5}))", "items and members"),
    ],
)
async def test_lists_have_bounds(kept: Kept, monkeypatch: pytest.MonkeyPatch, text: str, words: str) -> None:
    monkeypatch.setattr(Session, "most_cells", 8_000)
    monkeypatch.setattr("heliograph.query.flux.session._MOST_ITEMS", 20_000)
    with pytest.raises(QueryError, match=words):
        await answer(kept, f"{LISTS}{text}\n", limit=100_000)


async def test_each_step_looks_at_the_clock(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write(point("m", S, v=1))
    looks: list[float] = []
    monkeypatch.setattr(Session, "check_time", lambda session: looks.append(session.deadline))
    sorts = '|> sort(columns: ["_time"])' * 5
    await answer(kept, COUNT)
    few = len(looks)
    looks.clear()
    await answer(kept, f"{COUNT} {sorts}".replace("|> count()", "") + " |> count()")
    assert len(looks) >= few + 5
