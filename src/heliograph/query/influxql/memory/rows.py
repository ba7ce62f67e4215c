"""The rows of a measurement from columns in memory: numbers and texts, by group and series, each by time.

They are what a scan in SQL would give, a statement and a look at the files less: for the few points of a
panel that is nearly all of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, Final

from heliograph.query.influxql.answer.relations import Stored
from heliograph.query.influxql.answer.scan import Group
from heliograph.query.influxql.memory.meaning import data_span, meaning
from heliograph.query.influxql.plan.shapes import UNKNOWN
from heliograph.query.influxql.tree import Ref
from heliograph.query.plan import ALL, SelectRows

try:
    from heliograph.query.memory import answers
except ImportError:  # installed where there was no compiler
    AVAILABLE = False
else:
    AVAILABLE = True

Row = tuple[Any, ...]
"""The grouping tags, the time, the columns."""
Held = dict[tuple[str, ...], list[list[Row]]]
"""By group its series, each with its rows by time."""
FEW_ROWS: Final = 30_000
"""So many are gone through in Python; DuckDB is faster with more."""


def rows_in_memory(
    group: Group,
    columns: Sequence[Ref],
    present: Sequence[Ref],
    *,
    few: int = 0,
    newest: bool = False,
    most: int = ALL,
) -> Held | None:
    """Return the rows in which one of some fields has a value; None where they have to be asked for in SQL.

    Of each series there are the first ``few`` rows, or with ``newest`` the last; 0 is all of them. More than
    ``most`` rows are none.
    """
    plan = _plan(group, columns, present, newest=newest)
    session = group.session
    if plan is None or not AVAILABLE or session.sources is None:
        return None
    relation: Any = group.relations[0]
    found = answers.series_rows(
        plan, relation.snapshot, session.sources, session.cursor, needed=len(present), few=few, most=most
    )
    if found is None:
        return None
    held: Held = {}
    for series in found:
        fields = dict(zip(plan.fields, series.fields, strict=True))
        key = tuple(series.tags.get(tag, "") for tag in group.dimensions)
        shown = [_column(relation, ref, series.tags, fields) for ref in columns]
        held.setdefault(key, []).append(list(zip(*map(repeat, key), series.times_ns, *shown, strict=False)))
    return held


def has_room(group: Group, fields: int) -> bool:
    """Return whether so many fields of a group fit into memory together, if they are read into it at all."""
    session = group.session
    if len(group.relations) != 1 or not isinstance(group.relations[0], Stored) or session.sources is None:
        return True
    relation = group.relations[0]
    span = data_span(group, relation)
    return span is None or session.sources.has_room(relation.snapshot, fields, *span)


def by_time(series: Sequence[list[Row]], time_at: int) -> list[Row]:
    """Return the rows of some series, by time."""
    if len(series) == 1:
        return series[0]
    return sorted(chain.from_iterable(series), key=itemgetter(time_at))


def _column(relation: Stored, ref: Ref, tags: Mapping[str, str], fields: Mapping[str, list[Any]]) -> Any:
    kind = relation.schema.type_of(ref)
    if kind == UNKNOWN:
        return repeat(None)
    return repeat(tags.get(ref.name)) if kind == "tag" else fields[ref.name]


def _plan(group: Group, columns: Sequence[Ref], present: Sequence[Ref], *, newest: bool) -> SelectRows | None:
    if len(group.relations) != 1 or not isinstance(group.relations[0], Stored) or not present:
        return None
    relation = group.relations[0]
    fields = dict.fromkeys(ref.name for ref in present)
    for ref in (*columns, *present):
        kind = relation.schema.type_of(ref)
        if kind in ("float", "integer", "string") and not ref.cast and kind == group.type_of(ref):
            fields[ref.name] = None
        elif kind not in ("tag", UNKNOWN) or ref in present:
            return None
    meant = meaning(group, group.prepared.condition)
    span = data_span(group, relation)
    if meant is None or span is None:
        return None
    where, conditions = meant
    return SelectRows(
        bucket=relation.bucket,
        measurement=group.name,
        fields=tuple(fields),
        start_ns=span[0],
        end_ns=span[1],
        where=where,
        conditions=tuple(conditions),
        newest=newest,
    )
