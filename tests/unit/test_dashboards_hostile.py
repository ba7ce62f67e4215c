"""Any JSON at all: a dashboard of wrong types gives a view or a clear error, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.dashboards.envelope import unwrapped
from heliograph.dashboards.merging import merged
from heliograph.dashboards.view import SUPPORTED, view_of
from heliograph.errors import QueryError

KEYS = st.sampled_from(
    [
        "panels",
        "rows",
        "title",
        "type",
        "targets",
        "gridPos",
        "x",
        "y",
        "w",
        "h",
        "id",
        "span",
        "height",
        "templating",
        "list",
        "name",
        "query",
        "datasource",
        "uid",
        "fieldConfig",
        "defaults",
        "overrides",
        "properties",
        "options",
        "styles",
        "pattern",
        "thresholds",
        "steps",
        "mappings",
        "value",
        "text",
        "legend",
        "yaxes",
        "xaxis",
        "mode",
        "seriesOverrides",
        "alias",
        "aliasColors",
        "links",
        "select",
        "tags",
        "groupBy",
        "params",
        "measurement",
        "rawQuery",
        "gauge",
        "valueMaps",
        "rangeMaps",
        "__inputs",
        "pluginId",
        "libraryPanel",
        "__elements",
        "transform",
        "columns",
        "sort",
        "dashboard",
        "spec",
        "apiVersion",
        "elements",
        "layout",
        "items",
        "variables",
        "kind",
        "collapse",
        "collapsed",
        "repeat",
        "custom",
        "fieldOptions",
        "calcs",
    ]
)
OLD = (
    "graph",
    "singlestat",
    "table-old",
    "grafana-piechart-panel",
    "grafana-worldmap-panel",
    "natel-discrete-panel",
)
KINDS = st.sampled_from([*sorted(SUPPORTED), *OLD])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | KINDS
    | st.sampled_from(["${DS_X}", "-- Mixed --", "/a(/", "80,90", "dashboard.grafana.app/v2", "RowsLayout"])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=40,
)
PANEL = st.dictionaries(KEYS, ANYTHING, max_size=8).flatmap(
    lambda panel: KINDS.map(lambda kind: panel | {"type": kind})
)


def check(document: Any) -> None:
    try:
        kept = unwrapped(document)
        view = view_of(kept, {})
    except QueryError:
        return
    json.dumps(view.dashboard)
    assert view.report["panels"] == view.report["supported"] + len(view.report["degraded"]) + len(
        view.report["unsupported"]
    )
    for panel in view.dashboard["panels"]:
        assert {"x", "y", "w", "h"} == panel["gridPos"].keys()
        assert panel["x-helio"].keys() >= {"degraded", "unsupported"}
    assert merged(kept, view.dashboard, view.dashboard) == kept
    view_of(merged(kept, view.dashboard, view.dashboard | {"title": "other"}), {})


@pytest.mark.thorough
@given(st.dictionaries(KEYS, ANYTHING, max_size=8))
@settings(max_examples=150, deadline=None)
def test_documents_of_any_shape(document: Any) -> None:
    check(document)


@pytest.mark.thorough
@given(st.lists(PANEL, max_size=3))
@settings(max_examples=200, deadline=None)
def test_panels_of_any_shape(panels: Any) -> None:
    check({"panels": panels})
    check({"rows": [{"panels": panels}]})
