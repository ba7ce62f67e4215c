"""The agent's program with a publisher that a test holds in its hands."""

from __future__ import annotations

import asyncio
from typing import NoReturn

import pytest

from heliograph.agent.run import Agent
from heliograph.agent.settings import AgentSettings
from heliograph.codec.lineprotocol.parser import parse
from heliograph.errors import ConfigError, Refused
from heliograph.model.point import Point
from heliograph.transport.mqtt import Letter

SETTINGS = AgentSettings(interval=1.0, host_name="pi.lab", tags={"room": "lab"})


class Hand:
    """A publisher that acknowledges when the test says so."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.letters: list[Letter] = []
        self.receipts: list[asyncio.Future[None]] = []
        self.sent = asyncio.Event()

    async def run(self) -> NoReturn:
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(self, letter: Letter) -> asyncio.Future[None]:
        self.letters.append(letter)
        self.receipts.append(asyncio.get_running_loop().create_future())
        self.sent.set()
        return self.receipts[-1]


class Steady:
    def gather(self) -> list[Point]:
        return [Point("steady", {"v": 1}, {})]


class Broken:
    def gather(self) -> list[Point]:
        raise OSError("no such sensor")


async def test_a_round_is_one_letter_to_the_devices_topic() -> None:
    hand = Hand()
    agent = Agent(SETTINGS, hand, inputs={"broken": Broken(), "steady": Steady()})
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        running = group.create_task(agent.run())
        await hand.sent.wait()
        hand.receipts[0].set_result(None)
        while not agent.statistics.acknowledged:
            await asyncio.wait([running], timeout=0.001)
        running.cancel()
    letter = hand.letters[0]
    assert letter.topic == "tel/pi-lab/lp"
    parsed = parse(letter.payload, time_ns=0, types=lambda _measurement, _field: None)
    assert parsed.error_count == 0
    assert parsed.batch["steady"].series == [(("host", "pi.lab"), ("room", "lab"))]
    assert parsed.batch["steady"].times_ns[0] > 1_700_000_000 * 10**9
    assert parsed.marks[0].endswith(b" seq=1")
    assert (agent.statistics.input_errors, agent.statistics.empty_gathers) == (1, 0)


async def test_a_batch_stays_in_the_buffer_until_it_is_acknowledged() -> None:
    hand = Hand()
    agent = Agent(SETTINGS, hand, inputs={"steady": Steady()})
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        running = group.create_task(agent.run())
        await hand.sent.wait()
        assert (agent.statistics.buffered, agent.statistics.acknowledged) == (1, 0)
        running.cancel()


async def test_a_refusal_comes_out_of_run_as_itself() -> None:
    agent = Agent(SETTINGS, Hand(Refused("mqtt://hub:1883", "no")), inputs={"steady": Steady()})
    with pytest.raises(Refused, match="no"):
        await agent.run()


def test_an_unknown_input_is_told_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="no input 'cpus'"):
        Agent(AgentSettings(inputs=("cpus",)), Hand())


def test_all_points_of_a_round_have_one_time() -> None:
    agent = Agent(SETTINGS, Hand(), inputs={"a": Steady(), "b": Steady()})
    points = agent.gather_round()
    assert len({point.time_ns for point in points}) == 1
    assert agent.statistics.gathered == 2
