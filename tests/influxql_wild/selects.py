"""SELECT in all its clauses, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from tests.influxql_wild.points import SECOND_NS, TAGS, Era
from tests.influxql_wild.words import ABSENT, FIELDS, NUMBERS, Words, name

AGGREGATES: Final = ("count", "sum", "mean", "median", "spread", "stddev", "mode")
SELECTORS: Final = ("first", "last", "min", "max")
CHANGES: Final = (
    "derivative",
    "non_negative_derivative",
    "difference",
    "non_negative_difference",
    "cumulative_sum",
    "moving_average",
    "elapsed",
)
MATH: Final = ("floor", "ceil", "round", "sin", "exp", "atan", "cos", "sqrt", "ln", "log2", "log10", "tan")
ZONES: Final = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "UTC",
)


@dataclass(slots=True)
class Selects:
    """Draws one SELECT after the other."""

    random: Random
    era: Era
    words: Words

    def select(self, depth: int = 3) -> str:
        """Return a SELECT; subqueries go at most so deep."""
        kinds = [self._raw, self._grouped, self._grouped, self._plain, self._selector, self._several]
        kinds += [self._change, self._top, self._wild, self._distinct, self._integral]
        if depth:
            kinds += [lambda: self._nested(depth)] * 3
        return self.random.choice(kinds)()

    def _pick(self, *texts: str) -> str:
        return self.random.choice(texts)

    def _some(self, chance: float, text: str) -> str:
        return text if self.random.random() < chance else ""

    # -- clauses ------------------------------------------------------------------------------------

    def _tags(self) -> list[str]:
        tags = [name(tag) for tag in TAGS]
        some = self.random.sample(tags, self.random.choice((1, 1, 2)))
        return self.random.choice(
            ([], [], [], some, some, ["*"], ["/o/"], ["/^g|é/"], [ABSENT], ["*::tag"][:0])
        )

    def _group(self, *first: str) -> str:
        found = [*first, *self._tags()]
        self.random.shuffle(found)
        return f" GROUP BY {', '.join(found)}" if found else ""

    def _fill(self) -> str:
        number = f" fill({self.random.uniform(-9, 9)!r})"
        return self._pick(
            "", "", " fill(none)", " fill(null)", " fill(0)", number, " fill(-3)", " fill(previous)",
            " FILL(linear)", " fill(linear)",
        )  # fmt: skip

    def _page(self, *, series: bool = True) -> str:
        r = self.random
        order = self._pick(
            "", "", "", " ORDER BY time DESC", " ORDER BY time", " order by time asc", " ORDER BY DESC"
        )
        limit = self._some(0.3, f" LIMIT {r.randint(1, 7)}" + self._some(0.5, f" OFFSET {r.randint(0, 5)}"))
        # in each shard InfluxDB counts anew
        if series and not self.era.shards and r.random() < 0.12:
            limit += f" SLIMIT {r.randint(1, 3)}" + self._some(0.5, f" SOFFSET {r.randint(0, 3)}")
        return order + limit

    def _zone(self) -> str:
        if self.era.grid_ns < SECOND_NS:  # a range shifted by hours would have too many intervals
            return ""
        return self._some(0.12, f" tz('{self._pick(*ZONES)}')")

    def _alias(self) -> str:
        return self._some(0.15, f" AS {self._pick('x', 'y', name('ein Name'), name('v'), name('time2'))}")

    def _source(self) -> str:
        return self.words.measurement()

    # -- kinds of questions ---------------------------------------------------------------------------

    def _raw(self) -> str:
        columns = [self._column() for _ in range(self.random.randint(1, 4))]
        tail = self.words.where() + self._group() + self._page() + self._zone()
        return f"SELECT {', '.join(columns)} FROM {self._source()}{tail}"

    def _column(self) -> str:
        w, r = self.words, self.random
        number = w.number()
        expression = self._pick(
            f"{number} {self._pick('+', '-', '*', '/', '%')} {r.randint(-3, 5)}",
            f"{number} {self._pick('+', '-', '*', '/', '%')} {w.number()}",
            f"({number} + 1) * {r.uniform(-2, 2)!r} - {w.number()}",
            f"n {self._pick('&', '|', '^')} {self._pick('6', 'n', 'big')}",
            f"b {self._pick('&', '|', '^')} {self._pick('true', 'b')}",
            f"-{number}",
            f"{self._pick(*MATH)}({number})",
            f"pow({number}, 2)",
            f"atan2({number}, 2)",
            f"log({number}, 2)",
            f"{self._pick('floor', 'abs')}({number} / 3.5)",
            "s + s",
            "2 * (3 + v)",
        )
        cast = f"{w.field()}::{self._pick('float', 'integer', 'string', 'boolean', 'field', 'tag')}"
        plain = self._pick(w.field(), w.field(), name(w.tag()), number)
        star = self._pick("*", "*::field", "*::tag", "/^[vn]$/", "/o/")
        if self.era.shards:  # each of InfluxDB's shards has columns of its own
            star = "v"
        return self._pick(plain, plain, plain, expression, expression, cast, star) + self._alias()

    def _call(self) -> str:
        w = self.words
        simple = f"{self._pick(*AGGREGATES, *SELECTORS)}({w.number()})"
        return self._pick(
            simple,
            simple,
            simple,
            f"{self._pick('count', 'first', 'last', 'mode')}({w.field()})",
            f"{self._pick('min', 'max', 'count', 'first', 'last')}({self._pick('big', 'wide')})",
            f"{self._pick('sum', 'spread')}(big)",
            # before 1970, without a first time, InfluxDB counts none
            f"count(distinct({w.field()}))" if self.era.start_ns > 0 else simple,
            f"percentile({w.number()}, {self._pick('50', '90', '99.9', '100')})",
        )

    def call_without_gaps(self) -> str:
        """A call that may stand in another; of one point InfluxDB's stddev() is no number and yet there."""
        while "stddev" in (call := self._call()):
            pass
        return call

    def _math(self) -> str:
        one, other = self.call_without_gaps(), self.call_without_gaps()
        return self._pick(
            f"{one} {self._pick('+', '-', '*', '/', '%')} {other}",
            f"{one} {self._pick('+', '-', '*', '/')} {self._pick('2', '-1.5', '1000')}",
            f"({one} - {other}) / ({self.call_without_gaps()} + 1)",
            f"{self._pick('round', 'floor', 'sqrt', 'ceil')}({one})",
            f"pow({one}, 2)",
        )

    def _list(self) -> str:
        count = self.random.choice((1, 1, 1, 2, 2, 3))
        return ", ".join(
            (self._math() if self.random.random() < 0.2 else self._call()) + self._alias()
            for _ in range(count)
        )

    def _grouped(self) -> str:
        bounded = self.random.random() < 0.9
        fill = self._fill() if bounded else " fill(none)"  # up to now there are too many intervals
        tail = self.words.where(bounded=bounded) + self._group(self.words.interval()) + fill
        return f"SELECT {self._list()} FROM {self._source()}{tail}{self._page()}{self._zone()}"

    def _plain(self) -> str:
        tail = self.words.where() + self._group() + self._some(0.1, " fill(0)") + self._page() + self._zone()
        return f"SELECT {self._list()} FROM {self._source()}{tail}"

    def _selector(self) -> str:
        w = self.words
        call = self._pick(
            f"{self._pick('first', 'last')}({w.field()})",
            f"{self._pick(*SELECTORS)}({w.number()})",
            f"percentile({w.number()}, {self._pick('50', '75.5', '100')})",
        )
        many = () if self.era.shards else ("*", "/s|v/")
        others = [
            self._pick(name(w.tag()), w.field(), f"{w.number()} * 2", *many)
            for _ in range(self.random.randint(0, 2))
        ]
        in_intervals = self.random.random() < 0.4
        if others and call.startswith(("min", "max", "first", "last") if in_intervals else ("min", "max")):
            # whose other columns InfluxDB shows of equal points depends on the number of its cores
            call = f"{call.partition('(')[0]}(u)"
        columns = [call + self._alias(), *others]
        self.random.shuffle(columns)
        if in_intervals:
            tail = w.where(bounded=True) + self._group(w.interval()) + self._fill() + self._page()
        else:
            tail = w.where() + self._group() + self._page()
        return f"SELECT {', '.join(columns)} FROM {self._source()}{tail}{self._zone()}"

    def _several(self) -> str:
        w = self.words
        calls = ", ".join(f"{self._pick(*SELECTORS, 'mean', 'count')}({w.number()})" for _ in range(3))
        tail = w.where(bounded=True) + self._group(w.interval()) + self._fill() + self._page()
        return f"SELECT {calls} FROM {self._source()}{tail}"

    def _change(self) -> str:
        w, r = self.words, self.random
        change = self._pick(*CHANGES)
        more = ""
        if change in ("derivative", "non_negative_derivative", "elapsed"):
            more = self._some(0.5, f", {self._pick('1s', '1m', '10ms', '1h', '3ns')}")
        if change == "moving_average":
            more = f", {r.randint(2, 5)}"
        if r.random() < 0.55:
            inner = self.call_without_gaps()
            beside = self._some(0.2, f", {self._call()}")
            # without a first time InfluxDB gives nothing
            tail = w.where(bounded=True) + self._group(w.interval()) + self._fill() + self._page()
            return f"SELECT {change}({inner}{more}){beside} FROM {self._source()}{tail}{self._zone()}"
        column = self._pick(w.number(), w.number(), "big", "s", *(() if self.era.shards else ("*", "/v|n/")))
        return f"SELECT {change}({column}{more}) FROM {self._source()}{w.where()} GROUP BY *{self._page()}"

    def _top(self) -> str:
        w = self.words
        field, tags = w.number(), ""
        beside = self._some(0.4, f", {self._pick(name(w.tag()), w.field(), w.number())}")
        if self.random.random() < 0.5:
            if beside:  # of equal points of one tag InfluxDB takes any: it depends on the number of its cores
                field = "u"
            tags = f", {name(self.random.choice(list(TAGS)))}" + self._some(0.2, ", host")
        call = f"{self._pick('top', 'bottom')}({field}{tags}, {self.random.randint(1, 5)})"
        if self.random.random() < 0.4:
            tail = w.where(bounded=True) + self._group(w.interval())
        else:
            tail = w.where() + self._group()
        # with LIMIT InfluxDB looks at so many points only
        return f"SELECT {call}{self._alias()}{beside} FROM {self._source()}{tail}"

    def _wild(self) -> str:
        if self.era.shards:
            return self._plain()
        call = self._pick(
            f"{self._pick(*AGGREGATES, *SELECTORS)}({self._pick('/v|n/', '/^t/')})",
            # the sum of large whole numbers, of which InfluxDB makes the mean, overflows
            f"{self._pick('count', 'sum', 'mode', 'spread', *SELECTORS)}({self._pick('*', '*::field')})",
        )
        tail = self.words.where() + self._group() + self._page()
        if self.random.random() < 0.4:
            tail = self.words.where(bounded=True) + self._group(self.words.interval()) + self._fill()
        return f"SELECT {call}{self._alias()} FROM {self._source()}{tail}"

    def _distinct(self) -> str:
        w = self.words
        field = w.field()
        call = self._pick(f"distinct({field})", f"DISTINCT {field}")
        if self.random.random() < 0.4:
            return f"SELECT {call} FROM {self._source()}{w.where(bounded=True)}{self._group(w.interval())}"
        return f"SELECT {call} FROM {self._source()}{w.where()}{self._group()}"

    def _integral(self) -> str:
        # of several groups InfluxDB shows the last interval of each in any order, or not at all,
        # and between the intervals of whole numbers it goes astray
        call = f"integral(v{self._some(0.5, ', 1m')})"
        if self.random.random() < 0.4:
            tail = f"{self.words.where(bounded=True)} GROUP BY {self.words.interval()}"
            return f"SELECT {call} FROM {self._pick('m', name('select'))}{tail}"
        source = self._pick("m", name("weather station"), name("select"))
        return f"SELECT {call} FROM {source}{self.words.where()}"

    def _nested(self, depth: int) -> str:
        w = self.words
        alias = self._pick("x", "v")
        if self.random.random() < 0.1:
            return self._change_of_nested(alias)
        inner, has_intervals = self._inner(depth - 1, alias)
        source = f"({inner})"
        if self.random.random() < 0.06:  # of several types InfluxDB takes any
            source = f"(SELECT v AS {alias} FROM {name('select')}{w.where()}), (SELECT n AS {alias} FROM m)"
            has_intervals = False
        outer = self._pick(
            alias, f"{alias} * 2", "*", f"ceil({alias})", f"{alias}, host",
            f"mean({alias})", f"sum({alias})", f"max({alias})", f"count({alias})", f"last({alias})",
            f"min({alias}), max({alias})", f"first({alias}), host", f"mean({alias}) / count({alias})",
            f"top({alias}, 2)", f"percentile({alias}, 50)",
        )  # fmt: skip
        grouped = "(" in outer and not outer.startswith("ceil") and self.random.random() < 0.4
        # what begins before the outer range hides everything from InfluxDB
        tail = w.where(early=has_intervals, bounded=grouped)
        if grouped:
            tail += self._group(w.interval()) + (" fill(none)" if has_intervals else self._fill())
        else:
            tail += self._group()
        return f"SELECT {outer} FROM {source}{tail}{self._page(series=False)}"

    def _change_of_nested(self, alias: str) -> str:
        change = self._pick(f"derivative({alias}, 1m)", f"difference({alias})", f"cumulative_sum({alias})")
        inner = f"SELECT {self.words.number()} AS {alias} FROM {self._source()}{self.words.where()}"
        return f"SELECT {change} FROM ({inner}){self._group()}"

    def _inner(self, depth: int, alias: str) -> tuple[str, bool]:
        """A subquery, and whether there are intervals in it."""
        w = self.words
        if depth and self.random.random() < 0.4:
            deeper, has_intervals = self._inner(depth - 1, alias)
            call = self._pick(f"{self._pick('mean', 'max', 'sum', 'last')}({alias})", alias)
            if call[-1] == ")" and self.random.random() < 0.4:
                tail = w.where(early=has_intervals, bounded=True) + self._gaps(none=has_intervals)
                return f"SELECT {call} AS {alias} FROM ({deeper}){tail}", True
            tail = w.where(early=has_intervals) + (self._group() if call[-1] == ")" else "")
            return f"SELECT {call} AS {alias} FROM ({deeper}){tail}", has_intervals
        number = w.number()
        kind = self.random.randrange(4)
        if kind == 0:
            columns = f"{number} AS {alias}{self._some(0.3, ', host')}"
            return f"SELECT {columns} FROM {self._source()}{w.where()}", False
        if kind == 1:
            call = self._inner_call()
            if self.era.shards:  # the order of points of one time is followed within a shard
                call = call.replace("first(", "max(").replace("last(", "min(")
            tail = w.where() + self._group()
            return f"SELECT {call} AS {alias} FROM {self._source()}{tail}", False
        if kind == 2:
            change = self._pick("derivative", "difference", "cumulative_sum")
            # within intervals of the outer query InfluxDB begins one interval before the range
            where = self._some(0.5, f" WHERE {w.condition()}")
            return f"SELECT {change}({number}) AS {alias} FROM {self._source()}{where}", True
        tail = w.where(bounded=True) + self._gaps()
        return f"SELECT {self._inner_call()} AS {alias} FROM {self._source()}{tail}", True

    def _inner_call(self) -> str:
        """A call whose values have a mean: InfluxDB's overflows."""
        return self.call_without_gaps().replace("big", "n")

    def _gaps(self, *, none: bool = False) -> str:
        """GROUP BY time() of a subquery: in one that groups by tags InfluxDB fills gaps more than once."""
        interval = self.words.interval()
        if none:
            return f" GROUP BY {interval} fill(none)"
        return self._pick(self._group(interval), f" GROUP BY {interval}{self._fill()}")


assert set(NUMBERS) <= set(FIELDS)
