"""Dashboards of Grafana's resource form v2 as classic ones: elements and layouts become panels.

Source: apps/dashboard/kinds/v2beta1/dashboard_spec.cue of Grafana.
"""

from __future__ import annotations

from typing import Any, Final

from heliograph.dashboards.shape import Json, mapping, objects, text, whole

WIDTH: Final = 24
_AUTO_WIDTH: Final = 8
_AUTO_HEIGHT: Final = 9
_MAX_DEPTH: Final = 8
_REFRESH: Final = {"never": 0, "onDashboardLoad": 1, "onTimeRangeChanged": 2}
_HIDE: Final = {"dontHide": 0, "hideLabel": 1, "hideVariable": 2}
_SORT: Final = (
    "disabled",
    "alphabeticalAsc",
    "alphabeticalDesc",
    "numericalAsc",
    "numericalDesc",
    "alphabeticalCaseInsensitiveAsc",
    "alphabeticalCaseInsensitiveDesc",
)
_TOOLTIP: Final = {"Off": 0, "Crosshair": 1, "Tooltip": 2}


def classic_of(document: Json) -> Json:
    """Return a resource of v2 as a classic dashboard."""
    spec = mapping(document.get("spec"))
    metadata = mapping(document.get("metadata"))
    times = mapping(spec.get("timeSettings"))
    return {
        "uid": text(metadata.get("name")),
        "title": spec.get("title", ""),
        "description": spec.get("description", ""),
        "tags": spec.get("tags", []),
        "schemaVersion": 42,
        "graphTooltip": _TOOLTIP.get(text(spec.get("cursorSync")), 0),
        "links": spec.get("links", []),
        "liveNow": spec.get("liveNow", False),
        "time": {"from": times.get("from", "now-6h"), "to": times.get("to", "now")},
        "timezone": times.get("timezone", ""),
        "refresh": times.get("autoRefresh", ""),
        "templating": {"list": [_variable(one) for one in objects(spec.get("variables"))]},
        "annotations": {"list": [_annotation(one) for one in objects(spec.get("annotations"))]},
        "panels": _Layout(mapping(spec.get("elements"))).panels(mapping(spec.get("layout"))),
    }


