"""Which tags and fields a measurement has, of which type, and under which column name they are stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from heliograph.model.point import FieldType
from heliograph.model.table import Table

_RESERVED: Final = frozenset({"time", "rank_"})
"""The relation's own columns."""


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

    def missing(self, table: Table) -> list[NewColumn]:
        """Return the columns of a table that are not known yet, with free physical names."""
        tags = {key for series in table.series for key, _ in series}
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
