"""A place in a text of InfluxQL, and the errors of what stands there instead of what was expected."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from heliograph.errors import QuerySyntaxError
from heliograph.query.influxql.durations import duration_ns
from heliograph.query.influxql.text import quote_ident
from heliograph.query.influxql.tokens import Lexer, Token

MAX_DEPTH: Final = 100
"""How deep expressions and subqueries may be nested."""
Parameter: TypeAlias = bool | int | float | str | tuple[str, str]
"""A value for ``$name``; a pair is the kind of a word and its text."""

FaultOf: TypeAlias = Callable[[str], str | None]
"""Returns what is wrong with a regular expression."""


class Cursor:
    """Reads one text from left to right."""

    def __init__(
        self,
        text: str,
        parameters: Mapping[str, Parameter] | None = None,
        fault_of: FaultOf | None = None,
    ) -> None:
        self._fault_of = fault_of
        self.lexer = Lexer(text)
        self.at = 0
        self.last = Token("", "", 1, 1, 0)
        """The word that was taken last."""
        self.height = 0
        """How deep the expression is that was read last."""
        self.behind_dot = False
        """Whether the last name ended in a point with a regular expression behind it."""
        self._level = 0
        self._seen: tuple[int, Token] | None = None
        self._parameters = parameters or {}

    @contextlib.contextmanager
    def deeper(self) -> Iterator[None]:
        """One level of nesting for the block.

        Raises:
            QuerySyntaxError: that is one too many.
        """
        self._level += 1
        self.check_depth(self._level)
        yield
        self._level -= 1

    def check_depth(self, depth: int) -> None:
        """Refuse what is nested too deeply."""
        if depth > MAX_DEPTH:
            raise QuerySyntaxError(f"the query is nested too deeply, {MAX_DEPTH} levels are the most")

    def peek(self) -> Token:
        """Return the next word without taking it; a parameter with a value has become that value."""
        if self._seen is not None and self._seen[0] == self.at:
            return self._seen[1]
        token = self._scan()
        self._seen = self.at, token
        return token

    def _scan(self) -> Token:
        token = self.lexer.scan(self.lexer.skip(self.at))
        if token.kind == "BOUNDPARAM" and token.text[1:] in self._parameters:
            kind, text = _word(self._parameters[token.text[1:]])
            return Token(kind, text, token.line, token.char, token.end)
        return token

    def take(self) -> Token:
        """Return the next word and go on behind it."""
        token = self.peek()
        self.at = token.end
        self.last = token
        return token

    def taken(self, *kinds: str) -> bool:
        """Go on behind the next words if they are of these kinds."""
        before = self.at, self.last
        for kind in kinds:
            if self.take().kind != kind:
                self.at, self.last = before
                return False
        return True

    def expect(self, kind: str, *names: str) -> Token:
        """Take the next word, which must be of a kind; ``names`` is what the error says was expected."""
        token = self.take()
        if token.kind != kind:
            raise unexpected(token, *(names or (kind,)))
        return token

    def expect_all(self, *kinds: str) -> None:
        """Take the next words, each of its kind."""
        for kind in kinds:
            self.expect(kind)

    def ident(self) -> str:
        """Take a name."""
        return self.expect("IDENT", "identifier").text

    def string(self) -> str:
        """Take a string."""
        return self.expect("STRING", "string").text

    def integer(self, low: int | None = None, high: int = 2**63 - 1) -> int:
        """Take a whole number, within bounds if ``low`` is given."""
        token = self.expect("INTEGER", "integer")
        value = int(token.text[:40])
        if low is not None and not low <= value <= high:
            raise placed(f"invalid value {value}: must be {low} <= n <= {high}", token)
        if value > high:
            raise placed(f"unable to parse integer {token.text[:40]}: value out of range", token)
        return value

    def count(self) -> int:
        """Take a whole number, of larger ones the largest that 64 bits hold."""
        return min(int(self.expect("INTEGER", "integer").text[:40]), 2**63 - 1)

    def duration_ns(self) -> int:
        """Take a duration; INF is 0."""
        token = self.take()
        if token.kind == "INF":
            return 0
        if token.kind != "DURATIONVAL":
            raise unexpected(token, "duration")
        try:
            return checked_duration(token)
        except QuerySyntaxError as error:
            raise placed(error.reason, token) from error

    def segments(self, first: str) -> list[str]:
        """Take what follows a name: up to three in all, joined by points; those but the first may be empty.

        It stops before a slash or a colon, which only the caller can read.
        """
        names, self.behind_dot = [first], False
        while self.lexer.peek(self.at) == "." and not self.lexer.peek(self.at + 1).isdecimal():
            self.at += 1
            follows = self.lexer.look(self.at)
            if follows in ("/", ":"):
                self.behind_dot = follows == "/"
                break
            names.append("" if follows == "." else self.ident())
        if len(names) > 3:
            shown = [f'"{name}"' if name else "" for name in names[:-1]]
            shown.append(quote_ident(names[-1]))
            raise QuerySyntaxError(
                f"too many segments in {'.'.join(shown)} at line 1, char 1", line=1, column=1
            )
        return names

    def taken_here(self, kind: str) -> bool:
        """Go on behind the next word if it is of a kind and no white space stands before it."""
        return not self.lexer.blank(self.at) and self.taken(kind)

    def no_regex_after(self) -> None:
        """Refuse a slash right behind the next word: InfluxDB begins a regular expression there, too late.

        Raises:
            QuerySyntaxError: there is one.
        """
        token = self.lexer.blanks(self.at) or self.peek()
        if self.lexer.peek(token.end) == "/":
            raise unexpected(token, "regex")

    def take_here(self) -> Token:
        """Return the next word and go on behind it; white space is one."""
        return self.lexer.blanks(self.at) or self.take()

    def regex(self) -> str | None:
        """Take a regular expression if one stands here."""
        here = self.at
        while self.lexer.blank(here):
            here += 1
        if self.lexer.look(here) == "$" and (token := self.peek()).kind == "REGEX":
            self.at = token.end
            return token.text
        if self.lexer.peek(here) != "/":
            return None
        token = self.lexer.regex(here)
        if token.kind != "REGEX":
            raise placed(f"bad regex: {token.text}", token)
        fault = self._fault_of(token.text) if self._fault_of else None
        if fault is not None:
            raise placed(f"error parsing regexp: {fault}", replace(token, char=max(token.char - 1, 1)))
        self.at = token.end
        return token.text


def _word(value: Parameter) -> tuple[str, str]:
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), ""
    if isinstance(value, int):
        return "INTEGER", str(value)
    if isinstance(value, float):
        return "NUMBER", repr(value)
    return "STRING", value


def checked_duration(token: Token) -> int:
    """Return the length of a duration in ns."""
    value = duration_ns(token.text)
    if value is None:
        raise QuerySyntaxError("invalid duration")
    if value >= 2**63:
        raise QuerySyntaxError(f"overflowed duration {token.text}: choose a smaller duration or INF")
    return value


def unexpected(token: Token, *names: str) -> QuerySyntaxError:
    """Return the error of a word that is none of those expected."""
    return placed(f"found {token.shown}, expected {', '.join(names)}", token)


def placed(reason: str, token: Token) -> QuerySyntaxError:
    """Return an error with the place of a word."""
    where = f"{reason} at line {token.line}, char {token.char}"
    return QuerySyntaxError(where, line=token.line, column=token.char)
