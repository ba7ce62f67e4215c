"""The line-protocol parser in plain Python.

Two paths give the same rows. `grammar.read_line` knows the whole grammar. `_Parser._known_row` takes
only a line without quotes and backslashes whose series and field keys a line before it has had, so
that nothing is left to check but the values; whatever it does not recognise it leaves to the other.
"""

from __future__ import annotations

from typing import Any

from heliograph.codec.lineprotocol.grammar import (
    BOOLEANS,
    MAX_FLOAT,
    BadLine,
    line_end,
    read_line,
    skip_spaces,
)
from heliograph.codec.lineprotocol.parsed import FieldTypes, LineError, Parsed
from heliograph.codec.lineprotocol.rows import Conflict, FieldSlot, Rows
from heliograph.model.point import FieldType
from heliograph.model.time import MAX_TIME_NS, Precision

_MARK = b"#helio "
_EXCERPT_BYTES = 160
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

    Source: InfluxDB line protocol reference; influxdata's line-protocol library, version 2.
    """
    return _Parser(body, time_ns, precision, types, max_errors).run()


class _Parser:
    def __init__(
        self, body: bytes, time_ns: int, precision: Precision, types: FieldTypes, max_errors: int
    ) -> None:
        self._body = body
        self._scale = precision.value
        self._time_ns = time_ns - time_ns % precision.value
        self._types = types
        self._max_errors = max_errors
        self._parsed = Parsed()
        self._rows: dict[str, Rows] = {}
        self._series: dict[bytes, tuple[Rows, int]] = {}
        # float() and int() skip control characters that the grammar refuses. They are so rare that one
        # look at the whole body is cheaper than one at every line.
        self._fast = len(body.translate(None, _CONTROL_CHARACTERS)) == len(body)
        self._returns = b"\r" in body
        self._counted_to = 0
        self._counted_lines = 1

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
        for rows in self._rows.values():
            rows.close()
        self._parsed.points = sum(len(table) for table in self._parsed.batch.values())
        return self._parsed

    def _known_row(self, line: bytes) -> bool:
        """Append the line if all of it is known and simple; else change nothing and return False."""
        if b'"' in line or b"\\" in line or b"\r" in line:
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
        if values is None:
            return False
        rows.append(values, code, time_ns)
        return True

    def _any_line(self, offset: int) -> int:
        """Take the blank line, comment, point or bad line at the offset and return where it ends."""
        body = self._body
        start = skip_spaces(body, offset)
        first = body[start : start + 1]
        if first == b"#":
            return self._comment(start)
        if not first or first == b"\n" or body[start : start + 2] in (b"\r\n", b"\r"):
            return line_end(body, start)
        try:
            line = read_line(body, start, self._scale)
            rows = self._rows.get(line.measurement)
            if rows is None:
                rows = self._rows[line.measurement] = Rows(line.measurement, self._parsed.batch, self._types)
            code = rows.add(line, self._time_ns if line.time is None else line.time)
        except BadLine as bad:
            self._refuse(bad)
            return line_end(body, bad.offset)
        self._series[line.key] = (rows, code)
        return line.end

    def _comment(self, start: int) -> int:
        end = line_end(self._body, start)
        if self._body.startswith(_MARK, start):
            self._parsed.marks.append(self._body[start:end].rstrip(b"\r\n"))
        return end

    def _refuse(self, bad: BadLine) -> None:
        parsed = self._parsed
        parsed.error_count += 1
        if len(parsed.errors) >= self._max_errors:
            return
        body = self._body
        line_start = body.rfind(b"\n", 0, bad.offset) + 1
        self._counted_lines += body.count(b"\n", self._counted_to, line_start)
        self._counted_to = line_start
        excerpt = body[line_start : line_start + _EXCERPT_BYTES]
        parsed.errors.append(
            LineError(
                line=self._counted_lines,
                column=bad.offset - line_start + 1,
                reason=bad.reason,
                excerpt=excerpt.partition(b"\n")[0].rstrip(b"\r").decode(errors="replace"),
                conflict=isinstance(bad, Conflict),
            )
        )


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
