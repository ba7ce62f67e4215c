"""The columns of an answer: ``*`` and regular expressions become names, names unique, and types are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from heliograph.errors import QueryError
from heliograph.query.influxql.plan.shapes import NUMERIC, TYPES, UNKNOWN
from heliograph.query.influxql.plan.values import MATH
from heliograph.query.influxql.tree import (
    Binary,
    Boolean,
    Call,
    Distinct,
    Expression,
    Field,
    Integer,
    Number,
    Paren,
    Ref,
    Regex,
    Text,
    Wildcard,
)

Matches = Callable[[str, Sequence[str]], list[str]]
"""Returns those of some texts that match a regular expression."""
_ANY_TYPE: Final = frozenset({"count", "first", "last", "distinct", "elapsed", "mode", "sample"})
_BOOLEAN_TOO: Final = _ANY_TYPE | {"min", "max"}
_FLOAT: Final = frozenset(
    {
        "mean",
        "median",
        "stddev",
        "integral",
        "derivative",
        "non_negative_derivative",
        "moving_average",
        "holt_winters",
        "holt_winters_with_fit",
    }
)
_INTEGER: Final = frozenset({"count", "elapsed"})


@dataclass(frozen=True, slots=True)
class Schema:
    """What can be selected from some sources."""

    fields: Mapping[str, str]
    """Name → type."""
    tags: frozenset[str]

    def type_of(self, ref: Ref) -> str:
        """Return the type of a column, "tag" for tags."""
        known = self.fields.get(ref.name)
        if ref.cast == "tag":
            return "tag" if ref.name in self.tags else UNKNOWN
        if ref.cast and ref.cast != "field":
            return ref.cast if known else UNKNOWN
        if known:
            return known
        return "tag" if ref.name in self.tags and not ref.cast else UNKNOWN


def union(schemas: Iterable[Schema]) -> Schema:
    """Return what can be selected from one or another source."""
    listed = list(schemas)
    if len(listed) == 1:
        return listed[0]
    fields: dict[str, str] = {}
    tags: set[str] = set()
    for schema in listed:
        tags |= schema.tags
        for name, kind in schema.fields.items():
            fields[name] = first_type(fields.get(name, kind), kind)
    return Schema(fields, frozenset(tags))


def first_type(one: str, other: str) -> str:
    """Return the type that wins where sources differ."""
    return min(one, other, key=lambda kind: TYPES.index(kind) if kind in TYPES else len(TYPES))


def expand_dimensions(nodes: Sequence[Expression], schema: Schema, matches: Matches) -> tuple[str, ...]:
    """Return the tags of GROUP BY, each once."""
    names: dict[str, None] = {}
    for node in nodes:
        if isinstance(node, Wildcard):
            names |= dict.fromkeys(sorted(schema.tags))
        elif isinstance(node, Regex):
            names |= dict.fromkeys(matches(node.pattern, sorted(schema.tags)))
        elif isinstance(node, Ref):
            names[node.name] = None
    return tuple(names)


def expand_fields(
    fields: Sequence[Field],
    dimensions: Sequence[Expression],
    schema: Schema,
    matches: Matches,
) -> list[Field]:
    """Return a SELECT list without ``*`` and regular expressions."""
    if not any(_is_open(entry.expression) for entry in fields):
        return list(fields)
    refs = _selectable(dimensions, schema)
    expanded: list[Field] = []
    for entry in fields:
        node = entry.expression
        if isinstance(node, Distinct):
            node = Call("distinct", (Ref(node.name),))
        if isinstance(node, Wildcard | Regex):
            expanded += [Field(_named(name, kind, schema)) for name, kind in _chosen(node, refs, matches)]
        elif isinstance(node, Call):
            expanded += _expand_call(replace(entry, expression=node), node, refs, matches)
        else:
            expanded.append(entry)
    return expanded


def _is_open(node: Expression) -> bool:
    """Whether an entry of the list is, or may be, other entries."""
    if isinstance(node, Call):
        return any(map(_is_open, node.args[:1]))
    return isinstance(node, Wildcard | Regex | Distinct)


def _selectable(dimensions: Sequence[Expression], schema: Schema) -> list[tuple[str, str]]:
    """Return what ``*`` stands for: names and types."""
    refs = [(name, kind) for name, kind in schema.fields.items()]
    if not any(isinstance(d, Wildcard | Regex) for d in dimensions):
        grouped = {d.name for d in dimensions if isinstance(d, Ref)}
        refs += [(tag, "tag") for tag in schema.tags - grouped]
    return sorted(refs, key=lambda ref: (ref[0], TYPES.index(ref[1]) if ref[1] in TYPES else len(TYPES)))


def _named(name: str, kind: str, schema: Schema) -> Ref:
    return Ref(name, "tag" if kind == "tag" and schema.fields.get(name, UNKNOWN) != UNKNOWN else "")


def _chosen(node: Wildcard | Regex, refs: list[tuple[str, str]], matches: Matches) -> list[tuple[str, str]]:
    if isinstance(node, Regex):
        names = set(matches(node.pattern, sorted({name for name, _ in refs})))
        return [ref for ref in refs if ref[0] in names]
    if not node.kind:
        return refs
    return [ref for ref in refs if (ref[1] == "tag") == (node.kind == "tag")]


def _expand_call(entry: Field, call: Call, refs: list[tuple[str, str]], matches: Matches) -> list[Field]:
    path = [call]
    while path[-1].args and isinstance(path[-1].args[0], Call):
        path.append(path[-1].args[0])
    innermost = path[-1]
    if not innermost.args or not isinstance(innermost.args[0], Wildcard | Regex):
        return [entry]
    star = innermost.args[0]
    if isinstance(star, Wildcard) and star.kind == "tag":
        raise QueryError(f"unable to use tag as wildcard in {innermost.name}()")
    supported = set(NUMERIC)
    if innermost.name in _ANY_TYPE:
        supported.add("string")
    if innermost.name in _BOOLEAN_TOO:
        supported.add("boolean")
    fields = [ref for ref in refs if ref[1] in supported]
    name = entry.alias or field_name(call)
    return [
        Field(_with_first(path, Ref(field)), f"{name}_{field}") for field, _ in _chosen(star, fields, matches)
    ]


def _with_first(path: list[Call], ref: Ref) -> Expression:
    node: Expression = ref
    for call in reversed(path):
        node = Call(call.name, (node, *call.args[1:]))
    return node


def field_name(node: Expression) -> str:
    """Return the name that a column gets from its expression."""
    if isinstance(node, Call):
        return node.name
    if isinstance(node, Paren):
        return field_name(node.inner)
    if isinstance(node, Ref):
        return node.name
    if isinstance(node, Binary):
        return "_".join(_names_within(node))
    return ""


def _names_within(node: Expression) -> list[str]:
    if isinstance(node, Binary):
        return _names_within(node.left) + _names_within(node.right)
    if isinstance(node, Paren):
        return _names_within(node.inner)
    if isinstance(node, Call):
        return [node.name]
    return [node.name] if isinstance(node, Ref) else []


def unique_names(fields: Sequence[Field]) -> list[str]:
    """Return the names of the columns: aliases as they are, others with a number where they are taken."""
    taken = {entry.alias: 1 for entry in fields if entry.alias}
    names = []
    for entry in fields:
        if entry.alias:
            names.append(entry.alias)
            continue
        base = name = field_name(entry.expression)
        if name in taken:
            number = taken[name]
            while f"{base}_{number}" in taken:
                number += 1
            name = f"{base}_{number}"
            taken[base] = number + 1
        taken[name] = taken.get(name, 0) + 1 if name == base else 1
        names.append(name)
    return names


def value_type(node: Expression, schema: Schema) -> str:
    """Return the type of an expression's values."""
    if isinstance(node, Paren):
        return value_type(node.inner, schema)
    if isinstance(node, Ref):
        kind = schema.type_of(node)
        return "string" if kind == "tag" else kind
    if isinstance(node, Call):
        return _call_type(node, schema)
    if isinstance(node, Binary):
        sides = {value_type(side, schema) for side in (node.left, node.right)}
        return min(sides, key=lambda kind: TYPES.index(kind) if kind in TYPES else -1)
    return _LITERALS.get(type(node), UNKNOWN)


_LITERALS: Final[dict[type, str]] = {Number: "float", Integer: "integer", Text: "string", Boolean: "boolean"}


def _call_type(call: Call, schema: Schema) -> str:
    if call.name in _INTEGER:
        return "integer"
    keeps = call.name not in MATH or call.name in ("abs", "floor", "ceil", "round")
    if call.name in _FLOAT or not keeps or not call.args:
        return "float"
    return value_type(call.args[0], schema)
