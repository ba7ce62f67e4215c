"""What of a topic can be read in a terminal: nothing that came over the network moves its cursor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from heliograph.codec.payload.decode import decode
from heliograph.codec.payload.decoded import Decoded, Plain, leaves
from heliograph.topics.tree import Sighting
from heliograph.transport.mqtt_tap import Missed

VIEWS: Final = ("values", "text", "bytes", "changes")
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_LETTERS: Final = 20_000
_CHANGES: Final = 200


def printable(text: str, *, lines: bool = False) -> str:
    """Return a text with a dot for each letter that is no letter to print; escape sequences among them."""
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(letter if letter.isprintable() or letter in kept else "·" for letter in text)


def payload_text(topic: str, seen: Sighting, before: Sighting | None, view: str) -> str:
    """Return a message in one of the ``VIEWS``."""
    if view == "changes":
        return _changes(topic, seen, before)
    if view == "bytes":
        text = decode(seen.payload, "hex").text()
    elif view == "text":
        text = seen.payload.decode(errors="replace")
    else:
        text = decoded(topic, seen).text(is_pretty=True)
    return printable(text[:_LETTERS].expandtabs(), lines=True)


def decoded(topic: str, seen: Sighting) -> Decoded:
    """Return the values of a message."""
    return decode(seen.payload, topic=topic, now_s=seen.time_ns / 1e9)


def number_of(value: Plain) -> float | None:
    """Return the number that a value stands for; truth values are 1 and 0, texts of numbers are numbers."""
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def numeric_paths(topic: str, seen: Sighting) -> list[str]:
    """Return where in a message there are numbers; ``""`` is the whole."""
    return [path for path, value in leaves(decoded(topic, seen).value) if number_of(value) is not None]


def numbers_at(topic: str, messages: Sequence[Sighting], path: str) -> list[float]:
    """Return the numbers of one path, in the order of the messages."""
    found = [dict(leaves(decoded(topic, seen).value)).get(path) for seen in messages]
    numbers = (number_of(value) for value in found)
    return [number for number in numbers if number is not None]


def sparkline(numbers: Sequence[float], width: int) -> str:
    """Return the last numbers as a line of blocks."""
    shown = [number for number in numbers if abs(number) < float("inf")][-width:]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    return "".join(_BLOCKS[int((number - low) / span * (len(_BLOCKS) - 1))] for number in shown)


def clock(time_ns: int) -> str:
    """Return a time of day of this machine's zone."""
    return f"{datetime.fromtimestamp(time_ns / 1e9).astimezone():%H:%M:%S.%f}"[:-3]


def state_text(endpoint: str, missed: Missed, *, is_connected: bool) -> str:
    """Return where we listen, and what we did not hear."""
    parts = [endpoint if is_connected else f"{endpoint}: NOT CONNECTED, trying"]
    if missed.messages:
        parts.append(f"{missed.messages:,} messages not looked at: too many at once")
    if missed.interruptions:
        parts.append(f"{missed.interruptions:,} times cut off, {missed.seconds:,.0f} s in all")
    return "  ·  ".join(parts)


def _changes(topic: str, seen: Sighting, before: Sighting | None) -> str:
    if before is None:
        return "There is no message before this one."
    old = dict(leaves(decoded(topic, before).value))
    new = dict(leaves(decoded(topic, seen).value))
    lines = [
        f"{path or 'value'}: {_shown(old, path)} → {_shown(new, path)}"
        for path in dict.fromkeys([*old, *new])
        if _shown(old, path) != _shown(new, path)
    ]
    return printable("\n".join(lines[:_CHANGES]), lines=True) or "Nothing changed since the message before."


def _shown(values: dict[str, Plain], path: str) -> str:
    return json.dumps(values[path], ensure_ascii=False) if path in values else "–"
