"""Aggregates and selectors straight behind a source, as SQL: the points themselves never come here.

Where summaries stand for the points, or the points are forgotten, summaries are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from heliograph.errors import QueryError
from heliograph.model.point import SeriesKey
from heliograph.query.flux.functions.aggregates.reducers import Reducer, whole
from heliograph.query.flux.session import Session
from heliograph.query.flux.source import Chosen, Source, chosen, relation, series_key, tags_sql, value_sql
from heliograph.query.flux.summaries import summaries
from heliograph.query.flux.tables import COLUMN_TYPES
from heliograph.query.flux.windowing import Cut


@dataclass(frozen=True, slots=True)
class Reduced:
    """What SQL made of one series and field: by window its start, the value, and of selectors the time."""

    measurement: str
    field: str
    series: SeriesKey
    type: str
    rows: list[tuple[int, Any, int | None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One function of what a source has in each window; ``timed`` asks for the times of chosen rows."""

    source: Source
    reducer: Reducer
    cut: Cut
    timed: bool = False


def reduced(session: Session, asked: Asked) -> Iterator[Reduced]:
    """Yield what a function makes of each series and field.

    Raises:
        QueryError: a field has a type that the function does not take, or a limit was reached.
    """
    for measurement, one in chosen(session, asked.source):
        for field in one.fields:
            check_type(asked.reducer, COLUMN_TYPES[one.kind(field)])
        yield from _of_measurement(session, asked, measurement, one)


def _of_measurement(session: Session, asked: Asked, measurement: str, one: Chosen) -> Iterator[Reduced]:
    found: dict[tuple[SeriesKey, str], Reduced] = {}
    for part in one.parts():
        _reduce(session, asked, measurement, part, found)
    yield from (found[place] for place in sorted(found))


def _reduce(
    session: Session, asked: Asked, measurement: str, one: Chosen, found: dict[tuple[SeriesKey, str], Reduced]
) -> None:
    rows, items, parameters = parts(session, asked, one)
    width = len(one.tags)
    tags = "".join(f"g{number}, " for number in range(width))
    statement = windowed_sql(asked.cut, rows, tags, ", ".join(items), parameters)
    for row in session.rows(statement, parameters):
        key = series_key(one.tags, row[:width])
        for number, field in enumerate(one.fields):
            count, value, time_ns = row[width + 1 + 3 * number : width + 4 + 3 * number]
            if not count or key not in one.fields[field]:
                continue
            kind = COLUMN_TYPES[one.kind(field)]
            if (key, field) not in found:
                found[key, field] = Reduced(measurement, field, key, asked.reducer.type_of(kind), [])
            found[key, field].rows.append((row[width], whole(value, kind), time_ns))


def windowed_sql(cut: Cut, rows: str, tags: str, items: str, parameters: list[Any]) -> str:
    """Return a SELECT of figures by tags, each with a comma behind it, and windows; both come in order."""
    source = f"({rows})"
    if cut.starts:
        parameters.append(list(cut.starts))
        source += f" ASOF JOIN (SELECT unnest(${len(parameters)}::BIGINT[]) AS w) ON t >= w"
    keys = ", ".join(str(number + 1) for number in range(tags.count(",") + 1))
    return f"SELECT {tags}{cut.sql} AS w, {items} FROM {source} GROUP BY {keys} ORDER BY {keys}"


def parts(session: Session, asked: Asked, one: Chosen) -> tuple[str, Sequence[str], list[Any]]:
    """Return rows as SQL, the figures of each field (is there one, its value, its time), and parameters."""
    summarised = summaries(session, asked.source, one, asked.reducer, asked.cut.step_ns, timed=asked.timed)
    if summarised is not None:
        return summarised
    sql, parameters = relation(session, asked.source, one)
    values, items = [], []
    for number, field in enumerate(one.fields):
        values.append(f"{value_sql(asked.source, one, field, parameters)} AS v{number}")
        items.append(_items(asked, f"v{number}", COLUMN_TYPES[one.kind(field)]))
    return f"SELECT {tags_sql(one)}time AS t, {', '.join(values)} FROM ({sql})", items, parameters


def _items(asked: Asked, value: str, kind: str) -> str:
    exact = asked.reducer.name in ("sum", "spread") and kind != "float"
    result = asked.reducer.sql.format(f"{value}::HUGEINT" if exact else value)
    time_sql = asked.reducer.time_sql.format(value) if asked.timed else "NULL"
    return f"count({value}), {result}, {time_sql}"


def check_type(reducer: Reducer, kind: str) -> None:
    """Refuse a column that a function does not take.

    Raises:
        QueryError: it does not.
    """
    if kind not in reducer.types:
        raise QueryError(
            f"{reducer.name}: unsupported input type {kind}; filter the fields that are numbers,"
            " for example with filter(fn: (r) => r._field == …)"
        )
