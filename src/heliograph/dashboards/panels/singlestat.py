"""``singlestat``, one number, as ``stat`` or ``gauge``."""

from __future__ import annotations

from typing import Final

from heliograph.dashboards.panels.values import (
    REDUCERS,
    drop,
    field_config,
    give,
    mappings_of,
    threshold_steps,
)
from heliograph.dashboards.shape import Json, mapping, number, text

_TRANSLATED: Final = (
    "cacheTimeout", "colorBackground", "colorPostfix", "colorPrefix", "colorValue", "colors", "decimals",
    "format", "gauge", "mappingType", "mappingTypes", "nullPointMode", "nullText", "postfix",
    "postfixFontSize", "prefix", "prefixFontSize", "rangeMaps", "sparkline", "tableColumn", "thresholds",
    "valueFontSize", "valueMaps", "valueName", "error", "isNew", "scopedVars",
)  # fmt: skip


def migrate_singlestat(panel: Json) -> list[str]:
    """Change a ``singlestat`` in place and return what could not be kept."""
    gauge = mapping(panel.get("gauge"))
    is_gauge = gauge.get("show") is True
    panel["type"] = "gauge" if is_gauge else "stat"
    defaults = field_config(panel)["defaults"]
    give(defaults, "unit", panel.get("format") if isinstance(panel.get("format"), str) else None)
    give(defaults, "decimals", number(panel.get("decimals")))
    defaults["mappings"] = mappings_of(panel)
    defaults["thresholds"] = {
        "mode": "absolute",
        "steps": threshold_steps(panel.get("thresholds"), panel.get("colors")),
    }
    give(defaults, "noValue", panel.get("nullText") if isinstance(panel.get("nullText"), str) else None)
    if is_gauge:
        give(defaults, "min", number(gauge.get("minValue")))
        give(defaults, "max", number(gauge.get("maxValue")))
    _color(panel, defaults, is_gauge=is_gauge)
    panel["options"] = _options(panel, gauge) if is_gauge else _options(panel, None)
    degraded = _texts(panel, defaults)
    drop(panel, *_TRANSLATED)
    return degraded


def _color(panel: Json, defaults: Json, *, is_gauge: bool) -> None:
    line = text(mapping(panel.get("sparkline")).get("lineColor"))
    colored = panel.get("colorBackground") is True or panel.get("colorValue") is True
    if not is_gauge and not colored:
        defaults["color"] = {"mode": "fixed", "fixedColor": line or "text"}
    else:
        defaults["color"] = {"mode": "thresholds"}


def _options(panel: Json, gauge: Json | None) -> Json:
    reduce_: Json = {
        "calcs": [REDUCERS.get(text(panel.get("valueName"), "avg"), "mean")],
        "fields": "",
        "values": False,
    }
    column = text(panel.get("tableColumn"))
    if panel.get("valueName") == "last_time":
        reduce_["fields"] = "/^Time$/"
    elif column:
        reduce_["fields"] = f"/^{_escaped(column)}$/"
    if gauge is not None:
        return {
            "reduceOptions": reduce_,
            "showThresholdLabels": gauge.get("thresholdLabels") is True,
            "showThresholdMarkers": gauge.get("thresholdMarkers") is not False,
        }
    background = panel.get("colorBackground") is True
    name = panel.get("valueName") == "name"
    return {
        "reduceOptions": reduce_,
        "colorMode": "background" if background else "value" if panel.get("colorValue") is True else "none",
        "graphMode": "area" if mapping(panel.get("sparkline")).get("show") is True else "none",
        "justifyMode": "auto",
        "orientation": "horizontal",
        "textMode": "name" if name else "value",
    }


def _escaped(name: str) -> str:
    return "".join(f"\\{c}" if c in "\\^$.|?*+()[]{}/" else c for c in name)


def _texts(panel: Json, defaults: Json) -> list[str]:
    before, after = text(panel.get("prefix")).strip(), text(panel.get("postfix")).strip()
    if not before and not after:
        return []
    unit = text(defaults.get("unit"), "none")
    if unit in ("none", "short", ""):
        if after and not before:
            defaults["unit"] = f"suffix:{after}"
            return []
        if before and not after:
            defaults["unit"] = f"prefix:{before}"
            return []
    left_out = " and ".join(repr(one) for one in (before, after) if one)
    return [f"the text {left_out} beside the number is not shown"]
