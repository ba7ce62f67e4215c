"""The publisher against a broker of a few lines that does what the test says, over loopback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from heliograph.aio.backoff import Backoff
from heliograph.errors import ConnectError, PayloadTooLarge, Refused
from heliograph.transport.mqtt import MAX_PAYLOAD_BYTES, MqttEndpoint, MqttPublisher, Publication

CONNECT, PUBLISH, PINGREQ, DISCONNECT = 1, 3, 12, 14
TIMEOUT = 60.0


class ScriptedBroker:
    """Speaks just enough MQTT 3.1.1; ``acks`` and ``connack`` are the script."""

    def __init__(self) -> None:
        self.connack: int | None = 0
        self.acks = True
        self.connects: list[bytes] = []
        self.published: list[tuple[int, bytes, bytes]] = []
        self.disconnects = 0
        self.changed = asyncio.Condition()
        self._writers: list[asyncio.StreamWriter] = []
        self._unacked: list[tuple[asyncio.StreamWriter, bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readexactly(1))[0]
                body = await reader.readexactly(await _length(reader))
                self._handle(writer, head, body)
                async with self.changed:
                    self.changed.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _handle(self, writer: asyncio.StreamWriter, head: int, body: bytes) -> None:
        if head >> 4 == CONNECT:
            self.connects.append(body)
            if self.connack is not None:
                writer.write(bytes([0x20, 2, 0, self.connack]))
            if self.connack:
                writer.close()
        elif head >> 4 == PUBLISH:
            size = int.from_bytes(body[:2])
            self.published.append((head, body[2 : 2 + size], body[4 + size :]))
            self._unacked.append((writer, body[2 + size : 4 + size]))
            if self.acks:
                self.ack_all()
        elif head >> 4 == DISCONNECT:
            self.disconnects += 1

    def ack_all(self) -> None:
        for writer, packet_id in self._unacked:
            if not writer.is_closing():
                writer.write(b"\x40\x02" + packet_id)
        self._unacked.clear()

    def cut(self) -> None:
        self._unacked.clear()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with self.changed:
            await self.changed.wait_for(condition)

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, _, payload in self.published]


async def _length(reader: asyncio.StreamReader) -> int:
    value, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value


@asynccontextmanager
async def listening(broker: ScriptedBroker) -> AsyncIterator[MqttEndpoint]:
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    try:
        async with asyncio.timeout(TIMEOUT):
            yield MqttEndpoint(port=server.sockets[0].getsockname()[1])
    finally:
        broker.cut()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def running(publisher: MqttPublisher) -> AsyncIterator[asyncio.Task[object]]:
    async with asyncio.TaskGroup() as group:
        task: asyncio.Task[object] = group.create_task(publisher.run())
        yield task
        task.cancel()


def make(
    endpoint: MqttEndpoint,
    *,
    max_in_flight: int = 64,
    ack_timeout: float = 30.0,
    connect_timeout: float = 0.2,
) -> MqttPublisher:
    return MqttPublisher(
        endpoint,
        client_id="dev",
        max_in_flight=max_in_flight,
        ack_timeout=ack_timeout,
        backoff=Backoff(first=0.001, longest=0.002, shortest=0.0),
        connect_timeout=connect_timeout,
    )


async def test_publish_returns_when_the_broker_has_acknowledged() -> None:
    broker = ScriptedBroker()
    broker.acks = False
    async with listening(broker) as endpoint, running(publisher := make(endpoint)):
        receipt = await publisher.send(Publication("a/b", b"one", 1))
        await broker.until(lambda: broker.payloads == [b"one"])
        assert not receipt.done()
        broker.ack_all()
        await receipt
    assert broker.published == [(0x32, b"a/b", b"one")], "QoS 1, not retained"
    assert (publisher.statistics.published, publisher.statistics.acknowledged) == (1, 1)


async def test_we_speak_mqtt_3_1_1_with_a_clean_session_and_our_client_id() -> None:
    broker = ScriptedBroker()
    async with listening(broker) as endpoint, running(publisher := make(endpoint)):
        await publisher.publish("t", b"x")
    packet = broker.connects[0]
    assert packet[:7] == b"\x00\x04MQTT\x04"
    assert packet[7] == 0x02, "clean session, nothing else"
    assert packet.endswith(b"\x00\x03dev")


async def test_what_is_not_acknowledged_is_sent_again_in_order() -> None:
    broker = ScriptedBroker()
    broker.acks = False
    async with listening(broker) as endpoint, running(publisher := make(endpoint)):
        receipts = [await publisher.send(Publication("t", bytes([number]), 1)) for number in range(5)]
        await broker.until(lambda: len(broker.published) == 5)
        broker.acks = True
        broker.cut()
        for receipt in receipts:
            await receipt
        await publisher.publish("t", b"new")
    assert broker.payloads == [bytes([n]) for n in range(5)] * 2 + [b"new"]
    assert publisher.statistics.resent == 5
    assert publisher.statistics.connects == 2


async def test_no_more_than_the_limit_are_in_flight() -> None:
    broker = ScriptedBroker()
    broker.acks = False
    async with listening(broker) as endpoint, running(publisher := make(endpoint, max_in_flight=2)):
        for number in range(2):
            await publisher.send(Publication("t", bytes([number]), 1))
        async with asyncio.TaskGroup() as group:
            third = group.create_task(publisher.send(Publication("t", b"third", 1)))
            await broker.until(lambda: len(broker.published) == 2)
            assert not third.done()
            broker.ack_all()
        await broker.until(lambda: len(broker.published) == 3)


async def test_a_connection_without_acknowledgements_is_given_up_and_made_anew() -> None:
    broker = ScriptedBroker()
    broker.acks = False
    async with listening(broker) as endpoint, running(publisher := make(endpoint, ack_timeout=0.02)):
        receipt = await publisher.send(Publication("t", b"x", 1))
        await broker.until(lambda: len(broker.published) == 2)
        broker.ack_all()
        await receipt
    assert publisher.statistics.ack_timeouts >= 1


async def test_a_cancelled_publish_is_not_sent_again_and_frees_its_place() -> None:
    broker = ScriptedBroker()
    broker.acks = False
    async with listening(broker) as endpoint, running(publisher := make(endpoint, max_in_flight=1)):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await publisher.publish("t", b"given up")
        broker.acks = True
        broker.cut()
        await publisher.publish("t", b"next")
    assert broker.payloads == [b"given up", b"next"]


async def test_birth_comes_first_on_each_connection_and_the_will_at_the_end() -> None:
    broker = ScriptedBroker()
    async with listening(broker) as endpoint:
        publisher = MqttPublisher.for_device(endpoint, "pi")
        publisher._backoff = Backoff(first=0.001, shortest=0.0)
        async with running(publisher):
            await publisher.publish("t", b"x")
            broker.cut()
            await publisher.publish("t", b"y")
        await broker.until(lambda: broker.disconnects == 1)
    assert broker.payloads == [b"online", b"x", b"online", b"y", b"offline"]
    assert {(head, topic) for head, topic, _ in broker.published if topic != b"t"} == {(0x33, b"sta/pi")}
    assert b"\x00\x06sta/pi\x00\x07offline" in broker.connects[0]


@pytest.mark.parametrize(
    ("code", "says"), [(1, "MQTT 3.1.1"), (2, "client id"), (4, "password is wrong"), (5, "not authorised")]
)
async def test_a_first_refusal_ends_the_publisher_with_advice(code: int, says: str) -> None:
    broker = ScriptedBroker()
    broker.connack = code
    async with listening(broker) as endpoint:
        with pytest.raises(Refused, match=says) as raised:
            await make(endpoint).run()
    assert raised.value.endpoint == str(endpoint)
    assert len(broker.connects) == 1


async def test_a_refusal_after_an_acceptance_is_tried_again() -> None:
    broker = ScriptedBroker()
    async with listening(broker) as endpoint, running(publisher := make(endpoint)):
        await publisher.publish("t", b"x")
        broker.connack = 5
        broker.cut()
        await broker.until(lambda: len(broker.connects) >= 3)
        broker.connack = 0
        await publisher.publish("t", b"y")
    assert broker.payloads == [b"x", b"y"]


async def test_a_broker_that_is_not_available_now_is_tried_again() -> None:
    broker = ScriptedBroker()
    broker.connack = 3
    async with listening(broker) as endpoint, running(publisher := make(endpoint)):
        await broker.until(lambda: len(broker.connects) == 3)
        broker.connack = 0
        await publisher.publish("t", b"x")
    assert publisher.statistics.failed_connects == 3


async def test_a_server_that_says_nothing_counts_as_away() -> None:
    broker = ScriptedBroker()
    broker.connack = None
    async with listening(broker) as endpoint, running(publisher := make(endpoint)):
        await broker.until(lambda: len(broker.connects) == 2)
        broker.connack = 0
        await publisher.publish("t", b"x")
    assert publisher.statistics.failed_connects >= 1


async def test_a_server_that_hangs_up_before_an_answer_is_noticed_at_once() -> None:
    broker = ScriptedBroker()
    broker.connack = None
    async with listening(broker) as endpoint:
        publisher = make(endpoint, connect_timeout=10 * TIMEOUT)
        async with running(publisher):
            await broker.until(lambda: len(broker.connects) == 1)
            broker.connack = 0
            broker.cut()
            await publisher.publish("t", b"x")
    assert (publisher.statistics.failed_connects, publisher.statistics.connects) == (1, 1)


async def test_a_send_that_is_cancelled_while_there_is_no_broker_frees_its_place() -> None:
    broker = ScriptedBroker()
    async with listening(broker) as endpoint:
        publisher = make(endpoint, max_in_flight=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await publisher.send(Publication("t", b"never sent", 1))
        async with running(publisher):
            await publisher.publish("t", b"x")
    assert broker.payloads == [b"x"]


async def test_an_outage_is_logged_once_not_per_attempt(caplog: pytest.LogCaptureFixture) -> None:
    broker = ScriptedBroker()
    broker.connack = 3
    with caplog.at_level(logging.INFO):
        async with listening(broker) as endpoint, running(publisher := make(endpoint)):
            await broker.until(lambda: len(broker.connects) == 6)
            broker.connack = 0
            await publisher.publish("t", b"x")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_receipts_fail_when_the_publisher_stops() -> None:
    broker = ScriptedBroker()
    broker.acks = False
    async with listening(broker) as endpoint:
        publisher = make(endpoint)
        async with running(publisher):
            receipt = await publisher.send(Publication("t", b"x", 1))
        with pytest.raises(ConnectError, match="stopped before"):
            await receipt


async def test_too_large_a_payload_is_refused_before_it_is_sent() -> None:
    publisher = make(MqttEndpoint())
    with pytest.raises(PayloadTooLarge, match="1,000,000"):
        await publisher.publish("t", bytes(MAX_PAYLOAD_BYTES + 1))


def test_an_endpoint_never_shows_its_password() -> None:
    endpoint = MqttEndpoint("hub", 8883, "me", "secret")
    assert "secret" not in f"{endpoint} {endpoint!r}"
