"""What stands in a SELECT list: columns, and functions that are no arithmetic."""

from __future__ import annotations

from heliograph.query.influxql.plan.values import MATH
from heliograph.query.influxql.select import children
from heliograph.query.influxql.tree import Call, Expression, Ref


def refs_in(node: Expression) -> list[Ref]:
    """Return the columns of an expression."""
    if isinstance(node, Ref):
        return [node]
    return [ref for child in children(node) for ref in refs_in(child)]


def calls_in(node: Expression) -> list[Call]:
    """Return the functions of an expression that need more than one row."""
    if isinstance(node, Call) and node.name not in MATH:
        return [node]
    return [call for child in children(node) for call in calls_in(child)]


def aux_in(node: Expression) -> list[Ref]:
    """Return the columns that stand beside the functions."""
    if isinstance(node, Ref):
        return [node]
    if isinstance(node, Call) and node.name not in MATH:
        return []
    return [ref for child in children(node) for ref in aux_in(child)]
