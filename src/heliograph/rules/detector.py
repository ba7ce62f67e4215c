"""Says of one series, value by value, whether its rule's condition holds."""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from heliograph.rules.rule import Absence, Deviation, Rate, Rule, Threshold

_MIN_USUAL: Final = 10
"""With fewer values nothing is known to be usual."""
_MIN_SEASONAL: Final = 10
"""Two earlier seasons, with the intervals beside."""
_NEIGHBOURS: Final = 2
"""In earlier seasons the intervals beside the same one count, too."""
_MAD_TO_SIGMA: Final = 1.4826
"""The median absolute deviation of a normal distribution is its standard deviation divided by this."""
_CLEAR_AT: Final = 0.7
"""A deviation is over when it is less than this part of the limit."""


@dataclass(slots=True)
class Verdict:
    """What a detector finds; ``holds`` None means that nothing can be said."""

    holds: bool | None
    value: float | None
    """The number that was judged: the value, its rate, or its deviation in standard deviations."""


@dataclass(slots=True)
class Detector:
    """The memory of one series that its rule needs."""

    rule: Rule
    last_ns: int | None = None
    """When the last value came: the end of its interval."""
    _value: float | None = None
    _usual: dict[int, float] = field(default_factory=dict)
    _order: deque[int] = field(default_factory=deque)

    def feed(self, time_ns: int, value: float | None, *, held: bool) -> Verdict:
        """Take in the value of the interval that ends at a time, and return what is to be said of it.

        ``held`` is whether the condition was found to hold before.
        """
        before_ns, before = self.last_ns, self._value
        if value is not None:
            self.last_ns, self._value = time_ns, value
        match self.rule.condition:
            case Threshold() as limit:
                return Verdict(None if value is None else _beyond(limit, value, held=held), value)
            case Rate() as rate:
                return self._rate(rate, time_ns, value, (before_ns, before), held=held)
            case Deviation() as deviation:
                return self._deviation(deviation, time_ns, value, held=held)
            case Absence(after_ns=after_ns):
                silent_ns = 0 if self.last_ns is None else time_ns - self.last_ns
                return Verdict(silent_ns >= after_ns, value if value is not None else self._value)

    def _rate(
        self,
        rate: Rate,
        time_ns: int,
        value: float | None,
        before: tuple[int | None, float | None],
        *,
        held: bool,
    ) -> Verdict:
        since_ns, earlier = before
        if value is None or since_ns is None or earlier is None or time_ns <= since_ns:
            return Verdict(None, None)
        if time_ns - since_ns > self.rule.stale_ns:
            return Verdict(None, None)
        change = (value - earlier) * rate.per_ns / (time_ns - since_ns)
        return Verdict(_beyond(rate.limit, change, held=held), change)

    def _deviation(self, asked: Deviation, time_ns: int, value: float | None, *, held: bool) -> Verdict:
        cell = time_ns // self.rule.every_ns
        oldest = cell - asked.over_ns // self.rule.every_ns
        while self._order and self._order[0] < oldest:
            del self._usual[self._order.popleft()]
        if value is None:
            return Verdict(None, None)
        usual = self._seasonal(asked, cell) if asked.season_ns else list(self._usual.values())
        if cell not in self._usual:
            self._order.append(cell)
        self._usual[cell] = value
        if len(usual) < (_MIN_SEASONAL if asked.season_ns else _MIN_USUAL):
            return Verdict(None, None)
        score = robust_score(value, usual, asked.floor)
        return Verdict(abs(score) > asked.sigma * (_CLEAR_AT if held else 1.0), score)

    def _seasonal(self, asked: Deviation, cell: int) -> list[float]:
        season = max(1, asked.season_ns // self.rule.every_ns)
        near = range(-_NEIGHBOURS, _NEIGHBOURS + 1)
        cells = (
            cell - back * season + beside
            for back in range(1, asked.over_ns // asked.season_ns + 1)
            for beside in near
        )
        return [self._usual[each] for each in cells if each in self._usual]


def robust_score(value: float, usual: list[float], floor: float = 0.0) -> float:
    """Return how many standard deviations a value is off the median, by the median absolute deviation.

    Half of the usual values may be as wrong as they like without moving it. A standard deviation is never
    less than ``floor``, nor than a millionth of the median: a series that never moved may jitter.
    """
    middle = statistics.median(usual)
    spread = _MAD_TO_SIGMA * statistics.median([abs(one - middle) for one in usual])
    least = max(spread, floor, abs(middle) * 1e-6, 1e-12)
    score = (value - middle) / least
    return score if math.isfinite(score) else math.copysign(1e12, value - middle)


def _beyond(limit: Threshold, value: float, *, held: bool) -> bool:
    above, below = limit.above, limit.below
    if held and limit.clear is not None:
        # back means at the clear value itself, too
        if above is not None:
            return value > limit.clear
        return value < limit.clear
    return (above is not None and value > above) or (below is not None and value < below)
