"""What apps and the agent send: at once where there is a connection, else from the disk later.

::

    points ──▶ batches ──┬─ connected ──▶ client ──▶ acknowledged
    messages ────────────┘      │lost          ▲
                                ▼              │ oldest first, beside what is new
                              spool ───────────┘

Whatever is of QoS 1 or 2 is in the client's hands, or on disk, until the broker has it.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from heliograph.aio.workers import Workers
from heliograph.codec.batches import BatchEncoder
from heliograph.errors import Error, Refused, SpoolError, TransportError
from heliograph.model.point import Point
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.spool.clocks import Clocks
from heliograph.transport.spool.record import Record, Stamp
from heliograph.transport.spool.spool import Place, Spool

log = logging.getLogger(__name__)

MAX_POINTS: Final = 20_000
"""Points that wait for their batch; with more the batch goes to the disk at once."""
LONGEST_WAIT: Final = 1.0
"""Seconds that something waits for a connection before it goes to the disk."""
_DRAINED_AT_ONCE: Final = 48
"""Old messages under way at once: the rest of the client's places is for new ones."""
_POINTS_QOS: Final = 1
CLOCK_WAS_SET_NS: Final = 2_000_000_000
"""A difference between the clocks that is no drift."""
CLOCK_LOOK: Final = 1.0
"""Seconds between two looks at a clock that was never set."""


class Connection(Protocol):
    """What is needed of a client; `MqttClient` and `MqttPublisher` have it."""

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        ...

    async def wait_connected(self) -> None:
        """Return when there is a connection."""
        ...

    async def send(self, publication: Publication) -> asyncio.Future[None]:
        """Send once there is a connection, and return the receipt. On cancellation nothing has been sent."""
        ...


class Delivery(enum.Enum):
    """What became of a message."""

    ACKNOWLEDGED = "acknowledged"
    """The broker has it; with QoS 0: it was sent."""
    SPOOLED = "spooled"
    """It is on this machine's disk, and is sent when there is a connection."""
    DROPPED = "dropped"
    """QoS 0 without a connection, or the broker refused it: it is gone, and counted."""


@dataclass(slots=True)
class OutboxStatistics:
    """What went through an outbox."""

    points: int = 0
    """Points that were taken."""
    batches: int = 0
    """Messages made of them."""
    messages: int = 0
    """Messages of the app's own."""
    acknowledged: int = 0
    """Messages and batches that the broker has."""
    spooled: int = 0
    """Those that went to the disk first."""
    dropped_qos0: int = 0
    """Messages of QoS 0 for which there was no connection."""
    refused: int = 0
    """Messages that the broker did not want."""
    lost: int = 0
    """Messages that the disk could not take while there was no connection."""
    corrected: int = 0
    """Batches whose times were put right because the clock had been set since."""


@dataclass(slots=True, eq=False)
class _Sent:
    """A message that the client has and the broker has not acknowledged."""

    record: Record
    settled: asyncio.Future[Delivery]
    place: Place | None = None
    """Where it is on disk, too."""


