"""Runs the cases of line_protocol/*.case; the README there tells how they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from heliograph.codec.lineprotocol import Parsed
from heliograph.model.point import FieldType
from heliograph.model.time import Precision
from tests.parsers import PARSERS, Parse

FOLDER = Path(__file__).parent / "line_protocol"


@dataclass
class Case:
    title: str
    body: list[str] = field(default_factory=list)
    precision: Precision = Precision.NS
    time_ns: int = 0
    known: dict[tuple[str, str], FieldType] = field(default_factory=dict)
    max_errors: int = 100
    rows: list[Any] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    uncounted: int = 0
    marks: list[str] = field(default_factory=list)

    def take(self, sign: str, text: str) -> None:
        match sign:
            case "<":
                self.body.append(text)
            case ">":
                self.rows.append(json.loads(text))
            case "*":
                self.marks.append(text)
            case "%":
                self.option(*text.split())
            case "!" if text.startswith("+"):
                self.uncounted = int(text)
            case "!" | "!!":
                self.errors.append(f"{sign} {text}")
            case _:
                raise ValueError(f"{self.title}: no such sign: {sign!r}")

    def option(self, name: str, *words: str) -> None:
        match name, words:
            case "precision", (unit,):
                self.precision = Precision[unit.upper()]
            case "time", (time_ns,):
                self.time_ns = int(time_ns)
            case "errors", (count,):
                self.max_errors = int(count)
            case "known", (measurement, key, kind):
                self.known[measurement, key] = FieldType(kind)
            case _:
                raise ValueError(f"{self.title}: no such option: {name} {words}")

    def parsed_by(self, parse: Parse, before: bytes = b"") -> Parsed:
        body = re.sub(
            rb"\xe2\x9f\xa8([0-9a-f]{2})\xe2\x9f\xa9",
            lambda byte: bytes.fromhex(byte[1].decode()),
            "\n".join(self.body).encode(),
        )
        return parse(
            before + body,
            time_ns=self.time_ns,
            precision=self.precision,
            types=lambda measurement, name: self.known.get((measurement, name)),
            max_errors=self.max_errors,
        )


def cases() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.case")):
        case: Case | None = None
        for line in file.read_text(encoding="utf-8").split("\n"):
            sign, _, text = line.partition(" ")
            if sign == "=":
                case = Case(text)
                yield pytest.param(case, id=f"{file.stem}: {text}")
            elif sign and not sign.startswith("#"):
                assert case is not None, f"{file.name}: {line!r} stands before the first case"
                case.take(sign, text)


def rows(parsed: Parsed) -> list[Any]:
    found = []
    for measurement, table in parsed.batch.items():
        assert measurement == table.measurement
        assert len(table.codes) == len(table.times_ns) == len(table) > 0
        for row in range(len(table)):
            fields = {
                name: [column.type.value, column.values[row]]
                for name, column in table.columns.items()
                if row < len(column.valid) and column.valid[row]
            }
            found.append([measurement, dict(table.series[table.codes[row]]), fields, table.times_ns[row]])
    return found


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("case", list(cases()))
def test_case(case: Case, parse: Parse) -> None:
    parsed = case.parsed_by(parse)
    assert rows(parsed) == case.rows
    assert parsed.points == len(case.rows)
    assert [mark.decode() for mark in parsed.marks] == case.marks
    assert parsed.error_count == len(case.errors) + case.uncounted
    assert len(parsed.errors) == len(case.errors)
    for error, expected in zip(parsed.errors, case.errors, strict=True):
        came = f"{'!!' if error.conflict else '!'} {error.line}:{error.column} {error.reason}"
        assert came[: len(expected)] == expected


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("case", list(cases()))
def test_case_without_the_fast_path(case: Case, parse: Parse) -> None:
    """A control character anywhere makes the parser take every line by its whole grammar."""
    parsed = case.parsed_by(parse, before=b"#\x00\n")
    assert rows(parsed) == case.rows
    assert [f"{error.line - 1}:{error.column}" for error in parsed.errors] == [
        expected.split()[1] for expected in case.errors
    ]


def test_there_are_cases() -> None:
    assert len(list(cases())) > 50
