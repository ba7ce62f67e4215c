"""The time series benchmark suite's ``iot`` set, written anew from its description: trucks on bad networks.

Two lines per truck and step, of which some are lost, late, without a field or without a tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Final

from bench.workloads.workload import SECOND_NS, Line, Workload, gather, truncated

INTERVAL_S: Final = 10
START_S: Final = 1_451_606_400  # 2016-01-01
STEPS: Final = 3_600
FLOOR_BYTES_PER_READING: Final = 5.24
"""41.9 bits for the seven moving values of a line ``readings``; what ``diagnostics`` has is left out."""

FLEETS: Final = ("East", "West", "North", "South")
TAGS: Final = ("name", "fleet", "driver", "model", "device_version")
_DRIVERS: Final = ("Derek", "Rodney", "Albert", "Andy", "Seth", "Trish")
_VERSIONS: Final = ("v1.0", "v1.5", "v2.0", "v2.3")
_MODELS: Final = {"F-150": (2000, 200, 15), "G-2000": (5000, 300, 19), "H-2": (1500, 150, 12)}
_CAPACITIES: Final = ("load_capacity", "fuel_capacity", "nominal_fuel_consumption")

_CHUNK: Final = 10
_CHUNK_LOST: Final = 0.01
_CHUNK_HELD: Final = 0.05
_LOST: Final = 0.10
_WITHOUT_FIELD: Final = 0.10
_WITHOUT_TAG: Final = 0.01
_DEFERRED: Final = 0.30
_EVEN: Final = 0.50


@dataclass(frozen=True, slots=True)
class Point:
    """A point before it is text."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, str]
    time_s: int

    def line(self) -> Line:
        tags = "".join(f",{name}={value}" for name, value in self.tags.items())
        fields = ",".join(f"{name}={value}" for name, value in self.fields.items())
        text = f"{self.measurement}{tags} {fields} {self.time_s * SECOND_NS}\n"
        return Line(text, self.measurement, tuple(self.fields))


def tsbs_iot(trucks: int, *, steps: int = STEPS, seed: int = 123) -> Workload:
    """Return the set of so many trucks over ``steps`` intervals."""
    disturbed = list(lines(trucks, steps, seed))
    readings = sum(line.measurement == "readings" for line in disturbed)
    end_s = START_S + steps * INTERVAL_S
    floor = readings * FLOOR_BYTES_PER_READING
    return gather("tsbs_iot", disturbed, start_s=START_S, end_s=end_s, floor_bytes=floor)


def lines(trucks: int, steps: int, seed: int) -> Iterator[Line]:
    random = Random(seed)
    return (point.line() for point in disturb(points(trucks, steps, random), random))


def points(trucks: int, steps: int, random: Random) -> Iterator[Point]:
    fleet = [_Truck(number, random) for number in range(trucks)]
    for step in range(steps):
        time_s = START_S + step * INTERVAL_S
        for truck in fleet:
            yield truck.readings(time_s)
        for truck in fleet:
            yield truck.diagnostics(time_s)


class _Truck:
    """The state of one truck."""

    def __init__(self, number: int, random: Random) -> None:
        self._random = random
        model = random.choice(sorted(_MODELS))
        self._tags = {
            "name": f"truck_{number}",
            "fleet": random.choice(FLEETS),
            "driver": random.choice(_DRIVERS),
            "model": model,
            "device_version": random.choice(_VERSIONS),
        }
        self._capacities = dict(zip(_CAPACITIES, map(str, _MODELS[model]), strict=True))
        # name: value, step, least, most, digits
        self._walks: dict[str, list[float]] = {
            "latitude": [random.uniform(0, 90), 0.005, -90, 90, 5],
            "longitude": [random.uniform(0, 180), 0.005, -180, 180, 5],
            "elevation": [random.uniform(0, 500), 10, 0, 5000, 0],
            "velocity": [0, 10, 0, 100, 0],
            "heading": [random.uniform(0, 360), 5, 0, 360, 0],
            "grade": [random.uniform(0, 100), 5, 0, 100, 0],
            "fuel_consumption": [25, 5, 0, 50, 1],
        }
        self._fuel = 1.0
        self._load = 0.0
        self._status = 0.0

    def readings(self, time_s: int) -> Point:
        fields = {name: truncated(walk[0], int(walk[4])) for name, walk in self._walks.items()}
        for walk in self._walks.values():
            value, step, least, most, _ = walk
            walk[0] = min(most, max(least, value + self._random.uniform(-step, step)))
        return Point("readings", self._tags, fields | self._capacities, time_s)

    def diagnostics(self, time_s: int) -> Point:
        random = self._random
        fields = {
            "fuel_state": truncated(self._fuel, 1),
            "current_load": truncated(self._load, 0),
            "status": f"{int(self._status)}i",
        }
        self._fuel = self._fuel - random.uniform(0, 0.001) if self._fuel > 0 else 1.0
        self._fuel = max(0.0, self._fuel)
        if random.random() >= 0.95:
            self._load = random.uniform(0, 5000)
        self._status = min(5.0, max(0.0, self._status + random.gauss(0, 1)))
        return Point("diagnostics", self._tags, fields | self._capacities, time_s)


def disturb(points: Iterable[Point], random: Random) -> Iterator[Point]:
    """Lose, hold back and damage some points, first in groups of ten, then one by one."""
    damaged = _Damage(random)
    held: list[list[Point]] = []
    source = iter(points)
    while chunk := list(islice(source, _CHUNK)):
        fate = random.random()
        if fate < _CHUNK_LOST:
            continue
        if fate < _CHUNK_LOST + _CHUNK_HELD:
            held.append(chunk)
            continue
        yield from damaged.through(chunk)
        if held and random.random() < _EVEN:
            yield from damaged.through(held.pop(0))
    for chunk in held:
        yield from damaged.through(chunk)
    yield from damaged.deferred


class _Damage:
    """What happens to single points."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._without_tag: set[tuple[str, int, frozenset[tuple[str, str]]]] = set()
        self.deferred: list[Point] = []

    def through(self, chunk: Iterable[Point]) -> Iterator[Point]:
        random = self._random
        for point in chunk:
            if random.random() < _LOST:
                continue
            damaged = self._without_part(point)
            if random.random() < _DEFERRED:
                self.deferred.append(damaged)
            else:
                yield damaged
            if self.deferred and random.random() < _EVEN:
                yield self.deferred.pop(0)

    def _without_part(self, point: Point) -> Point:
        random = self._random
        if random.random() < _WITHOUT_FIELD:
            gone = random.choice(sorted(point.fields))
            fields = {name: value for name, value in point.fields.items() if name != gone}
            return Point(point.measurement, point.tags, fields, point.time_s)
        if random.random() < _WITHOUT_TAG:
            return self._without_tag_of(point)
        return point

    def _without_tag_of(self, point: Point) -> Point:
        """Take a tag away unless the point would then be another's twin: every line must count once."""
        gone = self._random.choice(sorted(point.tags))
        tags = {name: value for name, value in point.tags.items() if name != gone}
        key = (point.measurement, point.time_s, frozenset(tags.items()))
        if key in self._without_tag:
            return point
        self._without_tag.add(key)
        return Point(point.measurement, tags, point.fields, point.time_s)
