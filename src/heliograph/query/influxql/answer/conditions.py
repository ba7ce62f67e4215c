"""WHERE as SQL: every value of the user is bound, every name is one of ours.

Types decide as in InfluxDB: a tag that a series lacks is the empty string, a field that a point lacks
matches nothing, and what cannot be compared is false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.influxql.plan.shapes import NUMERIC, UNKNOWN
from heliograph.query.influxql.text import expression_text
from heliograph.query.influxql.tree import (
    Binary,
    Boolean,
    Duration,
    Expression,
    Integer,
    Logic,
    Number,
    Paren,
    Ref,
    Regex,
    Text,
)

_TEXT: Final = frozenset({"string", "tag"})
_TRUTHS: Final = {"&": "AND", "|": "OR", "^": "<>"}
_HALF: Final = 2**63
_ALL: Final = 2**64
_NEVER: Final = ("false", "boolean")


@dataclass(slots=True)
class Condition:
    """Turns one condition into SQL; ``columns`` tells each name's column there and its type."""

    columns: Mapping[Ref, tuple[str, str]]
    check_regex: Callable[[str], None]
    inner: bool = False
    """Whether the rows are those of a subquery: what it does not have is the empty string."""
    parameters: list[Any] = field(default_factory=list)

    def sql(self, node: Expression) -> str:
        """Return SQL that is true for the rows that match."""
        return self._boolean(self._of(node))

    @staticmethod
    def _boolean(typed: tuple[str, str]) -> str:
        sql, kind = typed
        return sql if kind == "boolean" else "false"

    def _of(self, node: Expression) -> tuple[str, str]:
        before = len(self.parameters)
        sql, kind = self._typed(node)
        if "$" not in sql:  # what cannot match needs no values, and DuckDB takes none that it does not use
            del self.parameters[before:]
        return sql, kind

    def _typed(self, node: Expression) -> tuple[str, str]:
        if isinstance(node, Paren):
            sql, kind = self._of(node.inner)
            return f"({sql})", kind
        if isinstance(node, Logic):
            terms = [f"coalesce({self.sql(term)}, false)" for term in node.terms]
            return f"({f' {node.operator} '.join(terms)})", "boolean"
        if isinstance(node, Ref):
            return self._column(node)
        if isinstance(node, Binary):
            return self._binary(node)
        return self._literal(node)

    def _column(self, ref: Ref) -> tuple[str, str]:
        sql, kind = self.columns.get(ref, ("NULL", UNKNOWN))
        return _as_tag((sql, kind)) if self.inner else (sql, kind)

    def _literal(self, node: Expression) -> tuple[str, str]:
        if isinstance(node, Boolean):
            return ("true" if node.value else "false"), "boolean"
        if isinstance(node, Integer):
            kind = "integer" if node.value < 2**63 else "unsigned"
            return self._bound(node.value, "BIGINT" if kind == "integer" else "UBIGINT"), kind
        if isinstance(node, Duration):
            return self._bound(node.value_ns, "BIGINT"), "integer"
        if isinstance(node, Number):
            return self._bound(node.value, "DOUBLE"), "float"
        if isinstance(node, Text):
            return self._bound(node.value, "VARCHAR"), "string"
        raise QueryError(f"invalid condition expression: {expression_text(node)}")

    def _bound(self, value: Any, sql_type: str) -> str:
        self.parameters.append(value)
        return f"${len(self.parameters)}::{sql_type}"

    def _binary(self, node: Binary) -> tuple[str, str]:
        if node.operator in ("=~", "!~"):
            return self._match(node)
        left, right = self._operand(node.left), self._operand(node.right)
        if isinstance(node.left, Text) or isinstance(node.right, Text):
            left, right = _as_tag(left), _as_tag(right)
        if node.operator in ("=", "!=", "<", "<=", ">", ">="):
            if isinstance(node.left, Ref) and isinstance(node.right, Ref) and not self.inner:
                return _of_columns(node.operator, left, right), "boolean"
            return _compared(node.operator, left, right), "boolean"
        return self._arithmetic(node.operator, left, right)

    def _operand(self, node: Expression) -> tuple[str, str]:
        """An absent truth that was computed, or comes from a subquery, is false."""
        sql, kind = self._of(node)
        computed = self.inner or isinstance(node, Binary)
        return (f"coalesce({sql}, false)" if computed and kind == "boolean" else sql), kind

    def _match(self, node: Binary) -> tuple[str, str]:
        sql, kind = self._of(node.left)
        if not isinstance(node.right, Regex) or kind not in {*_TEXT, UNKNOWN}:
            return _NEVER
        self.check_regex(node.right.pattern)
        # a name that no point has is a tag that every series lacks
        text = sql if kind == "string" else f"coalesce({sql}::VARCHAR, '')"
        matched = f"regexp_matches({text}, {self._bound(node.right.pattern, 'VARCHAR')})"
        return (matched if node.operator == "=~" else f"(NOT {matched})"), "boolean"

    @staticmethod
    def _arithmetic(operator: str, left: tuple[str, str], right: tuple[str, str]) -> tuple[str, str]:
        (left_sql, left_kind), (right_sql, right_kind) = left, right
        kinds = {left_kind, right_kind}
        if kinds == {"boolean"} and operator in "&|^":
            return f"({left_sql} {_TRUTHS[operator]} {right_sql})", "boolean"
        if not kinds <= NUMERIC:
            return "NULL", UNKNOWN
        kind = "float" if "float" in kinds else "integer"
        if operator in "/%":
            quotient = (
                f"({left_sql} {'//' if (operator, kind) == ('/', 'integer') else operator} {right_sql})"
            )
            return f"CASE WHEN {right_sql} = 0 THEN {left_sql} * 0 ELSE {quotient} END", kind
        if operator in "&|^":
            if kind == "float":
                return "NULL", UNKNOWN
            called = {"&": "({0} & {1})", "|": "({0} | {1})", "^": "xor({0}, {1})"}[operator]
            return called.format(left_sql, right_sql), kind
        if kind == "integer":
            return _wrapped(f"{left_sql}::HUGEINT {operator} {right_sql}::HUGEINT"), kind
        return f"({left_sql} {operator} {right_sql})", kind


