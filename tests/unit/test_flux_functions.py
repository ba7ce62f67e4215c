"""Functions of Flux that join, fold, spread, shift and find, on points that can be counted by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import pytest

from heliograph.errors import QueryError
from tests.unit.flux_answers import S, results, rows, tables
from tests.unit.stored_points import Kept, point

SEED = 20_261_123
SOURCE = 'from(bucket: "telegraf") |> range(start: 0, stop: 100)'
N = f'{SOURCE} |> filter(fn: (r) => r._field == "n")'
USAGE = f'{SOURCE} |> filter(fn: (r) => r._field == "usage")'
A = f'{N} |> filter(fn: (r) => r.host == "a")'


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Host a at even seconds, b at odd ones; n is the second, usage a third of it."""
    with Kept(tmp_path_factory.mktemp("functions")) as opened:
        opened.write(*(point("cpu", n * S, {"host": "ab"[n % 2]}, usage=n / 3, n=n) for n in range(30)))
        yield opened


def values(kept: Kept, text: str, name: str = "_value") -> list[Any]:
    return [value for (value,) in rows(kept, text, name)]


def test_join_puts_shared_columns_side_by_side(kept: Kept) -> None:
    text = f'a = {N} b = {USAGE} join(tables: {{b: b, a: a}}, on: ["_time", "host"])'
    found = tables(kept, text)
    assert [list(table) for table in found] == [
        [
            *("_field_a", "_field_b", "_measurement_a", "_measurement_b", "_start_a", "_start_b"),
            *("_stop_a", "_stop_b", "_time", "_value_a", "_value_b", "host"),
        ]
    ] * 2
    assert rows(kept, text, "host", "_time", "_value_a", "_value_b") == [
        ("ab"[n % 2], n * S, n, n / 3) for n in (*range(0, 30, 2), *range(1, 30, 2))
    ]
    (answer,) = results(kept, text).values()
    assert [name for name in answer.tables[0].key if not name.startswith(("_start", "_stop"))] == [
        *("_field_a", "_field_b", "_measurement_a", "_measurement_b", "host")
    ]


def test_join_gives_each_pair_and_leaves_out_the_rest(kept: Kept) -> None:
    head = 'import "array"\n'
    left = 'array.from(rows: [{k: "x", v: 1}, {k: "y", v: 2}, {k: "x", v: 3}])'
    right = 'array.from(rows: [{k: "x", w: 1.5}, {k: "z", w: 2.5}, {k: "x", w: 3.5}])'
    text = f'{head}join(tables: {{l: {left}, r: {right}}}, on: ["k"])'
    assert rows(kept, text, "k", "v", "w") == [("x", 1, 1.5), ("x", 1, 3.5), ("x", 3, 1.5), ("x", 3, 3.5)]
    assert tables(kept, text.replace('["k"]', '["v"]')) == []
    assert tables(kept, text.replace("w: ", "v: ").replace('["k"]', '["v"]')) == [], "int never equals float"


@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        ("inner", [("x", 1, 1.5)]),
        ("left", [("x", 1, 1.5), ("y", 2, None)]),
        ("right", [("x", 1, 1.5), (None, None, 2.5)]),
        ("full", [("x", 1, 1.5), ("y", 2, None), (None, None, 2.5)]),
    ],
)
def test_the_package_join(kept: Kept, method: str, wanted: list[Any]) -> None:
    left = 'array.from(rows: [{k: "x", v: 1}, {k: "y", v: 2}])'
    right = 'array.from(rows: [{j: "x", w: 1.5}, {j: "z", w: 2.5}])'
    given = "on: (l, r) => l.k == r.j, as: (l, r) => ({k: l.k, v: l.v, w: r.w})"
    head = 'import "array"\nimport "join"\n'
    assert rows(kept, f"{head}{left} |> join.{method}(right: {right}, {given})", "k", "v", "w") == wanted
    text = f'{head}join.tables(left: {left}, right: {right}, method: "{method}", {given})'
    assert rows(kept, text, "k", "v", "w") == wanted


def test_join_by_time_keeps_the_groups(kept: Kept) -> None:
    text = f"""import "join"
      a = {N} |> group(columns: ["host"]) |> limit(n: 3)
      b = {USAGE} |> group(columns: ["host"])
      join.time(left: a, right: b, as: (l, r) => ({{l with u: r._value}}))"""
    seconds = (0, 2, 4, 1, 3, 5)
    assert rows(kept, text, "host", "_value", "u") == [("ab"[n % 2], n, n / 3) for n in seconds]
    assert len(tables(kept, text)) == 2
    with pytest.raises(QueryError, match="must keep the column"):
        results(kept, text.replace("{l with u: r._value}", "{u: r._value}"))


