"""The decode and encode cases of InfluxDB's own line-protocol library, where they are at hand."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from heliograph.codec.lineprotocol import Parsed, format_point
from heliograph.codec.lineprotocol.parser import parse
from heliograph.model.point import FieldType, Point, UInt
from heliograph.model.time import Precision
from tests.parsers import PARSERS, Parse

FILE = Path(os.environ.get("HELIO_CORPUS") or "no-corpus") / "cases" / "line_protocol.json"
PRECISIONS = {"1ns": Precision.NS, "1µs": Precision.US, "1ms": Precision.MS, "1s": Precision.S}
TYPES = {
    "float": FieldType.FLOAT,
    "int": FieldType.INTEGER,
    "uint": FieldType.UNSIGNED,
    "bool": FieldType.BOOLEAN,
    "string": FieldType.STRING,
}

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="HELIO_CORPUS names no folder with cases/line_protocol.json"
)

DIFFERENCES: dict[str, str] = {}
"""Texts of decode cases that we decide otherwise, and why. None."""

ENCODE_DIFFERENCES = {
    "a float without a fraction is written as 1.0": re.compile(r"(?<=[=\d])\.0(?=[, ])"),
}


def corpus(kind: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))[kind]
    return cases


def body(case: dict[str, Any]) -> bytes:
    text = case["text"]
    # Texts that are not UTF-8 are kept in base64; lone surrogates in the rest are such bytes too.
    return base64.b64decode(text["binary"]) if isinstance(text, dict) else text.encode(errors="surrogatepass")


def came(parsed: Parsed) -> list[Any]:
    rows = []
    for measurement, table in parsed.batch.items():
        for row in range(len(table)):
            fields = {
                name: (column.type, column.values[row])
                for name, column in table.columns.items()
                if row < len(column.valid) and column.valid[row]
            }
            rows.append((table.times_ns[row], measurement, table.series[table.codes[row]], fields))
    return rows


def expected(case: dict[str, Any]) -> list[Any]:
    """Return the points of a case in the order of our tables: by the first line of their measurement."""
    order = list(dict.fromkeys(point["name"] for point in case["result"]))
    points = sorted(case["result"], key=lambda point: order.index(point["name"]))
    return [
        (
            point["time"],
            point["name"],
            tuple((tag["key"], tag["value"]) for tag in point["tags"]),
            # A key that stands twice has its last value.
            {
                field["key"]: (TYPES[kind], value)
                for field in point["fields"]
                for kind, value in field["value"].items()
            },
        )
        for point in points
    ]


@pytest.mark.parametrize("parse", PARSERS)
def test_every_decode_case_is_decided_as_the_library_does(parse: Parse) -> None:
    wrong = []
    cases = corpus("decode")
    for case in cases:
        parsed = parse(
            body(case),
            time_ns=case["defaultTime"],
            precision=PRECISIONS[case["precision"]],
            types=lambda _measurement, _field: None,
        )
        if case["expect"] == "error":
            right = parsed.error_count > 0
        else:
            right = parsed.error_count == 0 and came(parsed) == expected(case)
        if not right and repr(case["text"]) not in DIFFERENCES:
            wrong.append((case["text"], case["expect"], parsed.errors[:1]))
    assert len(cases) == 4991
    assert not wrong


@pytest.mark.parametrize("parse", PARSERS)
def test_the_first_error_stands_on_the_line_where_the_library_has_it(parse: Parse) -> None:
    placed = same_column = 0
    for case in corpus("decode"):
        place = re.search(r"at line (\d+):(\d+)", case.get("go_error", ""))
        if place is None:
            continue
        parsed = parse(
            body(case),
            time_ns=0,
            precision=Precision.NS,
            types=lambda _measurement, _field: None,
            max_errors=1,
        )
        assert parsed.errors[0].line == int(place[1]), case
        placed += 1
        same_column += parsed.errors[0].column == int(place[2])
    assert placed > 4600
    # In the others we name the byte that breaks a name's UTF-8, the library where the name begins.
    assert same_column > 0.99 * placed


def test_every_encode_case_is_written_as_the_library_does() -> None:
    cases = [case for case in corpus("encode") if "result" in case]
    for case in cases:
        point = point_of(case["point"])
        line = format_point(point)
        (row,) = came(parse(line.encode(), time_ns=0, types=lambda _measurement, _field: None))
        assert row[:2] == (point.time_ns, point.measurement)
        assert dict(row[2]) == point.tags
        assert {name: value for name, (_, value) in row[3].items()} == point.fields
        if "e+" in case["result"] or "\\n" in case["result"]:
            # Another form of the same: 6632243.0 for 6.632243e+06, a line feed as itself.
            continue
        for differs in ENCODE_DIFFERENCES.values():
            line = differs.sub("", line)
        assert line == case["result"]
    assert len(cases) > 100


def point_of(case: dict[str, Any]) -> Point:
    makers: dict[str, Any] = {"float": float, "int": int, "uint": UInt, "bool": bool, "string": str}
    return Point(
        measurement=case["name"],
        fields={
            field["key"]: makers[kind](value)
            for field in case["fields"]
            for kind, value in field["value"].items()
        },
        tags={tag["key"]: tag["value"] for tag in case["tags"]},
        time_ns=case["time"],
    )
