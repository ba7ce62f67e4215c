"""``graph``, Grafana's chart until version 8, as ``timeseries``, ``barchart`` or ``histogram``."""

from __future__ import annotations

from typing import Any, Final

from heliograph.dashboards.panels.values import REDUCERS, drop, field_config, give
from heliograph.dashboards.shape import Json, mapping, number, objects, text

_LEGEND: Final = ("min", "max", "avg", "current", "total")
_TRANSLATED: Final = (
    "aliasColors", "bars", "dashLength", "dashes", "decimals", "fill", "fillGradient", "hiddenSeries",
    "legend", "lines", "linewidth", "nullPointMode", "percentage", "pointradius", "points", "renderer",
    "seriesOverrides", "spaceLength", "stack", "steppedLine", "thresholds", "timeRegions", "tooltip",
    "xaxis", "yaxes", "yaxis", "grid", "x-axis", "y-axis", "leftYAxisLabel", "rightYAxisLabel", "y_formats",
    "zerofill", "error", "isNew",
)  # fmt: skip

_SWITCHES: Final[tuple[tuple[str, bool, str, Any], ...]] = (
    ("bars", True, "drawStyle", "bars"),
    ("lines", True, "drawStyle", "line"),
    ("lines", False, "lineWidth", 0),
    ("points", True, "showPoints", "always"),
    ("steppedLine", True, "lineInterpolation", "stepAfter"),
    ("legend", False, "hideFrom", {"legend": True, "tooltip": False, "viz": False}),
)
"""What a series of its own says by yes or no: the key, the word, and the setting of today."""


def migrate_graph(panel: Json) -> list[str]:
    """Change a ``graph`` in place and return what could not be kept."""
    degraded: list[str] = []
    mode = text(mapping(panel.get("xaxis")).get("mode"), "time")
    panel["type"] = {"series": "barchart", "histogram": "histogram"}.get(mode, "timeseries")
    config = field_config(panel)
    defaults, custom = config["defaults"], config["defaults"]["custom"]
    left, right = _axes(panel)
    give(defaults, "unit", left.get("format"))
    give(defaults, "decimals", number(left.get("decimals", panel.get("decimals"))))
    give(defaults, "min", number(left.get("min")))
    give(defaults, "max", number(left.get("max")))
    custom |= _strokes(panel) | _axis(left)
    if mode == "time":
        _stack(panel, custom)
    colors = mapping(panel.get("aliasColors"))
    config["overrides"] += [_override(name, {"color": _fixed(c)}) for name, c in colors.items() if c]
    # a line over bars is not filled like them
    of_lines = {"fill": _or(number(panel.get("fill")), 1)} if panel.get("bars") is True else {}
    for one in objects(panel.get("seriesOverrides")):
        own = of_lines | one if one.get("bars") is False else one
        degraded += _series_override(config["overrides"], own, left, right)
    config["overrides"] += _left_out(mapping(panel.get("legend")))
    degraded += _thresholds(panel, defaults, custom)
    if objects(panel.get("timeRegions")):
        panel.setdefault("x-regions", panel["timeRegions"])
    panel["options"] = dict(mapping(panel.get("options"))) | _options(panel, mode)
    if mode == "series":
        panel["transformations"] = [*objects(panel.get("transformations")), _one_bar_each(panel)]
    links = panel["options"].pop("dataLinks", None)
    if links:
        defaults["links"] = links
    drop(panel, *_TRANSLATED)
    return degraded


def _axes(panel: Json) -> tuple[Json, Json]:
    axes = objects(panel.get("yaxes"))
    if not axes:
        formats = panel.get("y_formats")
        names = formats if isinstance(formats, list) else []
        axes = [{"format": name} for name in names if isinstance(name, str)]
    axes += [{}, {}]
    return axes[0], axes[1]


def _axis(axis: Json) -> Json:
    found: Json = {}
    give(found, "axisLabel", axis.get("label") if isinstance(axis.get("label"), str) else None)
    base = number(axis.get("logBase"))
    if base is not None and base > 1:
        found["scaleDistribution"] = {"type": "log", "log": base}
    if axis.get("show") is False:
        found["axisPlacement"] = "hidden"
    return found


