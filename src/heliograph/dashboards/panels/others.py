"""The smaller old kinds: pie charts, maps, heat maps and discrete states, and gauges of versions 6 and 7."""

from __future__ import annotations

from heliograph.dashboards.panels.values import (
    REDUCERS,
    drop,
    field_config,
    give,
    mappings_of,
    modern_mappings,
    threshold_steps,
)
from heliograph.dashboards.shape import Json, mapping, number, objects, text

_LEGEND = {"values": "value", "percentage": "percent"}


def migrate_pie(panel: Json) -> list[str]:
    """Change the pie chart of a plugin in place."""
    panel["type"] = "piechart"
    config = field_config(panel)
    give(config["defaults"], "unit", panel.get("format") if isinstance(panel.get("format"), str) else None)
    give(config["defaults"], "decimals", number(panel.get("decimals")))
    for name, color in mapping(panel.get("aliasColors")).items():
        fixed = {"mode": "fixed", "fixedColor": text(color, "gray")}
        config["overrides"].append(
            {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "color", "value": fixed}]}
        )
    legend = mapping(panel.get("legend"))
    kind = text(panel.get("legendType"))
    panel["options"] = {
        "pieType": "donut" if panel.get("pieType") == "donut" else "pie",
        "reduceOptions": _reduced(panel, "sum"),
        "legend": {
            "showLegend": legend.get("show") is not False,
            "displayMode": "table",
            "placement": "right" if kind == "Right side" else "bottom",
            "values": [
                n for n in ("value", "percent") if legend.get(f"{n}s" if n == "value" else "percentage")
            ],
        },
        "displayLabels": ["name"] if kind == "On graph" else [],
    }
    drop(
        panel,
        "aliasColors", "breakPoint", "cacheTimeout", "combine", "decimals", "fontSize", "format", "legend",
        "legendType", "nullPointMode", "nullText", "pieType", "strokeWidth", "valueName", "error", "isNew",
    )  # fmt: skip
    return []


def migrate_worldmap(panel: Json) -> list[str]:
    """Change the map of a plugin in place: countries by their codes, or places by geohash."""
    defaults = field_config(panel)["defaults"]
    steps = threshold_steps(panel.get("thresholds"), panel.get("colors"))
    defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    defaults["color"] = {"mode": "thresholds"}
    give(defaults, "decimals", number(panel.get("decimals")))
    location = text(panel.get("locationData"))
    asked = mapping(panel.get("tableQueryOptions"))
    if location in ("geohash", "table") and asked.get("queryType") == "geohash":
        where: Json = {"mode": "geohash", "geohash": asked.get("geohashField", "geohash")}
    elif location == "table":
        where = {
            "mode": "coords",
            "latitude": asked.get("latitudeField"),
            "longitude": asked.get("longitudeField"),
        }
    else:
        where = {
            "mode": "lookup",
            "lookup": "name",
            "gazetteer": f"public/gazetteer/{location or 'countries'}.json",
        }
    panel["type"] = "geomap"
    panel["options"] = {
        "view": {
            "id": "coords",
            "lat": number(panel.get("mapCenterLatitude")) or 0,
            "lon": number(panel.get("mapCenterLongitude")) or 0,
            "zoom": number(panel.get("initialZoom")) or 1,
        },
        "layers": [{"type": "markers", "name": "markers", "location": where, "config": {"showLegend": True}}],
        "reduceOptions": _reduced(panel, "sum"),
    }
    drop(
        panel,
        "circleMaxSize", "circleMinSize", "colors", "decimals", "esMetric", "hideEmpty", "hideZero",
        "initialZoom", "locationData", "mapCenter", "mapCenterLatitude", "mapCenterLongitude",
        "mouseWheelZoom", "showLegend", "stickyLabels", "tableQueryOptions", "thresholds", "unitPlural",
        "unitSingle", "unitSingular", "valueName",
    )  # fmt: skip
    return ["the map is shown as a table of places with their values"]


