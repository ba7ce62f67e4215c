"""Homie 3 to 5: ``homie/<device>/<node>/<property>`` with a value as text.

A property whose ``$datatype`` (or, from version 5 on, ``$description``) says that it is text gives no points.
"""

from __future__ import annotations

from typing import Any, Final

from heliograph.codec.ingest.message import Incoming
from heliograph.codec.payload.plain_text import decode_json, decode_text
from heliograph.errors import PayloadError
from heliograph.model.point import FieldValue, Point

KIND: Final = "homie"
_NUMBERS: Final = frozenset({"integer", "float"})
_KNOWN: Final = frozenset({*_NUMBERS, "boolean"})


def homie_points(message: Incoming) -> list[Point]:
    """Return the point of a property; what is said about properties is learned."""
    _, *place = message.parts
    if place[:1] == ["5"]:
        del place[0]
    if place[1:] == ["$description"]:
        _learn_description(message, place[0])
    elif len(place) == 4 and place[3] == "$datatype":
        message.facts.put(
            KIND, "/".join(place[:3]), message.payload.decode(errors="replace"), message.time_ns
        )
    if len(place) != 3 or any(level.startswith("$") for level in place):
        return []
    device, node, name = place
    learned = message.facts.get(KIND, "/".join(place), message.time_ns)
    value = _value(decode_text(message.payload).value.strip(), learned)
    return [] if value is None else [message.point("homie", {name: value}, {"device": device, "node": node})]


def _learn_description(message: Incoming, device: str) -> None:
    described = decode_json(message.payload).value if message.payload else {}
    nodes = described.get("nodes", {}) if isinstance(described, dict) else {}
    for node, about in nodes.items() if isinstance(nodes, dict) else ():
        properties = about.get("properties", {}) if isinstance(about, dict) else {}
        for name, each in properties.items() if isinstance(properties, dict) else ():
            datatype: Any = each.get("datatype") if isinstance(each, dict) else None
            message.facts.put(KIND, f"{device}/{node}/{name}", datatype, message.time_ns)


def _value(text: str, datatype: str | None) -> FieldValue | None:
    """Return the value, numbers as float; None if it is no number or truth value and need not be one."""
    if datatype is not None and datatype not in _KNOWN:
        return None
    if datatype not in _NUMBERS and text in {"true", "false"}:
        return text == "true"
    try:
        return float(text)
    except ValueError as error:
        if datatype is None:
            return None
        raise PayloadError("Homie's", f"{text[:60]!r} is no {datatype}") from error
