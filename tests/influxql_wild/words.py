"""The smallest parts of questions: names, literals, conditions, ranges of time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.influxql_wild.points import DAY_NS, MEASUREMENTS, SECOND_NS, TAGS, WORDS, Era

NUMBERS: Final = ("v", "n", "u", "temp °C")
"""Fields that are numbers, at least in some measurement."""
FIELDS: Final = (*NUMBERS, "s", "b", "big", "wide", "from")
ABSENT: Final = "nosuch"
_COMPARISONS: Final = ("=", "!=", "<", "<=", ">", ">=", "<>")


def name(text: str) -> str:
    """Return a name as InfluxQL has it, without quotes where it needs none."""
    if text.isascii() and text.isalnum() and text not in ("select", "from", "group"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def string(text: str) -> str:
    """Return a text as InfluxQL has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclass(slots=True)
class Words:
    """Draws parts of questions about points of one era."""

    random: Random
    era: Era

    def pick(self, *texts: str) -> str:
        """One of some texts."""
        return self.random.choice(texts)

    def some(self, chance: float, text: str) -> str:
        """A text, or nothing."""
        return text if self.random.random() < chance else ""

    def measurement(self) -> str:
        """What may stand in FROM, except a subquery."""
        one, other = map(name, self.random.sample(list(MEASUREMENTS), 2))
        if self.era.shards:  # each of InfluxDB's shards has types of its own
            return self.pick("m", one, f'"long term".{one}')
        return self.pick(
            "m", "m", one, one, one, one,
            # of one measurement in two places InfluxDB mixes equal times otherwise
            f"{one}, {other}", "/.*/",
 "/e/", "/^[ms]/", "/st|q/",
            f'"long term".{one}', f"wild..{one}", f'wild."long term".{one}', f'"wild"."autogen".{one}',
            '"long term"././', "wild.autogen./m/", ABSENT,
        )  # fmt: skip

    def tag(self) -> str:
        """A tag, mostly one that there is."""
        return self.random.choice([*TAGS, *TAGS, ABSENT])

    def number(self) -> str:
        """A field of numbers, mostly."""
        return name(self.random.choice(("v", "v", "n", "n", *NUMBERS)))

    def field(self) -> str:
        """A field of any type."""
        return name(self.random.choice(FIELDS))

    def regex(self) -> str:
        """A regular expression for values of tags and texts."""
        return self.pick(
            "/a/", "/^a$/", "/[ab]/", "/./", "/.*/", "/^$/", "/ü|us/", "/(?i)US/", "/west$/", r"/\d+/",
            "/^(a|b)$/", "/c d/", "/x{1,2}/", r"/\//", "/'/", "/[^a]/",
        )  # fmt: skip

    def condition(self, depth: int = 2) -> str:
        """A condition of WHERE, without time."""
        if depth and self.random.random() < 0.2:
            joined = f" {self.pick('AND', 'OR', 'and')} ".join(
                self.condition(depth - 1) for _ in range(self.random.choice((2, 2, 3)))
            )
            return f"({joined})"
        return self.random.choice((self._tag_test, self._tag_test, self._field_test, self._odd_test))()

    def _tag_test(self) -> str:
        key = self.tag()
        value = self.random.choice((*TAGS.get(key, ("a",)), "", "other"))
        return self.pick(
            f"{name(key)} = {string(value)}",
            f"{name(key)} = {string(value)}",
            f"{name(key)} {self.pick('!=', '<>')} {string(value)}",
            f"{name(key)} =~ {self.regex()}",
            f"{name(key)} !~ {self.regex()}",
            f"{name(key)}::tag = {string(value)}",
        )

    def _field_test(self) -> str:
        number, r = self.number(), self.random
        return self.pick(
            f"{number} {self.pick(*_COMPARISONS)} {r.randint(-5, 5)}",
            f"{number} {self.pick(*_COMPARISONS)} {r.uniform(-20, 20)!r}",
            f"{r.randint(-5, 5)} {self.pick(*_COMPARISONS)} {number}",
            f"s {self.pick('=', '!=')} {string(r.choice(WORDS))}",
            f"s {self.pick('=~', '!~')} {self.regex()}",
            f"{self.pick('b', 'v', name('from'))} {self.pick('=', '!=')} {self.pick('true', 'FALSE')}",
            f"{number} {self.pick(*_COMPARISONS)} {self.number()}",
            f"{number} {self.pick(*'+-*/')} {self.number()} {self.pick('<', '>')} {r.randint(-9, 9)}",
            f"big {self.pick('=', '>', '<', '>=')} {self.pick(str(2**53 + 1), str(2**63 - 1), '0')}",
        )

    def _odd_test(self) -> str:
        return self.pick(
            "true",
            f"s = {self.number()}",
            f"host = {name('group')}",
            f"{self.number()} = 'a'",
            f"{name(self.tag())} = 5",
            f"{name(self.tag())} > 'a'",
            # of one name with and without a cast InfluxDB reads one
            "big::float > 1",
            "wide::integer >= 0",
            f"({self.number()} * 2) % 3 = 1",
            "n & 1 = 1",
            f"{self.number()} > -2 + 1 * 3",
        )

    def moment(self, first: float = -0.1, last: float = 1.1) -> str:
        """A time near the points, in one of many forms; its place is told as a share of the era."""
        at_ns = self.era.start_ns + int(self.random.uniform(first, last) * self.era.span_ns)
        at_ns = at_ns // self.era.grid_ns * self.era.grid_ns
        at_s, rest_ns = divmod(at_ns, SECOND_NS)
        date = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=at_s)
        day, clock = f"{date:%Y-%m-%d}".rjust(10, "0"), f"{date:%H:%M:%S}"
        forms = [
            str(at_ns),
            f"'{day}T{clock}.{rest_ns:09}Z'",
            f"'{day} {clock}.{rest_ns:09}'",
            f"'{day}T{clock}Z' + {rest_ns}ns",
            f"{at_s}s",
            f"{at_s // 60}m",
            f"'{day}T{clock}Z' - 90s",
            f"'{day}' + {self.random.randint(0, 23)}h",
            f"'{day} {clock}'",
            f"({at_s}s + 3ms)",
        ]
        if self.era.grid_ns < SECOND_NS:  # days and minutes would be far from the points
            forms = forms[:4]
        return self.random.choice(forms)

    def range(self) -> str:
        """A bounded range of time."""
        low, high = self.moment(-0.1, 0.4), self.moment(0.3, 1.1)
        return (
            f"time {self.pick('>', '>=')} {low} {self.pick('AND', 'and')} time {self.pick('<', '<=')} {high}"
        )

    def whole(self) -> str:
        """The range of the whole era, or a good part of it."""
        low = self.era.start_ns + int(self.random.choice((-0.1, 0, 0.2)) * self.era.span_ns)
        high = self.era.start_ns + int(self.random.choice((0.7, 1, 1.1)) * self.era.span_ns)
        return f"time >= {low} AND time < {high}"

    def bounds(self) -> str:
        """Any condition on time."""
        if self.era.shards or self.era.start_ns < 0:  # what InfluxDB gives depends on shards, or on 1970
            return self.whole()
        return self.pick(
            self.whole(), self.whole(), self.range(),
            f"time {self.pick('>', '<', '>=', '<=')} {self.moment()}",
            f"{self.moment()} {self.pick('<', '<=')} time",
            f"time < now() AND {self.whole()}",
        )  # fmt: skip

    def where(self, *, bounded: bool = False, early: bool = False) -> str:
        """WHERE, or nothing; an early one begins long before the points."""
        parts = []
        if early:
            low = self.era.start_ns - 3 * max(self.era.span_ns, 7 * DAY_NS)
            parts += [f"time >= {low} AND time < {self.moment(0.5)}"] if bounded else []
        elif bounded:
            parts.append(
                self.pick(self.whole(), self.whole(), self.whole() if self.era.shards else self.range())
            )
        elif self.random.random() < 0.4:
            parts.append(self.bounds())
        if self.random.random() < 0.45:
            parts.append(self.condition())
        self.random.shuffle(parts)
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    def interval(self) -> str:
        """A call of time() for GROUP BY."""
        length = self.pick(*self.era.intervals)
        offset = self.some(0.25, self.pick(", 13ns", ", 7s", ", 20s", ", 15m", ", 1h", ", 3d"))
        return f"{self.pick('time', 'time', 'TIME')}({length}{offset})"
