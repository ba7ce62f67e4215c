"""What the parser gives back: the points of a body, and what was wrong with the other lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from heliograph.model.point import FieldType
from heliograph.model.table import Batch

FieldTypes: TypeAlias = Callable[[str, str], FieldType | None]
"""(measurement, field) to the type that the field has already, None for a new field."""


class LineLimits(NamedTuple):
    """What one line may have at most. A line beyond is a bad line; the settings have these names."""

    line_bytes: int
    """Its length without the line end."""
    point_tags: int
    point_fields: int
    """With those that stand twice."""


NO_LIMITS: Final = LineLimits(2**31 - 1, 2**31 - 1, 2**31 - 1)


@dataclass(frozen=True, slots=True)
class LineError:
    """One line that was left out.

    ``line`` and ``column`` count from 1; a column is a byte. ``excerpt`` is the line, shortened.
    """

    line: int
    column: int
    reason: str
    excerpt: str
    conflict: bool = False
    """The line is well formed, but a field has another type than the one it had before."""


@dataclass(slots=True)
class Parsed:
    """The outcome of one body: every line is in ``batch``, in ``errors``, or was blank or a comment."""

    batch: Batch = field(default_factory=dict)
    """Tables by measurement, rows in the order of the lines."""
    errors: list[LineError] = field(default_factory=list)
    """The first bad lines, no more than the caller asked for."""
    error_count: int = 0
    """The number of all bad lines."""
    points: int = 0
    """The number of lines that became a row."""
    marks: list[bytes] = field(default_factory=list)
    """The comment lines that begin with ``#helio``, in order, without their line end."""
