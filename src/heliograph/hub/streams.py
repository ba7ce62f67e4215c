"""The streams as programs of users read them: by position or time, or by a name whose place the hub keeps.

Who reads asks for the next messages when it is ready for them: nothing waits here for slow readers, and none
of them holds up another, or the hub.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from heliograph.api.identity.stream_rights import ALL_STREAMS, StreamRights
from heliograph.errors import DecodeError, NotFound, PayloadTooLarge, QueryError
from heliograph.hub.mqtt_run import topic_of
from heliograph.hub.payload import origin_of, unpack
from heliograph.model.topic_filter import matches
from heliograph.model.watermark import Watermark
from heliograph.store.stream_readers import StreamReader, StreamReaderTable
from heliograph.stream.log import LP, MQTT, MQTT_PREFIX, Message, StreamLog, StreamState

NAMES: Final = {"mqtt": MQTT, "lp": LP}
"""What users call the streams."""
MAX_MESSAGES: Final = 5_000
MAX_WAIT: Final = 30.0
_MAX_BYTES: Final = 4 * 2**20
_UNPACKED_BYTES: Final = 64 * 2**20
_READS: Final = 8
_LOOK: Final = 0.1
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Wanted(NamedTuple):
    """Which messages are asked for: of a topic filter, of a bucket; empty is all that one may see."""

    topic: str
    bucket: str
    rights: StreamRights

    def takes(self, shown: Mapping[str, Any]) -> bool:
        if not self.rights.shows(shown):
            return False
        if self.topic and ("topic" not in shown or not matches(self.topic, shown["topic"])):
            return False
        return not self.bucket or shown.get("bucket") == self.bucket


class HubStreams:
    """Reading the two streams.

    Args:
        stream: nats-server's streams.
        readers: the named readers.
        applied: up to where each stream is in the store; nobody reads further.
    """

    def __init__(
        self, stream: StreamLog, readers: StreamReaderTable, applied: Callable[[], Mapping[str, int]]
    ) -> None:
        self._stream, self._readers, self._applied = stream, readers, applied
        self._turns = asyncio.Semaphore(_READS)
        self._closing = False

    def close(self) -> None:
        """Let nobody wait for messages any more."""
        self._closing = True

    async def report(self, rights: StreamRights = ALL_STREAMS) -> dict[str, Any]:
        """Return what each stream holds, and how far its consumers are; of those that somebody may read.

        Raises:
            StreamError: nats-server does not answer.
        """
        every = await asyncio.to_thread(self._readers.all)
        known = [one for one in every if rights.owner in ("", one.owner)]
        streams = []
        for name in rights.streams:
            own = NAMES[name]
            state = await self._stream.state(own)
            last_seq = min(state.last_seq, self._applied()[own])
            streams.append(
                {
                    "name": name,
                    "created": state.created,
                    "first_seq": state.first_seq,
                    "last_seq": last_seq,
                    "bytes": state.size_bytes,
                    "max_bytes": state.max_bytes,
                    "consumers": [_reader(one, state, last_seq) for one in known if one.stream == name],
                }
            )
        return {"streams": streams}

    async def consumers(self) -> list[dict[str, Any]]:
        """Return how far all consumers are."""
        return [one for stream in (await self.report())["streams"] for one in stream["consumers"]]

    async def warnings(self) -> list[str]:
        """Return which consumers lost messages because they were too slow."""
        return [
            f"the consumer {one.name} of the stream {one.stream} was too slow: {one.missed:,} messages were"
            " purged before it read them"
            for one in await asyncio.to_thread(self._readers.all)
            if one.missed
        ]

    async def position(self, name: str, time_ns: int) -> int:
        """Return the sequence of the first message that came at a time or later.

        Raises:
            NotFound: there is no such stream.
        """
        own = _own(name)
        state = await self._stream.state(own)
        low, high = state.first_seq, state.last_seq + 1
        while low < high:
            middle = (low + high) // 2
            message = await self._next(own, middle, high)
            if message is None or message.time_ns >= time_ns:
                high = middle
            else:
                low = message.seq + 1
        return low

    async def _next(self, own: str, seq: int, end_seq: int) -> Message | None:
        """Return the message of a sequence, or the next that is there before ``end_seq``."""
        for each in range(seq, min(end_seq, seq + 100)):
            message = await self._stream.get(own, each)
            if message is not None:
                return message
        return None

    async def read(
        self,
        name: str,
        from_seq: int,
        *,
        limit: int,
        wait: float,
        topic: str = "",
        bucket: str = "",
        rights: StreamRights = ALL_STREAMS,
    ) -> dict[str, Any]:
        """Return the next messages of a stream from a sequence on, as soon as there are some.

        ``next_seq`` of the answer is where to go on, ``missed`` how many messages were purged before.

        Raises:
            NotFound: there is no such stream.
            Forbidden: nothing in it can be for them.
            StreamError: nats-server does not answer.
        """
        own = _own(name)
        rights.require(name)
        await self._wait(own, from_seq, min(wait, MAX_WAIT))
        async with self._turns:
            state = await self._stream.state(own)
            first_seq = max(from_seq, state.first_seq)
            last_seq = min(self._applied()[own], state.last_seq, first_seq + limit - 1)
            answer: dict[str, Any] = {"missed": first_seq - from_seq if from_seq > 0 else 0, "messages": []}
            wanted = _Wanted(topic, bucket, rights)
            next_seq = await self._collect(own, (first_seq, last_seq), wanted, answer["messages"])
            return answer | {"next_seq": next_seq, "created": state.created}

    async def _collect(
        self, own: str, span: tuple[int, int], wanted: _Wanted, found: list[dict[str, Any]]
    ) -> int:
        first_seq, last_seq = span
        if last_seq < first_seq:
            return first_seq
        size_bytes = 0
        reading = self._stream.read(own, first_seq, last_seq)
        try:
            async for group in reading:
                for message in group:
                    shown = _shown(own, message)
                    if wanted.takes(shown):
                        found.append(shown)
                        size_bytes += len(shown.get("payload") or shown.get("payload_base64") or "")
                    if size_bytes >= _MAX_BYTES:
                        return message.seq + 1
        finally:
            await reading.aclose()
        return last_seq + 1

    async def _wait(self, own: str, from_seq: int, seconds: float) -> None:
        for _ in range(round(seconds / _LOOK)):
            if self._applied()[own] >= from_seq or self._closing:
                return
            await asyncio.sleep(_LOOK)

    async def make_consumer(
        self, name: str, stream: str, from_seq: int | None, rights: StreamRights = ALL_STREAMS
    ) -> dict[str, Any]:
        """Make a named consumer that begins at a sequence, or at what comes from now on.

        Raises:
            QueryError: it is no name.
            NotFound: there is no such stream.
            Forbidden: nothing in it can be for them.
            NotPossible: there is one of another stream or owner, or there are too many.
        """
        rights.require(stream)
        if not _NAME.fullmatch(name):
            raise QueryError(f"a consumer's name has 1 to 64 of A-Z a-z 0-9 _ -, {name!r} came")
        state = await self._stream.state(_own(stream))
        seq = self._applied()[_own(stream)] if from_seq is None else max(0, from_seq - 1)
        mark = Watermark(state.created, seq)
        made = await asyncio.to_thread(self._readers.make, name, stream, mark, rights.owner)
        return _reader(made, state, min(state.last_seq, self._applied()[_own(stream)]))

    async def remove_consumer(self, name: str, rights: StreamRights = ALL_STREAMS) -> dict[str, Any]:
        """Forget a consumer.

        Raises:
            NotFound: there is none of that name.
        """
        await asyncio.to_thread(self._readers.find, name, rights.owner)
        await asyncio.to_thread(self._readers.remove, name)
        return {"name": name}

    async def read_consumer(
        self,
        name: str,
        after_seq: int | None,
        *,
        limit: int,
        wait: float,
        topic: str,
        bucket: str,
        rights: StreamRights = ALL_STREAMS,
    ) -> dict[str, Any]:
        """Return the messages after the last acknowledged one, or after ``after_seq`` where that is later.

        Raises:
            NotFound: there is no such consumer.
            StreamError: nats-server does not answer.
        """
        reader = await asyncio.to_thread(self._readers.find, name, rights.owner)
        state = await self._stream.state(_own(reader.stream))
        # a stream that was made anew counts from 1 again, and so does who reads it
        acknowledged = reader.mark.seq if reader.mark.created == state.created else 0
        missed = max(0, state.first_seq - 1 - acknowledged)
        if missed or reader.mark.created != state.created:
            mark = Watermark(state.created, acknowledged + missed)
            await asyncio.to_thread(self._readers.move, name, mark, missed)
        first_seq = max(acknowledged, after_seq or 0) + 1
        answer = await self.read(
            reader.stream, first_seq, limit=limit, wait=wait, topic=topic, bucket=bucket, rights=rights
        )
        return answer | {"stream": reader.stream}

    async def acknowledge(self, name: str, seq: int, rights: StreamRights = ALL_STREAMS) -> dict[str, Any]:
        """Keep that a consumer is done with everything up to a sequence; it is on disk when this returns.

        Raises:
            NotFound: there is no such consumer.
            QueryError: the stream is not that far.
        """
        reader = await asyncio.to_thread(self._readers.find, name, rights.owner)
        state = await self._stream.state(_own(reader.stream))
        if not 0 <= seq <= state.last_seq:
            raise QueryError(f"the stream {reader.stream} ends at {state.last_seq}, {seq} came")
        await asyncio.to_thread(self._readers.move, name, Watermark(state.created, seq))
        return {"name": name, "acknowledged_seq": max(seq, reader.mark.seq)}


def _own(name: str) -> str:
    if name not in NAMES:
        raise NotFound(f"stream (there are {' and '.join(NAMES)})", name)
    return NAMES[name]


def _reader(one: StreamReader, state: StreamState, last_seq: int) -> dict[str, Any]:
    seq = one.mark.seq if one.mark.created == state.created else 0
    return {
        "name": one.name,
        "stream": one.stream,
        "owner": one.owner,
        "acknowledged_seq": seq,
        "waiting": max(0, last_seq - max(seq, state.first_seq - 1)),
        "missed": one.missed + max(0, state.first_seq - 1 - seq),
        "made_ms": one.made_ms,
        "seen_ms": one.seen_ms,
    }


def _shown(own: str, message: Message) -> dict[str, Any]:
    shown: dict[str, Any] = {"seq": message.seq, "time_ns": message.time_ns}
    payload = message.data
    if own == MQTT:
        shown["topic"] = topic_of(message.subject.removeprefix(MQTT_PREFIX))
    else:
        try:
            bucket, payload, precision, time_ns = unpack(
                message.subject, message.data, message.headers, _UNPACKED_BYTES
            )
        except (DecodeError, PayloadTooLarge) as error:
            return shown | {"bucket": "", "error": str(error), "payload": ""}
        shown |= {"bucket": bucket, "precision": precision.name.lower(), "time_ns": time_ns}
        origin = origin_of(message.headers, 0, 0)
        if origin is not None:
            shown["device"] = origin.device
    try:
        return shown | {"payload": payload.decode()}
    except UnicodeDecodeError:
        return shown | {"payload_base64": base64.b64encode(payload).decode()}
