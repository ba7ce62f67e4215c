"""One line after the other by the whole grammar: the half of a parse that both parsers share.

It holds what a parse gives back. The parsers take by themselves the lines that they are sure of, and leave
all others to `LineReader.take`: comments, blank and bad lines, and whatever is new to them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from heliograph.codec.lineprotocol.grammar import BadLine, Line, line_end, read_line, skip_spaces
from heliograph.codec.lineprotocol.parsed import FieldTypes, LineError, LineLimits, Parsed
from heliograph.codec.lineprotocol.rows import Conflict, Rows
from heliograph.errors import TooSparse
from heliograph.model.time import Precision

_MARK: Final = b"#helio "
MAX_ABSENT: Final = 8_000_000
"""Places without a value in the columns of one body, 9 bytes each."""
_EXCERPT_BYTES: Final = 160


class Taken(NamedTuple):
    """A line that became a row: what it says, the rows of its measurement, the code of its series."""

    line: Line
    rows: Rows
    code: int


class LineReader:
    """The outcome of one body, and the slow way of a line into it."""

    def __init__(
        self,
        body: bytes,
        *,
        time_ns: int,
        precision: Precision,
        types: FieldTypes,
        max_errors: int,
        limits: LineLimits,
    ) -> None:
        self.parsed = Parsed()
        self.scale = precision.value
        self.time_ns = time_ns - time_ns % precision.value
        """The time of a line that has none."""
        self._body = body
        self.limits = limits
        self._types = types
        self._max_errors = max_errors
        self._rows: dict[str, Rows] = {}
        self._absent = 0
        self._counted_to = 0
        self._counted_lines = 1

    def leave_out(self, places: int) -> None:
        """Count places without a value in columns of this body.

        Raises:
            TooSparse: there are more than ``MAX_ABSENT``; a body of a megabyte could take gigabytes.
        """
        self._absent += places
        if self._absent > MAX_ABSENT:
            raise TooSparse(MAX_ABSENT)

    def rows(self, measurement: str) -> Rows:
        """Return the rows of a measurement."""
        rows = self._rows.get(measurement)
        if rows is None:
            rows = self._rows[measurement] = Rows(measurement, self.parsed.batch, self._types, self.leave_out)
        return rows

    def take(self, offset: int) -> tuple[int, Taken | None]:
        """Take the blank line, comment, point or bad line at the offset; return where the next begins."""
        body = self._body
        start = skip_spaces(body, offset)
        first = body[start : start + 1]
        if first == b"#":
            return self._comment(start), None
        if not first or first == b"\n" or body[start : start + 2] in (b"\r\n", b"\r"):
            return line_end(body, start), None
        try:
            line = read_line(body, start, self.scale, self.limits)
            rows = self.rows(line.measurement)
            code = rows.add(line, self.time_ns if line.time is None else line.time)
        except BadLine as bad:
            self._refuse(bad)
            return line_end(body, bad.offset), None
        return line.end, Taken(line, rows, code)

    def close(self) -> Parsed:
        """Return the outcome, its columns brought up to their values."""
        for rows in self._rows.values():
            rows.close()
        self._rows.clear()  # they know us: body and columns would stay until the garbage collector comes by
        self.parsed.points = sum(len(table) for table in self.parsed.batch.values())
        return self.parsed

    def _comment(self, start: int) -> int:
        end = line_end(self._body, start)
        if self._body.startswith(_MARK, start):
            self.parsed.marks.append(self._body[start:end].rstrip(b"\r\n"))
        return end

    def _refuse(self, bad: BadLine) -> None:
        parsed = self.parsed
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
