"""``table-old``, and ``table`` before version 7, as the ``table`` of today: styles become overrides."""

from __future__ import annotations

from typing import Any, Final

from heliograph.dashboards.panels.values import (
    REDUCERS,
    drop,
    field_config,
    give,
    mappings_of,
    modern_mappings,
    threshold_steps,
)
from heliograph.dashboards.shape import Json, number, objects, text

_TRANSLATED: Final = (
    "columns", "fontSize", "pageSize", "scroll", "showHeader", "sort", "styles", "transform", "filterNull",
    "error", "isNew", "scopedVars",
)  # fmt: skip
_CELLS: Final = {"cell": "color-background", "row": "color-background", "value": "color-text"}

_TITLES: Final = {
    "lastNotNull": "Last *", "mean": "Mean", "min": "Min", "max": "Max", "sum": "Total", "count": "Count",
}  # fmt: skip
_OLD_TITLES: Final = {
    "lastNotNull": "Current", "mean": "Avg", "min": "Min", "max": "Max", "sum": "Total", "count": "Count",
}  # fmt: skip
"""What a reduction's column is called, and was called when styles were written for it."""


def migrate_table(panel: Json) -> list[str]:
    """Change an old table in place and return what could not be kept."""
    panel["type"] = "table"
    config = field_config(panel)
    for style in objects(panel.get("styles")):
        pattern = text(style.get("pattern"))
        properties = _properties(style)
        if pattern == "/.*/":  # what every other column has
            for one in properties:
                _set(config["defaults"], one["id"], one["value"])
        elif pattern and properties:
            regular = pattern.startswith("/")
            matcher = {"id": "byRegexp" if regular else "byName", "options": pattern}
            config["overrides"].append({"matcher": matcher, "properties": properties})
    panel["options"] = {"showHeader": panel.get("showHeader") is not False, "cellHeight": "sm"}
    _sort(panel)
    degraded = _transform(panel)
    drop(panel, *_TRANSLATED)
    return degraded


def _properties(style: Json) -> list[Json]:
    kind = text(style.get("type"), "number")
    set_: Json = {}
    if kind == "hidden":
        return [{"id": "custom.hidden", "value": True}]
    give(set_, "displayName", text(style.get("alias")))
    if kind == "date":
        set_["unit"] = f"time: {text(style.get('dateFormat'), 'YYYY-MM-DD HH:mm:ss')}"
    if kind == "number":
        give(set_, "unit", style.get("unit") if isinstance(style.get("unit"), str) else None)
        give(set_, "decimals", number(style.get("decimals")))
    if found := mappings_of(style):
        set_["mappings"] = modern_mappings(found)
    if text(style.get("align"), "auto") != "auto":
        set_["custom.align"] = style["align"]
    if style.get("link") is True and isinstance(style.get("linkUrl"), str):
        set_["links"] = [
            {
                "title": text(style.get("linkTooltip")),
                "url": _link(style["linkUrl"]),
                "targetBlank": style.get("linkTargetBlank") is True,
            }
        ]
    mode = style.get("colorMode")
    if isinstance(mode, str) and mode in _CELLS:
        set_["custom.cellOptions"] = {"type": _CELLS[mode]} | ({"applyToRow": True} if mode == "row" else {})
        steps = threshold_steps(style.get("thresholds"), style.get("colors"))
        set_["thresholds"] = {"mode": "absolute", "steps": steps}
        set_["color"] = {"mode": "thresholds"}
    return [{"id": key, "value": value} for key, value in set_.items()]


def _link(url: str) -> str:
    return url.replace("${__cell}", "${__value.raw}").replace("$__cell", "${__value.raw}")


def _set(defaults: Json, path: str, value: Any) -> None:
    if path.startswith("custom."):
        defaults["custom"][path.removeprefix("custom.")] = value
    else:
        defaults[path] = value


def _sort(panel: Json) -> None:
    sort = panel.get("sort")
    if isinstance(sort, dict) and (column := number(sort.get("col"))) is not None:
        panel["options"]["sortBy"] = [{"column": int(column), "desc": sort.get("desc") is True}]


def _transform(panel: Json) -> list[str]:
    """Say by transformations of today what the table did with its series."""
    kind = text(panel.get("transform"), "table")
    before: list[Json] = objects(panel.get("transformations"))
    made: list[Json] = []
    lost: list[str] = []
    if kind == "timeseries_to_columns":
        made = [{"id": "joinByField", "options": {"byField": "Time", "mode": "outer"}}]
    elif kind == "timeseries_aggregations":
        names = [text(one.get("value")) for one in objects(panel.get("columns"))]
        reducers = [REDUCERS[name] for name in names if name in REDUCERS] or ["lastNotNull"]
        titles = {_TITLES[one]: _OLD_TITLES[one] for one in reducers if one in _TITLES}
        made = [
            {"id": "reduce", "options": {"reducers": reducers, "includeTimeField": False}},
            {"id": "organize", "options": {"renameByName": {"Field": "Metric"} | titles}},
        ]
    elif kind == "timeseries_to_rows":
        made = [{"id": "seriesToRows", "options": {}}]
    elif kind == "table":
        made = [{"id": "merge", "options": {"reducers": []}}]
    elif kind:
        lost = [f"the table's way to arrange its rows, {kind}, is not supported"]
    panel["transformations"] = before + made
    return lost
