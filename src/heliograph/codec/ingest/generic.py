"""Payloads without a convention of their own: line protocol, JSON, CBOR, SenML, a bare value."""

from __future__ import annotations

from typing import Any

from heliograph.codec.ingest.message import Incoming
from heliograph.codec.ingest.rule import FIELD_LEVEL
from heliograph.codec.ingest.selection import Selection, chosen, find, time_of, typed
from heliograph.codec.payload.cbor import decode_cbor
from heliograph.codec.payload.lines import decode_lines
from heliograph.codec.payload.plain_text import decode_json, decode_text
from heliograph.codec.payload.senml import decode_senml
from heliograph.errors import PayloadError
from heliograph.model.point import FieldValue, Point

_NS = 1_000_000_000


def lp_points(message: Incoming) -> list[Point]:
    """Return the points of line protocol, with the tags of the topic."""
    return [
        message.point(each["measurement"], each["fields"], each["tags"], each.get("time_ns"))
        for each in decode_lines(message.payload).value
    ]


def json_points(message: Incoming) -> list[Point]:
    """Return a point for the object of a JSON text, or for each of a list of them."""
    return _objects(message, decode_json(message.payload).value)


def cbor_points(message: Incoming) -> list[Point]:
    """Likewise for CBOR."""
    return _objects(message, decode_cbor(message.payload).value)


def _objects(message: Incoming, value: Any) -> list[Point]:
    rule = message.rule
    several = value if isinstance(value, list) and all(isinstance(each, dict) for each in value) else [value]
    points = []
    for each in several:
        fields = chosen(each, rule.selections, but=rule.time)
        found = find(each, rule.time) if rule.time else None
        if rule.time and found is None:
            raise PayloadError("what the rule expects", f"there is no {rule.time}, which is the time")
        time_ns = None if found is None else time_of(found, rule.time_form)
        if fields:
            points.append(message.point(_last_fixed(message), fields, {}, time_ns))
    if not points and rule.fields:
        raise PayloadError("what the rule expects", f"it has none of the fields {', '.join(rule.fields)}")
    return points


def value_points(message: Incoming) -> list[Point]:
    """Return one point for a payload that is a bare number, truth value or text."""
    text = decode_text(message.payload).value.strip()
    wanted = message.rule.selections[:1]
    levels = message.rule.levels(message.topic)
    name = levels.get(FIELD_LEVEL) or (wanted[0].name if wanted else "value")
    field_type = wanted[0].type if wanted else "auto"
    value = _bare(text) if field_type == "auto" else typed(Selection(name, field_type, name), text)
    return [message.point(_last_fixed(message), {name: value}, {})]


def _bare(text: str) -> FieldValue:
    """Return a number as float, ``true`` and ``false`` as what they are.

    Raises:
        PayloadError: something else.
    """
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError as error:
        reason = f'{text[:60]!r} is no number; fields = ["value:string"] or ["value:bool"] takes words'
        raise PayloadError("a value", reason) from error


def senml_points(message: Incoming) -> list[Point]:
    """Return a point for each record: its name is the field, what is before its last ``/`` or ``:`` a tag."""
    points = []
    for record in decode_senml(message.payload, now_s=message.time_ns / _NS).value:
        value = next((record[key] for key in ("v", "vb", "vs") if key in record), None)
        if value is None:
            continue
        head, name = _split(record["n"])
        tags = {"name": head} if head else {}
        if "u" in record:
            tags["unit"] = record["u"]
        field = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        time_ns = round(record["t"] * 1_000_000) * 1_000 if "t" in record else None
        points.append(message.point("senml", {name: field}, tags, time_ns))
    return points


def _split(name: str) -> tuple[str, str]:
    at = max(name.rfind("/"), name.rfind(":"))
    return (name[:at], name[at + 1 :]) if 0 < at < len(name) - 1 else ("", name)


def _last_fixed(message: Incoming) -> str:
    """Return the first level of the topic, which is a measurement's name where no rule gives one."""
    return next((part for part in message.parts if part), "mqtt")
