"""What makes one value of many: of plain values, and as SQL."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from heliograph.query.flux.functions.arguments import Arguments
from heliograph.query.flux.operators import wrapped
from heliograph.query.flux.tables import NUMERIC, Column
from heliograph.query.plan import Aggregate

_ANY: Final = NUMERIC | {"bool", "string", "time"}
_PRESENT: Final = "FILTER (WHERE {0} IS NOT NULL)"
ESTIMATED: Final = "estimate_tdigest"
EXACT_MEAN: Final = "exact_mean"
EXACT_SELECTOR: Final = "exact_selector"
Values = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Reducer:
    """One function: what it takes, what it gives, and how."""

    name: str
    types: frozenset[str]
    values: Callable[[Values], Any]
    """The result of values that are not missing, at least one."""
    sql: str = ""
    """Of {0}, the value; rows without one are left out. "" where SQL does not have it."""
    result: str = ""
    """The type of the result; "" is that of the column."""
    time_sql: str = ""
    """Of selectors, when the chosen row is."""
    row: Callable[[Values, Sequence[int]], int] | None = None
    """Of selectors, which of some rows it chooses."""
    aggregate: Aggregate | None = None
    """What it is for summaries; None where they do not have it."""

    def type_of(self, kind: str) -> str:
        """Return the type of the result."""
        return self.result or kind

    def of(self, column: Column) -> Any:
        """Return the aggregate of a column; count counts missing values too."""
        if self.name == "count":
            return len(column.values)
        values = [value for value in column.values if value is not None]
        return whole(self.values(values), column.type) if values else None


def whole(value: Any, kind: str) -> Any:
    """Return a value of a column's type as 64 bits hold it."""
    return wrapped(value, unsigned=kind == "uint") if type(value) is int else value


def _stddev(mode: str) -> Callable[[Values], float]:
    def deviation(values: Values) -> float:
        if mode == "population":
            return statistics.pstdev(map(float, values))
        return statistics.stdev(map(float, values)) if len(values) > 1 else math.nan

    return deviation


def _sum(values: Values) -> Any:
    return math.fsum(values) if isinstance(values[0], float) else sum(values)


def _skew(values: Values) -> float:
    mean = math.fsum(values) / len(values)
    second = math.fsum((value - mean) ** 2 for value in values)
    third = math.fsum((value - mean) ** 3 for value in values)
    return math.sqrt(len(values)) * third / math.pow(second, 1.5) if second else math.nan


def _between(q: float) -> Callable[[Values], float]:
    def value(values: Values) -> float:
        ordered = sorted(map(float, values))
        low, part = divmod(q * (len(ordered) - 1), 1)
        first, second = ordered[int(low)], ordered[min(int(low) + 1, len(ordered) - 1)]
        return first if not part else first * (1 - part) + second * part

    return value


def _nearest(q: float) -> Callable[[Values, Sequence[int]], int]:
    def row(values: Values, rows: Sequence[int]) -> int:
        ordered = sorted(rows, key=values.__getitem__)
        return ordered[max(math.ceil(q * len(ordered)) - 1, 0)]

    return row


def stddev(mode: str) -> Reducer:
    """Return the deviation of a "sample", or of a whole "population"."""
    population = mode == "population"
    alone = "0" if population else "'NaN'"
    function = "stddev_pop" if population else "stddev_samp"
    sql = f"CASE WHEN count({{0}}) > 1 THEN {function}({{0}}::DOUBLE) ELSE {alone}::DOUBLE END"
    return Reducer("stddev", NUMERIC, _stddev(mode), sql, "float")


def quantile(q: float, method: str, *, name: str = "quantile") -> Reducer:
    """Return what gives the value below which a part ``q`` of all lies.

    It lies between two values where needed, whatever the method but the selector, which gives a row.
    """
    if method == EXACT_SELECTOR:
        row = _nearest(q)
        return Reducer(name, _ANY, lambda values: values[row(values, range(len(values)))], row=row)
    return Reducer(name, NUMERIC, _between(q), f"quantile_cont({{0}}::DOUBLE, {q!r})", "float")


REDUCERS: Final = {
    one.name: one
    for one in (
        Reducer("count", _ANY, len, "count({0})", "int", aggregate=Aggregate.COUNT),
        Reducer("sum", NUMERIC, _sum, "sum({0})", aggregate=Aggregate.SUM),
        Reducer(
            "mean",
            NUMERIC,
            lambda v: math.fsum(v) / len(v),
            "avg({0})",
            "float",
            aggregate=Aggregate.MEAN,
        ),
        quantile(0.5, EXACT_MEAN, name="median"),
        stddev("sample"),
        Reducer("spread", NUMERIC, lambda v: max(v) - min(v), "max({0}) - min({0})"),
        Reducer("skew", NUMERIC, _skew, result="float"),
        Reducer(
            "min",
            NUMERIC,
            min,
            "min({0})",
            time_sql=f"(min({{{{'v': {{0}}, 't': t}}}}) {_PRESENT}).t",
            row=lambda values, rows: min(rows, key=values.__getitem__),
            aggregate=Aggregate.MIN,
        ),
        Reducer(
            "max",
            NUMERIC,
            max,
            "max({0})",
            time_sql=f"-(max({{{{'v': {{0}}, 't': -t}}}}) {_PRESENT}).t",
            row=lambda values, rows: max(rows, key=values.__getitem__),
            aggregate=Aggregate.MAX,
        ),
        Reducer(
            "first",
            _ANY,
            lambda v: v[0],
            "arg_min({0}, t)",
            time_sql=f"min(t) {_PRESENT}",
            row=lambda _, rows: rows[0],
            aggregate=Aggregate.FIRST,
        ),
        Reducer(
            "last",
            _ANY,
            lambda v: v[-1],
            "arg_max({0}, t)",
            time_sql=f"max(t) {_PRESENT}",
            row=lambda _, rows: rows[-1],
            aggregate=Aggregate.LAST,
        ),
    )
}


def called(name: str, arguments: Arguments) -> Reducer:
    """Return the function of a name as its call wants it.

    Raises:
        QuerySyntaxError: the call wants what there is not.
    """
    if name == "stddev":
        mode = str(arguments.text("mode", "sample"))
        if mode not in ("sample", "population"):
            raise arguments.refuse('argument "mode" must be "sample" or "population"')
        return stddev(mode)
    if name not in ("median", "quantile"):
        return REDUCERS[name]
    method = str(arguments.text("method", ESTIMATED))
    if method not in (ESTIMATED, EXACT_MEAN, EXACT_SELECTOR):
        raise arguments.refuse(
            f'argument "method" must be "{ESTIMATED}", "{EXACT_MEAN}" or "{EXACT_SELECTOR}"'
        )
    arguments.get("compression", None)
    q = arguments.number("q") if name == "quantile" else 0.5
    if not 0 <= q <= 1:
        raise arguments.refuse(f'argument "q" must be from 0 to 1, {q:g} came')
    return quantile(q, method, name=name)
