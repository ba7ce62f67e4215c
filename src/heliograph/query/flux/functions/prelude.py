"""Functions that are Flux themselves: put together of others, as a user would do it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from heliograph.query.flux.syntax import tree
from heliograph.query.flux.syntax.parser import parse

_TEXT: Final = """
extreme_of = (n, choose, reducer, column, groupColumns, tables=<-) =>
    tables
        |> group(columns: groupColumns)
        |> reducer(column)
        |> group()
        |> choose(n, columns: [column])
highestMax = (n, column="_value", groupColumns=[], tables=<-) =>
    tables |> extreme_of(n, choose: top, reducer: max, column, groupColumns)
highestAverage = (n, column="_value", groupColumns=[], tables=<-) =>
    tables |> extreme_of(n, choose: top, reducer: mean, column, groupColumns)
highestCurrent = (n, column="_value", groupColumns=[], tables=<-) =>
    tables |> extreme_of(n, choose: top, reducer: last, column, groupColumns)
lowestMin = (n, column="_value", groupColumns=[], tables=<-) =>
    tables |> extreme_of(n, choose: bottom, reducer: min, column, groupColumns)
lowestAverage = (n, column="_value", groupColumns=[], tables=<-) =>
    tables |> extreme_of(n, choose: bottom, reducer: mean, column, groupColumns)
lowestCurrent = (n, column="_value", groupColumns=[], tables=<-) =>
    tables |> extreme_of(n, choose: bottom, reducer: last, column, groupColumns)

timedMovingAverage = (every, period, column="_value", tables=<-) =>
    tables
        |> window(every, period)
        |> mean(column)
        |> duplicate(column: "_stop", as: "_time")
        |> window(every: inf)

rate = (every, groupColumns=[], unit=1s, tables=<-) =>
    tables
        |> derivative(nonNegative: true, unit)
        |> aggregateWindow(every, fn: (column, tables=<-) => tables
            |> mean(column)
            |> group(columns: groupColumns)
            |> extend(columns: ["_start", "_stop"])
            |> sum(column))

alignTime = (alignTo=1970-01-01T00:00:00Z, tables=<-) =>
    tables
        |> stateDuration(fn: (r) => true, column: "after_first", unit: 1ns)
        |> map(fn: (r) => ({r with _time: time(v: int(v: alignTo) + r.after_first)}))
        |> drop(columns: ["after_first"])
"""
NAMES: Final = frozenset(
    {
        *("highestMax", "highestAverage", "highestCurrent", "lowestMin", "lowestAverage", "lowestCurrent"),
        "timedMovingAverage",
    }
)
"""Those that need no package."""


@cache
def prelude() -> Mapping[str, tree.Function]:
    """Return the functions by their names."""
    found = {}
    for statement in parse(_TEXT).statements:
        if isinstance(statement, tree.Assignment) and isinstance(statement.value, tree.Function):
            found[statement.name] = statement.value
    return found