class Outbox:
    """The way out. `run` must be running.

    Args:
        client: the connection.
        spool: where things wait; None keeps nothing: what cannot be sent is lost and counted.
        topic: where points go.
        clocks: returns the time.
        writes_ahead: whether everything goes to the disk before it is sent, so that a power cut loses
            nothing.
        sync_interval: seconds between flushes to the disk while something is written; 0 flushes each record.
        clock_set_ns: a clock that tells less was never set: points wait on the disk until it is, and get the
            right times then.
    """

    def __init__(
        self,
        client: Connection,
        spool: Spool | None,
        topic: str,
        clocks: Clocks,
        *,
        writes_ahead: bool = False,
        sync_interval: float = 1.0,
        clock_set_ns: int = 0,
    ) -> None:
        self.statistics = OutboxStatistics()
        self.encoder = BatchEncoder()
        self._client = client
        self._spool = spool
        self._topic = topic
        self._now = clocks
        self._writes_ahead = writes_ahead and spool is not None
        self._sync_interval = sync_interval
        self._clock_set_ns = clock_set_ns
        self._points: list[Point] = []
        self._filled = asyncio.Event()
        self._spooled = asyncio.Event()
        self._sent: set[_Sent] = set()
        self._draining = asyncio.Semaphore(_DRAINED_AT_ONCE)
        self._workers = Workers()
        self._settled = asyncio.Event()
        if spool is not None and len(spool):
            self._spooled.set()

    @property
    def waiting(self) -> int:
        """Messages that the broker does not have yet, points that wait for their batch as one."""
        on_disk = len(self._spool) if self._spool is not None else 0
        return on_disk + sum(sent.place is None for sent in self._sent) + bool(self._points)

    @property
    def dropped(self) -> int:
        """Messages that were given up: no room, too old, or the disk did not take them."""
        spooled = self._spool.statistics if self._spool is not None else None
        return self.statistics.lost + (spooled.dropped + spooled.expired if spooled else 0)

    def emit(self, points: Iterable[Point]) -> None:
        """Take points; never waits."""
        before = len(self._points)
        self._points.extend(points)
        self.statistics.points += len(self._points) - before
        if self._points:
            self._filled.set()
        if len(self._points) >= MAX_POINTS:
            for record in self._take_batches():
                self._keep(record)

    async def publish(self, publication: Publication) -> Delivery:
        """Send a message and return when the broker has it, or else when it is on disk.

        On cancellation the message may or may not be sent.
        """
        self.statistics.messages += 1
        if publication.qos == 0:
            return await self._publish_once(publication)
        sent = await self._send(self._record(publication), publication)
        return await sent.settled

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send_points(), name="outbox-points")
            if self._spool is not None:
                group.create_task(self._drain(self._spool), name="outbox-drain")
                group.create_task(self._flush(self._spool), name="outbox-flush")

    def connection_lost(self) -> None:
        """Put what is under way on the disk, too: the program may end before there is a connection again."""
        for sent in list(self._sent):
            if sent.place is None:
                self._hold(sent)

    async def finish(self, patience: float) -> None:
        """Send what waits, for so long; `run` has ended before. What is left goes to the disk in `close`."""
        try:
            async with asyncio.timeout(patience):
                if self._client.is_connected:
                    await self._send_all(self._take_batches())
                while self._sent and self._client.is_connected:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            log.warning("%d messages were not acknowledged within %.0f s", len(self._sent), patience)

    def close(self) -> None:
        """Leave everything on the disk that the broker does not have; the client has ended before."""
        for record in self._take_batches():
            self._keep(record)
        if self._spool is not None:
            self._spool.close()
        self._workers.close()

    async def _publish_once(self, publication: Publication) -> Delivery:
        if self._client.is_connected:
            try:
                await (await self._client.send(publication))
            except TransportError as error:
                log.debug("a message of QoS 0 went down with the connection: %s", error)
            else:
                self.statistics.acknowledged += 1
                return Delivery.ACKNOWLEDGED
        self.statistics.dropped_qos0 += 1
        return Delivery.DROPPED

    async def _send_points(self) -> None:
        while True:
            await self._filled.wait()
            await self._send_all(self._take_batches())

    async def _send_all(self, records: list[Record]) -> None:
        """Send batches in order; after a cancel those that were not sent are on the disk."""
        try:
            while records:
                record = records.pop(0)
                await self._send(record, _publication(record))
        finally:
            for record in records:
                self._keep(record)

    async def _send(self, record: Record, publication: Publication) -> _Sent:
        """Hand a message to the client, or to the disk if there is no connection for a while."""
        sent = _Sent(record, asyncio.get_running_loop().create_future())
        if record.points and self._spool is not None and not self._is_clock_set:
            self._leave(sent)
            return sent
        if self._writes_ahead:
            self._hold(sent)
        try:
            if self._client.is_connected:
                async with asyncio.timeout(LONGEST_WAIT):
                    receipt = await self._client.send(publication)
            else:
                await self._wait_connected()
                receipt = await self._client.send(publication)
        except (TimeoutError, asyncio.CancelledError) as error:
            self._leave(sent)
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            self._sent.add(sent)
            receipt.add_done_callback(lambda done: self._on_receipt(sent, done))
        return sent

    async def _wait_connected(self) -> None:
        async with asyncio.timeout(LONGEST_WAIT):
            await self._client.wait_connected()

    def _leave(self, sent: _Sent) -> None:
        """Leave a message to the disk, to be sent from there."""
        if sent.place is None:
            self._keep(sent.record)
        elif self._spool is not None:
            self._spool.give_back(sent.place, sent.record)
            self._spooled.set()
        if not sent.settled.done():
            sent.settled.set_result(Delivery.SPOOLED if self._spool is not None else Delivery.DROPPED)

    def _on_receipt(self, sent: _Sent, receipt: asyncio.Future[None]) -> None:
        self._sent.discard(sent)
        self._settled.set()
        error = None if receipt.cancelled() else receipt.exception()
        if receipt.cancelled() or (error is not None and not isinstance(error, Refused)):
            self._leave(sent)  # the client ended before the broker had it
            return
        if error is None:
            self.statistics.acknowledged += 1
        else:
            self.statistics.refused += 1
            log.error("a message to %s was refused: %s", sent.record.topic, error)
        if sent.place is not None and self._spool is not None:
            self._spool.ack(sent.place)
        if not sent.settled.done():
            sent.settled.set_result(Delivery.ACKNOWLEDGED if error is None else Delivery.DROPPED)

    def _hold(self, sent: _Sent) -> None:
        """Write a message to the disk that stays in the client's hands."""
        if self._spool is None:
            return
        try:
            sent.place = self._spool.append(sent.record, held=True)
            self.statistics.spooled += 1
            if not self._sync_interval:
                self._spool.sync()
        except SpoolError as error:
            log.error("a message is in memory only: %s", error)
            return
        if not self._writes_ahead and not sent.settled.done():
            sent.settled.set_result(Delivery.SPOOLED)

    def _keep(self, record: Record) -> None:
        """Write a message to the disk that is to be sent from there."""
        if self._spool is None:
            self.statistics.lost += 1
            return
        try:
            self._spool.append(record)
            if not self._sync_interval:
                self._spool.sync()
        except SpoolError as error:
            self.statistics.lost += 1
            log.error("a message to %s is lost: there is no connection, and %s", record.topic, error)
            return
        self.statistics.spooled += 1
        self._spooled.set()

    async def _drain(self, spool: Spool) -> None:
        while True:
            await self._spooled.wait()
            await self._client.wait_connected()
            if not self._is_clock_set:
                await asyncio.sleep(CLOCK_LOOK)
                continue
            taken = spool.take()
            if taken is None:
                self._spooled.clear()
                continue
            place, record = taken
            record = self._put_right(spool, record)
            sent = _Sent(record, asyncio.get_running_loop().create_future(), place)
            try:
                await self._draining.acquire()
                receipt = await self._client.send(_publication(record))
            except asyncio.CancelledError:
                spool.give_back(place, taken[1])
                raise
            self._sent.add(sent)
            receipt.add_done_callback(lambda done, sent=sent: self._on_receipt(sent, done))  # type: ignore[misc]
            receipt.add_done_callback(lambda _: self._draining.release())

    async def _flush(self, spool: Spool) -> None:
        while self._sync_interval:
            await asyncio.sleep(self._sync_interval)
            try:
                await self._workers.call("spool-flush", spool.sync)
            except SpoolError as error:
                log.error("what waits may not outlast a power cut: %s", error)

    def _take_batches(self) -> list[Record]:
        points, self._points = self._points, []
        self._filled.clear()
        batches = self.encoder.encode(points) if points else []
        self.statistics.batches += len(batches)
        stamp = self._now()
        return [Record(self._topic, batch, stamp, _POINTS_QOS, points=True) for batch in batches]

    def _record(self, publication: Publication) -> Record:
        stamp = self._now()
        return Record(publication.topic, publication.payload, stamp, publication.qos, publication.retained)

    @property
    def _is_clock_set(self) -> bool:
        return self._now().wall_ns >= self._clock_set_ns

    def _put_right(self, spool: Spool, record: Record) -> Record:
        """Return a batch with the times it would have if the clock had been right when it was made."""
        shift_ns = spool.shift_ns(record.stamp)
        if not record.points or abs(shift_ns) < CLOCK_WAS_SET_NS:
            return record
        from heliograph.codec.shift import shift_times  # rare, and it brings the parser with it

        try:
            payload = shift_times(record.payload, shift_ns)
        except Error as error:
            log.warning("the times of a batch cannot be put right: %s", error)
            return record
        self.statistics.corrected += 1
        return Record(record.topic, payload, Stamp(*record.stamp), record.qos, record.retained, points=True)


def _publication(record: Record) -> Publication:
    return Publication(record.topic, record.payload, record.qos, record.retained)
