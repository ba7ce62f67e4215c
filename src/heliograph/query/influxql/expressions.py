"""Expressions of InfluxQL, read by recursive descent, one function per step of precedence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from heliograph.errors import QuerySyntaxError
from heliograph.query.influxql.cursor import Cursor, checked_duration, placed, unexpected
from heliograph.query.influxql.tokens import Token
from heliograph.query.influxql.tree import (
    Binary,
    Boolean,
    Call,
    Distinct,
    Duration,
    Expression,
    Integer,
    Logic,
    Number,
    Paren,
    Ref,
    Regex,
    Text,
    Wildcard,
)

COMPARISONS: Final = frozenset({"=", "!=", "=~", "!~", "<", "<=", ">", ">="})
STEPS: Final = {
    "OR": 1,
    "AND": 2,
    **dict.fromkeys(COMPARISONS, 3),
    **dict.fromkeys("+-|^", 4),
    **dict.fromkeys("*/%&", 5),
}
"""How strongly an operator binds; those of one step are read from left to right."""
CASTS: Final = ("float", "integer", "unsigned", "string", "boolean", "field", "tag")
_MAX_INTEGER: Final = 2**63 - 1
_DIGITS_READ: Final = 400


def expression(cursor: Cursor) -> Expression:
    """Read an expression."""
    with cursor.deeper():
        return _climb(cursor, 1)


def _climb(cursor: Cursor, step: int) -> Expression:
    """Read operands as long as the operators between them bind at least as strongly as a step."""
    left = _unary(cursor)
    while (binds := STEPS.get(cursor.peek().kind, 0)) >= step:
        height = cursor.height
        operator = cursor.take().kind
        terms = [left, _right(cursor, operator, binds)]
        height = max(height, cursor.height)
        while operator in ("AND", "OR") and cursor.taken(operator):
            terms.append(_climb(cursor, binds + 1))
            height = max(height, cursor.height)
        cursor.height = height + 1
        cursor.check_depth(cursor.height)
        left = Logic(operator, tuple(terms)) if binds < 3 else Binary(operator, *terms)
    return left


def _right(cursor: Cursor, operator: str, binds: int) -> Expression:
    return _pattern(cursor) if operator in ("=~", "!~") else _climb(cursor, binds + 1)


def _pattern(cursor: Cursor) -> Regex:
    pattern = cursor.regex()
    if pattern is not None:
        return Regex(pattern)
    token = cursor.peek()
    if token.kind != "STRING":  # InfluxDB refuses one, but dashboards whose variables are texts have it
        raise unexpected(token, "regex")
    return Regex(cursor.take().text)


def _unary(cursor: Cursor) -> Expression:
    cursor.height = 0
    token = cursor.take()
    read = _READERS.get(token.kind)
    if read is None:
        raise unexpected(token, "identifier", "string", "number", "bool")
    return read(cursor, token)


def _paren(cursor: Cursor, _: Token) -> Expression:
    inner = expression(cursor)
    cursor.expect(")")
    cursor.height += 1
    return Paren(inner)


def _name(cursor: Cursor, token: Token) -> Expression:
    if cursor.lexer.peek(cursor.at) == "(":
        cursor.at += 1
        return _call(cursor, token.text)
    return Ref(".".join(cursor.segments(token.text)), _cast(cursor))


def _cast(cursor: Cursor) -> str:
    if not cursor.taken_here("::"):
        return ""
    token = cursor.take_here()
    word = (token.text if token.kind == "IDENT" else token.kind).lower()
    if token.kind not in ("IDENT", "FIELD", "TAG") or word not in CASTS:
        names = CASTS if token.kind == "IDENT" else [cast for cast in CASTS if cast != "unsigned"]
        raise unexpected(token, *names)
    return word


def _call(cursor: Cursor, name: str) -> Call:
    args: list[Expression] = []
    height = 0
    pattern = cursor.regex()
    if pattern is not None or not cursor.taken(")"):
        while True:
            args.append(Regex(pattern) if pattern is not None else expression(cursor))
            height = max(height, cursor.height)
            if not cursor.taken(","):
                break
            pattern = cursor.regex()
        cursor.expect(")")
    cursor.height = height + 1
    cursor.check_depth(cursor.height)
    return Call(name.lower(), tuple(args))


def _distinct(cursor: Cursor, _: Token) -> Expression:
    if cursor.lexer.peek(cursor.at) == "(":
        cursor.at += 1
        return _call(cursor, "distinct")
    if cursor.lexer.blank(cursor.at):
        return Distinct(cursor.expect("IDENT", "identifier").text)
    raise unexpected(cursor.take(), "(", "identifier")


def _number(_: Cursor, token: Token) -> Expression:
    return Number(float(token.text))


def _integer(_: Cursor, token: Token) -> Expression:
    value = int(token.text[:_DIGITS_READ])
    if value >= 2**64:
        raise placed("unable to parse integer", token)
    return Integer(value)


def _wildcard(cursor: Cursor, _: Token) -> Expression:
    if not cursor.taken_here("::"):
        return Wildcard()
    token = cursor.take_here()
    if token.kind not in ("FIELD", "TAG"):
        raise unexpected(token, "field", "tag")
    return Wildcard(token.kind.lower())


def _parameter(_: Cursor, token: Token) -> Expression:
    if token.text == "$":
        raise QuerySyntaxError("empty bound parameter")
    raise QuerySyntaxError(f"missing parameter: {token.text[1:]}")


def _signed(cursor: Cursor, sign: Token) -> Expression:
    token = cursor.peek()
    if token.kind not in ("NUMBER", "INTEGER", "DURATIONVAL", "(", "IDENT"):
        raise unexpected(token, "identifier", "number", "duration", "(")
    with cursor.deeper():
        operand = _unary(cursor)
    factor = -1 if sign.kind == "-" else 1
    if isinstance(operand, Number):
        return Number(operand.value * factor)
    if isinstance(operand, Duration):
        return Duration(operand.value_ns * factor)
    if isinstance(operand, Integer):
        if factor < 0 and operand.value > _MAX_INTEGER + 1:
            raise QuerySyntaxError(f"constant -{operand.value} underflows int64")
        return Integer(operand.value * factor)
    cursor.height += 1
    return Binary("*", Integer(factor), operand)


_READERS: Final[dict[str, Callable[[Cursor, Token], Expression]]] = {
    "(": _paren,
    "IDENT": _name,
    "DISTINCT": _distinct,
    "STRING": lambda _, token: Text(token.text),
    "NUMBER": _number,
    "INTEGER": _integer,
    "TRUE": lambda _cursor, _token: Boolean(value=True),
    "FALSE": lambda _cursor, _token: Boolean(value=False),
    "DURATIONVAL": lambda _, token: Duration(checked_duration(token)),
    "*": _wildcard,
    "REGEX": lambda _, token: Regex(token.text),
    "BOUNDPARAM": _parameter,
    "+": _signed,
    "-": _signed,
}