def _strokes(panel: Json) -> Json:
    found: Json = {"drawStyle": "line", "lineWidth": _or(number(panel.get("linewidth")), 1)}
    fill = number(panel.get("fill"))
    found["fillOpacity"] = min(100, int(10 * (1 if fill is None else fill)))
    if gradient := number(panel.get("fillGradient")):
        found |= {"gradientMode": "opacity", "fillOpacity": min(100, int(gradient * 10))}
    if panel.get("bars") is True:
        found |= {"drawStyle": "bars", "fillOpacity": 100}
        if panel.get("lines") is not True:
            found["lineWidth"] = 1
    elif panel.get("lines") is False:
        found["drawStyle"] = "points" if panel.get("points") else "line"
        found["lineWidth"] = found["lineWidth"] if panel.get("points") else 0
    found["showPoints"] = "always" if panel.get("points") is True else "never"
    found["pointSize"] = max(2, int(2 * _or(number(panel.get("pointradius")), 2)))
    found["lineInterpolation"] = "stepAfter" if panel.get("steppedLine") is True else "linear"
    found["spanNulls"] = panel.get("nullPointMode") == "connected"
    if panel.get("dashes") is True:
        found["lineStyle"] = _dashes(panel)
    if panel.get("nullPointMode") == "null as zero":
        found["insertNulls"] = False
    return found


def _dashes(source: Json) -> Json:
    lengths = [_or(number(source.get("dashLength")), 10), _or(number(source.get("spaceLength")), 10)]
    return {"fill": "dash", "dash": lengths}


def _stack(panel: Json, custom: Json) -> None:
    if panel.get("stack") is True:
        mode = "percent" if panel.get("percentage") is True else "normal"
        custom["stacking"] = {"group": "A", "mode": mode}
        if custom["drawStyle"] == "line" and panel.get("fill") is None:
            custom["fillOpacity"] = 100


def _series_override(overrides: list[Json], one: Json, left: Json, right: Json) -> list[str]:
    set_ = _right_axis(right, left) if number(one.get("yaxis")) == 2 else {}
    for key, name in (("linewidth", "lineWidth"), ("pointradius", "pointSize")):
        give(set_, f"custom.{name}", number(one.get(key)))
    if (fill := number(one.get("fill"))) is not None:
        set_["custom.fillOpacity"] = min(100, int(fill * 10))
    for key, wanted, name, value in _SWITCHES:
        if one.get(key) is wanted:
            set_.setdefault(f"custom.{name}", value)
    if one.get("bars") is True:  # the old chart filled them whatever the lines had
        set_ |= {"custom.fillOpacity": 100} | ({"custom.lineWidth": 1} if one.get("lines") is False else {})
    set_ |= _special(one)
    name = text(one.get("alias"))
    if set_ and name:
        overrides.append(_override(name, set_))
    hidden = one.get("zindex") not in (None, 0, "0")
    return ["the order in which the series are drawn is not kept (zindex)"] if hidden else []


def _right_axis(right: Json, left: Json) -> Json:
    """Return what a series of the right axis has; what only the left one says does not hold for it."""
    found: Json = {"custom.axisPlacement": "right"}
    give(found, "unit", right.get("format"))
    for key in ("decimals", "min", "max"):
        give(found, key, number(right.get(key)))
        if key != "decimals" and key not in found and number(left.get(key)) is not None:
            found[key] = None
    of_left: Json = {"axisLabel": "", "scaleDistribution": {"type": "linear"}}
    undone = {key: value for key, value in of_left.items() if key in _axis(left)}
    of_right = {key: value for key, value in _axis(right).items() if key != "axisPlacement"}
    return found | {f"custom.{key}": value for key, value in (undone | of_right).items()}


