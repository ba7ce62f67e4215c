"""The agent's program with a publisher that a test holds in its hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from heliograph.agent.run import Agent, open_agent
from heliograph.agent.settings import AgentSettings
from heliograph.codec.lineprotocol.parser import parse
from heliograph.errors import ConfigError, Refused
from heliograph.model.point import Point
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.spool.spool import Spool

SETTINGS = AgentSettings(interval=1.0, host_name="pi.lab", tags={"room": "lab"})


class Hand:
    """A publisher that acknowledges when the test says so."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.is_connected = True
        self.on_lost: Callable[[], None] = lambda: None
        self.letters: list[Publication] = []
        self.receipts: list[asyncio.Future[None]] = []
        self.sent = asyncio.Event()

    async def run(self) -> NoReturn:
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def wait_connected(self) -> None:
        return

    async def send(self, publication: Publication) -> asyncio.Future[None]:
        self.letters.append(publication)
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
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
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


async def test_a_batch_that_is_not_acknowledged_is_on_the_disk_at_the_end(
    tmp_path: Path,
) -> None:
    hand = Hand()
    agent = Agent(SETTINGS, hand, tmp_path, inputs={"steady": Steady()})
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        running = group.create_task(agent.run())
        await hand.sent.wait()
        assert (agent.statistics.waiting, agent.statistics.acknowledged) == (1, 0)
        hand.on_lost()
        assert agent.statistics.spool_bytes > 0
        hand.is_connected = False
        running.cancel()
    spool = Spool(tmp_path)
    taken = spool.take()
    assert taken is not None
    assert (taken[1].topic, taken[1].payload) == ("tel/pi-lab/lp", hand.letters[0].payload)
    spool.close()


def test_where_nothing_can_be_kept_what_can_be_sent_is_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    agent = open_agent(SETTINGS, Hand(), tmp_path / "file" / "spool")
    assert agent.statistics.spool_bytes == 0
    assert "what cannot be sent is lost" in caplog.text


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
