"""The MQTT client at a real Mosquitto: receipts, back pressure, own acknowledgements, lost connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from heliograph.aio.backoff import Backoff
from heliograph.errors import (
    ConfigError,
    ConnectionLost,
    Error,
    MqttRefused,
    PayloadTooLarge,
    TopicError,
    Unreachable,
)
from heliograph.transport import mqtt_client
from heliograph.transport.mqtt_client import SOON, MqttClient, running
from heliograph.transport.mqtt_client_message import MessageProperties, MqttMessage, Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion
from tests.real.mosquitto_process import MosquittoProcess

HANG = 120.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoProcess]:
    with MosquittoProcess(tmp_path, "allow_anonymous true", "max_packet_size 100000") as started:
        yield started


def settings(broker: MosquittoProcess, version: MqttVersion = MqttVersion.V311) -> MqttSettings:
    return MqttSettings(broker.host, broker.port, version=version)


def kept(broker: MosquittoProcess) -> MqttSettings:
    return MqttSettings(broker.host, broker.port, client_id="kept", is_clean=False)


@asynccontextmanager
async def patiently() -> AsyncIterator[None]:
    async with asyncio.timeout(HANG):
        yield


async def take(client: MqttClient, count: int) -> list[MqttMessage]:
    async with patiently():
        return [await client.next_message() for _ in range(count)]


@pytest.mark.parametrize("version", [MqttVersion.V31, MqttVersion.V311, MqttVersion.V5])
async def test_messages_go_and_come_in_every_version(broker: MosquittoProcess, version: MqttVersion) -> None:
    client = MqttClient(settings(broker, version))
    async with patiently(), running(client):
        assert await client.subscribe(Subscription("a/#", 2), Subscription("b", 0)) == [2, 0]
        for qos in (0, 1, 2):
            await client.publish(Publication(f"a/{qos}", b"%d" % qos, qos))
        came = await take(client, 3)
        assert sorted((each.topic, each.payload, each.qos) for each in came) == [
            ("a/0", b"0", 0),
            ("a/1", b"1", 1),
            ("a/2", b"2", 2),
        ]
        await client.unsubscribe("a/#")
        await client.publish(Publication("a/1", b"unheard", 1))
        await client.publish(Publication("b", b"heard"))
        assert [each.payload for each in await take(client, 1)] == [b"heard"]
    assert (client.statistics.published, client.statistics.acknowledged) == (5, 5)
    assert not client.is_connected


async def test_properties_travel(broker: MosquittoProcess) -> None:
    said = MessageProperties("text/plain", "back", b"\x01", 60, is_text=True, user=(("a", "b"), ("a", "c")))
    client = MqttClient(settings(broker, MqttVersion.V5))
    async with patiently(), running(client):
        await client.subscribe(Subscription("a", 1))
        await client.publish(Publication("a", b"x", 1, properties=said))
        (came,) = await take(client, 1)
        assert came.properties == said
        await client.subscribe(Subscription("loud", 1), Subscription("quiet", 1, is_local_left_out=True))
        await client.publish(Publication("quiet", b"", 1))
        await client.publish(Publication("loud", b"", 1))
        assert [each.topic for each in await take(client, 1)] == ["loud"]


async def test_a_full_inbox_stops_reading_and_loses_nothing(broker: MosquittoProcess) -> None:
    count = 2000
    reader, writer = MqttClient(settings(broker), inbox=10), MqttClient(settings(broker))
    async with patiently(), running(reader), running(writer):
        await reader.subscribe(Subscription("a", 1))
        for number in range(count):
            await writer.send(Publication("a", b"%d" % number, 1))
        await writer.publish(Publication("end", b"", 1))
        assert reader.waiting <= 10
        assert [int(each.payload) for each in await take(reader, count)] == list(range(count))


async def test_what_is_not_acknowledged_comes_again(broker: MosquittoProcess) -> None:
    first = MqttClient(kept(broker), acknowledges_itself=False)
    async with patiently(), running(first):
        await first.subscribe(Subscription("a", 1))
        for payload in (b"done", b"crashed"):
            await first.publish(Publication("a", payload, 1))
        done, crashed = await take(first, 2)
        first.acknowledge(done)
        await first.publish(Publication("b", b"so that the acknowledgement is through", 1))
    assert not crashed.is_duplicate
    second = MqttClient(kept(broker), acknowledges_itself=False)
    present: list[bool] = []
    second._tell_connected = present.append
    async with patiently(), running(second):
        (again,) = await take(second, 1)
        assert (again.payload, again.is_duplicate, present) == (b"crashed", True, [True])
        second.acknowledge(
            replace(again, connection=again.connection + 1)
        )  # not of this one: nothing happens
        await second.publish(Publication("b", b"so that an acknowledgement would be through", 1))
    third = MqttClient(kept(broker), acknowledges_itself=False)
    async with patiently(), running(third):
        (again,) = await take(third, 1)
        assert (again.payload, again.is_duplicate) == (b"crashed", True)
        third.acknowledge(again)


async def test_publications_and_subscriptions_outlive_the_broker(
    broker: MosquittoProcess, caplog: pytest.LogCaptureFixture
) -> None:
    lost: list[Error] = []
    client = MqttClient(settings(broker), on_lost=lost.append)
    with caplog.at_level(logging.WARNING):
        async with patiently(), running(client):
            await client.subscribe(Subscription("a", 1))
            broker.kill()
            receipt = await client.send(Publication("a", b"over the gap", 1))
            broker.start()
            await receipt
            await client.publish(Publication("a", b"later", 1))
            payloads = {each.payload for each in await take(client, 1)}
    assert payloads <= {b"over the gap", b"later"}
    assert isinstance(lost[0], ConnectionLost)
    assert client.statistics.connects == 2
    assert "connecting again" in caplog.text


class Delays:
    """What a client would wait for at most; here it waits for a moment, so that many kills take seconds."""

    def __init__(self) -> None:
        self.bounds: list[float] = []
        self._news = asyncio.Event()

    def __call__(self, _low: float, bound: float) -> float:
        self.bounds.append(bound)
        self._news.set()
        return 0.05

    async def until(self, is_enough: Callable[[], bool]) -> None:
        while not is_enough():
            self._news.clear()
            await self._news.wait()


async def test_a_broker_that_dies_again_and_again_is_found_soon_each_time(broker: MosquittoProcess) -> None:
    told, after_loss = Delays(), list[int]()
    client = MqttClient(settings(broker), on_lost=lambda _: after_loss.append(len(told.bounds)))
    client._backoff = Backoff(longest=60.0, uniform=told)

    async def refused(kills: int) -> None:
        await told.until(lambda: len(after_loss) == kills and len(told.bounds) >= after_loss[-1] + 8)

    async with patiently(), running(client):
        for number in range(8):
            await client.publish(Publication("a", b"%d" % number, 1))
            broker.kill()
            await refused(number + 1)
            broker.start()
    assert len(after_loss) == 8
    for at in after_loss:
        first, *later = told.bounds[at : at + 8]
        assert first <= SOON
        assert later == [min(60.0, first * 2**n) for n in range(1, 8)], "it is not there: ever more rarely"


async def test_what_ends_each_connection_is_sent_ever_more_rarely(broker: MosquittoProcess) -> None:
    told = Delays()
    client = MqttClient(settings(broker))
    client._backoff = Backoff(longest=60.0, uniform=told)
    async with patiently(), running(client):
        await client.send(Publication("a", b"x" * 200_000, 1))
        await told.until(lambda: len(told.bounds) >= 10)
    assert max(told.bounds) == 60.0


async def test_one_message_that_ends_connections_is_given_up(broker: MosquittoProcess) -> None:
    client = MqttClient(settings(broker), gives_up=True)
    with pytest.raises(ConnectionLost, match="ended 3 connections in a row at 200,000 bytes to 'a'"):
        async with patiently(), running(client):
            await client.publish(Publication("a", b"x" * 200_000, 1))


async def test_receipts_fail_when_the_client_stops(broker: MosquittoProcess) -> None:
    client = MqttClient(settings(broker))
    async with patiently(), running(client):
        broker.kill()
        receipt = await client.send(Publication("a", b"x", 1))
    with pytest.raises(ConnectionLost, match="stopped before it was acknowledged"):
        await receipt


async def test_errors_of_the_body_come_without_a_group(broker: MosquittoProcess) -> None:
    client = MqttClient(settings(broker))
    with pytest.raises(TopicError):
        async with running(client):
            await client.publish(Publication("a/+"))
    with pytest.raises(TopicError):
        async with running(MqttClient(settings(broker))) as _:
            await client.subscribe(Subscription("a#"))


async def test_what_can_be_refused_is_refused_before_it_is_sent(
    broker: MosquittoProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_client, "MAX_PAYLOAD_BYTES", 10)
    client = MqttClient(settings(broker))
    with pytest.raises(PayloadTooLarge):
        await client.publish(Publication("a", bytes(11)))
    with pytest.raises(ConfigError, match="client id"):
        MqttClient(MqttSettings(is_clean=False))


async def test_the_first_attempt_may_be_patient(tmp_path: Path) -> None:
    broker = MosquittoProcess(tmp_path)
    with pytest.raises(Unreachable):
        async with running(MqttClient(settings(broker))):
            pass
    client = MqttClient(settings(broker))
    try:
        async with patiently(), asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(client.run())
            while not client.statistics.failed_connects:  # noqa: ASYNC110  no event tells of it
                await asyncio.sleep(0)
            broker.start()
            await client.wait_connected()
            keeper.cancel()
    finally:
        broker.kill()
    assert client.statistics.connects == 1


async def test_a_refusal_is_final_at_first(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o644)
    lines = ("allow_anonymous false", f"password_file {passwords}")
    with MosquittoProcess(tmp_path, *lines) as broker, pytest.raises(MqttRefused) as refused:
        async with patiently():
            await MqttClient(settings(broker)).run()
    assert (refused.value.reason_code, refused.value.exit_code, refused.value.retry) == (5, 5, False)


async def test_a_cancelled_wait_takes_no_message(broker: MosquittoProcess) -> None:
    client = MqttClient(settings(broker))
    async with patiently(), running(client):
        await client.subscribe(Subscription("a", 1))
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await client.next_message()
        await client.publish(Publication("a", b"x", 1))
        assert [each.payload for each in await take(client, 1)] == [b"x"]


async def thrown_out(broker: MosquittoProcess, *unsubscribed: str) -> None:
    """Let mosquitto_sub take over the session, end some of its subscriptions, and go."""
    arguments = ["-p", str(broker.port), "-V", "5", "-i", "kept", "-c", "-x", "3600", "-t", "other", "-E"]
    ends = [word for each in unsubscribed for word in ("-U", each)]
    process = await asyncio.create_subprocess_exec("mosquitto_sub", *arguments, *ends)
    assert await process.wait() == 0


async def test_a_session_that_came_back_without_its_subscription_gets_it_again(
    broker: MosquittoProcess,
) -> None:
    client, other = MqttClient(replace(kept(broker), version=MqttVersion.V5)), MqttClient(settings(broker))
    async with patiently(), running(other), running(client):
        await other.publish(Publication("room/kept", b"old", 1, retained=True))
        await client.subscribe(Subscription("room/+", 1))
        assert [each.payload for each in await take(client, 1)] == [b"old"]
        await thrown_out(broker)
        await client.wait_connected()
        await other.publish(Publication("room/now", b"1", 1))
        assert [each.payload for each in await take(client, 1)] == [b"1"], "what was kept is not told again"
        await thrown_out(broker, "room/+")
        assert [each.payload for each in await take(client, 1)] == [b"old"], "subscribed anew"
        await other.publish(Publication("room/now", b"2", 1))
        assert [each.payload for each in await take(client, 1)] == [b"2"]


async def test_with_the_older_protocol_kept_messages_come_once_more_by_that(broker: MosquittoProcess) -> None:
    client, other = MqttClient(kept(broker)), MqttClient(settings(broker))
    async with patiently(), running(other), running(client):
        await other.publish(Publication("room/kept", b"old", 1, retained=True))
        await client.subscribe(Subscription("room/+", 1))
        assert [each.payload for each in await take(client, 1)] == [b"old"]
        await thrown_out(broker, "room/+")
        again = (await take(client, 1))[0]
        assert (again.payload, again.retained) == (b"old", True)
        await other.publish(Publication("room/now", b"1", 1))
        assert [each.payload for each in await take(client, 1)] == [b"1"]
