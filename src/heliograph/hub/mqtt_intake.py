"""Messages over MQTT: QoS 1 and 2 read from the stream that acknowledged them, QoS 0 as it passes by."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from heliograph.api.live import LiveFeed
from heliograph.codec.ingest.rule import NATIVE
from heliograph.codec.lineprotocol import NO_LIMITS, LineLimits
from heliograph.codec.lineprotocol.parser import parse
from heliograph.errors import BucketNotFound, StoreBusy, TooManyColumns, TooSparse, TopicError
from heliograph.hub.counters import Counters
from heliograph.hub.ingest.rules import IngestRules, Refused
from heliograph.hub.ingest_thread import IngestThread
from heliograph.hub.mqtt_run import MessageRun, gather, topic_of
from heliograph.model.mark import read_mark
from heliograph.model.table import Batch
from heliograph.model.topic import device_of
from heliograph.model.watermark import Watermark
from heliograph.store.applied import Applied, Position
from heliograph.store.catalogue import DEFAULT_BUCKET, MAX_COLUMNS
from heliograph.store.ledger.entry import Origin
from heliograph.store.quarantine import Quarantine, Refusal
from heliograph.store.store import Store
from heliograph.stream.log import MQTT, MQTT_PREFIX, QOS0_SUBJECTS, Message, StreamLog, StreamState
from heliograph.stream.passing import Passing, subjects_of

log = logging.getLogger(__name__)

_QOS0_WAITING: Final = 10_000
_QOS0_AT_ONCE: Final = 500
_SLACK: Final = 2
"""While messages are read back a bucket may have so many times the series that it may have otherwise. What
was taken before is taken again then, though the two streams come in another order."""
_GATHER: Final = 0.02
_BUSY_PAUSE: Final = 0.1
_ERRORS_KEPT: Final = 100


_Passing: TypeAlias = tuple[str, bytes, int]
"""Subject, data and time of arrival (ns) of a message of QoS 0."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """Line protocol that came as a message, or was made of one by a rule."""

    name: str
    """Unique to the message, so that a replay counts what is refused once."""
    topic: str
    bucket: str
    data: bytes
    position: Position | None
    origin: Origin


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
        rules: IngestRules,
        limits: LineLimits = NO_LIMITS,
    ) -> None:
        self._rules = rules
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
        self._numbering = 0
        """Changes when the stream begins to count anew; what was read of it before is dropped then."""
        self._following: asyncio.Timeout | None = None

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
        self._applied = self._store.streams.resume(
            MQTT, state.created, first_seq=state.first_seq, last_seq=state.last_seq
        )
        numbering = self._numbering
        if self._applied < state.last_seq:
            log.info("Reading MQTT back, messages=%s", state.last_seq - self._applied)
            async for group in self._stream.read(MQTT, self._applied + 1, state.last_seq):
                await self._apply_whole(group, numbering)
        self._slack = 1

    async def restarted(self, state: StreamState) -> None:
        """Compare with what nats-server has after it was started again; call it before that takes anything.

        Where the stream is another one, or has lost its end, its next messages get sequences that were
        applied already. What was applied stays.
        """
        renumbered = bool(self._created) and await self._thread.run(self._take_back, state)
        if renumbered and self._following:
            self._following.reschedule(asyncio.get_running_loop().time())
            self._following = None

    def _take_back(self, state: StreamState) -> bool:
        if state.created == self._created and state.last_seq >= self._applied:
            return False
        log.error(
            "The MQTT stream is not as it was: it ended at seq=%s and ends at %s",
            self._applied,
            state.last_seq,
        )
        end = state.end_of(Watermark(self._created, self._applied))
        self._store.streams.take_back(MQTT, end)
        self._created, self._applied = end.created, end.seq
        self._numbering += 1
        return True

    async def follow(self) -> None:
        """Apply the stream's messages as they come; runs until cancelled.

        On cancellation a group of messages is applied whole or will be read again.
        """
        while True:
            until_renumbered = self._following = asyncio.timeout(None)
            try:
                async with until_renumbered:
                    await self._follow(self._numbering)
            except TimeoutError:
                if not until_renumbered.expired():
                    raise
            finally:
                self._following = None

    async def _follow(self, numbering: int) -> None:
        """Apply the stream's messages as they come, from the first that is not applied."""
        async with contextlib.aclosing(self._stream.read(MQTT, self._applied + 1)) as groups:
            async for group in groups:
                await self._apply_whole(group, numbering)
                await asyncio.sleep(_GATHER)  # the thread is asked once for all that come meanwhile

    async def _apply_whole(self, group: list[Message], numbering: int) -> None:
        """Apply a group, and before it what was not delivered though the stream has it.

        What the stream has not is counted as lost when the next message is applied.
        """
        if group and group[0].seq > self._applied + 1:
            state = await self._stream.state(MQTT)
            first_seq = max(self._applied + 1, state.first_seq)
            for seq in range(first_seq, group[0].seq) if state.created == self._created else ():
                message = await self._stream.get(MQTT, seq)
                if message is not None:
                    await self._apply_in_turn([message], numbering)
        await self._apply_in_turn(group, numbering)

    async def _apply_in_turn(self, group: list[Message], numbering: int) -> None:
        """Apply a group; while the store is busy it waits, and the stream with it."""
        while group and numbering == self._numbering:
            try:
                await self._thread.run(self._apply, group, numbering)
            except StoreBusy as busy:
                log.debug("Waiting for the store: %s", busy)
                self._counters.store_waits += 1
                await asyncio.sleep(_BUSY_PAUSE)
            group = [message for message in group if message.seq > self._applied]

    def _apply(self, group: list[Message], numbering: int) -> None:
        if numbering != self._numbering:
            return  # they are of a stream that is no more
        news: list[Applied] = []
        try:
            rest = [message for message in group if message.seq > self._applied]
            while rest:
                run = gather(
                    rest,
                    self._applied,
                    types=self._store.field_types(DEFAULT_BUCKET),
                    limits=self._limits,
                    was_deleted=self._was_deleted,
                )
                applied = self._take_run(run) if run.count > 1 else None
                if applied is not None:
                    news += [applied] if applied.spans else []
                else:
                    for message in rest[: max(run.count, 1)]:
                        news += self._apply_alone(message)
                rest = rest[max(run.count, 1) :]
        finally:
            self._tell(news)

    def _was_deleted(self, seq: int) -> bool:
        return self._store.streams.was_deleted(DEFAULT_BUCKET, Position(MQTT, self._created, seq))

    def _take_run(self, run: MessageRun) -> Applied | None:
        """Append plain messages at once; None, and nothing is, where one of them may have to be refused."""
        batch = run.batch
        if self._store.may_be_deleted(DEFAULT_BUCKET, Position(MQTT, self._created, self._applied + 1)):
            return None  # what was deleted declares nothing
        _, too_old = self._store.refuse_old(DEFAULT_BUCKET, batch, run.newest_ns)
        _, surplus = self._store.refuse_new_series(DEFAULT_BUCKET, batch, slack=self._slack)
        if too_old or surplus:
            return None
        try:
            fresh = self._store.declare(DEFAULT_BUCKET, batch)
        except TooManyColumns:
            return None
        seq = self._applied + run.count
        applied = self._store.append_run(
            DEFAULT_BUCKET, batch, Position(MQTT, self._created, seq), run.origins
        )
        if applied is None:
            return None
        self._applied = seq
        self._counters.mqtt_messages += run.count
        self._counters.mqtt_points += run.points
        return replace(applied, new_schema=applied.new_schema or fresh)

    def _apply_alone(self, message: Message) -> list[Applied]:
        self._pass_hole(message.seq - self._applied - 1)
        position = Position(MQTT, self._created, message.seq)
        name = f"{MQTT}:{self._created}:{message.seq}"
        news = self._take(message.subject, message.data, message.time_ns, name, position)
        self._counters.mqtt_messages += 1
        self._applied = message.seq
        return news

    def _pass_hole(self, lost: int) -> None:
        if lost:
            log.error(
                "Messages of MQTT are lost: their file was damaged, behind seq=%s: %s", self._applied, lost
            )
            self._counters.mqtt_lost += lost

    def _take(
        self, subject: str, data: bytes, time_ns: int, name: str, position: Position | None
    ) -> list[Applied]:
        """Append the points of one message; what cannot be used goes to quarantine."""
        topic = topic_of(subject.removeprefix(MQTT_PREFIX))
        if topic.startswith(NATIVE):
            lines: _Lines | Origin | None = self._native(topic, data, time_ns, name, position)
        else:
            lines = self._by_rule(topic, data, time_ns, name, position)
        if isinstance(lines, _Lines):
            return self._store_lines(lines)
        if position is not None:
            self._store.skip(position, lines)
        return []

    def _native(
        self, topic: str, data: bytes, time_ns: int, name: str, position: Position | None
    ) -> _Lines | None:
        try:
            origin = Origin(device_of(topic), time_ns, read_mark(data))
        except TopicError as error:
            self._refuse(Refusal(name, topic, "", error.reason, data, time_ns))
            return None
        return _Lines(name, topic, DEFAULT_BUCKET, data, position, origin)

    def _by_rule(
        self, topic: str, data: bytes, time_ns: int, name: str, position: Position | None
    ) -> _Lines | Origin | None:
        taken = self._rules.take(topic, data, time_ns)
        if isinstance(taken, Refused):
            self._refuse(Refusal(name, topic, taken.rule.ledger_name, taken.reason, data, time_ns))
            return Origin(taken.rule.ledger_name, time_ns, refused=1)
        if taken is None or not taken.points:
            return None
        origin = Origin(taken.rule.ledger_name, time_ns)
        return _Lines(name, topic, taken.rule.rule.bucket, taken.lines, position, origin)

    def _store_lines(self, lines: _Lines) -> list[Applied]:
        name, topic, bucket, data = lines.name, lines.topic, lines.bucket, lines.data
        position, origin = lines.position, lines.origin
        device, time_ns = origin.device, origin.time_ns
        if position is not None and self._store.streams.was_deleted(bucket, position):
            self._store.skip(position, origin)
            return []
        try:
            types = self._store.field_types(bucket, position)
            parsed = parse(data, time_ns=time_ns, types=types, max_errors=_ERRORS_KEPT, limits=self._limits)
            batch, too_old = self._store.refuse_old(bucket, parsed.batch, time_ns)
            batch, surplus = self._store.refuse_new_series(bucket, batch, slack=self._slack)
            batch = self._store.remaining(bucket, batch, position)
            batch, wide, fresh = self._declare(bucket, batch)
        except (BucketNotFound, TooSparse) as error:
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
            reason = f"{too_old} of {parsed.points} points are older than the bucket {bucket} keeps"
            self._refuse(Refusal(f"{name}:old", topic, device, reason, data, time_ns))
        if surplus:
            self._counters.points_new_series += surplus
            most = self._store.series_per_bucket
            reason = (
                f"{surplus} of {parsed.points} points would have made more than {most:,} series in the bucket"
                f" {bucket} (limits.series_per_bucket)"
            )
            self._refuse(Refusal(f"{name}:series", topic, device, reason, data, time_ns))
        too_wide = sum(wide.values())
        if too_wide:
            reason = (
                f"{too_wide} of {parsed.points} points would have given {', '.join(sorted(wide)):.100}"
                f" more than {MAX_COLUMNS:,} different tags and fields; put what tells series apart into"
                " tag values, or use several measurements"
            )
            self._refuse(Refusal(f"{name}:columns", topic, device, reason, data, time_ns))
        points = parsed.points - too_old - surplus - too_wide
        origin = replace(origin, points=points, refused=parsed.error_count + too_old + surplus + too_wide)
        applied = self._store.append(bucket, batch, position, (origin,))
        if position is not None:
            self._counters.mqtt_points += points
        else:
            self._counters.qos0_points += points
        if not points:
            return []
        return [replace(applied, new_schema=applied.new_schema or fresh)]

    def _declare(self, bucket: str, batch: Batch) -> tuple[Batch, dict[str, int], bool]:
        """Settle the types of new fields; return the batch without the points that find no room for theirs.

        Those are counted by measurement; the last value is whether any field was new.
        """
        try:
            return batch, {}, self._store.declare(bucket, batch)
        except TooManyColumns:
            batch, wide = self._store.refuse_new_columns(bucket, batch)
            return batch, wide, self._store.declare(bucket, batch)

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

        async with self._stream.passing(put) as passing, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear_rules(passing), name="mqtt qos 0 rules")
            while True:
                group = [await waiting.get()]
                while not waiting.empty() and len(group) < _QOS0_AT_ONCE:
                    group.append(waiting.get_nowait())
                await self._thread.run(self._apply_passing, group)
                await asyncio.sleep(_GATHER)

    async def _hear_rules(self, passing: Passing) -> None:
        """Listen to the topics of the rules, those of new ones too; runs until cancelled."""
        while True:
            version, filters = self._rules.changes.version, self._rules.topic_filters
            await passing.hear([*QOS0_SUBJECTS, *(s for each in filters for s in subjects_of(each))])
            await self._rules.changes.after(version)

    def _apply_passing(self, group: list[_Passing]) -> None:
        news: list[Applied] = []
        for subject, data, time_ns in group:
            try:
                news += self._take(subject, data, time_ns, f"qos0:{time_ns}", None)
            except StoreBusy:
                self._counters.qos0_dropped += 1
        self._tell(news)
