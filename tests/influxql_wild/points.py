"""Points as nobody wishes them: odd names, sparse tags, irregular times of many eras, values at the edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 60 * MINUTE_NS
DAY_NS: Final = 24 * HOUR_NS


@dataclass(frozen=True, slots=True)
class Era:
    """When points are: from a time on, so long, on a grid, and which intervals suit them."""

    start_ns: int
    span_ns: int
    grid_ns: int
    intervals: tuple[str, ...]

    @property
    def shards(self) -> bool:
        """Whether it is in several of InfluxDB's shards: they begin on Mondays."""
        first, last = ((at_ns // DAY_NS + 3) // 7 for at_ns in (self.start_ns, self.start_ns + self.span_ns))
        return first != last


ERAS: Final = (
    Era(-2_000 * SECOND_NS, 4_000 * SECOND_NS, SECOND_NS, ("37s", "1m", "5m", "333s", "1h")),
    Era(1_490_313_600 * SECOND_NS, 3 * DAY_NS - MINUTE_NS, MINUTE_NS, ("1h", "90m", "5h", "12h", "1d", "1w")),
    Era(1_509_055_200 * SECOND_NS, 3 * DAY_NS, 7 * MINUTE_NS, ("1h", "45m", "6h", "24h", "1d", "2d")),
    Era(1_520_640_000 * SECOND_NS, 3 * DAY_NS, SECOND_NS, ("1h", "30m", "4h", "1d")),
    Era(-1_420_000_000 * SECOND_NS, 600 * SECOND_NS, 1_000_000, ("10s", "1m", "250ms", "7s")),
    Era(1_600_000_000 * SECOND_NS, 10_000, 1, ("100ns", "1u", "333ns", "7u")),
    Era(1_583_000_000 * SECOND_NS, 30 * MINUTE_NS, 10 * SECOND_NS, ("10s", "20s", "1m", "3m", "7m", "10m")),
    Era(1_700_000_000 * SECOND_NS, HOUR_NS, 1, ("30s", "1m", "17m", "1h")),
)
TAGS: Final = {
    "host": ("a", "b", "c d", "ü", "e=f"),
    "région": ("eu,west", "us", "'quoted'"),
    "group": ("1", "2", "10"),
    "zone": ("x",),
}
MEASUREMENTS: Final = {
    "m": {"v": "float", "n": "integer", "s": "string", "b": "boolean", "big": "big", "wide": "wide"},
    "weather station": {"v": "integer", "temp °C": "float", "s": "string"},
    "select": {"v": "float", "from": "boolean", "n": "float"},
    'q"uote': {"v": "string", "n": "integer"},
    "a.b": {"v": "boolean", "s": "integer", "u": "unique"},
}
"""Fields have other types in other measurements."""
WORDS: Final = ("", "on", "off", "dark red", "ünï 'q'", 'say "no"', "a\\b")


@dataclass(frozen=True, slots=True)
class World:
    """Lines for each retention policy, and when they are."""

    era: Era
    lines: dict[str, str]


def world(random: Random) -> World:
    """Return points of one era in two retention policies.

    Both have the same tags and fields: InfluxDB's index in memory knows those of the whole database.
    """
    era = random.choice(ERAS)
    shared = random.random() < 0.5
    first: list[str] = []
    second: list[str] = []
    for name, told in MEASUREMENTS.items():
        fields = {field: kind for field, kind in told.items() if random.random() < 0.9} or told
        common = [_time(random, era) for _ in range(random.randint(3, 15))] if shared else []
        heads = [_head(random, name) for _ in range(random.randint(1, 6))]
        first += [
            line
            for n, head in enumerate(heads)
            for line in _lines(random, era, head, fields, common, whole=not n)
        ]
        second += [
            line
            for n, head in enumerate(heads)
            for line in _lines(random, era, head, fields, common, whole=not n)
        ]
    return World(era, {"autogen": "\n".join(first), "long term": "\n".join(second)})


def _head(random: Random, measurement: str) -> str:
    tags = {tag: random.choice(values) for tag, values in TAGS.items() if random.random() < 0.55}
    pairs = "".join(f",{escape_key(key)}={escape_key(value)}" for key, value in sorted(tags.items()))
    return escape(measurement, ", ") + pairs


def _lines(
    random: Random, era: Era, head: str, fields: dict[str, str], common: list[int], *, whole: bool
) -> list[str]:
    has = [field for field in fields if random.random() < 0.8] or list(fields)[:1]
    lines = []
    for number in range(random.randint(1, 22)):
        at_ns = random.choice(common) if common else _time(random, era)
        some = [field for field in has if random.random() < 0.7] or has[:1]
        some = some if number or not whole else list(fields)
        values = ",".join(f"{escape_key(field)}={_VALUES[fields[field]](random)}" for field in some)
        lines.append(f"{head} {values} {at_ns}")
    return lines


def _time(random: Random, era: Era) -> int:
    """Points come in crowds with gaps between them."""
    crowd = random.choice((0.0, 0.1, 0.15, 0.5, 0.9))
    into = int((crowd + random.random() * 0.1) * era.span_ns)
    return era.start_ns + into // era.grid_ns * era.grid_ns


def _float(random: Random) -> str:
    return repr(random.choice((random.uniform(-50, 50), float(random.randint(-3, 3)), random.gauss(0, 1e6))))


def _wide(random: Random) -> str:
    return repr(random.choice((1e300, 5e-324, 1e-9, 0.0, 1.0, 123456789.123456789, 1e21, 1e20)))


def _big(random: Random) -> str:
    edge = random.choice((2**53, 2**53 + 1, -(2**53) - 1, 2**62, 2**63 - 1, -(2**63), 0, 1, -1))
    return f"{edge}i"


def _text(random: Random) -> str:
    return '"' + random.choice(WORDS).replace("\\", "\\\\").replace('"', '\\"') + '"'


_VALUES: Final[dict[str, Callable[[Random], str]]] = {
    "float": _float,
    "unique": lambda random: repr(random.uniform(-1_000, 1_000)),
    "integer": lambda random: f"{random.randint(-9, 9)}i",
    "big": _big,
    "wide": _wide,
    "string": _text,
    "boolean": lambda random: random.choice(("true", "f", "T", "False")),
}


def escape_key(text: str) -> str:
    """Return a key or value of a tag, or a key of a field, as line protocol has it."""
    return escape(text, ", =")


def escape(text: str, special: str) -> str:
    """Return a text with a backslash before some characters."""
    return "".join(f"\\{char}" if char in special else char for char in text)
