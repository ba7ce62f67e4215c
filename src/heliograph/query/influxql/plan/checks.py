"""Which SELECT lists make sense: the rules of InfluxDB about functions, with its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeGuard

from heliograph.errors import QueryError
from heliograph.query.influxql.durations import format_duration
from heliograph.query.influxql.plan.values import MATH, TWO_ARGUMENTS
from heliograph.query.influxql.text import expression_text
from heliograph.query.influxql.tree import (
    Binary,
    Boolean,
    Call,
    Distinct,
    Duration,
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

SELECTORS: Final = frozenset({"max", "min", "first", "last"})
AGGREGATES: Final = frozenset({"count", "sum", "mean", "median", "mode", "stddev", "spread"})
ANY_ORDER: Final = (AGGREGATES - {"mode"}) | {"max", "min"}
"""Functions that give the same in whichever order rows of equal times come."""
DERIVATIVES: Final = frozenset({"derivative", "non_negative_derivative"})
DIFFERENCES: Final = frozenset({"difference", "non_negative_difference"})
FORECASTS: Final = frozenset({"holt_winters", "holt_winters_with_fit"})
_LITERALS: Final = (Number, Integer, Text, Boolean, Duration)


@dataclass(slots=True)
class Checked:
    """What the rules found in a SELECT list."""

    grouped: bool
    """There is a GROUP BY time() of its own or of the query around it."""
    inherited: bool
    limit: int
    calls: list[Call] = field(default_factory=list)
    columns: bool = False
    """There are columns beside the functions."""
    only_selectors: bool = True
    distinct: bool = False
    top: str = ""

    def field(self, node: Expression, *, wildcard: bool = True) -> None:
        """Check one entry of the list."""
        if isinstance(node, Ref):
            self.columns = True
        elif isinstance(node, Wildcard | Regex):
            self.columns = True
            if not wildcard:
                kind = "wildcard" if isinstance(node, Wildcard) else "regex"
                raise QueryError(f"unable to use {kind} in a binary expression")
        elif isinstance(node, Call):
            self._call(node, wildcard=wildcard)
        elif isinstance(node, Distinct):
            self._call(Call("distinct", (Ref(node.name),)), wildcard=wildcard)
        elif isinstance(node, Binary):
            self._binary(node)
        elif isinstance(node, Paren):
            self.field(node.inner, wildcard=wildcard)
        else:
            raise QueryError("field must contain at least one variable")

    def _binary(self, node: Binary) -> None:
        sides = [side for side in (node.left, node.right) if not isinstance(side, _LITERALS)]
        if not sides:
            raise QueryError("field must contain at least one variable")
        for side in sides:
            self.field(side, wildcard=False)

    def _call(self, call: Call, *, wildcard: bool) -> None:
        if call.name in MATH:
            self._math(call)
            return
        self.calls.append(call)
        _CALLS.get(call.name, Checked.plain)(self, call, wildcard)

    def _math(self, call: Call) -> None:
        _count_args(call, 2 if call.name in TWO_ARGUMENTS else 1)
        if all(isinstance(arg, _LITERALS) for arg in call.args):
            raise QueryError("field must contain at least one variable")
        for arg in call.args:
            if not isinstance(arg, _LITERALS):
                self.field(arg, wildcard=False)

    def _symbol(self, name: str, node: Expression, *, wildcard: bool) -> None:
        if _symbol(name, node, wildcard=wildcard):
            self.only_selectors = False

    def plain(self, call: Call, wildcard: bool) -> None:  # noqa: FBT001 -- called by the table below
        """Check functions of one column."""
        if call.name in AGGREGATES:
            self.only_selectors = False
        elif call.name not in SELECTORS:
            raise QueryError(f"undefined function {call.name}()")
        _count_args(call, 1)
        (argument,) = call.args
        if call.name == "count" and isinstance(argument, Distinct):
            return
        if call.name == "count" and isinstance(argument, Call) and argument.name == "distinct":
            _distinct_args(argument)
            return
        self._symbol(call.name, argument, wildcard=wildcard)

    def percentile(self, call: Call, wildcard: bool) -> None:  # noqa: FBT001
        """Check a percentile."""
        _count_args(call, 2)
        if not (isinstance(call.args[1], Number) or is_signed(call.args[1])):
            raise QueryError("expected float argument in percentile()")
        self._symbol(call.name, call.args[0], wildcard=wildcard)

    def sample(self, call: Call, wildcard: bool) -> None:  # noqa: FBT001
        """Check a sample."""
        _count_args(call, 2)
        size = call.args[1]
        if not is_signed(size):
            raise QueryError("expected integer argument in sample()")
        if size.value <= 0:
            raise QueryError(f"sample window must be greater than 1, got {size.value}")
        self._symbol(call.name, call.args[0], wildcard=wildcard)

    def distinct_values(self, call: Call, _: bool) -> None:  # noqa: FBT001
        """Check a list of distinct values."""
        _distinct_args(call)
        self.distinct = True
        self.only_selectors = False

    def change(self, call: Call, wildcard: bool) -> None:  # noqa: FBT001
        """Check functions of the change from point to point."""
        unit = call.name in DERIVATIVES or call.name == "elapsed"
        if call.name == "moving_average":
            _count_args(call, 2)
            _positive_integer(call)
        elif unit:
            _count_between(call, 1, 2)
            _duration_argument(call)
        else:
            _count_args(call, 1)
        self.only_selectors = False
        self._inner(call, wildcard=wildcard)

    def _inner(self, call: Call, *, wildcard: bool) -> None:
        first = call.args[0]
        if isinstance(first, Call):
            if not self.grouped:
                raise QueryError(f"{call.name} aggregate requires a GROUP BY interval")
            if first.name in MATH:
                raise QueryError(f"expected field argument in {call.name}()")
            before = list(self.calls)
            self._call(first, wildcard=wildcard)
            if self.top:
                raise self._alone()
            self.calls = before  # what is inside of a function is none of the list's own
        else:
            if self.grouped and not self.inherited:
                raise QueryError(f"aggregate function required inside the call to {call.name}")
            self._symbol(call.name, first, wildcard=wildcard)

    def integral(self, call: Call, wildcard: bool) -> None:  # noqa: FBT001
        """Check an integral."""
        _count_between(call, 1, 2)
        if len(call.args) == 2:
            if not isinstance(call.args[1], Duration):
                raise QueryError("second argument must be a duration")
            if call.args[1].value_ns <= 0:
                shown = format_duration(call.args[1].value_ns)
                raise QueryError(f"duration argument must be positive, got {shown}")
        self.only_selectors = False
        self._symbol(call.name, call.args[0], wildcard=wildcard)

    def forecast(self, call: Call, wildcard: bool) -> None:  # noqa: FBT001
        """Check the forecasts."""
        _count_args(call, 3)
        for place, argument in zip(("second", "third"), call.args[1:], strict=True):
            if not is_signed(argument):
                raise QueryError(f"expected integer argument as {place} arg in {call.name}")
            if place == "second" and argument.value <= 0:
                raise QueryError(f"second arg to {call.name} must be greater than 0, got {argument.value}")
            if argument.value < 0:
                raise QueryError(f"third arg to {call.name} cannot be negative, got {argument.value}")
        if not isinstance(call.args[0], Call):
            raise QueryError(f"must use aggregate function with {call.name}")
        self.only_selectors = False
        self._inner(call, wildcard=wildcard)

    def extremes(self, call: Call, _: bool) -> None:  # noqa: FBT001
        """Check top() and bottom()."""
        if self.top:
            raise self._alone()
        if len(call.args) < 2:
            raise QueryError(
                f"invalid number of arguments for {call.name}, expected at least 2, got {len(call.args)}"
            )
        *columns, count = call.args
        if not is_signed(count):
            shown = expression_text(count)
            raise QueryError(f"expected integer as last argument in {call.name}(), found {shown}")
        if count.value <= 0:
            raise QueryError(f"limit ({count.value}) in {call.name} function must be at least 1")
        if 0 < self.limit < count.value:
            raise QueryError(
                f"limit ({count.value}) in {call.name} function can not be larger than the LIMIT"
                f" ({self.limit}) in the select statement"
            )
        if not isinstance(columns[0], Ref):
            shown = expression_text(columns[0])
            raise QueryError(f"expected first argument to be a field in {call.name}(), found {shown}")
        for column in columns[1:]:
            if not isinstance(column, Ref):
                shown = expression_text(column)
                raise QueryError(f"only fields or tags are allowed in {call.name}(), found {shown}")
        self.top = call.name

    def _alone(self) -> QueryError:
        return QueryError(f"selector function {self.top}() cannot be combined with other functions")

    def whole(self, fill: str) -> None:
        """Check the list as a whole."""
        if len(self.calls) > 1 and self.top:
            raise self._alone()
        if not self.calls:
            if fill in ("none", "linear"):
                raise QueryError(f"fill({fill}) must be used with a function")
            if self.grouped and not self.inherited:
                raise QueryError("GROUP BY requires at least one aggregate function")
        if self.distinct and (len(self.calls) != 1 or self.columns):
            raise QueryError(
                "aggregate function distinct() cannot be combined with other functions or fields"
            )
        if self.columns and self.calls:
            if not self.only_selectors:
                raise QueryError("mixing aggregate and non-aggregate queries is not supported")
            if len(self.calls) > 1:
                raise QueryError("mixing multiple selector functions with tags or fields is not supported")


_CALLS: Final[dict[str, Callable[[Checked, Call, bool], None]]] = {
    "percentile": Checked.percentile,
    "sample": Checked.sample,
    "distinct": Checked.distinct_values,
    "top": Checked.extremes,
    "bottom": Checked.extremes,
    "integral": Checked.integral,
    **dict.fromkeys(FORECASTS, Checked.forecast),
    **dict.fromkeys(
        (*DERIVATIVES, *DIFFERENCES, "cumulative_sum", "moving_average", "elapsed"), Checked.change
    ),
}


def _count_args(call: Call, count: int) -> None:
    if len(call.args) != count:
        got = len(call.args)
        raise QueryError(f"invalid number of arguments for {call.name}, expected {count}, got {got}")


def _count_between(call: Call, low: int, high: int) -> None:
    if not low <= len(call.args) <= high:
        raise QueryError(
            f"invalid number of arguments for {call.name}, expected at least {low} but no more than {high},"
            f" got {len(call.args)}"
        )


def _duration_argument(call: Call) -> None:
    if len(call.args) < 2:
        return
    unit = call.args[1]
    if not isinstance(unit, Duration):
        raise QueryError(f"second argument to {call.name} must be a duration, got {go_type(unit)}")
    if unit.value_ns <= 0:
        raise QueryError(f"duration argument must be positive, got {format_duration(unit.value_ns)}")


def _positive_integer(call: Call) -> None:
    size = call.args[1]
    if not is_signed(size):
        raise QueryError(f"second argument for {call.name} must be an integer, got {go_type(size)}")
    if size.value <= 1:
        raise QueryError(f"{call.name} window must be greater than 1, got {size.value}")


def _distinct_args(call: Call) -> None:
    if not call.args:
        raise QueryError("distinct function requires at least one argument")
    if len(call.args) > 1:
        raise QueryError("distinct function can only have one argument")
    if not isinstance(call.args[0], Ref | Wildcard):
        raise QueryError("expected field argument in distinct()")


def _symbol(name: str, node: Expression, *, wildcard: bool) -> bool:
    """Check the column of a function and return whether it stands for several."""
    if isinstance(node, Ref):
        return False
    if not isinstance(node, Wildcard | Regex):
        raise QueryError(f"expected field argument in {name}()")
    if not wildcard:
        kind = "wildcard" if isinstance(node, Wildcard) else "regex field"
        raise QueryError(f"unsupported expression with {kind}: {name}()")
    return True


def is_signed(node: Expression) -> TypeGuard[Integer]:
    """Return whether an expression is a whole number that 64 bits hold with its sign."""
    return isinstance(node, Integer) and node.value < 2**63


def go_type(node: Expression) -> str:
    """Return the name of a node's type in InfluxDB's errors."""
    if isinstance(node, Integer) and not is_signed(node):
        return "*influxql.UnsignedLiteral"
    names = {
        "Ref": "VarRef",
        "Number": "NumberLiteral",
        "Integer": "IntegerLiteral",
        "Text": "StringLiteral",
        "Boolean": "BooleanLiteral",
        "Duration": "DurationLiteral",
        "Binary": "BinaryExpr",
        "Logic": "BinaryExpr",
        "Paren": "ParenExpr",
        "Regex": "RegexLiteral",
    }
    return f"*influxql.{names.get(type(node).__name__, type(node).__name__)}"


def check(
    fields: tuple[Field, ...], fill: str, *, grouped: bool, inherited: bool, limit: int
) -> tuple[Checked, str]:
    """Check a SELECT list and return what is in it, and how its column of times is called.

    Raises:
        QueryError: InfluxDB refuses it, with its words.
    """
    checked = Checked(grouped, inherited, limit)
    time_name, others = "time", 0
    for entry in fields:
        if isinstance(entry.expression, Ref) and entry.expression.name == "time":
            time_name = entry.alias or time_name
        else:
            others += 1
            checked.field(entry.expression)
    if not others:
        raise QueryError("at least 1 non-time field must be queried")
    checked.whole(fill)
    return checked, time_name
