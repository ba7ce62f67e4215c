"""SELECT and its clauses; the FROM, WHERE and paging clauses serve other statements too."""

from __future__ import annotations

from typing import Final

from heliograph.errors import QuerySyntaxError
from heliograph.query.influxql.cursor import Cursor, unexpected
from heliograph.query.influxql.expressions import COMPARISONS, expression
from heliograph.query.influxql.text import expression_text
from heliograph.query.influxql.tokens import Token
from heliograph.query.influxql.tree import (
    Binary,
    Call,
    Expression,
    Field,
    Integer,
    Logic,
    Measurement,
    Number,
    Paren,
    Regex,
    Select,
    SortField,
    Source,
    Target,
    Text,
    Window,
)

_ONLY_TIME: Final = "only ORDER BY time supported at this time"
_FILLS: Final = ("null", "none", "previous", "linear")


def select(cursor: Cursor, *, into: bool = False) -> Select:
    """Read what follows the word SELECT; with ``into`` there must be a target."""
    fields = _fields(cursor)
    target = _target(cursor, required=into)
    cursor.expect("FROM")
    sources = sources_list(cursor, subqueries=True)
    condition = where(cursor)
    dimensions = group_by(cursor)
    fill, fill_value = _fill(cursor)
    return Select(
        fields=fields,
        sources=sources,
        target=target,
        condition=condition,
        dimensions=dimensions,
        fill=fill,
        fill_value=fill_value,
        order=order_by(cursor),
        window=window(cursor),
        zone=_zone(cursor),
    )


def _fields(cursor: Cursor) -> tuple[Field, ...]:
    fields = [_field(cursor)]
    while cursor.taken(","):
        fields.append(_field(cursor))
    return tuple(fields)


def _field(cursor: Cursor) -> Field:
    pattern = cursor.regex()
    if pattern is not None:
        value: Expression = Regex(pattern)
    else:
        begin = cursor.peek()
        value = expression(cursor)
        _refuse_conditions(value, begin)
    return Field(value, cursor.ident() if cursor.taken("AS") else "")


def _refuse_conditions(node: Expression, begin: Token) -> None:
    if isinstance(node, Logic) or (isinstance(node, Binary) and node.operator in COMPARISONS):
        raise QuerySyntaxError(
            f"invalid operator {node.operator} in SELECT clause at line {begin.line}, char {begin.char};"
            " operator is intended for WHERE clause",
            line=begin.line,
            column=begin.char,
        )
    for child in children(node):
        _refuse_conditions(child, begin)


def children(node: Expression) -> tuple[Expression, ...]:
    """Return the expressions directly below one."""
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Logic):
        return node.terms
    if isinstance(node, Call):
        return node.args
    return (node.inner,) if isinstance(node, Paren) else ()


def _target(cursor: Cursor, *, required: bool) -> Target | None:
    if not cursor.taken("INTO"):
        if required:
            raise unexpected(cursor.peek(), "INTO")
        return None
    names = cursor.segments(cursor.ident())
    if len(names) < 3 and cursor.lexer.peek(cursor.at) == ":":
        cursor.expect_all(":", "MEASUREMENT")
        names.append("")
    database, policy, name = (["", "", *names])[-3:]
    return Target(name, policy, database)


def sources_list(cursor: Cursor, *, subqueries: bool) -> tuple[Source, ...]:
    """Read what follows the word FROM."""
    sources = [_source(cursor, subqueries=subqueries)]
    while cursor.taken(","):
        sources.append(_source(cursor, subqueries=subqueries))
    return tuple(sources)


def from_clause(cursor: Cursor) -> tuple[Source, ...]:
    """Read FROM and measurements, if they are there."""
    return sources_list(cursor, subqueries=False) if cursor.taken("FROM") else ()


