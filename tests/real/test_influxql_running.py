"""What runs in a hub: SHOW QUERIES and KILL QUERY, and continuous queries by the real clock."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess
from tests.real.test_influxd_oracle import INFLUXD, Influxd, influxd

__all__ = ["influxd"]

LONG = "SELECT count(v) FROM m WHERE time >= 0 AND time < 1900s GROUP BY time(1ms), h fill(0)"
DEADLINE = 120.0


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub that has the memory for questions which take long."""
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "limits.query_memory=4GiB") as running:
        yield running


def ask(hub: HubProcess, text: str, token: str = "") -> Any:
    path = f"/query?{urlencode({'q': text, 'db': 'd'})}"
    return json.loads(hub.request("POST", path, token=token)[2])["results"]


def rows(hub: HubProcess, text: str, token: str = "") -> list[list[Any]]:
    (result,) = ask(hub, text, token)
    assert "error" not in result, result
    return [row for series in result.get("series", []) for row in series.get("values", [])]


@covers("InfluxQL", "SHOW QUERIES, KILL QUERY")
def test_a_query_that_runs_is_listed_and_can_be_killed(hub: HubProcess) -> None:
    ask(hub, "CREATE DATABASE d")
    assert (
        hub.request("POST", "/write?db=d", "\n".join(f"m,h={h} v=1 1" for h in range(60)).encode())[0] == 204
    )
    stranger = json.loads(hub.request("POST", "/api/v2/authorizations", _rights(hub))[2])["token"]
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, hub, f"{LONG}; SHOW DATABASES")
        deadline = time.monotonic() + DEADLINE
        while not (found := [row for row in rows(hub, "SHOW QUERIES") if row[1].startswith(LONG)]):
            assert time.monotonic() < deadline
        id_, text, database, duration, status = found[0]
        assert (text, database, status) == (f"{LONG};\nSHOW DATABASES", "d", "running")
        assert duration.endswith("s")
        listed = rows(hub, "SHOW QUERIES", stranger)
        assert [row[1] for row in listed] == ["SHOW QUERIES"], "others' queries are not for everybody"
        assert "only the operator" in ask(hub, f"KILL QUERY {id_}", stranger)[0]["error"]
        assert rows(hub, f"KILL QUERY {id_}") == []
        assert asked.result(30) == [
            {"statement_id": 0, "error": "query interrupted"},
            {"statement_id": 1, "error": "not executed"},
        ]
    assert [row[1] for row in rows(hub, "SHOW QUERIES")] == ["SHOW QUERIES"]
    assert ask(hub, f"KILL QUERY {id_}")[0]["error"] == f"no such query id: {id_}"


def _rights(hub: HubProcess) -> dict[str, Any]:
    bucket = hub.json("GET", "/api/v2/buckets?name=d")["buckets"][0]["id"]
    organization = hub.json("GET", "/api/v2/orgs")["orgs"][0]["id"]
    read = {"action": "read", "resource": {"type": "buckets", "id": bucket}}
    return {"orgID": organization, "permissions": [read]}


def test_a_continuous_query_runs_and_outlasts_a_restart(hub: HubProcess) -> None:
    ask(hub, "CREATE DATABASE d; CREATE RETENTION POLICY long ON d DURATION INF REPLICATION 1")
    made = "SELECT count(v) INTO d.long.counted FROM m GROUP BY time(1s), h"
    assert rows(hub, f"CREATE CONTINUOUS QUERY c ON d RESAMPLE FOR 3s BEGIN {made} END") == []
    seen = write_until_counted(hub, [])
    hub.stop()
    hub.start()
    assert rows(hub, "SHOW CONTINUOUS QUERIES")[0][0] == "c"
    write_until_counted(hub, seen)
    rows(hub, "DROP CONTINUOUS QUERY c ON d")
    assert rows(hub, "SHOW CONTINUOUS QUERIES") == []


def write_until_counted(hub: HubProcess, before: list[list[Any]]) -> list[list[Any]]:
    """Write points of now until the query has counted more of them."""
    deadline = time.monotonic() + DEADLINE
    while (found := rows(hub, "SELECT count, h FROM d.long.counted")) == before:
        assert time.monotonic() < deadline, f"nothing was counted:\n{hub.log[-2000:]}"
        assert hub.request("POST", "/write?db=d", b"m,h=a v=1")[0] == 204
    assert {row[2] for row in found} == {"a"}
    return found


@covers("InfluxQL", "CREATE, SHOW, DROP CONTINUOUS QUERY")
@pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)")
def test_a_continuous_query_writes_what_influxds_does(influxd: Influxd, hub: HubProcess) -> None:
    def both(method: str, path: str, body: str = "") -> tuple[Any, Any]:
        sent = body.encode()
        return influxd.ask(method, path, sent)[1], hub.request(method, path, sent)[2]

    made = "SELECT count(v), max(v) INTO counted FROM m GROUP BY time(1s), h"
    both("POST", f"/query?{urlencode({'q': 'CREATE DATABASE d'})}")
    text = f"CREATE CONTINUOUS QUERY c ON d RESAMPLE EVERY 1s FOR 5s BEGIN {made} END"
    both("POST", f"/query?{urlencode({'q': text})}")
    begin_s = time.time_ns() // 10**9 + 1
    number = 0
    while (now_ns := time.time_ns()) < (begin_s + 4) * 10**9:
        both("POST", "/write?db=d", f"m,h=a v={number} {now_ns}\nm,h=b v={-number} {now_ns}")
        number += 1
        time.sleep(0.05)
    where = f"time >= {begin_s}s AND time < {begin_s + 3}s"
    asked = f"/query?{urlencode({'q': f'SELECT * FROM counted WHERE {where}', 'db': 'd', 'epoch': 's'})}"
    counted = f"/query?{urlencode({'q': f'SELECT count(v) FROM m WHERE {where}', 'db': 'd', 'epoch': 's'})}"
    total = json.loads(both("GET", counted)[0])["results"][0]["series"][0]["values"][0][1]
    deadline = time.monotonic() + DEADLINE
    while True:
        theirs, ours = (json.loads(body)["results"][0] for body in both("GET", asked))
        rows_ = ours.get("series", [{"values": []}])[0]["values"]
        if theirs == ours and sum(row[1] for row in rows_) == total:
            break
        assert time.monotonic() < deadline, f"influxd {theirs}\nhub {ours}\npoints {total}"
        time.sleep(0.1)
    assert len(rows_) == 6
