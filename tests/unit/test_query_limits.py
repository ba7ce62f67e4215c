"""A question that would give too much is given up, and told which limit it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from heliograph.errors import QueryError
from heliograph.query.engine import QueryEngine
from heliograph.query.limits import QueryLimits
from heliograph.query.plan import Aggregate, Select, SelectRows
from tests.unit.stored_points import BUCKET, Kept, point

HOSTS = "abcd"
TIMES = 5


@pytest.fixture(params=["memory", "sql"])
def field(request: pytest.FixtureRequest) -> str:
    """A field that is asked in memory where that is built, and one that is not of the kind for it."""
    return "v" if request.param == "memory" else "s"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with Kept(tmp_path) as open_:
        open_.write(
            *(point("m", t, {"host": host}, v=float(t), s="x") for host in HOSTS for t in range(TIMES))
        )
        yield open_


@contextmanager
def engine(kept: Kept, limits: QueryLimits) -> Iterator[QueryEngine]:
    made = QueryEngine(kept.store, kept.duck, threads=1, seconds=30, limits=limits)
    try:
        yield made
    finally:
        made.close()


def by_host(field: str, *, end_ns: int = TIMES) -> Select:
    return Select(BUCKET, "m", (field,), 0, end_ns, 1, Aggregate.LAST, group_by=("host",))


async def test_so_many_groups_are_answered_and_one_more_is_not(kept: Kept, field: str) -> None:
    with engine(kept, QueryLimits(groups=TIMES * len(HOSTS))) as enough:
        assert len((await enough.select(by_host(field))).series) == len(HOSTS)
    with (
        engine(kept, QueryLimits(groups=TIMES * len(HOSTS) - 1)) as small,
        pytest.raises(QueryError, match=r"19 intervals times series are the most \(limits\.query_groups\)"),
    ):
        await small.select(by_host(field))


async def test_too_many_intervals_are_refused_before_anything_is_read(kept: Kept, field: str) -> None:
    with engine(kept, QueryLimits(groups=100)) as small:
        with pytest.raises(QueryError, match=r"the range has 1,001 intervals, 100 .*limits\.query_groups"):
            await small.select(by_host(field, end_ns=1_000))
        assert len((await small.select(by_host(field, end_ns=50))).times_ns) == TIMES


async def test_groups_far_apart_count_as_the_answer_that_they_make(kept: Kept) -> None:
    """Each series has a time of its own, so that most of the answer would be empty."""
    kept.write(*(point("far", t, {"host": str(t)}, s="x") for t in range(30)))
    plan = Select(BUCKET, "far", ("s",), 0, 30, 1, Aggregate.LAST, group_by=("host",))
    with (
        engine(kept, QueryLimits(groups=31)) as small,
        pytest.raises(QueryError, match="at least 6 intervals of 6"),
    ):
        await small.select(plan)


async def test_so_many_points_are_answered_and_one_more_is_not(kept: Kept, field: str) -> None:
    plan = SelectRows(BUCKET, "m", (field,), 0, TIMES)
    with engine(kept, QueryLimits(rows=TIMES * len(HOSTS))) as enough:
        assert len((await enough.rows(plan)).times_ns) == TIMES * len(HOSTS)
    with engine(kept, QueryLimits(rows=TIMES * len(HOSTS) - 1)) as small:
        with pytest.raises(QueryError, match=r"more than 19 rows, .*\(limits\.query_rows\)"):
            await small.rows(plan)
        some = await small.rows(SelectRows(BUCKET, "m", (field,), 0, TIMES, limit=19))
        assert (len(some.times_ns), some.truncated) == (19, True), "no more were asked for"
