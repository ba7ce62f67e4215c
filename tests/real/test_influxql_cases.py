"""The questions of InfluxDB's own server tests, where they are at hand, put to a hub."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

FILE = Path(os.environ.get("HELIO_CORPUS") or "no-corpus") / "cases" / "influxql_server.json"

EXPLAINED = {
    "SELECT MEAN(value), STDDEV(value) FROM intmax": "the same float, with fewer digits",
}
"""Questions that we answer otherwise, and why."""

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="HELIO_CORPUS names no cases/influxql_server.json")


def ask(hub: HubProcess, text: str, parameters: dict[str, str] | None = None) -> str:
    _, _, body = hub.request("POST", f"/query?{urlencode({**(parameters or {}), 'q': text})}")
    return body.decode()


def prepare(hub: HubProcess, step: dict[str, Any]) -> None:
    """Carry out a step that asks nothing."""
    if step["op"] in ("create_db", "create_db_rp"):
        ask(hub, f'CREATE DATABASE "{step["db"]}"')
    if step["op"] == "create_db_rp":
        seconds = step["duration_ns"] // 10**9
        duration = f"{seconds}s" if seconds else "INF"
        default = " DEFAULT" if step["default"] else ""
        place = f'"{step["rp"]}" ON "{step["db"]}"'
        ask(hub, f"CREATE RETENTION POLICY {place} DURATION {duration} REPLICATION 1{default}")
    if step["op"] == "drop_db":
        ask(hub, f'DROP DATABASE "{step["db"]}"')
    if step["op"] == "write":
        parameters = {**step.get("params", {}), "db": step["db"], "rp": step["rp"]}
        hub.request("POST", f"/write?{urlencode(parameters)}", step["data"].encode())


def reset(hub: HubProcess) -> None:
    series = json.loads(ask(hub, "SHOW DATABASES"))["results"][0]["series"][0]
    for (name,) in series.get("values", []):
        ask(hub, f'DROP DATABASE "{name}"')


@covers("InfluxQL", "the questions of InfluxDB's own server tests")
def test_every_case_has_influxdbs_answer(hub: HubProcess) -> None:
    wrong, asked = [], 0
    for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]:
        if case.get("note"):
            continue
        reset(hub)
        for step in case["steps"]:
            if step["op"] == "reset":
                reset(hub)
            elif step["op"] != "query":
                prepare(hub, step)
            elif "exp" in step and not step.get("skip") and not step.get("pattern"):
                asked += 1
                answer = ask(hub, step["q"], step.get("params"))
                if json.loads(answer) != json.loads(step["exp"]) and step["q"] not in EXPLAINED:
                    wrong.append((case["name"], step["q"], step["exp"], answer))
    assert asked > 300
    assert not wrong, wrong[:3]
