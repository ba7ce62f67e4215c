"""What is beyond a limit is refused with its name, and what is within is not; also after a crash."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.hub_process import HubProcess

T = 1_790_000_000_000_000_000
SETTINGS = {
    "series_per_bucket": 3,
    "line_bytes": 100,
    "point_tags": 2,
    "point_fields": 3,
    "query_groups": 20,
    "query_rows": 10,
    "query_seconds": 1,
}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[HubProcess]:
    settings = [part for name, value in SETTINGS.items() for part in ("--set", f"limits.{name}={value}")]
    with HubProcess(tmp_path / "hub", "--no-agent", *settings) as running:
        yield running


def write(hub: HubProcess, lines: str, path: str = "/api/v2/write?bucket=telegraf") -> tuple[int, str]:
    status, _, answer = hub.request("POST", path, lines.encode())
    body = json.loads(answer) if answer else {}
    return status, body.get("message") or body.get("error") or ""


def hosts(hub: HubProcess) -> list[Any]:
    return [row[0] for row in hub.sql("SELECT DISTINCT host FROM m ORDER BY host")]


def test_lines_beyond_a_limit_are_refused_and_the_others_written(small: HubProcess) -> None:
    lines = {
        f'm,host=a s="{"x" * 100}" {T}': "limits.line_bytes",
        f"m,host=a,b=1,c=1 v=1 {T}": "limits.point_tags",
        f"m,host=a v=1,w=1,x=1,y=1 {T}": "limits.point_fields",
    }
    for line, limit in lines.items():
        status, message = write(small, f"{line}\nm,host=a v=1 {T}")
        assert status == 400
        assert limit in message
        assert "1 points were written" in message
    assert small.sql("SELECT host, v FROM m") == [["a", 1.0]]


def test_points_of_too_many_series_are_refused_and_stay_refused_after_a_crash(small: HubProcess) -> None:
    lines = "\n".join(f"m,host={host} v=1 {T}" for host in "abcde")
    status, message = write(small, lines)
    assert (status, "3 series (limits.series_per_bucket)" in message) == (422, True)
    assert message.endswith("dropped=2; 3 points were written")
    status, message = write(small, f"m,host=f v=1 {T}\nm,host=a v=2 {T}", "/write?db=telegraf")
    assert (status, message.startswith("partial write: a bucket may have 3 series")) == (400, True)
    assert message.endswith("dropped=1")
    assert hosts(small) == ["a", "b", "c"]
    small.kill()
    small.start()
    assert hosts(small) == ["a", "b", "c"]
    assert small.sql("SELECT v FROM m WHERE host = 'a'") == [[2.0]]
    assert small.status()["counters"]["http_read_back"] == 2


def test_points_of_too_many_series_over_mqtt_can_be_seen(small: HubProcess) -> None:
    payload = "\n".join(f"m,host={host} v=1 {T}" for host in "abcd")
    command = ["mosquitto_pub", "-h", small.mqtt_host, "-p", str(small.mqtt_port), "-q", "1", "-s"]
    subprocess.run([*command, "-t", "tel/pi/lp"], input=payload.encode(), check=True, timeout=120)
    deadline = time.monotonic() + 120
    while not (refused := small.status()["quarantine"]["recent"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "1 of 4 points would have made more than 3 series" in refused[0]["reason"]
    assert hosts(small) == ["a", "b", "c"]
    (line,) = small.json("GET", "/api/ledger")["devices"]
    assert (line["visible"], line["points"], line["quarantined"]) == (1, 3, 1)


def test_answers_beyond_a_limit_are_refused_with_its_name(small: HubProcess) -> None:
    lines = "\n".join(f"m,host={host} v={n} {T + n * 1_000_000}" for host in "abc" for n in range(7))
    assert small.write(lines) == 204

    def ask(**query: Any) -> dict[str, Any]:
        body = {"start_ms": T // 1_000_000, "end_ms": T // 1_000_000 + 7, "interval_ms": 1}
        entry = {"measurement": "m", "fields": ["v"], **query}
        answer: dict[str, Any] = small.json("POST", "/api/query", body | {"queries": [entry]})["results"][0]
        return answer

    assert "20 intervals times series are the most (limits.query_groups)" in ask(group_by=["host"])["error"]
    assert len(ask()["time_ms"]) == 7
    assert "more than 10 rows, which are the most (limits.query_rows)" in ask(fn="points")["error"]
    assert len(ask(fn="points", limit=10)["time_ms"]) == 10
    for sql, limit in {
        "SELECT * FROM m": "more than 10 rows, which are the most (limits.query_rows)",
        "SELECT count(*) FROM range(99999) a, range(99999) b, range(99999) c WHERE a.range * b.range = 7": (
            "longer than 1 s (limits.query_seconds)"
        ),
    }.items():
        status, _, answer = small.request("POST", "/api/sql", {"sql": sql})
        assert (status, limit in json.loads(answer)["message"]) == (400, True), answer
    assert len(small.sql("SELECT * FROM m LIMIT 10")) == 10


def test_points_of_too_many_fields_over_mqtt_cost_no_others(small: HubProcess) -> None:
    lines = [f"w,host=a f{n}=1,g{n}=1,h{n}=1 {T + n}" for n in range(400)]  # 1 + 3 × 333 = 1,000
    payload = "\n".join([*lines, f"w,host=a f0=2 {T + 400}", f"ok v=1 {T}"])
    command = ["mosquitto_pub", "-h", small.mqtt_host, "-p", str(small.mqtt_port), "-q", "1", "-s"]
    subprocess.run([*command, "-t", "tel/pi/lp"], input=payload.encode(), check=True, timeout=120)
    deadline = time.monotonic() + 120
    for _ in range(2):
        while not any(line["visible"] for line in small.json("GET", "/api/ledger")["devices"]):
            assert time.monotonic() < deadline  # what is refused is told before the rest is there
            time.sleep(0.05)
        refused = small.status()["quarantine"]["recent"]
        assert "67 of 402 points would have given w more than 1,000 different tags" in refused[0]["reason"]
        (line,) = small.json("GET", "/api/ledger")["devices"]
        assert (line["visible"], line["points"], line["quarantined"]) == (1, 335, 67)
        assert small.sql("SELECT v FROM ok") == [[1.0]]
        small.kill()
        small.start()
