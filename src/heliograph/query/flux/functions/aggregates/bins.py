"""How values are spread: histogram() with its bins, and mode()."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.functions.arguments import Arguments, Builtin
from heliograph.query.flux.session import Session
from heliograph.query.flux.tables import VALUE, Column, Table, Tables

_MOST_BINS: Final = 10_000


def _histogram(session: Session, arguments: Arguments) -> Tables:
    column, bins = arguments.column(), arguments.get("bins")
    names = str(arguments.text("upperBoundColumn", "le")), str(arguments.text("countColumn", VALUE))
    normalize = arguments.flag("normalize", default=False)
    if not isinstance(bins, list) or not bins or not all(isinstance(one, float) for one in bins):
        raise arguments.refuse('argument "bins" must be a list of floats, at least one, as [10.0, 20.0]')
    edges = sorted(bins)

    def spread(table: Table) -> Table:
        values = table.column(column, "histogram")
        if values.type != "float":
            raise QueryError(
                f'histogram: column "{column}" must be a float, {values.type} came; put toFloat() before'
            )
        counts = _counts([value for value in values.values if value is not None], edges)
        total = counts[-1] if normalize and counts[-1] else 1.0
        columns = {n: Column(table.columns[n].type, [v] * len(edges)) for n, v in table.key.items()}
        columns[names[0]] = Column("float", list(edges))
        columns[names[1]] = Column("float", [count / total for count in counts])
        return Table(table.key, columns)

    return arguments.tables(session).each(spread)


def _counts(values: list[float], edges: list[float]) -> list[float]:
    """Return how many values are at most as large as each edge."""
    counts = [0.0] * len(edges)
    for value in values:
        place = bisect_left(edges, value)
        if place == len(edges):
            raise QueryError(
                f"histogram: the value {value:g} is above all bins; the last may be math.mInf(sign: 1)"
            )
        counts[place] += 1
    return list(accumulate(counts))


def _bins(name: str, step_name: str) -> Builtin:
    def call(_: Session, arguments: Arguments) -> list[float]:
        bound, step = arguments.number("start"), arguments.number(step_name)
        count, infinity = arguments.whole("count"), arguments.flag("infinity", default=True)
        if count > _MOST_BINS:
            raise arguments.refuse(f'argument "count" may be {_MOST_BINS:,} at most, {count:,} came')
        found = []
        for _number in range(count):
            found.append(bound)
            bound = bound + step if step_name == "width" else bound * step
        return [*found, math.inf] if infinity else found

    return Builtin(name, call)


def _mode(session: Session, arguments: Arguments) -> Tables:
    column = arguments.column()

    def most_frequent(table: Table) -> Table:
        values = table.column(column, "mode")
        found = _modes([value for value in values.values if value is not None])
        columns = {n: Column(table.columns[n].type, [v] * len(found)) for n, v in table.key.items()}
        return Table(table.key, {**columns, VALUE: Column(values.type, found)})

    return arguments.tables(session).each(most_frequent)


def _modes(values: list[Any]) -> list[Any]:
    """Return what occurs most often, by value; one that is missing where all occur as often."""
    counts = Counter(values)
    most = max(counts.values(), default=0)
    found = sorted(value for value, count in counts.items() if count == most)
    return [None] if len(found) == len(counts) else found


FUNCTIONS: Final = (
    Builtin("histogram", _histogram),
    _bins("linearBins", "width"),
    _bins("logarithmicBins", "factor"),
    Builtin("mode", _mode),
)