def test_reduce(kept: Kept) -> None:
    fold = (
        "(r, accumulator) => ({total: r._value + accumulator.total, most: if r._value > accumulator.most then"
    )
    text = f"{N} |> reduce(fn: {fold} r._value else accumulator.most}}), identity: {{total: 0, most: -1}})"
    found = tables(kept, text)
    assert [list(table) for table in found] == [
        ["_start", "_stop", "_field", "_measurement", "host", "most", "total"]
    ] * 2
    assert rows(kept, text, "most", "total") == [(28, 210), (29, 225)]
    with pytest.raises(QueryError, match=r"of \{a: int\}, \{a: float\} came"):
        results(kept, f"{N} |> reduce(fn: (r, accumulator) => ({{a: 1.0}}), identity: {{a: 1}})")
    same = '(r, accumulator) => ({host: "z", a: 1})'
    with pytest.raises(QueryError, match="two reducers"):
        results(kept, f'{N} |> reduce(fn: {same}, identity: {{host: "", a: 1}})')


def test_quantiles(kept: Kept) -> None:
    chance = random.Random(SEED)
    ordered = [float(n) for n in range(0, 30, 2)]
    for q in (0.0, 0.5, 0.9, 1.0, chance.random(), chance.random()):
        place = q * (len(ordered) - 1)
        low = math.floor(place)
        between = ordered[low] + (ordered[min(low + 1, 14)] - ordered[low]) * (place - low)
        near = ordered[max(math.ceil(q * len(ordered)) - 1, 0)]
        for method, wanted in (
            ("estimate_tdigest", between),
            ("exact_mean", between),
            ("exact_selector", near),
        ):
            call = f'quantile(q: {q!r}, method: "{method}")'
            assert values(kept, f"{A} |> {call}") == [pytest.approx(wanted)]
            assert values(kept, f'{A} |> sort(columns: ["_time"]) |> {call}') == [pytest.approx(wanted)]
    window = "(column, tables=<-) => tables |> quantile(q: 0.25, column: column)"
    assert values(kept, f"{A} |> aggregateWindow(every: 10s, fn: {window}, createEmpty: false)") == [
        2,
        12,
        22,
    ]
    assert values(kept, f'{A} |> median(method: "exact_selector")') == [14]
    assert rows(kept, f'{A} |> quantile(q: 0.5, method: "exact_selector")', "_time") == [(14 * S,)]


def test_how_values_are_spread(kept: Kept) -> None:
    bins = "bins: linearBins(start: 0.0, width: 5.0, count: 3)"
    assert rows(kept, f"{USAGE} |> group() |> histogram({bins})", "le", "_value") == [
        (0.0, 1.0), (5.0, 16.0), (10.0, 30.0), (math.inf, 30.0),
    ]  # fmt: skip
    logarithmic = (
        "bins: logarithmicBins(start: 1.0, factor: 10.0, count: 2, infinity: false), normalize: true"
    )
    assert values(kept, f"{USAGE} |> group() |> histogram({logarithmic})") == [4 / 30, 1.0]
    with pytest.raises(QueryError, match="above all bins"):
        results(kept, f"{USAGE} |> histogram(bins: [1.0])")
    assert values(kept, f"{N} |> mode()") == [None, None]
    thirds = "map(fn: (r) => ({r with _value: r._value % 3}))"
    assert values(kept, f"{A} |> {thirds} |> limit(n: 4) |> mode()") == [0]
    assert values(kept, f"{A} |> map(fn: (r) => ({{r with _value: r._value ^ 2}})) |> skew()") == [
        pytest.approx(0.66655, abs=1e-5)
    ]
    assert values(kept, f'{A} |> stddev(mode: "population")') == [pytest.approx(8.640987)]


