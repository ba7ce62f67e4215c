"""Load whose every point is known: who sent it, which it is, and whether it was acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from heliograph.aio.backoff import Backoff
from heliograph.model.topic import telemetry_topic
from heliograph.selftest.hub_child import HubChild
from heliograph.transport.mqtt import MqttPublisher
from heliograph.transport.mqtt_link import MqttEndpoint

BATCH: Final = 20
"""Points of a message."""
STEP_NS: Final = 1_000
"""Between the times of a writer's points."""
WRITERS: Final = 2
"""Of each way: HTTP and MQTT with QoS 1."""
AGAIN_EVERY: Final = 16
"""Of so many batches one is sent twice, as a client does that missed the acknowledgement."""
RATE: Final = 100
"""Batches a second of each writer at most. MQTT is acknowledged by the stream and not by the store: without
a bound the test would measure how far the one can get ahead of the other."""
_PAUSE: Final = 0.05
_PATH: Final = "/api/v2/write?bucket=telegraf"


class Writer:
    """Sends numbered batches, one after the other, each again until it is acknowledged."""

    def __init__(self, name: str, start_ns: int, send: Callable[[bytes], Awaitable[bool]]) -> None:
        self.name = name
        self.start_ns = start_ns
        """The time of its point 0."""
        self.acknowledged = 0
        """All batches with lower numbers are; of the later ones at most the next has been sent."""
        self.sent_at = 0.0
        """When the last acknowledged batch was sent (monotonic seconds)."""
        self._send = send
        self._stopping = False

    @property
    def points(self) -> int:
        """How many points were acknowledged: those with lower numbers."""
        return self.acknowledged * BATCH

    async def run(self) -> None:
        """Write until :meth:`stop`; the batch under way is still brought to its acknowledgement."""
        while not self._stopping:
            body = self._batch(self.acknowledged)
            for _ in range(1 if self.acknowledged % AGAIN_EVERY else 2):
                began = time.monotonic()
                while not await self._send(body):
                    await asyncio.sleep(_PAUSE)
                    began = time.monotonic()
            self.acknowledged += 1
            self.sent_at = began
            await asyncio.sleep(began + 1 / RATE - time.monotonic())

    def stop(self) -> None:
        """Let :meth:`run` return."""
        self._stopping = True

    def _batch(self, number: int) -> bytes:
        """The lines of a batch: one series, a time for each point, and a value that tells which it is."""
        points = range(number * BATCH, (number + 1) * BATCH)
        return "\n".join(
            f"load,writer={self.name} value={i}i {self.start_ns + i * STEP_NS}" for i in points
        ).encode()


@asynccontextmanager
async def writing(hub: HubChild) -> AsyncIterator[list[Writer]]:
    """Writers of both ways that write while the block lasts and have ended when it is left."""
    start_ns = time.time_ns()
    publishers = [_publisher(hub, number) for number in range(WRITERS)]
    writers = [Writer(f"http{i}", start_ns, _over_http(hub)) for i in range(WRITERS)]
    writers += [Writer(f"mqtt{i}", start_ns, _over_mqtt(p, i)) for i, p in enumerate(publishers)]
    async with asyncio.TaskGroup() as connections:
        links = [connections.create_task(publisher.run()) for publisher in publishers]
        async with asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(writer.run(), name=writer.name)
            yield writers
            for writer in writers:
                writer.stop()
        for link in links:
            link.cancel()


def _publisher(hub: HubChild, number: int) -> MqttPublisher:
    return MqttPublisher(
        MqttEndpoint("127.0.0.1", hub.mqtt_port),
        client_id=f"selftest-{number}",
        backoff=Backoff(0.1, 0.2),
        connect_timeout=2.0,
        ack_timeout=5.0,
    )


def _over_http(hub: HubChild) -> Callable[[bytes], Awaitable[bool]]:
    client = hub.client()

    async def send(body: bytes) -> bool:
        return await client.post(_PATH, body) == 204

    return send


def _over_mqtt(publisher: MqttPublisher, number: int) -> Callable[[bytes], Awaitable[bool]]:
    async def send(body: bytes) -> bool:
        await publisher.publish(telemetry_topic(f"selftest{number}"), body)
        return True

    return send
