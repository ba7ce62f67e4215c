"""A message and a rule make points: the one way, whether they are stored, tried or read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from heliograph.codec.ingest.generic import cbor_points, json_points, lp_points, senml_points, value_points
from heliograph.codec.ingest.homeassistant import discovered_points, homeassistant_points
from heliograph.codec.ingest.homie import homie_points
from heliograph.codec.ingest.message import Incoming
from heliograph.codec.ingest.sparkplug import sparkplug_points
from heliograph.codec.ingest.tasmota import tasmota_points
from heliograph.codec.ingest.zigbee2mqtt import zigbee2mqtt_points
from heliograph.codec.lineprotocol.format import format_point
from heliograph.errors import LineProtocolError, PayloadError
from heliograph.model.point import Point

_FORMS: Final[dict[str, Callable[[Incoming], list[Point]]]] = {
    "lp": lp_points,
    "json": json_points,
    "value": value_points,
    "cbor": cbor_points,
    "senml": senml_points,
    "sparkplug": sparkplug_points,
    "tasmota": tasmota_points,
    "zigbee2mqtt": zigbee2mqtt_points,
    "homie": homie_points,
    "homeassistant": homeassistant_points,
}


def convert(message: Incoming) -> list[Point]:
    """Return the points of a message, each with a time; what it teaches is put into its facts.

    A message that the broker had kept gives the points that have a time of their own only: nobody knows
    when the others were true.

    Raises:
        PayloadError: it is not what its rule says.
    """
    is_announced = message.rule.parser == "homeassistant" and not message.rule.takes(message.topic)
    try:
        points = (discovered_points if is_announced else _FORMS[message.rule.parser])(message)
    except (AttributeError, KeyError, IndexError, TypeError, UnicodeError) as error:
        reason = f"its values are not arranged as expected ({type(error).__name__}: {error})"
        raise PayloadError(message.rule.parser, reason) from error
    if message.retained:
        return [point for point in points if point.time_ns is not None]
    return [p if p.time_ns is not None else replace(p, time_ns=message.time_ns) for p in points]


def lines_of(points: Sequence[Point]) -> bytes:
    """Return points as line protocol.

    Raises:
        PayloadError: one of them cannot be written as that.
    """
    try:
        return "\n".join(map(format_point, points)).encode()
    except LineProtocolError as error:
        raise PayloadError("what can be stored", str(error)) from error
