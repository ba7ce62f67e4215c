"""Dashboards of every version and form: what the view makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from heliograph.dashboards.builder import builder_text
from heliograph.dashboards.envelope import unwrapped
from heliograph.dashboards.view import view_of
from heliograph.errors import QueryError

Json = dict[str, Any]


def view(document: Json, **inputs: str) -> Json:
    return view_of(unwrapped(document), inputs).dashboard


def one(panel: Json, **inputs: str) -> Json:
    shown: Json = view({"panels": [panel]}, **inputs)["panels"][0]
    return shown


def custom(panel: Json) -> Json:
    found: Json = panel["fieldConfig"]["defaults"]["custom"]
    return found


def test_rows_become_places_in_a_grid_of_24() -> None:
    rows = [
        {
            "title": "CPU",
            "showTitle": True,
            "height": "250px",
            "panels": [{"span": 6}, {"span": 6}, {"span": 12}],
        },
        {"title": "Net", "collapse": True, "height": 380, "panels": [{"span": 4}]},
    ]
    panels = view({"rows": rows, "schemaVersion": 12})["panels"]
    assert [(p["type"], tuple(p["gridPos"].values())) for p in panels] == [
        ("row", (0, 0, 24, 1)),
        ("", (0, 1, 12, 7)),
        ("", (12, 1, 12, 7)),
        ("", (0, 8, 24, 7)),
        ("row", (0, 15, 24, 1)),
    ]
    assert panels[-1]["collapsed"]
    assert [p["gridPos"] for p in panels[-1]["panels"]] == [{"x": 0, "y": 16, "w": 8, "h": 10}]


def test_rows_without_names_are_only_places() -> None:
    panels = view({"rows": [{"panels": [{"span": 12, "type": "text"}]}] * 2})["panels"]
    assert [(p["type"], p["gridPos"]["y"], p["id"]) for p in panels] == [("text", 0, 1), ("text", 7, 2)]


def test_a_graph_becomes_a_time_series() -> None:
    shown = one(
        {
            "type": "graph",
            "bars": True,
            "lines": False,
            "stack": True,
            "percentage": True,
            "nullPointMode": "connected",
            "yaxes": [{"format": "bps", "min": "0", "label": "rate", "logBase": 10}, {"format": "percent"}],
            "seriesOverrides": [{"alias": "/out$/", "transform": "negative-Y", "yaxis": 2}],
            "aliasColors": {"in": "#ff0000"},
            "legend": {"show": True, "alignAsTable": True, "values": True, "avg": True, "current": True},
            "thresholds": [{"value": 80, "op": "gt", "colorMode": "critical", "fill": True, "line": False}],
            "somebodys": {"own": 1},
        }
    )
    assert shown["type"] == "timeseries"
    assert shown["somebodys"] == {"own": 1}
    defaults = shown["fieldConfig"]["defaults"]
    assert (defaults["unit"], defaults["min"]) == ("bps", 0)
    assert defaults["thresholds"]["steps"][1] == {"color": "red", "value": 80}
    found = custom(shown)
    assert (found["drawStyle"], found["spanNulls"], found["axisLabel"]) == ("bars", True, "rate")
    assert found["stacking"] == {"group": "A", "mode": "percent"}
    assert found["scaleDistribution"] == {"type": "log", "log": 10}
    assert found["thresholdsStyle"] == {"mode": "area"}
    assert shown["options"]["legend"]["calcs"] == ["mean", "lastNotNull"]
    assert shown["fieldConfig"]["overrides"] == [
        {
            "matcher": {"id": "byName", "options": "in"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": "#ff0000"}}],
        },
        {
            "matcher": {"id": "byRegexp", "options": "/out$/"},
            "properties": [
                {"id": "custom.axisPlacement", "value": "right"},
                {"id": "unit", "value": "percent"},
                {"id": "min", "value": None},
                {"id": "custom.axisLabel", "value": ""},
                {"id": "custom.scaleDistribution", "value": {"type": "linear"}},
                {"id": "custom.transform", "value": "negative-Y"},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("mode", "kind"), [("series", "barchart"), ("histogram", "histogram"), ("time", "timeseries")]
)
def test_what_a_graph_becomes_depends_on_its_axis(mode: str, kind: str) -> None:
    assert one({"type": "graph", "xaxis": {"mode": mode}})["type"] == kind


def test_what_the_left_axis_says_does_not_hold_for_the_right_one() -> None:
    left = {"format": "volt", "min": 200, "max": "250", "label": "in", "logBase": 10}
    overrides = [{"alias": "load", "yaxis": 2, "bars": True, "lines": False}]
    shown = one({"type": "graph", "yaxes": [left, {"format": "percent"}], "seriesOverrides": overrides})
    (found,) = shown["fieldConfig"]["overrides"]
    assert {p["id"]: p["value"] for p in found["properties"]} == {
        "custom.axisPlacement": "right",
        "unit": "percent",
        "min": None,
        "max": None,
        "custom.axisLabel": "",
        "custom.scaleDistribution": {"type": "linear"},
        "custom.drawStyle": "bars",
        "custom.fillOpacity": 100,
        "custom.lineWidth": 1,
    }


def test_bars_of_series_are_one_for_each() -> None:
    shown = one({"type": "graph", "xaxis": {"mode": "series", "values": ["avg"]}})
    assert shown["transformations"] == [{"id": "reduce", "options": {"reducers": ["mean"]}}]


def test_the_time_of_the_last_value_is_a_time() -> None:
    shown = one({"type": "singlestat", "valueName": "last_time", "format": "dateTimeFromNow"})
    assert shown["options"]["reduceOptions"] == {
        "calcs": ["lastNotNull"],
        "fields": "/^Time$/",
        "values": False,
    }


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ('import "influxdata/influxdb/v1"\nv1.tagValues(bucket: v.bucket, tag: "node")', "flux"),
        ('import "influxdata/influxdb/schema"\n\nschema.tagValues(bucket: "x", tag: "node")', "flux"),
        ('SHOW TAG VALUES FROM "v1" WITH KEY = "import"', "influxql"),
    ],
)
def test_the_language_of_a_variable_is_seen(query: str, language: str) -> None:
    listed = [{"name": "node", "type": "query", "query": {"query": query}}]
    found = view_of(unwrapped({"templating": {"list": listed}, "panels": []}), {})
    assert found.dashboard["templating"]["list"][0]["x-helio"]["language"] == language


def test_a_singlestat_becomes_a_stat_or_a_gauge() -> None:
    old = {
        "type": "singlestat",
        "format": "celsius",
        "thresholds": "60, 80",
        "colors": ["green", "orange", "red"],
        "valueName": "current",
        "colorValue": True,
        "valueMaps": [{"op": "=", "value": "null", "text": "N/A"}, {"op": "=", "value": "1", "text": "on"}],
        "mappingType": 1,
    }
    shown = one(old)
    assert shown["type"] == "stat"
    defaults = shown["fieldConfig"]["defaults"]
    assert defaults["thresholds"]["steps"] == [
        {"color": "green", "value": None},
        {"color": "orange", "value": 60},
        {"color": "red", "value": 80},
    ]
    assert defaults["mappings"] == [
        {"type": "special", "options": {"match": "null", "result": {"text": "N/A"}}},
        {"type": "value", "options": {"1": {"text": "on"}}},
    ]
    assert shown["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
    assert shown["options"]["colorMode"] == "value"
    gauge = one(old | {"gauge": {"show": True, "minValue": 0, "maxValue": 100}})
    assert (gauge["type"], gauge["fieldConfig"]["defaults"]["max"]) == ("gauge", 100)


def test_styles_of_an_old_table_become_overrides() -> None:
    styles = [
        {"pattern": "Time", "type": "hidden"},
        {"pattern": "/.*/", "type": "number", "unit": "short", "decimals": 1},
        {
            "pattern": "used",
            "alias": "Used",
            "unit": "percent",
            "colorMode": "cell",
            "thresholds": ["50", "80"],
        },
    ]
    shown = one({"type": "table-old", "styles": styles, "transform": "timeseries_aggregations",
                 "columns": [{"value": "avg"}], "sort": {"col": 1, "desc": True}})  # fmt: skip
    assert shown["type"] == "table"
    assert shown["fieldConfig"]["defaults"]["unit"] == "short"
    hidden, used = shown["fieldConfig"]["overrides"]
    assert hidden["properties"] == [{"id": "custom.hidden", "value": True}]
    assert [p["id"] for p in used["properties"]] == [
        "displayName", "unit", "custom.cellOptions", "thresholds", "color",
    ]  # fmt: skip
    assert shown["transformations"] == [
        {"id": "reduce", "options": {"reducers": ["mean"], "includeTimeField": False}},
        # columns are called as they were when styles were written for them
        {"id": "organize", "options": {"renameByName": {"Field": "Metric", "Mean": "Avg"}}},
    ]


def test_an_unknown_panel_is_named_and_counted() -> None:
    found = view_of(unwrapped({"panels": [{"type": "somebody-panel", "id": 7}, {"type": "trend"}]}), {})
    assert found.dashboard["panels"][0]["x-helio"]["unsupported"] == "somebody-panel"
    assert found.report["unsupported"] == [
        {"panel": 7, "title": "", "type": "somebody-panel", "what": "somebody-panel"}
    ]
    assert (found.report["panels"], found.report["supported"], len(found.report["degraded"])) == (2, 0, 1)


def test_the_builders_parts_become_a_text() -> None:
    target = {
        "refId": "B",
        "policy": "weeks",
        "measurement": "cpu",
        "select": [
            [
                {"type": "field", "params": ["usage"]},
                {"type": "mean", "params": []},
                {"type": "math", "params": [" * 2"]},
                {"type": "alias", "params": ["x"]},
            ],
            [{"type": "field", "params": ["n"]}, {"type": "derivative", "params": ["1s"]}],
        ],
        "tags": [
            {"key": "host", "operator": "=~", "value": "/^$host$/"},
            {"condition": "OR", "key": "cpu::tag", "value": "it's"},
            {"condition": "AND", "key": "n::field", "operator": ">", "value": "3"},
        ],
        "groupBy": [
            {"type": "time", "params": ["auto"]},
            {"type": "tag", "params": ["host"]},
            {"type": "fill", "params": ["none"]},
        ],
        "orderByTime": "DESC",
        "limit": "5",
        "tz": "Europe/Berlin",
    }
    shown = one({"type": "timeseries", "targets": [target]})["targets"][0]
    assert shown["query"] == (
        'SELECT mean("usage")  * 2 AS "x", derivative("n", 1s) FROM "weeks"."cpu"'
        """ WHERE ("host" =~ /^$host$/ OR "cpu"::tag = 'it\\'s' AND "n"::field > 3) AND $timeFilter"""
        ' GROUP BY time($__interval), "host" fill(none)'
        " ORDER BY time DESC limit 5 tz('Europe/Berlin')"
    )
    assert shown["x-helio"] == {"language": "influxql", "bucket": "telegraf", "datasource": None}


