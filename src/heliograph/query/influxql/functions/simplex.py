"""The smallest value of a function of several numbers, by the simplex method of Nelder and Mead.

Source: J. A. Nelder and R. Mead, "A simplex method for function minimization", 1965. The first simplex is a
regular one, and the search ends when the values at its corners differ by less than a bound, which are
InfluxDB's choices: a forecast shall end in the same place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

Point = list[float]
Function = Callable[[Point], float]
"""It may change the point that it is asked about: into bounds, for instance."""
_STEPS: Final = 1_000


def smallest(function: Function, start: Point, epsilon: float, scale: float) -> tuple[float, Point]:
    """Return the smallest value that was found, and where."""
    corners = _regular(start, scale)
    values = [function(corner) for corner in corners]
    for _ in range(_STEPS):
        _step(function, corners, values)
        if _spread(values) < epsilon:
            break
    best = list(corners[_lowest(values)])
    return function(list(best)), best


def _regular(start: Point, scale: float) -> list[Point]:
    """A simplex whose corners are equally far from each other."""
    count = len(start)
    root = math.sqrt(count + 1)
    far = scale * (root - 1 + count) / (count * math.sqrt(2))
    near = scale * (root - 1) / (count * math.sqrt(2))
    return [
        list(start),
        *(
            [value + (far if place == corner else near) for place, value in enumerate(start)]
            for corner in range(count)
        ),
    ]


def _lowest(values: list[float]) -> int:
    best = 0
    for corner, value in enumerate(values):
        if value < values[best]:
            best = corner
    return best


def _step(function: Function, corners: list[Point], values: list[float]) -> None:
    """Put a better corner in the place of the worst, or draw all of them together."""
    best, worst, second = _ranked(values)
    center = _center(corners, worst)
    mirrored = _beyond(center, corners[worst], -1.0)
    value = function(mirrored)
    if values[best] <= value < values[second]:
        corners[worst], values[worst] = mirrored, value
    elif value < values[best]:
        farther = _beyond(center, mirrored, 2.0)
        reached = function(farther)
        corners[worst], values[worst] = (farther, reached) if reached < value else (mirrored, value)
    elif value >= values[second]:
        outside = value < values[worst]
        inner = _beyond(center, mirrored if outside else corners[worst], 0.5)
        reached = function(inner)
        if reached < values[worst]:
            corners[worst], values[worst] = inner, reached
        else:
            _shrink(corners, best)
            values[worst] = function(corners[worst])
            values[second] = function(corners[second])


def _ranked(values: list[float]) -> tuple[int, int, int]:
    """Return the places of the smallest, the largest and the second largest value."""
    best, worst = _lowest(values), 0
    for corner, value in enumerate(values):
        if value > values[worst]:
            worst = corner
    second = best
    for corner, value in enumerate(values):
        if values[second] < value < values[worst]:
            second = corner
    return best, worst, second


def _center(corners: list[Point], without: int) -> Point:
    count = len(corners) - 1
    others = [corner for number, corner in enumerate(corners) if number != without]
    return [added(values) / count for values in zip(*others, strict=True)]


def _beyond(center: Point, point: Point, share: float) -> Point:
    """Return the point on the line from a center through a point, so many times as far."""
    return [middle + share * (value - middle) for middle, value in zip(center, point, strict=True)]


def _shrink(corners: list[Point], best: int) -> None:
    kept = corners[best]
    for number, corner in enumerate(corners):
        if number != best:
            corner[:] = [to + (value - to) / 2 for to, value in zip(kept, corner, strict=True)]


def _spread(values: list[float]) -> float:
    mean = added(values) / len(values)
    return math.sqrt(added((value - mean) * (value - mean) / (len(values) - 1) for value in values))


def added(values: Iterable[float]) -> float:
    """Return a sum, rounded after each step: later Pythons' own is more exact, and would end elsewhere."""
    total = 0.0
    for value in values:
        total += value
    return total
