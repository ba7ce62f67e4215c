"""The words of InfluxQL, each with its place in the text.

A regular expression can only be told from a division by what came before it, so the parser asks for one
word at a time and says when it expects a regular expression.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

KEYWORDS: Final = frozenset(
    """
    ALL ALTER ANALYZE AND ANY AS ASC BEGIN BY CARDINALITY CONTINUOUS CREATE DATABASE DATABASES DEFAULT
    DELETE DESC DESTINATIONS DIAGNOSTICS DISTINCT DROP DURATION END EVERY EXACT EXPLAIN FALSE FIELD FOR
    FROM FUTURE GRANT GRANTS GROUP GROUPS IN INF INSERT INTO KEY KEYS KILL LIMIT MEASUREMENT
    MEASUREMENTS NAME OFFSET ON OR ORDER PASSWORD PAST POLICIES POLICY PRIVILEGES QUERIES QUERY READ
    REPLICATION RESAMPLE RETENTION REVOKE SELECT SERIES SET SHARD SHARDS SHOW SLIMIT SOFFSET STATS
    SUBSCRIPTION SUBSCRIPTIONS TAG TO TRUE USER USERS VALUES VERBOSE WHERE WITH WRITE
    """.split()  # noqa: SIM905 -- a list of one word a line hides what there is
)
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS: Final = frozenset("0123456789")
_FIRST: Final = _LETTERS | {"_"}
_WORD: Final = _FIRST | _DIGITS
_UNIT: Final = _LETTERS | {"µ"}
_BLANKS: Final = frozenset(" \t\n")
_DOUBLE: Final = {"=~", "!=", "!~", "<=", "<>", ">=", "::"}
_SINGLE: Final = frozenset("+-*/%&|^=<>(),;:.")
_QUOTES: Final = {'"': "IDENT", "'": "STRING"}
_ESCAPES: Final = {"n": "\n", "\\": "\\", '"': '"', "'": "'"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind (a keyword or operator is its own kind), text, place and where the next begins."""

    kind: str
    text: str
    line: int
    char: int
    end: int

    @property
    def shown(self) -> str:
        """The word as an error names it."""
        return self.text or self.kind


