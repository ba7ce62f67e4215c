"""Points as they are: the rows of a SELECT without functions, and what transformations begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from heliograph.query.bounded import WIDEST
from heliograph.query.influxql.answer.aggregates import Found
from heliograph.query.influxql.answer.relations import Computed, Stored
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.answer.series import series_window
from heliograph.query.influxql.functions.merging import Merging
from heliograph.query.influxql.memory.rows import by_time, rows_in_memory
from heliograph.query.influxql.plan.shapes import Key, Points
from heliograph.query.influxql.tree import Ref

Row = Any
Columns = Sequence[tuple[str, Ref]]
"""Names in a statement, and what they are of."""


def raw_rows(group: Group, refs: Sequence[Ref], fields: Sequence[Ref]) -> list[tuple[Key, Sequence[Row]]]:
    """Return the rows in which one of some fields has a value, by series: group, time, columns, and more."""
    columns = [(f"c{number}", ref) for number, ref in enumerate(refs)]
    present = [alias for alias, ref in columns if ref in fields]
    found = [
        ((group.name, key), rows) for key, rows in _by_group(group, columns, present, limited=True) if rows
    ]
    kept = set(series_window(group, [key for key, _ in found]))
    return [(key, rows) for key, rows in found if key in kept]


def raw_points(group: Group, ref: Ref) -> Found:
    """Return all points of a column, by time."""
    if not group.known(ref):
        return {}
    width = len(group.keys)
    found: Found = {}
    for key, rows in _by_group(group, [("c", ref)], ["c"], limited=False, driven=True, passing=True):
        points = found[group.name, key] = Points([], [])
        for row in rows:
            points.times_ns.append(row[width])
            points.values.append(row[width + 1])
    return found


def driven_rows(group: Group, ref: Ref, aux: Sequence[Ref]) -> Iterator[tuple[Row, Sequence[Row]]]:
    """Yield each group's rows in which a column has a value: group, time, that column, others, and more."""
    columns = [("c", ref), *((f"a{number}", one) for number, one in enumerate(aux))]
    return _by_group(group, columns, ["c"], limited=False, driven=True)


def _by_group(
    group: Group,
    columns: Sequence[tuple[str, Ref]],
    present: Sequence[str],
    *,
    limited: bool,
    driven: bool = False,
    passing: bool = False,
) -> Iterator[tuple[Row, Any]]:
    """Yield each group's rows in the order of the answer; a driving first column does not decide on it.

    Those that are ``passing`` are there once, and gone when the next group is asked for.
    """
    tags, places = _series_columns(group, columns)
    inner = any(isinstance(one, Computed) for one in group.relations)
    window = group.prepared.select.window
    count = min(window.offset + window.limit, 2**62) if limited and window.limit else 0
    found = _in_memory(group, [*columns, *tags], present, count)
    if found is None:
        series = [alias for at, (alias, _) in enumerate([*columns, *tags]) if at in places.values()]
        found = _from_sql(group, columns, tags, present, (count, series), driven=driven, passing=passing)
    width = len(group.keys)
    merging = Merging(
        itemgetter(width),
        series_text(group.dimensions, {tag: width + 1 + at for tag, at in places.items()}),
        [1 + at for at in deciding(group, columns[1:])] if driven else deciding(group, columns),
        group.prepared.ascending,
    )
    for key, some in found:
        listed = some
        if group.merges and not inner and group.prepared.ordered:
            listed = merging.rows(list(listed), width, group.shard_ns)
        if limited and (window.limit or window.offset):
            listed = listed[window.offset : window.offset + window.limit if window.limit else None]
        yield key, listed


def _series_columns(group: Group, columns: Columns) -> tuple[Columns, dict[str, int]]:
    """Return the columns to add so that rows tell their series, and the place of each such tag among all.

    A tag that is selected is not there twice: ``SELECT *`` has them all.
    """
    others = other_tags(group)
    places: dict[str, int] = {}
    if len(columns) <= WIDEST:  # else each part of them needs all tags
        places = {
            ref.name: at
            for at, (_, ref) in enumerate(columns)
            if ref.name in others and group.type_of(ref) == "tag"
        }
    added = [tag for tag in others if tag not in places]
    places |= {tag: len(columns) + number for number, tag in enumerate(added)}
    return [(f"z{number}", Ref(tag, "tag")) for number, tag in enumerate(added)], places


def _in_memory(
    group: Group, columns: Sequence[tuple[str, Ref]], present: Sequence[str], count: int
) -> Iterable[tuple[Row, Sequence[Row]]] | None:
    """Return each group's rows from columns in memory: of each series the first ones, and the one after."""
    ascending = group.prepared.ascending
    fields = [ref for alias, ref in columns if alias in present]
    few = count + 1 if count else 0
    held = rows_in_memory(group, [ref for _, ref in columns], fields, few=few, newest=not ascending)
    if held is None:
        return None
    width = len(group.keys)
    count = sum(len(rows) for series in held.values() for rows in series)
    group.session.check_cells(count, width + 1 + len(columns))
    keys = sorted(held, reverse=not ascending)
    return ((key, by_time(held[key], width)[:: 1 if ascending else -1]) for key in keys)