BUILDER_TEXTS = Path(__file__).parents[1] / "golden" / "builder_texts.json"


@pytest.mark.parametrize("case", range(len(json.loads(BUILDER_TEXTS.read_text()))))
def test_the_builder_writes_what_the_page_writes(case: int) -> None:
    expected = json.loads(BUILDER_TEXTS.read_text())[case]
    assert builder_text(expected["target"]) == expected["text"]


def test_data_sources_and_inputs_mean_this_hub() -> None:
    document = {
        "__inputs": [
            {"name": "DS_X", "type": "datasource", "pluginId": "influxdb"},
            {"name": "DS_P", "type": "datasource", "pluginId": "prometheus"},
            {"name": "VAR_TZ", "type": "constant", "value": "Europe/Berlin"},
        ],
        "panels": [
            {
                "type": "timeseries",
                "title": "in ${VAR_TZ}",
                "datasource": "-- Mixed --",
                "targets": [
                    {"query": 'from(bucket: "b") |> range(start: -1h)', "datasource": {"uid": "${DS_X}"}},
                    {"query": "up", "datasource": {"uid": "${DS_P}"}},
                    {"type": "classic_conditions", "datasource": {"type": "__expr__", "uid": "__expr__"}},
                ],
            }
        ],
    }
    panel = view(document, DS_X="garden", VAR_TZ="UTC")["panels"][0]
    assert panel["title"] == "in UTC"
    told = [target["x-helio"] for target in panel["targets"]]
    assert [(t["language"], t["bucket"]) for t in told] == [("flux", "garden"), (None, None), (None, None)]
    assert panel["x-helio"]["degraded"] == [
        "B asks prometheus, which is no data source of this hub",
        "C is of the kind classic_conditions, which is not computed",
    ]


