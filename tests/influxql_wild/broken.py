"""Texts that are nearly InfluxQL: words of good ones left out, doubled, exchanged, or odd ones between."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.influxql_wild.questions import Questions

_WORD: Final = re.compile(
    r"""\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|/(?:[^/\\ ]|\\.)+/|[A-Za-z_]\w*|\d+(?:\.\d+)?[a-zµ]*|\s+"""
    r"""|[<>=!~:]{1,2}|.""",
    re.DOTALL,
)
_ODD: Final = (
    *"\\'\"/(),;.$#@`{}[]\t\n\r-+%=!~&|^é😀µ\u00a0",
    *("$x", "::", "--", "/*", "*/", "1e5", "9223372036854775808", "99999999999999999999", "1.5.2", "1h30m"),
    *("1x", "==", "=~", "!~", "<>", "NULL", "INF", "now()", "time", "SELECT", "FROM", "WHERE", "GROUP", "BY"),
    *("ORDER", "LIMIT", "fill(", "tz(", "INTO", "AND", "OR", "AS", "ON", "WITH", "KEY", "IN"),
)
_OTHERS: Final = (
    'CREATE DATABASE "x" WITH DURATION 3d REPLICATION 1 SHARD DURATION 1h NAME "y"',
    'CREATE RETENTION POLICY "p" ON "wild" DURATION 1d REPLICATION 1 SHARD DURATION 1h DEFAULT',
    'ALTER RETENTION POLICY "p" ON "wild" DURATION 2d',
    'DROP RETENTION POLICY "p" ON "wild"',
    "DELETE FROM m WHERE time < 5 AND host = 'a'",
    "DROP SERIES FROM m WHERE host = 'a'",
    'DROP MEASUREMENT "x"',
    "EXPLAIN ANALYZE SELECT mean(v) FROM m",
    'KILL QUERY 5 ON "h"',
    "CREATE USER \"u\" WITH PASSWORD 'p' WITH ALL PRIVILEGES",
    "SET PASSWORD FOR \"u\" = 'x'",
    'GRANT READ ON "wild" TO "u"',
    'REVOKE ALL PRIVILEGES FROM "u"',
    'SHOW GRANTS FOR "u"',
    'DROP CONTINUOUS QUERY "c" ON "wild"',
    'CREATE SUBSCRIPTION "s" ON "wild"."autogen" DESTINATIONS ALL \'udp://h:1\', \'http://h\'',
    'DROP SUBSCRIPTION "s" ON "wild"."autogen"',
    "SHOW STATS FOR 'x'",
    'SHOW RETENTION POLICIES ON "wild"',
)


@dataclass(slots=True)
class BrokenTexts:
    """Draws one text after the other."""

    random: Random
    questions: Questions

    def text(self) -> str:
        """Return a text that may or may not be InfluxQL."""
        r = self.random
        words = _WORD.findall(r.choice(_OTHERS) if r.random() < 0.3 else self.questions.question().text)
        for _ in range(r.choice((1, 1, 1, 2, 3))):
            if words:
                self._break(words)
        return "".join(words)

    def _break(self, words: list[str]) -> None:
        r = self.random
        at, chance = r.randrange(len(words)), r.random()
        if chance < 0.25:
            del words[at]
        elif chance < 0.4:
            words.insert(at, words[at])
        elif chance < 0.55:
            other = r.randrange(len(words))
            words[at], words[other] = words[other], words[at]
        elif chance < 0.65:
            del words[at:]
        elif chance < 0.85:
            words.insert(at, r.choice(_ODD))
        elif chance < 0.93:
            words[at] = r.choice(_ODD)
        else:
            place = r.randrange(len(words[at]) + 1)
            words[at] = words[at][:place] + r.choice(_ODD) + words[at][place:]
