"""An app publishes a hundred times a second and does commands, while its broker is killed again and again.

HELIO_TEST_KILLS sets how often; `-s` shows the counts.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from heliograph.app.app import App
from heliograph.app.running import RunningApp
from heliograph.app.settings import RunSettings
from heliograph.broker.nats_server import MAX_RESTARTS, WINDOW
from heliograph.testing.points import points_of
from heliograph.transport.mqtt_client import MqttClient
from heliograph.transport.mqtt_client_message import Publication, Subscription
from heliograph.transport.mqtt_client_settings import MqttSettings
from tests.real.hub_process import HubProcess
from tests.real.mosquitto_process import MosquittoProcess

KILLS = int(os.environ.get("HELIO_TEST_KILLS", "4"))
PATIENCE = 120.0
"""Longer than the 30 s after which nats-server sends again what was not acknowledged."""

pytestmark = pytest.mark.timeout(400 + 20 * KILLS)


class Program:
    """The app of the test, what it published and what it did."""

    def __init__(self) -> None:
        self.published = 0
        self.is_measuring = True
        self.done: Counter[int] = Counter()
        self.app = App("killed", device="pi-7")

        @self.app.every(0.01)
        async def number() -> int | None:
            if not self.is_measuring:
                return None
            self.published += 1
            return self.published

        @self.app.command("note")
        async def note(number: int) -> int:
            self.done[number] += 1
            return number

    async def serve(self, settings: MqttSettings, folder: Path, running: asyncio.Future[RunningApp]) -> None:
        await self.app.serve(RunSettings("pi-7", settings, folder), on_running=running.set_result)


class Commander:
    """Somebody who gives commands, and waits until the broker has each."""

    def __init__(self, settings: MqttSettings) -> None:
        self.client = MqttClient(settings)
        self.sent = 0
        self.is_commanding = True

    async def run(self) -> None:
        while self.is_commanding:
            await self.command()
            await asyncio.sleep(0.05)

    async def command(self) -> None:
        payload = b'{"id": "c%d", "value": %d}' % (self.sent, self.sent)
        await self.client.publish(Publication("cmd/pi-7/killed/note", payload, 1))
        self.sent += 1


async def until(condition: Callable[[], bool], what: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what happens in other processes is asked for
            await asyncio.sleep(0.05)
    assert condition(), what


async def settled(is_done: Callable[[], bool], progress: Callable[[], int], patience: float) -> None:
    """Return when all is done, or when nothing more has been done for a while."""
    seen, since = progress(), time.monotonic()
    while not is_done() and time.monotonic() - since < patience:
        await asyncio.sleep(0.1)
        if progress() != seen:
            seen, since = progress(), time.monotonic()


async def run_and_kill(
    settings: MqttSettings,
    folder: Path,
    kill: Callable[[], Awaitable[None]],
    *,
    patience: float = PATIENCE,
    pause: float = 0.0,
) -> tuple[Program, Commander, RunningApp]:
    """Run app and commander, kill the broker again and again, and return when everything has arrived."""
    program, commander = Program(), Commander(settings)
    begun: asyncio.Future[RunningApp] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(program.serve(settings, folder, begun))
        client = group.create_task(commander.client.run())
        running = await begun
        await until(lambda: running.client.is_connected, "connected")
        commands = group.create_task(commander.run())
        for _ in range(KILLS):
            await asyncio.sleep(random.uniform(0.2, 1.0) + pause)
            await kill()
            await until(lambda: running.client.is_connected, "connected again")
        commander.is_commanding = False
        await asyncio.wait([commands], timeout=PATIENCE)
        assert commands.done(), "the broker has every command"
        program.is_measuring = False
        await until(lambda: running.outbox.waiting == 0, "everything is acknowledged")
        await commander.command()  # after the last kill, so no broker may lose it
        last = commander.sent - 1
        await settled(lambda: last in program.done, lambda: running.handlers[0].statistics.received, PATIENCE)
        assert last in program.done, "the app hears nothing more"
        await settled(lambda: len(program.done) == commander.sent, lambda: len(program.done), patience)
        running.stop()
        await asyncio.wait([serving])
        client.cancel()
    return program, commander, running


async def test_killing_the_hubs_broker_loses_and_doubles_nothing(hub: HubProcess, tmp_path: Path) -> None:
    async def kill() -> None:
        pid = hub.facts["nats_pid"]
        os.kill(pid, signal.SIGKILL)
        await until(lambda: hub.facts["nats_pid"] != pid, "nats-server is started again")

    settings = MqttSettings(hub.mqtt_host, hub.mqtt_port)
    # A hub whose broker dies more often gives up.
    pause = WINDOW / (MAX_RESTARTS - 1) if KILLS >= MAX_RESTARTS else 0.0
    program, commander, running = await run_and_kill(settings, tmp_path / "app", kill, pause=pause)
    assert running.outbox.waiting == 0
    sql = "SELECT count(*), count(DISTINCT number), max(number) FROM killed"

    def stored() -> list[int]:
        return hub.sql(sql)[0]

    await until(lambda: stored()[1] >= program.published, f"{stored()} of {program.published}")
    rows, different, last = stored()
    twice = sum(count > 1 for count in program.done.values())
    sys.stdout.write(
        f"\nhub: kills={KILLS} published={program.published} stored={different} twice={rows - different} "
        f"spooled={running.outbox.statistics.spooled} commands={commander.sent} done={len(program.done)} "
        f"twice={twice} repeats told apart={running.dispatcher.repeats}\n"
    )
    assert (rows, different, last) == (program.published,) * 3
    assert sorted(program.done) == list(range(commander.sent))
    assert not twice


async def test_what_killing_mosquitto_costs(tmp_path: Path) -> None:
    with MosquittoProcess(tmp_path) as broker:

        async def kill() -> None:
            broker.kill()
            await asyncio.sleep(0.3)
            broker.start()

        settings = MqttSettings(broker.host, broker.port)
        heard: Counter[int] = Counter()
        recorder = MqttClient(MqttSettings(broker.host, broker.port, client_id="recorder", is_clean=False))

        async def record() -> None:
            await recorder.subscribe(Subscription("tel/#", 1))
            async for message in recorder.messages():
                heard.update(int(point.fields["number"]) for point in points_of(message.payload))

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(recorder.run()), group.create_task(record())]
            await until(lambda: recorder.is_connected, "connected")
            program, commander, running = await run_and_kill(settings, tmp_path / "app", kill, patience=5.0)
            await recorder.publish(Publication("tel/end/x", b"killed number=0i 1", 1))
            await until(lambda: heard[0] == 1, "the end is heard")
            for task in tasks:
                task.cancel()
    lost = program.published - len(heard.keys() - {0})
    repeated = sum(count - 1 for count in heard.values())
    twice = sum(count > 1 for count in program.done.values())
    sys.stdout.write(
        f"\nmosquitto: kills={KILLS} published={program.published} lost={lost} heard again={repeated} "
        f"spooled={running.outbox.statistics.spooled} commands={commander.sent} "
        f"lost={commander.sent - len(program.done)} done twice={twice}\n"
    )
    assert running.outbox.waiting == 0
    assert running.outbox.statistics.lost == 0
    assert not twice, "a command has an id, so it is done once whatever the broker repeats"
