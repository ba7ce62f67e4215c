"""A user's SELECT sees the bucket's points, now and sealed, and reaches nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.hub_process import HubProcess

BASE_NS = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub for all statements, with sealed and hot points; no statement may harm it."""
    folder = tmp_path_factory.mktemp("sql")
    limits = ("--set", "limits.query_seconds=3", "--set", "store.memory_limit=64MiB")
    with HubProcess(folder / "hub", "--no-agent", *limits) as running:
        cpu = [f"cpu,host=a load={i}.5,n={i}i {BASE_NS + i * 10**9}" for i in range(5)]
        others = [f"mem,host=a used=7i {BASE_NS}", f"Room t=1 {BASE_NS}", f"room t=2 {BASE_NS}"]
        strange = [f'we"ird,v=x v=1 {BASE_NS}', f"recent v=1 {time.time_ns()}"]
        assert running.write("\n".join([*cpu, *others, *strange])) == 204
        running.stop()  # seals
        running.start()
        assert (
            running.write(f"cpu,host=b load=9.5 {BASE_NS + 123456789}\ncpu,host=a load=0.25 {BASE_NS}") == 204
        )
        yield running


def refused(hub: HubProcess, sql: str) -> str:
    """Return why a statement was refused."""
    status, _, body = hub.request("POST", "/api/sql", {"sql": sql})
    answer = json.loads(body)
    assert (status, answer["code"]) == (400, "invalid"), answer
    message: str = answer["message"]
    return message


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT count(*), count(n), max(load) FROM cpu", [[6, 5, 9.5]]),
        ("SELECT load FROM cpu WHERE n = 0 -- the last write wins", [[0.25]]),
        ("SELECT time FROM cpu WHERE host = 'b';", [["2026-09-21T14:13:20.123456789Z"]]),
        ("SELECT count(*) FROM recent WHERE time > now() - INTERVAL 1 HOUR", [[1]]),
        ("SELECT count(*) FROM cpu WHERE time >= '2026-09-21' AND time < '2026-09-22'", [[6]]),
        (
            "WITH t AS (SELECT host, max(n) m FROM cpu GROUP BY 1) SELECT m, used FROM t NATURAL JOIN mem",
            [[4, 7]],
        ),
        ("SELECT a.load, b.load FROM cpu a, cpu b WHERE a.n = 1 AND b.n = 2", [[1.5, 2.5]]),
        (
            "SELECT 1 AS a, 2 AS a, 1.5 AS d, NULL, true, 'x''y', [1, 2]",
            [[1, 2, 1.5, None, True, "x'y", "[1, 2]"]],
        ),
        ("SELECT i FROM range(3) r(i) UNION ALL SELECT 7", [[0], [1], [2], [7]]),
        ("SELECT 'nan'::DOUBLE, 'inf'::DOUBLE, sum(n)::HUGEINT FROM cpu", [[None, None, 10]]),
        ('SELECT v, v_2 FROM "we""ird"', [["x", 1.0]]),
        ("SELECT count(*) FROM main.CPU", [[6]]),
        ("WITH tables AS (SELECT n FROM cpu) SELECT max(n) FROM tables", [[4]]),
        ("SELECT count(*) FROM (DESCRIBE cpu)", [[4]]),
        ("SELECT name FROM (SHOW ALL TABLES) -- cpu", [["cpu"]]),
        ('SELECT t FROM "Room" UNION ALL SELECT t FROM room_2', [[1.0], [2.0]]),
        ("SELECT time_bucket(INTERVAL 1 MINUTE, time::TIMESTAMP) AS m, count(*) FROM cpu GROUP BY m", None),
        ("SELECT current_timestamp > '2020-01-01'::TIMESTAMPTZ, current_timestamp IS NULL", [[True, False]]),
    ],
)
def test_questions(hub: HubProcess, sql: str, rows: list[list[Any]] | None) -> None:
    answer = hub.sql(sql)
    assert answer == rows if rows is not None else answer


def test_columns_have_names_and_types(hub: HubProcess) -> None:
    answer = hub.json(
        "POST", "/api/sql", {"sql": "SELECT time, host, load AS x, n FROM cpu ORDER BY time LIMIT 1"}
    )
    assert [(c["name"], c["type"]) for c in answer["columns"]] == [
        ("time", "TIMESTAMP_NS"),
        ("host", "VARCHAR"),
        ("x", "DOUBLE"),
        ("n", "BIGINT"),
    ]
    assert answer["rows"] == [["2026-09-21T14:13:20Z", "a", 0.25, 0]]


