"""What is asked: a text and how, drawn from a seed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.influxql_wild.points import Era
from tests.influxql_wild.selects import Selects
from tests.influxql_wild.shows import Shows
from tests.influxql_wild.words import Words


@dataclass(frozen=True, slots=True)
class Question:
    """A text with the parameters of its request."""

    text: str
    parameters: dict[str, str] = field(default_factory=lambda: {"epoch": "ns"})
    accept: str = "application/json"


@dataclass(slots=True)
class Questions:
    """Draws one question after the other about points of one era."""

    random: Random
    era: Era

    def question(self) -> Question:
        """Return what to ask next."""
        r = self.random
        words = Words(r, self.era)
        selects, shows = Selects(r, self.era, words), Shows(r, words)
        chance = r.random()
        if chance < 0.8:
            return Question(selects.select(), self._form())
        if chance < 0.92:
            return Question(shows.show())
        if chance < 0.95:
            texts = [selects.select(2) if r.random() < 0.7 else shows.show() for _ in range(r.randint(2, 3))]
            return Question("; ".join(texts), self._form())
        if chance < 0.98:
            return Question(selects.select(), self._form(), "application/csv")
        return self._bound(words)

    def _form(self) -> dict[str, str]:
        r = self.random
        form = {"epoch": "ns"}
        if r.random() < 0.15:
            form = r.choice(
                ({}, {"epoch": "s"}, {"epoch": "ms"}, {"epoch": "u"}, {"epoch": "m"}, {"epoch": "h"})
            )
        if r.random() < 0.08:
            form = form | {"chunked": "true", "chunk_size": str(r.choice((1, 2, 3, 7, 100)))}
        if r.random() < 0.05:
            form = form | {"rp": "long term"}
        return form

    def _bound(self, words: Words) -> Question:
        values: dict[str, Any] = {
            "a": "a",
            "n": self.random.randint(-3, 3),
            "f": 1.5,
            "b": True,
            "r": {"regex": "a|b"},
        }
        condition = words.pick(
            "host = $a", "v > $n", "v < $f", "b = $b", "host =~ $r", "n >= $n AND host != $a"
        )
        text = words.pick(
            f"SELECT v, n FROM m WHERE {condition}", f"SELECT count(v) FROM /./ WHERE {condition}"
        )
        return Question(text, {"epoch": "ns", "params": json.dumps(values)})
