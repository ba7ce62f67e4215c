"""Functions that choose points, and those that give several: each a statement of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from heliograph.query.influxql.answer.aggregates import (
    Found,
    argument,
    chosen_in_memory,
    number,
    window_sql,
)
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.answer.types import gives_points
from heliograph.query.influxql.plan.shapes import Points
from heliograph.query.influxql.plan.windows import Interval
from heliograph.query.influxql.tree import Call, Ref

_ORDERS: Final = {
    "first": "t, c DESC",
    "last": "t DESC, c DESC",
    "min": "c, t",
    "max": "c DESC, t",
    "top": "c DESC, t",
    "bottom": "c, t",
    "percentile": "c, t",
    "sample": "z",
}
SELECTORS: Final = frozenset(_ORDERS)
_MANY: Final = frozenset({"top", "bottom", "sample"})


def select_points(
    group: Group, call: Call, interval: Interval | None, aux: Sequence[Ref], *, own_time: bool
) -> Found:
    """Return the points that a selector chooses, with the other columns of each.

    ``own_time`` keeps a point's own time; several points of one interval keep theirs always.
    """
    ref = argument(call)
    if not gives_points(group, call, group.argument_type(ref)) or not group.known(ref):
        return {}
    tags = [arg for arg in call.args[1:] if isinstance(arg, Ref)] if call.name in ("top", "bottom") else []
    keep_time = own_time or call.name in _MANY
    if not tags and not aux and call.name != "sample":
        found = chosen_in_memory(group, call, interval, own_time=keep_time)
        if found is not None:
            return found
    columns = [("c", ref), *((f"a{i}", one) for i, one in enumerate(aux))]
    columns += [(f"b{i}", tag) for i, tag in enumerate(tags)]
    sql, parameters = group.scan(columns, present=["c"])
    shown = f"{'t' if keep_time else 'w'} AS shown, t, w, c"
    direction = "" if group.prepared.ascending else " DESC"
    shown_order = f"w{direction}, shown" if call.name in _MANY else f"shown{direction}"
    shown = ", ".join([*group.keys, shown, *(f"a{i}" for i in range(len(aux)))])
    place = ", ".join([*group.keys, "w"])
    chance = ", random() AS z" if call.name == "sample" else ""
    rows = f"SELECT *, {window_sql(group, interval)} AS w{chance} FROM ({sql}) WHERE c IS NOT NULL"
    chosen = "t, c" if (call.name, group.argument_type(ref)) == ("first", "boolean") else _ORDERS[call.name]
    by_tags = [f"coalesce(b{i}, '')" for i in range(len(tags))]  # of equal points the one first by its tags
    order = ", ".join([chosen, *by_tags, *(f"a{i}" for i in range(len(aux)))])
    if tags:
        best = ", ".join([place, *(f"b{i}" for i in range(len(tags)))])
        rows = f"SELECT * FROM ({rows}) QUALIFY row_number() OVER (PARTITION BY {best} ORDER BY {order}) = 1"
    rank = f"row_number() OVER (PARTITION BY {place} ORDER BY {order})"
    ranked = f"SELECT {shown}, {rank} AS r FROM ({rows}) QUALIFY {_wanted_rank(call, place)}"
    keys = "".join(f"{key}, " for key in group.keys)
    return _collect(
        group,
        f"SELECT {keys}shown, c{''.join(f', a{i}' for i in range(len(aux)))} FROM ({ranked})"
        f" ORDER BY {keys}{shown_order}, r",
        parameters,
        with_aux=bool(aux),
    )


def _wanted_rank(call: Call, place: str) -> str:
    if call.name == "percentile":
        share = float(number(call))
        return f"r = floor(count(*) OVER (PARTITION BY {place}) * {share!r}::DOUBLE / 100 + 0.5)"
    if call.name in _MANY:
        return f"r <= {int(number(call))}"
    return "r = 1"


def _collect(group: Group, sql: str, parameters: list[Any], *, with_aux: bool) -> Found:
    found: Found = {}
    width = len(group.keys)
    rows: Iterable[Any] = group.session.rows(sql, parameters)
    for tags, some in groupby(rows, key=lambda row: row[:width]):
        listed = list(some)
        found[group.name, tags] = Points(
            [row[width] for row in listed],
            [row[width + 1] for row in listed],
            [row[width + 2 :] for row in listed] if with_aux else None,
        )
    return found


def distinct_points(group: Group, call: Call, interval: Interval | None) -> Found:
    """Return each value once, in the order in which they came first."""
    rows = _by_value(group, call, interval)
    found: Found = {}
    for tags, some in groupby(rows, key=lambda row: row[0]):
        listed = list(some)
        found[group.name, tags] = Points([row[1] for row in listed], [row[2] for row in listed])
    return found


def mode_points(group: Group, call: Call, interval: Interval | None) -> Found:
    """Return the most frequent value of each interval."""
    found: Found = {}
    for (tags, at), some in groupby(_by_value(group, call, interval), key=lambda row: row[:2]):
        points = found.setdefault((group.name, tags), Points([], []))
        points.times_ns.append(at)
        points.values.append(_mode(sorted(some, key=lambda row: row[2])))
    return found


def _mode(rows: list[Any]) -> Any:
    """Of equally frequent values the earliest wins, and one that came once only if it is the smallest."""
    if isinstance(rows[0][2], bool):
        counts = {row[2]: row[3] for row in rows}
        return counts.get(True, 0) >= counts.get(False, 0)
    _, _, mode, most, _, last = rows[0]
    for _, _, value, count, first, latest in rows[1:]:
        if count > 1 and (count > most or (count == most and first <= last)):
            mode, most, last = value, count, latest
    return mode


def _by_value(group: Group, call: Call, interval: Interval | None) -> list[Any]:
    """Return (tags, time, value, count, first time, last time) of each value of each interval."""
    ref = argument(call)
    if not gives_points(group, call, group.argument_type(ref)) or not group.known(ref):
        return []
    sql, parameters = group.scan([("c", ref)], present=["c"])
    keys = "".join(f"{key}, " for key in group.keys)
    direction = "" if group.prepared.ascending else " DESC"
    rows = group.session.rows(
        f"SELECT {keys}w, c, count(*), min(t), max(t)"
        f" FROM (SELECT *, {window_sql(group, interval)} AS w FROM ({sql}) WHERE c IS NOT NULL)"
        f" GROUP BY {keys}w, c ORDER BY {keys}w{direction}, min(t){direction}, c",
        parameters,
    )
    width = len(group.keys)
    return [(row[:width], *row[width:]) for row in rows]