def test_times_with_a_zone_are_text_in_utc(hub: HubProcess) -> None:
    assert hub.sql("SELECT '2026-01-02 03:04:05.5+02:00'::TIMESTAMPTZ") == [["2026-01-02T01:04:05.5Z"]]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("INSERT INTO cpu VALUES (1)", "only SELECT"),
        ("CREATE TABLE x AS SELECT 1", "only SELECT"),
        ("DROP VIEW cpu", "only SELECT"),
        ("UPDATE cpu SET n = 1", "only SELECT"),
        ("COPY (SELECT 1) TO 'heliograph-was-here.csv'", "only SELECT"),
        ("EXPORT DATABASE 'heliograph-was-here'", "only SELECT"),
        ("PRAGMA database_list", "only SELECT"),
        ("ATTACH '/tmp/x.db'", "only SELECT"),
        ("SET memory_limit = '9GB'", "only SELECT"),
        ("INSTALL httpfs", "only SELECT"),
        ("LOAD httpfs", "only SELECT"),
        ("CALL duckdb_settings()", "only SELECT"),
        ("EXPLAIN ANALYZE SELECT 1", "only SELECT"),
        ("SELECT 1; SELECT 2", "one statement is expected, 2 came"),
        ("SELECT 1; DROP VIEW cpu", "one statement is expected, 2 came"),
        ("", "one statement is expected, 0 came"),
        ("-- nothing", "one statement is expected, 0 came"),
        ("SELECT * FROM read_csv('/etc/passwd')", "table function read_csv may not"),
        ("SELECT * FROM READ_TEXT('/etc/passwd')", "table function read_text may not"),
        ("SELECT * FROM read_blob('/etc/passwd')", "table function read_blob may not"),
        ("SELECT * FROM glob('/*')", "table function glob may not"),
        ("SELECT * FROM duckdb_settings()", "table function duckdb_settings may not"),
        ("SELECT * FROM query('SELECT 1')", "table function query may not"),
        ("SELECT (SELECT count(*) FROM read_text('/etc/passwd'))", "table function read_text may not"),
        (
            "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
            "table function read_text may not",
        ),
        ("SELECT * FROM cpu WHERE n IN (SELECT 1 FROM glob('/*'))", "table function glob may not"),
        ("SELECT * FROM duckdb_views()", "table function duckdb_views may not"),
        ("SELECT * FROM duckdb_views", "the table duckdb_views may not"),
        ("SELECT * FROM Main.DuckDB_Views", "the table main.duckdb_views may not"),
        ("SELECT * FROM system.main.sqlite_master", "the table system.main.sqlite_master may not"),
        ("SELECT sql FROM sqlite_master, cpu", "the table sqlite_master may not"),
        ("SELECT * FROM information_schema.views", "the table information_schema.views may not"),
        ("SELECT * FROM pg_views", "the table pg_views may not"),
        (
            "SELECT * FROM duckdb_views, (WITH duckdb_views AS (SELECT 1) SELECT * FROM duckdb_views)",
            "the table duckdb_views may not",
        ),
        (
            "SELECT n, (SELECT max(sql) FROM pg_catalog.pg_views) FROM cpu",
            "the table pg_catalog.pg_views may",
        ),
        ("SELECT current_setting('allowed_paths')", "the function current_setting may not"),
        ("SELECT pg_catalog.pg_get_viewdef(n) FROM cpu", "the function pg_get_viewdef may not"),
        ("SELECT json_serialize_plan('SELECT * FROM cpu')", "the function json_serialize_plan may not"),
        ("SELECT * FROM (DESCRIBE (FROM duckdb_views))", "the table duckdb_views may not"),
        ("SELECT * FROM '/etc/passwd'", "passwd"),
        ("SELECT * FROM '/etc/passwd.csv'", "passwd"),
        ("SELECT nope FROM cpu", "nope"),
        ("SELECT * FROM nope", "the bucket has Room, cpu"),
        ("SELEKT 1", "SELEKT"),
        ("SELECT 1/0 + 'x'", "x"),
    ],
)
def test_what_is_refused_and_why(hub: HubProcess, sql: str, reason: str) -> None:
    assert reason.lower() in refused(hub, sql).lower()
    assert not list(Path().glob("heliograph-was-here*"))


def test_files_of_the_hub_that_are_not_the_buckets_segments_are_out_of_reach(hub: HubProcess) -> None:
    for path in (hub.home / "operator.token", hub.home / "catalog.db", hub.home / "nats" / "hub.password"):
        assert hub.token not in refused(hub, f"SELECT * FROM '{path}'")


def test_a_statement_that_runs_for_ever_is_ended_and_the_next_one_works(hub: HubProcess) -> None:
    endless = (
        "SELECT count(*) FROM range(99999) a, range(99999) b, range(99999) c WHERE a.range * b.range = 7"
    )
    assert "longer than 3 s" in refused(hub, endless)
    assert hub.sql("SELECT 1") == [[1]]


@pytest.mark.parametrize(
    "greedy",
    [
        "SELECT list(range::VARCHAR || 'x' ORDER BY hash(range)) FROM range(30000000)",
        "SELECT length(repeat('x', 1500000000))",
    ],
)
def test_a_statement_that_wants_all_memory_is_ended(hub: HubProcess, greedy: str) -> None:
    assert "memory" in refused(hub, greedy).lower()


def test_long_answers_are_refused_with_the_limit(hub: HubProcess) -> None:
    assert "more than 100,000 rows" in refused(hub, "SELECT * FROM range(100001)")
    assert len(hub.sql("SELECT * FROM range(100000)")) == 100_000


def test_nothing_is_left_in_the_scratch_folder(hub: HubProcess) -> None:
    hub.sql("SELECT count(*) FROM cpu")
    refused(hub, "SELECT nope FROM cpu")
    assert list((hub.home / "tmp").iterdir()) == []


def test_an_unknown_bucket_and_a_missing_statement(hub: HubProcess) -> None:
    assert hub.request("POST", "/api/sql", {"sql": "SELECT 1", "bucket": "nope"})[0] == 404
    assert hub.request("POST", "/api/sql", {"bucket": "telegraf"})[0] == 400
    assert hub.request("POST", "/api/sql", {"sql": "SELECT 1"}, token=None)[0] == 401
