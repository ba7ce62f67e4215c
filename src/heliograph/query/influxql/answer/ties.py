"""first() and last() where several series of a group have a point at that time.

Without intervals InfluxDB looks at the first two points that its heap of series gives: the larger value
of the two wins, whatever the other series have at that time. A subquery that is grouped by more tags than
the query around it has one heap for several groups; there, points that follow one of their own group are
left out, and the larger value of the others wins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final

from heliograph.query.influxql.answer.raw import deciding, other_tags, series_text
from heliograph.query.influxql.answer.relations import Computed
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.functions.merging import Merging, shard_of
from heliograph.query.influxql.memory.rows import rows_in_memory
from heliograph.query.influxql.plan.shapes import Key
from heliograph.query.influxql.tree import Call, Ref

_ORDERS: Final = {"first": ("arg_min", "min", ""), "last": ("arg_max", "max", " DESC")}


def tied_points(group: Group, call: Call, ref: Ref, aux: Sequence[Ref]) -> dict[Key, tuple[Any, ...]]:
    """Return (time, value, other columns…) of the point of each group in which several are at that time.

    It is empty where a group can have no such points, and for other functions.
    """
    if call.name not in _ORDERS or not group.merges or any(isinstance(r, Computed) for r in group.relations):
        return {}
    others = other_tags(group)
    columns = [ref, *aux, *(Ref(tag, "tag") for tag in others)]
    ascending = call.name == "first"
    width = len(group.keys)
    held = rows_in_memory(group, columns, [ref], few=2, newest=not ascending)
    if held is None:
        firsts = _from_sql(group, call, ref, aux, others)
    else:
        firsts = {key: _in_turn(series, width, ascending=ascending) for key, series in held.items()}
    if not any(len(rows) > 1 and rows[0][width] == rows[1][width] for rows in firsts.values()):
        return {}
    merging = Merging(
        itemgetter(width),
        series_text(group.dimensions, {tag: width + 2 + len(aux) + at for at, tag in enumerate(others)}),
        [1 + at for at in deciding(group, [(f"a{i}", one) for i, one in enumerate(aux)])],
        ascending,
    )
    if len(group.outermost) < width:
        chosen = _in_common_heaps(group, merging, firsts, width)
    else:
        chosen = {tags: _chosen(merging, some, width, group.shard_ns) for tags, some in firsts.items()}
    return {(group.name, tags): row[width : width + 2 + len(aux)] for tags, row in chosen.items()}


def _in_turn(series: Sequence[list[Any]], width: int, *, ascending: bool) -> list[Any]:
    """Return the first two rows of each series, by time."""
    rows = [row for some in series for row in (some[:2] if ascending else some[::-1][:2])]
    return sorted(rows, key=itemgetter(width), reverse=not ascending)


def _from_sql(
    group: Group, call: Call, ref: Ref, aux: Sequence[Ref], others: Sequence[str]
) -> dict[tuple[Any, ...], list[Any]]:
    """Return the first two rows of each series, by group and time; none where no group is tied."""
    columns = [("c", ref), *((f"a{i}", one) for i, one in enumerate(aux))]
    sql, parameters = group.scan([*columns, *((f"z{i}", Ref(tag, "tag")) for i, tag in enumerate(others))])
    rows = f"SELECT * FROM ({sql}) WHERE c IS NOT NULL"
    if not _is_tied(group, rows, parameters, _ORDERS[call.name][1]):
        return {}
    by_group: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    firsts = _two_of_each_series(group, rows, call.name, len(columns), len(others))
    for row in group.session.rows(firsts, parameters):
        by_group[row[: len(group.keys)]].append(row)
    return by_group


def _is_tied(group: Group, rows: str, parameters: list[Any], extreme: str) -> bool:
    keys = "".join(f"{key}, " for key in group.keys)
    by = f" GROUP BY {keys.rstrip(', ')}" if keys else ""
    using = f" USING ({keys}t)"
    found = group.session.rows(
        f"WITH r AS (SELECT {keys}t FROM ({rows})), e AS (SELECT {keys}{extreme}(t) AS t FROM r{by})"
        f" SELECT (SELECT count(*) FROM r JOIN e{using}) > (SELECT count(*) FROM e)",
        parameters,
    )
    return any(bool(row[0]) for row in found)


def _two_of_each_series(group: Group, rows: str, name: str, columns: int, others: int) -> str:
    """Return SQL of the first two rows of each series, by time: group, time, columns, other tags."""
    function, _, direction = _ORDERS[name]
    values = ["c", *(f"a{i}" for i in range(columns - 1))]
    tags = [*group.keys, *(f"z{i}" for i in range(others))]
    packed = ", ".join(f"'{name}': {name}" for name in ("t", *values))
    by = f" GROUP BY {', '.join(tags)}" if tags else ""
    shown = ", ".join([*group.keys, *(f"p.{name}" for name in ("t", *values)), *tags[len(group.keys) :]])
    lists = f"SELECT {', '.join([*tags, f'{function}({{{packed}}}, t, 2) AS l'])} FROM ({rows}){by}"
    unpacked = f"SELECT {', '.join([*tags, 'unnest(l) AS p'])} FROM ({lists})"
    return f"SELECT {shown} FROM ({unpacked}) ORDER BY p.t{direction}"


def _chosen(merging: Merging, rows: list[Any], width: int, shard_ns: int) -> Any:
    """Return the row that wins; ``width`` is where its time stands, its value follows."""
    shard = shard_of(rows[0][width], shard_ns)
    pair = list(islice(merging.taken(row for row in rows if shard_of(row[width], shard_ns) == shard), 2))
    if len(pair) < 2 or pair[0][width] != pair[1][width]:
        return pair[0]
    return _better(merging, pair[0], pair[1], width)


def _in_common_heaps(
    group: Group, merging: Merging, firsts: Mapping[tuple[Any, ...], Iterable[Any]], width: int
) -> dict[tuple[Any, ...], Any]:
    """Return the row of each group that wins where all groups of one outer group share a heap."""
    outer = [number for number, tag in enumerate(group.dimensions) if tag in group.outermost]
    heaps: dict[Any, list[Any]] = defaultdict(list)
    for tags, rows in firsts.items():
        for row in rows:
            heaps[*(tags[at] for at in outer), shard_of(row[width], group.shard_ns)].append(row)
    chosen: dict[tuple[Any, ...], Any] = {}
    for rows in heaps.values():
        for tags, some in groupby(merging.taken(rows), lambda row: tuple(row[:width])):
            row = next(some)
            chosen[tags] = _better(merging, chosen[tags], row, width) if tags in chosen else row
    return chosen


def _better(merging: Merging, one: Any, other: Any, width: int) -> Any:
    """Return the row of two that comes first, or has the larger value."""
    if one[width] != other[width]:
        return one if (one[width] < other[width]) == merging.ascending else other
    value, other_value = one[width + 1], other[width + 1]
    is_smaller = isinstance(value, bool) and merging.ascending
    wanted = min(value, other_value) if is_smaller else max(value, other_value)
    return one if value == wanted else other
