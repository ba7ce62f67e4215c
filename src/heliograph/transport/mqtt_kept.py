"""Kept messages that come again: with MQTT 3.1.1 a broker tells them with each subscription."""

from __future__ import annotations

import hashlib
from typing import Final

from heliograph.transport.mqtt_client_message import MqttMessage

_MOST: Final = 1_000


class KeptAgain:
    """Knows a kept message of which a copy came before: kept, or while it was published.

    Args:
        most: how many topics are remembered, those with both kinds of copies twice.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._last: dict[tuple[str, bool], bytes] = {}

    def knows(self, message: MqttMessage) -> bool:
        """Return whether a message is a kept one, and the same as the last copy of its topic."""
        digest = _digest(message)
        copies = (self._last.get((message.topic, kept)) for kept in (True, False))
        return message.retained and digest in copies

    def note(self, message: MqttMessage) -> None:
        """Remember a message that came."""
        key = message.topic, message.retained
        self._last.pop(key, None)
        while len(self._last) >= self._most:
            self._last.pop(next(iter(self._last)))
        self._last[key] = _digest(message)


def _digest(message: MqttMessage) -> bytes:
    return hashlib.blake2b(message.payload, digest_size=16).digest()
