"""Home Assistant: states that discovery announces, and the states that it publishes itself (statestream).

A message on ``homeassistant/…/config`` says on which topic a value comes and how it is taken out of the
payload. What that asks of Jinja beyond :mod:`template` cannot be followed, and gives no points.
"""

from __future__ import annotations

from typing import Any, Final

from heliograph.codec.ingest.message import Incoming
from heliograph.codec.ingest.template import Unsupported, render
from heliograph.codec.payload.plain_text import decode_json, json_or_none
from heliograph.errors import PayloadError
from heliograph.model.point import FieldValue, Point

KIND: Final = "homeassistant"
_SHORT: Final = {
    "stat_t": "state_topic",
    "val_tpl": "value_template",
    "unit_of_meas": "unit_of_measurement",
    "uniq_id": "unique_id",
    "dev": "device",
    "pl_on": "payload_on",
    "pl_off": "payload_off",
    "dev_cla": "device_class",
    "cmps": "components",
    "p": "platform",
}
_DISCOVERED: Final = frozenset({"sensor", "binary_sensor", "number", "switch", "light"})
_STREAMED: Final = frozenset({*_DISCOVERED, "climate", "input_number", "input_boolean", "counter"})


def homeassistant_points(message: Incoming) -> list[Point]:
    """Return the points of a state; of an announcement what it says is learned."""
    parts = message.parts
    if parts[-1] == "config" and len(parts) in (4, 5):
        _learn(message)
        return []
    if parts[-1] == "state" and len(parts) == 4 and parts[1] in _STREAMED:
        return _streamed(message)
    return []


def discovered_points(message: Incoming) -> list[Point]:
    """Return the points of a message on a topic that was announced."""
    announced: dict[str, Any] = message.facts.get(KIND, message.topic, message.time_ns) or {}
    points = []
    for entity, about in sorted(announced.items()):
        value = _value(message.payload, about)
        if value is not None:
            names = ("component", "device", "unit")
            tags = {"entity": entity} | {key: about[key] for key in names if about[key]}
            points.append(message.point("homeassistant", {"value": value}, tags))
    return points


def _streamed(message: Incoming) -> list[Point]:
    _, component, entity, _ = message.parts
    value = _plain_value(message.payload.decode(errors="replace").strip())
    if value is None:
        return []
    return [message.point("homeassistant", {"value": value}, {"component": component, "entity": entity})]


def _learn(message: Incoming) -> None:
    """Note which topics an announcement names; an empty one takes them back."""
    _, component, *node, entity, _ = message.parts
    key = "/".join((component, *node, entity))
    announced = _long(decode_json(message.payload).value) if message.payload.strip() else {}
    if not isinstance(announced, dict):
        raise PayloadError("Home Assistant's discovery", "an object in braces was expected")
    entities = _entities(component, "_".join((*node, entity)), announced)
    before = message.facts.get(f"{KIND} entity", key, message.time_ns) or []
    now = {(about["topic"], name): about for name, about in entities.items()}
    for topic in sorted({topic for topic, _ in now} | {topic for topic, _ in map(tuple, before)}):
        known = dict(message.facts.get(KIND, topic, message.time_ns) or {})
        for _, name in (each for each in map(tuple, before) if each[0] == topic):
            known.pop(name, None)
        known |= {name: about for (at, name), about in now.items() if at == topic}
        message.facts.put(KIND, topic, known or None, message.time_ns)
    message.facts.put(f"{KIND} entity", key, [list(each) for each in now] or None, message.time_ns)


def _entities(component: str, entity: str, announced: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what each announced entity is, by its name; one for a device has several."""
    several = announced.get("components")
    if component != "device" or not isinstance(several, dict):
        return _one(component, entity, announced)
    shared = {key: announced[key] for key in ("~", "state_topic", "device") if key in announced}
    found: dict[str, dict[str, Any]] = {}
    for name, each in several.items():
        if isinstance(each, dict):
            own = shared | _long(each)
            found |= _one(str(own.get("platform", "")), f"{entity}_{name}", own)
    return found


def _one(component: str, entity: str, announced: dict[str, Any]) -> dict[str, dict[str, Any]]:
    topic = announced.get("state_topic")
    if component not in _DISCOVERED or not isinstance(topic, str) or not topic:
        return {}
    device = announced.get("device")
    base = str(announced.get("~", ""))
    topic = base + topic[1:] if topic.startswith("~") else topic
    topic = topic[:-1] + base if topic.endswith("~") else topic
    about = {
        "topic": topic,
        "component": component,
        "device": str(device.get("name") or "") if isinstance(device, dict) else "",
        "unit": str(announced.get("unit_of_measurement") or ""),
        "template": str(announced.get("value_template") or ""),
        "on": str(announced.get("payload_on", announced.get("state_on", "ON"))),
        "off": str(announced.get("payload_off", announced.get("state_off", "OFF"))),
    }
    return {entity: about}


def _long(value: Any) -> Any:
    """Return an object with the long names in place of the short ones."""
    return {_SHORT.get(key, key): each for key, each in value.items()} if isinstance(value, dict) else value


def _value(payload: bytes, about: dict[str, Any]) -> FieldValue | None:
    text = payload.decode(errors="replace").strip()
    if about["template"]:
        try:
            rendered = render(about["template"], text, json_or_none(payload))
        except Unsupported:
            return None
        if isinstance(rendered, bool | int | float):
            return rendered if isinstance(rendered, bool) else float(rendered)
        text = "" if rendered is None else str(rendered)
    if text in (about["on"], about["off"]) and about["component"] in {"binary_sensor", "switch", "light"}:
        return text == str(about["on"])
    return None if about["component"] == "binary_sensor" else _plain_value(text)


def _plain_value(text: str) -> FieldValue | None:
    """Return a number as float, on and off as truth; None for every other state, as ``unavailable``."""
    if text.lower() in {"on", "off"}:
        return text.lower() == "on"
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
