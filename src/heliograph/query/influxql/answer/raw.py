"""Points as they are: the rows of a SELECT without functions, and what transformations begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from heliograph.query.influxql.answer.aggregates import Found
from heliograph.query.influxql.answer.merging import merged
from heliograph.query.influxql.answer.relations import Computed
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.answer.series import series_window
from heliograph.query.influxql.plan.shapes import Points
from heliograph.query.influxql.tree import Ref

Row = tuple[Any, ...]


def raw_rows(group: Group, refs: Sequence[Ref], fields: Sequence[Ref]) -> list[Row]:
    """Return the rows in which one of some fields has a value: group, time, columns, and more."""
    columns = [(f"c{number}", ref) for number, ref in enumerate(refs)]
    present = [alias for alias, ref in columns if ref in fields]
    rows = [row for _, some in _by_group(group, columns, present, limited=True) for row in some]
    width = len(group.keys)
    keys = list(dict.fromkeys((group.name, row[:width]) for row in rows))
    kept = set(series_window(group, keys))
    return rows if len(kept) == len(keys) else [row for row in rows if (group.name, row[:width]) in kept]


def raw_points(group: Group, ref: Ref) -> Found:
    """Return all points of a column, by time."""
    if not group.known(ref):
        return {}
    width = len(group.keys)
    return {
        (group.name, key): Points([row[width] for row in rows], [row[width + 1] for row in rows])
        for key, rows in _by_group(group, [("c0", ref)], ["c0"], limited=False)
    }


def _by_group(
    group: Group, columns: Sequence[tuple[str, Ref]], present: Sequence[str], *, limited: bool
) -> Iterator[tuple[Row, Sequence[Row]]]:
    """Yield each group's rows in the order of the answer."""
    others = _other_tags(group)
    tags = [(f"z{number}", Ref(tag, "tag")) for number, tag in enumerate(others)]
    sql, parameters = group.scan([*columns, *tags], present=present)
    direction = "" if group.prepared.ascending else " DESC"
    inner = any(isinstance(one, Computed) for one in group.relations)
    order = ", ".join([*(f"{key}{direction}" for key in group.keys), "n" if inner else f"t{direction}"])
    window = group.prepared.select.window
    if limited and window.limit:
        sql = _first(sql, group.keys, [alias for alias, _ in tags], order, window.offset + window.limit)
    rows: list[Any] = group.session.rows(f"SELECT * FROM ({sql}) ORDER BY {order}", parameters)
    width = len(group.keys)
    text_at = _deciding(group, columns)
    series_of = _series_text(group.dimensions, others, 1 + len(columns))
    for key, some in groupby(rows, key=lambda row: row[:width]):
        listed: Sequence[Row] = list(some)
        if group.merges and not inner:
            listed = merged(listed, width, series_of, text_at, ascending=group.prepared.ascending)
        if limited and (window.limit or window.offset):
            listed = listed[window.offset : window.offset + window.limit if window.limit else None]
        yield key, listed


def _first(sql: str, keys: Sequence[str], tags: Sequence[str], order: str, count: int) -> str:
    """Return SQL of the first rows of each group.

    Those of equal time all come along, and the next one of each series: they decide about the order.
    """
    place = f"PARTITION BY {', '.join(keys)} " if keys else ""
    series = f"PARTITION BY {', '.join([*keys, *tags])} " if keys or tags else ""
    ranked = f"SELECT *, rank() OVER ({place}ORDER BY {order}) AS r FROM ({sql})"
    before = f"coalesce(lag(r) OVER ({series}ORDER BY {order}), 0)"
    return f"SELECT * FROM ({ranked}) QUALIFY r <= {count} OR {before} <= {count}"


def _other_tags(group: Group) -> list[str]:
    """The tags that tell the series of one group apart."""
    if any(isinstance(one, Computed) for one in group.relations):
        return []
    tags = {tag for one in group.relations for tag in one.schema.tags}
    return sorted(tags - set(group.dimensions))


def _deciding(group: Group, columns: Sequence[tuple[str, Ref]]) -> list[int]:
    """The places of the columns of text that stand, by name, before all others."""
    found = []
    width = len(group.keys) + 1
    for number, (_, ref) in sorted(enumerate(columns), key=lambda item: item[1][1].name):
        if group.type_of(ref) not in ("string", "tag"):
            break
        found.append(width + number)
    return found


def _series_text(dimensions: Sequence[str], others: Sequence[str], before: int) -> Callable[[Row], str]:
    width = len(dimensions)
    places = {tag: number for number, tag in enumerate(dimensions)}
    places |= {tag: width + before + number for number, tag in enumerate(others)}
    ordered = sorted(places.items())

    def series_of(row: Row) -> str:
        return ",".join(f"{tag}={_escaped(row[at])}" for tag, at in ordered if row[at])

    return series_of


def _escaped(text: str) -> str:
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
