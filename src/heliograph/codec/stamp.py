"""Line protocol of which every line has its time, as whoever passes it on wants it."""

from __future__ import annotations

import re
from typing import Final

from heliograph.codec.lineprotocol import format_table
from heliograph.codec.lineprotocol.parser import parse
from heliograph.model.time import Precision

_TIMED: Final = re.compile(rb"(?:#[^\n]*|[ \t\r]*|[^\n]* -?[0-9]{1,19}[ \t\r]*)")


def is_timed(lines: bytes) -> bool:
    """Return whether each line surely ends in a time; comments and empty lines need none."""
    return all(_TIMED.fullmatch(line) for line in lines.split(b"\n"))


def with_times(lines: bytes, time_ns: int, precision: Precision = Precision.NS) -> bytes:
    """Return the lines with ``time_ns`` where one has no time, in nanoseconds; marks stay.

    Bad lines come behind the others as they are: whoever stores it says why. With another precision they are
    left out, as one whose time was too great could be a good one of nanoseconds; nothing may be left then.
    """
    if precision is Precision.NS and is_timed(lines):
        return lines
    most = lines.count(b"\n") + 1
    parsed = parse(lines, time_ns=time_ns, precision=precision, types=_any_type, max_errors=most)
    made = [line.encode() for table in parsed.batch.values() for line in format_table(table)]
    if precision is Precision.NS:
        if not made:
            return lines
        written = lines.split(b"\n") if parsed.errors else []
        made += [written[bad.line - 1] for bad in parsed.errors]
    return b"\n".join([*parsed.marks, *made, b""]) if made or parsed.marks else b""


def _any_type(_measurement: str, _field: str) -> None:
    """Return that nobody knows the type of a field yet."""