def migrate_heatmap(panel: Json) -> list[str]:
    """Change a heat map of before version 9 in place."""
    defaults = field_config(panel)["defaults"]
    axis = mapping(panel.get("yAxis"))
    give(defaults, "unit", axis.get("format"))
    color = mapping(panel.get("color"))
    buckets: Json = {}
    for old, new in (("x", "xBuckets"), ("y", "yBuckets")):
        for kind in ("Size", "Number"):
            value = panel.get(f"{old}Bucket{kind}")
            if value not in (None, ""):
                mode = "size" if kind == "Size" else "count"
                buckets[new] = {"mode": mode, "value": str(value)}
    panel["options"] = {
        "calculate": panel.get("dataFormat") != "tsbuckets",
        "calculation": buckets,
        "color": {
            "mode": "opacity" if color.get("mode") == "opacity" else "scheme",
            "fill": text(color.get("cardColor"), "dark-orange"),
            "scheme": text(color.get("colorScheme"), "interpolateOranges").removeprefix("interpolate"),
            "exponent": number(color.get("exponent")) or 0.5,
            "steps": 64,
        },
        "yAxis": {"unit": axis.get("format"), "min": axis.get("min"), "max": axis.get("max")},
        "legend": {"show": mapping(panel.get("legend")).get("show") is True},
        "tooltip": {
            "mode": "single",
            "yHistogram": mapping(panel.get("tooltip")).get("showHistogram") is True,
        },
    }
    drop(
        panel,
        "cards", "color", "dataFormat", "heatmap", "hideZeroBuckets", "highlightCards", "legend",
        "reverseYBuckets", "tooltip", "tooltipDecimals", "xAxis", "xBucketNumber", "xBucketSize", "yAxis",
        "yBucketBound", "yBucketNumber", "yBucketSize",
    )  # fmt: skip
    return []


def migrate_discrete(panel: Json) -> list[str]:
    """Change the discrete states of a plugin in place."""
    panel["type"] = "state-timeline"
    config = field_config(panel)
    found = mappings_of(panel)
    for one in objects(panel.get("colorMaps")):
        value, color = text(one.get("text")), text(one.get("color"))
        if value:
            found.append({"type": "value", "options": {value: {"text": value, "color": color or "gray"}}})
    config["defaults"]["mappings"] = found
    config["defaults"]["custom"]["fillOpacity"] = 80
    panel["options"] = {
        "mergeValues": True,
        "showValue": "auto" if panel.get("writeLastValue") or panel.get("writeAllValues") else "never",
        "alignValue": "left",
        "rowHeight": 0.9,
        "legend": {
            "showLegend": panel.get("showLegend") is not False,
            "displayMode": "list",
            "placement": "bottom",
        },
        "tooltip": {"mode": "single"},
    }
    drop(panel, "colorMaps", "rangeMaps", "valueMaps", "mappingType", "mappingTypes", "writeLastValue")
    return []


def migrate_values(panel: Json) -> list[str]:
    """Bring ``stat``, ``gauge`` and ``bargauge`` of versions 6 and 7 to today's names, in place."""
    options = dict(mapping(panel.get("options")))
    old = options.pop("fieldOptions", None)
    if isinstance(old, dict):
        config = field_config(panel)
        defaults = dict(mapping(old.get("defaults")))
        config["defaults"] = defaults | config["defaults"]
        config["overrides"] += objects(old.get("overrides"))
        for key in ("thresholds", "mappings"):
            if key in old and key not in config["defaults"]:
                config["defaults"][key] = old[key]
        calcs = old.get("calcs") if isinstance(old.get("calcs"), list) else []
        options.setdefault("reduceOptions", {"calcs": calcs or ["mean"], "fields": "", "values": False})
    reduce_ = options.get("reduceOptions")
    if isinstance(reduce_, dict) and isinstance(reduce_.get("calcs"), list):
        names = [
            REDUCERS.get(one, one) if isinstance(one, str) else "lastNotNull" for one in reduce_["calcs"]
        ]
        options["reduceOptions"] = reduce_ | {"calcs": names}
    panel["options"] = options
    return []


def settle_fields(panel: Json) -> None:
    """Bring the settings of fields, of whatever kind of panel, to today's form."""
    config = field_config(panel)
    defaults = config["defaults"]
    if "mappings" in defaults:
        defaults["mappings"] = modern_mappings(defaults["mappings"])
    thresholds = defaults.get("thresholds")
    if isinstance(thresholds, list):
        defaults["thresholds"] = {"mode": "absolute", "steps": objects(thresholds)}
    if isinstance(defaults.get("title"), str):
        defaults.setdefault("displayName", defaults.pop("title"))
    for override in config["overrides"]:
        for one in objects(override.get("properties")):
            if one.get("id") == "mappings":
                one["value"] = modern_mappings(one.get("value"))


def _reduced(panel: Json, default: str) -> Json:
    name = REDUCERS.get(text(panel.get("valueName")), default)
    return {"calcs": [name], "fields": "", "values": False}
