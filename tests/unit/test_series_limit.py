"""A bucket has so many series and no more: points of new ones are refused, the others are not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.codec.lineprotocol import format_table, python
from heliograph.hub.batch_reader import lines_of
from heliograph.model.point import Point, SeriesKey
from heliograph.store.schema import without_surplus_series
from heliograph.store.store import Store
from tests.parsers import everything
from tests.unit.stored_points import BUCKET, Kept, batch, point, series_key


def keys(points: list[Point]) -> list[tuple[str, SeriesKey]]:
    return list(dict.fromkeys((p.measurement, series_key(p.tags)) for p in points))


points = st.builds(
    lambda name, host, time_ns, value: point(name, time_ns, {"host": host}, v=value),
    st.sampled_from("mn"),
    st.sampled_from("abcd"),
    st.integers(1, 3),
    st.integers(0, 9),
)


@given(st.lists(points, max_size=20), st.sets(st.sampled_from("abcd")), st.integers(0, 9))
def test_only_points_of_surplus_series_are_refused(some: list[Point], hosts: set[str], room: int) -> None:
    known = {"m": [series_key({"host": host}) for host in hosts], "n": []}
    kept, refused = without_surplus_series(batch(some), known.__getitem__, room)
    by_table = sorted(some, key=lambda p: list(batch(some)).index(p.measurement))
    new = [key for key in keys(by_table) if key[1] not in known[key[0]]]
    surplus = set(new[room:])
    left = [p for p in some if (p.measurement, series_key(p.tags)) not in surplus]
    assert refused == len(some) - len(left)
    assert {n: everything_of(t) for n, t in kept.items()} == {
        n: everything_of(t) for n, t in batch(left).items()
    }


def everything_of(table: object) -> list[str]:
    return list(format_table(table))  # type: ignore[arg-type]  # a table of a batch


@pytest.fixture
def small(kept: Kept) -> Kept:
    kept.store = Store(kept.folder / "segments", kept.database, kept.duck, seal_rows=100, series_per_bucket=2)
    return kept


def hosts(*names: str) -> list[Point]:
    return [point("m", number, {"host": name}, v=1) for number, name in enumerate(names)]


def test_series_that_are_there_are_taken_and_new_ones_are_not(small: Kept) -> None:
    small.write(*hosts("a"))
    kept, refused = small.store.refuse_new_series(BUCKET, batch(hosts("b", "a", "c", "c")))
    assert (len(kept["m"]), refused) == (2, 2)
    assert small.store.refuse_new_series(BUCKET, batch(hosts("b", "a", "c")), slack=2)[1] == 0
    small.write(*hosts("b"))
    assert small.store.refuse_new_series(BUCKET, batch(hosts("c"))) == ({}, 1)
    assert small.store.refuse_new_series(BUCKET, batch(hosts("b")))[1] == 0


def test_each_bucket_has_its_own_series(small: Kept) -> None:
    small.write(*hosts("a", "b"))
    small.store.create_bucket("lab", {})
    assert small.store.refuse_new_series("lab", batch(hosts("a", "b")))[1] == 0


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=5)
values = st.one_of(st.integers(-9, 9), st.booleans(), st.floats(-9, 9), st.text(max_size=4))


@given(st.lists(st.tuples(texts, texts, st.integers(-5, 5), values), min_size=1, max_size=8))
def test_what_is_written_for_the_stream_is_what_was_taken(rows: list[tuple[str, str, int, object]]) -> None:
    lines = "\n".join(
        format_lines(Point("m", {f"f{type(value).__name__}": value}, {"t": tag}, time_ns))  # type: ignore[dict-item]
        for _, tag, time_ns, value in rows
        if not tag.endswith("\\")
    )
    parsed = python.parse(lines.encode(), time_ns=0, types=lambda _m, _f: None)
    again = python.parse(lines_of(parsed.batch), time_ns=0, types=lambda _m, _f: None)
    assert everything(replace(again, marks=[])) == everything(parsed)


def format_lines(one: Point) -> str:
    return "".join(format_table(batch([one])["m"]))
