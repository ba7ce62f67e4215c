"""Texts of Flux that somebody broke are answered or refused, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

import pytest

from heliograph.errors import BucketNotFound, QueryError
from heliograph.query.flux.annotated import ANNOTATIONS, Dialect, csv_parts
from tests.unit.flux_answers import S, results, rows
from tests.unit.stored_points import Kept, point

SEED: Final = 20_261_123
SOURCE: Final = 'from(bucket: "telegraf") |> range(start: 0, stop: 100)'
STEPS: Final = (
    '|> filter(fn: (r) => r._measurement == "cpu" and (r._field == "n" or r.host =~ /[ab]/))',
    '|> filter(fn: (r) => exists r.host and r["_field"] != "s")',
    "|> aggregateWindow(every: 7s, fn: mean, createEmpty: false)",
    '|> aggregateWindow(every: 1mo, fn: (tables=<-, column) => tables |> last(), timeSrc: "_start")',
    '|> group(columns: ["host", "_field"], mode: "by")',
    '|> map(fn: (r) => ({r with x: float(v: r._value) * 2.5, y: if r._value > 3 then "a" else "b"}))',
    '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
    '|> keep(columns: ["_time", "_value", "host"])',
    '|> rename(columns: {_value: "v"})',
    "|> derivative(unit: 1s, nonNegative: true)",
    "|> window(every: 10s, createEmpty: true)",
    '|> sort(columns: ["_value", "_time"], desc: true)',
    "|> fill(usePrevious: true)",
    "|> fill(value: 0.0)",
    '|> distinct(column: "host")',
    '|> duplicate(column: "_stop", as: "_time")',
    "|> increase()",
    "|> cumulativeSum()",
    "|> difference()",
    "|> elapsed()",
    "|> toInt()",
    "|> toString()",
    "|> movingAverage(n: 3)",
    "|> top(n: 3)",
    "|> tail(n: 2, offset: 1)",
    "|> last()",
    "|> spread()",
    "|> count()",
    "|> median()",
    "|> keys()",
    "|> group()",
    '|> set(key: "host", value: "z")',
    "|> drop(fn: (column) => column =~ /^_st/)",
    '|> yield(name: "x")',
    "|> quantile(q: 0.9)",
    '|> quantile(q: 0.1, method: "exact_selector")',
    "|> aggregateWindow(every: 5s, period: 20s, fn: (tables=<-, column) => tables |> quantile(q: 0.5))",
    "|> aggregateWindow(every: 1mo, offset: 3d, fn: count)",
    "|> reduce(fn: (r, accumulator) => ({n: accumulator.n + 1}), identity: {n: 0})",
    "|> histogram(bins: linearBins(start: 0.0, width: 5.0, count: 3))",
    "|> mode()",
    "|> skew()",
    "|> integral(unit: 1m)",
    "|> exponentialMovingAverage(n: 2)",
    "|> timedMovingAverage(every: 5s, period: 20s)",
    "|> stateCount(fn: (r) => r._value > 3)",
    "|> stateDuration(fn: (r) => exists r.host)",
    "|> timeShift(duration: 1mo)",
    "|> hourSelection(start: 22, stop: 3)",
    "|> truncateTimeColumn(unit: 1h)",
    '|> highestMax(n: 2, groupColumns: ["host"])',
    '|> keyValues(keyColumns: ["host"])',
    "|> columns()",
    '|> map(fn: (r) => ({r with text: "${r._value} of ${r.host}"}))',
    '|> unique(column: "host")',
    '|> findRecord(fn: (key) => key.host == "a", idx: 0)',
)
PIECES: Final = (
    *("r", ".", "_value", "==", "1", "1.5", '"a"', "/a/", "(", ")", "[", "{", "}", ",", ":", "=>", "|>"),
    *("-", "1mo", "not", "", "${", "=", "with", '"${r.x}"', "2262-04-11", "999999999999w"),
)
"""What is put into a text."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with Kept(tmp_path_factory.mktemp("mutations")) as opened:
        for n in range(30):
            opened.write(
                point("cpu", n * S, {"host": "ab"[n % 2]}, usage=n / 3, n=n),
                point("mem", n * S, {}, s=f"text {n}", b=n % 3 == 0),
            )
        yield opened


def answered(kept: Kept, text: str) -> bool:
    """Return whether a text is answered; anything but a refusal fails the test."""
    try:
        found = results(kept, text, now_ns=100 * S)
    except BucketNotFound:
        return False
    except QueryError as error:
        told = ("@", "needs over", "no streaming data")
        assert any(words in str(error) for words in told), text  # noqa: PT017 -- both ways are right
        return False
    for dialect in (Dialect(), Dialect(annotations=ANNOTATIONS)):
        assert "".join(csv_parts(found, dialect)).endswith("\r\n")
    return True


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(5))
def test_steps_in_any_order(kept: Kept, seed: int) -> None:
    chance = random.Random(f"{SEED} {seed}")
    count = 0
    for _ in range(60):
        steps = [chance.choice(STEPS) for _ in range(chance.randrange(1, 7))]
        count += answered(kept, "\n  ".join([SOURCE, *steps]))
    assert count


@pytest.mark.parametrize("seed", range(5))
def test_broken_texts(kept: Kept, seed: int) -> None:
    chance = random.Random(f"{SEED} broken {seed}")
    for _ in range(100):
        text = "\n  ".join([SOURCE, *(chance.choice(STEPS) for _ in range(2))])
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(text))
            cut = chance.randrange(6)
            piece = chance.choice((*PIECES, chr(chance.randrange(32, 400))))
            text = f"{text[:at]}{piece}{text[at + cut :]}"
        answered(kept, text)


def test_two_streams_in_any_order(kept: Kept) -> None:
    chance = random.Random(f"{SEED} joined")
    count = 0
    for _ in range(30):
        left, right = ("\n".join([SOURCE, *chance.sample(STEPS, 2)]) for _ in range(2))
        on = chance.choice(('["_time"]', '["host", "_time"]', '["_value"]', '["x"]'))
        joined = f"a = {left}\nb = {right}\njoin(tables: {{a: a, b: b}}, on: {on})"
        by_value = "on: (l, r) => l._value == r._value, as: (l, r) => ({l with other: r._value})"
        outer = f'import "join"\na = {left}\nb = {right}\njoin.full(left: a, right: b, {by_value})'
        count += answered(kept, joined) + answered(kept, outer)
    assert count


def test_many_terms_are_no_matter(kept: Kept) -> None:
    hosts = " or ".join(f'r.host == "h{n}"' for n in range(3_000))
    source = f'{SOURCE} |> filter(fn: (r) => r._field == "n")'
    text = f'{source} |> filter(fn: (r) => {hosts} or r.host == "a") |> count()'
    assert rows(kept, text, "_value") == [(15,)]


def test_what_stands_too_deep_is_refused(kept: Kept) -> None:
    for text in (f"x = {'1 + ' * 5_000}1", SOURCE + " |> limit(n: 1)" * 5_000, "f = (x) => f(x: x)\nf(x: 1)"):
        with pytest.raises(QueryError, match="deep"):
            results(kept, text)
