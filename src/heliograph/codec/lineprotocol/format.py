"""A point as one line of line protocol, and a table as many."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from contextlib import suppress

from heliograph.errors import LineProtocolError
from heliograph.model.point import FieldType, FieldValue, Point, UInt
from heliograph.model.table import Column, Table
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MEASUREMENT_SEPARATOR = re.compile(r"[, ]")
_KEY_SEPARATOR = re.compile(r"[,= ]")
_QUOTED = re.compile(r'["\\]')
_NAMES = 512
"""Names whose written form is remembered; points have the same ones again and again."""


def format_point(point: Point) -> str:
    """Return the point as one line without a line feed at its end, time in nanoseconds.

    Tags are sorted by key, as stores like them, and tags with an empty value are left out. Fields
    keep their order. A line feed in a string value stays one: the line then spans two lines of text.

    Raises:
        LineProtocolError: the point has no field, a name is empty or cannot be written (control
            characters, a backslash at its end), a number is NaN, infinite or out of range, a text has
            half a surrogate pair.
    """
    if not point.fields:
        raise LineProtocolError(f"the point of {point.measurement!r} has no field; give it one")
    key = [_name(point.measurement, _MEASUREMENT_SEPARATOR, "measurement")]
    key += [
        f"{_name(tag, _KEY_SEPARATOR, 'tag key')}={_name(value, _KEY_SEPARATOR, 'tag value')}"
        for tag, value in sorted(point.tags.items())
        if value
    ]
    fields = [
        f"{_name(field, _KEY_SEPARATOR, 'field key')}={_value(field, value)}"
        for field, value in point.fields.items()
    ]
    line = f"{','.join(key)} {','.join(fields)}{_time(point.time_ns)}"
    _check_encodable(line)
    return line


def format_table(table: Table) -> Iterator[str]:
    """Yield the rows of a table as lines, but for those that line protocol cannot write."""
    for row, time_ns in enumerate(table.times_ns):
        fields = {
            name: _field_value(column, row)
            for name, column in table.columns.items()
            if row < len(column.valid) and column.valid[row]
        }
        point = Point(table.measurement, fields, dict(table.series[table.codes[row]]), time_ns)
        with suppress(LineProtocolError):
            yield format_point(point)


def _field_value(column: Column, row: int) -> FieldValue:
    value = column.values[row]
    if column.type is FieldType.BOOLEAN:
        return bool(value)
    return UInt(value) if column.type is FieldType.UNSIGNED else value


@functools.lru_cache(_NAMES)
def _name(name: str, separator: re.Pattern[str], what: str) -> str:
    if not name:
        raise LineProtocolError(f"a {what} is empty; give it a name")
    if _CONTROL.search(name):
        raise LineProtocolError(
            f"the {what} {name!r} has a control character, which line protocol cannot write"
        )
    # A backslash before the separator that follows the name would escape it.
    if name.endswith("\\"):
        raise LineProtocolError(
            f"the {what} {name!r} ends with a backslash, which line protocol cannot write"
        )
    if what == "measurement" and name.startswith("#"):
        raise LineProtocolError(f"the measurement {name!r} begins with #, which begins a comment")
    if what in ("tag key", "field key") and name == "time":
        raise LineProtocolError(f"a {what} may not be 'time', which is the point's own; rename it")
    return separator.sub(r"\\\g<0>", name)


def _value(field: str, value: object) -> str:
    if isinstance(value, str):
        return '"' + _QUOTED.sub(r"\\\g<0>", value) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, UInt):
        return f"{_whole(field, value, 0, 2**64 - 1):d}u"
    if isinstance(value, int):
        return f"{_whole(field, value, -(2**63), 2**63 - 1):d}i"
    if isinstance(value, float) and math.isfinite(value):
        # Not repr(): subclasses such as numpy's floats put their name around the number.
        return float.__repr__(value)
    raise LineProtocolError(
        f"the field {field!r} is {value!r}; a finite number, a bool or a str was expected"
    )


def _whole(field: str, value: int, lowest: int, highest: int) -> int:
    if not lowest <= value <= highest:
        raise LineProtocolError(f"the field {field!r} is {value}; {lowest} to {highest} was expected")
    return value


def _time(time_ns: int | None) -> str:
    if time_ns is None:
        return ""
    if not MIN_TIME_NS <= time_ns <= MAX_TIME_NS:
        raise LineProtocolError(f"the time is {time_ns} ns; {MIN_TIME_NS} to {MAX_TIME_NS} was expected")
    return f" {time_ns}"


def _check_encodable(line: str) -> None:
    try:
        line.encode()
    except UnicodeEncodeError as error:
        raise LineProtocolError(
            f"the character {line[error.start]!r} is half a surrogate pair, which UTF-8 cannot write",
            column=error.start + 1,
            excerpt=line[:160].encode(errors="backslashreplace").decode(),
        ) from error
