"""``holt_winters()``: what comes next, by trend and season of what was.

The model is the damped one with a multiplicative season: level, trend and season are smoothed with weights
alpha, beta and gamma, and the trend is damped by phi. Weights and first values are those with the smallest
sum of squared errors.

Source: P. R. Winters, "Forecasting sales by exponentially weighted moving averages", 1960; E. S. Gardner and
E. McKenzie on the damped trend, 1985; the guesses and bounds are InfluxDB's, seen in its answers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Final

from heliograph.query.influxql.functions.simplex import added, smallest
from heliograph.query.influxql.plan.shapes import Points
from heliograph.query.influxql.tree import Call, Integer

_GUESSES: Final = (0.3, 0.7)
"""From each mix of these as weights the search begins once."""
_WEIGHT: Final = 0.5
"""Of the first value and the first change in the first level and trend, where there are no seasons."""
_EPSILON: Final = 1e-4
_SEASONS_AT: Final = 6
"""The parameters are alpha, beta, gamma, phi, level and trend, then the season."""

Check = Callable[[int], None]
"""Refuses so many numbers where they are too many, and any number when the time is over."""


def whole_numbers(call: Call) -> tuple[int, int]:
    """Return the second and third argument of a forecast: how many points, and those of a season."""
    count, season = call.args[1:]
    assert isinstance(count, Integer)  # noqa: S101 -- the list was checked
    assert isinstance(season, Integer)  # noqa: S101
    return count.value, season.value


def forecast(points: Points, count: int, season: int, interval_ns: int, *, fit: bool, check: Check) -> Points:
    """Return the ``count`` points that follow a series, with ``fit`` after those of the model itself.

    ``season`` is the number of points of a season, 0 or 1 where there is none.

    Raises:
        QueryError: ``check`` says that it is too much, or takes too long.
    """
    known = [(at, float(v)) for at, v in zip(points.times_ns, points.values, strict=True) if v is not None]
    if len(known) < 2 or (season > 1 and len(known) < season):
        return Points([], [])
    check(_nearest(known[-1][0], interval_ns) - _nearest(known[0][0], interval_ns) + count)
    check(season * season)  # so many numbers has the simplex
    values = _by_interval(known, interval_ns)
    if len(values) < 2:
        return Points([], [])
    model = _Model(values, season if season > 1 else 0, check)
    found = model.values(len(values) + count, model.best())
    first_ns, skipped = (known[0][0], 0) if fit else (known[-1][0] + interval_ns, len(values))
    made = Points([], [])
    for number, value in enumerate(found[skipped:]):
        if not math.isnan(value):
            made.times_ns.append(first_ns + number * interval_ns)
            made.values.append(value)
    return made


def _by_interval(known: list[tuple[int, float]], interval_ns: int) -> list[float]:
    """Return a value for each interval from the first to the last point, NaN where there is none."""
    first = _nearest(known[0][0], interval_ns)
    values = [known[0][1]]
    for at, value in known[1:]:
        place = _nearest(at, interval_ns) - first
        if place >= len(values):
            values += [math.nan] * (place - len(values))
            values.append(value)
    return values


def _nearest(at: int, interval_ns: int) -> int:
    """Return the number of the interval that begins nearest to a time; half way is the earlier one.

    Before 1970 it is the one towards 1970, as InfluxDB has it.
    """
    if at < 0:
        return -(-at // interval_ns)
    whole, rest = divmod(at, interval_ns)
    return whole + (rest > interval_ns // 2)


class _Model:
    """The values of a series, and how well parameters tell them."""

    def __init__(self, values: list[float], season: int, check: Check) -> None:
        self._values = values
        self._season = season
        self._check = check

    def best(self) -> list[float]:
        """Return the parameters with the smallest error."""
        best_error, best = math.inf, None
        for weights in itertools.product(_GUESSES, repeat=4):
            error, found = smallest(self._error, [*weights, *self._first_guess()], _EPSILON, 1.0)
            if best is None or error < best_error:
                best_error, best = error, found
        assert best is not None  # noqa: S101 -- there are guesses
        return best

    def _first_guess(self) -> list[float]:
        values, season = self._values, self._season
        if not season:
            trend = _WEIGHT * (values[1] - values[0])
            return [_WEIGHT * values[0], 0.0 if math.isnan(trend) else trend]
        level = added(value * (1 / season) for value in values[:season] if not math.isnan(value))
        changes = [after - before for before, after in zip(values[:season], values[season:], strict=False)]
        trend = added(change * (1 / (season * season)) for change in changes if not math.isnan(change))
        seasons = [_share(value, level) for value in values[:season]]
        return [level, trend, *seasons]

    def _error(self, parameters: list[float]) -> float:
        self._check(len(self._values))
        error = 0.0
        for known, told in zip(self._values, self.values(len(self._values), parameters), strict=True):
            if not math.isnan(known):
                if math.isnan(told):
                    return math.inf
                error += (told - known) * (told - known)
        return error

    def values(self, count: int, parameters: list[float]) -> list[float]:
        """Return the first ``count`` values by some parameters, which are put into their bounds.

        The season that the values end with takes the place of the one that they began with.
        """
        parameters[:4] = [min(max(weight, 0.0), 1.0) for weight in parameters[:4]]
        alpha, beta, gamma, phi, level, trend = parameters[:_SEASONS_AT]
        season, damping, value = self._season, phi, self._values[0]
        now, then, here = 1.0, 1.0, 0
        told = [value]
        for step, power in enumerate(_powers(phi, count), 1):
            if season:
                here = _SEASONS_AT + 2 * (step - 1) % season  # InfluxDB goes by two places at a time, too
                now, then = (
                    parameters[here],
                    parameters[_SEASONS_AT + (2 * (step - 1) + step % season) % season],
                )
            expected = level + phi * trend
            quotient = value / now if now else _over(value, now)
            new_level = alpha * quotient + (1 - alpha) * expected
            trend = beta * (new_level - level) + (1 - beta) * phi * trend
            if season:
                quotient = value / expected if expected else _over(value, expected)
                parameters[here] = gamma * quotient + (1 - gamma) * now
            level = new_level
            value = (level + damping * trend) * then
            damping += power
            told.append(value)
        return told


def _powers(base: float, count: int) -> Iterator[float]:
    """Yield the powers of a base from the first on, one less than ``count``, rounded as InfluxDB's are."""
    powers, square, largest = [1.0], base, 1
    for exponent in range(1, count):
        if exponent == 2 * largest:
            square, largest = square * square, exponent
        powers.append(powers[exponent - largest] * square)
        yield powers[exponent]


def _share(value: float, level: float) -> float:
    if math.isnan(value):
        return 0.0
    return value / level if level else _over(value, level)


def _over(value: float, by: float) -> float:
    """Divide by nothing as the processor does, where Python refuses."""
    return (
        math.nan if not value or math.isnan(value) else math.copysign(math.inf, value) * math.copysign(1, by)
    )
