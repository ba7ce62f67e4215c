"""Pipelines of Flux on random points, against a model in plain Python; and SQL against row by row."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from heliograph.query.flux.tables import Table
from tests.unit.flux_answers import S, results, rows, tables
from tests.unit.stored_points import Kept, point

SEED = 20_261_123
START, STOP = -37 * S, 563 * S
SOURCE = 'from(bucket: "telegraf") |> range(start: 1969-12-31T23:59:23Z, stop: 1970-01-01T00:09:23Z)'
USAGE = f'{SOURCE} |> filter(fn: (r) => r._measurement == "cpu" and r._field == "usage")'
Series = dict[str, list[tuple[int, float]]]
REDUCED: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": lambda v: math.fsum(v) / len(v),
    "sum": math.fsum,
    "count": len,
    "min": min,
    "max": max,
    "first": lambda v: v[0],
    "last": lambda v: v[-1],
    "median": statistics.median,
    "spread": lambda v: max(v) - min(v),
    "stddev": lambda v: statistics.stdev(v) if len(v) > 1 else math.nan,
}


@pytest.fixture(scope="module")
def series() -> Series:
    """Per host its points, by time; some hosts have gaps of minutes."""
    chance = random.Random(SEED)
    found: Series = {}
    for host in ("a", "b", "c", "d"):
        times = sorted(chance.sample(range(-100 * S, 700 * S, S // 4), 400))
        gap = chance.randrange(0, 400) * S
        found[host] = [(t, chance.uniform(-50, 50)) for t in times if not gap < t < gap + 100 * S]
    return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, series: Series) -> Iterator[Kept]:
    """The points in segments, and the last ones hot; some were written twice."""
    with Kept(tmp_path_factory.mktemp("flux"), seal_rows=300) as opened:
        every = sorted((t, host, v) for host, points in series.items() for t, v in points)
        for begin in range(0, len(every), 100):
            some = every[max(0, begin - 20) : begin + 100]
            opened.write(*(point("cpu", t, {"host": host}, usage=v, n=round(v)) for t, host, v in some))
            if begin % 500 == 0:
                opened.store.seal()
        opened.write(point("mem", 5 * S, {}, used=7))
        yield opened


def within(points: Sequence[tuple[int, float]], start: int = START, stop: int = STOP) -> list[float]:
    return [v for t, v in points if start <= t < stop]


def windows(length: int, offset: int = 0) -> list[tuple[int, int]]:
    begin = (START - offset) // length * length + offset
    return [(max(b, START), min(b + length, STOP)) for b in range(begin, STOP, length)]


def close(found: Sequence[tuple[Any, ...]], wanted: Sequence[tuple[Any, ...]]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert one[:-1] == other[:-1]
        if one[-1] is None or other[-1] is None:
            assert one[-1] is other[-1], (one, other)
        else:
            assert one[-1] == pytest.approx(other[-1], rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize("empty", ["true", "false"])
@pytest.mark.parametrize(("every", "offset"), [(7, 0), (60, 0), (60, 13), (1_000, 0)])
def test_windows(kept: Kept, series: Series, *, name: str, empty: str, every: int, offset: int) -> None:
    arguments = f"every: {every}s, offset: {offset}s, createEmpty: {empty}"
    wanted: list[tuple[Any, ...]] = []
    for host, points in series.items():
        for begin, end in windows(every * S, offset * S):
            values = within(points, begin, end)
            if values or empty == "true":
                nothing = 0 if name == "count" else None
                wanted.append((host, end, REDUCED[name](values) if values else nothing))
    pushed = rows(kept, f"{USAGE} |> aggregateWindow(fn: {name}, {arguments})", "host", "_time", "_value")
    close(pushed, wanted)
    own = f"(tables=<-, column) => tables |> {name}(column: column)"
    here = rows(kept, f"{USAGE} |> aggregateWindow(fn: {own}, {arguments})", "host", "_time", "_value")
    close(here, wanted)


@pytest.mark.parametrize("name", REDUCED)
def test_whole_ranges(kept: Kept, series: Series, name: str) -> None:
    wanted = [(host, REDUCED[name](within(points))) for host, points in series.items()]
    close(rows(kept, f"{USAGE} |> {name}()", "host", "_value"), wanted)
    close(rows(kept, f'{USAGE} |> sort(columns: ["_time"]) |> {name}()', "host", "_value"), wanted)


@pytest.mark.parametrize("name", ["min", "max", "first", "last"])
def test_selectors_keep_the_time(kept: Kept, name: str) -> None:
    shown = ("host", "_field", "_time", "_value")
    pushed = rows(kept, f'{SOURCE} |> filter(fn: (r) => r._measurement == "cpu") |> {name}()', *shown)
    here = rows(
        kept, f'{SOURCE} |> filter(fn: (r) => r._measurement == "cpu") |> limit(n: 10000) |> {name}()', *shown
    )
    assert pushed == here
    assert len(pushed) == 8


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ('r.host == "a"', lambda host, _: host == "a"),
        ('r.host != "a" and r._value > 3.5', lambda host, v: host != "a" and v > 3.5),
        ("r.host =~ /[ab]/ and 0 >= r._value", lambda host, v: host in "ab" and v <= 0),
        ('r.host !~ /[ab]/ or r.host == "a"', lambda host, _: host in "acd"),
        (
            '(r.host == "b" and r._value < 0.0) or r._value > 40',
            lambda host, v: (host == "b" and v < 0) or v > 40,
        ),
        ('not r.host == "c" and exists r.host', lambda host, _: host != "c"),
        ("not exists r.host", lambda *_: False),
        ('contains(value: r.host, set: ["a", "d"])', lambda host, _: host in "ad"),
        (
            '(if r.host == "a" then r._value else -r._value) > 0.0',
            lambda host, v: (v if host == "a" else -v) > 0,
        ),
    ],
)
def test_filters(kept: Kept, series: Series, text: str, passes: Callable[[str, float], bool]) -> None:
    wanted = [
        (h, t, v) for h, points in series.items() for t, v in points if START <= t < STOP and passes(h, v)
    ]
    assert rows(kept, f"{USAGE} |> filter(fn: (r) => {text})", "host", "_time", "_value") == wanted
    here = f'{USAGE} |> sort(columns: ["_time"]) |> filter(fn: (r) => {text})'
    assert rows(kept, here, "host", "_time", "_value") == wanted


def test_groups(kept: Kept, series: Series) -> None:
    everything = [v for points in series.values() for v in within(points)]
    (table,) = tables(kept, f"{USAGE} |> group() |> mean()")
    assert table == {"_value": [pytest.approx(statistics.fmean(everything), rel=1e-9)]}
    last = max((t, host, v) for host, points in series.items() for t, v in points if t < STOP)
    assert rows(kept, f"{USAGE} |> group() |> last()", "_time", "host", "_value") == [last]
    by_host = rows(
        kept,
        f'{SOURCE} |> filter(fn: (r) => r._field == "n") |> group(columns: ["host"]) |> sum()',
        "host",
        "_value",
    )
    assert by_host == [(host, sum(map(round, within(points)))) for host, points in series.items()]
    except_host = f'{USAGE} |> group(columns: ["host", "_time", "_value"], mode: "except") |> count()'
    assert rows(kept, except_host, "_field", "_value") == [("usage", len(everything))]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["sum", "count", "stddev", "mean"])
@pytest.mark.parametrize(
    "columns", ["", '"host"', '"_field", "host"', '"nope"', '"host", "_start"', '"host", "host"']
)
def test_groups_in_one_statement(kept: Kept, name: str, columns: str) -> None:
    for where in ("true", 'r.host != "b"', 'r.host == "a" and r._field == "n" or r.host == "c"', "false"):
        field = f'{SOURCE} |> filter(fn: (r) => r._field == "n") |> filter(fn: (r) => {where})'
        group = f"group(columns: [{columns}])"
        for function in (f"{name}()", f"aggregateWindow(every: 100s, fn: {name})"):
            pushed, here = (
                results(kept, f"{field} {step} |> {group} |> {function}")["_result"].tables
                for step in ("", "|> limit(n: 1000000)")
            )
            assert [shape(one) for one in pushed] == [shape(other) for other in here]
            for one, other in zip(pushed, here, strict=True):
                for column, found in one.columns.items():
                    for value, wanted in zip(found.values, other.columns[column].values, strict=True):
                        near = isinstance(value, float)
                        assert value == (pytest.approx(wanted, rel=1e-9, nan_ok=True) if near else wanted)


def shape(table: Table) -> tuple[Any, ...]:
    return table.key, {name: (column.type, len(column.values)) for name, column in table.columns.items()}


def test_rates_and_sums(kept: Kept, series: Series) -> None:
    rates: list[tuple[Any, ...]] = []
    positive: list[tuple[Any, ...]] = []
    differences: list[tuple[Any, ...]] = []
    sums: list[tuple[Any, ...]] = []
    increases: list[tuple[Any, ...]] = []
    for host, points in series.items():
        some = [(t, v) for t, v in points if START <= t < STOP]
        total = rise = 0.0
        for number, (t, v) in enumerate(some):
            total += v
            sums.append((host, t, total))
            if number:
                before_t, before = some[number - 1]
                rate = (v - before) / ((t - before_t) / (60 * S))
                rates.append((host, t, rate))
                positive.append((host, t, rate if v >= before else None))
                differences.append((host, t, v - before))
                step = v - before if v >= before else v if v >= 0 else None
                rise += step or 0.0
                increases.append((host, t, None if step is None else rise))
    shown = ("host", "_time", "_value")
    close(rows(kept, f"{USAGE} |> derivative(unit: 1m)", *shown), rates)
    close(rows(kept, f"{USAGE} |> derivative(unit: 1m, nonNegative: true)", *shown), positive)
    close(rows(kept, f"{USAGE} |> difference()", *shown), differences)
    close(rows(kept, f"{USAGE} |> cumulativeSum()", *shown), sums)
    close(rows(kept, f"{USAGE} |> increase()", *shown), increases)


def test_rows_and_columns(kept: Kept, series: Series) -> None:
    some = [(t, v) for t, v in series["a"] if START <= t < STOP]
    one = f'{USAGE} |> filter(fn: (r) => r.host == "a")'
    assert rows(kept, f"{one} |> limit(n: 3, offset: 2)", "_time", "_value") == some[2:5]
    assert rows(kept, f"{one} |> tail(n: 3, offset: 1)", "_time", "_value") == some[-4:-1]
    largest = sorted((v for _, v in some), reverse=True)
    assert rows(kept, f"{one} |> top(n: 5)", "_value") == [(v,) for v in largest[:5]]
    assert rows(kept, f"{one} |> bottom(n: 5)", "_value") == [(v,) for v in largest[:-6:-1]]
    assert rows(kept, f"{one} |> sort(desc: true)", "_value") == [(v,) for v in largest]
    assert rows(kept, f'{SOURCE} |> keep(columns: ["host"]) |> distinct(column: "host")', "_value") == [
        (host,) for host in series
    ]
    (table,) = tables(
        kept,
        f'{one} |> limit(n: 1) |> drop(fn: (column) => column =~ /^_st/) |> rename(columns: {{_value: "v"}})',
    )
    assert table == {
        "_time": [some[0][0]],
        "v": [some[0][1]],
        "_field": ["usage"],
        "_measurement": ["cpu"],
        "host": ["a"],
    }


def test_fields_side_by_side(kept: Kept, series: Series) -> None:
    text = f"""{SOURCE} |> filter(fn: (r) => r._measurement == "cpu")
      |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
      |> map(fn: (r) => ({{r with _value: r.usage * 2.0 + float(v: r.n), warm: r.usage > 10.0}}))"""
    wanted = [
        (host, t, v > 10, v * 2 + round(v))
        for host, points in series.items()
        for t, v in points
        if START <= t < STOP
    ]
    close(rows(kept, text, "host", "_time", "warm", "_value"), wanted)


def test_empty_windows_are_filled(kept: Kept, series: Series) -> None:
    text = f"{USAGE} |> aggregateWindow(every: 7s, fn: last) |> fill(usePrevious: true)"
    wanted: list[tuple[Any, ...]] = []
    for host, points in series.items():
        value: float | None = None
        for begin, end in windows(7 * S):
            found = within(points, begin, end)
            value = found[-1] if found else value
            wanted.append((host, end, value))
    assert rows(kept, text, "host", "_time", "_value") == wanted
    zero = f"{USAGE} |> aggregateWindow(every: 7s, fn: mean) |> fill(value: 0.0)"
    assert None not in [value for (value,) in rows(kept, zero, "_value")]


def test_union_joins_tables_of_one_key(kept: Kept, series: Series) -> None:
    text = f"""low = {USAGE} |> filter(fn: (r) => r._value < 0)
      high = {USAGE} |> filter(fn: (r) => r._value >= 0)
      union(tables: [low, high]) |> count()"""
    assert rows(kept, text, "host", "_value") == [(h, len(within(points))) for h, points in series.items()]


def test_months_have_their_length(tmp_path: Path) -> None:
    with Kept(tmp_path) as opened:
        days = [point("m", day * 86_400 * S, {}, v=1) for day in range(120)]
        opened.write(*days)
        source = 'from(bucket: "telegraf") |> range(start: 0, stop: 1970-05-01)'
        text = f"{source} |> aggregateWindow(every: 1mo, fn: sum)"
        assert rows(opened, text, "_value") == [(31,), (28,), (31,), (30,)]
