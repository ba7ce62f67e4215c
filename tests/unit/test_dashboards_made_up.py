"""Made-up points have what the variables of a dashboard list."""

from __future__ import annotations

import time
from typing import Any

from heliograph.dashboards.demo.points import demo_of, view_range
from heliograph.dashboards.view import view_of

_FROM = 'from(bucket: "telegraf") |> range(start: -1h) |> filter(fn: (r) => r._measurement == '
_TAG_VALUES = (
    'import "influxdata/influxdb/schema"\nschema.tagValues(bucket: v.defaultBucket, tag: "nodename")'
)


def test_variables_of_flux_find_their_values() -> None:
    nodes = _variable("node", _TAG_VALUES)
    guests = _variable("guest", f'{_FROM}"guests") |> keyValues(keyColumns: ["vmid"]) |> distinct()')
    lines = _lines([nodes, guests], f'{_FROM}"cpu" and r._field == "used")')
    assert any("nodename=nodename1" in line for line in lines)
    assert any(line.startswith("guests,") and "vmid=" in line for line in lines)


def test_nothing_is_added_where_the_panels_have_the_tag() -> None:
    lines = _lines([_variable("node", _TAG_VALUES)], f'{_FROM}"cpu" and r.nodename == "${{node}}")')
    assert {line.split(" ")[0] for line in lines} == {"cpu,nodename=nodename1"}


def _variable(name: str, query: str) -> dict[str, Any]:
    return {"name": name, "type": "query", "query": query, "current": {}}


def _lines(variables: list[dict[str, Any]], query: str) -> list[str]:
    panel = {"id": 1, "type": "timeseries", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}}
    document = {
        "title": "made up",
        "schemaVersion": 41,
        "templating": {"list": variables},
        "panels": [panel | {"targets": [{"refId": "A", "query": query}]}],
    }
    view = view_of(document, {}).dashboard
    demo = demo_of(view, view_range(view, time.time_ns() // 1_000_000), "telegraf")
    return [line for bucket in demo.buckets for line in demo.lines(bucket)]
