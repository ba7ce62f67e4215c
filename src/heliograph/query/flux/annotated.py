"""Annotated CSV, byte for byte as InfluxDB writes it.

A header stands before each run of tables that have the same columns and group key; lines end with CRLF, a
result with an empty line. Source: InfluxDB's annotated CSV reference, and COMPAT.md §3.2 as condensed in
docs/http.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from heliograph.query.flux.numbers import duration_text, float_text, time_text
from heliograph.query.flux.tables import Table, Tables
from heliograph.query.flux.values import Duration, Value

ANNOTATIONS: Final = ("datatype", "group", "default")
_TYPES: Final = {
    "float": "double",
    "int": "long",
    "uint": "unsignedLong",
    "bool": "boolean",
    "string": "string",
    "time": "dateTime:RFC3339",
    "duration": "duration",
}
_LINE: Final = "\r\n"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the client wants its CSV."""

    header: bool = True
    delimiter: str = ","
    annotations: tuple[str, ...] = ()
    comment: str = "#"


def csv_parts(results: Mapping[str, Tables], dialect: Dialect) -> Iterator[str]:
    """Yield the text of some results, table after table."""
    for name, tables in results.items():
        yield from _Writer(name, dialect).parts(tables)
        yield _LINE


class _Writer:
    """Writes one result."""

    def __init__(self, name: str, dialect: Dialect) -> None:
        self._name = name
        self._dialect = dialect
        self._special = frozenset(f'{dialect.delimiter}"\r\n')

    def parts(self, tables: Tables) -> Iterator[str]:
        before: object = None
        for number, table in enumerate(tables.tables):
            schema = (
                None
                if not len(table)
                else [(name, column.type, name in table.key) for name, column in table.columns.items()]
            )
            lines = []
            if number == 0 or schema is None or schema != before:
                lines += [""] if number else []
                lines += self._heading(table)
            before = schema
            yield _LINE.join([*lines, *self._rows(number, table), ""])

    def _line(self, cells: list[str]) -> str:
        return self._dialect.delimiter.join(cells)

    def _heading(self, table: Table) -> list[str]:
        columns = table.columns.items()
        kinds = ["string", "long", *(_TYPES[column.type] for _, column in columns)]
        grouped = ["false", "false", *("true" if name in table.key else "false" for name, _ in columns)]
        empty = not len(table)
        defaults = [
            self._text(column.type, table.key[name]) if empty and name in table.key else ""
            for name, column in columns
        ]
        default = [self._quoted(self._name), "0" if empty else "", *defaults]
        shown = {"datatype": kinds, "group": grouped, "default": default}
        comment = self._dialect.comment
        lines = [self._line([f"{comment}{one}", *shown[one]]) for one in self._dialect.annotations]
        names = ["", "result", "table", *(self._quoted(name) for name, _ in columns)]
        return [*lines, self._line(names)] if self._dialect.header else lines

    def _rows(self, number: int, table: Table) -> Iterator[str]:
        named = "default" not in self._dialect.annotations
        first = ["", self._quoted(self._name) if named else "", str(number)]
        texts = [
            [self._text(column.type, value) for value in column.values] for column in table.columns.values()
        ]
        for cells in zip(*texts, strict=True):
            yield self._line([*first, *cells])

    def _text(self, kind: str, value: Value) -> str:
        if value is None:
            return ""
        if kind == "float":
            return float_text(value)
        if kind == "time":
            return time_text(value)
        if kind == "bool":
            return "true" if value else "false"
        if kind == "string":
            return self._quoted(value)
        return duration_text(value) if isinstance(value, Duration) else str(int(value))

    def _quoted(self, text: str) -> str:
        if text and (not self._special.isdisjoint(text) or text[0] in " \t" or text == "\\."):
            return '"' + text.replace('"', '""') + '"'
        return text
