"""Functions that make one point of many, as SQL: one statement for all that need no point's own time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from heliograph.errors import QueryError
from heliograph.query.bounded import WIDEST
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.answer.types import gives_points
from heliograph.query.influxql.memory.rows import has_room
from heliograph.query.influxql.memory.windows import AGGREGATES, chosen, made, windows_of, windows_within
from heliograph.query.influxql.plan.shapes import Key, Points
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import Call, Distinct, Expression, Integer, Number, Ref

Found = dict[Key, Points]
_SQL: Final = {
    "count": "nullif(count({0}), 0)",
    "sum": "sum({0})",
    "mean": "avg({0})",
    "min": "min({0})",
    "max": "max({0})",
    "first": "arg_min({0}, t)",
    "last": "arg_max({0}, t)",
    "spread": "(max({0}) - min({0}))",
    "stddev": "stddev_samp({0})",
    "median": "median({0})",
}
_OF_MERGED: Final = {
    "first": "max({{'t': -t, 'v': {0}}}) FILTER (WHERE {0} IS NOT NULL).v",
    "last": "max({{'t': t, 'v': {0}}}) FILTER (WHERE {0} IS NOT NULL).v",
}
"""Of equal times the larger value wins, but false before true as the first."""
SIMPLE: Final = frozenset(_SQL)


def argument(call: Call) -> Ref:
    """Return the column of a call."""
    node: Expression = call.args[0]
    if isinstance(node, Distinct):
        return Ref(node.name)
    if isinstance(node, Call):
        return argument(node)
    if not isinstance(node, Ref):
        raise QueryError(f"expected field argument in {call.name}()")
    return node


def number(call: Call) -> float | int:
    """Return the number that a call ends with."""
    node = call.args[-1]
    if not isinstance(node, Integer | Number):
        raise QueryError(f"expected a number as last argument in {call.name}()")
    return node.value


def counts_distinct(call: Call) -> bool:
    """Return whether a call is count(distinct(…))."""
    return call.name == "count" and isinstance(call.args[0], Call | Distinct)


def window_sql(group: Group, interval: Interval | None) -> str:
    """Return SQL for the time that an aggregated point gets."""
    if interval is not None:
        return interval.sql("t")
    return str(group.span.min_ns or 0)


def aggregate(group: Group, calls: Sequence[Call], interval: Interval | None) -> dict[Call, Found]:
    """Return the points of several calls."""
    found: dict[Call, Found] = {call: {} for call in calls}
    used = [
        call
        for call in calls
        if gives_points(group, call, group.argument_type(argument(call))) and group.known(argument(call))
    ]
    columns = {argument(call) for call in used}
    if len(columns) == 1 or has_room(group, len(columns)):  # else each would push out another
        for call in used:
            found[call] |= _in_memory(group, call, interval) or {}
    rest = [call for call in used if not found[call]]
    for first in range(0, len(rest), WIDEST):
        found |= _from_sql(group, rest[first : first + WIDEST], interval)
    return found


def _in_memory(group: Group, call: Call, interval: Interval | None) -> Found | None:
    """Return a call's points from columns in memory; None where they have to be asked for in SQL."""
    if counts_distinct(call):
        return None
    windows = windows_of(group, argument(call), interval)
    if windows is None:
        windows = windows_within(group, argument(call), interval)
    if windows is None:
        return None
    function = AGGREGATES[call.name]
    points = made(group, windows, function)
    if group.argument_type(argument(call)) == "integer" and call.name in ("sum", "spread"):
        for some in points.values():
            some.values[:] = [wrapped(value) for value in some.values if isinstance(value, int)]
    return points


