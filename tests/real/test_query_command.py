"""``helio query`` against a real hub: three languages, every format, and errors that show their place."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.real.hub_process import HubProcess

BASE_NS = 1_790_000_000_000_000_000
SQL = "SELECT time, host, load, n FROM cpu ORDER BY time, host"
INFLUXQL = "SELECT load, n FROM cpu GROUP BY *"
FLUX = 'from(bucket: "telegraf") |> range(start: 0) |> filter(fn: (r) => r._field == "load")'


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub with two series and one bucket more."""
    with HubProcess(tmp_path_factory.mktemp("query") / "hub", "--no-agent") as running:
        lines = [f"cpu,host=a load={n}.5,n={n}i {BASE_NS + n}" for n in range(3)]
        assert running.write("\n".join([*lines, f'cpu,host=b load=7,s="ä,\\"b" {BASE_NS}'])) == 204
        running.request("POST", "/api/buckets", {"name": "lab/week", "keep_seconds": 0})
        assert running.write(f"room t=1 {BASE_NS}", bucket="lab/week") == 204
        many = "\n".join(f"many v={n}i {BASE_NS + n}" for n in range(25_000))
        assert running.write(many) == 204
        yield running


def query(hub: HubProcess, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Return exit status, output and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "query", *arguments],
        input=typed.encode(),
        env={k: v for k, v in hub.environment.items() if k != "HELIO_HOME"}
        | {"HELIO_URL": hub.http_url, "HELIO_TOKEN": hub.token, "HELIO_HOME": "/nonexistent"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_sql_is_printed_as_table_csv_and_json(hub: HubProcess) -> None:
    status, table, told = query(hub, SQL)
    assert (status, told) == (0, "4 rows (read as SQL)\n")
    assert table.splitlines()[:2] == [
        "time                            host  load  n",
        "2026-09-21T14:13:20Z            a      0.5  0",
    ]
    _, text, _ = query(hub, "-", "--format", "csv", typed=SQL)
    assert list(csv.reader(io.StringIO(text)))[1] == ["2026-09-21T14:13:20Z", "a", "0.5", "0"]
    _, text, _ = query(hub, "--format", "json", "--epoch", "ns", typed=SQL)
    assert json.loads(text)[3] == {"time": BASE_NS + 2, "host": "a", "load": 2.5, "n": 2}


def test_influxql_comes_by_series(hub: HubProcess) -> None:
    status, table, told = query(hub, INFLUXQL)
    assert (status, told) == (0, "4 rows (read as InfluxQL)\n")
    assert [line for line in table.splitlines() if "host=" in line] == ["cpu  host=a", "cpu  host=b"]
    _, text, _ = query(hub, INFLUXQL, "--format", "json", "--epoch", "ns")
    assert json.loads(text)[0] == {"name": "cpu", "host": "a", "time": BASE_NS, "load": 0.5, "n": 0}
    _, text, _ = query(hub, "SHOW MEASUREMENTS", "--bucket", "lab/week", "--format", "csv")
    assert text.split() == ["name,name", "measurements,room"]


def test_an_answer_longer_than_a_part_is_one_table(hub: HubProcess) -> None:
    status, table, told = query(hub, "SELECT v FROM many", "--lang", "influxql", "--epoch", "ns")
    assert (status, told) == (0, "25000 rows\n")
    rows = [line.split() for line in table.splitlines()]
    assert rows[:2] == [["many"], ["time", "v"]]
    assert rows[2:] == [[str(BASE_NS + n), str(n)] for n in range(25_000)]


def test_flux_is_printed_by_table_or_as_the_hub_writes_it(hub: HubProcess) -> None:
    _, text, _ = query(hub, FLUX, "--format", "json", "--epoch", "ns")
    rows = json.loads(text)
    assert [(row["host"], row["_time"] - BASE_NS, row["_value"]) for row in rows] == [
        ("a", 0, 0.5),
        ("a", 1, 1.5),
        ("a", 2, 2.5),
        ("b", 0, 7),
    ]
    _, raw, _ = query(hub, FLUX, "--format", "csv")
    body = {"query": FLUX, "dialect": {"annotations": ["datatype", "group", "default"]}}
    _, _, expected = hub.request("POST", "/api/v2/query", body)
    assert raw.splitlines()[:3] == expected.decode().splitlines()[:3]
    status, table, _ = query(hub, FLUX)
    assert (status, table.count("_measurement=cpu")) == (0, 2)


def test_parquet_is_a_file_and_nothing_else(hub: HubProcess, tmp_path: Path) -> None:
    file = tmp_path / "cpu.parquet"
    assert query(hub, SQL, "--format", "parquet", "--output", str(file))[0] == 0
    rows = rows_of(f"SELECT host, load FROM '{file}' ORDER BY load")
    assert rows == [("a", 0.5), ("a", 1.5), ("a", 2.5), ("b", 7.0)]
    assert query(hub, SQL, "--format", "parquet")[0] == 2
    assert query(hub, FLUX, "--format", "parquet", "--output", str(file))[0] == 2
    status, _, told = query(hub, "SELECT nothing FROM cpu", "--format", "parquet", "--output", str(file))
    assert (status, "nothing" in told) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["cpu.parquet"]
    assert rows_of(f"SELECT count(*) FROM '{file}'") == [(4,)]


def rows_of(sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


def test_an_answer_goes_to_a_file(hub: HubProcess, tmp_path: Path) -> None:
    file = tmp_path / "cpu.csv"
    assert query(hub, SQL, "--format", "csv", "--output", str(file))[1] == ""
    assert file.read_text().splitlines()[0] == "time,host,load,n"
    status, _, told = query(hub, SQL, "--output", "/nonexistent/folder/x")
    assert (status, told.count("\n")) == (2, 1), told


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("SELECT load FRM cpu WHERE x", "cpu"),
        ("SELECT mean(load) FRM cpu GROUP BY time(1m)", "FRM"),
        ('from(bucket: "telegraf")\n  |> rage(start: 0)', "rage"),
    ],
)
def test_an_error_shows_its_place(hub: HubProcess, text: str, marked: str) -> None:
    status, printed, told = query(hub, text)
    assert (status, printed) == (1, "")
    lines = told.splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.strip() == "^"]
    place = lines[at].index("^")
    assert lines[at - 1][place:].startswith(marked), told


def test_a_failed_statement_is_a_failure_though_others_were_answered(hub: HubProcess) -> None:
    status, printed, told = query(hub, "SHOW MEASUREMENTS; SHOW TAG KEYS ON nowhere", "--format", "csv")
    assert (status, printed.split()) == (1, ["name,name", "measurements,cpu", "measurements,many"])
    assert "database not found: nowhere" in told


def test_who_may_not_ask_is_told_so(hub: HubProcess) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "query", SQL],
        env=hub.environment | {"HELIO_URL": hub.http_url, "HELIO_TOKEN": "wrong"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, "401" in done.stderr, done.stdout) == (1, True, "")
    status, _, told = query(hub, "  ")
    assert (status, "empty" in told) == (2, True)
