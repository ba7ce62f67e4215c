"""Which language a question is in, told by its words, and whether its text is whole."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final


class Language(Enum):
    """A language in which the hub is asked."""

    SQL = "sql"
    INFLUXQL = "influxql"
    FLUX = "flux"

    @property
    def shown(self) -> str:
        """The name as people write it."""
        return {"sql": "SQL", "influxql": "InfluxQL", "flux": "Flux"}[self.value]


_QUOTED: Final = re.compile(
    r"""(?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")|--[^\n]*|/\*.*?\*/""", re.DOTALL
)
_FLUX_COMMENT: Final = re.compile(r"//[^\n]*")
_FLUX: Final = re.compile(
    r"""\|>|^\s*(?:import\s*"|package\s+\w+\s*\n|option\s+\w+\s*=|from\s*\(\s*bucket(?:ID)?\s*:|buckets\s*\(\s*\)"""
    r"""|union\s*\(\s*tables|array\.from\s*\(|schema\.|[A-Za-z_]\w*\s*=(?!=))"""
)
_STATEMENTS: Final = frozenset(
    "SHOW CREATE DROP ALTER DELETE GRANT REVOKE KILL EXPLAIN SET".split()  # noqa: SIM905 - a list of words
)
"""The first words of InfluxQL's statements; the hub's SQL is SELECT alone."""
_INFLUXQL: Final = re.compile(
    r"""[=!]~\s*/|\bfrom\s*(?:/|""\s*\.)|::(?:tag|field)\b|\bgroup\s+by\s+(?:[^;]*,\s*)?(?:time\s*\(|\*|/)"""
    r"""|\bfill\s*\(|\b(?:slimit|soffset)\b|\btz\s*\(|\binto\b|(?<![\w.])\d+(?:ns|u|µ|ms|[smhdw])\b"""
    r"""|;\s*[a-z]""",
    re.IGNORECASE,
)
"""What only InfluxQL's SELECT has: regular expressions, intervals, ``1h``, ``fill()``, others behind it…"""
_FUNCTIONS: Final = re.compile(
    r"""\bselect\b[^;]*?\b(?:first|last|spread|percentile|integral|elapsed|difference|derivative|top|bottom"""
    r"""|non_negative_\w+|cumulative_sum|moving_average|holt_winters\w*)\s*\(\s*(?:""|\w+|\*)\s*[,)]""",
    re.IGNORECASE,
)
"""Functions of a field that InfluxQL has; SQL's of these names would take the rows in any order."""
_SQL: Final = re.compile(
    r"""\bjoin\b|\bover\s*\(|\bhaving\b|\bunion\b|\bcase\s+when\b|^\s*with\b|count\s*\(\s*\*\s*\)"""
    r"""|\border\s+by\s+(?!time\b)|\bdistinct\s+on\b|\b(?:in|between|like|ilike)\b""",
    re.IGNORECASE,
)
"""What only SQL's SELECT has."""
_OPEN_END: Final = re.compile(
    r"""(?:[,(\[{=+*<>|-]|\b(?:select|from|where|and|or|by|as|with|on|in|into|order|group|show|not|set|return))$""",
    re.IGNORECASE,
)
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


def guess(text: str) -> Language:
    """Return the language of a question.

    Flux has ``|>`` or begins as Flux does. InfluxQL is what begins with SHOW, CREATE and its like, and a
    SELECT with something that SQL has not, or with a function like ``last(field)`` and nothing that only
    SQL has. Everything else is SQL.
    """
    bare = _bare(text)
    if _FLUX.search(_FLUX_COMMENT.sub("", bare)):
        return Language.FLUX
    first = re.match(r"\s*([A-Za-z]+)", bare)
    if (first and first[1].upper() in _STATEMENTS) or _INFLUXQL.search(bare):
        return Language.INFLUXQL
    if _FUNCTIONS.search(bare) and not _SQL.search(bare):
        return Language.INFLUXQL
    return Language.SQL


def unfinished(text: str) -> bool:
    """Return whether a question that is being typed goes on with the next line.

    An open bracket or quote is waited for, and what must follow the last word or sign, but no longer than
    two empty lines. Flux of several lines, and ``from()`` without a pipeline, ends with an empty line.
    """
    typed = text.strip()
    if typed.endswith(";") or text.endswith("\n\n"):
        return False
    bare = _bare(text)
    flux = guess(text) is Language.FLUX
    if flux:
        bare = _FLUX_COMMENT.sub("", bare)
    if _is_open(bare) or _OPEN_END.search(bare.rstrip()):
        return True
    pipeline = flux and ("\n" in typed or (typed.startswith("from") and "|>" not in bare))
    return pipeline and not text.endswith("\n")


def _is_open(bare: str) -> bool:
    opened: list[str] = []
    for char in bare:
        if char in "([{":
            opened.append(char)
        elif char in _PAIRS and opened and opened[-1] == _PAIRS[char]:
            opened.pop()
    return bool(opened) or bare.count('"') % 2 == 1 or bare.count("'") % 2 == 1


def _bare(text: str) -> str:
    """Return a text without what stands in quotes and comments of SQL."""
    return _QUOTED.sub(lambda found: found["text"][0] * 2 if found["text"] else " ", text)
