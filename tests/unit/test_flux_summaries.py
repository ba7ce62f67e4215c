"""Flux reads summaries where they say what the points say, and where the points are forgotten."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heliograph.model.point import Point, UInt
from heliograph.model.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from heliograph.query import rollup_sources
from heliograph.query.rollup_sql import parts_sql
from heliograph.store.retention import WHOLE_BUCKET
from tests.unit.flux_answers import rows
from tests.unit.stored_points import BUCKET, Kept, point

SEED = 20_261_123
HOURS = 60
FUNCTIONS = ("count", "sum", "mean", "min", "max", "first", "last")
WINDOWS = (
    "every: 1m, createEmpty: false",
    "every: 5m, createEmpty: false",
    "every: 1h",
    "every: 90m",
    "every: 6h, offset: 30m",
    "every: 1d, createEmpty: false",
    "every: 1mo",
    'every: 1d, location: timezone.location(name: "Asia/Kolkata")',
    'every: 1mo, location: timezone.location(name: "Europe/Berlin")',
    "every: 7s, createEmpty: false",
)


@pytest.fixture(autouse=True, scope="module")
def few_points_are_many() -> Iterator[None]:
    """Summaries are read wherever they may be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollup_sources, "FEW_POINTS", 0)
        yield


def some_points() -> list[Point]:
    chance = random.Random(SEED)
    times = sorted(chance.sample(range(HOURS * 3_600), 1_500))
    found = []
    for n, second in enumerate(times):
        tags = chance.choice(({"host": "a"}, {"host": "b"}, {}))
        value = chance.uniform(-9, 9)
        found.append(
            point("cpu", second * SECOND_NS, tags, f=value, n=round(value) * 10**15, u=UInt(n % 7 + 2**63))
        )
    return found


def fill(kept: Kept) -> None:
    points = some_points()
    for begin in range(0, len(points), 300):
        kept.write(*points[begin : begin + 300])
        kept.store.seal()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with Kept(tmp_path_factory.mktemp("plain"), seal_rows=300) as kept:
        fill(kept)
        yield kept


@pytest.fixture(scope="module")
def rolling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The same points, summarised."""
    with Kept(tmp_path_factory.mktemp("rolling"), seal_rows=300, rollups=True) as kept:
        fill(kept)
        kept.roll_up()
        yield kept


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The same points, of which those of the first day and a half are forgotten."""
    with Kept(tmp_path_factory.mktemp("forgetful"), seal_rows=300, rollups=True) as kept:
        kept.store.set_rule(BUCKET, WHOLE_BUCKET, HOUR_NS)
        fill(kept)
        kept.roll_up()
        assert kept.store.forgetting.expire(37 * HOUR_NS).rows > 500
        yield kept


def source(start_ns: int, stop_ns: int, where: str = "true") -> str:
    times = f"start: time(v: {start_ns}), stop: time(v: {stop_ns})"
    read = f'from(bucket: "telegraf") |> range({times}) |> filter(fn: (r) => {where})'
    return f'import "timezone" {read}'


def same(one: Kept, other: Kept, text: str, *names: str) -> None:
    found, wanted = rows(one, text, *names), rows(other, text, *names)
    assert len(found) == len(wanted), text
    for a, b in zip(found, wanted, strict=True):
        assert a[:-1] == b[:-1], text
        assert type(a[-1]) is type(b[-1]), text
        assert a[-1] == (pytest.approx(b[-1], rel=1e-9) if isinstance(b[-1], float) else b[-1]), text