def test_areas_and_averages(kept: Kept) -> None:
    assert values(kept, f"{A} |> integral(unit: 1s)") == [sum((n + n + 2) for n in range(0, 28, 2))]
    assert values(kept, f"{A} |> limit(n: 1) |> integral()") == [0.0]
    assert values(kept, f"{A} |> limit(n: 5) |> exponentialMovingAverage(n: 3)") == [2.0, 4.0, 6.0]
    moving = f"{A} |> timedMovingAverage(every: 10s, period: 20s) |> limit(n: 3)"
    assert rows(kept, moving, "_time", "_value") == [(10 * S, 4.0), (20 * S, 9.0), (30 * S, 19.0)]
    rate = (
        f'import "experimental/aggregate" {N} |> aggregate.rate(every: 10s, unit: 1m, groupColumns: ["host"])'
    )
    assert rows(kept, f"{rate} |> filter(fn: (r) => exists r._value)", "host", "_value") == [
        (host, 60.0) for host in "ab" for _ in range(3)
    ]


def test_states(kept: Kept) -> None:
    some = f"{A} |> limit(n: 5)"
    assert values(kept, f"{some} |> stateCount(fn: (r) => r._value != 4)", "stateCount") == [1, 2, -1, 1, 2]
    state = 'stateDuration(fn: (r) => r._value > 1, unit: 2s, column: "d")'
    assert values(kept, f"{some} |> {state}", "d") == [-1, 0, 1, 2, 3]


def test_times_that_are_moved_or_chosen(kept: Kept) -> None:
    shifted = f"{A} |> limit(n: 1) |> timeShift(duration: 1h)"
    assert rows(kept, shifted, "_start", "_time") == [(3_600 * S, 3_600 * S)]
    assert values(kept, f"{N} |> hourSelection(start: 1, stop: 23)") == []
    assert len(values(kept, f"{N} |> hourSelection(start: 22, stop: 1)")) == 30
    assert set(values(kept, f"{N} |> truncateTimeColumn(unit: 10s)", "_time")) == {0, 10 * S, 20 * S}
    aligned = (
        'import "experimental" '
        + N
        + " |> tail(n: 2) |> experimental.alignTime(alignTo: 1970-01-02T00:00:00Z)"
    )
    assert values(kept, aligned, "_time") == [86_400 * S, 86_402 * S] * 2
    between = 'import "interpolate" ' + USAGE + ' |> filter(fn: (r) => r.host == "a") |> limit(n: 2)'
    assert rows(kept, f"{between} |> interpolate.linear(every: 1s)", "_time", "_value") == [
        (n * S, pytest.approx(n / 3)) for n in range(3)
    ]


def test_windows_that_overlap(kept: Kept) -> None:
    text = f"{A} |> aggregateWindow(every: 10s, period: 20s, fn: sum, createEmpty: false)"
    assert rows(kept, text, "_time", "_value") == [
        (10 * S, 20), (20 * S, 90), (30 * S, 190), (40 * S, 120),
    ]  # fmt: skip


def test_what_is_found_can_be_used(kept: Kept) -> None:
    text = f"""x = {N} |> findRecord(fn: (key) => key.host == "b", idx: 1)
      y = {N} |> findColumn(fn: (key) => key.host == "a", column: "_value")
      z = {N} |> tableFind(fn: (key) => key.host == "a") |> getRecord(idx: 2)
      none = {N} |> findRecord(fn: (key) => key.host == "c", idx: 0)
      {A} |> limit(n: 1)
        |> map(fn: (r) => ({{v: x._value, host: x.host, y: y[3], z: z._value, there: exists none._value}}))"""
    assert rows(kept, text, "v", "host", "y", "z", "there") == [(3, "b", 6, 4, False)]


def test_what_tables_are_like(kept: Kept) -> None:
    assert values(kept, f"{A} |> columns()") == [
        *("_start", "_stop", "_time", "_value", "_field", "_measurement", "host")
    ]
    keys = f'{N} |> keyValues(keyColumns: ["host", "_field"])'
    assert rows(kept, keys, "_key", "_value") == [
        ("host", "a"), ("_field", "n"), ("host", "b"), ("_field", "n"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("highestMax(n: 1)", [29]),
        ('highestMax(n: 3, groupColumns: ["host"])', [29, 28]),
        ('highestAverage(n: 1, groupColumns: ["host"])', [15.0]),
        ('highestCurrent(n: 2, groupColumns: ["host"])', [29, 28]),
        ('lowestMin(n: 2, groupColumns: ["host"])', [0, 1]),
        ('lowestAverage(n: 1, groupColumns: ["host"])', [14.0]),
        ('lowestCurrent(n: 1, groupColumns: ["host"])', [28]),
    ],
)
def test_extremes_of_groups(kept: Kept, call: str, wanted: list[float]) -> None:
    assert values(kept, f"{N} |> {call}") == wanted


