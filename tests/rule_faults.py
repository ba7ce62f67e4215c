"""Synthetic series with faults whose time is known: what each rule must say of them, to the second."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from heliograph.rules.alerts import State
from heliograph.rules.evaluator import Interval, replay
from heliograph.rules.reading import make_rule

S = 1_000_000_000
START_S = 1_790_000_000 // 3600 * 3600
Shape = Callable[[int, random.Random], float | None]
"""The value at a second since the start; None: nothing came."""


@dataclass(frozen=True)
class Fault:
    """A labelled case: a rule, the series that it looks at, and the alerts that it must give."""

    name: str
    rule: dict[str, Any]
    series: dict[str, Shape]
    length_s: int
    expected: list[tuple[str, int, str]]
    """(series, second since the start, "firing" or "resolved"), by time."""
    seeds: tuple[int, ...] = field(default=(1, 2, 3))


def rule(**more: Any) -> dict[str, Any]:
    return {"name": "r", "measurement": "m", "field": "v", "by": ["host"], "every": "10s"} | more


def between(start_s: int, end_s: int, inside: float, outside: float, noise: float = 0.0) -> Shape:
    def shape(at_s: int, rng: random.Random) -> float:
        return (inside if start_s <= at_s < end_s else outside) + rng.uniform(-noise, noise)

    return shape


def silent(start_s: int, end_s: int) -> Shape:
    return lambda at_s, _: None if start_s <= at_s < end_s else 1.0


def ramp(start_s: int, end_s: int, per_s: float) -> Shape:
    return lambda at_s, _: per_s * max(0, min(at_s, end_s) - start_s)


def daily(spikes: dict[int, float]) -> Shape:
    """A day of 2,400 s: high in its second half, with spikes on top."""
    return lambda at_s, rng: (
        (60.0 if at_s % 2400 >= 1200 else 20.0) + rng.uniform(-1, 1) + spikes.get(at_s // 10 * 10, 0.0)
    )


CASES = [
    Fault(
        "an overshoot fires once and ends at clear",
        rule(above=80, clear=70),
        {"a": between(100, 200, 90, 20), "b": between(0, 0, 0, 20)},
        400,
        [("a", 110, "firing"), ("a", 210, "resolved")],
    ),
    Fault(
        "flapping around the limit is one alert with hysteresis",
        rule(above=80, clear=70),
        {"a": lambda at_s, _: 20.0 if at_s < 100 or at_s >= 400 else (82.0 if at_s // 10 % 2 else 75.0)},
        600,
        [("a", 120, "firing"), ("a", 410, "resolved")],
    ),
    Fault(
        "a short overshoot is none where it must last",
        rule(above=80, **{"for": "1m"}),
        {"a": between(100, 150, 90, 20), "b": between(200, 300, 90, 20)},
        500,
        [("b", 270, "firing"), ("b", 310, "resolved")],
    ),
    Fault(
        "recover waits until it stays good",
        rule(above=80, recover="30s"),
        {"a": lambda at_s, _: 90.0 if 100 <= at_s < 150 or 160 <= at_s < 200 else 20.0},
        400,
        [("a", 110, "firing"), ("a", 240, "resolved")],
    ),
    Fault(
        "too low counts as well",
        rule(below=5, above=50),
        {"a": between(100, 120, 2, 20), "b": between(200, 220, 60, 20)},
        300,
        [("a", 110, "firing"), ("a", 130, "resolved"), ("b", 210, "firing"), ("b", 230, "resolved")],
    ),
    Fault(
        "a silent device, and only that",
        rule(absent="1m"),
        {"a": silent(100, 300), "b": silent(200, 240), "c": silent(500, 900)},
        800,
        [("a", 160, "firing"), ("a", 310, "resolved"), ("c", 560, "firing")],
    ),
    Fault(
        "a fast change, not a slow one",
        rule(per="1m", above=30),
        {"a": ramp(100, 150, 1.0), "b": ramp(100, 700, 0.2)},
        800,
        [("a", 120, "firing"), ("a", 170, "resolved")],
    ),
    Fault(
        "a spike out of noise, by the robust deviation",
        rule(sigma=8, over="10m"),
        {"a": between(1000, 1010, 40, 20, 1), "b": between(0, 0, 0, 20, 1)},
        1500,
        [("a", 1010, "firing"), ("a", 1020, "resolved")],
    ),
    Fault(
        "a series that never moved may jitter by the floor",
        rule(sigma=5, over="10m", floor=0.1),
        {"a": between(1000, 1010, 20.3, 20), "b": between(1200, 1210, 25, 20)},
        1500,
        [("b", 1210, "firing"), ("b", 1220, "resolved")],
    ),
    Fault(
        "the daily rise is usual, the same value at the wrong time is not",
        rule(sigma=10, over="160m", season="40m", floor=1),
        {"a": daily({}), "b": daily({9600 + 600: 40.0})},
        12_000,
        [("b", 9600 + 610, "firing"), ("b", 9600 + 620, "resolved")],
    ),
    Fault(
        "a series that ends while it fires is resolved when it is stale",
        rule(above=80, stale="1m"),
        {"a": lambda at_s, _: None if at_s >= 200 else between(100, 1000, 90, 20)(at_s, random.Random(0))},
        400,
        [("a", 110, "firing"), ("a", 260, "resolved")],
    ),
]


def intervals(fault: Fault, seed: int) -> Iterator[Interval]:
    """Give the intervals of a case, 10 s each, with one value per interval and series."""
    rngs = {name: random.Random(f"{seed} {name}") for name in fault.series}
    for at_s in range(0, fault.length_s, 10):
        values = {(name,): shape(at_s, rngs[name]) for name, shape in fault.series.items()}
        yield Interval(
            (START_S + at_s + 10) * S,
            {group: {"value": value} for group, value in values.items() if value is not None},
        )


def alerts(fault: Fault, seed: int) -> list[tuple[str, int, str]]:
    """Return what a rule says of a case, in the form of ``expected``."""
    return [
        (
            change.group[0],
            change.time_ns // S - START_S,
            "firing" if change.state is State.FIRING else "resolved",
        )
        for change in replay(make_rule(fault.rule), intervals(fault, seed))
    ]
