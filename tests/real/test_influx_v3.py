"""InfluxDB 3's writes and SQL over HTTP."""

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


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub with the rooms of a house in the bucket ``home``."""
    with HubProcess(tmp_path_factory.mktemp("v3") / "hub", "--no-agent") as running:
        lines = [
            f'home,room=Kitchen temp=21.5,n=1i,on=true,s="a, b" {T}',
            f"home,room=Den temp=20 {T + 60}",
            f"home temp=19.25,n=3i {T + 120}",
        ]
        assert write(running, "home", "\n".join(lines)) == (204, None)
        yield running


def write(hub: HubProcess, bucket: str, lines: str, **parameters: str) -> tuple[int, Any]:
    query = urlencode({"db": bucket} | parameters)
    status, _, body = hub.request("POST", f"/api/v3/write_lp?{query}", lines.encode())
    return status, json.loads(body) if body else None


def ask(hub: HubProcess, sql: str, **asked: Any) -> tuple[int, str, bytes]:
    status, headers, body = hub.request("POST", "/api/v3/query_sql", {"db": "home", "q": sql} | asked)
    return status, headers["content-type"], body


def rows(hub: HubProcess, sql: str, **asked: Any) -> Any:
    status, _, body = ask(hub, sql, **asked)
    assert status == 200, body
    return json.loads(body)


@covers("HTTP and SQL, InfluxDB 3", "`/api/v3/write_lp`")
def test_a_database_is_made_by_the_first_write(hub: HubProcess) -> None:
    assert write(hub, "fresh", f"m v=1 {T}") == (204, None)
    assert rows(hub, "SELECT v FROM m", db="fresh") == [{"v": 1.0}]
    status, body = write(hub, "_no", "m v=1")
    assert (status, "name must be" in body["error"]) == (400, True)


@pytest.mark.parametrize(
    ("precision", "unit"),
    [("nanosecond", 1), ("microsecond", 10**3), ("millisecond", 10**6), ("second", 10**9), ("ms", 10**6)],
)
def test_precision(hub: HubProcess, precision: str, unit: int) -> None:
    assert write(hub, "home", f"p_{precision} v=1 1234", precision=precision)[0] == 204
    assert rows(hub, f"SELECT epoch_ns(time) AS t FROM p_{precision}") == [{"t": 1234 * unit}]


@covers("HTTP and SQL, InfluxDB 3", "`precision`, told or guessed")
@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_precision_is_told_by_the_size_of_the_times(hub: HubProcess, unit: int) -> None:
    assert (
        write(hub, "home", f"auto{unit} v=1 {T * 10**9 // unit}\nauto{unit} v=2 {(T + 1) * 10**9 // unit}")[0]
        == 204
    )
    assert rows(hub, f"SELECT epoch_ns(time) // 1000000000 AS t FROM auto{unit} ORDER BY t") == [
        {"t": T},
        {"t": T + 1},
    ]


def test_what_is_asked_wrong(hub: HubProcess) -> None:
    for parameters, reason in (
        ({"precision": "minute"}, "precision must be auto"),
        ({"accept_partial": "maybe"}, "accept_partial must be true or false"),
        ({"no_sync": "1"}, "no_sync must be true or false"),
        ({"db": ""}, "db is missing"),
    ):
        status, body = write(hub, "home", "m v=1", **parameters)
        assert (status, reason in body["error"]) == (400, True), body
    status, body = write(hub, "home", f"m v=1 {T}\nm v=2 {T}000")
    assert (status, "several units" in body["error"]) == (400, True)


def test_good_lines_are_written_and_bad_ones_told(hub: HubProcess) -> None:
    status, body = write(hub, "home", f'part v=1 {T}\npart v="text" {T + 1}\npart\npart v=4 {T + 3}')
    assert (status, body["error"]) == (400, "partial write of line protocol occurred")
    assert [entry["line_number"] for entry in body["data"]] == [2, 3]
    assert body["data"][1]["original_line"] == "part"
    assert "field type conflict" in body["data"][0]["error_message"]
    assert rows(hub, "SELECT v FROM part ORDER BY v") == [{"v": 1.0}, {"v": 4.0}]


@covers("HTTP and SQL, InfluxDB 3", "`accept_partial`")
def test_or_nothing_is_written(hub: HubProcess) -> None:
    status, body = write(hub, "home", f"whole v=1 {T}\nwhole\nwhole v=3 {T + 3}", accept_partial="false")
    assert (status, body["error"]) == (400, "parsing failed for write_lp endpoint")
    assert body["data"]["line_number"] == 2
    assert "whole" not in [m["name"] for m in hub.json("GET", "/api/schema?bucket=home")["measurements"]]
    assert write(hub, "home", f'whole v="now a text" {T}', accept_partial="false") == (204, None), (
        "no type came of it"
    )
    hub.request("POST", "/api/buckets", {"name": "short", "keep_seconds": 3_600})
    status, body = write(hub, "short", "new v=1\nnew v=1 1000000000", accept_partial="false")
    assert (status, "points beyond retention" in body["data"]["error_message"]) == (400, True)
    assert hub.json("GET", "/api/schema?bucket=short")["measurements"] == []
    hub.stop()
    hub.start()
    assert rows(hub, "SELECT v FROM whole") == [{"v": "now a text"}], "and none comes back from the stream"


ALL = 'SELECT time, room, temp, n, "on", s FROM home ORDER BY time'


@covers("HTTP and SQL, InfluxDB 3", "`/api/v3/query_sql` as JSON")
def test_json(hub: HubProcess) -> None:
    status, type_, body = ask(hub, ALL)
    assert (status, type_) == (200, "application/json")
    assert json.loads(body) == [
        {"time": "2024-12-30T08:00:00", "room": "Kitchen", "temp": 21.5, "n": 1, "on": True, "s": "a, b"},
        {"time": "2024-12-30T08:01:00", "room": "Den", "temp": 20.0},
        {"time": "2024-12-30T08:02:00", "temp": 19.25, "n": 3},
    ]
    assert ask(hub, "SELECT 1 AS a WHERE false")[2] == b"[]"


@covers("HTTP and SQL, InfluxDB 3", "as lines of JSON")
def test_lines_of_json(hub: HubProcess) -> None:
    status, type_, body = ask(hub, ALL, format="jsonl")
    assert (status, type_) == (200, "application/jsonl")
    assert [json.loads(line) for line in body.splitlines()] == rows(hub, ALL)


@covers("HTTP and SQL, InfluxDB 3", "as CSV")
def test_csv(hub: HubProcess) -> None:
    status, type_, body = ask(hub, ALL, format="csv")
    assert (status, type_.partition(";")[0]) == (200, "text/csv")
    assert body.decode() == (
        "time,room,temp,n,on,s\n"
        '2024-12-30T08:00:00,Kitchen,21.5,1,true,"a, b"\n'
        "2024-12-30T08:01:00,Den,20.0,,,\n"
        "2024-12-30T08:02:00,,19.25,3,,\n"
    )


@covers("HTTP and SQL, InfluxDB 3", "as a table")
def test_pretty(hub: HubProcess) -> None:
    assert ask(hub, "SELECT room, n FROM home WHERE room = 'Kitchen'", format="pretty")[2].decode() == (
        "+---------+---+\n| room    | n |\n+---------+---+\n| Kitchen | 1 |\n+---------+---+"
    )


@covers("HTTP and SQL, InfluxDB 3", "as Parquet")
def test_parquet(hub: HubProcess, tmp_path: Path) -> None:
    status, type_, body = ask(hub, ALL, format="parquet")
    assert (status, type_) == (200, "application/vnd.apache.parquet")
    file = tmp_path / "answer.parquet"
    file.write_bytes(body)
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT epoch_ns(time), room, temp, n, \"on\", s FROM '{file}'").fetchall()
    assert found == [
        (T * 10**9, "Kitchen", 21.5, 1, True, "a, b"),
        ((T + 60) * 10**9, "Den", 20.0, None, None, None),
        ((T + 120) * 10**9, None, 19.25, 3, None, None),
    ]


def test_the_format_may_be_told_by_accept_and_the_query_by_the_url(hub: HubProcess) -> None:
    path = f"/api/v3/query_sql?{urlencode({'db': 'home', 'q': 'SELECT n FROM home WHERE n = 3'})}"
    for accept, body in (
        ("text/csv", b"n\n3\n"),
        ("application/jsonl", b'{"n":3}\n'),
        ("image/png, text/csv;q=0.5", b"n\n3\n"),
        ("*/*", b'[{"n":3}]'),
    ):
        assert hub.request("GET", path, headers={"Accept": accept})[::2] == (200, body)
    assert hub.request("GET", f"{path}&format=parquet")[2][:4] == b"PAR1"


@covers("HTTP and SQL, InfluxDB 3", "`params`")
def test_parameters(hub: HubProcess) -> None:
    sql = "SELECT temp FROM home WHERE room = $room AND temp > $low"
    assert rows(hub, sql, params={"room": "Kitchen", "low": 20}) == [{"temp": 21.5}]
    assert rows(hub, sql, params={"room": "' OR true --", "low": 20}) == []
    status, _, body = ask(hub, sql, params={"room": "Kitchen"})
    assert (status, b"low" in body) == (400, True)
    for wrong in ([1], "{", {"room": [1], "low": 1}):
        assert ask(hub, sql, params=wrong)[0] == 400
    given = json.dumps({"room": "Den", "low": 0})
    path = f"/api/v3/query_sql?{urlencode({'db': 'home', 'q': sql, 'params': given})}"
    assert json.loads(hub.request("GET", path)[2]) == [{"temp": 20.0}]
    assert ask(hub, sql, params={"room": "Kitchen", "low": 20}, format="parquet")[2][:4] == b"PAR1"


@covers("HTTP and SQL, InfluxDB 3", "`date_bin`")
def test_date_bin(hub: HubProcess) -> None:
    sql = "SELECT date_bin(INTERVAL '2 minutes', time) AS t, count(*) AS n FROM home GROUP BY 1 ORDER BY 1"
    assert rows(hub, sql) == [{"t": "2024-12-30T08:00:00", "n": 2}, {"t": "2024-12-30T08:02:00", "n": 1}]
    assert rows(hub, "SELECT date_bin(INTERVAL '7 days', TIMESTAMP '1970-01-08 01:00') AS t") == [
        {"t": "1970-01-08T00:00:00"}
    ]


@pytest.mark.parametrize("format_", ["json", "parquet"])
def test_what_is_refused(hub: HubProcess, format_: str, tmp_path: Path) -> None:
    for sql, status, reason in (
        ("SELECT nope FROM home", 400, "nope"),
        ("SELECT 1; SELECT 2", 400, "one statement"),
        ("DROP VIEW home", 400, "only SELECT"),
        (f"COPY (SELECT 1) TO '{tmp_path}/x.parquet'", 400, "only SELECT"),
        ("SELECT * FROM range(100001)", 400, "more than 100,000 rows"),
        ("", 400, "q is missing"),
    ):
        answer = ask(hub, sql, format=format_)
        assert (answer[0], reason in json.loads(answer[2])["error"]) == (status, True), answer
    assert ask(hub, "SELECT 1", format=format_, db="nope")[0] == 404
    assert ask(hub, "SELECT 1", format="xml")[0] == 400
    assert not list(tmp_path.iterdir())
    assert ask(hub, "SELECT * FROM range(100000)", format=format_)[0] == 200


def test_a_file_that_is_too_large_is_refused(hub: HubProcess) -> None:
    words = " || ".join(f"sha256((i * 16 + {word})::VARCHAR)" for word in range(16))
    sql = f"SELECT {words} AS s FROM range(99999) r(i)"
    status, _, body = ask(hub, sql, format="parquet")
    assert (status, "at most 33,554,432 bytes" in json.loads(body)["error"]) == (400, True), body
    assert rows(hub, "SELECT 1 AS a") == [{"a": 1}]


def test_no_route_failed_by_a_fault_of_ours(hub: HubProcess) -> None:
    assert "Traceback" not in hub.log