def test_every_wrapper_is_read() -> None:
    inner = {"title": "T", "panels": []}
    assert unwrapped({"dashboard": inner, "meta": {}}) == inner
    resource = {"apiVersion": "dashboard.grafana.app/v1beta1", "metadata": {"name": "n"}, "spec": inner}
    assert unwrapped(resource) == resource
    assert view(resource)["title"] == "T"


def test_a_resource_of_v2_is_laid_out() -> None:
    panel = {
        "kind": "Panel",
        "spec": {
            "id": 4,
            "title": "CPU",
            "data": {
                "kind": "QueryGroup",
                "spec": {
                    "queries": [
                        {
                            "kind": "PanelQuery",
                            "spec": {
                                "refId": "A",
                                "query": {
                                    "kind": "DataQuery",
                                    "group": "influxdb",
                                    "datasource": {"name": "u"},
                                    "spec": {"query": "SELECT v FROM m", "rawQuery": True},
                                },
                            },
                        }
                    ],
                    "queryOptions": {"maxDataPoints": 10},
                },
            },
            "vizConfig": {"kind": "VizConfig", "group": "gauge", "spec": {"options": {}, "fieldConfig": {}}},
        },
    }
    item = {
        "kind": "GridLayoutItem",
        "spec": {"x": 3, "y": 1, "width": 9, "height": 5, "element": {"name": "p"}},
    }
    grid = {"kind": "GridLayout", "spec": {"items": [item]}}
    row = {"kind": "RowsLayoutRow", "spec": {"title": "R", "layout": grid}}
    shown = view(
        {
            "apiVersion": "dashboard.grafana.app/v2beta1",
            "metadata": {"name": "x"},
            "spec": {
                "title": "V2",
                "elements": {"p": panel},
                "layout": {"kind": "RowsLayout", "spec": {"rows": [row]}},
                "variables": [{"kind": "CustomVariable", "spec": {"name": "v", "query": "a,b"}}],
                "timeSettings": {"from": "now-2h", "to": "now"},
            },
        }
    )
    assert [p["type"] for p in shown["panels"]] == ["row", "gauge"]
    gauge = shown["panels"][1]
    assert gauge["gridPos"] == {"x": 3, "y": 2, "w": 9, "h": 5}
    assert (gauge["targets"][0]["x-helio"]["language"], gauge["maxDataPoints"]) == ("influxql", 10)
    assert (shown["time"]["from"], shown["templating"]["list"][0]["type"]) == ("now-2h", "custom")


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "x",
        3,
        {},
        {"a": 1},
        {"apiVersion": "v1", "kind": "Pod"},
        {"dashboard": {}},
        {"dashboard": []},
    ],
)
def test_what_is_no_dashboard_is_refused_with_a_hint(document: object) -> None:
    with pytest.raises(QueryError, match=r"expected|is a JSON object"):
        unwrapped(document)


def test_what_is_too_deep_or_too_large_is_refused() -> None:
    deep: Json = {}
    for _ in range(60):
        deep = {"panels": [deep]}
    with pytest.raises(QueryError, match="levels deep"):
        unwrapped(deep)
    with pytest.raises(QueryError, match="values"):
        unwrapped({"panels": [0] * 600_000})
    with pytest.raises(QueryError, match="panels"):
        view({"panels": [{"type": "text"}] * 3_000})


def test_texts_of_wrong_kinds_stop_no_panel() -> None:
    target = {"refId": "A", "query": "SELECT 1", "alias": 7}
    panel = {"type": "stat", "timeFrom": 5, "timeShift": ["1h"], "interval": {}, "targets": [target]}
    shown = view_of({"panels": [panel]}, {}).dashboard["panels"][0]
    assert [shown[key] for key in ("timeFrom", "timeShift", "interval")] == ["", "", ""]
    assert shown["targets"][0]["alias"] == ""
