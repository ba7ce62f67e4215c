"""Points, and pipelines of Flux with their counterparts in InfluxQL, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

START_S: Final = 1_792_890_000 - 7_200
"""Two hours before the clocks of Europe go back."""
SPAN_S: Final = 4 * 3_600
ROOMS: Final = ("attic", "bath", "cellar d", "hall", "kitchen")
TAGS: Final = ("floor", "room", "warm")
NUMBERS: Final = ("temp", "n")
REDUCERS: Final = ("mean", "sum", "count", "min", "max", "first", "last", "median", "stddev", "spread")
SELECTORS: Final = ("min", "max", "first", "last")
ZONES: Final = ("Europe/Berlin", "America/New_York", "Asia/Kolkata")


def points(random: Random) -> str:
    """Return lines, of which no two have the same time; fields come and go, and one room has gaps."""
    lines = []
    for number, second in enumerate(random.sample(range(SPAN_S), 1_600)):
        room = ROOMS[number % len(ROOMS)]
        if room == "hall" and second % 1_800 > 600:
            continue
        tags = room.replace(" ", "\\ ") + f",floor={number % len(ROOMS) % 2}" + ",warm=yes" * (room == "bath")
        fields = {
            "temp": repr(random.uniform(-20, 40)),
            "n": f"{random.randrange(-5, 50)}i",
            "s": f'"{random.choice(("red", "green", "dark blue"))}"',
            "up": random.choice(("true", "false")),
        }
        some = [f"{name}={value}" for name, value in fields.items() if random.random() < 0.8]
        if some:
            lines.append(f"rooms,room={tags} {','.join(some)} {START_S + second}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Pair:
    """The same question in two languages."""

    flux: str
    influxql: str
    tags: tuple[str, ...] = TAGS
    """By which the rows are grouped."""
    timed: bool = True
    """Whether the time of a row means something."""
    ordered: bool = True
    """Whether the order of rows does."""
    start_s: int = 0
    """Where windows of Flux are cut."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Points of a field, in both languages."""

    field: str
    start_s: int
    flux: str
    where: str

    def select(self, expression: str, tags: tuple[str, ...] = TAGS, rest: str = "") -> str:
        """Return a SELECT by tags."""
        by = f" GROUP BY {', '.join(tags)}" if tags else ""
        return f"SELECT {expression} FROM rooms WHERE {self.where}{by}{rest}"


