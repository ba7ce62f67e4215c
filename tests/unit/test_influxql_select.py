"""What a SELECT gives, on points that a reader can add up; tests/real has the comparison with InfluxDB."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from heliograph.errors import Error, Forbidden, QueryError
from heliograph.query.influxql import tree
from heliograph.query.influxql.answer.prepare import prepare
from heliograph.query.influxql.answer.run import select_series
from heliograph.query.influxql.answer.session import Session
from heliograph.query.influxql.meta.databases import PolicyInfo
from heliograph.query.influxql.parser import parse
from heliograph.query.influxql.text import query_text
from heliograph.query.limits import QueryLimits
from tests.influxql_queries import SELECTS
from tests.unit.stored_points import BUCKET, Kept, point

S = 1_000_000_000


class OneBucket:
    """Every database is the test's bucket."""

    def bucket(self, database: str, policy: str) -> str:
        del database, policy
        return BUCKET

    def of(self, database: str) -> list[PolicyInfo]:
        return [PolicyInfo(database, BUCKET, 0, self.shard_ns(BUCKET))]

    def shard_ns(self, bucket: str) -> int:
        del bucket
        return 7 * 86_400 * S


@pytest.fixture
def filled(kept: Kept) -> Kept:
    """Two hosts, half sealed, half hot."""
    kept.write(*(point("m", i * 10 * S, {"host": "a"}, f=float(i), n=i) for i in range(6)))
    kept.store.seal()
    kept.write(*(point("m", i * 10 * S, {"host": "b"}, f=10.0 * i, s=f"x{i}") for i in range(1, 4)))
    return kept


def series(kept: Kept, text: str, *, rows: int = 1_000, may_read: bool = True) -> list[tuple[Any, ...]]:
    """Return (tags, columns, rows) of each series, times in seconds."""

    def check(bucket: str) -> None:
        if not may_read:
            raise Forbidden(f"{bucket} is secret")

    (statement,) = parse(text)
    assert isinstance(statement, tree.Select)
    with kept.duck.cursor() as cursor:
        session = Session(
            store=kept.store,
            cursor=cursor,
            places=OneBucket(),
            may_read=check,
            database="d",
            policy="",
            now_ns=100 * S,
            deadline=time.monotonic() + 120,
            limits=QueryLimits(rows=rows),
        )
        answer = select_series(session, prepare(session, statement))
    return [
        (tuple(one.tags.values()), one.columns[1:], [(row[0] / S, *row[1:]) for row in one.rows])
        for one in answer
    ]


def only(kept: Kept, text: str) -> list[tuple[Any, ...]]:
    """Return the rows of the one series of an answer."""
    ((_, _, rows),) = series(kept, text)
    return rows  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT sum(f) FROM m", [(0, 75.0)]),
        ("SELECT max(f), host FROM m", [(30, 30.0, "b")]),
        ("SELECT count(f) FROM m WHERE time >= 0 AND time < 40s GROUP BY time(20s)", [(0, 3), (20, 4)]),
        ("SELECT count(n) FROM m WHERE host = 'b'", None),
        ("SELECT f FROM m WHERE host =~ /^b$/ AND f > 10", [(20, 20.0), (30, 30.0)]),
        ("SELECT last(f) - first(f) FROM m WHERE host = 'a'", [(0, 5.0)]),
        ("SELECT derivative(f, 10s) FROM m WHERE host = 'b'", [(20, 10.0), (30, 10.0)]),
        ("SELECT n / 2 FROM m WHERE n = 3", [(30, 1.5)]),
        ("SELECT top(f, 2) FROM m", [(20, 20.0), (30, 30.0)]),
        (
            "SELECT mean(f) FROM m WHERE host='a' AND time >= 40s AND time < 70s GROUP BY time(10s) fill(9)",
            [(40, 4.0), (50, 5.0), (60, 9.0)],
        ),
        ("SELECT sum(x) FROM (SELECT max(f) AS x FROM m GROUP BY host)", [(0, 35.0)]),
        ("SELECT f FROM m WHERE time > now() - 60s", [(50, 5.0)]),
        ("SELECT integral(n) FROM m", [(0, 125.0)]),
        ("SELECT distinct(s) FROM m", [(0, "x1"), (0, "x2"), (0, "x3")]),
        ("SELECT nosuch FROM m", None),
        ("SELECT host FROM m", None),
    ],
)
def test_answers_are_right(filled: Kept, text: str, expected: list[tuple[Any, ...]] | None) -> None:
    assert (only(filled, text) if expected else series(filled, text)) == (expected or [])


