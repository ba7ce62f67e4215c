"""The streams ``LP`` and ``$MQTT_msgs`` of nats-server: prepare, publish, read, purge.

Between broker and store. JetStream's sequence numbers are the hub's notion of position: a stream is
identified by its name and the time it was created, since a recreated one counts from 1 again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import (
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from heliograph.aio.supervise import heed_cancellation
from heliograph.errors import AckTimeout, PayloadTooLarge, StreamError
from heliograph.model.watermark import Watermark
from heliograph.stream.history import Kept, newest
from heliograph.stream.passing import Passing

LP: Final = "LP"
"""Line-protocol batches that came over HTTP, subject ``lp.<bucket>``."""
MQTT: Final = "$MQTT_msgs"
"""Every MQTT message of QoS 1 and 2, subject ``$MQTT.msgs.<topic>``; nats-server acknowledges from it."""
MQTT_PREFIX: Final = "$MQTT.msgs."
QOS0_SUBJECTS: Final = ("tel.>",)

ACK_TIMEOUT: Final = 5.0
HEADERS_BYTES: Final = 4096
"""Room for our headers: they count against nats-server's limit, and who is over it loses the connection."""
_BATCH_MESSAGES: Final = 2_000
_SILENCE: Final = 1.0
_LOOK: Final = 0.05
_SUBJECTS: Final = {LP: "lp.>", MQTT: f"{MQTT_PREFIX}>"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream."""

    seq: int
    subject: str
    data: bytes
    headers: Mapping[str, str]
    time_ns: int
    """When the stream took it."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """What a stream holds. ``first_seq`` is ``last_seq + 1`` when it is empty."""

    name: str
    created: str
    first_seq: int
    last_seq: int
    size_bytes: int
    max_bytes: int

    def end_of(self, applied: Watermark) -> Watermark:
        """Return up to where this stream was applied, if all up to ``applied`` was."""
        if applied.created == self.created:
            return Watermark(self.created, min(applied.seq, self.last_seq))
        return Watermark(self.created, self.first_seq - 1)


Trouble = Callable[[], str | None]
"""Tells why nothing can be stored now; None when it can."""


class Unanswered:
    """Messages under way to nats-server: none of them is answered once the connection is lost."""

    def __init__(self) -> None:
        self._limits: set[asyncio.Timeout] = set()

    @contextlib.asynccontextmanager
    async def wait(self, seconds: float) -> AsyncIterator[None]:
        """A block that may take so long, and ends at once when the connection is lost.

        Raises:
            TimeoutError: one of the two.
        """
        async with asyncio.timeout(seconds) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)

    def give_up(self) -> None:
        """End all blocks: the connection is lost."""
        for limit in self._limits:
            limit.reschedule(asyncio.get_running_loop().time())


class StreamLog:
    """The two streams on one connection."""

    def __init__(
        self, connection: Client, unanswered: Unanswered | None = None, trouble: Trouble = lambda: None
    ) -> None:
        self._connection = connection
        self._js = connection.jetstream(timeout=ACK_TIMEOUT)
        self._unanswered = unanswered or Unanswered()
        self._trouble = trouble

    async def prepare(
        self, max_bytes: int, *, unknown: Callable[[str], object] = lambda _: None, missing_only: bool = False
    ) -> None:
        """Create both streams, or set their limit; ``unknown`` is called before one is created.

        With ``missing_only`` a stream that is there stays as it is.

        This must happen before any MQTT client connects: nats-server makes ``$MQTT_msgs`` itself
        otherwise, with a retention that keeps nothing nobody subscribed to. There is no age limit on
        purpose: a message that is in no segment yet must not expire.

        Raises:
            StreamError: nats-server refuses, for instance because the disk is too small.
        """
        for name, subject in _SUBJECTS.items():
            config = StreamConfig(
                name=name,
                subjects=[subject],
                retention=RetentionPolicy.LIMITS,
                storage=StorageType.FILE,
                discard=DiscardPolicy.NEW,
                max_bytes=max_bytes,
                allow_direct=True,
            )
            try:
                try:
                    await self._js.stream_info(name)
                except NotFoundError:
                    unknown(name)
                    await self._js.add_stream(config)
                else:
                    if not missing_only:
                        await self._js.update_stream(config)
            except (NatsError, APIError) as error:
                raise StreamError(name, f"cannot be prepared: {error}") from error

    @contextlib.asynccontextmanager
    async def _asking(self, name: str, what: str) -> AsyncIterator[None]:
        """A block that asks nats-server: it ends with a StreamError at once when the connection is lost."""
        try:
            async with self._unanswered.wait(ACK_TIMEOUT):
                yield
        except TimeoutError as error:
            reason = f"nats-server went away or did not answer within {ACK_TIMEOUT:.0f} s"
            raise StreamError(name, f"cannot be {what}: {reason}") from error
        except (NatsError, APIError) as error:
            raise StreamError(name, f"cannot be {what}: {error!r}") from error

    async def state(self, name: str) -> StreamState:
        """Return what a stream holds now.

        Raises:
            StreamError: nats-server does not answer.
        """
        async with self._asking(name, "asked"):
            info = await self._js.stream_info(name)
        state = info.state
        return StreamState(
            name=name,
            created=info.created.isoformat() if info.created else "",
            first_seq=max(state.first_seq, 1),
            last_seq=state.last_seq,
            size_bytes=state.bytes,
            max_bytes=info.config.max_bytes or 0,
        )

    async def held(self, name: str) -> Mapping[str, int]:
        """Return how many messages a stream holds now, by subject, as nats-server counts them.

        Raises:
            StreamError: nats-server does not answer.
        """
        async with self._asking(name, "asked"):
            info = await self._js.stream_info(name, subjects_filter=_SUBJECTS[name])
        return info.state.subjects or {}

    async def get(self, name: str, seq: int) -> Message | None:
        """Return one message, its time rounded to microseconds; None when it was removed or is damaged.

        Raises:
            StreamError: nats-server does not answer.
        """
        async with self._asking(name, f"asked for message {seq}"):
            try:
                found = await self._js.get_msg(name, seq)
            except NotFoundError:
                return None
        time_ns = round(found.time.timestamp() * 1e6) * 1_000 if found.time else 0
        return Message(seq, found.subject or "", found.data or b"", found.headers or {}, time_ns)

    async def newest(self, name: str, subject: str, *, since_ns: int, limit: int) -> tuple[list[Kept], int]:
        """Return what a stream has of a subject, the oldest first, and since when that is all of it.

        At most ``limit`` messages, those that came last.

        Raises:
            StreamError: nats-server does not answer.
        """
        async with self._asking(name, "asked for a subject"):
            return await newest(self._js, name, subject, since_ns=since_ns, limit=limit)

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> int:
        """Store one message in ``LP`` and return its sequence; the stream has it on disk then.

        On cancellation the message may or may not be stored.

        Raises:
            AckTimeout: no answer in ``ACK_TIMEOUT`` seconds, or the connection was lost before one came;
                the message may be stored all the same.
            PayloadTooLarge: over nats-server's limit.
            StreamError: refused; a full stream says so.
        """
        limit_bytes = self._connection.max_payload - HEADERS_BYTES
        if len(payload) > limit_bytes:
            raise PayloadTooLarge(len(payload), limit_bytes)
        if (trouble := self._trouble()) is not None:
            raise StreamError(LP, f"nothing can be stored now: {trouble}")
        try:
            async with self._unanswered.wait(ACK_TIMEOUT):
                ack = await self._js.publish(subject, payload, stream=LP, headers=dict(headers))
        except TimeoutError as error:
            reason = f"nats-server went away or did not acknowledge within {ACK_TIMEOUT:.0f} s"
            raise AckTimeout(LP, reason) from error
        except APIError as error:
            raise StreamError(LP, error.description or "refused") from error
        except NatsError as error:
            raise StreamError(LP, str(error) or type(error).__name__) from error
        return int(ack.seq)

    async def read(
        self, name: str, first_seq: int, last_seq: int | None = None
    ) -> AsyncGenerator[list[Message], None]:
        """Yield the messages from ``first_seq`` on, in order, without a gap, in groups as they come.

        With ``last_seq`` it ends there, else never. The sequence of the first message may be higher
        than asked if the stream does not hold the asked one any more. Lost deliveries and a restarted
        nats-server are healed by asking again. Memory is bounded by ``_BATCH_MESSAGES`` messages here
        and by the consumer's flow control in the connection.

        Raises:
            StreamError: nats-server refuses to make a consumer.
        """
        wanted = first_seq
        while last_seq is None or wanted <= last_seq:
            heed_cancellation()
            while not self._connection.is_connected:  # noqa: ASYNC110 - it is being started again
                await asyncio.sleep(_LOOK)
            connects = self._connection.stats["reconnects"]
            async with self._consumer(name, wanted) as inbox:
                fresh = True
                # after a reconnect the server does not know our consumer any more: make a new one
                while self._is_same(connects) and (last_seq is None or wanted <= last_seq):
                    heed_cancellation()
                    group = await inbox.take(self._unanswered.wait(_SILENCE))
                    # the first may stand later than asked, where the stream begins; a client library that
                    # lost its place begins anew at 1, and that is a gap
                    first = group[0].seq if fresh and group and group[0].seq >= wanted else wanted
                    whole = _in_order(group, first)
                    if whole:
                        fresh = False
                        wanted = whole[-1].seq + 1
                        yield [m for m in whole if last_seq is None or m.seq <= last_seq]
                    if len(whole) < len(group):
                        break
                    if not group and last_seq is not None:
                        state = await self.state(name)
                        if state.first_seq > last_seq or state.last_seq < wanted:
                            return

    def _is_same(self, connects: int) -> bool:
        """Return whether the connection is the one after so many reconnects."""
        return self._connection.is_connected and connects == self._connection.stats["reconnects"]

    @contextlib.asynccontextmanager
    async def _consumer(self, name: str, first_seq: int) -> AsyncIterator[_Inbox]:
        inbox = _Inbox()
        config = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=first_seq)
        async with self._asking(name, "read"):
            subscription = await self._js.subscribe(
                _SUBJECTS[name], stream=name, ordered_consumer=True, config=config, cb=inbox.put
            )
        try:
            yield inbox
        finally:
            inbox.close()
            with contextlib.suppress(NatsError):
                await subscription.unsubscribe()

    @contextlib.asynccontextmanager
    async def passing(self, put: Callable[[str, bytes], None]) -> AsyncIterator[Passing]:
        """Hand QoS 0 messages below ``tel/`` to ``put(subject, payload)`` while the block lasts.

        They are in no stream: what passes while nobody looks is gone. ``put`` must not wait. What is
        yielded can be told to hear more.
        """
        passing = Passing(self._connection, put)
        await passing.hear(QOS0_SUBJECTS)
        try:
            yield passing
        finally:
            await passing.close()

    async def purge(self, name: str, before_seq: int) -> None:
        """Remove the messages with lower sequences than ``before_seq``.

        Raises:
            StreamError: nats-server does not answer.
        """
        async with self._asking(name, "purged"):
            await self._js.purge_stream(name, seq=before_seq)


class _Inbox:
    """What a consumer's callback puts in and a reader takes out, at most ``_BATCH_MESSAGES`` messages."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def put(self, message: Msg) -> None:
        await self._room.wait()
        self._messages.append(_decode(message))
        self._filled.set()
        if len(self._messages) >= _BATCH_MESSAGES:
            self._room.clear()

    async def take(self, patience: AbstractAsyncContextManager[None]) -> list[Message]:
        """Return what came; nothing if nothing comes while the block lasts: silence is an answer here."""
        try:
            async with patience:
                await self._filled.wait()
        except TimeoutError:
            return []
        messages, self._messages = self._messages, []
        self._filled.clear()
        self._room.set()
        return messages

    def close(self) -> None:
        """Let a waiting callback go."""
        self._room.set()


def _decode(message: Msg) -> Message:
    # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time ns>.<pending>; read from
    # the text since nats-py's own metadata rounds the time to microseconds.
    parts = message.reply.split(".")
    return Message(int(parts[5]), message.subject, message.data, message.headers or {}, int(parts[7]))


def _in_order(group: list[Message], wanted: int) -> list[Message]:
    """Return the part of a group before the first gap, if it begins with the wanted sequence."""
    for index, message in enumerate(group):
        if message.seq != wanted:
            return group[:index]
        wanted = message.seq + 1
    return group
