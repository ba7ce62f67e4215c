"""Messages that a broker sends right behind its consent, at a broker of a few lines over loopback.

A real broker does so when it likes; here consent and messages are one write.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from heliograph.transport.mqtt_client import MqttClient, running
from heliograph.transport.mqtt_client_message import MqttMessage, Publication
from heliograph.transport.mqtt_client_settings import MqttSettings

HANG = 60.0
CONNECT, PUBLISH, PUBACK = 1, 3, 4
CONSENT = b"\x20\x02\x01\x00"  # the session is there
IN_FLIGHT = 20
"""How many Mosquitto sends before it wants the first to be acknowledged."""


def command(packet_id: int) -> bytes:
    return b"\x3a\x05\x00\x01c" + packet_id.to_bytes(2)


class KeepingBroker:
    """Takes publications without a word, and has messages for whom it knows from before."""

    def __init__(self) -> None:
        self.connects = 0
        self.published: asyncio.Queue[bytes] = asyncio.Queue()
        self.acknowledged: asyncio.Queue[int] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while True:
                head, size = await reader.readexactly(2)  # the packets of the test are below 128 bytes
                self._handle(writer, head >> 4, await reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _handle(self, writer: asyncio.StreamWriter, kind: int, body: bytes) -> None:
        if kind == CONNECT:
            self.connects += 1
            waiting = range(1, IN_FLIGHT + 1) if self.connects > 1 else ()
            writer.write(CONSENT + b"".join(command(packet_id) for packet_id in waiting))
        elif kind == PUBLISH:
            self.published.put_nowait(body)
        elif kind == PUBACK:
            self.acknowledged.put_nowait(int.from_bytes(body))

    def cut(self) -> None:
        assert self._writer is not None
        self._writer.transport.abort()


@asynccontextmanager
async def connected(broker: KeepingBroker) -> AsyncIterator[MqttClient]:
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = MqttSettings("127.0.0.1", port, client_id="kept", is_clean=False)
    client = MqttClient(settings, acknowledges_itself=False)
    try:
        async with asyncio.timeout(HANG), running(client):
            yield client
    finally:
        broker.cut()
        server.close()
        await server.wait_closed()


async def taken(client: MqttClient) -> list[MqttMessage]:
    return [await client.next_message() for _ in range(IN_FLIGHT)]


async def test_messages_that_come_with_the_consent_can_be_acknowledged() -> None:
    broker = KeepingBroker()
    async with connected(broker) as client:
        # With publications under way the library reads several packets at once, so that the messages are
        # here before whoever connects knows that there is a connection.
        for _ in range(IN_FLIGHT):
            await client.send(Publication("a", b"under way", 1))
            await broker.published.get()
        broker.cut()
        came = await taken(client)
        assert client.statistics.connects == broker.connects == 2
        assert {message.connection for message in came} == {2}
        for message in came:
            client.acknowledge(message)
        assert [await broker.acknowledged.get() for _ in came] == list(range(1, IN_FLIGHT + 1))


async def test_messages_of_the_connection_before_are_not_acknowledged() -> None:
    broker = KeepingBroker()
    async with connected(broker) as client:
        broker.cut()
        before = await taken(client)
        broker.cut()
        again = await taken(client)
        client.acknowledge(before[-1])
        client.acknowledge(again[0])
        assert await broker.acknowledged.get() == again[0].packet_id
        assert [message.connection for message in (before[-1], again[0])] == [2, 3]
