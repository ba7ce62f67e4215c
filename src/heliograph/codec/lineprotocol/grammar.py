r"""The whole grammar of line protocol, one line at a time: the exact and slow half of the parser.

The rules are those of InfluxDB's line-protocol library, version 2, where it says something; for
what it leaves to the database (the tag key and the field key ``time``, the length of a key) they
are those of InfluxDB.

Three rules surprise. A backslash escapes only the separators of the place where it stands and is
itself everywhere else, so ``\\,`` in a tag value is a backslash and a comma. A line feed inside a
quoted string does not end the line. Control characters stand in quoted strings and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, cast

from heliograph.codec.lineprotocol.parsed import NO_LIMITS, LineLimits
from heliograph.model.point import FieldType, SeriesKey
from heliograph.model.time import MAX_TIME_NS, MIN_TIME_NS

MAX_KEY_BYTES: Final = 65_535
"""The longest measurement with its tags, and the longest field key, as InfluxDB has it."""

_CONTROL = rb"\x00-\x1f\x7f"
# The possessive repeats keep a body of megabytes without separators from being tried again.
_MEASUREMENT = re.compile(rb"(?:[^\\, " + _CONTROL + rb"]++|\\[, ]?)*+")
_KEY = re.compile(rb"(?:[^\\,= " + _CONTROL + rb"]++|\\[,= ]?)*+")
_STRING = re.compile(rb'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_BARE_VALUE = re.compile(rb"[^, \r\n]*+")
_TIME = re.compile(rb"[^ \r\n]*+")
_SPACES = re.compile(rb" *+")

_INTEGER = re.compile(rb"-?[0-9]++i")
_UNSIGNED = re.compile(rb"[0-9]++u")
_FLOAT = re.compile(rb"-?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_TIMESTAMP = re.compile(rb"-?[0-9]++")
BOOLEANS: Final = dict.fromkeys((b"t", b"T", b"true", b"True", b"TRUE"), 1) | dict.fromkeys(
    (b"f", b"F", b"false", b"False", b"FALSE"), 0
)
MAX_FLOAT: Final = 1.7976931348623157e308
# A longer literal is out of range unless it begins with zeros; Python refuses to convert 4,300 digits.
_MAX_INTEGER_DIGITS = 20

_MEASUREMENT_ESCAPE = re.compile(r"\\([, ])")
_KEY_ESCAPE = re.compile(r"\\([,= ])")
_STRING_ESCAPE = re.compile(r'\\(["\\nrt])')
_STRING_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


class BadLine(Exception):
    """A line that breaks the grammar at a byte of the body; it becomes a `LineError`, never an answer."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


@dataclass(slots=True)
class Field:
    """A field of a line: its key as written and as meant, its value, and where the value begins."""

    raw_key: bytes
    name: str
    type: FieldType
    value: float | int | str
    offset: int


@dataclass(slots=True)
class Line:
    """A well-formed line; ``key`` is measurement and tags as written, ``end`` where the next line begins."""

    key: bytes
    measurement: str
    tags: SeriesKey
    fields: list[Field]
    time: int | None
    end: int


def read_line(body: bytes, start: int, scale: int, limits: LineLimits = NO_LIMITS) -> Line:
    """Read the line that begins at ``start`` with its first byte that is not a space.

    ``scale`` is the length of a time unit in nanoseconds; the line's time comes back in nanoseconds.

    Raises:
        BadLine: with the offset of the first byte that cannot be right.
    """
    measurement, tags, key_end = read_key(body, start, limits.point_tags)
    fields, offset = _fields(body, key_end, measurement)
    if len(fields) > limits.point_fields:
        raise BadLine(
            offset,
            f"too many fields: {limits.point_fields:,} are allowed in a point (limits.point_fields),"
            f" {len(fields):,} came; spread them over several points, or raise the limit",
        )
    time, offset = _time(body, offset, scale)
    length = len(body[start:offset].rstrip(b"\r\n"))
    if length > limits.line_bytes:
        raise BadLine(
            start + length,
            f"line too long: {limits.line_bytes:,} bytes are allowed (limits.line_bytes), {length:,} came;"
            " spread it over several points, or raise the limit",
        )
    return Line(body[start:key_end], measurement, tags, fields, time, offset)


