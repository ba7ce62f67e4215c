"""What a stream still has of one subject: the newest messages of a stretch of time."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import APIError

_PATIENCE: Final = 5.0
_AT_ONCE: Final = 250


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that the stream has."""

    time_ns: int
    """When the stream took it."""
    data: bytes


async def newest(
    js: JetStreamContext, name: str, subject: str, *, since_ns: int, limit: int
) -> tuple[list[Kept], int]:
    """Return messages of a subject, the oldest first, and from when on there are all of them.

    Where there are more than ``limit`` since ``since_ns``, those that came last.

    Raises:
        TimeoutError, nats.errors.Error, nats.js.errors.APIError: the stream does not answer.
    """
    start = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=datetime.fromtimestamp(since_ns / 1e9, UTC)
    )
    async with _consumer(js, name, subject, start) as consumer:
        count = consumer.num_pending or 0
        if count <= limit:
            return await _fetched(js, name, consumer.name, count), since_ns
    async with _consumer(js, name, subject, await _last(js, name, subject, limit)) as consumer:
        found = await _fetched(js, name, consumer.name, min(consumer.num_pending or 0, limit))
    return found, found[0].time_ns if found else since_ns


async def _last(js: JetStreamContext, name: str, subject: str, limit: int) -> ConsumerConfig:
    """Return where to begin so that ``limit`` messages follow: the stream counts them for any place."""
    state = (await js.stream_info(name)).state
    low, high = max(state.first_seq, 1), state.last_seq
    while low < high:
        middle = (low + high) // 2
        async with _consumer(js, name, subject, _from(middle)) as consumer:
            if (consumer.num_pending or 0) > limit:
                low = middle + 1
            else:
                high = middle
    return _from(low)


def _from(seq: int) -> ConsumerConfig:
    return ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=seq)


@contextlib.asynccontextmanager
async def _consumer(
    js: JetStreamContext, name: str, subject: str, start: ConsumerConfig
) -> AsyncIterator[ConsumerInfo]:
    config = replace(
        start,
        filter_subject=subject,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=_PATIENCE,
        mem_storage=True,
        num_replicas=1,
    )
    consumer = await js.add_consumer(name, config)
    try:
        yield consumer
    finally:
        with contextlib.suppress(NatsError, APIError):
            await js.delete_consumer(name, consumer.name)


async def _fetched(js: JetStreamContext, name: str, consumer: str, count: int) -> list[Kept]:
    pulled = await js.pull_subscribe_bind(consumer, name)
    found: list[Kept] = []
    try:
        while len(found) < count:
            group = await pulled.fetch(min(count - len(found), _AT_ONCE), timeout=_PATIENCE)
            # the time stands in the address of the acknowledgement: nats-py's own is rounded
            found += [Kept(int(message.reply.split(".")[7]), message.data) for message in group]
    finally:
        await pulled.unsubscribe()
    return found
