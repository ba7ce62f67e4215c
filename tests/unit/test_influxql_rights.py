"""What InfluxQL's statements tell to those who may not ask, and what one request may hold at once."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from heliograph.errors import Forbidden, QueryError
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.engine import Asked
from heliograph.query.influxql.meta.databases import Databases
from heliograph.query.influxql.meta.known import Known, matching
from heliograph.query.influxql.parser import parse
from heliograph.query.influxql.plan.shapes import TimeRange
from heliograph.query.influxql.tree import ShowSchema
from heliograph.query.limits import QueryLimits
from heliograph.store.duck import Cursor
from tests.unit.influxql_engine import Hub, Rights
from tests.unit.stored_points import BUCKET, Kept, point

S = 1_000_000_000


class WriteOnly(Rights):
    """Somebody who may send points, and read none."""

    def sees(self, bucket: str) -> bool:
        return bucket == BUCKET

    def read(self, bucket: str) -> None:
        raise Forbidden(f"{bucket} is secret")


@pytest.fixture
def hub(kept: Kept) -> Iterator[Hub]:
    kept.write(*(point("secret", n * S, v=n) for n in range(5)))
    kept.store.seal()
    with Hub(kept) as opened:
        yield opened


@pytest.mark.parametrize("text", ["DROP MEASUREMENT {}", "DROP SERIES FROM {}", "DELETE FROM {}"])
async def test_a_refused_delete_tells_nothing_of_what_is_there(hub: Hub, text: str) -> None:
    reader = Rights("ada", operator=False, readable=BUCKET)
    for name in ("secret", "unknown"):
        (result,) = await hub.results(text.format(name), reader)
        assert result.error == "only the operator may do this", name


async def test_who_only_writes_sees_no_names(hub: Hub) -> None:
    assert [row[3] for row in await hub.done("SHOW SHARDS")] == ["secret"]
    writer = WriteOnly("ada", operator=False)
    assert await hub.done("SHOW SHARDS", writer) == []
    assert await hub.done("SHOW DATABASES", writer) == [[BUCKET]]


async def test_policies_of_others_are_not_shown(hub: Hub) -> None:
    hub.kept.store.create_bucket(f"{BUCKET}/secret", {})
    reader = Rights("ada", operator=False, readable=BUCKET)
    policies = [row[0] for row in await hub.done("SHOW RETENTION POLICIES")]
    assert policies == ["autogen", "secret"]
    assert [row[0] for row in await hub.done("SHOW RETENTION POLICIES", reader)] == ["autogen"]


async def test_the_answers_of_one_request_have_a_bound_together(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "most_cells", 25)
    text = "; ".join(["SELECT v FROM secret"] * 4)
    errors = [result.error for result in await hub.results(text)]
    assert errors[:2] == [None, None]
    assert "in several requests" in str(errors[2])
    assert errors[3] == "not executed"
    asked = Asked(text, hub.access, BUCKET, whole=False)
    assert [result.error async for result in hub.engine.answers(asked, hub.changes)] == [None] * 4


def session(kept: Kept, cursor: Cursor, deadline: float) -> Session:
    return Session(
        store=kept.store,
        cursor=cursor,
        places=Databases(kept.store, kept.database),
        may_read=lambda _: None,
        database=BUCKET,
        policy="",
        now_ns=0,
        deadline=deadline,
        limits=QueryLimits(),
    )


def test_each_part_of_a_condition_looks_at_the_clock(kept: Kept) -> None:
    (statement,) = parse("SHOW SERIES WHERE id = 'a' OR id = 'b'")
    assert isinstance(statement, ShowSchema)
    known = Known("m", series={(("id", "a"),): 0})
    with kept.duck.cursor() as cursor:
        in_time = session(kept, cursor, math.inf)
        assert list(matching(in_time, known, statement.condition, TimeRange())) == [(("id", "a"),)]
        with pytest.raises(QueryError, match=r"limits\.query_seconds"):
            matching(session(kept, cursor, -math.inf), known, statement.condition, TimeRange())


async def test_the_intervals_of_all_series_have_a_bound_together(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.kept.write(*(point("filled", n * S, {"id": str(n)}, v=n) for n in range(20)))
    text = "SELECT mean(v) FROM filled WHERE time >= 0 AND time < 100s GROUP BY time(1s), id fill(0)"
    assert len(await hub.done(text)) == 2_000
    monkeypatch.setattr(Session, "most_rows", 1_000)
    with pytest.raises(QueryError, match="over 1,000 rows"):
        await hub.done(text.replace("fill(0)", "fill(1)"))
