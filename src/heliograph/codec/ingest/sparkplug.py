"""Sparkplug B: metrics of births and data messages; a birth says which name and type an alias stands for."""

from __future__ import annotations

import math
from typing import Any, Final

from heliograph.codec.ingest.message import Incoming
from heliograph.codec.payload.sparkplug import decode_sparkplug
from heliograph.errors import PayloadError
from heliograph.model.point import FieldValue, Point

KIND: Final = "sparkplug"
_BIRTHS: Final = frozenset({"NBIRTH", "DBIRTH"})
_WITH_METRICS: Final = _BIRTHS | {"NDATA", "DDATA"}
_HOUSEKEEPING: Final = ("Node Control/", "Device Control/", "bdSeq")
_WHOLE: Final = frozenset({"Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32"})
_REAL: Final = frozenset({"Float", "Double", "UInt64"})
_NS_IN_MS: Final = 1_000_000


def sparkplug_points(message: Incoming) -> list[Point]:
    """Return a point for each time that the metrics of a message have."""
    parts = message.parts
    if len(parts) not in (4, 5) or parts[2] not in _WITH_METRICS:
        return []
    _, group, kind, node, *device = parts
    tags = {"group": group, "node": node} | ({"device": device[0]} if device else {})
    payload = decode_sparkplug(message.payload, topic=message.topic).value
    key = "/".join((group, node, *device))
    if kind in _BIRTHS:
        _learn(message, key, payload["metrics"])
    known = message.facts.get(KIND, key, message.time_ns) or {}
    by_time: dict[int | None, dict[str, FieldValue]] = {}
    for metric in payload["metrics"]:
        name, datatype = _identity(metric, known, key)
        value = _field(metric.get("value"), metric.get("type", datatype))
        if value is None or name.startswith(_HOUSEKEEPING):
            continue
        time_ms = metric.get("timestamp", payload.get("timestamp"))
        by_time.setdefault(None if time_ms is None else time_ms * _NS_IN_MS, {})[name] = value
    return [message.point("sparkplug", fields, tags, time_ns) for time_ns, fields in by_time.items()]


def _learn(message: Incoming, key: str, metrics: list[dict[str, Any]]) -> None:
    """Note aliases and types: by alias where a metric has one, and by name."""
    known = {}
    for metric in metrics:
        about = [metric.get("name", ""), metric.get("type")]
        known[f"name {about[0]}"] = about
        if "alias" in metric:
            known[f"alias {metric['alias']}"] = about
    message.facts.put(KIND, key, known, message.time_ns)


def _identity(metric: dict[str, Any], known: dict[str, Any], key: str) -> tuple[str, str | None]:
    if metric.get("name"):
        name = str(metric["name"])
        return name, known.get(f"name {name}", [name, None])[1]
    alias = metric.get("alias")
    if f"alias {alias}" not in known:
        raise PayloadError(
            "Sparkplug B", f"alias {alias} is unknown: no birth of {key} was seen; ask for a rebirth"
        )
    name, datatype = known[f"alias {alias}"]
    return str(name), datatype


def _signed(value: int, datatype: str) -> int:
    """Return what an unsigned number on the wire stands for, where only the birth told that it is signed."""
    bits = int(datatype.removeprefix("UInt").removeprefix("Int"))
    is_negative = datatype.startswith("Int") and value >> (bits - 1) == 1
    return value - (1 << bits) if is_negative else value


def _field(value: Any, datatype: str | None) -> FieldValue | None:
    """Return a metric's value; None where it is null or no single value."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        if datatype is not None and datatype in _WHOLE and isinstance(value, int):
            return _signed(value, datatype)
        return float(value) if datatype in _REAL or math.isfinite(value) else None
    return value if isinstance(value, str) and datatype in {"String", "Text", "UUID"} else None