class Lexer:
    """Reads words of one text from any place in it."""

    def __init__(self, text: str) -> None:
        self._text = _readable(text)
        self._ends = [found.start() for found in re.finditer("\n", self._text)]
        """Where lines end."""
        self._past_end = False

    def peek(self, at: int) -> str:
        """Return the character at a place, "" at the end."""
        return self._text[at : at + 1]

    def look(self, at: int) -> str:
        """Return the character at a place, "" at the end, where InfluxDB looks beyond it."""
        self._past_end = self._past_end or at >= len(self._text)
        return self.peek(at)

    def blank(self, at: int) -> bool:
        """Return whether white space stands at a place."""
        return self.peek(at) in _BLANKS

    def blanks(self, at: int) -> Token | None:
        """Return the white space at a place as a word, None if there is none."""
        end = at
        while self.blank(end):
            end += 1
        return self._token("WS", self._text[at:end], at, end) if end > at else None

    def skip(self, at: int) -> int:
        """Return the place of the next word: behind white space and comments."""
        text = self._text
        while at < len(text):
            if text[at] in _BLANKS:
                at += 1
                self._past_end = self._past_end or at == len(text)
            elif text.startswith("--", at):
                newline = text.find("\n", at)
                self._past_end = self._past_end or newline < 0
                at = len(text) if newline < 0 else newline + 1
            elif text.startswith("/*", at):
                closed = text.find("*/", at + 2)
                if closed < 0:
                    return at  # scan() tells
                at = closed + 2
            else:
                return at
        return at

    def scan(self, at: int) -> Token:
        """Return the word at a place where no white space stands."""
        text = self._text
        first = self.peek(at)
        if not first:
            return self._token("EOF", "", at, at)
        if first in _FIRST:
            return self._word(at)
        if first in _DIGITS or (first == "." and self.peek(at + 1) in _DIGITS):
            return self._number(at)
        if first in _QUOTES:
            return self._quoted(at, at, _QUOTES[first])
        if first == "$":
            return self._parameter(at)
        pair = text[at : at + 2]
        if pair in _DOUBLE:
            return self._token("!=" if pair == "<>" else pair, "", at, at + 2)
        if first in _SINGLE and pair != "/*":
            return self._token(first, "", at, at + 1)
        return self._token("ILLEGAL", "" if pair == "/*" else first, at, at + 1)

    def regex(self, at: int) -> Token:
        """Return the regular expression whose first slash stands at a place."""
        text, here = self._text, at + 1
        parts: list[str] = []
        while here < len(text) and text[here] != "\n":
            char = text[here]
            if char == "/":
                return self._token("REGEX", "".join(parts), at, here + 1)
            if char == "\\" and self.peek(here + 1) == "/":
                char, here = "/", here + 1
            parts.append(char)
            here += 1
        return self._token("BADREGEX", "", at, here)

    def _word(self, at: int) -> Token:
        end = self._word_end(at)
        if self.peek(end) == '"':
            return self._quoted(end, at, "IDENT")
        word = self._text[at:end]
        if word.upper() in KEYWORDS:
            return self._token(word.upper(), "", at, end)
        return self._token("IDENT", word, at, end)

    def _word_end(self, at: int) -> int:
        end = at
        while end < len(self._text) and self._text[end] in _WORD:
            end += 1
        self._past_end = self._past_end or end == len(self._text)
        return end

    def _parameter(self, at: int) -> Token:
        end = self._word_end(at + 1)
        if self.peek(end) == '"':  # what stands before the quotes is lost
            name = self._quoted(end, at, "BOUNDPARAM")
            return self._token(name.kind, "$" + name.text, at, name.end)
        return self._token("BOUNDPARAM", self._text[at:end], at, end)

    def _quoted(self, at: int, begin: int, kind: str) -> Token:
        text, ending, here = self._text, self._text[at], at + 1
        parts: list[str] = []
        while here < len(text) and text[here] != "\n":
            char = text[here]
            if char == ending:
                return self._token(kind, "".join(parts), begin, here + 1)
            if char == "\\":
                here += 1
                escaped = _ESCAPES.get(self.peek(here))
                if escaped is None:
                    return self._token("BADESCAPE", "\\" + (self.peek(here) or "\0"), here, here + 1)
                char = escaped
            parts.append(char)
            here += 1
        return self._token("BADSTRING", "".join(parts), at, here)

    def _number(self, at: int) -> Token:
        text = self._text
        end = self._digits_end(at)
        if self.peek(end) == ".":
            if end > at and self.peek(end + 1) not in _DIGITS:
                return self._token("NUMBER", text[at:end], at, end + 1)
            end = self._digits_end(end + 1)
            return self._token("NUMBER", text[at:end], at, end)
        if self.peek(end) in _UNIT:
            while end < len(text) and (text[end] in _UNIT or text[end] in _DIGITS):
                end += 1
            return self._token("DURATIONVAL", text[at:end], at, end)
        return self._token("INTEGER", text[at:end], at, end)

    def _digits_end(self, at: int) -> int:
        while at < len(self._text) and self._text[at] in _DIGITS:
            at += 1
        return at

    def _token(self, kind: str, text: str, at: int, end: int) -> Token:
        """Make a word; its line and character count from 1.

        The end of the text counts as one character more once something has looked beyond it, as in InfluxDB.
        """
        place = at + 1 if kind == "EOF" and self._past_end else at
        if at and (kind in ("BADSTRING", "BADREGEX") or (kind == "STRING" and self._text[at] == "'")):
            place = at = at - 1  # a string is said to begin one character early
        line = bisect_left(self._ends, at)
        return Token(kind, text, line + 1, place - (self._ends[line - 1] if line else -1), end)


def _readable(text: str) -> str:
    """Return a text whose lines end in one way, and which ends at a character zero that is in no word."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = re.sub(r"(?<=[\sA-Za-z_])\0", "", text).partition("\0")[0]
    return text
