"""Messages over MQTT: QoS 1 and 2 read from the stream that acknowledged them, QoS 0 as it passes by."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import replace
from typing import Final, TypeAlias

from heliograph.api.live import LiveFeed
from heliograph.codec.lineprotocol import NO_LIMITS, LineLimits
from heliograph.codec.lineprotocol.parser import parse
from heliograph.errors import StoreBusy, TooManyColumns, TooSparse, TopicError
from heliograph.hub.counters import Counters
from heliograph.hub.ingest_thread import IngestThread
from heliograph.model.mark import read_mark
from heliograph.model.topic import device_of
from heliograph.store.catalogue import DEFAULT_BUCKET
from heliograph.store.ledger.entry import Origin
from heliograph.store.quarantine import Quarantine, Refusal
from heliograph.store.store import Applied, Position, Store
from heliograph.stream.log import MQTT, MQTT_PREFIX, Message, StreamLog

log = logging.getLogger(__name__)

_TELEMETRY: Final = f"{MQTT_PREFIX}tel."
_QOS0_WAITING: Final = 10_000
_QOS0_AT_ONCE: Final = 500
_SLACK: Final = 2
"""While messages are read back a bucket may have so many times the series that it may have otherwise. What
was taken before is taken again then, though the two streams come in another order."""
_GATHER: Final = 0.02
_BUSY_PAUSE: Final = 0.1
_ERRORS_KEPT: Final = 100
_TOPIC_SIGNS: Final = {"/.": "/", "//": ".", ".": "/", "/": ""}
_SEPARATORS: Final = re.compile(r"/\.|//|\.|/")


def topic_of(subject: str) -> str:
    """Return the MQTT topic that nats-server made a subject of.

    It writes a level's end as ``.``, a dot as ``//``, and an empty level's end as ``/.``.
    """
    return _SEPARATORS.sub(lambda found: _TOPIC_SIGNS[found[0]], subject)


_Passing: TypeAlias = tuple[str, bytes, int]
"""Subject, data and time of arrival (ns) of a message of QoS 0."""


class MqttIntake:
    """The way of MQTT messages into the store."""

    def __init__(
        self,
        stream: StreamLog,
        store: Store,
        *,
        quarantine: Quarantine,
        feed: LiveFeed,
        thread: IngestThread,
        counters: Counters,
        limits: LineLimits = NO_LIMITS,
    ) -> None:
        self._limits = limits
        self._slack = _SLACK
        self._stream = stream
        self._store = store
        self._quarantine = quarantine
        self._feed = feed
        self._thread = thread
        self._counters = counters
        self._created = ""
        self._applied = 0

    @property
    def applied_seq(self) -> int:
        """The sequence up to which the stream is visible in the store."""
        return self._applied

    async def recover(self) -> None:
        """Apply what the stream holds and no segment does.

        A stream that was recreated, or restored from an older copy, is read from its first message.
        """
        self._loop = asyncio.get_running_loop()
        state = await self._stream.state(MQTT)
        self._created = state.created
        self._applied = self._store.resume(
            MQTT, state.created, first_seq=state.first_seq, last_seq=state.last_seq
        )
        if self._applied < state.last_seq:
            log.info("Reading MQTT back, messages=%s", state.last_seq - self._applied)
            async for group in self._stream.read(MQTT, self._applied + 1, state.last_seq):
                await self._apply_whole(group)
        self._slack = 1

    async def follow(self) -> None:
        """Apply the stream's messages as they come; runs until cancelled.

        On cancellation a group of messages is applied whole or will be read again.
        """
        async for group in self._stream.read(MQTT, self._applied + 1):
            await self._apply_whole(group)
            await asyncio.sleep(_GATHER)  # the thread is asked once for all that come meanwhile

    async def _apply_whole(self, group: list[Message]) -> None:
        """Apply a group; while the store is busy it waits, and the stream with it."""
        while group:
            try:
                await self._thread.run(self._apply, group)
            except StoreBusy as busy:
                log.debug("Waiting for the store: %s", busy)
                self._counters.store_waits += 1
                await asyncio.sleep(_BUSY_PAUSE)
            group = [message for message in group if message.seq > self._applied]

    def _apply(self, group: list[Message]) -> None:
        news: list[Applied] = []
        try:
            for message in group:
                if message.seq <= self._applied:
                    continue
                self._pass_hole(message.seq - self._applied - 1)
                position = Position(MQTT, self._created, message.seq)
                if message.subject.startswith(_TELEMETRY):
                    name = f"{MQTT}:{self._created}:{message.seq}"
                    news += self._take(message.subject, message.data, message.time_ns, name, position)
                else:
                    self._store.skip(position)
                self._counters.mqtt_messages += 1
                self._applied = message.seq
        finally:
            self._tell(news)

    def _pass_hole(self, lost: int) -> None:
        if lost:
            log.error(
                "Messages of MQTT are lost: their file was damaged, behind seq=%s: %s", self._applied, lost
            )
            self._counters.mqtt_lost += lost

    def _take(
        self, subject: str, data: bytes, time_ns: int, name: str, position: Position | None
    ) -> list[Applied]:
        """Parse one message and append its points; what cannot be used goes to quarantine."""
        topic = topic_of(subject.removeprefix(MQTT_PREFIX))
        try:
            device = device_of(topic)
        except TopicError as error:
            self._refuse(Refusal(name, topic, "", error.reason, data, time_ns))
            if position is not None:
                self._store.skip(position)
            return []
        origin = Origin(device, time_ns, read_mark(data))
        if position is not None and self._store.was_deleted(DEFAULT_BUCKET, position):
            self._store.skip(position, origin)
            return []
        types = self._store.field_types(DEFAULT_BUCKET)
        try:
            parsed = parse(data, time_ns=time_ns, types=types, max_errors=_ERRORS_KEPT, limits=self._limits)
            batch, too_old = self._store.refuse_old(DEFAULT_BUCKET, parsed.batch, time_ns)
            batch, surplus = self._store.refuse_new_series(DEFAULT_BUCKET, batch, slack=self._slack)
            fresh = self._store.declare(DEFAULT_BUCKET, batch)
        except (TooManyColumns, TooSparse) as error:
            self._refuse(Refusal(name, topic, device, str(error), data, time_ns))
            if position is not None:
                self._store.skip(position, replace(origin, refused=1))
            return []
        for bad in parsed.errors:
            reason = f"line {bad.line}, column {bad.column}: {bad.reason}"
            self._refuse(Refusal(f"{name}:{bad.line}", topic, device, reason, bad.excerpt.encode(), time_ns))
        self._counters.mqtt_refused += parsed.error_count - len(parsed.errors)
        if too_old:
            self._counters.points_too_old += too_old
            reason = f"{too_old} of {parsed.points} points are older than the bucket {DEFAULT_BUCKET} keeps"
            self._refuse(Refusal(f"{name}:old", topic, device, reason, data, time_ns))
        if surplus:
            self._counters.points_new_series += surplus
            most = self._store.series_per_bucket
            reason = (
                f"{surplus} of {parsed.points} points would have made more than {most:,} series in the bucket"
                f" {DEFAULT_BUCKET} (limits.series_per_bucket)"
            )
            self._refuse(Refusal(f"{name}:series", topic, device, reason, data, time_ns))
        points = parsed.points - too_old - surplus
        origin = replace(origin, points=points, refused=parsed.error_count + too_old + surplus)
        applied = self._store.append(DEFAULT_BUCKET, batch, position, (origin,))
        if position is not None:
            self._counters.mqtt_points += points
        else:
            self._counters.qos0_points += points
        if not points:
            return []
        return [replace(applied, new_schema=applied.new_schema or fresh)]

    def _refuse(self, refusal: Refusal) -> None:
        self._quarantine.add(refusal)
        self._counters.mqtt_refused += 1

    def _tell(self, news: list[Applied]) -> None:
        if news:
            self._loop.call_soon_threadsafe(self._publish, news)

    def _publish(self, news: list[Applied]) -> None:
        for applied in news:
            self._feed.publish(applied)

    async def follow_qos0(self) -> None:
        """Apply QoS 0 messages as they pass by; runs until cancelled. None of them is promised to anyone."""
        waiting: asyncio.Queue[_Passing] = asyncio.Queue(_QOS0_WAITING)

        def put(subject: str, data: bytes) -> None:
            try:
                waiting.put_nowait((subject, data, time.time_ns()))
            except asyncio.QueueFull:
                self._counters.qos0_dropped += 1

        async with self._stream.passing(put):
            while True:
                group = [await waiting.get()]
                while not waiting.empty() and len(group) < _QOS0_AT_ONCE:
                    group.append(waiting.get_nowait())
                await self._thread.run(self._apply_passing, group)
                await asyncio.sleep(_GATHER)

    def _apply_passing(self, group: list[_Passing]) -> None:
        news: list[Applied] = []
        for subject, data, time_ns in group:
            try:
                news += self._take(subject, data, time_ns, f"qos0:{time_ns}", None)
            except StoreBusy:
                self._counters.qos0_dropped += 1
        self._tell(news)
