"""Points and questions of InfluxQL drawn from a seed, to ask two servers the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Final

SECOND_NS: Final = 1_000_000_000
START_S: Final = 1_000_000
SPAN_S: Final = 600
MEASUREMENTS: Final = ("cpu", "mem", "net work")
TAGS: Final = {"host": ("a", "b", "c d", ""), "zone": ("x", "y", "")}
FIELDS: Final = {
    "f": "float",
    "g": "float",
    "u": "unique",
    "i": "integer",
    "j": "integer",
    "s": "string",
    "b": "boolean",
}
NUMBERS: Final = ("f", "g", "u", "i", "j")
REGEXES: Final = ("a|b", "^c", "[xy]", ".*", ".+", "^$", "(?i)^X$")
INTERVALS: Final = ("7s", "30s", "1m", "90s", "200s", "10m")
ZONES: Final = ("Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata")


def points(random: Random) -> str:
    """Return lines: a few series per measurement, whose fields come and go, often at the same times."""
    lines = []
    step = random.choice((1, 1, 20))
    for measurement in MEASUREMENTS:
        for host in TAGS["host"]:
            for zone in random.sample(TAGS["zone"], 2):
                lines += _series(random, measurement, {"host": host, "zone": zone}, step)
    random.shuffle(lines)
    return "\n".join(lines)


def _series(random: Random, measurement: str, tags: dict[str, str], step: int) -> list[str]:
    key = measurement.replace(" ", "\\ ") + "".join(
        f",{tag}={value.replace(' ', chr(92) + ' ')}" for tag, value in tags.items() if value
    )
    lines = []
    for _ in range(random.randint(2, 25)):
        at_ns = (START_S + random.randrange(SPAN_S) // step * step) * SECOND_NS
        at_ns += random.choice((0, 0, 500_000_000, 1)) if step == 1 else 0
        fields = [_field(random, name) for name in FIELDS if random.random() < 0.6]
        if fields:
            lines.append(f"{key} {','.join(fields)} {at_ns}")
    return lines


def _field(random: Random, name: str) -> str:
    kind = FIELDS[name]
    if kind == "float":
        return f"{name}={random.choice((random.uniform(-100, 100), float(random.randint(-5, 5))))!r}"
    if kind == "unique":  # where InfluxDB takes any of equal values
        return f"{name}={random.uniform(-1_000, 1_000)!r}"
    if kind == "integer":
        return f"{name}={random.randint(-20, 20)}i"
    if kind == "boolean":
        return f"{name}={random.choice(('true', 'false'))}"
    return f'{name}="{random.choice(("red", "green", "dark blue", ""))}"'


@dataclass(slots=True)
class Questions:
    """Draws one SELECT after the other."""

    random: Random

    def question(self) -> str:
        """Return a statement."""
        kinds = [self._raw, self._aggregate, self._aggregate, self._aggregate, self._selector, self._change]
        kinds += [self._nested, self._odd, self._show]
        return self.random.choice(kinds)()

    def _some(self, chance: float, text: str) -> str:
        return text if self.random.random() < chance else ""

    def _pick(self, *texts: str) -> str:
        return self.random.choice(texts)

    def _source(self) -> str:
        return self._pick("cpu", "cpu", "mem", '"net work"', "cpu, mem", "/^[cm]/", "/.*/")

    def _tag(self) -> str:
        return self._pick("host", "zone")

    def _number(self) -> str:
        return self._pick(*NUMBERS)

    def _condition(self) -> str:
        r = self.random
        tag = self._tag()
        tests = [
            f"{tag} = '{r.choice((*TAGS[tag], 'nosuch'))}'",
            f"{tag} != '{r.choice(TAGS[tag])}'",
            f"{tag} {r.choice(('=~', '!~'))} /{r.choice(REGEXES)}/",
            f"{self._number()} {r.choice(('>', '<', '>=', '<=', '=', '!='))} {r.randint(-10, 10)}",
            f"{self._number()} > {r.uniform(-50, 50)!r}",
            f"s {r.choice(('=', '!='))} 'red'",
            f"s {r.choice(('=~', '!~'))} /{r.choice(('e', '^d', 'x'))}/",
            f"b {r.choice(('=', '!='))} {r.choice(('true', 'false'))}",
            f"{self._number()} {r.choice(('<', '>'))} {self._number()}",
            f"{self._number()} + {self._number()} > 3",
        ]
        first = r.choice(tests)
        if r.random() < 0.3:
            return f"({first} {r.choice(('AND', 'OR'))} {r.choice(tests)})"
        return first

    def _range(self) -> str:
        low = START_S + self.random.randint(-50, 300)
        high = low + self.random.randint(50, 500)
        return self._pick(
            f"time >= {low}s AND time < {high}s",
            f"time > {low}s AND time <= {high}s",
            f"time >= {low * SECOND_NS} AND time < {high * SECOND_NS}",
            f"time >= {low}s AND time < {low}s + {high - low}s",
            f"time >= '1970-01-12T13:4{self.random.randint(0, 9)}:00Z' AND time < {high + 300}s",
        )

    def _where(self, *, bounded: bool = False) -> str:
        parts = []
        if bounded or self.random.random() < 0.4:
            parts.append(self._range())
        if self.random.random() < 0.5:
            parts.append(self._condition())
        self.random.shuffle(parts)
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    def _groups(self) -> list[str]:
        return self.random.choice(([], [], ["host"], ["zone"], ["zone", "host"], ["*"], ["/o/"], ["nosuch"]))

    def _group(self, *more: str) -> str:
        groups = [*more, *self._groups()]
        return f" GROUP BY {', '.join(groups)}" if groups else ""

    def _time(self) -> str:
        interval = self._pick(*INTERVALS)
        return f"time({interval}{self._some(0.3, self._pick(', 3s', ', -5s', ', 70s'))})"

    def _fill(self) -> str:
        return self._pick(
            "", " fill(none)", " fill(null)", " fill(0)", " fill(-2.5)", " fill(previous)", " fill(linear)"
        )

    def _page(self, *, series: bool = True) -> str:
        r = self.random
        order = self._pick("", "", "", " ORDER BY time DESC", " ORDER BY time ASC")
        # without LIMIT InfluxDB's OFFSET depends on how points are stored
        limit = self._some(0.3, f" LIMIT {r.randint(1, 6)}{self._some(0.4, f' OFFSET {r.randint(1, 4)}')}")
        some = self._some(0.15, f" SLIMIT {r.randint(1, 3)}") + self._some(0.1, f" SOFFSET {r.randint(1, 2)}")
        return order + limit + (some if series else "")

    def _raw(self) -> str:
        columns = [
            *self.random.sample([*FIELDS, "host", "zone", "nosuch"], self.random.randint(1, 3)),
            self._pick(
                "*", "f + i", "f * 2", "i / 2", "i - j", "-f", "abs(f)", "/^[fi]$/", "f::integer", "i::float"
            ),
        ]
        chosen = ", ".join(columns[: self.random.randint(1, len(columns))])
        return f"SELECT {chosen} FROM {self._source()}{self._where()}{self._group()}{self._page()}"

    def _call(self) -> str:
        number = self._number()
        simple = self._pick(
            "count", "sum", "mean", "min", "max", "first", "last", "median", "stddev", "spread"
        )
        return self._pick(
            f"{simple}({number})",
            f"{simple}({number})",
            f"{self._pick('count', 'first', 'last')}({self._pick(*FIELDS)})",
            "mode(b)",
            f"percentile(u, {self.random.randint(50, 100)})",
            f"count(distinct({number}))",
            f"{self._pick('min', 'max')}({self._pick('b', number)})",
        )

    def _aggregate(self) -> str:
        r = self.random
        calls = [self._call() for _ in range(r.choice((1, 1, 2, 3)))]
        if r.random() < 0.3:
            calls.append(
                f"{self._call_of_numbers()} {self._pick('+', '-', '*', '/')} {self._call_of_numbers()}"
            )
        if r.random() < 0.1:
            calls = [f"{self._pick('mean', 'max', 'count', 'last', 'sum')}({self._pick('*', '/^[fi]$/')})"]
        columns = ", ".join(call + self._some(0.15, f" AS x{n}") for n, call in enumerate(calls))
        if r.random() < 0.6:
            tail = self._where(bounded=True) + self._group(self._time()) + self._fill() + self._page()
            return f"SELECT {columns} FROM {self._source()}{tail}{self._some(0.15, self._zone())}"
        return f"SELECT {columns} FROM {self._source()}{self._where()}{self._group()}{self._page()}"

    def _zone(self) -> str:
        return f" tz('{self._pick(*ZONES)}')"

    def _call_of_numbers(self) -> str:
        return f"{self._pick('count', 'sum', 'mean', 'min', 'max', 'first', 'last')}({self._number()})"

    def _selector(self) -> str:
        r = self.random
        call = self._pick(
            f"{self._pick('min', 'max', 'first', 'last')}({self._number()})",
            f"percentile(u, {r.randint(50, 100)})",
            f"{self._pick('top', 'bottom')}({self._number()}, {r.randint(1, 4)})",
            f"{self._pick('top', 'bottom')}({self._number()}, host, {r.randint(1, 4)})",
        )
        columns = call + self._some(0.5, self._pick(", host", ", f", ", i, zone"))
        in_intervals = r.random() < 0.4
        by_heap = ("top", "bottom") if in_intervals else ("top", "bottom", "first", "last")
        if columns != call and (", host, " in call or not call.startswith(by_heap)):
            # whose other columns InfluxDB shows of equal points depends on the number of its cores
            columns = columns.replace(call, re.sub(r"\(\w+", "(u", call))
        if in_intervals:
            tail = self._where(bounded=True) + self._group(self._time()) + self._pick("", " fill(none)")
            return f"SELECT {columns} FROM {self._source()}{tail}"
        return f"SELECT {columns} FROM {self._source()}{self._where()}{self._group()}"

    def _change(self) -> str:
        name = self._pick(
            "derivative",
            "non_negative_derivative",
            "difference",
            "non_negative_difference",
            "cumulative_sum",
            "elapsed",
        )
        inner = self._number()
        unit = (
            self._some(0.4, self._pick(", 1s", ", 10s", ", 1m"))
            if name.endswith(("derivative", "elapsed"))
            else ""
        )
        if self.random.random() < 0.15:
            name, unit = "moving_average", f", {self.random.randint(2, 4)}"
        if self.random.random() < 0.15:
            name, unit, inner = "integral", self._pick("", ", 10s"), self._pick("f", "g")
            # of several series InfluxDB 1.6 loses the last interval of each
            tail = f" WHERE host = 'a' AND zone = 'x' AND {self._range()}" + self._some(
                0.5, f" GROUP BY {self._time()}"
            )
            return f"SELECT {name}({inner}{unit}) FROM cpu{tail}"
        if self.random.random() < 0.6:
            tail = self._where(bounded=True) + self._group(self._time()) + self._fill() + self._page()
            return f"SELECT {name}({self._call_of_numbers()}{unit}) FROM {self._source()}{tail}"
        # one series in each group: of points of one time InfluxDB takes any
        tail = f"{self._where()} GROUP BY *{self._page()}"
        return f"SELECT {name}({inner}{unit}) FROM {self._source()}{tail}"

    def _nested(self) -> str:
        outer = self._pick(
            "mean(x)", "sum(x)", "max(x)", "count(x)", "x", "x * 2", "min(x), max(x)", "last(x)"
        )
        aggregated = "(x)" in outer
        number = self._number()
        inner = self._pick(
            f"SELECT {number} AS x FROM {self._source()}{self._where()}{self._group() if aggregated else ''}",
            f"SELECT {self._pick('mean', 'max', 'sum', 'count')}({number}) AS x FROM {self._source()}"
            f"{self._where(bounded=True)}{self._group(self._time())}{self._pick('', ' fill(none)')}",
            # of several series InfluxDB 1.6 fills the gaps of a subquery's series more than once
            f"SELECT {self._pick('mean', 'max', 'sum', 'count')}({number}) AS x FROM cpu"
            f"{self._where(bounded=True)} GROUP BY {self._time()}{self._fill()}",
            f"SELECT {self._pick('mean', 'last', 'sum')}({number}) AS x FROM {self._source()}{self._where()}"
            f"{self._group('host')}",
        )
        # what begins before the outer range hides everything from InfluxDB 1.6
        where = self._some(0.4, f" WHERE time < {START_S + self.random.randint(100, 700)}s")
        if aggregated and self.random.random() < 0.4:
            return f"SELECT {outer} FROM ({inner}) WHERE {self._range()} GROUP BY {self._time()} fill(none)"
        return f"SELECT {outer} FROM ({inner}){where}{self._pick('', '', ' GROUP BY host')}"

    def _odd(self) -> str:
        return self._pick(
            f"SELECT distinct({self._pick(*FIELDS)}) FROM {self._source()}{self._where()}{self._group()}",
            f"SELECT distinct({self._number()}) FROM cpu WHERE {self._range()} GROUP BY {self._time()}",
            f"SELECT mode(b) FROM {self._source()}{self._where()}{self._group()}",
            f"SELECT {self._pick('floor', 'ceil', 'round', 'abs')}(mean({self._number()})) FROM cpu"
            f" WHERE {self._range()} GROUP BY {self._time()}",
            f"SELECT {self._pick('mean', 'sum', 'max')}({self._pick('s', 'b', 'nosuch', 'host')}) FROM cpu",
            f"SELECT mean({self._number()}), {self._pick('f', 'host')} FROM cpu",
            f"SELECT f FROM cpu GROUP BY {self._time()}",
            f"SELECT {self._pick('count(*)', 'first(*)', 'stddev(*)', 'spread(/f|i/)')}"
            f" FROM {self._source()}{self._group()}",
            f"SELECT * FROM {self._source()}{self._where()}{self._group()} LIMIT 3",
        )

    def _show(self) -> str:
        where = self._some(0.4, f" WHERE {self._tag()} {self._pick('=', '!=')} '{self._pick('a', 'x', '')}'")
        source = self._some(0.5, f" FROM {self._source()}")
        return self._pick(
            f"SHOW MEASUREMENTS{where}",
            f"SHOW SERIES{source}{where}",
            f"SHOW TAG KEYS{source}{where}",
            f"SHOW FIELD KEYS{source}",
            f"SHOW TAG VALUES{source} WITH KEY"
            f" {self._pick('= host', '=~ /o/', 'IN (host, zone)', '!= host')}{where}",
            f"SHOW TAG VALUES{source} WITH KEY = zone LIMIT 1",
            f"SHOW SERIES EXACT CARDINALITY{source}",
        )