class _Layout:
    """Places the elements, from top to bottom."""

    def __init__(self, elements: Json) -> None:
        self._elements = elements
        self._rows = 0

    def panels(self, layout: Json) -> list[Json]:
        """Return the panels of a layout with those inside it."""
        return self._layout(layout, 0, 0)[0]

    def _layout(self, layout: Json, top: int, depth: int) -> tuple[list[Json], int]:
        """Return panels and where the next may begin."""
        kind, spec = text(layout.get("kind")), mapping(layout.get("spec"))
        if depth > _MAX_DEPTH:
            return [], top
        if kind in ("RowsLayout", "TabsLayout"):
            found: list[Json] = []
            for inner in objects(spec.get("rows" if kind == "RowsLayout" else "tabs")):
                some, top = self._row(mapping(inner.get("spec")), top, depth)
                found += some
            return found, top
        return self._grid(objects(spec.get("items")), top)

    def _row(self, spec: Json, top: int, depth: int) -> tuple[list[Json], int]:
        self._rows += 1
        inner, bottom = self._layout(mapping(spec.get("layout")), top + 1, depth + 1)
        collapsed = spec.get("collapse") is True
        row: Json = {
            "type": "row",
            "id": 100_000 + self._rows,
            "title": text(spec.get("title")),
            "collapsed": collapsed,
            "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1},
            "panels": inner if collapsed else [],
        }
        repeat = mapping(spec.get("repeat"))
        if repeat.get("value"):
            row["repeat"] = repeat["value"]
        return ([row], top + 1) if collapsed else ([row, *inner], bottom)

    def _grid(self, items: list[Json], top: int) -> tuple[list[Json], int]:
        found = []
        bottom = top
        for number, item in enumerate(items):
            spec = mapping(item.get("spec"))
            auto = {"x": number % 3 * _AUTO_WIDTH, "y": number // 3 * _AUTO_HEIGHT}
            place = {
                "x": whole(spec.get("x"), auto["x"], 0, WIDTH - 1),
                "y": top + whole(spec.get("y"), auto["y"]),
                "w": whole(spec.get("width"), _AUTO_WIDTH, 1, WIDTH),
                "h": whole(spec.get("height"), _AUTO_HEIGHT, 1, 1_000),
            }
            element = mapping(self._elements.get(text(mapping(spec.get("element")).get("name"))))
            panel = _panel(element) | {"gridPos": place}
            repeat = mapping(spec.get("repeat"))
            if repeat.get("value"):
                panel |= {"repeat": repeat["value"], "repeatDirection": repeat.get("direction", "h")}
                panel |= {"maxPerRow": repeat["maxPerRow"]} if "maxPerRow" in repeat else {}
            found.append(panel)
            bottom = max(bottom, place["y"] + place["h"])
        return found, bottom


def _panel(element: Json) -> Json:
    spec = mapping(element.get("spec"))
    data = mapping(mapping(spec.get("data")).get("spec"))
    shown = mapping(spec.get("vizConfig"))
    viz = mapping(shown.get("spec"))
    options = mapping(data.get("queryOptions"))
    return {
        "id": spec.get("id"),
        "title": spec.get("title", ""),
        "description": spec.get("description", ""),
        "links": spec.get("links", []),
        "transparent": spec.get("transparent", False),
        # v2alpha1 has the name of the panel in kind
        "type": text(shown.get("group")) or text(shown.get("kind")),
        "pluginVersion": viz.get("pluginVersion", shown.get("version", "")),
        "options": viz.get("options", {}),
        "fieldConfig": viz.get("fieldConfig", {"defaults": {}, "overrides": []}),
        "targets": [_target(one) for one in objects(data.get("queries"))],
        "transformations": [
            {"id": one.get("group", one.get("kind")), **mapping(one.get("spec"))}
            for one in objects(data.get("transformations"))
        ],
        **{key: value for key, value in options.items() if value is not None},
    }


def _target(query: Json) -> Json:
    spec = mapping(query.get("spec"))
    asked = mapping(spec.get("query"))
    group = text(asked.get("group")) or text(asked.get("kind"))
    source = mapping(asked.get("datasource"))
    if not source and isinstance(spec.get("datasource"), dict):
        source = spec["datasource"]
    uid: Any = source.get("name", source.get("uid"))
    found = dict(mapping(asked.get("spec")))
    found |= {"refId": spec.get("refId", "A"), "hide": spec.get("hidden", False)}
    return found | {"datasource": {"type": group or "influxdb", "uid": uid}}


def _variable(variable: Json) -> Json:
    spec = dict(mapping(variable.get("spec")))
    kind = text(variable.get("kind")).removesuffix("Variable").lower()
    if kind == "query":
        asked = mapping(spec.get("query"))
        inner = mapping(asked.get("spec"))
        spec["query"] = inner.get("__legacyStringValue", inner.get("query", inner))
        source = mapping(asked.get("datasource"))
        spec["datasource"] = {"type": asked.get("group", "influxdb"), "uid": source.get("name")}
    if kind == "datasource":
        spec["query"] = spec.get("pluginId", "influxdb")
    spec["refresh"] = _REFRESH.get(text(spec.get("refresh")), 0)
    spec["hide"] = _HIDE.get(text(spec.get("hide")), 0)
    sort = text(spec.get("sort"))
    spec["sort"] = _SORT.index(sort) if sort in _SORT else 0
    return spec | {"type": "textbox" if kind == "text" else kind}


def _annotation(annotation: Json) -> Json:
    spec = dict(mapping(annotation.get("spec")))
    asked = mapping(spec.pop("query", None))
    spec["datasource"] = {
        "type": asked.get("group", "grafana"),
        "uid": mapping(asked.get("datasource")).get("name", "-- Grafana --"),
    }
    return spec
