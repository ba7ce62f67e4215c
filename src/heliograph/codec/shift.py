"""Line protocol with all times moved, for a board whose clock was set after it had measured."""

from __future__ import annotations

import array

from heliograph.codec.lineprotocol import format_table
from heliograph.codec.lineprotocol.parser import parse
from heliograph.errors import LineProtocolError


def shift_times(lines: bytes, shift_ns: int) -> bytes:
    """Return the lines with ``shift_ns`` added to each time; marks stay.

    Raises:
        LineProtocolError: a line is not line protocol, or a time leaves the range that there is.
    """
    parsed = parse(lines, time_ns=0, types=_any_type, max_errors=1)
    if parsed.errors:
        bad = parsed.errors[0]
        raise LineProtocolError(bad.reason, line=bad.line, column=bad.column, excerpt=bad.excerpt)
    moved = list(parsed.marks)
    for table in parsed.batch.values():
        try:
            table.times_ns = array.array("q", (time_ns + shift_ns for time_ns in table.times_ns))
        except OverflowError as error:
            raise LineProtocolError("a moved time does not fit into 64 bits") from error
        moved += [line.encode() for line in format_table(table)]
    return b"\n".join([*moved, b""])


def _any_type(_measurement: str, _field: str) -> None:
    """Return that nobody knows the type of a field yet."""
