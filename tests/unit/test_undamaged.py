"""In every language a question over damaged segments is answered by the others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from heliograph.codec.predicate import parse_predicate
from heliograph.errors import QueryError, StoreError
from heliograph.query.engine import QueryEngine
from heliograph.query.flux.engine import Asked as FluxAsked
from heliograph.query.flux.engine import FluxEngine
from heliograph.query.influxql.engine import Asked, InfluxqlEngine
from heliograph.query.limits import QueryLimits
from heliograph.query.plan import Aggregate, Select, SelectRows
from heliograph.query.undamaged import Undamaged
from heliograph.query.user_sql import UserSql
from heliograph.store.duck import Duck
from tests.unit.flux_answers import Everything, S
from tests.unit.influxql_engine import Rights
from tests.unit.stored_points import BUCKET, Kept, point

LIMITS = QueryLimits()


@dataclass
class Languages:
    """The engines of a store; each question gives the number of points of its measurements."""

    engine: QueryEngine
    flux: FluxEngine
    influxql: InfluxqlEngine
    user_sql: UserSql

    async def by_plan(self, *names: str) -> int:
        found = 0
        for name in names:
            select = Select(BUCKET, name, ("v",), 0, 100 * S, 100 * S, Aggregate.COUNT)
            answer = await self.engine.select(select)
            found += sum(int(s.values[0] or 0) for s in answer.series)
        return found

    async def by_rows(self, *names: str) -> int:
        asked = [SelectRows(BUCKET, name, ("v",), 0, 100 * S) for name in names]
        return sum([len((await self.engine.rows(select)).times_ns) for select in asked])

    async def by_count(self, *names: str) -> int:
        predicates = [parse_predicate(f'_measurement="{name}"') for name in names]
        return sum([await self.engine.count(BUCKET, each, 0, 100 * S) for each in predicates])

    async def by_flux(self, *names: str) -> int:
        pattern = "|".join(names)
        text = (
            f'from(bucket: "{BUCKET}") |> range(start: 0)'
            f" |> filter(fn: (r) => r._measurement =~ /^({pattern})$/)"
            ' |> group(columns: ["_time"]) |> count() |> group() |> sum()'
        )
        results = await self.flux.answer(FluxAsked(text, Everything()))
        return sum(
            v for tables in results.values() for t in tables.tables for v in t.columns["_value"].values
        )

    async def by_influxql(self, *names: str) -> int:
        asked = Asked(f"SELECT count(v) FROM /^({'|'.join(names)})$/", Rights(), database=BUCKET)
        changes: Any = None
        [result] = [result async for result in self.influxql.answers(asked, changes)]
        assert result.error is None
        return sum(row[1] for series in result.series for row in series.rows)

    async def by_sql(self, *names: str) -> int:
        text = " + ".join(f"(SELECT count(time::VARCHAR) FROM {name})" for name in names)
        answer = await self.user_sql.run(BUCKET, f"SELECT {text}")
        return int(answer["rows"][0][0])


@asynccontextmanager
async def languages(kept: Kept) -> AsyncIterator[Languages]:
    engine = QueryEngine(kept.store, kept.duck, threads=2, seconds=60)
    asked: dict[str, Any] = {"threads": 2, "seconds": 60, "limits": LIMITS}
    scratch = kept.folder / "scratch"
    scratch.mkdir()
    influxql = InfluxqlEngine(kept.store, kept.duck, kept.database, **asked, engine=engine, scratch=scratch)
    copying = Duck([scratch], memory_bytes=2**26, threads=1)
    user_sql = UserSql(kept.store, copying, scratch, seconds=60, memory_bytes=2**26)
    flux = FluxEngine(kept.store, engine, seconds=60, limits=LIMITS)
    try:
        yield Languages(engine, flux, influxql, user_sql)
    finally:
        await user_sql.close()
        copying.close()
        influxql.close()
        engine.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """Two measurements, each with a segment of fifty points and ten hot ones."""
    with Kept(tmp_path) as open_:
        for name in ("m", "n"):
            open_.write(*(point(name, i * S, {"host": f"h{i % 3}"}, v=i * 1.5) for i in range(50)))
        open_.store.seal()
        for name in ("m", "n"):
            open_.write(*(point(name, i * S, v=i * 1.5) for i in range(50, 60)))
        yield open_


def broken(kept: Kept, name: str, chance: random.Random) -> None:
    """Flip one bit in the segment of a measurement, such a one that reading it fails."""
    with kept.store.reading() as catalogue:
        [segment] = catalogue.segments[BUCKET, name]
    content = segment.path.read_bytes()
    while True:
        at = chance.randrange(len(content))
        flipped = bytes([content[at] ^ (1 << chance.randrange(8))])
        segment.path.write_bytes(content[:at] + flipped + content[at + 1 :])
        with kept.duck.cursor() as cursor:
            try:
                cursor.rows(f"SELECT time FROM read_parquet('{segment.path}')")
            except StoreError:
                return


@pytest.mark.thorough
@pytest.mark.parametrize("ask", [n for n in vars(Languages) if n.startswith("by_")])
async def test_a_flipped_bit_costs_the_segment_and_no_answer(kept: Kept, ask: str) -> None:
    chance = random.Random(ask)
    async with languages(kept) as asked:
        assert await getattr(asked, ask)("n", "m") == 120
        if asked.engine.sources:
            asked.engine.sources.clear()
        broken(kept, "m", chance)
        assert await getattr(asked, ask)("m") == 10
        broken(kept, "n", chance)
        assert await getattr(asked, ask)("m", "n") == 20
    assert [found.measurement for found in kept.store.damage.found] == ["m", "n"]


async def test_a_question_over_several_damaged_measurements_is_answered_at_once(kept: Kept) -> None:
    chance = random.Random(1)
    broken(kept, "m", chance)
    broken(kept, "n", chance)
    async with languages(kept) as asked:
        assert await asked.by_flux("m", "n") == 20
    assert len(kept.store.damage.found) == 2


async def test_questions_at_the_same_time_look_the_segments_over_once(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[tuple[str, str]] = []
    check_all = kept.store.damage.check_all

    def counted(place: tuple[str, str]) -> int:
        looked.append(place)
        return check_all(place)

    monkeypatch.setattr(kept.store.damage, "check_all", counted)
    broken(kept, "m", random.Random(2))
    async with languages(kept) as asked, asyncio.TaskGroup() as group:
        answers = [group.create_task(asked.by_influxql("m")) for _ in range(8)]
    assert [task.result() for task in answers] == [10] * 8
    assert len(looked) == 1


@pytest.mark.parametrize(
    ("sql", "reason"),
    [("SELECT error('Parquet') FROM m", "Parquet"), ("SELECT nope FROM m", "nope")],
)
async def test_a_statement_that_fails_by_its_own_fault_is_told_so(kept: Kept, sql: str, reason: str) -> None:
    async with languages(kept) as asked:
        with pytest.raises(QueryError, match=reason):
            await asked.user_sql.run(BUCKET, sql)
    assert kept.store.damage.found == []


def test_a_segment_that_the_daily_look_takes_out_first_is_no_error() -> None:
    class Look:
        """In place of a `DamageWatch`: only so is the moment between reading and looking always met."""

        def __init__(self) -> None:
            self.found: list[str] = []

        def check_all(self, _place: tuple[str, str]) -> int:
            self.found.append("by the look")
            return 0

    asked: list[int] = []

    async def ask(read: set[tuple[str, str]]) -> str:
        read.add((BUCKET, "m"))
        asked.append(1)
        if len(asked) == 1:
            raise StoreError("no magic bytes")
        return "the others"

    look: Any = Look()
    assert asyncio.run(Undamaged(look).answer(ask)) == "the others"
