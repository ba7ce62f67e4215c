"""Columns as Arrow, without a copy and without numpy: what DuckDB reads hot points from."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

import nanoarrow as na

from heliograph.model.point import FieldType
from heliograph.model.table import Column
from heliograph.store.hot.columns import pack_bits

_TYPES: Final = {
    FieldType.FLOAT: na.float64(),
    FieldType.INTEGER: na.int64(),
    FieldType.UNSIGNED: na.uint64(),
    FieldType.BOOLEAN: na.uint8(),
    FieldType.STRING: na.string(),
}
_counted: Final = [array("i")]
"""The numbers that :func:`counting` shows: to count so far in Python takes longer than to copy all else."""


class ArrowTable:
    """A table that DuckDB can register: it speaks the Arrow C stream interface, again at each scan."""

    def __init__(self, array_: Any) -> None:
        self._array = array_

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return na.c_array_stream(self._array).__arrow_c_stream__(requested_schema)


def table(columns: Sequence[tuple[str, Any]], rows: int) -> ArrowTable:
    """Return a table of columns made by the functions below, each ``rows`` long."""
    schema = na.struct({name: na.Schema(column.schema) for name, column in columns})
    return ArrowTable(
        na.c_array_from_buffers(schema, rows, [None], children=[column for _, column in columns])
    )


def integers(values: array[int]) -> Any:
    """A column of int64 (``array('q')``) or int32 (``array('i')``) without absent values."""
    return na.c_array_from_buffers(
        na.int64() if values.typecode == "q" else na.int32(), len(values), [None, values]
    )


def counting(rows: int) -> Any:
    """The column 0, 1, 2 … as int32."""
    known = _counted[0]
    if len(known) < rows:  # two threads at once make it twice, which harms nobody
        known = _counted[0] = array("i", range(2 * rows))
    return integers(known[:rows])


def column(values: Column, rows: int) -> Any:
    """A field's column that nobody changes any more, ``rows`` long. Booleans become uint8 0 and 1."""
    valid = pack_bits(values.valid)
    if isinstance(values.values, list):
        return _strings(values.values, valid)
    return na.c_array_from_buffers(_TYPES[values.type], rows, [valid, values.values])


def _strings(values: Sequence[str], valid: bytes | None) -> Any:
    encoded = [v.encode() for v in values]
    offsets = array("i", accumulate(map(len, encoded), initial=0))
    return na.c_array_from_buffers(na.string(), len(values), [valid, offsets, b"".join(encoded)])
