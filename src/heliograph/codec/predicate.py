"""The text of a predicate, as InfluxDB 2.x takes it for a delete: ``_measurement="cpu" AND host="pi4"``.

Source: InfluxDB 2.x, "Delete predicate syntax".
"""

from __future__ import annotations

import re
from typing import Final

from heliograph.errors import QueryError
from heliograph.model.predicate import Condition, Predicate

MAX_CONDITIONS: Final = 64
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>!=|<>|=~|!~|<=|>=|[=<>()])|"""
    r"""(?P<word>[^\s"'()=!<>~;,]+)|(?P<other>\S))""",
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_NOT_TAGS: Final = frozenset({"_field", "_time", "_value"})


def parse_predicate(text: str) -> Predicate:
    """Return what the text says; an empty one means every series.

    Conditions are ``tag = value`` or ``tag != value``, joined by ``AND``, in parentheses or not. Names and
    values stand bare or in quotes.

    Raises:
        QueryError: with the position, counted from 1, of what cannot stand there.
    """
    return _Parser(text).predicate()


def format_predicate(predicate: Predicate) -> str:
    """Return a text that :func:`parse_predicate` reads back."""
    return " AND ".join(
        f"{_quoted(c.tag)}{'=' if c.equal else '!='}{_quoted(c.value)}" for c in predicate.conditions
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [found for found in _TOKEN.finditer(text) if found.lastgroup]
        self._end = len(text) + 1
        self._at = 0
        self._conditions: list[Condition] = []

    def predicate(self) -> Predicate:
        if self._tokens:
            self._all()
            if self._at < len(self._tokens):
                raise self._unexpected("AND or the end")
        if len(self._conditions) > MAX_CONDITIONS:
            raise QueryError(f"a predicate has {MAX_CONDITIONS} conditions at most; delete in several steps")
        return Predicate(tuple(self._conditions))

    def _all(self) -> None:
        """Read conditions, or the like in parentheses, joined by AND; nesting is counted, not called."""
        depth = 0
        while True:
            while self._take("("):
                depth += 1
            self._conditions.append(self._condition())
            while depth and self._take(")"):
                depth -= 1
            if self._word().upper() != "AND":
                break
            self._at += 1
        if self._word().upper() == "OR":
            raise QueryError(f"OR at position {self._position()} is not possible: delete in several steps")
        if depth:
            raise self._unexpected('")"')

    def _condition(self) -> Condition:
        tag = self._text("the name of a tag, or _measurement")
        if tag in _NOT_TAGS:
            raise QueryError(f"a delete cannot choose by {tag}: only by _measurement and tags")
        sign = self._sign()
        if sign not in ("=", "!=", "<>"):
            raise self._unexpected("= or !=")
        self._at += 1
        return Condition(tag, self._text("a value"), equal=sign == "=")

    def _text(self, wanted: str) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        if token is None or token.lastgroup not in ("quoted", "word"):
            raise self._unexpected(wanted)
        self._at += 1
        if token.lastgroup == "word":
            return token["word"]
        return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), token["quoted"][1:-1])

    def _sign(self) -> str:
        return self._tokens[self._at]["sign"] or "" if self._at < len(self._tokens) else ""

    def _word(self) -> str:
        return self._tokens[self._at]["word"] or "" if self._at < len(self._tokens) else ""

    def _take(self, sign: str) -> bool:
        found = self._sign() == sign
        self._at += found
        return found

    def _position(self) -> int:
        if self._at >= len(self._tokens):
            return self._end
        token = self._tokens[self._at]
        return token.start(token.lastgroup or 0) + 1

    def _unexpected(self, wanted: str) -> QueryError:
        came = "its end" if self._at >= len(self._tokens) else repr(self._tokens[self._at][0].strip())
        return QueryError(f"invalid predicate: expected {wanted} at position {self._position()}, {came} came")