def test_experimental_shapes(kept: Kept) -> None:
    head = 'import "experimental"\n'
    text = f'{head}{A} |> limit(n: 1) |> experimental.set(o: {{_field: "z", x: 1.5}})'
    assert rows(kept, text, "_field", "x", "_value") == [("z", 1.5, 0)]
    wide = f'{head}{SOURCE} |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
    long = f'{wide} |> limit(n: 1) |> keep(columns: ["_time", "host", "n"]) |> experimental.unpivot()'
    assert rows(kept, long, "host", "_field", "_value") == [("a", "n", 0), ("b", "n", 1)]
    extended = f'{head}{N} |> group() |> experimental.group(columns: ["host"], mode: "extend")'
    assert len(tables(kept, extended)) == 2


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ('"${1 + 1} of ${"x" + "y"} at ${1970-01-01T00:00:01Z} ${true} ${1.5} ${1h30m}"',
         "2 of xy at 1970-01-01T00:00:01Z true 1.5 1h30m"),
        ('dict.get(dict: ["a": 1, "b": 2], key: "b", default: 0)', 2),
        ('dict.get(dict: dict.remove(dict: ["a": 1], key: "a"), key: "a", default: 7)', 7),
        ('dict.get(dict: dict.insert(dict: [:], key: 1, value: "x"), key: 1, default: "")', "x"),
        ('dict.get(dict: dict.fromList(pairs: [{key: "a", value: 5}]), key: "a", default: 0)', 5),
        ('regexp.replaceAllString(r: /(.)a/, v: "banana", t: "<$1>")', "<b><n><n>"),
        ('regexp.findString(r: /n+a/, v: "banana")', "na"),
        ('regexp.matchRegexpString(r: regexp.compile(v: "^b"), v: "banana")', True),
        ('regexp.quoteMeta(v: "a.b")', "a\\.b"),
        ('strings.joinStr(arr: strings.split(v: "a-b-c", t: "-"), v: "+")', "a+b+c"),
        ('strings.substring(v: "banana", start: 1, end: 3)', "an"),
        ('strings.title(v: "a tale")', "A Tale"),
        ('strings.strlen(v: "µm")', 2),
        ('strings.replace(v: "aaa", t: "a", u: "b", i: 2)', "bba"),
        ('types.isType(v: 1.5, type: "float")', True),
        ("length(arr: array.concat(arr: [1], v: [2, 3]))", 3),
        ("array.map(arr: [1, 2], fn: (x) => x * 10)[1]", 20),
        ("array.filter(arr: [1, 2], fn: (x) => x > 1)[0]", 2),
        ("math.mMax(x: 1.0, y: 2.0)", 2.0),
        ("math.isNaN(f: math.NaN())", True),
        ("math.isInf(f: math.mInf(sign: -1), sign: 1)", False),
        ("math.hypot(x: 3.0, y: 4.0)", 5.0),
        ("date.month(t: 2032-02-29T12:00:00Z)", 2),
        ("date.weekDay(t: 2032-02-29T12:00:00Z)", 0),
        ("date.yearDay(t: 2032-02-29T12:00:00Z)", 60),
        ("date.quarter(t: 2032-04-01T00:00:00Z)", 2),
        ("date.week(t: 2032-02-29T12:00:00Z)", 9),
        ("date.millisecond(t: 2032-02-29T12:00:00.123456789Z)", 123),
        ("int(v: date.truncate(t: 1970-01-02T12:00:00Z, unit: 1d))", 86_400 * S),
        ("int(v: date.sub(d: 1d, from: 1970-01-02T12:00:00Z))", 43_200 * S),
        ("int(v: date.add(d: 1mo, to: 1970-01-31T00:00:00Z))", 58 * 86_400 * S),
        ("int(v: experimental.addDuration(d: 1h, to: 1970-01-01T00:00:00Z))", 3_600 * S),
        ("length(arr: experimental.objectKeys(o: {a: 1, b: 2}))", 2),
    ],
)  # fmt: skip
def test_values(kept: Kept, expression: str, wanted: object) -> None:
    packages = ("array", "date", "dict", "experimental", "math", "regexp", "strings", "types")
    head = "\n".join(f'import "{name}"' for name in packages)
    found = values(kept, f"{head}\n{A} |> limit(n: 1) |> map(fn: (r) => ({{x: {expression}}}))", "x")
    assert found == [wanted]
    assert type(found[0]) is type(wanted)
