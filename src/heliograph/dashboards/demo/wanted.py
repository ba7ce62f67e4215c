"""What queries would have to find, read out of their trees (InfluxQL) or their texts (Flux)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from heliograph.dashboards.demo.matching import matching_text, other_text
from heliograph.query.influxql import tree

_RISING: Final = frozenset({"derivative", "non_negative_derivative", "difference", "non_negative_difference"})
_COMPARED: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_TIME: Final = "time"


@dataclass(slots=True)
class Wanted:
    """The points that one query needs: of one series, with these fields."""

    bucket: str
    measurement: str
    tags: dict[str, str] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)
    """Tags by which the answer is split; their values are free unless ``tags`` has them."""
    fields: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    """Fields that a function is applied to: they are no tags, whatever else is said about them."""
    rising: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    """Fields that are read as lines of a log."""
    fixed: dict[str, float | int | bool | str] = field(default_factory=dict)
    """Fields of which only some value is found."""
    usual: Mapping[str, str] = field(default_factory=dict)
    """By tag its value where nothing else is said."""

    def free(self, name: str) -> str:
        """Return what a tag is where nothing is said about it."""
        return self.usual.get(name) or free_value(name)


def of_select(select: tree.Select, bucket: str, usual: Mapping[str, str]) -> list[Wanted]:
    """Return what a SELECT needs, from each of its sources."""
    found: list[Wanted] = []
    for source in select.sources:
        if isinstance(source, tree.Select):
            found += [_outer(select, source, one) for one in of_select(source, bucket, usual)]
        elif isinstance(source, tree.Measurement):
            found.append(_inner(select, source, bucket, usual))
    return found


def _inner(select: tree.Select, source: tree.Measurement, bucket: str, usual: Mapping[str, str]) -> Wanted:
    name = source.name or matching_text(source.regex or "", "demo")
    place = source.database or bucket
    if source.policy and source.policy not in ("autogen", "default"):
        place = f"{place}/{source.policy}"
    wanted = Wanted(place, name, usual=usual)
    for selected in select.fields:
        wanted.fields |= set(_refs(selected.expression))
        wanted.called |= set(_called(selected.expression))
        wanted.rising |= set(_rising(selected.expression))
    for dimension in select.dimensions:
        wanted.grouped |= set(_refs(dimension))
    _condition(select.condition, wanted)
    wanted.fields -= {*wanted.tags, _TIME}
    wanted.fields -= wanted.grouped
    wanted.fields = wanted.fields or {"value"}
    wanted.grouped -= wanted.fields | wanted.fixed.keys()
    return wanted


def _outer(select: tree.Select, source: tree.Select, inner: Wanted) -> Wanted:
    """Add what the outer SELECT says of the inner one's tags and columns."""
    about = Wanted("", "", usual=inner.usual)
    _condition(select.condition, about)
    for name, value in about.tags.items():
        if name not in inner.fields:
            inner.tags.setdefault(name, value)
    for entry in source.fields:
        if entry.alias in about.fixed:
            inner.fixed |= dict.fromkeys(_refs(entry.expression), about.fixed[entry.alias])
    for dimension in select.dimensions:
        inner.grouped |= set(_refs(dimension)) - inner.fields
    return inner


def _refs(node: tree.Expression) -> Iterator[str]:
    if isinstance(node, tree.Ref):
        yield node.name
    elif isinstance(node, tree.Call):
        for inner in node.args:
            yield from _refs(inner)
    elif isinstance(node, tree.Binary):
        yield from _refs(node.left)
        yield from _refs(node.right)
    elif isinstance(node, tree.Paren):
        yield from _refs(node.inner)
    elif isinstance(node, tree.Distinct):
        yield node.name


def _called(node: tree.Expression) -> Iterator[str]:
    if isinstance(node, tree.Call):
        yield from _refs(node)
    elif isinstance(node, tree.Binary):
        yield from _called(node.left)
        yield from _called(node.right)
    elif isinstance(node, tree.Paren):
        yield from _called(node.inner)


def _rising(node: tree.Expression) -> Iterator[str]:
    if isinstance(node, tree.Call):
        if node.name in _RISING:
            yield from _refs(node)
        for inner in node.args:
            yield from _rising(inner)
    elif isinstance(node, tree.Binary):
        yield from _rising(node.left)
        yield from _rising(node.right)
    elif isinstance(node, tree.Paren):
        yield from _rising(node.inner)


def _condition(node: tree.Expression | None, wanted: Wanted) -> None:
    """Take what all must be from AND, and of OR its first branch."""
    if isinstance(node, tree.Paren):
        _condition(node.inner, wanted)
    elif isinstance(node, tree.Logic):
        terms = node.terms if node.operator == "AND" else node.terms[:1]
        for term in terms:
            _condition(term, wanted)
    elif isinstance(node, tree.Binary) and isinstance(node.left, tree.Ref) and node.left.name != _TIME:
        _term(node.left, node.operator, node.right, wanted)


