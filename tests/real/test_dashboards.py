"""Real dashboards on a real hub: imported, given points that fit, asked panel by panel, and given out again.

``HELIO_CORPUS`` names a folder with ``dashboards/*.json``; those that come with the hub are always asked.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from heliograph.dashboards.demo.points import Demo, demo_of, texts_of, view_range
from heliograph.dashboards.expanding import expand
from heliograph.dashboards.library import READY
from tests.real.hub_process import HubProcess

FOLDER = Path(os.environ.get("HELIO_CORPUS") or "no-corpus") / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
_AT_ONCE = 10
_FOUND_NOTHING = {
    # it compares a tag with a field of the name "true", which no point has
    "10415-unifi-uap-insights.json": {"52/A"},
    # it compares a number with a text
    "powerwall-power-flow.json": {"38/T"},
}
Json = dict[str, Any]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "hub", "--no-agent") as running:
        yield running


def fill(hub: HubProcess, view: Json) -> Demo:
    """Write the points that a dashboard needs."""
    demo = demo_of(view, view_range(view, time.time_ns() // 1_000_000), "telegraf")
    assert not demo.unread
    for bucket in demo.buckets:
        if bucket != "telegraf":
            assert hub.request("POST", "/api/buckets", {"name": bucket})[0] == 201
        lines = list(demo.lines(bucket))
        for first in range(0, len(lines), 20_000):
            body = "\n".join(lines[first : first + 20_000]).encode()
            status, _, told = hub.request("POST", f"/api/v2/write?bucket={quote(bucket, safe='')}", body)
            assert status == 204, told[:300]
    return demo


def without_data(hub: HubProcess, view: Json, demo: Demo) -> dict[str, Any]:
    """Ask all queries and return those without values, with their errors."""
    asked = [
        {k: one[k] for k in ("id", "language", "bucket", "format")}
        | {"text": expand(one["text"], one["language"], demo.values), "interval_ms": 1_000}
        for one in texts_of(view)
    ]
    empty = {}
    for first in range(0, len(asked), _AT_ONCE):
        answer = hub.json("POST", "/api/panels/query", {"queries": asked[first : first + _AT_ONCE]})
        for result in answer["results"]:
            fields = [field for frame in result.get("frames", ()) for field in frame["fields"]]
            if not any(v is not None for f in fields if f["type"] != "time" for v in f["values"]):
                empty[result["id"]] = result.get("error")
    return empty


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_real_dashboard_is_taken_answers_and_comes_out_as_it_was(hub: HubProcess, file: Path) -> None:
    document = json.loads(file.read_text())
    made = hub.json("POST", "/api/dashboards/import", {"dashboard": document})
    view = hub.json("GET", f"/api/dashboards/{made['uid']}")["view"]
    assert hub.json("GET", f"/api/dashboards/{made['uid']}/export") == document
    demo = fill(hub, view)
    empty = without_data(hub, view, demo)
    report = made["report"]
    table = (
        f"\n{file.stem:42} panels {report['panels']:4} supported {report['supported']:4}"
        f" degraded {len(report['degraded']):3} unsupported {len(report['unsupported']):2}"
        f" queries {report['queries']:4} with data {report['queries'] - len(empty):4}"
    )
    sys.stdout.write(table)
    assert not report["unsupported"]
    assert empty.keys() == _FOUND_NOTHING.get(file.name, set()), empty


@pytest.mark.parametrize("uid", READY)
def test_every_panel_of_a_ready_made_dashboard_finds_its_points(hub: HubProcess, uid: str) -> None:
    view = hub.json("GET", f"/api/dashboards/{uid}")["view"]
    assert without_data(hub, view, fill(hub, view)) == {}


def test_saving_conflicts_versions_undo_and_deleting(hub: HubProcess) -> None:
    document = {
        "title": "Mine",
        "schemaVersion": 39,
        "unknown": [1],
        "panels": [{"id": 1, "type": "text", "own": 2}],
    }
    uid = hub.json("POST", "/api/dashboards/import", {"dashboard": document})["uid"]
    shown = hub.json("GET", f"/api/dashboards/{uid}")
    view = shown["view"] | {"title": "Changed"}
    body = {"view": view, "version": 1, "message": "another title"}
    assert hub.json("PUT", f"/api/dashboards/{uid}", body)["version"] == 2
    status, _, told = hub.request("PUT", f"/api/dashboards/{uid}", body)
    assert (status, b"version 1" in told, b"version 2" in told) == (409, True, True)
    assert hub.json("GET", f"/api/dashboards/{uid}/export") == document | {"title": "Changed"}
    hub.kill()
    hub.start()
    assert hub.json("POST", f"/api/dashboards/{uid}/restore", {"version": 1})["version"] == 3
    assert hub.json("GET", f"/api/dashboards/{uid}/export") == document
    versions = hub.json("GET", f"/api/dashboards/{uid}/versions")["versions"]
    assert [(one["version"], one["message"]) for one in versions] == [
        (3, "version 1 again"),
        (2, "another title"),
        (1, "imported"),
    ]
    hub.json("DELETE", f"/api/dashboards/{uid}")
    assert hub.request("GET", f"/api/dashboards/{uid}")[0] == 404


def test_a_link_shows_one_dashboard_and_its_buckets_only(hub: HubProcess) -> None:
    hub.request("POST", "/api/buckets", {"name": "secret"})
    assert hub.write("cpu,host=a usage_idle=3") == hub.write("m v=1", bucket="secret") == 204
    link = hub.json("POST", "/api/dashboards/board/share", {"seconds": 600})["link"]
    status, _, shown = hub.request("GET", f"/api/shared/{link}", token=None)
    assert (status, json.loads(shown)["view"]["title"]) == (200, "Board")
    texts = [
        "SELECT usage_idle FROM cpu",
        'SELECT v FROM "secret"..m',
        "DROP MEASUREMENT cpu",
        "SHOW DATABASES",
    ]
    queries = {"queries": [{"id": str(number), "text": text} for number, text in enumerate(texts)]}
    status, _, told = hub.request("POST", f"/api/shared/{link}/query", queries, token=None)
    allowed, other, drop, databases = json.loads(told)["results"]
    assert allowed["frames"][0]["fields"][1]["values"] == [3.0]
    assert "not in it" in other["error"]["message"]
    assert "only reads" in drop["error"]["message"]
    assert "secret" not in json.dumps(databases)
    assert hub.request("GET", "/api/dashboards", token=None)[0] == 401
    assert hub.request("GET", f"/api/shared/{link}/alerts", token=None)[0] == 403, "it lists no alerts"
    assert hub.json("DELETE", "/api/dashboards/board/share")["ended"] == 1
    assert hub.request("GET", f"/api/shared/{link}", token=None)[0] == 401


def test_a_link_to_a_list_of_alerts_shows_those_of_its_buckets(hub: HubProcess) -> None:
    hub.request("POST", "/api/buckets", {"name": "private"})
    for name, bucket in (("open", "telegraf"), ("hidden", "private")):
        rule = {
            "name": name,
            "bucket": bucket,
            "measurement": "heat",
            "field": "t",
            "above": 1,
            "every": "1s",
        }
        assert hub.request("POST", "/api/rules", rule)[0] == 201
    deadline = time.monotonic() + 120
    while len(hub.json("GET", "/api/alerts")["alerts"]) < 2:
        assert time.monotonic() < deadline, "both rules fire"
        for bucket in ("telegraf", "private"):
            assert hub.write("heat t=9", bucket=bucket) == 204
        time.sleep(0.2)
    link = hub.json("POST", "/api/dashboards/fleet/share", {"seconds": 600})["link"]
    status, _, told = hub.request("GET", f"/api/shared/{link}/alerts", token=None)
    assert status == 200
    assert [one["rule"] for one in json.loads(told)["alerts"]] == ["open"]
    for name in ("open", "hidden"):
        hub.request("DELETE", f"/api/rules/{name}")


def test_what_is_no_dashboard_is_answered_with_400(hub: HubProcess) -> None:
    deep = b'{"dashboard": ' + b'{"panels": [' * 400 + b"]}" * 400 + b"}"
    for body in (b"[", b"{}", b'{"dashboard": 3}', b'{"dashboard": {"panels": []}, "inputs": []}', deep):
        status, _, told = hub.request("POST", "/api/dashboards/import", body)
        assert (status, json.loads(told)["code"]) == (400, "invalid"), body[:40]
    entry: Json = {"id": "1", "text": "SELEC"}
    wrong: tuple[Json, ...] = (
        {},
        {"text": 3},
        {"language": "perl"},
        {"bucket": 3},
        {"bucket": "nope"},
        {"format": []},
    )
    for change in wrong:
        (result,) = hub.json("POST", "/api/panels/query", {"queries": [entry | change]})["results"]
        assert result["error"]["message"]
    assert hub.request("POST", "/api/panels/query", {"queries": 3})[0] == 400
