"""What many boards write at once, in lines: side by side where the terminal is wide enough, else named."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from heliograph.board.inventory import Board

_NARROWEST: Final = 36
"""A column with fewer characters is none."""
_TOGETHER_SECONDS: Final = 0.15
"""Lines of different boards so close together share a row."""
_LONGEST: Final = 64 * 1024
_COLOURS: Final = ("36", "33", "35", "32", "34", "31")


class Lines:
    """Cuts what comes into lines, for each source apart; a line that does not end is cut as well."""

    def __init__(self, take: Callable[[str, str], None]) -> None:
        self._take = take
        self._rests: dict[tuple[str, str], bytes] = {}

    def feed(self, name: str, stream: str, data: bytes) -> None:
        """Take what came from a source."""
        *lines, rest = (self._rests.get((name, stream), b"") + data).split(b"\n")
        if len(rest) > _LONGEST:
            lines, rest = [*lines, rest], b""
        self._rests[name, stream] = rest
        for line in lines:
            self._take(name, line.decode(errors="replace").rstrip("\r"))

    def flush(self) -> None:
        """Give out what has not ended with a newline."""
        rests, self._rests = self._rests, {}
        for (name, _stream), rest in rests.items():
            if rest:
                self._take(name, rest.decode(errors="replace"))


class Rows:
    """Puts lines of many sources under each other or side by side; what was shown scrolls as usual."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        out: TextIO = sys.stdout,
        width: int | None = None,
        colours: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._names = list(names)
        self._out = out
        self._colours = out.isatty() if colours is None else colours
        total = width if width is not None else (os.get_terminal_size().columns if out.isatty() else 0)
        column = (total + 3) // max(1, len(names)) - 3
        self._column = column if len(names) > 1 and column >= _NARROWEST else 0
        self._clock = clock
        self._row: dict[str, str] = {}
        self._row_at = 0.0
        self._widest = max((len(name) for name in names), default=0)
        if self._column:
            self._write(" │ ".join(self._paint(name, name.ljust(self._column)) for name in names))

    def add(self, name: str, line: str) -> None:
        """Show a line of a source."""
        if not self._column:
            mark = f"{name.ljust(self._widest)} │ " if len(self._names) > 1 else ""
            self._write(self._paint(name, mark) + line if mark else line)
            return
        line = line.expandtabs(4)
        pieces = [line[at : at + self._column] for at in range(0, len(line), self._column)] or [""]
        for piece in pieces:
            self._add_cell(name, piece)

    def _add_cell(self, name: str, text: str) -> None:
        # A row whose cell is free is open for a moment; it is drawn over until then.
        now = self._clock()
        shares = bool(self._row) and name not in self._row and now - self._row_at < _TOGETHER_SECONDS
        if shares and self._colours:
            self._out.write("\x1b[1A\r")
        elif not shares:
            self._row, self._row_at = {}, now
        self._row[name] = text
        cells = (self._row.get(one, "").ljust(self._column) for one in self._names)
        self._write(" │ ".join(cells).rstrip())

    def _paint(self, name: str, text: str) -> str:
        if not self._colours or name not in self._names:
            return text
        return f"\x1b[{_COLOURS[self._names.index(name) % len(_COLOURS)]}m{text}\x1b[0m"

    def _write(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._out.flush()


class BoardScreen:
    """Shows the output of boards, and our notes on them, in one place."""

    def __init__(self, names: Sequence[str], rows: Rows | None = None) -> None:
        self._rows = rows or Rows(names)
        self._lines = Lines(self._rows.add)

    def output(self, board: Board, stream: str, data: bytes) -> None:
        """Show what a program wrote."""
        self._lines.feed(board.name, stream, data)

    def note(self, board: Board, text: str) -> None:
        """Show what we have to say about a board."""
        self._rows.add(board.name, f"── {text}")

    def flush(self) -> None:
        """Show what has not ended with a newline."""
        self._lines.flush()
