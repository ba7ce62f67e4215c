"""Arithmetic over the values of several series: read once, without any name that is not one of them."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Final

from heliograph.errors import ConfigError

MAX_LENGTH: Final = 500
_MAX_DEPTH: Final = 30
_Step = Callable[[Mapping[str, float]], float]

_BINARY: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: math.pow,
}
_COMPARE: Final[dict[type[ast.cmpop], Callable[[float, float], bool]]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: Final[dict[str, Callable[..., float]]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "log": math.log,
    "exp": math.exp,
}


class Expression:
    """An expression such as ``used / total * 100``; comparisons, ``and``, ``or`` and ``not`` give 1 or 0.

    Raises:
        ConfigError: it is none, or names what is no series of the rule.
    """

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.text = text
        self._names = names
        try:
            tree = ast.parse(text if len(text) <= MAX_LENGTH else "", mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ConfigError(_wrong(text, "it cannot be read"), key="expression") from error
        self._run = self._step(tree.body, 0)

    def __call__(self, values: Mapping[str, float]) -> float | None:
        """Return the value; None where it has none, as of a division by zero."""
        try:
            value = float(self._run(values))
        except (ArithmeticError, ValueError, TypeError):
            return None
        return value if math.isfinite(value) else None

    def _step(self, node: ast.expr, depth: int) -> _Step:
        if depth > _MAX_DEPTH:
            raise ConfigError(_wrong(self.text, "it is too deep"), key="expression")
        match node:
            case ast.Constant(value=int() | float() as number):
                return _constant(float(number))
            case ast.Name(id=name) if name in self._names:
                return operator.itemgetter(name)
            case ast.Name(id=name):
                reason = f"{name} is none of its series ({', '.join(sorted(self._names))})"
                raise ConfigError(_wrong(self.text, reason), key="expression")
            case ast.BinOp(op=op) if type(op) in _BINARY:
                return self._binary(_BINARY[type(op)], node.left, node.right, depth)
            case ast.Compare(ops=[op], comparators=[right]) if type(op) in _COMPARE:
                return self._binary(_COMPARE[type(op)], node.left, right, depth)
            case ast.BoolOp(op=op, values=values):
                return _logic(
                    [self._step(each, depth + 1) for each in values], is_and=isinstance(op, ast.And)
                )
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not()):
                return _unary(node.op, self._step(node.operand, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS and args:
                return _called(_FUNCTIONS[name], [self._step(each, depth + 1) for each in args])
        raise ConfigError(
            _wrong(
                self.text,
                "only numbers, names of series, + - * / % **, comparisons, and, or, not, abs,"
                " min, max, sqrt, log and exp may stand in it",
            ),
            key="expression",
        )

    def _binary(
        self, function: Callable[[float, float], float], left: ast.expr, right: ast.expr, depth: int
    ) -> _Step:
        one, other = self._step(left, depth + 1), self._step(right, depth + 1)
        return lambda values: float(function(one(values), other(values)))


def _constant(number: float) -> _Step:
    return lambda _: number


def _unary(op: ast.unaryop, step: _Step) -> _Step:
    if isinstance(op, ast.Not):
        return lambda values: float(not step(values))
    sign = -1.0 if isinstance(op, ast.USub) else 1.0
    return lambda values: sign * step(values)


def _logic(steps: list[_Step], *, is_and: bool) -> _Step:
    chosen = all if is_and else any
    return lambda values: float(chosen([bool(step(values)) for step in steps]))


def _called(function: Callable[..., float], steps: list[_Step]) -> _Step:
    return lambda values: float(function(*(step(values) for step in steps)))


def _wrong(text: str, reason: str) -> str:
    return f"an expression such as used / total * 100 was expected, {text[:80]!r} came: {reason}"
