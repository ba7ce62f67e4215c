"""What the operators of a SELECT list may stand between, with InfluxDB's words where they may not."""

from __future__ import annotations

from typing import Final

from heliograph.errors import QueryError
from heliograph.query.influxql.plan.checks import is_signed
from heliograph.query.influxql.plan.columns import Schema, value_type
from heliograph.query.influxql.plan.shapes import NUMERIC, UNKNOWN
from heliograph.query.influxql.plan.values import MATH
from heliograph.query.influxql.text import expression_text
from heliograph.query.influxql.tree import Binary, Call, Expression, Integer, Number, Paren, Ref

_BITS: Final = frozenset("&|^")
_WHOLE: Final = frozenset({"integer", "unsigned"})


def check_operands(node: Expression, schema: Schema) -> str:
    """Return the type of an expression whose operators all have operands of types that they take.

    Raises:
        QueryError: one has not.
    """
    if isinstance(node, Paren):
        return check_operands(node.inner, schema)
    if isinstance(node, Ref):
        return schema.type_of(node)
    if isinstance(node, Call):
        for arg in node.args:
            check_operands(arg, schema)
        return UNKNOWN if node.name in MATH else value_type(node, schema)
    if not isinstance(node, Binary):
        return value_type(node, schema)
    left, right = check_operands(node.left, schema), check_operands(node.right, schema)
    if "integer" in [kind for kind, side in ((left, node.right), (right, node.left)) if _is_unsigned(side)]:
        words = f"cannot use {node.operator} with an integer and unsigned literal"
        raise QueryError(f"type error: {_text(node, schema)}: {words}")
    if UNKNOWN in (left, right):
        return right if left == UNKNOWN else left
    kind = _result(node.operator, left, right)
    if kind is None:
        raise QueryError(f"type error: {_text(node, schema)}: incompatible types: {left} and {right}")
    return kind


def _is_unsigned(node: Expression) -> bool:
    return isinstance(node, Integer) and not is_signed(node)


def _result(operator: str, left: str, right: str) -> str | None:
    kinds = {left, right}
    if kinds <= NUMERIC:
        if "float" not in kinds:
            return left
        return None if operator in _BITS else "float"
    return "boolean" if kinds == {"boolean"} and operator in _BITS else None


def _text(node: Expression, schema: Schema) -> str:
    """Return an expression as InfluxDB's error has it: columns with types, numbers with three digits."""
    if isinstance(node, Ref):
        kind = schema.type_of(node)
        return expression_text(node if kind == UNKNOWN else Ref(node.name, kind))
    if isinstance(node, Number):
        return f"{node.value:.3f}"
    if isinstance(node, Paren):
        return f"({_text(node.inner, schema)})"
    if isinstance(node, Binary):
        return f"{_text(node.left, schema)} {node.operator} {_text(node.right, schema)}"
    if isinstance(node, Call):
        return f"{node.name}({', '.join(_text(arg, schema) for arg in node.args)})"
    return expression_text(node)
