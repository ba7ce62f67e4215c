"""The words of Flux, each with its place in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from heliograph.errors import QuerySyntaxError

_WORDS: Final = re.compile(
    r"""
    (?P<blank>[ \t\r\n]+|//[^\n]*)
  | (?P<TIME>\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?)
  | (?P<DURATION>(?:\d+(?:ns|us|µs|ms|mo|s|m|h|d|w|y))+(?![A-Za-z0-9_]))
  | (?P<FLOAT>\d+\.\d*|\.\d+)
  | (?P<INT>\d+)
  | (?P<IDENT>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<OPERATOR>\|>|<-|=>|==|!=|<=|>=|=~|!~|[-+*/%^<>=(){}\[\],.:?])
    """,
    re.VERBOSE,
)
_HINTS: Final = {
    "'": "; strings stand in double quotes",
    "&": "; both conditions are joined by and",
    "|": "; a pipe is |>, and one condition or another is or",
    ";": "; statements stand one behind the other without it",
    "#": "; comments begin with //",
    "!": "; say not",
    "`": "; strings stand in double quotes",
    "$": '; a value inside of a string is "${…}"',
}
"""What to write instead of characters that other languages have."""
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Token:
    """One word; an operator is its own kind."""

    kind: str
    text: str
    place: Place
    end: int
    """Where the next one begins."""


def syntax_error(place: Place, reason: str) -> QuerySyntaxError:
    """Return the error of a text that is no Flux, or is more Flux than we answer."""
    error = QuerySyntaxError(reason, line=place.line, column=place.column)
    error.args = (f"compilation failed: error @{place.line}:{place.column}: {reason}",)
    return error


class Lexer:
    """Reads words of one text from any place in it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self._line = 0

    def _place(self, at: int) -> Place:
        while self._line + 1 < len(self._lines) and self._lines[self._line + 1] <= at:
            self._line += 1
        while self._lines[self._line] > at:
            self._line -= 1
        return Place(self._line + 1, at - self._lines[self._line] + 1)

    def scan(self, at: int, *, operand: bool) -> Token:
        """Return the next word; only where an operand is expected a slash begins a regular expression."""
        while at < len(self._text):
            first = self._text[at]
            if first == '"':
                return self.string_from(at + 1, self._place(at))
            if first == "/" and operand and self._text[at + 1 : at + 2] != "/":
                return self._regex(at)
            found = _WORDS.match(self._text, at)
            if found is None:
                raise syntax_error(self._place(at), f"unexpected character {first!r}{_HINTS.get(first, '')}")
            if found.lastgroup != "blank":
                return self._token(found, at)
            at = found.end()
        return Token("EOF", "the end", self._place(at), at)

    def _token(self, found: re.Match[str], at: int) -> Token:
        kind = str(found.lastgroup)
        if kind == "INT" and (self._text[found.end() : found.end() + 1] or " ").isalpha():
            word = re.compile(r"\w+").match(self._text, at)
            raise syntax_error(
                self._place(at),
                f"{word[0] if word else found[0]!r} is no number and no duration;"
                " the units are ns us ms s m h d w mo y",
            )
        return Token(found[0] if kind == "OPERATOR" else kind, found[0], self._place(at), found.end())

    def string_from(self, begin: int, opened: Place) -> Token:
        """Return a string from behind its opening quote, or from behind a value inside of it.

        It is a STRING up to the closing quote, or a TEMPLATE up to behind the ``${`` of its next value.
        """
        text, at = self._text, begin
        parts: list[str] = []
        while at < len(text) and text[at] != '"':
            char = text[at]
            if text.startswith("${", at):
                return Token("TEMPLATE", "".join(parts), opened, at + 2)
            if char == "\\":
                at += 1
                char = self._escaped(at)
                at += 2 if text[at] == "x" else 0
            parts.append(char)
            at += 1
        if at >= len(text):
            raise syntax_error(opened, 'a string without its closing "')
        return Token("STRING", "".join(parts), opened, at + 1)

    def _escaped(self, at: int) -> str:
        code = self._text[at : at + 1]
        if code in _ESCAPES:
            return _ESCAPES[code]
        digits = self._text[at + 1 : at + 3]
        if code == "x" and re.fullmatch("[0-9A-Fa-f]{2}", digits):
            return chr(int(digits, 16))
        raise syntax_error(self._place(at), f"unknown escape \\{code} in a string")

    def _regex(self, begin: int) -> Token:
        text, at = self._text, begin + 1
        parts: list[str] = []
        while at < len(text) and text[at] not in "/\n":
            if text[at] == "\\" and text[at + 1 : at + 2] == "/":
                at += 1
            elif text[at] == "\\":
                parts.append("\\")
                at += 1
            parts.append(text[at : at + 1])
            at += 1
        if text[at : at + 1] != "/":
            raise syntax_error(self._place(begin), "a regular expression without its closing /")
        return Token("REGEX", "".join(parts), self._place(begin), at + 1)
