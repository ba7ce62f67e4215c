"""The parts of Flux by name, each with a pipeline and the question in InfluxQL that has the same values."""

from __future__ import annotations

from typing import Final

from tests.influxql_features import START_S

_RANGE: Final = f"range(start: {START_S}, stop: {START_S + 600})"
_CPU: Final = f'from(bucket: "features") |> {_RANGE} |> filter(fn: (r) => r._measurement == "cpu")'
_F: Final = f'{_CPU} |> filter(fn: (r) => r._field == "f")'
_SPAN: Final = f"time >= {START_S}s AND time < {START_S + 600}s"


def _windows(function: str) -> tuple[str, str]:
    pipeline = f"{_F} |> aggregateWindow(every: 1m, fn: {function}, createEmpty: false)"
    return pipeline, f"SELECT {function}(f) FROM cpu WHERE {_SPAN} GROUP BY time(1m), host fill(none)"


FEATURES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "from, range, filter by measurement, field, tags": (
        (_F, f"SELECT f FROM cpu WHERE {_SPAN}"),
        (
            f'{_F} |> filter(fn: (r) => r.host == "a" or r.zone == "y")',
            f"SELECT f FROM cpu WHERE (host = 'a' OR zone = 'y') AND {_SPAN}",
        ),
    ),
    "filter by regular expressions and values": (
        (
            f"{_F} |> filter(fn: (r) => r.host =~ /^(a|b)$/ and r._value > 20.0)",
            f"SELECT f FROM cpu WHERE host =~ /^(a|b)$/ AND f > 20 AND {_SPAN}",
        ),
    ),
    "aggregateWindow": tuple(map(_windows, ("mean", "sum", "min", "max", "count", "first", "last"))),
    "aggregates: mean, sum, count, median, stddev, spread": tuple(
        (f"{_F} |> {name}()", f"SELECT {name}(f) FROM cpu WHERE {_SPAN} GROUP BY host")
        for name in ("mean", "sum", "count", "median", "stddev", "spread")
    ),
    "selectors: min, max, first, last, limit, tail": (
        *(
            (f"{_F} |> {name}()", f"SELECT {name}(f) FROM cpu WHERE {_SPAN} GROUP BY host")
            for name in ("min", "max", "first", "last")
        ),
        (f"{_F} |> limit(n: 3)", f"SELECT f FROM cpu WHERE {_SPAN} GROUP BY host LIMIT 3"),
        (f"{_F} |> tail(n: 3)", f"SELECT f FROM cpu WHERE {_SPAN} GROUP BY host ORDER BY time DESC LIMIT 3"),
    ),
    "group, sort, top, bottom": (
        (f"{_F} |> group() |> max()", f"SELECT max(f) FROM cpu WHERE {_SPAN}"),
        (
            f'{_F} |> group() |> sort(columns: ["_value"]) |> limit(n: 1)',
            f"SELECT min(f) FROM cpu WHERE {_SPAN}",
        ),
        (f"{_F} |> top(n: 2)", f"SELECT top(f, 2) FROM cpu WHERE {_SPAN} GROUP BY host"),
        (f"{_F} |> bottom(n: 2)", f"SELECT bottom(f, 2) FROM cpu WHERE {_SPAN} GROUP BY host"),
    ),
    "map": (
        (
            f"{_F} |> map(fn: (r) => ({{r with _value: r._value * 2.0 + 1.0}}))",
            f"SELECT f * 2 + 1 FROM cpu WHERE {_SPAN}",
        ),
    ),
    "derivative, difference, cumulativeSum": (
        (
            f"{_F} |> derivative(unit: 10s)",
            f"SELECT derivative(f, 10s) FROM cpu WHERE {_SPAN} GROUP BY host",
        ),
        (f"{_F} |> difference()", f"SELECT difference(f) FROM cpu WHERE {_SPAN} GROUP BY host"),
        (f"{_F} |> cumulativeSum()", f"SELECT cumulative_sum(f) FROM cpu WHERE {_SPAN} GROUP BY host"),
    ),
    "distinct": ((f"{_F} |> group() |> distinct()", f"SELECT distinct(f) FROM cpu WHERE {_SPAN}"),),
    "pivot, keep, drop, rename": (
        (
            (
                f'{_CPU} |> filter(fn: (r) => r._field == "f" or r._field == "u")'
                ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
                ' |> drop(columns: ["u"]) |> rename(columns: {f: "_value"})'
                ' |> keep(columns: ["_time", "_value", "host"])'
            ),
            f"SELECT f FROM cpu WHERE {_SPAN}",
        ),
    ),
    "variables, functions of your own, option v": (
        (
            (
                f"option v = {{timeRangeStart: {START_S}, timeRangeStop: {START_S + 600},"
                " windowPeriod: 1m}\n"
                "twice = (tables=<-) => tables |> map(fn: (r) => ({r with _value: r._value * 2.0}))\n"
                'data = from(bucket: "features") |> range(start: v.timeRangeStart, stop: v.timeRangeStop)\n'
                'data |> filter(fn: (r) => r._measurement == "cpu" and r._field == "f")'
                " |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false) |> twice()"
            ),
            f"SELECT max(f) * 2 FROM cpu WHERE {_SPAN} GROUP BY time(1m), host fill(none)",
        ),
    ),
}
