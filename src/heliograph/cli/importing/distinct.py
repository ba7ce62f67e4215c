"""How many different values a file has, exactly, in little memory however large it is."""

from __future__ import annotations

import tempfile
from array import array
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO, Final, Self

from heliograph.codec.lineprotocol.parser import parse
from heliograph.model.point import FieldType
from heliograph.model.table import Column, Table
from heliograph.model.time import Precision

_PARTS: Final = 64
_HELD: Final = 100_000
"""Values in memory before they go to temporary files."""

Field = tuple[str, str, str]
"""Bucket, measurement and field."""


class Distinct:
    """Counts values by bucket, measurement and field; equal series and time count once, as in a store.

    Each value leaves a hash of 64 bits in one of many temporary files, each of which fits into memory.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._files: list[IO[bytes]] = []
        self._hashes = [array("q") for _ in range(_PARTS)]
        self._numbers = [array("q") for _ in range(_PARTS)]
        self._held = 0
        self._fields: dict[Field, int] = {}
        self._types: dict[tuple[str, str, str], FieldType] = {}
        self.spans: dict[tuple[str, str], tuple[int, int]] = {}
        """The first and the last time by bucket and measurement."""
        self.bad_lines = 0
        self.reasons: dict[str, None] = {}

    def __enter__(self) -> Self:
        for _ in range(_PARTS):
            self._files.append(self._stack.enter_context(tempfile.TemporaryFile()))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, bucket: str, body: bytes, precision: Precision, numbers: Sequence[int]) -> int:
        """Count the values of some lines, and return how many lines are right."""
        parsed = parse(
            body,
            time_ns=0,
            precision=precision,
            types=lambda measurement, name: self._types.get((bucket, measurement, name)),
            max_errors=5,
        )
        self.bad_lines += parsed.error_count
        for error in parsed.errors[: 20 - len(self.reasons)]:
            self.reasons[f"line {numbers[error.line - 1]}: {error.reason} in '{error.excerpt}'"] = None
        for measurement, table in parsed.batch.items():
            self._add_table(bucket, measurement, table)
        return parsed.points

    def counts(self) -> dict[tuple[str, str], Counter[str]]:
        """Return the number of different values of each field, by bucket and measurement."""
        self._spill()
        totals = [0] * len(self._fields)
        for file in self._files:
            seen: set[int] = set()
            for number, value in _pairs(file):
                if value not in seen:
                    seen.add(value)
                    totals[number] += 1
        found: dict[tuple[str, str], Counter[str]] = {}
        for (bucket, measurement, name), number in self._fields.items():
            found.setdefault((bucket, measurement), Counter())[name] = totals[number]
        return found

    def _add_table(self, bucket: str, measurement: str, table: Table) -> None:
        first, last = self.spans.get((bucket, measurement), (table.times_ns[0], table.times_ns[0]))
        times = table.times_ns
        self.spans[bucket, measurement] = min(first, *times), max(last, *times)
        for name, column in table.columns.items():
            field = (bucket, measurement, name)
            self._types[field] = column.type
            self._add_column(field, column, table)

    def _add_column(self, field: Field, column: Column, table: Table) -> None:
        number = self._fields.setdefault(field, len(self._fields))
        keys = [hash((field, series)) for series in table.series]
        for row, valid in enumerate(column.valid):
            if valid:
                value = hash((keys[table.codes[row]], table.times_ns[row]))
                part = value % _PARTS
                self._hashes[part].append(value)
                self._numbers[part].append(number)
                self._held += 1
        if self._held > _HELD:
            self._spill()

    def _spill(self) -> None:
        for file, numbers, hashes in zip(self._files, self._numbers, self._hashes, strict=True):
            pairs = array("q", bytes(16 * len(numbers)))
            pairs[::2], pairs[1::2] = numbers, hashes
            file.write(pairs.tobytes())
            del numbers[:], hashes[:]
        self._held = 0


def _pairs(file: IO[bytes]) -> zip[tuple[int, int]]:
    file.seek(0)
    pairs = array("q")
    pairs.frombytes(file.read())
    return zip(pairs[::2], pairs[1::2], strict=True)
