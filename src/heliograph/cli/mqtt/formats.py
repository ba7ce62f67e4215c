"""``-F``: how a message is printed, in mosquitto_sub's notation."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import ConfigError
from heliograph.transport.mqtt_client_message import MqttMessage

_SEQUENCE: Final = re.compile(r"%([-0]*)(\d*)(?:\.(\d+))?(.)|@(.)|\\(.)", re.DOTALL)
_ESCAPES: Final = {
    "\\": b"\\",
    "0": b"\0",
    "a": b"\a",
    "e": b"\x1b",
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
}


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message and when it came, nanoseconds since 1970."""

    message: MqttMessage
    time_ns: int


Part = Callable[[Arrived], bytes]


class Format:
    """A format, read once and used for each message.

    Raises:
        ConfigError: it has a sequence that is not known.
    """

    def __init__(self, text: str, *, is_pretty: bool = False) -> None:
        self._parts: list[Part] = []
        at = 0
        for match in _SEQUENCE.finditer(text):
            self._add_text(text[at : match.start()])
            self._parts.append(_part(match, is_pretty=is_pretty))
            at = match.end()
        self._add_text(text[at:])

    def _add_text(self, text: str) -> None:
        if text:
            raw = text.encode("utf-8", "surrogateescape")
            self._parts.append(lambda _: raw)

    def __call__(self, arrived: Arrived) -> bytes:
        """Return the message as the format has it."""
        return b"".join(part(arrived) for part in self._parts)


def _part(match: re.Match[str], *, is_pretty: bool) -> Part:
    flags, width, most, letter, of_time, escape = match.groups()
    if escape is not None:
        if escape not in _ESCAPES:
            raise ConfigError(f"\\{escape} is not known after -F, known are {' '.join(_ESCAPES)}", key="-F")
        return lambda _: _ESCAPES[escape]
    if of_time is not None:
        return _time_part(of_time)
    if letter in "jJ":
        return lambda arrived: _json(arrived, has_json_payload=letter == "J", is_pretty=is_pretty)
    if letter not in _LETTERS:
        raise ConfigError(f"%{letter} is not known after -F, known are {' '.join(_LETTERS)} j J", key="-F")
    value = _LETTERS[letter]
    if not (flags or width or most):
        return value
    return lambda arrived: _padded(value(arrived), flags, int(width or 0), int(most) if most else None)


def _padded(raw: bytes, flags: str, width: int, most: int | None) -> bytes:
    cut = raw if most is None else raw[:most]
    if "-" in flags:
        return cut.ljust(width)
    return cut.rjust(width, b"0" if "0" in flags else b" ")


def _time_part(letter: str) -> Part:
    if letter == "@":
        return lambda _: b"@"
    if letter == "N":
        return lambda arrived: b"%09d" % (arrived.time_ns % 10**9)
    return lambda arrived: time.strftime(f"%{letter}", time.localtime(arrived.time_ns // 10**9)).encode()


def iso_time(time_ns: int, *, fraction: bool = False) -> str:
    """Return the local time with its offset, as ``2026-11-23T08:00:00+0100``."""
    local = time.localtime(time_ns // 10**9)
    part = f".{time_ns % 10**9 // 1000:06d}" if fraction else ""
    return time.strftime(f"%Y-%m-%dT%H:%M:%S{part}%z", local)


def _text(value: object) -> bytes:
    return b"" if value is None else str(value).encode()


_LETTERS: Final[dict[str, Part]] = {
    "%": lambda _: b"%",
    "A": lambda arrived: _text(arrived.message.properties.topic_alias),
    "C": lambda arrived: _text(arrived.message.properties.content_type),
    "D": lambda arrived: arrived.message.properties.correlation_data or b"",
    "E": lambda arrived: _text(arrived.message.properties.expiry_s),
    "F": lambda arrived: b"1" if arrived.message.properties.is_text else b"",
    "I": lambda arrived: iso_time(arrived.time_ns).encode(),
    "l": lambda arrived: b"%d" % len(arrived.message.payload),
    "m": lambda arrived: b"%d" % arrived.message.packet_id,
    "P": lambda arrived: b" ".join(f"{k}:{v}".encode() for k, v in arrived.message.properties.user),
    "p": lambda arrived: arrived.message.payload,
    "q": lambda arrived: b"%d" % arrived.message.qos,
    "R": lambda arrived: _text(arrived.message.properties.response_topic),
    "r": lambda arrived: b"%d" % arrived.message.retained,
    "S": lambda arrived: _text(arrived.message.properties.subscription_id),
    "t": lambda arrived: arrived.message.topic.encode(),
    "U": lambda arrived: b"%d.%09d" % divmod(arrived.time_ns, 10**9),
    "x": lambda arrived: arrived.message.payload.hex().encode(),
    "X": lambda arrived: arrived.message.payload.hex().upper().encode(),
}


def _json(arrived: Arrived, *, has_json_payload: bool, is_pretty: bool) -> bytes:
    message = arrived.message
    said: dict[str, Any] = {
        "tst": iso_time(arrived.time_ns, fraction=True),
        "topic": message.topic,
        "qos": message.qos,
        "retain": int(message.retained),
        "payloadlen": len(message.payload),
    }
    if message.qos:
        said["mid"] = message.packet_id
    if properties := _properties(message):
        said["properties"] = properties
    if has_json_payload:
        from heliograph.codec.payload.plain_text import decode_json

        said["payload"] = decode_json(message.payload).value
    else:
        said["payload"] = message.payload.decode("utf-8", "replace")
    separators = None if is_pretty else (",", ":")
    return json.dumps(
        said, ensure_ascii=False, separators=separators, indent=2 if is_pretty else None
    ).encode()


def _properties(message: MqttMessage) -> dict[str, Any]:
    properties = message.properties
    said: dict[str, Any] = {
        "content-type": properties.content_type,
        "response-topic": properties.response_topic,
        "correlation-data": None
        if properties.correlation_data is None
        else properties.correlation_data.hex(),
        "message-expiry-interval": properties.expiry_s,
        "payload-format-indicator": 1 if properties.is_text else None,
        "topic-alias": properties.topic_alias,
        "subscription-identifier": properties.subscription_id,
        "user-properties": [dict([pair]) for pair in properties.user] or None,
    }
    return {name: value for name, value in said.items() if value is not None}
