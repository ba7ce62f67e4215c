"""SELECT … INTO, and how what it wrote is read back."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.influxql_wild.points import Era
from tests.influxql_wild.selects import Selects
from tests.influxql_wild.words import Words, name


@dataclass(slots=True)
class Targets:
    """Draws one statement after the other, each with a measurement of its own."""

    random: Random
    era: Era
    count: int = 0

    def statement(self) -> tuple[str, list[str]]:
        """Return a statement that writes, and questions about what it wrote."""
        words = Words(self.random, self.era)
        selects = Selects(self.random, self.era, words)
        self.count += 1
        target = f"copy{self.count}"
        source = words.pick("m", name("select"), name("a.b"))
        whole = words.pick("", " GROUP BY *", " GROUP BY host")
        columns = words.pick("*", "v, n", "v AS x, s", "*::field", "v, host")
        call, intervals = selects.call_without_gaps(), words.interval()
        filled = words.pick("", " fill(0)", " fill(previous)", " fill(none)")
        tail = f"{words.where(bounded=True)} GROUP BY {intervals}{words.pick('', ', host', ', *')}{filled}"
        texts = [
            f"SELECT {columns} INTO {target} FROM {source}{words.where()}{whole}",
            f"SELECT {call} INTO {target} FROM {source}{words.where()}{whole}",
            f'SELECT {call} AS x INTO wild."long term".{target} FROM {source}{tail}',
        ]
        read = [f"SELECT * FROM {target} GROUP BY *", f'SELECT * FROM "long term".{target}']
        return self.random.choice(texts), read
