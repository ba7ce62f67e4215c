"""When a message came first: one that comes again keeps that time, and so gives the same points."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from typing import Final

from heliograph.hub.payload import arrival_of, time_of
from heliograph.stream.log import LP, StreamLog
from heliograph.transport.mqtt_client_message import MqttMessage

REMEMBERED: Final = 40_000
"""Fewer than there are packet ids, so that an id means one message only."""
_READ_BACK: Final = 20_000
"""Messages at the end of the stream, among which those are that were stored, and whose acknowledgement the
broker has not seen: a busy one may have thousands before it, which it never sees if the hub is killed."""
_READ_BACK_BYTES: Final = 128 * 1024 * 1024
"""About so much is read at most, where messages are large."""


class Arrivals:
    """The latest messages by packet id and content."""

    def __init__(self) -> None:
        self._times_ns: OrderedDict[str, int] = OrderedDict()

    async def read_back(self, stream: StreamLog) -> None:
        """Learn what the stream knows: messages that a hub stored, and was killed before it said so.

        Raises:
            StreamError: nats-server does not answer.
        """
        state = await stream.state(LP)
        held = state.last_seq - state.first_seq + 1
        if held < 1:
            return
        wanted = min(held, _READ_BACK, max(1, _READ_BACK_BYTES * held // max(state.size_bytes, 1)))
        first_seq = state.last_seq - wanted + 1
        async for group in stream.read(LP, first_seq, state.last_seq):
            for message in group:
                if arrival := arrival_of(message.headers):
                    self._remember(arrival, time_of(message.headers))

    @staticmethod
    def name_of(message: MqttMessage) -> str:
        """Return what tells a message of QoS 1 from the others of our session; empty for QoS 0."""
        if not message.qos:
            return ""
        content = hashlib.blake2b(message.topic.encode() + b"\0" + message.payload, digest_size=12)
        return f"{message.packet_id}:{content.hexdigest()}"

    def time_of(self, message: MqttMessage) -> int:
        """Return when a message came first, in ns: now, unless the broker says that it sends it again."""
        name = self.name_of(message)
        known = self._times_ns.get(name) if message.is_duplicate else None
        time_ns = time.time_ns() if known is None else known
        if name:
            self._remember(name, time_ns)
        return time_ns

    def _remember(self, name: str, time_ns: int) -> None:
        self._times_ns[name] = time_ns
        self._times_ns.move_to_end(name)
        if len(self._times_ns) > REMEMBERED:
            self._times_ns.popitem(last=False)
