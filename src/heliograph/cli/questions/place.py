"""The place of an error in the text of a question, marked by a caret."""

from __future__ import annotations

import re
from typing import Final

_PLACES: Final = (
    re.compile(r"at line (\d+), char (\d+)"),  # InfluxQL
    re.compile(r"@(\d+):(\d+)"),  # Flux
    re.compile(r"line (\d+), column (\d+)"),
)
_DUCKDB: Final = re.compile(r"^(.*?)\n+LINE (\d+): (.*)\n( *)\^.*$", re.DOTALL)
_WIDTH: Final = 72


def marked(text: str, message: str) -> str:
    """Return an error's message, and below it the line that is meant with a caret under the place."""
    found = _DUCKDB.match(message)
    if found is not None:
        reason, number, line, blanks = found.groups()
        return _shown(" ".join(reason.split()), line, len(blanks) - len(f"LINE {number}: "))
    for pattern in _PLACES:
        place = pattern.search(message)
        if place is not None:
            lines = text.split("\n")
            row, column = int(place[1]) - 1, int(place[2]) - 1
            if 0 <= row < len(lines) and 0 <= column <= len(lines[row]) + 1:
                return _shown(message, lines[row], column)
    return message


def _shown(message: str, line: str, column: int) -> str:
    line = line.replace("\t", " ")
    begin = max(0, column - _WIDTH // 2) if len(line) > _WIDTH else 0
    excerpt = line[begin : begin + _WIDTH]
    before = "…" if begin else ""
    after = "…" if begin + _WIDTH < len(line) else ""
    return f"{message}\n  {before}{excerpt}{after}\n  {' ' * (len(before) + column - begin)}^"