def read_key(body: bytes, start: int, most_tags: int) -> tuple[str, SeriesKey, int]:
    """Read measurement and tags at ``start`` and return them and the offset of the space behind them.

    Raises:
        BadLine: with the offset of the first byte that cannot be right.
    """
    measurement, offset = _measurement(body, start)
    tags, end = _tags(body, offset)
    if end - start > MAX_KEY_BYTES:
        raise BadLine(start, f"max key length exceeded: {end - start} > {MAX_KEY_BYTES}")
    if len(tags) > most_tags:
        raise BadLine(
            end,
            f"too many tags: {most_tags:,} are allowed in a point (limits.point_tags), {len(tags):,} came;"
            " make fields of some, or raise the limit",
        )
    return measurement, tags, end


def unescape_string(text: str) -> str:
    """Return the text of a quoted string that was written with backslashes."""
    return _STRING_ESCAPE.sub(lambda escape: _STRING_ESCAPES[escape[1]], text)


def line_end(body: bytes, offset: int) -> int:
    """Return where the line after the next line feed begins: that is where reading goes on after an error."""
    feed = body.find(b"\n", offset)
    return len(body) if feed < 0 else feed + 1


def skip_spaces(body: bytes, offset: int) -> int:
    """Return the offset of the next byte that is not a space."""
    return _end(_SPACES, body, offset)


def _measurement(body: bytes, start: int) -> tuple[str, int]:
    end = _end(_MEASUREMENT, body, start)
    if end == start:
        raise BadLine(start, f"missing measurement: a name was expected, {_found(body, start)} came")
    return _text(body, start, end, _MEASUREMENT_ESCAPE), end


def _tags(body: bytes, offset: int) -> tuple[SeriesKey, int]:
    tags: dict[str, str] = {}
    while body[offset : offset + 1] == b",":
        key, value_offset = _tag_key(body, offset + 1)
        if key in tags:
            raise BadLine(offset + 1, f'duplicate tags: the tag key "{key}" stands twice; keep one')
        end = _end(_KEY, body, value_offset)
        if end == value_offset:
            raise BadLine(
                end,
                f'missing tag value: a value was expected after "{key}=", {_found(body, end)} came; '
                "leave a tag without a value out",
            )
        tags[key] = _text(body, value_offset, end, _KEY_ESCAPE)
        offset = end
    if body[offset : offset + 1] != b" ":
        raise BadLine(
            offset, f"missing fields: a tag or a space and a field were expected, {_found(body, offset)} came"
        )
    return tuple(sorted(tags.items())), offset


def _tag_key(body: bytes, start: int) -> tuple[str, int]:
    end = _end(_KEY, body, start)
    if end == start:
        raise BadLine(start, f"missing tag key: a key was expected after the comma, {_found(body, end)} came")
    key = _text(body, start, end, _KEY_ESCAPE)
    if body[end : end + 1] != b"=":
        raise BadLine(
            end, f'missing tag value: "=" was expected after the tag key "{key}", {_found(body, end)} came'
        )
    if key == "time":
        raise BadLine(start, 'invalid tag key: a tag may not be called "time"; rename it')
    return key, end + 1


def _fields(body: bytes, offset: int, measurement: str) -> tuple[list[Field], int]:
    fields: list[Field] = []
    start = offset = skip_spaces(body, offset)
    while True:
        field, offset = _field(body, offset)
        # InfluxDB drops a field of this name and keeps the rest of the line.
        if field.name != "time":
            fields.append(field)
        if body[offset : offset + 1] != b",":
            break
        offset += 1
    if not fields:
        raise BadLine(
            start,
            f'invalid field name: input field "time" on measurement "{measurement}" is invalid; rename it',
        )
    return fields, offset


def _field(body: bytes, start: int) -> tuple[Field, int]:
    end = _end(_KEY, body, start)
    if end == start:
        raise BadLine(start, f"missing fields: a field key was expected, {_found(body, start)} came")
    if end - start > MAX_KEY_BYTES:
        raise BadLine(start, f"max key length exceeded: {end - start} > {MAX_KEY_BYTES}")
    name = _text(body, start, end, _KEY_ESCAPE)
    if body[end : end + 1] != b"=":
        raise BadLine(
            end,
            f'missing field value: "=" was expected after the field key "{name}", {_found(body, end)} came',
        )
    offset = end + 1
    if body[offset : offset + 1] == b'"':
        field_type: FieldType = FieldType.STRING
        value: float | int | str
        value, value_end = _string(body, offset)
    else:
        value_end = _end(_BARE_VALUE, body, offset)
        field_type, value = _bare_value(body, offset, value_end)
    if body[value_end : value_end + 1] not in _AFTER_VALUE:
        raise BadLine(
            value_end,
            f'invalid field format: "," or a space was expected after the value of "{name}", '
            f"{_found(body, value_end)} came",
        )
    return Field(body[start:end], name, field_type, value, offset), value_end


