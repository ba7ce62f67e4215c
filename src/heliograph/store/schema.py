"""Which tags and fields a measurement has, of which type, and under which column name they are stored."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Final

from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.table import Batch, Table

_RESERVED: Final = frozenset({"time", "rank_", "file_index", "file_row_number", "filename"})
"""The relation's own columns, and those that DuckDB adds to a Parquet file that has none so called."""


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A tag or field that is not in the catalogue yet; ``type`` None means a tag."""

    measurement: str
    name: str
    type: FieldType | None
    physical: str


@dataclass(slots=True)
class Measurement:
    """The columns of one measurement.

    InfluxDB's names differ by case and a tag may be called like a field; column names in Parquet and
    SQL do neither. So each name has a physical one: itself where that is free, else with a number.
    """

    name: str
    tags: dict[str, str] = field(default_factory=dict)
    """Tag key → physical column."""
    fields: dict[str, tuple[str, FieldType]] = field(default_factory=dict)
    """Field key → physical column and type."""
    _taken: set[str] = field(default_factory=set)

    def copy(self) -> Measurement:
        """Return a copy that stays as it is, for readers."""
        return replace(self, tags=dict(self.tags), fields=dict(self.fields))

    def add(self, name: str, field_type: FieldType | None, physical: str) -> None:
        """Enter a column that the catalogue holds."""
        self._taken.add(physical.casefold())
        if field_type is None:
            self.tags[name] = physical
        else:
            self.fields[name] = (physical, field_type)

    def agrees(self, table: Table) -> bool:
        """Return whether all fields of a table are known, with the types that they have there."""
        own = self.fields
        return all((known := own.get(n)) is not None and known[1] is c.type for n, c in table.columns.items())

    def missing(self, table: Table, series: Sequence[SeriesKey] | None = None) -> list[NewColumn]:
        """Return the columns of a table that are not known yet, with free physical names.

        ``series`` are those of the table whose tags may be new, where that is known.
        """
        tags = {key for tags in (table.series if series is None else series) for key, _ in tags}
        new = [(name, None) for name in sorted(tags) if name not in self.tags]
        new_fields = [(n, c.type) for n, c in table.columns.items() if n not in self.fields]
        taken = set(self._taken)
        columns = []
        for name, field_type in [*new, *new_fields]:
            physical = _free_name(name, taken)
            taken.add(physical.casefold())
            columns.append(NewColumn(self.name, name, field_type, physical))
        return columns


def _free_name(name: str, taken: Iterable[str]) -> str:
    candidate, number = name, 1
    while candidate.casefold() in taken or candidate.casefold() in _RESERVED:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def without_surplus_series(
    batch: Batch, known: Callable[[str], Container[SeriesKey]], room: int
) -> tuple[Batch, int]:
    """Return a batch without the points of new series beyond the first ``room``, and how many those were.

    ``known`` gives the series of a measurement that are there already.
    """
    kept: Batch = {}
    refused = 0
    for name, table in batch.items():
        here = known(name)
        allowed = set()
        for code, key in enumerate(table.series):
            if key not in here:
                room -= 1
                if room < 0:
                    continue
            allowed.add(code)
        if len(allowed) == len(table.series):
            kept[name] = table
            continue
        rest = table.take([row for row, code in enumerate(table.codes) if code in allowed])
        refused += len(table) - len(rest)
        if len(rest):
            kept[name] = rest
    return kept, refused


def without_surplus_columns(
    batch: Batch, known: Mapping[str, Measurement], most: int
) -> tuple[Batch, dict[str, int]]:
    """Return a batch without the points that would give a measurement more than ``most`` tags and fields.

    The second value is how many those are, by measurement. Each point is looked at as if it came alone, after
    the ones before it.
    """
    kept: Batch = {}
    refused: dict[str, int] = {}
    for name, table in batch.items():
        rows = _rows_with_room(table, known.get(name, Measurement(name)), most)
        if len(rows) < len(table):
            refused[name] = len(table) - len(rows)
        if rows:
            kept[name] = table.take(rows) if name in refused else table
    return kept, refused


def _rows_with_room(table: Table, held: Measurement, most: int) -> list[int]:
    """Return the rows whose new tags and fields find room beside those of the rows before."""
    new_fields: dict[int, list[str]] = {}
    for name, column in table.columns.items():
        if name not in held.fields:
            for row in compress(range(len(table)), column.valid):
                new_fields.setdefault(row, []).append(name)
    new_tags = [[tag for tag, _ in key if tag not in held.tags] for key in table.series]
    room = most - len(held.tags) - len(held.fields)
    tags, fields, rows = set[str](), set[str](), []
    for row, code in enumerate(table.codes):
        more_tags = {tag for tag in new_tags[code] if tag not in tags}
        more_fields = {name for name in new_fields.get(row, ()) if name not in fields}
        if len(more_tags) + len(more_fields) <= room:
            room -= len(more_tags) + len(more_fields)
            tags |= more_tags
            fields |= more_fields
            rows.append(row)
    return rows
