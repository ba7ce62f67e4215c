"""Tasmota: ``tele/<device>/SENSOR`` and ``…/STATE``, JSON with an object for each sensor.

Its ``Time`` is the device's local time without a zone, so the points have the time at which they came.
"""

from __future__ import annotations

from typing import Any, Final

from heliograph.codec.ingest.message import Incoming
from heliograph.codec.ingest.selection import numbers
from heliograph.codec.payload.plain_text import decode_json
from heliograph.errors import PayloadError
from heliograph.model.point import FieldValue, Point

_SWITCH: Final = {"ON": True, "OFF": False}


def tasmota_points(message: Incoming) -> list[Point]:
    """Return a point for each sensor of a message, and one for what stands beside them."""
    *before, device, kind = message.parts
    if not before or kind not in {"SENSOR", "STATE"}:
        return []
    value = decode_json(message.payload).value
    if not isinstance(value, dict):
        raise PayloadError("Tasmota's", "an object in braces was expected")
    points = []
    beside: dict[str, Any] = {}
    for name, each in value.items():
        if isinstance(each, dict):
            points += _point(message, device, name, each)
        else:
            beside[name] = each
    return points + _point(message, device, kind, beside)


def _point(message: Incoming, device: str, sensor: str, values: dict[str, Any]) -> list[Point]:
    fields: dict[str, FieldValue] = {
        path.replace("[", "_").replace("]", "").replace(".", "_"): number for path, number in numbers(values)
    }
    fields |= {name: _SWITCH[each] for name, each in values.items() if each in ("ON", "OFF")}
    return [message.point("tasmota", fields, {"device": device, "sensor": sensor})] if fields else []
