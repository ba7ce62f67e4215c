"""The agent's whole program.

::

    inputs ──points──▶ outbox ──batches──▶ publisher ──MQTT QoS 1──▶ broker
    (each round)         │  ▲                        ◀── acknowledgements ──
                         ▼  │ what could not be sent
                        spool (disk)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, Protocol

from heliograph.agent.own_figures import OwnFigures
from heliograph.agent.running_input import RunningInput
from heliograph.agent.schedule import Schedule
from heliograph.agent.settings import AgentSettings
from heliograph.errors import SpoolError
from heliograph.inputs.plugin import Input
from heliograph.inputs.registry import make_inputs
from heliograph.model.point import Point
from heliograph.model.topic import telemetry_topic
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.spool.clocks import CLOCK_SET_NS, Clocks, system_clocks
from heliograph.transport.spool.outbox import Outbox

log = logging.getLogger(__name__)

_PATIENCE: Final = 2.0
"""Seconds that the end may take for what is still to be sent; the rest goes to the disk."""


class Publisher(Protocol):
    """What the agent needs of a publisher; ``MqttPublisher`` is one."""

    on_lost: Callable[[], None]
    """Called when a connection was lost."""

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        ...

    async def wait_connected(self) -> None:
        """Return when there is a connection."""
        ...

    async def run(self) -> NoReturn:
        """Keep the connection until cancelled."""
        ...

    async def send(self, publication: Publication) -> asyncio.Future[None]:
        """Send a message and return the receipt that is done when it is acknowledged."""
        ...


@dataclass(frozen=True, slots=True)
class AgentStatistics:
    """What an agent did since it was made."""

    rounds: int
    """Rounds of gathering."""
    gathered: int
    """Points that the inputs gave."""
    batches: int
    """Batches made of them."""
    acknowledged: int
    """Batches that the broker has."""
    dropped: int
    """Batches given up because they were too old, there was no room, or the disk did not take them."""
    waiting: int
    """Batches that the broker does not have yet."""
    spool_bytes: int
    """What waits on disk."""
    damaged_bytes: int
    """Bytes that a power cut has torn on the disk."""
    corrected: int
    """Batches whose times were put right because the clock had been set since."""
    input_errors: int
    """Times that an input failed."""
    empty_gathers: int
    """Times that an input had nothing to tell, as a sensor that this board does not have."""
    refused_points: int
    """Points that line protocol cannot carry."""


def open_agent(settings: AgentSettings, publisher: Publisher, folder: Path) -> Agent:
    """Return an agent that keeps what it cannot send in a folder, or nothing where that cannot be written.

    Raises:
        ConfigError: as `Agent`.
    """
    try:
        return Agent(settings, publisher, folder)
    except SpoolError as error:  # a full disk, say: what can be sent is sent
        log.warning("what cannot be sent is lost, for want of a folder to keep it: %s", error)
        return Agent(settings, publisher)


class Agent:
    """Gathers this machine's figures and publishes them to ``tel/<device>/lp``.

    Args:
        settings: how often, what, under which name.
        publisher: the way to the broker; :meth:`run` runs it.
        folder: where batches wait while there is no connection; None keeps nothing.
        inputs: what to gather instead of ``settings.inputs`` and the agent's own figures.
        clocks: returns the time.

    Raises:
        ConfigError: the settings name an input that does not exist, or another agent uses the folder.
        SpoolError: the folder cannot be read.
    """

    def __init__(
        self,
        settings: AgentSettings,
        publisher: Publisher,
        folder: Path | None = None,
        *,
        inputs: Mapping[str, Input] | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        chosen: dict[str, Input] = dict(make_inputs(settings.inputs) if inputs is None else inputs)
        if inputs is None:
            chosen["agent"] = OwnFigures(lambda: self.statistics)
        self._inputs = [RunningInput(name, measuring) for name, measuring in chosen.items()]
        self._publisher = publisher
        self._schedule = Schedule(
            settings.interval, settings.jitter, wall=lambda: self._now().wall_ns / 1_000_000_000
        )
        self._tags = {"host": settings.host, **settings.tags}
        self._topic = telemetry_topic(settings.device)
        self._rounds = 0
        now = self._now = clocks or system_clocks()
        self._spool = settings.spool.open(folder, now) if folder is not None else None
        self._outbox = Outbox(
            publisher,
            self._spool,
            self._topic,
            now,
            writes_ahead=settings.spool.when == "always",
            sync_interval=settings.spool.sync,
            clock_set_ns=CLOCK_SET_NS,
        )
        publisher.on_lost = self._outbox.connection_lost

    @property
    def statistics(self) -> AgentStatistics:
        """The counters of this moment."""
        return AgentStatistics(
            rounds=self._rounds,
            gathered=sum(i.statistics.gathered for i in self._inputs),
            batches=self._outbox.statistics.batches,
            acknowledged=self._outbox.statistics.acknowledged,
            dropped=self._outbox.dropped,
            waiting=self._outbox.waiting,
            spool_bytes=self._spool.size_bytes if self._spool else 0,
            damaged_bytes=self._spool.statistics.damaged_bytes if self._spool else 0,
            corrected=self._outbox.statistics.corrected,
            input_errors=sum(i.statistics.errors for i in self._inputs),
            empty_gathers=sum(i.statistics.empty for i in self._inputs),
            refused_points=self._outbox.encoder.refused,
        )

    async def run(self) -> None:
        """Gather and publish until cancelled; batches that are not acknowledged by then are on the disk.

        Raises:
            Refused: the broker does not want us.
        """
        log.info("the agent publishes to %s with boot=%s", self._topic, self._outbox.encoder.boot)
        if self._spool is not None and len(self._spool):
            log.info("%d batches of earlier wait on disk", len(self._spool))
        try:
            async with asyncio.TaskGroup() as line:
                publishing = line.create_task(self._publisher.run(), name="agent-publisher")
                await self._work()
                publishing.cancel()
        except ExceptionGroup as failures:
            if len(failures.exceptions) == 1:  # the usual case: say it without the group around it
                raise failures.exceptions[0] from None
            raise
        finally:
            self._outbox.close()
            log.info("the agent stopped: %s", self.statistics)

    async def _work(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._gather_rounds(), name="agent-rounds")
                group.create_task(self._outbox.run(), name="agent-outbox")
        finally:  # while there still is a connection
            await self._outbox.finish(_PATIENCE)

    def gather_round(self) -> list[Point]:
        """Return the points of all inputs with one time, that of the call."""
        time_ns = self._now().wall_ns
        self._rounds += 1
        return [point for measuring in self._inputs for point in measuring.gather(self._tags, time_ns)]

    async def _gather_rounds(self) -> NoReturn:
        while True:
            await asyncio.sleep(self._schedule.next_delay())
            self._outbox.emit(self.gather_round())
