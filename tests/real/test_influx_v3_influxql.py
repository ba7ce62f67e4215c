"""InfluxQL at InfluxDB 3's own route: one table, in each of its formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

T = 1_735_545_600
LINES = f"""\
home,room=Kitchen,rack=r1 temp=21.5,n=1i,on=true,s="a, b" {T}
home,room=Den temp=20 {T + 60}
home,room=Den temp=20.5,n=3i {T + 120}
other,room=Den temp=1 {T}"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with the databases home and secret."""
    with HubProcess(tmp_path_factory.mktemp("v3") / "hub", "--no-agent") as hub:
        for name in ("home", "secret"):
            hub.request("POST", "/api/buckets", {"name": name})
        assert hub.write(LINES, bucket="home", precision="s") == 204
        yield hub


def ask(hub: HubProcess, q: str, *, token: str = "", **more: object) -> tuple[int, str, bytes]:
    asked = {"db": "home", "q": q} | more
    status, headers, body = hub.request("POST", "/api/v3/query_influxql", asked, token=token)
    return status, headers["content-type"], body


def rows(hub: HubProcess, q: str, **more: Any) -> Any:
    status, type_, body = ask(hub, q, **more)
    assert (status, type_) == (200, "application/json"), body
    return json.loads(body)


def error(hub: HubProcess, q: str, **more: Any) -> tuple[int, str]:
    status, _, body = ask(hub, q, **more)
    return status, json.loads(body)["error"]


@covers("HTTP and SQL, InfluxDB 3", "`/api/v3/query_influxql`")
def test_rows_have_measurement_time_tags_and_columns(filled: HubProcess) -> None:
    text = f"SELECT mean(temp), max(n) FROM home WHERE time >= {T}s GROUP BY time(1m), room, rack fill(none)"
    assert rows(filled, text) == [
        {"iox::measurement": "home", "time": "2024-12-30T08:01:00", "room": "Den", "mean": 20.0},
        {"iox::measurement": "home", "time": "2024-12-30T08:02:00", "room": "Den", "mean": 20.5, "max": 3},
        {
            "iox::measurement": "home",
            "time": "2024-12-30T08:00:00",
            "rack": "r1",
            "room": "Kitchen",
            "mean": 21.5,
            "max": 1,
        },
    ]
    assert rows(filled, 'SELECT temp, "on", s FROM home WHERE rack = $rack', params={"rack": "r1"}) == [
        {"iox::measurement": "home", "time": "2024-12-30T08:00:00", "temp": 21.5, "on": True, "s": "a, b"}
    ]
    assert [row["iox::measurement"] for row in rows(filled, "SELECT last(temp) FROM /.*/")] == [
        "home",
        "other",
    ]
    assert rows(filled, "SELECT temp FROM nothing") == []


def test_show_has_rows_too(filled: HubProcess) -> None:
    assert rows(filled, "SHOW MEASUREMENTS") == [
        {"iox::measurement": "measurements", "name": "home"},
        {"iox::measurement": "measurements", "name": "other"},
    ]
    assert rows(filled, "SHOW TAG VALUES FROM other WITH KEY = room") == [
        {"iox::measurement": "other", "key": "room", "value": "Den"}
    ]
    assert rows(filled, "SHOW FIELD KEYS FROM other")[0]["fieldType"] == "float"
    assert {"iox::database": "secret", "deleted": False} in rows(filled, "SHOW DATABASES")
    assert rows(filled, "SHOW RETENTION POLICIES")[0]["iox::database"] == "home"
    assert list(rows(filled, "EXPLAIN SELECT n FROM home")[0]) == ["QUERY PLAN"]
    assert rows(filled, "SELECT n, n, temp AS time FROM home LIMIT 1")[0]["time_1"] == 21.5
    path = f"/api/v3/query_influxql?{urlencode({'q': 'SHOW TAG KEYS ON home FROM other'})}"
    assert json.loads(filled.request("GET", path)[2]) == [{"iox::measurement": "other", "tagKey": "room"}]


TABLE = "SELECT temp, n FROM home GROUP BY room"