_AFTER_VALUE = frozenset((b"", b",", b" ", b"\r", b"\n"))


def _string(body: bytes, start: int) -> tuple[str, int]:
    match = _STRING.match(body, start)
    if match is None:
        raise BadLine(start, "unbalanced quotes: the closing quote of the string is missing")
    text = _decode(body, start + 1, match.end() - 1)
    if "\\" in text:
        text = unescape_string(text)
    return text, match.end()


def _bare_value(body: bytes, start: int, end: int) -> tuple[FieldType, float | int]:
    raw = body[start:end]
    if _FLOAT.fullmatch(raw):
        value = float(raw)
        if not -MAX_FLOAT <= value <= MAX_FLOAT:
            raise BadLine(start, f"invalid number: {_shown(raw)} does not fit a 64-bit float")
        return FieldType.FLOAT, value
    if raw in BOOLEANS:
        return FieldType.BOOLEAN, BOOLEANS[raw]
    if _INTEGER.fullmatch(raw):
        return FieldType.INTEGER, _whole(raw[:-1], start, -(2**63), 2**63 - 1, "a signed 64-bit integer")
    if _UNSIGNED.fullmatch(raw):
        return FieldType.UNSIGNED, _whole(raw[:-1], start, 0, 2**64 - 1, "an unsigned 64-bit integer")
    if not raw:
        raise BadLine(start, f"missing field value: a value was expected, {_found(body, start)} came")
    if raw[0] in b"-.0123456789":
        raise BadLine(start, f"invalid number: 1.5, 1i or 1u was expected, {_shown(raw)} came")
    raise BadLine(
        start,
        f"invalid value: a number, true, false or a string in double quotes was expected, {_shown(raw)} came",
    )


def _whole(raw: bytes, offset: int, lowest: int, highest: int, kind: str) -> int:
    digits = raw.lstrip(b"-").lstrip(b"0") or b"0"
    value = int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else highest + 2
    if raw[:1] == b"-":
        value = -value
    if not lowest <= value <= highest:
        raise BadLine(offset, f"invalid number: {_shown(raw)} does not fit {kind}")
    return value


def _time(body: bytes, offset: int, scale: int) -> tuple[int | None, int]:
    start = skip_spaces(body, offset)
    end = _end(_TIME, body, start)
    time = None if end == start else _timestamp(body, start, end) * scale
    if time is not None and not MIN_TIME_NS <= time <= MAX_TIME_NS:
        raise BadLine(
            start, f"time outside range {MIN_TIME_NS} - {MAX_TIME_NS}: {_shown(body[start:end])} came"
        )
    return time, _line_feed(body, skip_spaces(body, end))


def _timestamp(body: bytes, start: int, end: int) -> int:
    raw = body[start:end]
    if not _TIMESTAMP.fullmatch(raw):
        raise BadLine(start, f"bad timestamp: a whole number was expected, {_shown(raw)} came")
    return _whole(raw, start, -(2**63), 2**63 - 1, "a 64-bit time")


def _line_feed(body: bytes, offset: int) -> int:
    if offset == len(body):
        return offset
    if body[offset] == 10:
        return offset + 1
    after = body[offset : offset + 2]
    if after in (b"\r\n", b"\r"):
        return offset + len(after)
    raise BadLine(offset, f"bad timestamp: the end of the line was expected, {_found(body, offset)} came")


def _end(pattern: re.Pattern[bytes], body: bytes, start: int) -> int:
    # The patterns match the empty string too, so there is always a match.
    return cast("re.Match[bytes]", pattern.match(body, start)).end()


def _text(body: bytes, start: int, end: int, escape: re.Pattern[str]) -> str:
    text = _decode(body, start, end)
    return escape.sub(r"\1", text) if "\\" in text else text


def _decode(body: bytes, start: int, end: int) -> str:
    try:
        return body[start:end].decode()
    except UnicodeDecodeError as error:
        raise BadLine(
            start + error.start, f"invalid UTF-8: {_found(body, start + error.start)} came"
        ) from error


def _found(body: bytes, offset: int) -> str:
    byte = body[offset : offset + 1]
    if not byte or byte in b"\r\n":
        return "the end of the line" if byte else "the end of the body"
    return f'"{byte.decode()}"' if 32 <= byte[0] < 127 else f"the byte 0x{byte.hex()}"


def _shown(raw: bytes) -> str:
    text = raw[:40].decode(errors="replace")
    return f'"{text}"' if len(raw) <= 40 else f'"{text}…"'
