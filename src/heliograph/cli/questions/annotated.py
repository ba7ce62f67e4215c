"""InfluxDB's annotated CSV, row by row as it arrives.

Source: InfluxDB's annotated CSV reference.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.cli.questions.times import parse_time
from heliograph.errors import QueryError

DIALECT: Final = {"annotations": ["datatype", "group", "default"], "header": True, "delimiter": ","}
"""What an answer must have for :func:`rows` to read it."""


@dataclass(slots=True)
class Heading:
    """The columns of the tables that follow: names, types, whether they belong to the group key."""

    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    group: list[bool] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)

    def value(self, column: int, text: str) -> Any:
        """Return a cell as what it is: a number, a truth, a text, ns since 1970; None for nothing.

        Source: annotated CSV knows no difference between an empty text and none; here it is the text.
        """
        type_ = self.types[column]
        text = text or self.defaults[column]
        if type_ == "string":
            return text
        if not text:
            return None
        if type_ == "double":
            return float(text)
        if type_ in ("long", "unsignedLong"):
            return int(text)
        if type_ == "boolean":
            return text == "true"
        return parse_time(text) if type_.startswith("dateTime") else text


def rows(pieces: Iterable[bytes]) -> Iterator[tuple[Heading, list[str]]]:
    """Yield each row of an answer with the heading of its table; equal headings are one object.

    Raises:
        QueryError: the server says in the middle of its answer that it failed.
    """
    heading = Heading()
    described = False
    for cells in csv.reader(_lines(pieces)):
        if not cells:
            heading, described = Heading(), False
        elif cells[0].startswith("#"):
            if described:
                heading, described = Heading(), False
            _annotate(heading, cells)
        elif not described:
            heading.names, described = cells, True
            _complete(heading)
        elif len(cells) != len(heading.names):
            raise QueryError(
                f"the answer has a row of {len(cells)} cells below {len(heading.names)} columns;"
                " it is no annotated CSV"
            )
        elif "error" in heading.names and "reference" in heading.names:
            raise QueryError(cells[heading.names.index("error")])
        else:
            yield heading, cells


def _annotate(heading: Heading, cells: list[str]) -> None:
    if cells[0] == "#datatype":
        heading.types = cells
    elif cells[0] == "#group":
        heading.group = [cell == "true" for cell in cells]
    elif cells[0] == "#default":
        heading.defaults = ["", *cells[1:]]


def _complete(heading: Heading) -> None:
    """Let what was not annotated be text outside of the key."""
    count = len(heading.names)
    heading.types = heading.types if len(heading.types) == count else ["string"] * count
    heading.group = heading.group if len(heading.group) == count else [False] * count
    heading.defaults = heading.defaults if len(heading.defaults) == count else [""] * count


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        for line in whole:
            yield f"{line}\n"
    if rest:
        yield rest
