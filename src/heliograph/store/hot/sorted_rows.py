"""Hot points on their way to a segment: sorted, so that the engine has nothing left to do but write."""

from __future__ import annotations

from typing import Final

from heliograph.model.point import FieldType
from heliograph.model.table import Column
from heliograph.store.hot.table import SortedRows
from heliograph.store.relation import Register
from heliograph.store.schema import Measurement
from heliograph.store.sql_text import literal, quote

_ROWS_PER_VALUE: Final = 64
"""A tag with this many rows for each of its values is worth a type of its own."""


def select_sorted(rows: SortedRows, measurement: Measurement, register: Register) -> str:
    """Return a SELECT of the rows, by physical names, in the order in which they are."""
    columns = ["t AS time"]
    columns += [f"g{i} AS {quote(measurement.tags[tag])}" for i, tag in enumerate(rows.tags)]
    for i, name in enumerate(rows.fields):
        physical, field_type = measurement.fields[name]
        value = f"(f{i} = 1)" if field_type is FieldType.BOOLEAN else f"f{i}"
        columns.append(f"{value} AS {quote(physical)}")
    select = f"SELECT {', '.join(columns)} FROM {register(rows.rows)}"
    if not rows.tags:
        return select
    tags = [f"g{i}{_as_enum(column, rows.count)} AS g{i}" for i, column in enumerate(rows.tag_columns)]
    return f"{select} JOIN (SELECT s, {', '.join(tags)} FROM {register(rows.series)}) USING (s)"


def _as_enum(column: Column, rows: int) -> str:
    """Return a cast to the type of just these values, where that is worth it, or nothing.

    A file is written by numbers then, and not by looking up the same text a hundred thousand times; what
    stands in it is the same. A type takes no NUL, as any text in a statement.
    """
    values = sorted({str(value) for value in column.values if value})
    if not values or len(values) * _ROWS_PER_VALUE > rows or any("\0" in value for value in values):
        return ""
    return f"::ENUM({', '.join(map(literal, values))})"