def test_series_come_in_the_order_of_their_tags_and_turn_with_time(filled: Kept) -> None:
    text = "SELECT last(f) FROM m GROUP BY host"
    assert [tags for tags, _, _ in series(filled, text)] == [("a",), ("b",)]
    assert [tags for tags, _, _ in series(filled, f"{text} ORDER BY time DESC")] == [("b",), ("a",)]
    assert [tags for tags, _, _ in series(filled, f"{text} SLIMIT 1 SOFFSET 1")] == [("b",)]


@pytest.mark.parametrize("sealed", [False, True])
def test_of_equal_values_those_stay_that_influxd_keeps_in_its_heap(kept: Kept, *, sealed: bool) -> None:
    values = {"a": -3.0, "b": 5.0, "c": 5.0}
    kept.write(*(point("m", (2 if f > 0 else 1) * S, {"host": host}, f=f) for host, f in values.items()))
    if sealed:
        kept.store.seal()
    kept_two = [(2, 5.0, "c"), (2, 5.0, "b")]  # the best point of "a" was in the heap before "c"
    for text in ("SELECT top(f, host, 2) FROM m", "SELECT top(f, host, 2) FROM m ORDER BY time DESC"):
        assert [tuple(row) for _, _, rows in series(kept, text) for row in rows] == kept_two


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(("grouped", "value"), [("", 1), (" GROUP BY host", 2)])
def test_last_in_a_subquery_takes_what_the_heap_of_all_its_groups_gives(
    kept: Kept, grouped: str, value: int, *, sealed: bool
) -> None:
    kept.write(point("m", 20 * S, {"host": "b"}, i=1), point("m", 20 * S, {"host": "b", "zone": "y"}, i=2))
    kept.write(*(point("m", at * S, {"host": host}, i=9) for host, at in (("a", 10), ("c", 20), ("d", 20))))
    if sealed:
        kept.store.seal()
    found = series(kept, f"SELECT x FROM (SELECT last(i) AS x FROM m GROUP BY host){grouped}")
    rows = [tuple(row) for _, _, some in found for row in some]
    assert rows == [(10, 9), (20, value), (20, 9), (20, 9)]  # as influxd 1.6.7 answers


@pytest.mark.parametrize(
    ("text", "columns", "row"),
    [
        ("SELECT * FROM (SELECT n, nosuch AS x FROM m)", ["n", "x"], (0, 0, None)),
        ("SELECT /^no/, n FROM (SELECT n, nosuch FROM m)", ["nosuch", "n"], (0, None, 0)),
        ("SELECT * FROM (SELECT n, host + 1 AS x FROM m)", ["n", "x"], (0, 0, None)),
        ("SELECT * FROM (SELECT n, nosuch AS n FROM m)", ["n"], (0, 0)),
        ("SELECT * FROM (SELECT nosuch AS host, n FROM m GROUP BY host)", ["host", "host_1", "n"], None),
        ("SELECT count(*) FROM (SELECT n, nosuch FROM m)", ["count_n"], (0, 6)),
    ],
)
def test_a_star_around_a_query_shows_what_is_not_there_as_nulls(
    filled: Kept, text: str, columns: list[str], row: tuple[Any, ...] | None
) -> None:
    """As influxd 1.6.7 answers."""
    ((_, names, rows),) = series(filled, text)
    assert names == columns
    assert rows[0] == (row or (0, None, None, 0))


