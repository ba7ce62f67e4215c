"""Filters that can be answered before, or while, points are read.

What names only the measurement, the field and tags is decided by series. As in InfluxDB's storage a tag
that a series lacks is then the empty string; filters that are carried out row by row know a missing value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from heliograph.query.flux.session import Session
from heliograph.query.flux.syntax import tree
from heliograph.query.flux.tables import START, STOP, TIME, VALUE
from heliograph.query.flux.values import Regex, Value, type_name

_OF_ROWS: Final = frozenset({TIME, VALUE, START, STOP})
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
Constant = Callable[[tree.Expression], Value]
"""Gives the value of an expression that does not name the row."""


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a tag with a string, several of which it is one, or a regular expression."""

    name: str
    operator: str
    value: str | Regex | frozenset[str]

    def holds(self, session: Session, tags: Mapping[str, str]) -> bool:
        """Return whether a series fulfils it."""
        text = tags.get(self.name, "")
        if isinstance(self.value, Regex):
            return session.matches(self.value.pattern, text) == (self.operator == "=~")
        if isinstance(self.value, frozenset):
            return text in self.value
        return (text == self.value) == (self.operator == "==")


@dataclass(frozen=True, slots=True)
class Logic:
    """Several tests, of which all or one must hold."""

    operator: str
    parts: tuple[Test | Logic, ...]

    def holds(self, session: Session, tags: Mapping[str, str]) -> bool:
        """Return whether a series fulfils it."""
        found = (part.holds(session, tags) for part in self.parts)
        return all(found) if self.operator == "and" else any(found)


@dataclass(frozen=True, slots=True)
class SeriesTest:
    """What a series must fulfil, and the names that it depends on."""

    test: Test | Logic
    names: frozenset[str] = field(compare=False)

    def holds(self, session: Session, tags: Mapping[str, str]) -> bool:
        """Return whether a series fulfils it."""
        return self.test.holds(session, tags)


@dataclass(frozen=True, slots=True)
class Compared:
    """What a value must fulfil: a comparison with a number."""

    operator: str
    value: int | float

    @property
    def sql_operator(self) -> str:
        """The operator in SQL."""
        return {"==": "=", "!=": "<>"}.get(self.operator, self.operator)


def conjuncts(node: tree.Expression) -> Iterator[tree.Expression]:
    """Yield the parts of a condition that must all hold."""
    if isinstance(node, tree.Binary) and node.operator == "and":
        yield from conjuncts(node.left)
        yield from conjuncts(node.right)
    else:
        yield node


def of_series(node: tree.Expression, row: str, constant: Constant) -> SeriesTest | None:
    """Return a condition as a test of series; None if it is of more than those."""
    test = _test(node, row, constant)
    return None if test is None else SeriesTest(test, frozenset(_names(test)))


def _names(test: Test | Logic) -> Iterator[str]:
    if isinstance(test, Test):
        yield test.name
    else:
        for part in test.parts:
            yield from _names(part)


def _test(node: tree.Expression, row: str, constant: Constant) -> Test | Logic | None:
    if isinstance(node, tree.Unary) and node.operator == "exists":
        name = column_name(node.operand, row)
        return None if name is None or name in _OF_ROWS else Test(name, "!=", "")
    if isinstance(node, tree.Call):
        return _one_of(node, row, constant)
    if not isinstance(node, tree.Binary):
        return None
    if node.operator in ("and", "or"):
        left, right = _test(node.left, row, constant), _test(node.right, row, constant)
        return None if left is None or right is None else Logic(node.operator, (left, right))
    name, other = column_name(node.left, row), node.right
    if name is None and node.operator in ("==", "!="):
        name, other = column_name(node.right, row), node.left
    if name is None or name in _OF_ROWS or mentions(other, row):
        return None
    value = constant(other)
    if node.operator in ("=~", "!~") and isinstance(value, Regex):
        return Test(name, node.operator, value)
    if node.operator in ("==", "!=") and isinstance(value, str) and value:
        return Test(name, node.operator, value)
    return None


def _one_of(node: tree.Call, row: str, constant: Constant) -> Test | None:
    """Return ``contains(value: r.host, set: ["a", "b"])`` as a test."""
    if set(node.arguments) != {"value", "set"} or not isinstance(node.function, tree.Name):
        return None
    name, values = column_name(node.arguments["value"], row), node.arguments["set"]
    if name is None or name in _OF_ROWS or mentions(values, row):
        return None
    if getattr(constant(node.function), "name", "") != "contains":
        return None
    found = constant(values)
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        return None
    return Test(name, "in", frozenset(found))


def of_values(node: tree.Expression, row: str, constant: Constant) -> Compared | None:
    """Return a condition as a comparison of the value with a number; None if it is something else."""
    if not isinstance(node, tree.Binary) or node.operator not in _MIRRORED:
        return None
    operator, left, right = node.operator, node.left, node.right
    if column_name(left, row) is None:
        operator, left, right = _MIRRORED[operator], right, left
    if column_name(left, row) != VALUE or mentions(right, row):
        return None
    value = constant(right)
    return Compared(operator, value) if type_name(value) in ("int", "float") else None


def column_name(node: tree.Expression, row: str) -> str | None:
    """Return the column that ``r.name`` means."""
    if isinstance(node, tree.Member) and isinstance(node.object, tree.Name) and node.object.name == row:
        return node.name
    return None


def mentions(node: tree.Expression, row: str) -> bool:
    """Return whether an expression depends on the row; what is no plain value is taken as if it did."""
    if isinstance(node, tree.Literal):
        return False
    if isinstance(node, tree.Name):
        return node.name == row
    if isinstance(node, tree.Member):
        return mentions(node.object, row)
    if isinstance(node, tree.Unary):
        return mentions(node.operand, row)
    if isinstance(node, tree.Binary):
        return mentions(node.left, row) or mentions(node.right, row)
    if isinstance(node, tree.ListOf):
        return any(mentions(item, row) for item in node.items)
    return True