def test_texts(filled: HubProcess) -> None:
    _, type_, body = ask(filled, TABLE, format="csv")
    assert type_ == "text/csv; charset=utf-8"
    assert body == (
        b"iox::measurement,time,room,temp,n\n"
        b"home,2024-12-30T08:01:00,Den,20.0,\n"
        b"home,2024-12-30T08:02:00,Den,20.5,3\n"
        b"home,2024-12-30T08:00:00,Kitchen,21.5,1\n"
    )
    _, type_, body = ask(filled, TABLE, format="jsonl")
    assert type_ == "application/jsonl"
    assert [json.loads(line) for line in body.splitlines()] == rows(filled, TABLE)
    assert ask(filled, "SELECT n FROM home LIMIT 1", format="pretty")[2].decode().splitlines()[1:] == [
        "| iox::measurement | time                | n |",
        "+------------------+---------------------+---+",
        "| home             | 2024-12-30T08:00:00 | 1 |",
        "+------------------+---------------------+---+",
    ]


def test_parquet(filled: HubProcess, tmp_path: Path) -> None:
    file = tmp_path / "answer.parquet"
    for text, expected in (
        (TABLE, [("home", (T + 60) * 10**9, "Den", 20.0, None), ("home", (T + 120) * 10**9, "Den", 20.5, 3)]),
        ("SELECT temp, n FROM home WHERE temp > 100", []),
    ):
        status, type_, body = ask(filled, text, format="parquet")
        assert (status, type_) == (200, "application/vnd.apache.parquet")
        file.write_bytes(body)
        with duckdb.connect() as connection:
            found = connection.sql(f"SELECT * FROM '{file}'")
            if not expected:
                assert not found.fetchall()
                continue
            assert [str(kind) for kind in found.types] == [
                "VARCHAR",
                "TIMESTAMP_NS",
                "VARCHAR",
                "DOUBLE",
                "BIGINT",
            ]
            times = connection.sql(f"SELECT * REPLACE (epoch_ns(time) AS time) FROM '{file}'").fetchall()
            assert times[:2] == expected
    assert ask(filled, "SHOW MEASUREMENTS", format="parquet")[2][:4] == b"PAR1"


def test_what_is_refused(filled: HubProcess) -> None:
    assert error(filled, "SELECT n FROM home; SELECT n FROM home") == (
        400,
        "must provide only one InfluxQl statement per query",
    )
    for text in ("DROP DATABASE home", "SELECT n INTO x FROM home", "CREATE DATABASE x", "KILL QUERY 1"):
        assert error(filled, text) == (
            400,
            "only SELECT and SHOW are answered here; send what changes something to /query",
        )
    assert error(filled, "SELECT")[1].startswith("error parsing query: found EOF")
    assert error(filled, "SELECT n FROM home", db="nope")[0] == 404
    assert "must specify a 'db' parameter" in error(filled, "SELECT n FROM home", db="")[1]
    assert error(filled, "SELECT n FROM home", format="xml")[0] == 400
    assert error(filled, "SELECT n FROM home WHERE n = $n", params={"n": None})[0] == 400
    assert error(filled, "SELECT n FROM home WHERE n = $n", params={"n": [1]})[0] == 400
    assert error(filled, "")[0] == 400
    assert error(filled, "SELECT n FROM home", token="no such token")[0] == 401


def test_a_token_reads_its_buckets_and_no_other(filled: HubProcess) -> None:
    bucket = filled.json("GET", "/api/v2/buckets?name=home")["buckets"][0]["id"]
    organization = filled.json("GET", "/api/v2/orgs")["orgs"][0]["id"]
    asked = {
        "orgID": organization,
        "permissions": [{"action": "read", "resource": {"type": "buckets", "id": bucket}}],
    }
    token = json.loads(filled.request("POST", "/api/v2/authorizations", asked)[2])["token"]
    assert len(rows(filled, TABLE, token=token)) == 3
    assert rows(filled, "SHOW DATABASES", token=token) == [{"iox::database": "home", "deleted": False}]
    for text in ("SELECT v FROM m", "SELECT v FROM secret..m"):
        assert "may not read" in error(filled, text, token=token, db="secret")[1]
    assert "only the operator" in error(filled, "SHOW USERS", token=token)[1]
