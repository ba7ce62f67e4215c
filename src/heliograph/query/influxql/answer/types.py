"""Which functions take values of which types, and InfluxDB's words where one does not."""

from __future__ import annotations

from typing import Final

from heliograph.errors import QueryError
from heliograph.query.influxql.answer.relations import Relation
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.answer.series import has_series
from heliograph.query.influxql.plan.shapes import NUMERIC, UNKNOWN
from heliograph.query.influxql.tree import Call, Expression, Ref

_ORDERABLE: Final = NUMERIC | {"boolean"}
_ALL: Final = _ORDERABLE | {"string"}
_TAKES: Final = {
    **dict.fromkeys(("count", "first", "last", "sample", "distinct", "mode", "elapsed"), _ALL),
    **dict.fromkeys(("min", "max"), _ORDERABLE),
}
"""Functions that are not here take numbers."""


def gives_points(group: Group, call: Call, kind: str) -> bool:
    """Return whether a function of a column of some type gives points.

    Raises:
        QueryError: it cannot be computed of that type; told only where there are series, as InfluxDB does.
    """
    if kind in ("tag", UNKNOWN):
        return False
    if kind in _TAKES.get(call.name, NUMERIC):
        return True
    if not has_series([one for one in group.relations if _has(one, group, call)], group):
        return False
    raise refusal(call, kind)


def _has(relation: Relation, group: Group, call: Call) -> bool:
    """Whether a relation has the column of a call, and not as another type."""
    node: Expression = call
    while isinstance(node, Call):
        node = node.args[0]
    return not isinstance(node, Ref) or relation.schema.type_of(node) == group.type_of(node)


def check_values(call: Call, kind: str) -> None:
    """Refuse a function that cannot be computed of a subquery's column.

    Raises:
        QueryError: with InfluxDB's words.
    """
    kind = "string" if kind == "tag" else kind
    if kind != UNKNOWN and kind not in _TAKES.get(call.name, NUMERIC):
        raise refusal(call, kind)


def refusal(call: Call, kind: str) -> QueryError:
    """Return the error of a function that does not take a type."""
    name, step = call.name.removeprefix("non_negative_").replace("_", " "), "Interrupt"
    if name in ("top", "bottom") and any(isinstance(arg, Ref) for arg in call.args[1:]):
        if kind == "boolean":  # the largest of each tag could still be found
            step = "ReduceBoolean"
        else:
            name = "max" if name == "top" else "min"
    return QueryError(f"unsupported {name} iterator type: *query.{kind}{step}Iterator")
