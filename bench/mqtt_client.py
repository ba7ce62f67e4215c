"""The few bytes of MQTT 3.1.1 that a publisher with QoS 1 needs, cheap enough for a thousand at once."""

from __future__ import annotations

import asyncio
from typing import Final, Self

_TIMEOUT: Final = 10.0
_CONNECT: Final = 0x10
_PUBLISH_QOS_0: Final = 0x30
_PUBLISH_QOS_1: Final = 0x32
_PUBACK: Final = 0x40
_DISCONNECT: Final = bytes((0xE0, 0))
_CLEAN_SESSION: Final = 0x02
_KEEP_ALIVE_S: Final = 60


class Refused(Exception):
    """The broker answered with something else than what was expected."""


class Publisher:
    """One connection with one message under way at a time; use as an asynchronous context."""

    def __init__(self, port: int, client_id: str) -> None:
        self._port = port
        self._client_id = client_id
        self._packet_id = 0

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(_TIMEOUT):
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            variable = _text("MQTT") + bytes((4, _CLEAN_SESSION)) + _KEEP_ALIVE_S.to_bytes(2, "big")
            self._writer.write(_packet(_CONNECT, variable + _text(self._client_id)))
            answer = await self._reader.readexactly(4)
        if answer[0] != 0x20 or answer[3] != 0:
            raise Refused(f"CONNACK with code 0 is expected, {answer.hex()} came")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.write(_DISCONNECT)
        self._writer.close()

    def send_unacknowledged(self, topic: bytes, payload: bytes) -> None:
        """Publish with QoS 0; nobody says whether it came. Wait for :meth:`drain` now and then."""
        self._writer.write(_packet(_PUBLISH_QOS_0, len(topic).to_bytes(2, "big") + topic + payload))

    async def drain(self) -> None:
        """Wait until the system has taken most of what was sent."""
        async with asyncio.timeout(_TIMEOUT):
            await self._writer.drain()

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 and return when the broker has acknowledged.

        Raises:
            Refused: the broker answered with another packet.
            TimeoutError: it did not answer within ten seconds.
        """
        self._packet_id = self._packet_id % 0xFFFF + 1
        packet_id = self._packet_id.to_bytes(2, "big")
        async with asyncio.timeout(_TIMEOUT):
            self._writer.write(_packet(_PUBLISH_QOS_1, _text(topic) + packet_id + payload))
            answer = await self._reader.readexactly(4)
        if answer != bytes((_PUBACK, 2)) + packet_id:
            raise Refused(f"PUBACK of {packet_id.hex()} is expected, {answer.hex()} came")


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _packet(head: int, body: bytes) -> bytes:
    length = bytearray()
    rest = len(body)
    while True:
        rest, digit = divmod(rest, 128)
        length.append(digit | (0x80 if rest else 0))
        if not rest:
            return bytes((head,)) + bytes(length) + body