@pytest.mark.thorough
@pytest.mark.parametrize("function", FUNCTIONS)
def test_summaries_say_what_points_say(rolling: Kept, plain: Kept, function: str) -> None:
    chance = random.Random(f"{SEED} {function}")
    for windows in WINDOWS:
        start_ns = chance.choice((0, chance.randrange(30 * HOUR_NS)))
        stop_ns = start_ns + chance.choice((DAY_NS, chance.randrange(HOUR_NS, 2 * DAY_NS)))
        if "7s" in windows:
            stop_ns = start_ns + HOUR_NS
        where = chance.choice(("true", 'r.host == "a"', 'r._field != "u" and not exists r.host'))
        text = f"{source(start_ns, stop_ns, where)} |> aggregateWindow(fn: {function}, {windows})"
        same(rolling, plain, text, "_field", "_time", "_value")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_whole_ranges_too(rolling: Kept, plain: Kept, function: str) -> None:
    for start_ns, stop_ns in ((0, 3 * DAY_NS), (HOUR_NS + 1, 2 * DAY_NS - 7)):
        shown = ("_field", "_value") if function in ("count", "sum", "mean") else ("_time", "_value")
        same(rolling, plain, f"{source(start_ns, stop_ns)} |> {function}()", *shown)


@pytest.mark.thorough
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_forgotten_is_read_from_summaries(forgetful: Kept, plain: Kept, function: str) -> None:
    everything = source(0, HOURS * HOUR_NS)
    for windows in WINDOWS[:-1]:
        same(
            forgetful, plain, f"{everything} |> aggregateWindow(fn: {function}, {windows})", "_time", "_value"
        )
    if function not in ("min", "max"):
        same(forgetful, plain, f"{everything} |> {function}()", "_field", "_value")
    raw = f'{everything} |> filter(fn: (r) => r._field == "f")'
    assert len(rows(forgetful, raw, "_time")) < len(rows(plain, raw, "_time")) - 500


@pytest.mark.parametrize("function", ["mean", "sum", "count"])
def test_groups_read_summaries_too(forgetful: Kept, plain: Kept, function: str) -> None:
    field = source(0, HOURS * HOUR_NS, 'r._field == "n"')
    for columns in ("", '"host"'):
        text = f"{field} |> group(columns: [{columns}]) |> aggregateWindow(every: 1h, fn: {function})"
        same(forgetful, plain, text, "_time", "_value")
        same(forgetful, plain, f"{field} |> group(columns: [{columns}]) |> {function}()", "_value")


def test_the_time_of_a_forgotten_extreme_is_its_summary_s(forgetful: Kept, plain: Kept) -> None:
    text = f'{source(0, DAY_NS)} |> filter(fn: (r) => r._field == "f") |> max()'
    found, wanted = (rows(kept, text, "_value", "_time") for kept in (forgetful, plain))
    assert [value for value, _ in found] == [value for value, _ in wanted]
    assert [at for _, at in found] == [at // MINUTE_NS * MINUTE_NS for _, at in wanted]


def test_summaries_are_read_where_they_can_be(rolling: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bool] = []

    def noted(*arguments: Any, **named: Any) -> str | None:
        found = parts_sql(*arguments, **named)
        read.append(found is not None)
        return found

    # the real function answers; only whether it did is looked at
    monkeypatch.setattr("heliograph.query.flux.summaries.parts_sql", noted)
    everything = source(0, HOURS * HOUR_NS, 'r._field == "f"')
    for windows, reads in (("every: 1h", True), ("every: 7s", False), ("every: 1h, offset: 10s", False)):
        rows(rolling, f"{everything} |> aggregateWindow(fn: mean, createEmpty: false, {windows})", "_value")
        assert read.pop() is reads, windows
    rows(rolling, f"{everything} |> filter(fn: (r) => r._value > 1.0) |> mean()", "_value")
    rows(rolling, f"{everything} |> median()", "_value")
    assert not read


def test_an_hour_that_is_open_is_read_as_points(tmp_path: Path) -> None:
    with Kept(tmp_path, rollups=True) as kept:
        kept.write(*(point("cpu", n * MINUTE_NS, f=n) for n in range(120)))
        kept.store.seal()
        kept.roll_up()
        kept.write(point("cpu", MINUTE_NS, f=1_000), point("cpu", MINUTE_NS + 1, f=500))
        text = f"{source(0, 2 * HOUR_NS)} |> aggregateWindow(every: 1h, fn: sum)"
        assert rows(kept, text, "_value") == [(sum(range(60)) - 1 + 1_500,), (sum(range(60, 120)),)]
