"""What of a panel's options is drawn otherwise is told, and what is drawn is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from heliograph.dashboards.unread import TRANSFORMATIONS
from heliograph.dashboards.view import view_of

Json = dict[str, Any]
WEB = Path(__file__).parents[2] / "web" / "src" / "dashboard"


def told(panel: Json) -> list[str]:
    found: list[str] = view_of({"panels": [panel]}, {}).dashboard["panels"][0]["x-helio"]["degraded"]
    return found


def custom(**settings: Any) -> Json:
    return {"fieldConfig": {"defaults": {"custom": settings}, "overrides": []}}


@pytest.mark.parametrize(
    ("panel", "sentence"),
    [
        ({"type": "timeseries", **custom(showValues=True)}, "values are not written beside their points"),
        ({"type": "heatmap", "options": {"legend": {"show": True}}}, "the scale of the colours is not shown"),
        ({"type": "barchart", **custom(axisLabel="W")}, "the axis has no name: W"),
        (
            {"type": "table", **custom(cellOptions={"type": "sparkline"})},
            "cells of the kind sparkline are shown as text",
        ),
        (
            {"type": "geomap", "options": {"layers": [{"type": "heatmap"}]}},
            "the layer heatmap is drawn as points",
        ),
        (
            {"type": "xychart", "options": {"series": [{"pointColor": {"field": "kind"}}]}},
            "points of a series have one colour, not that of a field",
        ),
        (
            {"type": "stat", "transformations": [{"id": "regression"}]},
            "the transformation regression is left out",
        ),
        (
            {"type": "stat", "fieldConfig": {"defaults": {"color": {"mode": "rainbow"}}, "overrides": []}},
            "the scheme of colours rainbow is not known",
        ),
        (
            {
                "type": "canvas",
                "options": {
                    "root": {
                        "elements": [
                            {"type": "text"},
                            {"type": "frame", "elements": [{"type": "server"}] * 2},
                        ]
                    }
                },
            },
            "the element server is drawn as a box",
        ),
        (
            {
                "type": "canvas",
                "options": {
                    "root": {
                        "background": {"image": {"fixed": "img/bg.png", "mode": "fixed"}},
                        "elements": [{"type": "text", "background": {"image": {"field": "", "fixed": ""}}}],
                    }
                },
            },
            "pictures behind elements are not drawn",
        ),
    ],
    ids=[
        *("values", "scale", "axis", "cells", "layers", "points", "transformation", "scheme"),
        *("element", "picture"),
    ],
)
def test_what_is_not_drawn_is_told(panel: Json, sentence: str) -> None:
    assert told(panel) == [sentence]


@pytest.mark.parametrize(
    "panel",
    [
        {"type": "timeseries", **custom(gradientMode="scheme", showValues=False, insertNulls=60_000)},
        {"type": "table", "options": {"footer": {"show": True, "reducer": ["sum"]}}},
        {
            "type": "barchart",
            "options": {"xTickLabelRotation": -45},
            **custom(axisLabel="", gradientMode="hue"),
        },
        {"type": "stat", "transformations": [{"id": "regression", "disabled": True}, {"id": "reduce"}]},
        {"type": "dashlist"},
    ],
    ids=["lines", "foot", "tilted", "disabled", "dashlist"],
)
def test_what_is_drawn_is_not_told(panel: Json) -> None:
    assert told(panel) == []


def test_settings_of_single_fields_are_read_too() -> None:
    one = {"matcher": {"id": "byName", "options": "x"}, "properties": []}
    cells = one | {"properties": [{"id": "custom.cellOptions", "value": {"type": "image"}}]}
    odd = {"matcher": {"id": "byMood"}, "properties": [{"id": "unit", "value": "s"}]}
    panel = {"type": "table", "fieldConfig": {"defaults": {}, "overrides": [cells, cells, odd]}}
    assert told(panel) == [
        "cells of the kind image are shown as text",
        "settings of fields found by byMood are not applied",
    ]


def test_every_transformation_of_the_page_is_known() -> None:
    drawn = re.findall(r'registerTransform\("(\w+)"', (WEB / "transforms.ts").read_text(encoding="utf-8"))
    assert set(drawn) == TRANSFORMATIONS


def test_what_stands_in_no_panel_is_told() -> None:
    report = view_of(
        {
            "panels": [],
            "annotations": {
                "list": [{"builtIn": 1, "name": "Alerts"}, {"name": "deploys"}, {"enable": False}]
            },
            "templating": {
                "list": [{"name": "site", "type": "snapshot"}, {"name": "host", "type": "custom"}]
            },
        },
        {},
    ).report
    assert report["elsewhere"] == [
        "the annotations 'deploys' are not drawn",
        "the variable site has a fixed value: snapshot is not asked",
    ]


def test_no_panel_is_blank_without_a_word() -> None:
    shown = view_of({"panels": [{"type": "news"}]}, {}).dashboard["panels"][0]
    assert shown["type"] == "text"
    assert "not fetched" in shown["options"]["content"]
    shown = view_of({"panels": [{"type": "welcome"}]}, {}).dashboard["panels"][0]
    assert shown["options"]["content"] == "The words of welcome are Grafana's own"


def test_a_row_of_an_old_table_is_coloured_as_a_whole() -> None:
    style = {"pattern": "load", "type": "number", "colorMode": "row", "thresholds": ["5"]}
    shown = view_of({"panels": [{"type": "table-old", "styles": [style]}]}, {}).dashboard["panels"][0]
    assert shown["x-helio"]["degraded"] == []
    properties = {one["id"]: one["value"] for one in shown["fieldConfig"]["overrides"][0]["properties"]}
    assert properties["custom.cellOptions"] == {"type": "color-background", "applyToRow": True}


def test_series_of_zeros_are_left_out_of_an_old_legend() -> None:
    panel = {"type": "graph", "legend": {"show": True, "hideZero": True}}
    override = view_of({"panels": [panel]}, {}).dashboard["panels"][0]["fieldConfig"]["overrides"][0]
    assert override["matcher"]["options"]["reducer"] == "allIsZero"
    assert override["properties"][0]["value"]["legend"] is True