def _special(one: Json) -> Json:
    found: Json = {}
    if isinstance(one.get("color"), str):
        found["color"] = _fixed(one["color"])
    if one.get("dashes") is True:
        found["custom.lineStyle"] = _dashes(one)
    if one.get("transform") == "negative-Y":
        found["custom.transform"] = "negative-Y"
    stack = one.get("stack")
    if stack is False or stack in ("A", "B", "C", "D"):
        found["custom.stacking"] = {"group": stack or "A", "mode": "normal" if stack else "none"}
    if isinstance(one.get("fillBelowTo"), str):
        # the old chart filled the band between two lines the same, whatever they had themselves
        found |= {"custom.fillBelowTo": one["fillBelowTo"], "custom.fillOpacity": 35}
    if one.get("nullPointMode") is not None:
        found["custom.spanNulls"] = one["nullPointMode"] == "connected"
    return found


def _left_out(legend: Json) -> list[Json]:
    """Return what keeps series without values, or with nothing but zeros, out of the legend."""
    hidden = {"id": "custom.hideFrom", "value": {"legend": True, "tooltip": True, "viz": False}}
    return [
        {
            "matcher": {"id": "byValue", "options": {"reducer": reducer, "op": "gte", "value": 1}},
            "properties": [hidden],
        }
        for key, reducer in (("hideEmpty", "allIsNull"), ("hideZero", "allIsZero"))
        if legend.get(key) is True
    ]


def _override(name: str, properties: Json) -> Json:
    pattern = len(name) > 2 and name.startswith("/") and name.rstrip("igm").endswith("/")
    return {
        "matcher": {"id": "byRegexp" if pattern else "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def _fixed(color: Any) -> Json:
    return {"mode": "fixed", "fixedColor": text(color, "gray")}


def _thresholds(panel: Json, defaults: Json, custom: Json) -> list[str]:
    shades = {"critical": "red", "warning": "orange", "ok": "green"}
    listed = []
    area = line = False
    for one in objects(panel.get("thresholds")):
        value = number(one.get("value"))
        if value is None:
            continue
        color = shades.get(
            text(one.get("colorMode")), text(one.get("lineColor")) or text(one.get("fillColor"))
        )
        listed.append((value, one.get("op", "gt"), color or "red"))
        area = area or one.get("fill") is not False
        line = line or one.get("line") is not False
    if not listed:
        return []
    listed.sort(key=lambda step: step[0])
    steps: list[Json] = [{"color": "transparent", "value": None}]
    for value, way, color in listed:
        if way == "lt":
            steps[-1] = steps[-1] | {"color": color}
            steps.append({"color": "transparent", "value": value})
        else:
            steps.append({"color": color, "value": value})
    defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    custom["thresholdsStyle"] = {"mode": "line+area" if area and line else "area" if area else "line"}
    return []


def _options(panel: Json, mode: str) -> Json:
    legend = mapping(panel.get("legend"))
    shown = legend.get("show") is not False
    tooltip = mapping(panel.get("tooltip"))
    order = {1: "asc", 2: "desc"}.get(int(number(tooltip.get("sort")) or 0), "none")
    values = [REDUCERS[key] for key in _LEGEND if legend.get(key) is True]
    found: Json = {
        "legend": {
            "showLegend": shown,
            "displayMode": "table" if legend.get("alignAsTable") is True else "list",
            "placement": "right" if legend.get("rightSide") is True else "bottom",
            "calcs": values if legend.get("values") is True else [],
        },
        "tooltip": {"mode": "single" if tooltip.get("shared") is False else "multi", "sort": order},
    }
    if isinstance(legend.get("sort"), str):
        name = REDUCERS.get(legend["sort"], legend["sort"])
        found["legend"] |= {"sortBy": name, "sortDesc": legend.get("sortDesc") is True}
    give(found["legend"], "width", number(legend.get("sideWidth")))
    axis = mapping(panel.get("xaxis"))
    if mode == "series":
        found |= {"showValue": "auto", "legend": found["legend"] | {"showLegend": False}}
    if mode == "histogram":
        found |= {"bucketCount": _or(number(axis.get("buckets")), 30), "combine": True}
    return found


def _one_bar_each(panel: Json) -> Json:
    """Return what makes one bar of each series, whose name then stands below it."""
    values = mapping(panel.get("xaxis")).get("values")
    names = [one for one in values if isinstance(one, str)] if isinstance(values, list) else []
    return {"id": "reduce", "options": {"reducers": [REDUCERS.get(names[0] if names else "total", "sum")]}}


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
