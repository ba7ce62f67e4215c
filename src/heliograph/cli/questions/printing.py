"""Answers as tables for people, as CSV and as JSON; long ones part by part."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TextIO

from heliograph.cli.endpoint import Endpoint
from heliograph.cli.questions.answers import Part, Question, ask, flux_text
from heliograph.cli.questions.language import Language

_GAP: Final = "  "
_BOLD: Final = ("\x1b[1m", "\x1b[0m")


class Printer(Protocol):
    """Prints an answer."""

    def add(self, part: Part) -> None:
        """Print some rows."""
        ...

    def end(self) -> None:
        """Print what stands at the end."""
        ...


def print_parts(parts: Iterable[Part], printer: Printer) -> int:
    """Print an answer and return its number of rows."""
    count = 0
    for part in parts:
        printer.add(part)
        count += len(part.rows)
    printer.end()
    return count


class TablePrinter:
    """Columns below their names, numbers to the right; no line is folded."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._bold = _BOLD if out.isatty() else ("", "")
        self._widths: list[int] = []
        self._begun = False

    def add(self, part: Part) -> None:
        """Print some rows; those that continue a table stand below its names."""
        from rich.cells import cell_len

        cells = [[_word(value) for value in row] for row in part.rows]
        right = [all(_is_number(row[n]) for row in part.rows) for n in range(len(part.columns))]
        names = [_word(name) for name in part.columns]
        widths = [max([cell_len(name), *(cell_len(row[n]) for row in cells)]) for n, name in enumerate(names)]
        if part.continues and len(self._widths) == len(widths):
            widths = [max(pair) for pair in zip(widths, self._widths, strict=True)]
        self._widths = widths
        if not part.continues:
            self._head(part, names, right)
        for row in cells:
            self._out.write(self._line(row, right) + "\n")

    def _head(self, part: Part, names: list[str], right: list[bool]) -> None:
        if self._begun:
            self._out.write("\n")
        self._begun = True
        on, off = self._bold
        if part.key:
            key = dict(part.key)
            words = [_word(key.pop("name"))] if "name" in key else []
            shared = ", ".join(f"{_word(k)}={_word(v)}" for k, v in key.items())
            self._out.write(f"{on}{_GAP.join([*words, *([shared] if shared else [])])}{off}\n")
        self._out.write(f"{on}{self._line(names, right)}{off}\n")

    def _line(self, cells: list[str], right: list[bool]) -> str:
        from rich.cells import cell_len

        padded = []
        for cell, width, at_right in zip(cells, self._widths, right, strict=True):
            blanks = " " * (width - cell_len(cell))
            padded.append(blanks + cell if at_right else cell + blanks)
        return _GAP.join(padded).rstrip()

    def end(self) -> None:
        """Print nothing more."""


class CsvPrinter:
    """One line for each row; the names stand first, and again where they change."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._writer = csv.writer(out)
        self._names: list[str] | None = None

    def add(self, part: Part) -> None:
        """Print some rows, with what their table is told by in columns of its own."""
        names = [*part.key, *part.columns]
        if names != self._names:
            if self._names is not None:
                self._out.write("\r\n")
            self._names = names
            self._writer.writerow(names)
        key = list(part.key.values())
        self._writer.writerows([*key, *row] for row in part.rows)

    def end(self) -> None:
        """Print nothing more."""


class JsonPrinter:
    """A list with an object for each row."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._begun = False

    def add(self, part: Part) -> None:
        """Print some rows."""
        for row in part.rows:
            shown: dict[str, Any] = {**part.key, **dict(zip(part.columns, row, strict=True))}
            text = json.dumps(shown, indent=2).replace("\n", "\n  ")
            self._out.write(f"{',' if self._begun else '['}\n  {text}")
            self._begun = True

    def end(self) -> None:
        """Close the list."""
        self._out.write("\n]\n" if self._begun else "[]\n")


PRINTERS: Final[dict[str, Callable[[TextIO], Printer]]] = {
    "table": TablePrinter,
    "csv": CsvPrinter,
    "json": JsonPrinter,
}


def print_answer(hub: Endpoint, question: Question, format_: str, out: TextIO) -> int | None:
    """Print the answer to a question as it comes, and return its rows; None where they were not counted.

    Raises:
        QueryError: the question is wrong.
        HubError: the hub does not answer, or refuses for another reason.
    """
    try:
        if question.language is Language.FLUX and format_ == "csv" and not question.unit:
            out.writelines(codecs.iterdecode(flux_text(hub, question), "utf-8"))
            return None
        return print_parts(ask(hub, question), PRINTERS[format_](out))
    finally:
        out.flush()


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _word(value: object) -> str:
    """Return a value for a table; what would move the cursor or change colours is shown as its code."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else _code(c) for c in text)


def _code(char: str) -> str:
    return char.encode("unicode_escape").decode()
