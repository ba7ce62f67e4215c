"""Agents whose hub is away for long or often, or whose power goes: what they measured is stored, once.

``AGENTS`` and ``AGENT_RESTARTS`` make the last test longer, as ``make test-edge`` does.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from heliograph.agent.run import Agent
from heliograph.agent.settings import AgentSettings
from heliograph.model.point import FieldValue, Point
from heliograph.testing import JumpingLoop, MemoryBroker
from heliograph.testing.client import MemoryClient
from heliograph.transport.mqtt import MqttEndpoint, MqttPublisher
from heliograph.transport.mqtt_client_settings import MqttSettings
from heliograph.transport.spool.settings import SpoolSettings
from heliograph.transport.spool.spool import Spool
from tests.real.hub_process import HubProcess
from tests.real.power_cut import left_after_cut, traced

AGENTS = int(os.environ.get("AGENTS", "6"))
RESTARTS = int(os.environ.get("AGENT_RESTARTS", "2"))
DAY = 86_400
SECOND = 1_000_000_000
SELDOM = 3_600.0


class Rounds:
    """An input whose point says which round it is, beside what else a round has."""

    def __init__(self, *, is_large: bool = False) -> None:
        self.made = 0
        self.is_over = False
        self._more: dict[str, FieldValue] = {f"f{n}": n * 1.5 for n in range(20)} if is_large else {}

    def gather(self) -> list[Point]:
        if self.is_over:
            return []
        self.made += 1
        return [Point("round", {"n": self.made, **self._more}, {})]


class MemoryPublisher(MemoryClient):
    """A connection to the broker in memory as the agent wants it."""

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker, MqttSettings("memory", client_id="c"), None, None, lambda _: self.on_lost())
        self.on_lost: Callable[[], None] = lambda: None

    async def run(self, *, is_patient: bool = True) -> NoReturn:
        await super().run(is_patient=is_patient)


def time_of_round(payload: bytes) -> tuple[int, int]:
    """Return the number of a round and its time."""
    line = payload.split(b"\n")[1]
    return int(line.split(b" n=")[1].split(b"i", 1)[0]), int(line.rsplit(b" ", 1)[1])


def test_a_day_without_a_hub_costs_nothing_but_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def day() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        broker, rounds = MemoryBroker(), Rounds(is_large=True)
        broker.stop()
        spool = SpoolSettings(max_bytes=256 * 2**20, sync=SELDOM)
        settings = AgentSettings(interval=1.0, host_name="pi", spool=spool)
        agent = Agent(
            settings, MemoryPublisher(broker), tmp_path, inputs={"round": rounds}, clocks=loop.stamp
        )
        began_ns = loop.stamp().wall_ns
        async with asyncio.TaskGroup() as group:
            running = group.create_task(agent.run())
            await asyncio.sleep(DAY)
            assert (agent.statistics.dropped, agent.statistics.acknowledged) == (0, 0)
            on_disk = agent._spool.statistics if agent._spool is not None else None
            assert on_disk is not None
            ratio = on_disk.written_bytes / on_disk.taken_bytes
            broker.start()
            while agent.statistics.waiting:
                await asyncio.wait([running], timeout=0.2)
            running.cancel()
        times = sorted(time_of_round(each.payload) for each in broker.published if each.topic == "tel/pi/lp")
        assert [number for number, _ in times] == list(range(1, rounds.made + 1))
        assert rounds.made >= DAY
        gaps = [after[1] - before[1] for before, after in itertools.pairwise(times)]
        assert times[0][1] == began_ns
        assert set(gaps) == {SECOND}, "each has the time at which it was made"
        with capsys.disabled():
            figures = f"{rounds.made} rounds of a day: {ratio:.2f} bytes written for each byte kept"
            print(f"\n{figures}", end="")  # noqa: T201 - the figures are what this test is for
        assert ratio < 3

    JumpingLoop.run(day())


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace tells what is on disk: apt install strace")
def test_a_power_cut_costs_nothing_that_was_flushed(tmp_path: Path) -> None:
    home, trace = tmp_path / "home", tmp_path / "trace"
    home.mkdir()
    command = traced(trace, sys.executable, "-m", "tests.real.spool_writer", str(home / "spool"))
    promised: list[tuple[int, float]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as strace:
        assert strace.stdout is not None
        pid = int(strace.stdout.readline())
        for line in strace.stdout:
            number, moment = line.split()
            promised.append((int(number), float(moment)))
            if int(number) > 380:
                break
        os.kill(pid, signal.SIGKILL)
        strace.wait(120)
    chance = random.Random(8)
    for cut in range(12):
        count, at = promised[-1] if cut == 0 else chance.choice(promised)
        left = tmp_path / f"left{cut}"
        left_after_cut(trace, home, at, left)
        spool = Spool(left / "spool")
        numbers = []
        while (taken := spool.take()) is not None:
            numbers.append(int(taken[1].payload.split(b" n=")[1].split(b"i ")[0]))
            spool.ack(taken[0])
        spool.close()
        assert numbers[:count] == list(range(count))
        assert numbers == list(range(len(numbers)))


async def run_agents(hub: HubProcess, folder: Path, kills: int) -> list[Rounds]:
    """Run agents while the hub is killed and started, until all they made is acknowledged."""
    all_rounds = [Rounds() for _ in range(AGENTS)]
    agents = []
    for number, rounds in enumerate(all_rounds):
        settings = AgentSettings(interval=1.0, jitter=0.5, host_name=f"board{number}")
        publisher = MqttPublisher.for_device(MqttEndpoint(hub.mqtt_host, hub.mqtt_port), settings.device)
        agents.append(Agent(settings, publisher, folder / settings.device, inputs={"round": rounds}))
    chance = random.Random(4)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(agent.run()) for agent in agents]
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(1.0, 4.0))
            await asyncio.to_thread(hub.kill)
            await asyncio.sleep(chance.uniform(0.0, 3.0))
            await asyncio.to_thread(hub.start)
        for rounds in all_rounds:  # what is made at the end may not be acknowledged in time on a busy machine
            rounds.is_over = True
        while any(agent.statistics.waiting for agent in agents):
            await asyncio.wait(running, timeout=0.2)
        for task in running:
            task.cancel()
    return all_rounds


@pytest.mark.timeout(300 + 20 * RESTARTS)
def test_agents_of_a_hub_that_is_killed_again_and_again_have_all_stored_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        all_rounds = asyncio.run(run_agents(hub, tmp_path / "spools", RESTARTS))
        deadline = time.monotonic() + 120
        wanted = {f"board{number}": rounds.made for number, rounds in enumerate(all_rounds)}
        stored: dict[str, int] = {}
        while time.monotonic() < deadline and stored != wanted:
            rows = hub.sql("SELECT host, count(*), count(DISTINCT n) FROM round GROUP BY host")
            stored = {host: count for host, count, different in rows if count == different}
        with capsys.disabled():
            once = f"{sum(stored.values())} of {sum(wanted.values())} rounds stored once"
            print(f"\n{AGENTS} agents, {RESTARTS} kills of the hub: {once}", end="")  # noqa: T201 - figures
    assert stored == wanted
