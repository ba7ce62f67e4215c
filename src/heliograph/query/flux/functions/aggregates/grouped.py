"""Aggregates of many series together, as SQL: group() straight behind a source, and a function after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from heliograph.query.flux.functions.aggregates.pushed import Asked, check_type, parts, windowed_sql
from heliograph.query.flux.functions.aggregates.reducers import whole
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import chosen, picks_exactly
from heliograph.query.flux.tables import COLUMN_TYPES, FIELD, MEASUREMENT, START, STOP, TIME, VALUE

_NOT_OF_SERIES: Final = frozenset({START, STOP, TIME, VALUE})


@dataclass(frozen=True, slots=True)
class Group:
    """What SQL made of the series of one group: by window its start and the value."""

    key: dict[str, str]
    type: str
    rows: list[tuple[int, Any]]


def grouped(session: Session, asked: Asked) -> list[Group] | None:
    """Return the groups of a source by their keys, None where rows have to be put together one by one.

    They are of one field, and no selectors: these keep other columns of the row, too.

    Raises:
        QueryError: the field has a type that the function does not take, or a limit was reached.
    """
    names = asked.source.groups
    if names is None or asked.reducer.row is not None or not asked.reducer.sql or _NOT_OF_SERIES & set(names):
        return None
    found = list(chosen(session, asked.source))
    if not found:
        return []
    measurement, one = found[0]
    if len(found) > 1 or len(one.fields) > 1 or not picks_exactly(session, asked.source, one):
        return None
    (field,) = one.fields
    kind = COLUMN_TYPES[one.kind(field)]
    check_type(asked.reducer, kind)
    rows, (items,), parameters = parts(session, asked, one)
    tags = [name for name in names if name in one.tags]
    columns = "".join(f"g{one.tags.index(tag)}, " for tag in tags)
    statement = windowed_sql(asked.cut, rows, columns, items, parameters)
    constants = {MEASUREMENT: measurement, FIELD: field}
    groups: dict[tuple[str, ...], Group] = {}
    for *values, start_ns, count, value, _ in session.rows(statement, parameters):
        if count:
            known = constants | {tag: text for tag, text in zip(tags, values, strict=True) if text}
            key = {name: known[name] for name in names if name in known}
            group = groups.setdefault(tuple(values), Group(key, asked.reducer.type_of(kind), []))
            group.rows.append((start_ns, whole(value, kind)))
    return sorted(groups.values(), key=lambda group: sorted(group.key.items()))
