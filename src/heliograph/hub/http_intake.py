"""Batches over HTTP: parsed, stored in the stream, applied in the order of the stream.

::

    body ─┬▶ parse ─▶ settle types ─┬▶ publish to LP ──PubAck(seq)──▶ apply when all before it are applied
          └▶ compress ──────────────┘                   └─ no ack ─▶ read back from the stream

A batch is parsed once: its columns wait here for their sequence. What is acknowledged is in the stream;
what is in the stream is applied, acknowledged or not, exactly once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, replace
from typing import Final

from heliograph.api.live import LiveFeed
from heliograph.api.services import WriteRequest, WriteResult
from heliograph.codec.lineprotocol import NO_LIMITS, LineLimits
from heliograph.errors import (
    BucketNotFound,
    DecodeError,
    Error,
    PayloadTooLarge,
    StoreBusy,
    StreamError,
    TooManyColumns,
    TooSparse,
)
from heliograph.hub.batch_reader import BatchReader
from heliograph.hub.counters import Counters
from heliograph.hub.ingest_thread import IngestThread
from heliograph.hub.payload import Payload, pack, time_of
from heliograph.model.table import Batch
from heliograph.model.watermark import Watermark
from heliograph.store.applied import Applied, Position
from heliograph.store.ledger.entry import Origin
from heliograph.store.store import Store
from heliograph.stream.log import LP, Message, StreamLog, StreamState

log = logging.getLogger(__name__)

MAX_WAITING: Final = 64
"""Batches between parser and acknowledgement; more are answered with "try again"."""
_SMALL_BYTES: Final = 32 * 1024
_BUSY_PAUSE: Final = 0.1
_CHECK: Final = 0.2
"""How long the stream may be ahead of us before we look why."""
_VISIBLE_TIMEOUT: Final = 5.0
"""How long an answer waits for its batch to be visible; on disk it is by then."""


@dataclass(frozen=True, slots=True)
class _Ready:
    seq: int
    bucket: str
    batch: Batch
    life: int | None
    """Of the bucket when the batch was parsed: it is not for a later one of the same name."""
    origins: tuple[Origin, ...] = ()
    """The device, where it came by MQTT over another broker."""


class HttpIntake:
    """The way of batches from HTTP into stream and store."""

    def __init__(
        self,
        stream: StreamLog,
        store: Store,
        feed: LiveFeed,
        thread: IngestThread,
        counters: Counters,
        *,
        limits: LineLimits = NO_LIMITS,
    ) -> None:
        self._limits = limits
        self._reader = BatchReader(store, counters, limits)
        self._stream = stream
        self._store = store
        self._feed = feed
        self._thread = thread
        self._counters = counters
        self._created = ""
        self._applied = 0
        self._handed = 0
        """Up to which sequence batches were handed to the ingest thread; it applies them a moment later."""
        self._waiting: dict[int, _Ready] = {}
        self._in_flight = 0
        self._sent: dict[int, int] = {}
        """By the time of a batch that is not acknowledged yet: where it was read in the stream, or 0."""
        self._numbering = 0
        """Changes when the stream begins to count anew; what was read of it before is dropped then."""
        self._renumbering = False
        self._doubt = asyncio.Event()
        self._progress = asyncio.Event()
        """Set, and replaced, whenever batches were applied."""

    @property
    def applied_seq(self) -> int:
        """The sequence up to which the stream is visible in the store."""
        return self._applied

    async def recover(self) -> None:
        """Apply what the stream holds and no segment does. Call before the first :meth:`write`.

        A stream that was recreated, or restored from an older copy, is read from its first message.
        """
        state = await self._stream.state(LP)
        self._created = state.created
        self._applied = self._handed = self._store.streams.resume(
            LP, state.created, first_seq=state.first_seq, last_seq=state.last_seq
        )
        if self._applied < state.last_seq:
            log.info("Reading the stream back, messages=%s", state.last_seq - self._applied)
            await self._read_back(state.last_seq)

    async def restarted(self, state: StreamState) -> None:
        """Compare with what nats-server has after it was started again; call it before that takes anything.

        Where the stream is another one, or has lost its end, its next messages get sequences that were
        applied already. What was applied stays, and so do batches that still wait and that it has lost.
        """
        last_seq = max(self._handed, *self._waiting, 0)
        if not self._created or (state.created == self._created and state.last_seq >= last_seq):
            return
        log.error(
            "The stream LP is not as it was: it ended at seq=%s and ends at %s", last_seq, state.last_seq
        )
        waiting = [self._waiting[seq] for seq in sorted(self._waiting)]
        kept = [r for r in waiting if state.created == self._created and r.seq <= state.last_seq]
        self._numbering += 1
        self._renumbering = True
        try:
            self._waiting = {ready.seq: ready for ready in kept}
            await self._thread.run(self._take_back, state, [r for r in waiting if r not in kept])
        finally:
            self._handed = self._applied
            self._renumbering = False
            self._doubt.set()
        await self._hand_over(fresh=False)

    def _take_back(self, state: StreamState, lost: list[_Ready]) -> None:
        end = state.end_of(Watermark(self._created, self._applied))
        self._store.streams.take_back(LP, end)
        self._created, self._applied = end.created, end.seq
        for ready in lost:  # somebody may have been told that they are stored
            if ready.batch and self._store.life(ready.bucket) == ready.life:
                self._store.append(ready.bucket, ready.batch, None)

    async def write(self, request: WriteRequest) -> WriteResult:
        """Make a batch durable and visible.

        Where a batch before it must be read back from the stream, that is waited for, but no longer
        than ``_VISIBLE_TIMEOUT`` seconds: what is in the stream is acknowledged.

        On cancellation the batch may or may not be stored, as when a client hangs up.

        Raises:
            BucketNotFound, StoreBusy, PayloadTooLarge, AckTimeout, StreamError: nothing was acknowledged.
        """
        if self._in_flight >= MAX_WAITING:
            raise StoreBusy(f"{MAX_WAITING} batches are under way already; try again in a second")
        self._in_flight += 1
        try:
            return await self._write(request)
        finally:
            self._in_flight -= 1

    async def _write(self, request: WriteRequest) -> WriteResult:
        time_ns = request.time_ns or time.time_ns()
        while time_ns in self._sent:
            time_ns += 1
        self._sent[time_ns] = 0
        packing = self._packing(request, time_ns)
        try:
            return await self._publish(request, time_ns, packing)
        finally:
            packing.cancel()
            del self._sent[time_ns]

    def _packing(self, request: WriteRequest, time_ns: int) -> asyncio.Future[Payload]:
        """Compress a batch while it is parsed; a small one at once: to ask a thread would take longer."""
        loop = asyncio.get_running_loop()
        if request.gzip is None and len(request.body) > _SMALL_BYTES:
            return loop.run_in_executor(None, pack, request, time_ns, self._limits)
        packed: asyncio.Future[Payload] = loop.create_future()
        packed.set_result(pack(request, time_ns, self._limits))
        return packed

    async def _publish(
        self, request: WriteRequest, time_ns: int, packing: asyncio.Future[Payload]
    ) -> WriteResult:
        taken = await self._thread.run(self._reader.parse, request, time_ns)
        parsed = taken.parsed
        self._counters.http_refused_lines += parsed.error_count
        result = WriteResult(
            parsed.points - sum(taken.dropped.values()), parsed.errors, parsed.error_count, taken.dropped
        )
        if request.whole and (parsed.error_count or taken.dropped):
            return replace(result, points=0)
        if not result.points:
            return result
        payload = await packing
        if taken.request is not None:  # lines that were written anew may be longer than those that came
            payload = await asyncio.to_thread(pack, taken.request, time_ns, NO_LIMITS)
        try:
            seq = await self._stream.publish(payload.subject, payload.data, payload.headers)
        except PayloadTooLarge:
            raise
        except (Error, asyncio.CancelledError):
            self._counters.http_unacknowledged += 1
            self._doubt.set()
            raise
        if self._sent[time_ns] != seq:  # else it was read back before the answer came
            if seq <= self._handed or seq in self._waiting:
                self._counters.http_unacknowledged += 1
                self._doubt.set()
                raise StreamError(LP, "it has lost messages and counts anew; try again in a second")
            if len(self._waiting) < MAX_WAITING:  # else it is read back when its turn comes
                origins = _origins(
                    request.origin, result.points, parsed.error_count + sum(result.dropped.values())
                )
                ready = _Ready(seq, request.bucket, taken.batch, taken.life, origins)
                await self._offer(ready, fresh=taken.fresh)
            else:
                self._doubt.set()
        await self._until_visible(seq)
        if request.origin is None:
            self._counters.http_batches += 1
            self._counters.http_points += result.points
        return result

    async def _until_visible(self, seq: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_VISIBLE_TIMEOUT):
                while self._applied < seq:
                    await self._progress.wait()

    async def _offer(self, ready: _Ready, *, fresh: bool) -> None:
        """Apply a batch and those behind it that waited for it, or let it wait for those before it."""
        if ready.seq <= self._handed or ready.seq in self._waiting:
            return
        self._waiting[ready.seq] = ready
        await self._hand_over(fresh=fresh)

    async def _hand_over(self, *, fresh: bool) -> None:
        """Apply the batches whose predecessors are applied or about to be."""
        if self._renumbering:
            return
        run: list[_Ready] = []
        while (following := self._waiting.pop(self._handed + 1, None)) is not None:
            run.append(following)
            self._handed += 1
        if self._waiting:
            self._doubt.set()
        if not run:
            return
        try:
            for applied in await self._thread.run(self._apply, run):
                self._feed.publish(applied if not fresh else _with_new_schema(applied))
        finally:
            self._progress.set()
            self._progress = asyncio.Event()
            if self._applied < run[-1].seq:  # one could not be applied: it is read back from the stream
                self._handed = self._applied
                self._doubt.set()

    def _apply(self, run: list[_Ready]) -> list[Applied]:
        """Append batches in the order of the stream; stop at a hole that an earlier failure left."""
        news = []
        for ready in run:
            if ready.seq != self._applied + 1:
                break
            position = Position(LP, self._created, ready.seq)
            if ready.batch and self._store.life(ready.bucket) == ready.life:
                news.append(self._store.append(ready.bucket, ready.batch, position, ready.origins))
            else:
                self._store.skip(position, *ready.origins)
            self._applied = ready.seq
        return news

    async def fill_gaps(self) -> None:
        """Read back what the stream took without telling us; runs until cancelled."""
        while True:
            await self._doubt.wait()
            await asyncio.sleep(_CHECK)
            if self._waiting:
                await self._read_back(min(self._waiting) - 1)
            elif not self._in_flight:
                state = await self._stream.state(LP)
                await self._read_back(state.last_seq)
                self._doubt.clear()

    async def _read_back(self, last_seq: int) -> None:
        if last_seq <= self._handed:
            return
        numbering = self._numbering
        async for group in self._stream.read(LP, self._handed + 1, last_seq):
            for message in group:
                self._counters.http_read_back += 1
                await self._offer_again(message, numbering)
        first_seq = (await self._stream.state(LP)).first_seq
        if numbering != self._numbering:
            return
        if self._handed < last_seq and self._handed + 1 < first_seq:
            # the stream does not hold them any more; what it holds and could not be applied is tried again
            self._applied = self._handed = min(first_seq - 1, last_seq)
            await self._hand_over(fresh=False)
        await self._pass_holes(last_seq, numbering)

    async def _pass_holes(self, last_seq: int, numbering: int) -> None:
        """Ask for each message that did not come; one that a damaged file has swallowed holds up no other."""
        while (seq := self._handed + 1) <= last_seq and seq not in self._waiting:
            message = await self._stream.get(LP, seq)
            if numbering != self._numbering:
                return
            if message is None:
                log.error("A message of the stream LP is lost: its file was damaged, seq=%s", seq)
                self._counters.http_lost += 1
                await self._offer(_Ready(seq, "", {}, None), fresh=False)
            else:
                await self._offer_again(message, numbering)
            if self._handed < seq:
                return  # it could not be applied; the next look tries again

    async def _offer_again(self, message: Message, numbering: int) -> None:
        """Offer what was read from the stream, unless that counts anew since."""
        ready, fresh = await self._decoded(message)
        if numbering != self._numbering:
            return
        sent = time_of(message.headers)
        if sent in self._sent:
            self._sent[sent] = message.seq
        await self._offer(ready, fresh=fresh)

    async def _decoded(self, message: Message) -> tuple[_Ready, bool]:
        while True:
            try:
                return await self._thread.run(self._decode, message)
            except StoreBusy as busy:
                log.debug("Waiting for the store: %s", busy)
                self._counters.store_waits += 1
                await asyncio.sleep(_BUSY_PAUSE)

    def _decode(self, message: Message) -> tuple[_Ready, bool]:
        """Read back one message; what cannot be applied any more is passed over."""
        try:
            bucket, batch, origin, fresh = self._reader.read_back(message, self._created)
        except (DecodeError, PayloadTooLarge, BucketNotFound, TooManyColumns, TooSparse) as error:
            log.error("A message of the stream LP cannot be applied, seq=%s: %s", message.seq, error)
            self._counters.http_lost += isinstance(error, DecodeError)
            return _Ready(message.seq, "", {}, None), False
        origins = (origin,) if origin is not None else ()
        return _Ready(message.seq, bucket, batch, self._store.life(bucket), origins), fresh


def _origins(origin: Origin | None, points: int, refused: int) -> tuple[Origin, ...]:
    return () if origin is None else (replace(origin, points=points, refused=refused),)


def _with_new_schema(applied: Applied) -> Applied:
    return replace(applied, new_schema=True)
