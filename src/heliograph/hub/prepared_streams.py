"""The streams are seen to while no MQTT client can connect: nats-server runs without its MQTT port then.

A client that came before the streams stand would make nats-server create ``$MQTT_msgs`` itself, so that
it keeps nothing. And what a stream has lost is known exactly only as long as nobody adds to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from heliograph.broker.blocks import block_sizes, cut_off, forget_description
from heliograph.broker.config import HUB_USER, BrokerPlan, Endpoints
from heliograph.broker.nats_server import running
from heliograph.errors import ConnectError, StreamError
from heliograph.stream.log import LP, MQTT, StreamLog, StreamState
from heliograph.transport.nats import connect

log = logging.getLogger(__name__)

_PAUSE: Final = 1.0
"""Before the next attempt to see to the streams, in seconds."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What nats-server has, and what it threw away as damaged."""

    states: Mapping[str, StreamState]
    """By stream."""
    cut_off: Mapping[str, int]
    """By stream in bytes."""


async def prepare(
    plan: BrokerPlan, endpoints: Endpoints, max_bytes: int, *, missing_only: bool = False
) -> Prepared:
    """Start nats-server without its MQTT port, make the streams or set their limit, and end it.

    With ``missing_only`` a stream that is there stays as it is.

    Raises:
        ExceptionGroup: of BrokerNotReady, ConnectError or StreamError.
    """
    sizes = block_sizes(plan.folder)
    async with running(plan, replace(endpoints, mqtt_port=None)):
        connection = await connect(endpoints.nats_port, HUB_USER, plan.hub_password)
        try:
            stream = StreamLog(connection)
            await stream.prepare(
                max_bytes,
                unknown=lambda name: forget_description(plan.folder, name),
                missing_only=missing_only,
            )
            states = {name: await stream.state(name) for name in (LP, MQTT)}
        finally:
            await connection.close()
    lost = cut_off(sizes)
    for name, size_bytes in lost.items():
        log.error("nats-server cut off what it found damaged, stream=%s bytes=%s", name, size_bytes)
    return Prepared(states, lost)


async def prepare_again(plan: BrokerPlan, endpoints: Endpoints, max_bytes: int) -> Prepared:
    """Likewise for a nats-server that ended by itself; tried until it works, as on a disk that is full.

    Raises:
        ExceptionGroup: of BrokerNotReady.
    """
    while True:
        try:
            return await prepare(plan, endpoints, max_bytes, missing_only=True)
        except* (ConnectError, StreamError, OSError) as group:
            log.error("The streams cannot be seen to, trying again: %s", group.exceptions[0])
        await asyncio.sleep(_PAUSE)