def timed_selector(group: Group, call: Call) -> Found:
    """Return the point of each group that first(), last(), min() or max() chooses, with its own time."""
    ref = argument(call)
    if not gives_points(group, call, group.argument_type(ref)) or not group.known(ref):
        return {}
    own = chosen_in_memory(group, call, None, own_time=True)
    if own is not None:
        return own
    sql, parameters = group.scan([("c", ref)], present=["c"])
    keys = "".join(f"{key}, " for key in group.keys)
    by = f" GROUP BY {keys.rstrip(', ')}" if keys else ""
    order, turned = _CHOICES[call.name]
    if (call.name, group.argument_type(ref)) == ("first", "boolean"):
        order, turned = "min({'t': t, 'v': c})", False
    rows = group.session.rows(
        f"SELECT {keys}{'-' if turned else ''}p.t, p.v"
        f" FROM (SELECT {keys}{order} AS p FROM ({sql}) WHERE c IS NOT NULL{by}) WHERE p IS NOT NULL",
        parameters,
    )
    width = len(group.keys)
    found: dict[Any, Points] = {}
    for row in rows:
        found[group.name, row[:width]] = Points([row[width]], [row[width + 1]])
    return found


def chosen_in_memory(group: Group, call: Call, interval: Interval | None, *, own_time: bool) -> Found | None:
    """Return the points that a selector chooses from columns in memory; None where SQL has to be asked."""
    at_ends = interval is None and call.name in ("first", "last")
    windows = windows_of(
        group, argument(call), interval, few=1 if at_ends else 0, newest=at_ends and call.name == "last"
    )
    if windows is None:
        return None
    share = float(number(call)) if len(call.args) > 1 else 0.0
    found: Found = {}
    for key, some in windows.items():
        points = Points([], [])
        for start_ns, pairs in some if group.prepared.ascending else reversed(some):
            taken = chosen(call.name, pairs, share)
            taken.sort(key=lambda pair: pair[0])
            points.times_ns.extend(at if own_time else start_ns for at, _ in taken)
            points.values.extend(value for _, value in taken)
        if points.times_ns:
            found[group.name, key] = points
    return found


_CHOICES: Final = {
    "first": ("max({'t': -t, 'v': c})", True),
    "last": ("max({'t': t, 'v': c})", False),
    "min": ("min({'v': c, 't': t})", False),
    "max": ("max({'v': c, 't': -t})", True),
}
"""Of equal times the larger value, of equal values the earlier time; and whether the time is turned."""


def _from_sql(group: Group, used: Sequence[Call], interval: Interval | None) -> dict[Call, Found]:
    found: dict[Call, Found] = {call: {} for call in used}
    refs = list(dict.fromkeys(argument(call) for call in used))
    columns = {ref: f"c{number}" for number, ref in enumerate(refs)}
    sql, parameters = group.scan([(alias, ref) for ref, alias in columns.items()])
    keys = "".join(f"{key}, " for key in group.keys)
    values = []
    for call in used:
        column = columns[argument(call)]
        values += [_value_sql(group, call, column), f"count({column})" if call.name == "stddev" else "0"]
    direction = "" if group.prepared.ascending else " DESC"
    statement = (
        f"SELECT {keys}w, {', '.join(values)}"
        f" FROM (SELECT *, {window_sql(group, interval)} AS w FROM ({sql}))"
        f" GROUP BY {keys}w ORDER BY {keys}w{direction}"
    )
    width = len(group.keys)
    for row in group.session.rows(statement, parameters):
        key: Any = (group.name, row[:width])
        for number, call in enumerate(used):
            value: Any = row[width + 1 + 2 * number]
            if value is None and not row[width + 2 + 2 * number]:
                continue
            points = found[call].get(key)
            if points is None:
                points = found[call][key] = Points([], [])
            points.times_ns.append(row[width])
            kind = group.type_of(argument(call))
            points.values.append(wrapped(value, kind) if type(value) is int else value)
    return found


def _value_sql(group: Group, call: Call, column: str) -> str:
    if counts_distinct(call):
        return f"nullif(count(DISTINCT {column}), 0)"
    kind = group.argument_type(argument(call))
    if group.merges and (call.name, kind) == ("first", "boolean"):
        return f"(min({{'t': t, 'v': {column}}}) FILTER (WHERE {column} IS NOT NULL).v)"
    if group.merges and call.name in _OF_MERGED:
        return f"({_OF_MERGED[call.name].format(column)})"
    if call.name in ("sum", "spread") and kind != "float":
        column = f"{column}::HUGEINT"
    return _SQL[call.name].format(column)


def wrapped(value: int, kind: str = "integer") -> int:
    """Return a whole number as 64 bits hold it."""
    return value % 2**64 if kind == "unsigned" else (value + 2**63) % 2**64 - 2**63