def test_stars_become_columns(filled: Kept) -> None:
    ((_, columns, rows),) = series(filled, "SELECT * FROM m WHERE host = 'b' LIMIT 1")
    assert (columns, rows) == (["f", "host", "n", "s"], [(10, 10.0, "b", None, "x1")])
    ((_, columns, _),) = series(filled, "SELECT mean(*) FROM m")
    assert columns == ["mean_f", "mean_n"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT mean(f), f FROM m", "mixing aggregate and non-aggregate queries is not supported"),
        ("SELECT nosuch(f) FROM m", r"undefined function nosuch\(\)"),
        ("SELECT f FROM m GROUP BY time(1m)", "GROUP BY requires at least one aggregate function"),
        ("SELECT derivative(mean(f)) FROM m", "derivative aggregate requires a GROUP BY interval"),
        ("SELECT mean(s) FROM m", "unsupported mean iterator type"),
        ("SELECT f FROM m WHERE host =~ /(/", "error parsing regexp"),
        ("SELECT mean(f) FROM m WHERE time >= 0 AND time < 100d GROUP BY time(1ms)", "rows"),
        ("SELECT f FROM m WHERE time > 'noon'", "not compatible"),
    ],
)
def test_what_makes_no_sense_is_refused(filled: Kept, text: str, words: str) -> None:
    with pytest.raises(QueryError, match=words):
        series(filled, text)


def test_types_are_not_looked_at_in_weeks_without_points(filled: Kept) -> None:
    for entry in ("2 + s", "2 + last(s)"):  # as influxd, which knows none there
        text = f"SELECT {entry} FROM m WHERE time >= {{}}s"
        with pytest.raises(QueryError, match="incompatible types"):
            series(filled, text.format(60))
        assert series(filled, text.format(14 * 86_400)) == []


def test_a_long_answer_is_refused(filled: Kept) -> None:
    with pytest.raises(QueryError, match=r"limits\.query_rows"):
        series(filled, "SELECT f FROM m", rows=5)


def test_no_bucket_is_read_that_may_not_be(filled: Kept) -> None:
    for text in ("SELECT f FROM m", "SELECT x FROM (SELECT f AS x FROM m)", "SELECT f FROM /.*/"):
        with pytest.raises(Error, match="secret"):
            series(filled, text, may_read=False)


@pytest.mark.thorough
@settings(deadline=None, max_examples=150)
@given(select=SELECTS)
def test_any_tree_is_answered_or_refused(folders: Iterator[Path], select: tree.Select) -> None:
    with Kept(next(folders)) as kept:
        kept.write(
            *(point("a", i * S, {"host": f"h{i % 2}"}, a=float(i), x=i, s="t", b=True) for i in range(9))
        )
        with contextlib.suppress(QueryError):
            series(kept, query_text([select]))


def test_names_of_users_are_no_sql(kept: Kept) -> None:
    name = 'a"; DROP TABLE x; --'
    kept.write(point("m", S, {name: "it's"}, **{name: 1.5, "time_": 2.0}))
    quoted = name.replace('"', '\\"')
    assert only(kept, f'SELECT "{quoted}"::field FROM m WHERE "{quoted}"::tag = \'it\\\'s\'') == [(1, 1.5)]


@pytest.mark.parametrize("entry", ["f AS f{}", "f + {} AS f{}", "max(f) + {} AS f{}", "max(f) AS f{}"])
def test_a_list_that_makes_too_many_values_of_few_is_refused(
    filled: Kept, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    entries = ", ".join(entry.replace("{}", str(i)) for i in range(200))
    text = f"SELECT {entries} FROM m WHERE time >= 0 AND time < 60s GROUP BY time(10s)"
    if "max" not in entry:
        text = text.removesuffix(" GROUP BY time(10s)")
    assert len(series(filled, text)[0][2]) in {6, 9}
    monkeypatch.setattr(Session, "most_cells", 1_000)
    with pytest.raises(QueryError, match="over 1,000 values on its way, 200 of each row"):
        series(filled, text)