def _term(ref: tree.Ref, operator: str, right: tree.Expression, wanted: Wanted) -> None:
    name = ref.name
    fallback = wanted.free(name)
    value: str | None = None
    if isinstance(right, tree.Regex):
        value = (matching_text if operator == "=~" else other_text)(
            right.pattern, wanted.tags.get(name, fallback)
        )
    elif isinstance(right, tree.Text):
        value = right.value if operator == "=" else wanted.tags.get(name, fallback)
        value = f"{value}2" if operator != "=" and value == right.value else value
    elif operator in _COMPARED and isinstance(right, tree.Number | tree.Integer | tree.Boolean):
        wanted.fixed[name] = _number(operator, right)
        return
    if value is None:
        return
    if ref.cast == "field":
        wanted.fixed[name] = value
    elif value:
        wanted.tags[name] = value


def _number(operator: str, right: tree.Number | tree.Integer | tree.Boolean) -> float | bool:
    if isinstance(right, tree.Boolean):
        return right.value if operator == "=" else not right.value
    step = {">": 1.0, "!=": 1.0, "<": -1.0}.get(operator, 0.0)
    return float(right.value) + step


def settle(wanted: list[Wanted]) -> None:
    """Let a name be a tag, or a field, of a measurement in all queries alike."""
    tags: dict[tuple[str, str], set[str]] = {}
    called: dict[tuple[str, str], set[str]] = {}
    for one in wanted:
        place = one.bucket, one.measurement
        tags.setdefault(place, set()).update(one.tags, one.grouped)
        called.setdefault(place, set()).update(one.called)
    for one in wanted:
        place = one.bucket, one.measurement
        fields = called[place] - one.grouped
        for name in fields & one.tags.keys():
            one.fixed[name] = one.tags.pop(name)
        shown = (one.fields & tags[place]) - called[place]
        one.fields -= shown
        one.grouped |= shown - one.tags.keys()


def unite(wanted: list[Wanted], usual: Mapping[str, str]) -> None:
    """Give all points of a measurement the same tags and fields, as a device that sends them does."""
    keys: dict[tuple[str, str], dict[str, str]] = {}
    called: dict[tuple[str, str], set[str]] = {}
    for one in wanted:
        known = keys.setdefault((one.bucket, one.measurement), {})
        called.setdefault((one.bucket, one.measurement), set()).update(one.called)
        for name in one.grouped - {"*"}:
            known.setdefault(name, "")
        for name, value in one.tags.items():
            known[name] = known.get(name) or value
    for one in wanted:
        known = keys[one.bucket, one.measurement]
        one.fields |= called[one.bucket, one.measurement] - known.keys()
        one.fields = one.fields or {"value"}
        for name, value in known.items():
            if name not in one.fields | one.fixed.keys() | one.grouped:
                one.tags.setdefault(name, usual.get(name) or value or free_value(name))


def distinct(wanted: list[Wanted]) -> list[Wanted]:
    """Return the wanted points, each series once; those with fixed fields are of their own."""
    found: dict[object, Wanted] = {}
    for place, one in enumerate(wanted):
        own = place if one.fixed else None
        key = (own, one.bucket, one.measurement, frozenset(one.tags.items()), frozenset(one.grouped))
        if key in found:
            found[key].fields |= one.fields
        else:
            found[key] = one
    return [*found.values()]


def free_value(name: str) -> str:
    """Return what a tag is where nothing is said about it."""
    return "cpu-total" if name == "cpu" else f"{name}1"


_PART: Final = re.compile(r"\bfrom\s*\(\s*bucket\s*:")
_BUCKET: Final = re.compile(r'\s*"([^"]*)"')
_COMPARISON: Final = re.compile(
    r'r(?:\.(\w+)|\[\s*"([^"]+)"\s*\])\s*(==|!=|=~|!~|>=|<=|>|<)\s*(?:"([^"]*)"|/((?:\\.|[^/\\])*)/|(-?[\d.]+))'
)
_GROUP: Final = re.compile(r"\bgroup\s*\(\s*columns\s*:\s*\[([^\]]*)\]")


def of_flux(text: str, bucket: str, usual: Mapping[str, str]) -> list[Wanted]:
    """Return what a text of Flux needs: for each ``from`` what its filters say of tags and fields."""
    found = []
    for part in _PART.split(text)[1:]:
        named = _BUCKET.match(part)
        wanted = Wanted(named[1] if named else bucket, "demo", usual=usual)
        for dotted, quoted, operator, literal, pattern, _ in _COMPARISON.findall(part):
            _flux_term(wanted, dotted or quoted, operator, literal, pattern)
        if "derivative" in part or "difference" in part:
            wanted.rising |= wanted.fields
        for names in _GROUP.findall(part):
            wanted.grouped |= {name for name in re.findall(r'"([^"]+)"', names) if not name.startswith("_")}
        wanted.fields = wanted.fields or {"value"}
        found.append(wanted)
    return found


def _flux_term(wanted: Wanted, name: str, operator: str, literal: str, pattern: str) -> None:
    if operator == "==":
        value = literal
    elif operator == "=~":
        value = matching_text(pattern, wanted.free(name))
    elif operator == "!~":
        value = other_text(pattern, wanted.free(name))
    else:
        return
    if name == "_measurement":
        wanted.measurement = value
    elif name == "_field":
        wanted.fields.add(value)
    elif value and not name.startswith("_"):
        wanted.tags.setdefault(name, value)
