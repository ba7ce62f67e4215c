"""Kept messages that come again: with MQTT 3.1.1 a broker tells them with each subscription."""

from __future__ import annotations

import hashlib
from typing import Final

from heliograph.transport.mqtt_client_message import MqttMessage

_MOST: Final = 1_000


class KeptAgain:
    """Knows a kept message that is what came last on its topic: kept, or while it was published.

    One that came before another one does not count: what was left with the broker may have been set to
    something else and back again while nobody heard it.

    Args:
        most: how many topics are remembered.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._last: dict[str, bytes] = {}

    def knows(self, message: MqttMessage) -> bool:
        """Return whether a message is a kept one, and the same as what came last on its topic."""
        return message.retained and self._last.get(message.topic) == _digest(message)

    def note(self, message: MqttMessage) -> None:
        """Remember a message that came."""
        self._last.pop(message.topic, None)
        while len(self._last) >= self._most:
            self._last.pop(next(iter(self._last)))
        self._last[message.topic] = _digest(message)


def _digest(message: MqttMessage) -> bytes:
    return hashlib.blake2b(message.payload, digest_size=16).digest()
