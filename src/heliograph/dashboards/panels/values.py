"""What several old kinds of panels have alike: units, thresholds, value texts and reductions."""

from __future__ import annotations

from typing import Any, Final

from heliograph.dashboards.shape import Json, mapping, number, objects, text

REDUCERS: Final = {
    "avg": "mean",
    "min": "min",
    "max": "max",
    "current": "lastNotNull",
    "total": "sum",
    "name": "name",
    "first": "firstNotNull",
    "delta": "delta",
    "diff": "diff",
    "range": "range",
    "last_time": "lastNotNull",
    "count": "count",
    "mean": "mean",
    "last": "last",
    "sum": "sum",
    "lastNotNull": "lastNotNull",
    "firstNotNull": "firstNotNull",
}
"""What older panels call the reductions."""


def field_config(panel: Json) -> Json:
    """Return a panel's settings of its fields, made where they are missing; they are then the panel's."""
    config = dict(mapping(panel.get("fieldConfig")))
    config["defaults"] = dict(mapping(config.get("defaults")))
    config["defaults"]["custom"] = dict(mapping(config["defaults"].get("custom")))
    config["overrides"] = list(objects(config.get("overrides")))
    panel["fieldConfig"] = config
    return config


def give(target: Json, key: str, value: Any) -> None:
    """Set what an old panel says, unless nothing was said."""
    if value is not None and value != "":
        target[key] = value


def threshold_steps(limits: object, colors: object) -> list[Json]:
    """Return the steps of limits such as ``"80,90"`` with one colour more than limits."""
    listed = limits.split(",") if isinstance(limits, str) else limits if isinstance(limits, list) else []
    values = [found for one in listed if (found := number(one)) is not None]
    shades = [one for one in colors if isinstance(one, str)] if isinstance(colors, list) else []
    shades = shades or ["green", "orange", "red"]
    steps: list[Json] = [{"color": shades[0], "value": None}]
    steps += [
        {"color": shades[min(place, len(shades) - 1)], "value": value}
        for place, value in enumerate(values, start=1)
    ]
    return steps


def mappings_of(panel: Json) -> list[Json]:
    """Return the value texts of an old panel, those to values or those to ranges, as it chose."""
    if number(panel.get("mappingType")) == 2:
        return [found for one in objects(panel.get("rangeMaps")) if (found := _range(one))]
    return [found for one in objects(panel.get("valueMaps")) if (found := _value(one))]


def modern_mappings(mappings: object) -> list[Json]:
    """Return ``fieldConfig``'s own mappings with words for types, which were 1 and 2 before version 8."""
    found = []
    for one in objects(mappings):
        if isinstance(one.get("type"), str):
            found.append(one)
        elif (new := _range(one) if number(one.get("type")) == 2 else _value(one)) is not None:
            found.append(new)
    return found


def _range(mapping_: Json) -> Json | None:
    low, high = mapping_.get("from"), mapping_.get("to")
    shown: Json = {"text": text(mapping_.get("text"))}
    if low == "null" and high == "null":
        return {"type": "special", "options": {"match": "null", "result": shown}}
    if number(low) is None and number(high) is None:
        return None
    return {"type": "range", "options": {"from": number(low), "to": number(high), "result": shown}}


def _value(mapping_: Json) -> Json | None:
    value = mapping_.get("value")
    shown: Json = {"text": text(mapping_.get("text"))}
    if value in ("null", "", None):
        return {"type": "special", "options": {"match": "null", "result": shown}} if value == "null" else None
    return {"type": "value", "options": {str(value): shown}}


def drop(panel: Json, *keys: str) -> None:
    """Remove what has been translated."""
    for key in keys:
        panel.pop(key, None)
