"""A message as a handler gets it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heliograph.errors import MessageError


@dataclass(frozen=True, slots=True)
class Message:
    """What came over MQTT: bytes with a topic, and what is known about them."""

    topic: str
    payload: bytes
    qos: int = 0
    retained: bool = False
    """Whether the broker had kept it, so that it may be old."""
    duplicate: bool = False
    """Whether the broker says that it sends this once more."""
    reply_to: str | None = None
    """The topic where an answer is expected, from MQTT 5 or from ``reply_to`` in a JSON payload."""
    id: str | None = None
    """What an answer repeats: MQTT 5's correlation data, or ``id`` in a JSON payload."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """What stood in the topic at the names of the handler's filter."""

    @property
    def text(self) -> str:
        """The payload as text.

        Raises:
            MessageError: it is not UTF-8.
        """
        try:
            return self.payload.decode()
        except UnicodeDecodeError as error:
            raise MessageError(
                f"text in UTF-8 was expected on {self.topic}, {self.payload[:40]!r} came"
            ) from error

    def json(self) -> Any:
        """Return what the payload says in JSON.

        Raises:
            MessageError: it is not JSON.
        """
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise MessageError(f"JSON was expected on {self.topic}, {self.text[:80]!r} came") from error

    def number(self) -> float:
        """Return the number that the payload is.

        Raises:
            MessageError: it is none.
        """
        try:
            return float(self.text)
        except ValueError as error:
            raise MessageError(f"a number was expected on {self.topic}, {self.text[:80]!r} came") from error
