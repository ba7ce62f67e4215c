"""InfluxDB 3's units and formats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heliograph.api.influxdb.formats_v3 import arrow_time
from heliograph.api.influxdb.sql_v3 import _rendered
from heliograph.api.influxdb.write_v3 import guess_precision
from heliograph.errors import QueryError
from heliograph.model.time import Precision

S = 1_790_000_000


@pytest.mark.parametrize(
    ("body", "precision"),
    [
        (f"m v=1 {S}", Precision.S),
        (f"m v=1 {S}123", Precision.MS),
        (f"m v=1 {S}123456", Precision.US),
        (f"m v=1 {S}123456789", Precision.NS),
        (f"m v=1 -{S}", Precision.S),
        ("m v=1 0", Precision.S),
        ("m v=1 4999999999", Precision.S),
        ("m v=1 5000000000", Precision.MS),
        ("m v=1 4999999999999", Precision.MS),
        ("m v=1 5000000000000", Precision.US),
        ("m v=1 4999999999999999", Precision.US),
        ("m v=1 5000000000000000", Precision.NS),
        (f'# batch 7\n\nm v=1\nm v=1i {S} \r\nm s="x 9" {S + 1}\n  # 7 8', Precision.S),
        ("m v=1\nm v=5i\n", Precision.NS),
        ("", Precision.NS),
        ("m v=1 " + "9" * 40, Precision.NS),
    ],
)
def test_the_unit_is_told_by_the_size(body: str, precision: Precision) -> None:
    assert guess_precision(body.encode()) is precision


def test_two_units_are_one_too_many() -> None:
    with pytest.raises(QueryError, match="precision=nanosecond, microsecond"):
        guess_precision(f"m v=1 {S}\nm v=1 {S}000".encode())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-09-21T14:13:20Z", "2026-09-21T14:13:20"),
        ("2026-09-21T14:13:20.5Z", "2026-09-21T14:13:20.500"),
        ("2026-09-21T14:13:20.1234Z", "2026-09-21T14:13:20.123400"),
        ("2026-09-21T14:13:20.000000001Z", "2026-09-21T14:13:20.000000001"),
        ("2026-09-21T14:13:20.000000Z", "2026-09-21T14:13:20"),
    ],
)
def test_times_have_digits_in_threes(text: str, shown: str) -> None:
    assert arrow_time(text) == shown


def answer() -> dict[str, Any]:
    return {
        "columns": [
            {"name": "time", "type": "TIMESTAMP_NS"},
            {"name": "at", "type": "TIMESTAMP WITH TIME ZONE"},
            {"name": "ü", "type": "VARCHAR"},
            {"name": "v", "type": "DOUBLE"},
        ],
        "rows": [
            ["2026-09-21T14:13:20.5Z", "2026-09-21T14:13:20Z", 'a "b",\n', 1.5],
            [None, None, None, None],
        ],
    }


def test_what_is_null_is_left_out_of_json() -> None:
    first = {"time": "2026-09-21T14:13:20.500", "at": "2026-09-21T14:13:20Z", "ü": 'a "b",\n', "v": 1.5}
    assert json.loads(_rendered("json", answer())) == [first, {}]
    assert [json.loads(line) for line in _rendered("jsonl", answer()).splitlines()] == [first, {}]


def test_csv_is_quoted_where_it_must_be() -> None:
    assert _rendered("csv", answer()) == (
        'time,at,ü,v\n2026-09-21T14:13:20.500,2026-09-21T14:13:20Z,"a ""b"",\n",1.5\n,,,\n'
    )


def test_a_table_without_rows() -> None:
    empty = {"columns": [{"name": "v", "type": "DOUBLE"}], "rows": []}
    assert _rendered("pretty", empty) == "+---+\n| v |\n+---+"
    assert _rendered("csv", empty) == "v\n"
    assert _rendered("json", empty) == "[]"