@dataclass(slots=True)
class Pairs:
    """Draws one pair after the other."""

    random: Random

    def pair(self) -> Pair:
        """Return two questions with one answer."""
        kinds: tuple[Callable[[], Pair], ...] = (
            *(self._windows, self._windows, self._windows, self._wholes, self._selected, self._grouped),
            self._grouped_windows,
            *(self._rows, self._changes, self._changes_of_windows, self._computed, self._of_two_fields),
            *(self._extremes, self._distinct, self._folded, self._joined, self._united, self._areas),
        )
        return self.random.choice(kinds)()

    def _pick(self, *texts: str) -> str:
        return self.random.choice(texts)

    def _asked(self, *names: str, whole: bool = False, filtered: bool = True) -> Asked:
        """Return some points of one of some fields; those of all times if ``whole``."""
        name = self._pick(*names)
        start = START_S - 3_600 if whole else START_S + self.random.randrange(-600, SPAN_S // 2)
        stop = START_S + SPAN_S + 60 if whole else start + self.random.randrange(60, SPAN_S)
        flux = (
            f'from(bucket: "lab") |> range(start: {start}, stop: {stop})'
            f' |> filter(fn: (r) => r._measurement == "rooms" and r._field == "{name}")'
        )
        where = f"time >= {start}s AND time < {stop}s"
        for _ in range(self.random.choice((0, 0, 1, 1, 2)) if filtered else 0):
            in_flux, in_influxql = self._condition(name)
            flux += f" |> filter(fn: (r) => {in_flux})"
            where += f" AND {in_influxql}"
        return Asked(name, start, flux, where)

    def _condition(self, name: str) -> tuple[str, str]:
        room, number = self._pick(*ROOMS), self.random.randrange(-10, 30)
        tests = [
            (f'r.room == "{room}"', f"room = '{room}'"),
            (f'r.room != "{room}"', f"room != '{room}'"),
            ("r.room =~ /^[abc]/", "room =~ /^[abc]/"),
            ("r.room !~ /(?i)L$/", "room !~ /(?i)L$/"),
            ('r.floor == "0" or r.room == "bath"', "(floor = '0' OR room = 'bath')"),
            ('not (r.floor == "0")', "floor != '0'"),
        ]
        if name in NUMBERS:
            compared = self._pick("<", "<=", ">", ">=", "!=")
            tests += [(f"r._value {compared} {number}", f"{name} {compared} {number}")] * 2
            tests += [(f"{number}.5 > r._value", f"{name} < {number}.5")]
        if name == "s":
            tests += [('r._value == "red"', "s = 'red'"), ("r._value =~ /e/", "s =~ /e/")] * 2
        return self.random.choice(tests)

    def _reducer(self, name: str) -> str:
        return self._pick(*(REDUCERS if name in NUMBERS else ("count", "first", "last")))

    def _windows(self) -> Pair:
        asked = self._asked("temp", "n", "temp", "n", "s", "up")
        function = self._reducer(asked.field)
        every = self.random.choice((7, 60, 90, 300, 1_800, 3_600, 21_600))
        offset, zone = self.random.choice((0, 0, 5, -13, 600)), self._pick("", "", *ZONES)
        if 3_600 % every % 60:  # where clocks change InfluxQL's windows overlap
            zone = ""
        steps, filling = self._filling(asked.field, function)
        place = f', location: timezone.location(name: "{zone}")' if zone else ""
        empty = "false" if filling == "none" else "true"
        given = f'every: {every}s, offset: {offset}s, timeSrc: "_start", createEmpty: {empty}{place}'
        called = self._pick(
            function, function, f"(tables=<-, column) => tables |> {function}(column: column)"
        )
        tags = (f"time({every}s, {offset}s)", *TAGS)
        rest = f" fill({filling})" + (f" tz('{zone}')" if zone else "")
        return Pair(
            f'import "timezone" {asked.flux} |> aggregateWindow(fn: {called}, {given}){steps}',
            asked.select(f"{function}({asked.field})", tags, rest),
            start_s=asked.start_s,
        )

    def _filling(self, name: str, function: str) -> tuple[str, str]:
        """Return what stands behind a window of Flux, and in InfluxQL's fill()."""
        choices = [("", "none"), ("", "null")]
        if function not in ("count", "stddev"):
            choices.append((" |> fill(usePrevious: true)", "previous"))
            if name in NUMBERS:
                whole = name == "n" and function not in ("mean", "median")
                choices.append((f" |> fill(value: {'3' if whole else '3.0'})", "3"))
        return self.random.choice(choices)

    def _wholes(self) -> Pair:
        asked = self._asked(*NUMBERS)
        function = self._pick("mean", "sum", "count", "median", "stddev", "spread", "quantile(q: 0.5")
        call = f"{function})" if "(" in function else f"{function}()"
        name = "median" if "(" in function else function
        steps = self._pick("", ' |> sort(columns: ["_time"])', " |> window(every: 1000d)")
        return Pair(f"{asked.flux}{steps} |> {call}", asked.select(f"{name}({asked.field})"), timed=False)

    def _selected(self) -> Pair:
        asked, function = self._asked(*NUMBERS), self._pick(*SELECTORS)
        steps = self._pick("", "", " |> limit(n: 100000)")
        return Pair(f"{asked.flux}{steps} |> {function}()", asked.select(f"{function}({asked.field})"))

    def _grouped(self) -> Pair:
        asked = self._asked("temp")
        tags = self.random.choice(((), ("floor",), ("warm",), ("floor", "warm")))
        function = self._pick(*REDUCERS)
        listed = ", ".join(f'"{tag}"' for tag in tags)
        group = f"group(columns: [{listed}])" if tags else "group()"
        return Pair(
            f"{asked.flux} |> {group} |> {function}()",
            asked.select(f"{function}(temp)", tags),
            tags,
            timed=function in SELECTORS,
        )

    def _grouped_windows(self) -> Pair:
        asked, function = self._asked("temp", "n"), self._pick(*REDUCERS)
        tags = self.random.choice(((), ("floor",), ("warm",), ("room", "floor")))
        every = self._pick("60s", "7m", "1h")
        listed = ", ".join(f'"{tag}"' for tag in tags)
        windows = f'aggregateWindow(every: {every}, fn: {function}, createEmpty: false, timeSrc: "_start")'
        return Pair(
            f"{asked.flux} |> group(columns: [{listed}]) |> {windows}",
            asked.select(f"{function}({asked.field})", (f"time({every})", *tags), " fill(none)"),
            tags,
            start_s=asked.start_s,
        )

    def _rows(self) -> Pair:
        asked = self._asked("temp", "n", "s", "up")
        count, offset = self.random.randrange(1, 9), self.random.randrange(4)
        name, by = asked.field, ("room",)
        last = asked.select(name, rest=f" ORDER BY time DESC LIMIT {count}")
        page = f" LIMIT {count} OFFSET {offset}"
        ordered = f'{asked.flux} |> sort(columns: ["_time"], desc: true) |> limit(n: {count})'
        kept = f'{asked.flux} |> keep(columns: ["_time", "_value", "room"])'
        kinds = (
            Pair(f"{asked.flux} |> tail(n: {count})", last, ordered=False),
            Pair(f"{asked.flux} |> limit(n: {count}, offset: {offset})", asked.select(name, rest=page)),
            Pair(asked.flux, asked.select(name)),
            Pair(ordered, last),
            Pair(kept, asked.select(name, by), by),
        )
        return self.random.choice(kinds)

    def _change(self) -> tuple[str, str]:
        unit, count = self._pick("1s", "10s", "1m"), self.random.randrange(2, 6)
        return self.random.choice(
            (
                (f"derivative(unit: {unit})", f"derivative({{0}}, {unit})"),
                (f"derivative(unit: {unit}, nonNegative: true)", f"non_negative_derivative({{0}}, {unit})"),
                ("difference()", "difference({0})"),
                ("difference(nonNegative: true)", "non_negative_difference({0})"),
                ("cumulativeSum()", "cumulative_sum({0})"),
                (f"movingAverage(n: {count})", f"moving_average({{0}}, {count})"),
            )
        )

    def _changes(self) -> Pair:
        asked = self._asked(*NUMBERS, whole=True, filtered=False)
        flux, influxql = self._change()
        if self.random.random() < 0.2:
            flux, influxql = 'elapsed(unit: 1s, columnName: "_value")', "elapsed({0}, 1s)"
        return Pair(f"{asked.flux} |> {flux}", asked.select(influxql.format(asked.field)))

    def _changes_of_windows(self) -> Pair:
        asked = self._asked("temp", whole=True, filtered=False)
        function, every = self._pick("mean", "max", "last", "sum"), self._pick("60s", "5m", "20m")
        flux, influxql = self._change()
        windows = f'aggregateWindow(every: {every}, fn: {function}, createEmpty: false, timeSrc: "_start")'
        return Pair(
            f"{asked.flux} |> {windows} |> {flux}",
            asked.select(influxql.format(f"{function}(temp)"), (f"time({every})", *TAGS), " fill(none)"),
            start_s=asked.start_s,
        )

    def _computed(self) -> Pair:
        name = self._pick(*NUMBERS)
        asked = self._asked(name)
        expressions = {
            "temp": (
                *(("r._value * 2.0 + 1.5", "temp * 2.0 + 1.5"), ("-r._value / 3.0", "-temp / 3.0")),
                *(("math.abs(x: r._value)", "abs(temp)"), ("math.floor(x: r._value)", "floor(temp)")),
                *(("math.ceil(x: r._value)", "ceil(temp)"), ("math.round(x: r._value)", "round(temp)")),
                ("math.pow(x: r._value, y: 2.0)", "pow(temp, 2)"),
                ("if r._value > 5.0 then r._value else r._value", "temp"),
            ),
            "n": (("r._value * 3 - 1", "n * 3 - 1"), ("r._value % 7", "n % 7"), ("-r._value + 2", "-n + 2")),
        }
        flux, influxql = self.random.choice(expressions[name])
        text = f'import "math" {asked.flux} |> map(fn: (r) => ({{r with _value: {flux}}}))'
        return Pair(text, asked.select(influxql))

    def _of_two_fields(self) -> Pair:
        asked = self._asked("temp", filtered=False)
        both = asked.flux.replace('r._field == "temp"', '(r._field == "temp" or r._field == "n")')
        wide = self._pick(
            'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")', "schema.fieldsAsCols()"
        )
        text = f'import "influxdata/influxdb/schema" {both} |> {wide}'
        return Pair(
            f"{text} |> map(fn: (r) => ({{r with _value: r.temp * float(v: r.n)}}))", asked.select("temp * n")
        )

    def _extremes(self) -> Pair:
        asked, count = self._asked("temp"), self.random.randrange(1, 6)
        function = self._pick("top", "bottom")
        return Pair(
            f"{asked.flux} |> {function}(n: {count})",
            asked.select(f"{function}(temp, {count})"),
            ordered=False,
        )

    def _distinct(self) -> Pair:
        asked = self._asked("n", "s")
        select = asked.select(f"distinct({asked.field})")
        return Pair(f"{asked.flux} |> distinct()", select, timed=False, ordered=False)

    def _folded(self) -> Pair:
        asked = self._asked(*NUMBERS)
        zero = "0.0" if asked.field == "temp" else "0"
        fold = "(r, accumulator) => ({_value: accumulator._value + r._value})"
        text = f"{asked.flux} |> reduce(fn: {fold}, identity: {{_value: {zero}}})"
        return Pair(text, asked.select(f"sum({asked.field})"), timed=False)

    def _joined(self) -> Pair:
        asked = self._asked("temp", filtered=False)
        other = asked.flux.replace('"temp"', '"n"')
        if self.random.random() < 0.5:
            joined = f'a = {asked.flux} b = {other} join(tables: {{a: a, b: b}}, on: ["_time", "room"])'
            text = f"{joined} |> map(fn: (r) => ({{r with _value: r._value_a - float(v: r._value_b)}}))"
        else:
            left, right = (f'{one} |> group(columns: ["room"])' for one in (asked.flux, other))
            merge = "(l, r) => ({l with _value: l._value - float(v: r._value)})"
            text = f'import "join" join.time(left: {left}, right: {right}, as: {merge})'
        return Pair(text, asked.select("temp - n", ("room",)), ("room",), ordered=False)

    def _united(self) -> Pair:
        asked, function = self._asked("n"), self._pick("mean", "sum", "count", "spread")
        one, other = self.random.sample(ROOMS, 2)
        parts = ", ".join(f'{asked.flux} |> filter(fn: (r) => r.room == "{room}")' for room in (one, other))
        where = f"{asked.where} AND (room = '{one}' OR room = '{other}')"
        select = Asked("n", asked.start_s, "", where).select(f"{function}(n)")
        return Pair(f"union(tables: [{parts}]) |> {function}()", select, timed=False)

    def _areas(self) -> Pair:
        asked, unit = self._asked("temp", whole=True), self._pick("1s", "1m")
        select = asked.select(f"integral(temp, {unit})")
        return Pair(f"{asked.flux} |> integral(unit: {unit})", select, timed=False)