def _compared(operator: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    (left_sql, left_kind), (right_sql, right_kind) = left, right
    kinds = {left_kind, right_kind}
    if kinds <= NUMERIC:
        return f"({left_sql} {operator} {right_sql})"
    equality = operator in ("=", "!=")
    if (kinds <= _TEXT or kinds == {"boolean"}) and equality:
        return f"({left_sql} {operator} {right_sql})"
    return "false"


def _wrapped(sql: str) -> str:
    """Return SQL for a whole number as 64 bits hold it."""
    return f"((({sql}) % {_ALL} + {_ALL + _HALF}) % {_ALL} - {_HALF})::BIGINT"


def _of_columns(operator: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    """Two tags are equal only where a series has both; a name that nothing has is a tag."""
    if {left[1], right[1]} <= {"tag", UNKNOWN} and operator in ("=", "!="):
        return f"coalesce({left[0]}::VARCHAR {operator} {right[0]}::VARCHAR, {str(operator == '!=').lower()})"
    return _compared(operator, left, right)


def _as_tag(typed: tuple[str, str]) -> tuple[str, str]:
    """An absent tag, and a name that nothing has, are the empty string beside a text."""
    sql, kind = typed
    if kind == "tag":
        return f"coalesce({sql}, '')", kind
    return ("''", "tag") if kind == UNKNOWN else typed


def names_in(node: Expression | None) -> list[Ref]:
    """Return the names of a condition."""
    if isinstance(node, Ref):
        return [node]
    if isinstance(node, Paren):
        return names_in(node.inner)
    if isinstance(node, Logic):
        return [ref for term in node.terms for ref in names_in(term)]
    if isinstance(node, Binary):
        return names_in(node.left) + names_in(node.right)
    return []