def _source(cursor: Cursor, *, subqueries: bool) -> Source:
    pattern = cursor.regex()
    if pattern is not None:
        return Measurement(regex=pattern)
    if subqueries and cursor.taken("("):
        cursor.expect("SELECT")
        with cursor.deeper():
            inner = select(cursor)
        cursor.expect(")")
        return inner
    names = cursor.segments(cursor.ident())
    if len(names) == 3:
        return Measurement(names[2], names[1], names[0])
    if cursor.behind_dot:
        database, policy = (["", *names])[-2:]
        return Measurement(policy=policy, database=database, regex=cursor.regex() or "")
    cursor.no_regex_after()
    policy, name = (["", *names])[-2:]
    return Measurement(name, policy)


def where(cursor: Cursor) -> Expression | None:
    """Read WHERE and its condition, if they are there."""
    return expression(cursor) if cursor.taken("WHERE") else None


def group_by(cursor: Cursor) -> tuple[Expression, ...]:
    """Read GROUP BY and its dimensions, if they are there."""
    if not cursor.taken("GROUP"):
        return ()
    cursor.expect("BY")
    dimensions = [_dimension(cursor)]
    while cursor.taken(","):
        dimensions.append(_dimension(cursor))
    return tuple(dimensions)


def _dimension(cursor: Cursor) -> Expression:
    pattern = cursor.regex()
    return Regex(pattern) if pattern is not None else expression(cursor)


def _fill(cursor: Cursor) -> tuple[str, float | int | None]:
    token = cursor.peek()
    if token.kind != "IDENT" or token.text.lower() != "fill":
        return "null", None
    call = expression(cursor)
    if not isinstance(call, Call):
        raise QuerySyntaxError("fill must be a function call")
    if len(call.args) != 1:
        raise QuerySyntaxError("fill requires an argument, e.g.: 0, null, none, previous, linear")
    (argument,) = call.args
    word = expression_text(argument)
    if word in _FILLS:
        return word, None
    if not isinstance(argument, Integer | Number) or (
        isinstance(argument, Integer) and argument.value >= 2**63
    ):
        raise QuerySyntaxError("expected number argument in fill()")
    return "number", argument.value


def order_by(cursor: Cursor) -> tuple[SortField, ...]:
    """Read ORDER BY and its fields, if they are there."""
    if not cursor.taken("ORDER"):
        return ()
    cursor.expect("BY")
    token = cursor.take()
    if token.kind in ("ASC", "DESC"):
        fields = [SortField("", token.kind == "ASC")]
    elif token.kind == "IDENT":
        if token.text != "time":
            raise QuerySyntaxError(_ONLY_TIME)
        fields = [SortField(token.text, _ascending(cursor))]
    else:
        raise unexpected(token, "identifier", "ASC", "DESC")
    while cursor.taken(","):
        fields.append(SortField(cursor.ident(), _ascending(cursor)))
    if len(fields) > 1:
        raise QuerySyntaxError(_ONLY_TIME)
    return tuple(fields)


def _ascending(cursor: Cursor) -> bool:
    return not cursor.taken("DESC") and (cursor.taken("ASC") or True)


def window(cursor: Cursor, *, series: bool = True) -> Window:
    """Read LIMIT and OFFSET, and those of series where they may stand."""
    words = ("LIMIT", "OFFSET", "SLIMIT", "SOFFSET")[: 4 if series else 2]
    return Window(*[cursor.count() if cursor.taken(word) else 0 for word in words])


def _zone(cursor: Cursor) -> str:
    token = cursor.peek()
    if token.kind != "IDENT" or token.text.lower() != "tz":
        return ""
    call = expression(cursor)
    if not isinstance(call, Call):
        raise QuerySyntaxError("tz must be a function call")
    if len(call.args) != 1:
        raise QuerySyntaxError("tz requires exactly one argument")
    (argument,) = call.args
    if not isinstance(argument, Text):
        raise QuerySyntaxError("expected string argument in tz()")
    _check_zone(argument.value)
    return argument.value


def _check_zone(name: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise QuerySyntaxError(f"unable to find time zone {name}") from error
