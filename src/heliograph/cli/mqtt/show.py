"""How ``helio sub`` prints what came: as it is, decoded, as a difference, in colour."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from heliograph.cli.mqtt.formats import Arrived
from heliograph.codec.payload.decode import decode
from heliograph.codec.payload.decoded import Decoded, leaves

MOST_TOPICS: Final = 10_000
"""Topics whose last payload is kept for the next difference; of more the longest unseen are forgotten."""

_CYAN, _YELLOW, _GREEN, _RED, _DIM, _OFF = (f"\x1b[{code}m" for code in ("36", "33", "32", "31", "2", "0"))


class Printer:
    """Turns a message into what is printed, without the line end.

    Args:
        form: how to decode, None for the bytes as they are.
        has_topic: whether the topic goes first.
        is_pretty: whether values are indented.
        is_coloured: whether topics, flags and changes have colours.
    """

    def __init__(self, form: str | None, *, has_topic: bool, is_pretty: bool, is_coloured: bool) -> None:
        self._form = form
        self._has_topic = has_topic
        self._is_pretty = is_pretty
        self._is_coloured = is_coloured

    def __call__(self, arrived: Arrived) -> bytes:
        """Return topic and payload.

        Raises:
            PayloadError: the payload is not of the form that was asked for.
        """
        message = arrived.message
        payload = message.payload
        if self._form is not None:
            payload = decoded(arrived, self._form).text(is_pretty=self._is_pretty).encode("utf-8", "replace")
        if not self._has_topic:
            return payload
        return self._head(arrived) + payload

    def _head(self, arrived: Arrived) -> bytes:
        message = arrived.message
        if not self._is_coloured:
            return message.topic.encode() + b" "
        mark = f"{_YELLOW}retained{_OFF} " if message.retained else ""
        return f"{_CYAN}{message.topic}{_OFF} {mark}".encode()


class Differences:
    """Prints, for each topic, what changed since its last message: nothing if nothing did."""

    def __init__(self, form: str, *, is_coloured: bool) -> None:
        self._form = form
        self._is_coloured = is_coloured
        self._last: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def __call__(self, arrived: Arrived) -> bytes | None:
        """Return one line for each value that is new, gone or another; None for no change.

        Raises:
            PayloadError: the payload is not of the form that was asked for.
        """
        topic = arrived.message.topic
        now = dict(leaves(decoded(arrived, self._form).value))
        before = self._last.pop(topic, None)
        self._last[topic] = now
        if len(self._last) > MOST_TOPICS:
            self._last.popitem(last=False)
        if before is None:
            changes = [self._line("+", _GREEN, topic, path, _said(value)) for path, value in now.items()]
        else:
            changes = list(self._changes(topic, before, now))
        return "\n".join(changes).encode("utf-8", "replace") if changes else None

    def _changes(self, topic: str, before: dict[str, Any], now: dict[str, Any]) -> list[str]:
        lines = []
        for path, value in now.items():
            if path not in before:
                lines.append(self._line("+", _GREEN, topic, path, _said(value)))
            elif before[path] != value or type(before[path]) is not type(value):
                text = f"{_said(before[path])} → {_said(value)}{_step(before[path], value)}"
                lines.append(self._line("~", _YELLOW, topic, path, text))
        gone = [path for path in before if path not in now]
        return lines + [self._line("-", _RED, topic, path, _said(before[path])) for path in gone]

    def _line(self, sign: str, colour: str, topic: str, path: str, text: str) -> str:
        where = f"{topic} {path}" if path else topic
        if self._is_coloured:
            return (
                f"{colour}{sign}{_OFF} {_CYAN}{topic}{_OFF} {f'{path} ' if path else ''}{_DIM}:{_OFF} {text}"
            )
        return f"{sign} {where} : {text}"


def decoded(arrived: Arrived, form: str) -> Decoded:
    """Return a message's values."""
    message = arrived.message
    return decode(message.payload, form, topic=message.topic, now_s=arrived.time_ns / 1e9)


def _said(value: Any) -> str:
    return Decoded("json", value).text()


def _step(before: Any, now: Any) -> str:
    numbers = (int, float)
    if isinstance(before, bool) or isinstance(now, bool):
        return ""
    if isinstance(before, numbers) and isinstance(now, numbers):
        return f" ({now - before:+.6g})"
    return ""


Show = Callable[[Arrived], bytes | None]
