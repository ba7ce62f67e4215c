"""Listening for the eye, on real brokers: what is not seen is counted, and who is slow is not cut off."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from heliograph.errors import Unreachable
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion
from heliograph.transport.mqtt_listener import Listener, listening
from heliograph.transport.mqtt_tap import WAITING_BYTES, Missed, Passing, passing
from tests.ports import free_port
from tests.real.mosquitto_process import MosquittoProcess
from tests.real.nats_process import NatsProcess

PAYLOAD = bytes(4_000)
MESSAGES = 2 * WAITING_BYTES // len(PAYLOAD)


def flood(port: int, messages: int) -> None:
    """Publish so many messages of QoS 0, and return when the system has them."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for number in range(messages):
        client.publish(f"flood/{number}", PAYLOAD).wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def test_who_looks_too_slowly_is_told_how_much_was_missed(tmp_path: Path) -> None:
    async def run(port: int) -> tuple[int, int]:
        missed, seen = Missed(), 0
        async with contextlib.aclosing(
            passing(MqttSettings("127.0.0.1", port), ["flood/#"], missed)
        ) as groups:
            assert await anext(groups) == []
            await asyncio.to_thread(flood, port, MESSAGES)
            while seen + missed.messages < MESSAGES:
                seen += len(await anext(groups))
        return seen, missed.messages

    with NatsProcess(tmp_path) as nats:
        seen, missed = asyncio.run(run(nats.mqtt_port))
    assert seen + missed == MESSAGES
    assert missed > 0


@pytest.mark.parametrize("version", [MqttVersion.V311, MqttVersion.V5], ids=["tap", "client"])
def test_a_broker_that_comes_back_is_listened_to_again(tmp_path: Path, version: MqttVersion) -> None:
    seen: list[Passing] = []

    async def until(is_so: Callable[[], bool], port: int | None = None) -> None:
        while not is_so():
            if port is not None:
                await asyncio.to_thread(flood, port, 1)
            await asyncio.sleep(0.05)

    async def run(mosquitto: MosquittoProcess) -> Missed:
        settings = MqttSettings("127.0.0.1", mosquitto.port, version=version)
        listener = Listener(lambda: settings, ["+/#", "$SYS/broker/version"], seen.extend)
        async with listening(listener):
            await until(lambda: any(topic.startswith("$SYS") for topic, _, _ in seen))
            await asyncio.to_thread(mosquitto.kill)
            await until(lambda: not listener.is_connected)
            await asyncio.to_thread(mosquitto.start)
            await until(lambda: any(topic == "flood/0" for topic, _, _ in seen), mosquitto.port)
        return listener.missed

    with MosquittoProcess(tmp_path) as mosquitto:
        missed = asyncio.run(run(mosquitto))
    assert (missed.interruptions, missed.messages) == (2, 0)  # the second one is ours
    assert missed.seconds > 0


def test_a_broker_that_is_not_there_is_told_at_the_first_time() -> None:
    async def run() -> None:
        listener = Listener(lambda: MqttSettings("127.0.0.1", free_port()), ["#"], lambda _: None)
        async with listening(listener):
            raise AssertionError("nobody is there to listen to")

    with pytest.raises(Unreachable, match="nobody listens there"):
        asyncio.run(run())
