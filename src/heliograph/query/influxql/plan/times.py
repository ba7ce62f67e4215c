"""Times in conditions: literals, ``now()``, arithmetic, and the range that they span."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from heliograph.errors import QueryError
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS, SECOND_NS
from heliograph.query.influxql.plan.checks import go_type
from heliograph.query.influxql.plan.shapes import TimeRange
from heliograph.query.influxql.text import expression_text
from heliograph.query.influxql.tree import (
    Binary,
    Boolean,
    Call,
    Duration,
    Expression,
    Integer,
    Logic,
    Number,
    Paren,
    Ref,
    Text,
)

_DATE: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:([ T])(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)?)?"
)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


def parse_time(text: str, zone: str = "") -> int | None:
    """Return a date, with or without a time of day, in ns; None if it is not one.

    What names no zone of its own is read in ``zone``, UTC if that is empty.
    """
    found = _DATE.fullmatch(text)
    if found is None or (found[4] == "T") != bool(found[9]):
        return None
    parts = [int(part or 0) for part in (*found.group(1, 2, 3), *found.group(5, 6, 7))]
    try:
        place = _zone_of(found[9], zone)
        moment = dt.datetime(*parts, tzinfo=place)  # type: ignore[misc, arg-type]
    except ValueError:
        return None
    seconds = (moment - _EPOCH) // dt.timedelta(seconds=1)
    return seconds * SECOND_NS + int((found[8] or "0").ljust(9, "0"))


def _zone_of(written: str | None, zone: str) -> dt.tzinfo:
    if written and written != "Z":
        hours, minutes = written[1:].split(":")
        offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
        return dt.timezone(-offset if written[0] == "-" else offset)
    return ZoneInfo(zone) if zone and not written else dt.UTC


class _Moment:
    """A value of time arithmetic: a time or a length of time."""

    __slots__ = ("is_time", "value_ns")

    def __init__(self, value_ns: int, *, is_time: bool) -> None:
        self.value_ns = value_ns
        self.is_time = is_time


def _moment(node: Expression, now_ns: int, zone: str) -> _Moment | None:
    if isinstance(node, Paren):
        return _moment(node.inner, now_ns, zone)
    if isinstance(node, Duration):
        return _Moment(node.value_ns, is_time=False)
    if isinstance(node, Integer):
        return _Moment(node.value, is_time=False)
    if isinstance(node, Number):
        return _Moment(int(node.value), is_time=False)
    if isinstance(node, Text):
        parsed = parse_time(node.value, zone)
        return None if parsed is None else _Moment(parsed, is_time=True)
    if isinstance(node, Call) and node.name == "now" and not node.args:
        return _Moment(now_ns, is_time=True)
    if isinstance(node, Binary):
        return _arithmetic(node, now_ns, zone)
    return None


def _arithmetic(node: Binary, now_ns: int, zone: str) -> _Moment | None:
    left, right = _moment(node.left, now_ns, zone), _moment(node.right, now_ns, zone)
    if left is None or right is None:
        return None
    if node.operator == "+" and not (left.is_time and right.is_time):
        return _Moment(left.value_ns + right.value_ns, is_time=left.is_time or right.is_time)
    if node.operator == "-" and (left.is_time or not right.is_time):
        return _Moment(left.value_ns - right.value_ns, is_time=left.is_time and not right.is_time)
    if left.is_time or right.is_time:
        return None
    if node.operator == "*":
        return _Moment(left.value_ns * right.value_ns, is_time=False)
    if node.operator == "/":
        return _Moment(left.value_ns // right.value_ns if right.value_ns else 0, is_time=False)
    return None


def split_condition(
    condition: Expression | None, now_ns: int, zone: str = ""
) -> tuple[Expression | None, TimeRange]:
    """Return what of a condition is not about time, and the range of times that the rest spans.

    As in InfluxDB every bound counts, whether it stands below AND or OR.

    Raises:
        QueryError: time is compared with what is no time.
    """
    if condition is None:
        return None, TimeRange()
    if isinstance(condition, Paren):
        inner, span = split_condition(condition.inner, now_ns, zone)
        return (None if inner is None else Paren(inner)), span
    if isinstance(condition, Logic):
        return _split_logic(condition, now_ns, zone)
    if isinstance(condition, Binary):
        if _is_time(condition.left):
            return None, _bound(condition.operator, condition.right, now_ns, zone)
        if _is_time(condition.right):
            return None, _bound(_TURNED.get(condition.operator, ""), condition.left, now_ns, zone)
        return condition, TimeRange()
    if isinstance(condition, Boolean):
        return condition, TimeRange()
    raise QueryError(f"invalid condition expression: {expression_text(condition)}")


def _split_logic(condition: Logic, now_ns: int, zone: str) -> tuple[Expression | None, TimeRange]:
    span = TimeRange()
    left: list[Expression] = []
    for term in condition.terms:
        rest, bounds = split_condition(term, now_ns, zone)
        span = span.intersect(bounds)
        if rest is not None:
            left.append(rest)
    if len(left) < 2:
        return (left[0] if left else None), span
    return Logic(condition.operator, tuple(left)), span


def _is_time(node: Expression) -> bool:
    return isinstance(node, Ref) and node.name.lower() == "time"


def _bound(operator: str, node: Expression, now_ns: int, zone: str) -> TimeRange:
    moment = _moment(node, now_ns, zone)
    if moment is None:
        raise QueryError(f"invalid operation: time and {go_type(node)} are not compatible")
    value_ns = moment.value_ns
    if moment.is_time and not MIN_TIME_NS <= value_ns <= MAX_TIME_NS:
        raise _out_of_range(value_ns)
    make = _BOUNDS.get(operator)
    if make is None:
        raise QueryError(f"invalid time comparison operator: {operator}")
    return make(min(max(value_ns, MIN_TIME_NS - 2), MAX_TIME_NS + 2))


def _out_of_range(time_ns: int) -> QueryError:
    seconds, rest_ns = divmod(time_ns, SECOND_NS)
    fraction = f".{rest_ns:09}".rstrip("0") if rest_ns else ""
    try:
        moment = _EPOCH + dt.timedelta(seconds=seconds)
    except OverflowError:  # beyond the year 9999
        return QueryError("time overflows time literal")
    shown = f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}{fraction}Z"
    return QueryError(f"time {shown} {'overflows' if time_ns > 0 else 'underflows'} time literal")


_BOUNDS: Final[dict[str, Callable[[int], TimeRange]]] = {
    ">": lambda at: TimeRange(min_ns=at + 1),
    ">=": lambda at: TimeRange(min_ns=at),
    "<": lambda at: TimeRange(max_ns=at - 1),
    "<=": lambda at: TimeRange(max_ns=at),
    "=": lambda at: TimeRange(at, at),
}
