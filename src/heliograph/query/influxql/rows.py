"""A result as one table, as InfluxDB 3 shows it: measurement, time, tags, columns."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from heliograph.errors import StoreBusy
from heliograph.model.point import FieldType, field_type
from heliograph.model.table import Column, empty_values
from heliograph.query.influxql.plan.shapes import Result
from heliograph.store import arrow
from heliograph.store.duck import Duck
from heliograph.store.sql_text import literal, quote

MEASUREMENT: Final = "iox::measurement"
_NUMERIC: Final = {FieldType.FLOAT, FieldType.INTEGER}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows with columns; the one of ``time_column``, if there is one, has times in ns."""

    names: list[str]
    rows: list[list[Any]]
    time_column: int | None = None


def table_of(result: Result) -> Rows:
    """Return a result as one table; a tag that a series lacks is absent, a name once more gets a number."""
    if not result.series:
        return Rows([], [])
    first = result.series[0]
    title = [MEASUREMENT] if any(series.name for series in result.series) else []
    times = first.columns[:1] if first.timed else []
    names = _unlike([*title, *times, *first.tags, *first.columns[len(times) :]])
    rows = [
        [
            *([series.name] if title else []),
            *row[: len(times)],
            *(tag or None for tag in series.tags.values()),
            *row[len(times) :],
        ]
        for series in result.series
        for row in series.rows
    ]
    return Rows(names, rows, len(title) if times else None)


def _unlike(names: Sequence[str]) -> list[str]:
    taken: dict[str, int] = {}
    found = []
    for name in names:
        taken[name] = taken.get(name, 0) + 1
        found.append(name if taken[name] == 1 else f"{name}_{taken[name] - 1}")
    return found


def parquet_of(table: Rows, duck: Duck, scratch: Path) -> bytes:
    """Return a table as a Parquet file, times as timestamps.

    Raises:
        StoreError: it could not be written.
    """
    count = len(table.rows)
    columns: list[tuple[str, Any]] = [("row", arrow.integers(array("q", range(count))))]
    shown = []
    for number, name in enumerate(table.names):
        values = [row[number] for row in table.rows]
        columns.append((f"c{number}", arrow.column(_column(values), count)))
        column = f"c{number}" if number != table.time_column else f"make_timestamp_ns(c{number})"
        shown.append(f"{column} AS {quote(name)}")
    try:
        with tempfile.TemporaryDirectory(dir=scratch) as folder, duck.cursor() as cursor:
            path = Path(folder) / "answer.parquet"
            source = cursor.register(arrow.table(columns, count))
            cursor.rows(
                f"COPY (SELECT {', '.join(shown) or 'row'} FROM {source} ORDER BY row)"
                f" TO {literal(str(path))} (FORMAT parquet)"
            )
            return path.read_bytes()
    except OSError as error:
        raise StoreBusy(f"nothing can be written below {scratch}: {error.strerror}") from error


def _column(values: Sequence[Any]) -> Column:
    kind = _type_of(values)
    valid = bytearray(value is not None for value in values)
    absent: Any = "" if kind is FieldType.STRING else 0
    plain = [
        absent if value is None else str(value) if kind is FieldType.STRING else value for value in values
    ]
    filled: Any = empty_values(kind)
    filled.extend(plain)
    return Column(kind, filled, valid)


def _type_of(values: Sequence[Any]) -> FieldType:
    """Return the type that holds all values; where they are of several, as of several measurements, text."""
    kinds = {field_type(value) for value in values if value is not None}
    if kinds == {FieldType.INTEGER} and max(v for v in values if v is not None) >= 2**63:
        return FieldType.UNSIGNED
    if kinds == _NUMERIC:
        return FieldType.FLOAT
    return kinds.pop() if len(kinds) == 1 else FieldType.STRING
