"""``extern``: assignments that a client sends beside the text, as the syntax tree of InfluxDB's parser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.flux.syntax import tree
from heliograph.query.flux.syntax.tokens import Place
from heliograph.query.flux.values import Regex, parse_duration, parse_time

_NOWHERE: Final = Place(1, 1)
_MAX_DEPTH: Final = 30


def given_program(extern: Any) -> tree.Program | None:
    """Return the assignments of ``extern``; None where there are none.

    Raises:
        QueryError: it is more than assignments of plain values.
    """
    if not extern:
        return None
    try:
        return tree.Program({}, tuple(_assignment(node) for node in extern["body"] or ()))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise QueryError("extern must be a File of options and variables with plain values") from error


def _assignment(node: Any) -> tree.Assignment:
    option = node["type"] == "OptionStatement"
    inner = node["assignment"] if option else node
    if inner["type"] != "VariableAssignment":
        raise ValueError(inner["type"])
    return tree.Assignment(_NOWHERE, str(inner["id"]["name"]), _expression(inner["init"], 0), option)


def _expression(node: Any, depth: int) -> tree.Expression:
    if depth > _MAX_DEPTH:
        raise ValueError("deep")
    kind = node["type"]
    if kind in _LITERALS:
        return tree.Literal(_NOWHERE, _LITERALS[kind](node))
    if kind == "Identifier":
        return tree.Name(_NOWHERE, str(node["name"]))
    if kind == "ObjectExpression":
        return tree.Record(_NOWHERE, None, dict(_property(one, depth) for one in node["properties"]))
    if kind == "ArrayExpression":
        return tree.ListOf(_NOWHERE, tuple(_expression(one, depth + 1) for one in node["elements"]))
    if kind == "UnaryExpression" and node["operator"] == "-":
        return tree.Unary(_NOWHERE, "-", _expression(node["argument"], depth + 1))
    if kind == "CallExpression":
        given = node.get("arguments") or [{"properties": []}]
        arguments = dict(_property(one, depth) for one in given[0]["properties"])
        return tree.Call(_NOWHERE, _expression(node["callee"], depth + 1), arguments)
    if kind == "FunctionExpression" and not node.get("params"):
        return tree.Function(_NOWHERE, (), (), _expression(node["body"], depth + 1))
    raise ValueError(kind)


def _property(node: Any, depth: int) -> tuple[str, tree.Expression]:
    key = node["key"]
    return str(key["name"] if key["type"] == "Identifier" else key["value"]), _expression(
        node["value"], depth + 1
    )


def _duration(node: Mapping[str, Any]) -> Any:
    return parse_duration("".join(f"{int(one['magnitude'])}{one['unit']}" for one in node["values"]))


_LITERALS: Final[dict[str, Callable[[Any], Any]]] = {
    "StringLiteral": lambda node: str(node["value"]),
    "IntegerLiteral": lambda node: int(node["value"]),
    "FloatLiteral": lambda node: float(node["value"]),
    "BooleanLiteral": lambda node: bool(node["value"]),
    "DateTimeLiteral": lambda node: parse_time(node["value"]),
    "RegexpLiteral": lambda node: Regex(str(node["value"])),
    "DurationLiteral": _duration,
}
