"""Rollups: what a summary of an interval holds, as SQL that makes it and SQL that reads it.

A segment of rollups looks like one of points. Each row stands for a series and an interval: ``time`` is
the interval's start, the tags are the points' own, and in the column of a numeric field is a STRUCT with
its summary. So merging, forgetting and reading segments need to know nothing of rollups: a summary that
was made again later wins as a whole, as a later value of a point does.

What a summary can do without is NULL in it, which costs nothing in Parquet: a field that never changes
in the interval, or has one point only, is ``count`` and ``first``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from heliograph.model.point import FieldType
from heliograph.model.time import DAY_NS, HOUR_NS, MINUTE_NS
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import quote

RAW: Final = 0
"""The resolution of points as they came."""
RESOLUTIONS: Final = (MINUTE_NS, HOUR_NS)
"""Those of rollups, the finest first."""
PART_NS: Final[Mapping[int, int]] = {RAW: DAY_NS, MINUTE_NS: DAY_NS, HOUR_NS: 30 * DAY_NS}
"""By resolution, how much time one segment may hold: a year is opened in tens of files, not in hundreds."""
SUMMARY_CELLS: Final = 8
"""A summary is as wide as so many values."""

_HALF: Final = 2**62
"""A sum of integers may need more than 64 bits, for which Parquet has no type: ``high`` counts these."""


def _struct(value: str, total: str) -> str:
    return (
        f"STRUCT(count BIGINT, sum {total}, high BIGINT, min {value}, max {value}, first {value},"
        f" last {value}, first_after BIGINT, last_after BIGINT)"
    )


TYPES: Final[Mapping[FieldType, str]] = {
    FieldType.FLOAT: _struct("DOUBLE", "DOUBLE"),
    FieldType.INTEGER: _struct("BIGINT", "BIGINT"),
    FieldType.UNSIGNED: _struct("UBIGINT", "BIGINT"),
}
"""Of a summary, by the type of the values. Fields of other types have none."""


def summarised(measurement: Measurement) -> Measurement:
    """Return a measurement as its rollups have it: with the numeric fields only."""
    fields = {name: column for name, column in measurement.fields.items() if column[1] in TYPES}
    return Measurement(measurement.name, dict(measurement.tags), fields)


def summaries(measurement: Measurement, rows: str, resolution_ns: int) -> str:
    """Return a SELECT of the summaries of ``rows``, which is one of ``time``, tags and fields.

    A field without any value in the interval is NULL. The times of a summary's first and last point are
    kept as what they are after the interval's start, and only where they differ from those of the
    measurement's first field: fields mostly come together.
    """
    tags = list(measurement.tags.values())
    columns = list(summarised(measurement).fields.values())
    named = ["time AS t", *(f"{quote(p)} AS g{i}" for i, p in enumerate(tags))]
    named += [f"{quote(p)} AS f{i}" for i, (p, _) in enumerate(columns)]
    keys = ["start_ns", *(f"g{i}" for i in range(len(tags)))]
    step = f"t - t % {resolution_ns} - CASE WHEN t % {resolution_ns} < 0 THEN {resolution_ns} ELSE 0 END"
    figures = [
        f"count(f{i}) AS c{i}, sum(f{i}) AS s{i}, min(f{i}) AS l{i}, max(f{i}) AS h{i},"
        f" arg_min(f{i}, t) AS a{i}, arg_max(f{i}, t) AS z{i},"
        f" min(t) FILTER (f{i} IS NOT NULL) AS ta{i}, max(t) FILTER (f{i} IS NOT NULL) AS tz{i}"
        for i in range(len(columns))
    ]
    grouped = (
        f"SELECT {', '.join([f'{step} AS start_ns', *keys[1:], *figures])}"
        f" FROM (SELECT {', '.join(named)} FROM ({rows})) GROUP BY ALL"
    )
    items = ["start_ns AS time", *(f"g{i} AS {quote(p)}" for i, p in enumerate(tags))]
    items += [f"{_packed(i, type_)} AS {quote(p)}" for i, (p, type_) in enumerate(columns)]
    some = " OR ".join(f"c{i} > 0" for i in range(len(columns)))
    return f"SELECT {', '.join(items)} FROM ({grouped}) WHERE {some}"


def _packed(i: int, type_: FieldType) -> str:
    if type_ is FieldType.FLOAT:
        differs, total, high = f"s{i} <> a{i} * c{i}", f"s{i}", "NULL"
    else:
        differs = f"s{i} <> a{i}::HUGEINT * c{i}"
        total, high = f"s{i} % {_HALF}", f"CASE WHEN {differs} THEN nullif(s{i} // {_HALF}, 0) END"
    apart = "true" if i == 0 else f"(ta{i}, tz{i}) IS DISTINCT FROM (ta0, tz0)"
    pack = (
        f"count := c{i}, sum := CASE WHEN {differs} THEN {total} END, high := {high},"
        f" min := nullif(l{i}, a{i}), max := nullif(h{i}, a{i}), first := a{i}, last := nullif(z{i}, a{i}),"
        f" first_after := CASE WHEN {apart} THEN ta{i} - start_ns END,"
        f" last_after := CASE WHEN {apart} THEN tz{i} - start_ns END"
    )
    return f"CASE WHEN c{i} > 0 THEN struct_pack({pack})::{TYPES[type_]} END"


def count_of(summary: str) -> str:
    """Return the number of values in a summary; ``summary`` is SQL, as in all that follow."""
    return f"{summary}.count"


def sum_of(summary: str, type_: FieldType) -> str:
    """Return the sum: a DOUBLE, or for integers an exact HUGEINT."""
    if type_ is FieldType.FLOAT:
        return f"coalesce({summary}.sum, {summary}.first * {summary}.count)"
    return (
        f"coalesce({summary}.sum::HUGEINT + coalesce({summary}.high, 0)::HUGEINT * {_HALF},"
        f" {summary}.first::HUGEINT * {summary}.count)"
    )


def min_of(summary: str) -> str:
    """Return the least value."""
    return f"coalesce({summary}.min, {summary}.first)"


def max_of(summary: str) -> str:
    """Return the greatest value."""
    return f"coalesce({summary}.max, {summary}.first)"


def first_of(summary: str) -> str:
    """Return the value of the earliest point."""
    return f"{summary}.first"


def last_of(summary: str) -> str:
    """Return the value of the latest point."""
    return f"coalesce({summary}.last, {summary}.first)"


def first_ns(summary: str, reference: str, start_ns: str) -> str:
    """Return the time of the earliest point; ``reference`` is the summary of the first field of all."""
    return f"{start_ns} + coalesce({summary}.first_after, {reference}.first_after)"


def last_ns(summary: str, reference: str, start_ns: str) -> str:
    """Return the time of the latest point."""
    return f"{start_ns} + coalesce({summary}.last_after, {reference}.last_after)"