def _from_sql(
    group: Group,
    columns: Sequence[tuple[str, Ref]],
    tags: Sequence[tuple[str, Ref]],
    present: Sequence[str],
    first: tuple[int, Sequence[str]],
    *,
    driven: bool,
    passing: bool,
) -> Iterable[tuple[Row, Any]]:
    """``first`` tells how many rows of each group are wanted, or 0, and which columns tell their series."""
    direction = "" if group.prepared.ascending else " DESC"
    inner = any(isinstance(one, Computed) for one in group.relations)
    by_time = [] if inner and len(group.relations) == 1 else [f"t{direction}"]
    order = ", ".join([*(f"{key}{direction}" for key in group.keys), *by_time, *(["n"] if inner else [])])
    there = f" WHERE {present[0]} IS NOT NULL" if driven else ""

    def statement_of(columns: Columns, present: Sequence[str]) -> tuple[str, list[Any]]:
        sql, parameters = group.scan([*columns, *tags], present=present)
        count, series = first
        if count:
            sql = _first(sql, group.keys, series, order, count)
        return f"SELECT * FROM ({sql}){there} ORDER BY {order}", parameters

    width = len(group.keys)

    def key_of(row: Row) -> Row:
        return row[:width]

    if len(columns) > WIDEST and len(group.relations) == 1 and isinstance(group.relations[0], Stored):
        wide = _put_together(group, columns, present, statement_of)
        return ((key, list(some)) for key, some in groupby(wide, key=key_of))
    statement, parameters = statement_of(columns, present)
    if passing:
        whole = group.merges and not inner
        return groupby(group.session.passing(statement, parameters, key_of if whole else None), key=key_of)
    rows: list[Any] = group.session.rows(statement, parameters)
    return ((key, list(some)) for key, some in groupby(rows, key=key_of))


def _put_together(
    group: Group,
    columns: Columns,
    present: Sequence[str],
    statement_of: Callable[[Columns, Sequence[str]], tuple[str, list[Any]]],
) -> list[Row]:
    """Return rows of more columns than one statement gives, put together of parts by series and time.

    Where each part has only its first rows, those that all columns would have are among them, whole: none
    stands later in a part than among all. Others may lack columns, and are behind them.
    """
    width, others = len(group.keys) + 1, len(other_tags(group))
    places = {alias: width + at for at, (alias, _) in enumerate(columns)}
    rows: dict[Row, list[Any]] = {}
    for part, there in _parts(columns, present):
        end = width + len(part)
        targets = [places[alias] for alias, _ in part]
        for row in group.session.rows(*statement_of(part, there)):
            tags = row[end : end + others]
            whole = rows.setdefault((*row[:width], *tags), [])
            if not whole:
                whole += [*row[:width], *[None] * len(columns), *tags]
            for target, value in zip(targets, row[width:end], strict=True):
                whole[target] = value
        group.session.check_cells(len(rows), width + len(columns))
    ascending = group.prepared.ascending
    return sorted(map(tuple, rows.values()), key=lambda row: row[:width], reverse=not ascending)


def _parts(columns: Columns, present: Sequence[str]) -> Iterator[tuple[Columns, Sequence[str]]]:
    """Yield the columns of each statement, and those of them of which one must have a value."""
    decides = len(present) == 1  # then it stands in every part, and all have the same rows
    always = [column for column in columns if (column[0] in present) == decides]
    split = [column for column in columns if (column[0] in present) != decides]
    for first in range(0, len(split), WIDEST):
        part = split[first : first + WIDEST]
        yield [*always, *part], present if decides else [alias for alias, _ in part]


def _first(sql: str, keys: Sequence[str], tags: Sequence[str], order: str, count: int) -> str:
    """Return SQL of the first rows of each group.

    Those of equal time all come along, and the next one of each series: they decide about the order.
    """
    place = f"PARTITION BY {', '.join(keys)} " if keys else ""
    series = f"PARTITION BY {', '.join([*keys, *tags])} " if keys or tags else ""
    ranked = f"SELECT *, rank() OVER ({place}ORDER BY {order}) AS r FROM ({sql})"
    before = f"coalesce(lag(r) OVER ({series}ORDER BY {order}), 0)"
    return f"SELECT * FROM ({ranked}) QUALIFY r <= {count} OR {before} <= {count}"


def other_tags(group: Group) -> list[str]:
    """The tags that tell the series of one group apart."""
    if any(isinstance(one, Computed) for one in group.relations):
        return []
    tags = {tag for one in group.relations for tag in one.schema.tags}
    return sorted(tags - set(group.dimensions))


def deciding(group: Group, columns: Sequence[tuple[str, Ref]]) -> list[int]:
    """The places of the columns of text that stand, by name, before all others."""
    found = []
    width = len(group.keys) + 1
    for number, (_, ref) in sorted(enumerate(columns), key=lambda item: item[1][1].name):
        if group.type_of(ref) not in ("string", "tag"):
            break
        found.append(width + number)
    return found


def series_text(dimensions: Sequence[str], others: Mapping[str, int]) -> Callable[[Any], str]:
    """Return what tells a row's series: grouping tags stand first, ``others`` has the places of the rest."""
    places = {tag: number for number, tag in enumerate(dimensions)} | dict(others)
    ordered = sorted(places.items())
    if not ordered:
        return lambda _: ""
    pick = itemgetter(*(at for _, at in ordered))
    known: dict[Any, str] = {}  # a series has many rows

    def series_of(row: Any) -> str:
        tags = pick(row)
        text = known.get(tags)
        if text is None:
            text = ",".join(f"{tag}={_escaped(row[at])}" for tag, at in ordered if row[at])
            known[tags] = text
        return text

    return series_of


def _escaped(text: str) -> str:
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
