"""The line-protocol parser in plain Python.

Two paths give the same rows. `LineReader.take` knows the whole grammar. `_Parser._known_row` takes
only a line without quotes and backslashes whose series and field keys a line before it has had, so
that nothing is left to check but the values; whatever it does not recognise it leaves to the other.
"""

from __future__ import annotations

from typing import Any

from heliograph.codec.lineprotocol.grammar import BOOLEANS, MAX_FLOAT
from heliograph.codec.lineprotocol.lines import LineReader
from heliograph.codec.lineprotocol.parsed import NO_LIMITS, FieldTypes, LineLimits, Parsed
from heliograph.codec.lineprotocol.rows import FieldSlot, Rows
from heliograph.model.point import FieldType
from heliograph.model.time import MAX_TIME_NS, Precision

_CONTROL_CHARACTERS = bytes(byte for byte in (*range(32), 127) if byte not in b"\r\n")
# Longer ones may begin with zeros or be out of range: the grammar decides.
_FAST_TIME_DIGITS = 19
_FAST_INTEGER_DIGITS = 18


def parse(
    body: bytes,
    *,
    time_ns: int,
    precision: Precision = Precision.NS,
    types: FieldTypes,
    max_errors: int = 100,
    limits: LineLimits = NO_LIMITS,
) -> Parsed:
    """Parse line protocol; a bad line is an entry in ``errors`` and never an exception.

    A line is taken whole or not at all. After a bad line reading goes on behind the next line feed.
    Lines end with LF or CRLF. Invalid UTF-8 outside of comments makes a line bad.

    Args:
        body: the lines, UTF-8.
        time_ns: the time of lines that have none, nanoseconds; cut down to the precision.
        precision: the unit of the times in the body.
        types: tells the type that a field has already. A line that gives a field another type, also
            another than an earlier line of the body gave it, is a bad line with ``conflict`` set.
        max_errors: how many errors are described; all are counted.
        limits: what a line may have at most; the measurement and all its tags, and the key of a field,
            may have 65,535 bytes in any case.

    Source: InfluxDB line protocol reference; influxdata's line-protocol library, version 2.
    """
    reader = LineReader(
        body, time_ns=time_ns, precision=precision, types=types, max_errors=max_errors, limits=limits
    )
    return _Parser(body, reader).run()


class _Parser:
    def __init__(self, body: bytes, reader: LineReader) -> None:
        self._body = body
        self._reader = reader
        self._scale = reader.scale
        self._time_ns = reader.time_ns
        self._limits = reader.limits
        self._series: dict[bytes, tuple[Rows, int]] = {}
        # float() and int() skip control characters that the grammar refuses. They are so rare that one
        # look at the whole body is cheaper than one at every line.
        self._fast = len(body.translate(None, _CONTROL_CHARACTERS)) == len(body)
        self._returns = b"\r" in body

    def run(self) -> Parsed:
        body, size = self._body, len(self._body)
        offset = 0
        while offset < size:
            feed = body.find(b"\n", offset)
            end = size if feed < 0 else feed
            line = body[offset:end]
            if self._returns:
                line = line.removesuffix(b"\r")
            offset = end + 1 if self._fast and self._known_row(line) else self._any_line(offset)
        return self._reader.close()

    def _known_row(self, line: bytes) -> bool:
        """Append the line if all of it is known and simple; else change nothing and return False."""
        if b'"' in line or b"\\" in line or b"\r" in line or len(line) > self._limits.line_bytes:
            return False
        key, _, rest = line.partition(b" ")
        known = self._series.get(key)
        if known is None:
            return False
        rows, code = known
        fields, _, time = rest.partition(b" ")
        if not time:
            time_ns = self._time_ns
        elif time.isdigit() and len(time) <= _FAST_TIME_DIGITS:
            time_ns = int(time) * self._scale
            if time_ns > MAX_TIME_NS:
                return False
        else:
            return False
        values = _known_values(fields, rows.by_raw_key)
        if values is None or len(values) > self._limits.point_fields:
            return False
        rows.append(values, code, time_ns)
        return True

    def _any_line(self, offset: int) -> int:
        end, taken = self._reader.take(offset)
        if taken is not None:
            self._series[taken.line.key] = (taken.rows, taken.code)
        return end


def _known_values(fields: bytes, slots: dict[bytes, FieldSlot]) -> list[tuple[FieldSlot, Any]] | None:
    """Return the values of known fields; None if any is not of the field's type in its plainest form."""
    values: list[tuple[FieldSlot, Any]] = []
    value: float | int
    for field in fields.split(b","):
        key, _, raw = field.partition(b"=")
        slot = slots.get(key)
        if slot is None or not raw:
            return None
        if slot.type is FieldType.FLOAT:
            try:
                value = float(raw)
            except ValueError:
                return None
            # Besides numbers float() takes 1_0, +1, inf and nan, which are no field values.
            if b"_" in raw or raw[0] == 43 or not -MAX_FLOAT <= value <= MAX_FLOAT:
                return None
        elif slot.type is FieldType.INTEGER:
            digits = raw[:-1]
            if (
                raw[-1] != 105
                or len(digits) > _FAST_INTEGER_DIGITS
                or not digits.removeprefix(b"-").isdigit()
            ):
                return None
            value = int(digits)
        elif slot.type is FieldType.BOOLEAN and raw in BOOLEANS:
            value = BOOLEANS[raw]
        else:
            return None
        values.append((slot, value))
    return values
