"""The agent's whole program.

::

    inputs ──points──▶ encoder ──batches──▶ buffer ──▶ publisher ──MQTT QoS 1──▶ broker
    (each round)                            (bounded)  ◀── acknowledgements ────
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol

from heliograph.agent.buffer import Buffer
from heliograph.agent.encode import BatchEncoder
from heliograph.agent.running_input import RunningInput
from heliograph.agent.schedule import Schedule
from heliograph.agent.settings import AgentSettings
from heliograph.inputs.plugin import Input
from heliograph.inputs.registry import make_inputs
from heliograph.model.point import Point
from heliograph.model.topic import telemetry_topic
from heliograph.transport.mqtt import MAX_IN_FLIGHT, Letter

log = logging.getLogger(__name__)


class Publisher(Protocol):
    """What the agent needs of a publisher; ``MqttPublisher`` is one."""

    async def run(self) -> NoReturn:
        """Keep the connection until cancelled."""
        ...

    async def send(self, letter: Letter) -> asyncio.Future[None]:
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
    """Batches given up because the buffer was full."""
    buffered: int
    """Batches that wait now."""
    input_errors: int
    """Times that an input failed."""
    empty_gathers: int
    """Times that an input had nothing to tell, as a sensor that this board does not have."""
    refused_points: int
    """Points that line protocol cannot carry."""


class Agent:
    """Gathers this machine's figures and publishes them to ``tel/<device>/lp``.

    Args:
        settings: how often, what, under which name.
        publisher: the way to the broker; :meth:`run` runs it.
        inputs: what to gather instead of ``settings.inputs``.

    Raises:
        ConfigError: the settings name an input that does not exist.
    """

    def __init__(
        self, settings: AgentSettings, publisher: Publisher, *, inputs: Mapping[str, Input] | None = None
    ) -> None:
        chosen = make_inputs(settings.inputs) if inputs is None else inputs
        self._inputs = [RunningInput(name, measuring) for name, measuring in chosen.items()]
        self._publisher = publisher
        self._schedule = Schedule(settings.interval, settings.jitter)
        self._tags = {"host": settings.host, **settings.tags}
        self._topic = telemetry_topic(settings.device)
        self._encoder = BatchEncoder()
        self._buffer = Buffer(settings.buffer_bytes)
        self._rounds = 0

    @property
    def statistics(self) -> AgentStatistics:
        """The counters of this moment."""
        return AgentStatistics(
            rounds=self._rounds,
            gathered=sum(i.statistics.gathered for i in self._inputs),
            batches=self._buffer.statistics.appended,
            acknowledged=self._buffer.statistics.acknowledged,
            dropped=self._buffer.statistics.dropped,
            buffered=len(self._buffer),
            input_errors=sum(i.statistics.errors for i in self._inputs),
            empty_gathers=sum(i.statistics.empty for i in self._inputs),
            refused_points=self._encoder.refused,
        )

    async def run(self) -> None:
        """Gather and publish until cancelled; batches that are not acknowledged by then are lost.

        Raises:
            Refused: the broker does not want us.
        """
        log.info("the agent publishes to %s with boot=%s", self._topic, self._encoder.boot)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._publisher.run(), name="agent-publisher")
                group.create_task(self._gather_rounds(), name="agent-rounds")
                group.create_task(self._drain(), name="agent-drain")
        except ExceptionGroup as failures:
            if len(failures.exceptions) == 1:  # the usual case: say it without the group around it
                raise failures.exceptions[0] from None
            raise
        finally:
            log.info("the agent stopped: %s", self.statistics)

    def gather_round(self) -> list[Point]:
        """Return the points of all inputs with one time, that of the call."""
        time_ns = time.time_ns()
        self._rounds += 1
        return [point for measuring in self._inputs for point in measuring.gather(self._tags, time_ns)]

    async def _gather_rounds(self) -> NoReturn:
        while True:
            await asyncio.sleep(self._schedule.next_delay())
            for batch in self._encoder.encode(self.gather_round()):
                self._buffer.append(batch)

    async def _drain(self) -> NoReturn:
        while True:
            await self._buffer.wait_filled()
            receipts = []
            for number, batch in self._buffer.peek(MAX_IN_FLIGHT):
                receipts.append((number, await self._publisher.send(Letter(self._topic, batch))))
            for number, receipt in receipts:
                await receipt
                self._buffer.ack(number)
