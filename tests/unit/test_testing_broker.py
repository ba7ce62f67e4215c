"""The broker in memory passes what the real ones pass."""

from __future__ import annotations

import pytest

from heliograph.testing import JumpingLoop, MemoryBroker
from heliograph.testing.client import MemoryClient
from heliograph.testing.conformance import CASES, Case, Site
from heliograph.transport.mqtt_client_settings import MqttSettings


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_broker_in_memory_conforms(case: Case) -> None:
    async def run() -> None:
        broker = MemoryBroker()
        await case(Site(MqttSettings("memory"), broker.make_client, MemoryClient.abort))

    JumpingLoop.run(run())
