"""Arithmetic of answers: one row's values through the expression of a column, with InfluxDB's rules.

Whole numbers stay exact and wrap at 64 bits, their division gives a fraction, division by nothing gives
nothing, and what cannot be computed is absent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from heliograph.query.influxql.plan.shapes import Value
from heliograph.query.influxql.tree import (
    Binary,
    Boolean,
    Call,
    Duration,
    Expression,
    Integer,
    Number,
    Paren,
    Text,
)

Row = Mapping[Expression, Value]
"""What the calls and columns of a row are, by their place in the tree."""
Evaluate = Callable[[Row], Value]


def evaluator(node: Expression) -> Evaluate:
    """Return a function that computes an expression for one row."""
    if isinstance(node, Paren):
        return evaluator(node.inner)
    if isinstance(node, Number | Integer | Text | Boolean):
        constant = node.value
        return lambda _: constant
    if isinstance(node, Duration):
        return lambda _: None
    if isinstance(node, Binary):
        left, right, operate = evaluator(node.left), evaluator(node.right), _operation(node.operator)
        return lambda row: operate(left(row), right(row))
    if isinstance(node, Call) and node.name in MATH:
        function, args = MATH[node.name], [evaluator(arg) for arg in node.args]
        return lambda row: _apply(function, [arg(row) for arg in args])
    return lambda row: row.get(node)


def reduced(node: Expression) -> Expression:
    """Return an expression in which numbers that stand together have become one."""
    if isinstance(node, Paren):
        inner = reduced(node.inner)
        return inner if isinstance(inner, Number | Integer) else Paren(inner)
    if not isinstance(node, Binary):
        return node
    left, right = reduced(node.left), reduced(node.right)
    if isinstance(left, Number | Integer) and isinstance(right, Number | Integer):
        value = _operation(node.operator)(left.value, right.value)
        if isinstance(value, int | float):
            return Integer(value) if isinstance(value, int) else Number(value)
    return Binary(node.operator, left, right)


def _operation(operator: str) -> Callable[[Value, Value], Value]:
    def operate(left: Value, right: Value) -> Value:
        if left is None and isinstance(right, bool):
            left = False
        if right is None and isinstance(left, bool):
            right = False
        if left is None or right is None:
            return None
        kinds = {type(left), type(right)}
        if kinds == {int}:
            unsigned = max(left, right) >= 2**63  # type: ignore[operator]
            return _wrapped(_integers(operator, left, right), unsigned=unsigned)
        if kinds <= {int, float}:
            return _shown(_floats(operator, float(left), float(right)))
        if kinds == {bool}:
            return _booleans(operator, left, right)
        if kinds == {str} and operator == "+":
            return left + right  # type: ignore[operator]
        return None

    return operate


def _integers(operator: str, left: Any, right: Any) -> Any:
    if operator == "/":
        return float(left) / float(right) if right else 0.0
    if operator == "%":
        if not right:
            return 0
        return int(math.fmod(left, right)) if abs(left) < 2**53 else _remainder(left, right)
    return _INTEGERS[operator](left, right)


def _remainder(left: int, right: int) -> int:
    rest = abs(left) % abs(right)
    return rest if left >= 0 else -rest


_INTEGERS: Final[dict[str, Callable[[int, int], int]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
}


def _wrapped(value: Any, *, unsigned: bool) -> Value:
    """Return a whole number as 64 bits hold it."""
    if isinstance(value, int):
        return value % 2**64 if unsigned else (value + 2**63) % 2**64 - 2**63
    return value  # type: ignore[no-any-return]


def _floats(operator: str, left: float, right: float) -> float | None:
    if operator in "/%" and right == 0:
        return 0.0 if operator == "/" else None
    operate = _FLOATS.get(operator)
    return None if operate is None else operate(left, right)


_FLOATS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": math.fmod,
}


def _booleans(operator: str, left: Any, right: Any) -> bool | None:
    operate = {"&": bool.__and__, "|": bool.__or__, "^": bool.__xor__}.get(operator)
    return None if operate is None else bool(operate(left, right))


def _shown(value: float | None) -> float | None:
    """An answer has no NaN."""
    return None if value is None or value != value else value  # noqa: PLR0124


def _apply(function: Callable[..., Value], args: list[Value]) -> Value:
    if any(arg is None or isinstance(arg, bool | str) for arg in args):
        return None
    try:
        value = function(*args)
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return _shown(value) if isinstance(value, float) else value


def _whole(function: Callable[[float], float]) -> Callable[[Any], Value]:
    return lambda x: x if isinstance(x, int) else float(function(x))


def _round(x: float) -> float:
    """Half goes away from zero."""
    return math.copysign(math.floor(abs(x) + 0.5), x)


def _power(x: Any, y: Any) -> Value:
    return float(x) ** float(y) if not (x < 0 and float(y) != int(y)) else None


MATH: Final[dict[str, Callable[..., Value]]] = {
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "exp": math.exp,
    "ln": math.log,
    "log": lambda x, base: math.log(x) / math.log(base),
    "log2": math.log2,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "pow": _power,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "round": _whole(_round),
}
"""Functions of single values."""
TWO_ARGUMENTS: Final = frozenset({"atan2", "log", "pow"})
