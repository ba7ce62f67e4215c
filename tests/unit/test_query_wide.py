"""Measurements of very many fields: asked for in parts, and the answers are those of one statement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.model.point import FieldValue, Point
from heliograph.query.flux import source
from heliograph.query.influxql.answer import aggregates, raw
from tests.unit.flux_answers import tables
from tests.unit.stored_points import Kept, point
from tests.unit.test_influxql_select import S, series

FIELDS = 990
VALUES: dict[str, st.SearchStrategy[FieldValue]] = {
    "b": st.booleans(),
    "f": st.sampled_from((-1.5, 0.0, 2.25)),
    "i": st.integers(-2, 2),
    "s": st.sampled_from(("", "x", "y")),
    "t": st.sampled_from(("u", "v")),
}
TAGS = st.fixed_dictionaries({}, optional={"host": st.sampled_from("ab"), "place": st.sampled_from("cd")})
POINTS = st.builds(
    lambda at, tags, fields: Point("m", fields, tags, at * S),
    st.integers(0, 9),
    TAGS,
    st.fixed_dictionaries({}, optional=VALUES).filter(bool),
)
QUESTIONS = [
    f"SELECT {what} FROM m{where}{by}{order}{limit}"
    for what in ("*", "b, t, host, i", "nope, s, f, f * 2", "*::field")
    for where in ("", " WHERE host = 'a' OR i > 0")
    for by in ("", " GROUP BY host", " GROUP BY *")
    for order in ("", " ORDER BY time DESC")
    for limit in ("", " LIMIT 1", " LIMIT 2 OFFSET 1 SLIMIT 2")
]
COUNTS = ["SELECT count(*) FROM m GROUP BY host", "SELECT count(*), max(f), last(*) FROM (SELECT * FROM m)"]
FLUX = 'from(bucket: "telegraf") |> range(start: 0)'


@settings(deadline=None, max_examples=60)
@given(batches=st.lists(st.lists(POINTS, min_size=1, max_size=8), min_size=1, max_size=4), data=st.data())
def test_parts_give_what_one_statement_gives(
    folders: Iterator[Path], batches: list[list[Point]], data: st.DataObject
) -> None:
    texts = [*data.draw(st.lists(st.sampled_from(QUESTIONS), min_size=8, max_size=8)), *COUNTS]
    pipelines = [FLUX, f"{FLUX} |> count()", f"{FLUX} |> last()"]
    with Kept(next(folders)) as kept, pytest.MonkeyPatch.context() as patch:
        for points in batches:
            kept.write(*points)
        whole = [series(kept, text) for text in texts], [tables(kept, text) for text in pipelines]
        for module in (aggregates, source, raw):
            patch.setattr(module, "WIDEST", 2)
        assert [series(kept, text) for text in texts] == whole[0]
        assert [tables(kept, text) for text in pipelines] == whole[1]


@pytest.mark.thorough
def test_a_thousand_fields_fit_into_little_memory(kept: Kept) -> None:
    """The engine of these tests has 64 MiB, a hub 128 and twice the threads."""
    for _ in range(2):
        kept.write(*(_wide(at) for at in range(300)))
    names = {f"f{number}" for number in range(FIELDS)}
    for text in ("SELECT * FROM m", "SELECT * FROM m LIMIT 3", "SELECT * FROM (SELECT * FROM m)"):
        ((_, columns, rows),) = series(kept, text)
        at = columns.index("f7")
        assert names <= set(columns)
        assert [row[at + 1] for row in rows] == [_wide(number).fields["f7"] for number in range(len(rows))]
    for text in ("SELECT count(*) FROM m GROUP BY host", "SELECT count(*) FROM (SELECT * FROM m)"):
        counts = [sum(row[1:]) for _, _, rows in series(kept, text) for row in rows]
        assert sum(counts) >= 300 * FIELDS
    flux = tables(kept, f"{FLUX} |> count()")
    assert sum(sum(table["_value"]) for table in flux) == 300 * FIELDS


def _wide(number: int) -> Point:
    values: list[FieldValue] = [number % 2 == 0, number, number / 2, f"text {number}"]
    fields = {f"f{field}": values[field % 4] for field in range(FIELDS)}
    return point("m", number * S, {"host": f"h{number % 3}"}, **fields)
