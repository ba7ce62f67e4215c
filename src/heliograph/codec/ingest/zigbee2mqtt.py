"""zigbee2mqtt: ``zigbee2mqtt/<friendly name>`` with a JSON object; the name may have slashes."""

from __future__ import annotations

from typing import Any, Final

from heliograph.codec.ingest.message import Incoming
from heliograph.codec.ingest.selection import numbers, time_of
from heliograph.codec.payload.plain_text import decode_json
from heliograph.model.point import FieldValue, Point

_NOT_STATES: Final = frozenset({"set", "get", "availability"})
_SWITCH: Final = {"ON": True, "OFF": False}
_LEFT_OUT: Final = frozenset({"update", "device", "last_seen"})


def zigbee2mqtt_points(message: Incoming) -> list[Point]:
    """Return one point with the numbers, truth values and ON/OFF of a device; ``last_seen`` is its time."""
    _, *name = message.parts
    if not name or name[0] == "bridge" or name[-1] in _NOT_STATES or not message.payload:
        return []
    value = decode_json(message.payload).value
    if not isinstance(value, dict):
        return []
    states = {key: each for key, each in value.items() if key not in _LEFT_OUT}
    fields: dict[str, FieldValue] = {
        path.replace("[", "_").replace("]", "").replace(".", "_"): number for path, number in numbers(states)
    }
    fields |= {key: _SWITCH[each] for key, each in states.items() if each in ("ON", "OFF")}
    if not fields:
        return []
    seen: Any = value.get("last_seen")
    time_ns = None if seen is None or isinstance(seen, bool) else time_of(seen, "auto")
    return [message.point("zigbee2mqtt", fields, {"device": "/".join(name)}, time_ns)]
