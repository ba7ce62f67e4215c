"""Commands: messages below ``cmd/`` that want to be done once, and answered.

Who asks names a topic for the answer: by MQTT 5's response topic and correlation data, or, where the broker
speaks 3.1.1, in the payload: ``{"reply_to": "answers/42", "id": "a1", "value": 0.5}``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Final

from heliograph.app.incoming.answers import Answer
from heliograph.app.incoming.payloads import encode
from heliograph.app.message import Message
from heliograph.errors import DecodeError
from heliograph.transport.mqtt_client_message import MessageProperties, MqttMessage, Publication
from heliograph.transport.mqtt_kept import KeptAgain

PREFIX: Final = "cmd/"
SURELY_ACKNOWLEDGED: Final = 10.0
_MAX_TAKEN: Final = 500
"""Messages that are known again when the broker repeats them."""
_MAX_ID: Final = 200


def is_command(topic: str) -> bool:
    """Return whether messages of a topic are commands."""
    return topic.startswith(PREFIX)


def read_message(arrived: MqttMessage) -> Message:
    """Return what arrived as a handler gets it, a command out of its envelope."""
    properties = arrived.properties
    correlation = properties.correlation_data
    message = Message(
        arrived.topic,
        arrived.payload,
        arrived.qos,
        arrived.retained,
        arrived.is_duplicate,
        properties.response_topic,
        None if correlation is None else correlation.decode(errors="backslashreplace")[:_MAX_ID],
    )
    return _opened(message) if is_command(arrived.topic) and message.reply_to is None else message


def _opened(message: Message) -> Message:
    """Return a command without the envelope of JSON around it, if it has one."""
    if not message.payload.startswith(b"{"):
        return message
    try:
        envelope = json.loads(message.payload)
    except ValueError:
        return message
    reply_to, id_ = envelope.pop("reply_to", None), envelope.get("id")
    if reply_to is None and not (id_ is not None and envelope.keys() <= {"id", "value"}):
        return message
    envelope.pop("id", None)
    rest = envelope.get("value", envelope or None)
    payload = b"" if rest is None else encode(rest)
    return replace(
        message,
        payload=payload,
        reply_to=reply_to if isinstance(reply_to, str) and reply_to else None,
        id=None if id_ is None else str(id_)[:_MAX_ID],
    )


def write_answer(message: Message, answer: Answer, correlation: bytes | None) -> Publication | None:
    """Return the answer to a command as a message; None if nobody wants one."""
    if message.reply_to is None:
        return None
    body = answer.as_json() | ({} if message.id is None else {"id": message.id})
    try:
        payload = encode(body)
    except DecodeError as error:
        payload = encode(
            {"ok": False, "error": f"the result cannot be sent: {error.reason}", "id": message.id}
        )
    return Publication(
        message.reply_to, payload, 1, properties=MessageProperties(correlation_data=correlation)
    )


@dataclass(slots=True)
class _Taken:
    """A message of QoS 1 that was taken."""

    copies: list[MqttMessage]
    done_at: float | None = None
    """When it was acknowledged."""


class Repeats:
    """Messages that the broker sends again although they were taken; topic, payload and packet id tell.

    Packet ids are used again. So a message is forgotten once its acknowledgement must have arrived: when
    the connection lived on for `SURELY_ACKNOWLEDGED` seconds after it.
    """

    def __init__(self, most: int = _MAX_TAKEN) -> None:
        self._most = most
        self._taken: dict[tuple[int, bytes], _Taken] = {}
        self._kept = KeptAgain(most)

    def is_repeat(self, arrived: MqttMessage) -> bool:
        """Return whether this was taken before; what is not is remembered."""
        if is_command(arrived.topic):
            is_known = self._kept.knows(arrived)
            self._kept.note(arrived)
            if arrived.retained:  # it comes again with each new connection
                return is_known
        if arrived.qos != 1:  # 2 is told apart by the protocol, 0 is never sent again
            return False
        key = arrived.packet_id, _digest(arrived)
        before = self._taken.pop(key, None) if arrived.is_duplicate else None
        taken = self._taken[key] = before or _Taken([])
        taken.copies.append(arrived)
        while len(self._taken) > self._most:
            self._taken.pop(next(iter(self._taken)))
        return before is not None

    def done(self, arrived: MqttMessage, now: float) -> list[MqttMessage]:
        """Note that a message is being acknowledged, and return all copies of it that came."""
        taken = self._taken.get((arrived.packet_id, _digest(arrived))) if arrived.qos == 1 else None
        if taken is None:
            return [arrived]
        taken.done_at = now
        return taken.copies

    def first_copy(self, arrived: MqttMessage) -> MqttMessage:
        """Return the message of which this one is a repeat."""
        taken = self._taken.get((arrived.packet_id, _digest(arrived)))
        return taken.copies[0] if taken else arrived

    def connection_lost(self, now: float) -> None:
        """Forget what the broker will not send again over the next connection."""
        sure = now - SURELY_ACKNOWLEDGED
        for key in [key for key, each in self._taken.items() if each.done_at and each.done_at < sure]:
            del self._taken[key]


def _digest(arrived: MqttMessage) -> bytes:
    digest = hashlib.blake2b(arrived.topic.encode(), digest_size=16)
    digest.update(b"\0" + arrived.payload)
    return digest.digest()
