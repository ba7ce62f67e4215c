"""Operators of Flux: a missing operand gives a missing answer, and int and float never mix in arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from heliograph.errors import QueryError
from heliograph.model.point import UInt
from heliograph.query.flux.values import Duration, Regex, Time, Value, later, type_name

_MOST_CHARACTERS: Final = 1_000_000
_NUMERIC: Final = frozenset({"int", "uint", "float"})
_COMPARED: Final[dict[str, Callable[[Value, Value], bool]]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}
_WORDS: Final = {
    "+": "added",
    "-": "subtracted",
    "*": "multiplied",
    "/": "divided",
    "%": "divided",
    "^": "raised",
}


def check_length(characters: int) -> None:
    """Refuse a string that is too long to be put together: what doubles again and again fills the memory.

    Raises:
        QueryError: it is.
    """
    if characters > _MOST_CHARACTERS:
        raise QueryError(f"a string would be longer than {_MOST_CHARACTERS:,} characters")


def binary(operator: str, left: Value, right: Value) -> Value:
    """Return what an operator makes of two values.

    Raises:
        QueryError: their types do not go together.
    """
    if operator in _COMPARED:
        return _compare(operator, left, right)
    if left is None or right is None:
        return None
    kinds = (type_name(left), type_name(right))
    if kinds == ("string", "string") and operator == "+":
        check_length(len(left) + len(right))
        return left + right
    if "time" in kinds or "duration" in kinds:
        return _of_times(operator, left, right, kinds)
    if kinds[0] != kinds[1] or kinds[0] not in _NUMERIC:
        mixed = set(kinds) <= _NUMERIC
        advice = "; convert one with float(v: …) or int(v: …)" if mixed else ""
        raise QueryError(f"{kinds[0]} and {kinds[1]} cannot be {_WORDS[operator]}{advice}")
    return _floats(operator, left, right) if kinds[0] == "float" else _integers(operator, left, right)


def _compare(operator: str, left: Value, right: Value) -> bool | None:
    if left is None or right is None:
        return None
    kinds = (type_name(left), type_name(right))
    same = kinds[0] == kinds[1] and kinds[0] in ("string", "bool", "time", "duration")
    if not same and not set(kinds) <= _NUMERIC:
        raise QueryError(f"{kinds[0]} and {kinds[1]} cannot be compared")
    if kinds[0] in ("bool", "duration") and operator not in ("==", "!="):
        raise QueryError(f"{kinds[0]} has no order; only == and != compare it")
    if set(kinds) == {"int", "float"} or set(kinds) == {"uint", "float"}:
        left, right = float(left), float(right)
    return _COMPARED[operator](left, right)


def _of_times(operator: str, left: Value, right: Value, kinds: tuple[str, str]) -> Value:
    if kinds == ("time", "duration") and operator in "+-":
        return Time(later(left.ns, right if operator == "+" else -right))
    if kinds == ("duration", "time") and operator == "+":
        return Time(later(right.ns, left))
    if kinds == ("duration", "duration") and operator in "+-":
        other = right if operator == "+" else -right
        return Duration(left.months + other.months, left.ns + other.ns)
    raise QueryError(
        f"{kinds[0]} and {kinds[1]} cannot be {_WORDS[operator]}; int(v: …) makes numbers of them"
    )


def _floats(operator: str, left: float, right: float) -> float:
    try:
        if operator == "/" and right == 0:
            nothing = left == 0 or math.isnan(left)
            return math.nan if nothing else math.copysign(math.inf, left) * math.copysign(1, right)
        if operator == "%":
            return math.fmod(left, right) if right else math.nan
        if operator == "^":
            return math.pow(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
    if operator == "+":
        return left + right
    return left - right if operator == "-" else left * right if operator == "*" else left / right


def _integers(operator: str, left: int, right: int) -> int | float:
    if operator == "^":
        return _floats("^", float(left), float(right))
    if operator in "/%":
        if right == 0:
            raise QueryError("a whole number cannot be divided by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        found = quotient if operator == "/" else left - quotient * right
    else:
        found = left + right if operator == "+" else left - right if operator == "-" else left * right
    return wrapped(found, unsigned=isinstance(left, UInt))


def wrapped(value: int, *, unsigned: bool = False) -> int:
    """Return a whole number as 64 bits hold it."""
    if unsigned:
        return UInt(value % 2**64)
    return value if -(2**63) <= value < 2**63 else (value + 2**63) % 2**64 - 2**63


def negated(value: Value) -> Value:
    """Return what a minus makes of a value.

    Raises:
        QueryError: it has no negative.
    """
    if value is None:
        return None
    if type_name(value) not in ("int", "float", "duration"):
        raise QueryError(f"{type_name(value)} has no negative")
    return -value


def pattern_of(value: Value) -> str:
    """Return the pattern of a regular expression.

    Raises:
        QueryError: it is none.
    """
    if not isinstance(value, Regex):
        raise QueryError(
            f"behind =~ and !~ stands a regular expression, as in /^eth/; {type_name(value)} came"
        )
    return value.pattern
