"""Both line-protocol parsers for the tests, and what it means that they give the same."""

from __future__ import annotations

from array import array
from typing import Any, Protocol

import pytest

from heliograph.codec.lineprotocol import FieldTypes, LineLimits, Parsed, python
from heliograph.model.time import Precision

try:
    from heliograph.codec.lineprotocol import native
except ImportError:
    native = None  # type: ignore[assignment]  # installed without a compiler


class Parse(Protocol):
    def __call__(
        self,
        body: bytes,
        *,
        time_ns: int,
        precision: Precision = ...,
        types: FieldTypes,
        max_errors: int = ...,
        limits: LineLimits = ...,
    ) -> Parsed: ...


needs_native = pytest.mark.skipif(native is None, reason="the native parser is not built here")
PARSERS = [
    pytest.param(python.parse, id="python"),
    pytest.param(getattr(native, "parse", None), id="native", marks=needs_native),
]


def everything(parsed: Parsed) -> Any:
    """Return all that a parse gave, with the order of what has one and the bits of numbers."""
    tables = [
        (
            measurement,
            table.measurement,
            table.series,
            table.codes.typecode,
            table.codes.tolist(),
            table.times_ns.typecode,
            table.times_ns.tolist(),
            [
                (name, column.type, exact(column.values), column.valid)
                for name, column in table.columns.items()
            ],
        )
        for measurement, table in parsed.batch.items()
    ]
    return tables, parsed.errors, parsed.error_count, parsed.points, parsed.marks


def exact(values: Any) -> Any:
    if isinstance(values, array):
        return values.typecode, values.tobytes()
    return type(values), values
