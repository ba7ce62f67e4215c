"""Statements about what there is, and several in one text."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.influxql_wild.points import TAGS
from tests.influxql_wild.words import Words, name, string


@dataclass(slots=True)
class Shows:
    """Draws one SHOW after the other."""

    random: Random
    words: Words

    def show(self) -> str:
        """Return a statement."""
        pick = self.words.pick
        on = self.words.some(0.2, " ON wild")
        source = self._source()
        where = self._where()
        page = self._page()
        return pick(
            f"SHOW MEASUREMENTS{on}{self._with_measurement()}{where}{page}",
            f"SHOW SERIES{on}{source}{where}{page}",
            f"SHOW TAG KEYS{on}{source}{where}{page}",
            f"SHOW TAG VALUES{on}{source} WITH KEY {self._keys()}{where}{page}",
            f"SHOW TAG VALUES{on}{source} WITH KEY {self._keys()}{where}{page}",
            f"SHOW FIELD KEYS{on}{source}{page}",
            # exactly, or of some measurements, InfluxDB counts a series once for each shard
            f"SHOW SERIES CARDINALITY{on}",
            f"SHOW MEASUREMENT {pick('', 'EXACT ')}CARDINALITY{on}",
            f"SHOW TAG KEY {pick('', 'EXACT ')}CARDINALITY{on}{source}{where}",
            f"SHOW TAG VALUES {pick('', 'EXACT ')}CARDINALITY{on}{source} WITH KEY {self._keys()}",
            f"SHOW FIELD KEY {pick('', 'EXACT ')}CARDINALITY{on}{source}",
            f"SHOW RETENTION POLICIES{on}",
        )

    def _source(self) -> str:
        one = name(self.random.choice(("m", "weather station", "select", 'q"uote', "a.b", "nosuch")))
        return self.words.pick(
            "", "", f" FROM {one}", f" FROM {one}", " FROM /.*/", " FROM m, /e/", " FROM /^[ms]/"
        )

    def _where(self) -> str:
        if self.random.random() < 0.6:
            return ""
        tests = [self._test() for _ in range(self.random.choice((1, 1, 2)))]
        return f" WHERE {self.words.pick(' AND ', ' OR ').join(tests)}"

    def _test(self) -> str:
        key = self.random.choice([*TAGS, "nosuch"])
        value = string(self.random.choice((*TAGS.get(key, ("a",)), "")))
        return self.words.pick(
            f"{name(key)} = {value}",
            f"{name(key)} != {value}",
            f"{name(key)} =~ {self.words.regex()}",
            f"{name(key)} !~ {self.words.regex()}",
            f"({name(key)} = {value})",
        )

    def _with_measurement(self) -> str:
        return self.words.pick(
            "", "", " WITH MEASUREMENT = m", " WITH MEASUREMENT =~ /e/", ' WITH MEASUREMENT = "a.b"'
        )

    def _keys(self) -> str:
        one, other = (name(self.random.choice([*TAGS, "nosuch"])) for _ in range(2))
        return self.words.pick(
            f"= {one}", f"= {one}", f"IN ({one}, {other})", "=~ /o/", "!~ /^h/", f"!= {one}", "=~ /./"
        )

    def _page(self) -> str:
        r = self.random
        limit = self.words.some(0.25, f" LIMIT {r.randint(1, 5)}")
        return limit + self.words.some(0.15, f" OFFSET {r.randint(0, 3)}")
