"""One timestamp of one series with at least one field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class FieldType(Enum):
    """The five types of a field, with the names InfluxDB gives them in answers."""

    FLOAT = "float"
    INTEGER = "integer"
    UNSIGNED = "unsigned"
    BOOLEAN = "boolean"
    STRING = "string"


class UInt(int):
    """An unsigned 64-bit field value (``1u`` on the wire); a plain int is the signed one."""

    __slots__ = ()


FieldValue: TypeAlias = float | int | UInt | bool | str
"""Python's type tells the field type; bool before int, UInt before int."""

SeriesKey: TypeAlias = tuple[tuple[str, str], ...]
"""The tags of a series as (key, value) pairs, sorted by key, without empty values."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point as a program makes it; ``time_ns`` None means "when it is received"."""

    measurement: str
    fields: Mapping[str, FieldValue]
    tags: Mapping[str, str]
    time_ns: int | None = None


def field_type(value: FieldValue) -> FieldType:
    """Return the field type of a Python value."""
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    if isinstance(value, UInt):
        return FieldType.UNSIGNED
    if isinstance(value, int):
        return FieldType.INTEGER
    if isinstance(value, float):
        return FieldType.FLOAT
    return FieldType.STRING
