"""The way out of an app: at once, or over the disk; nothing twice, nothing lost in silence."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from heliograph.errors import MqttRefused, SpoolError
from heliograph.model.point import Point
from heliograph.testing import JumpingLoop, MemoryBroker
from heliograph.testing.client import MemoryClient
from heliograph.testing.points import points_of
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.mqtt_client_settings import MqttSettings
from heliograph.transport.spool import outbox as outbox_module
from heliograph.transport.spool.outbox import Delivery, Outbox
from heliograph.transport.spool.record import Stamp
from heliograph.transport.spool.spool import Spool

SECOND = 1_000_000_000
MESSAGE = Publication("t", b"x", 1)


class Clock:
    """The clocks of a machine whose wall clock can be set."""

    def __init__(self) -> None:
        self.set_ns = 0

    def __call__(self) -> Stamp:
        mono_ns = round(asyncio.get_running_loop().time() * SECOND) + SECOND
        return Stamp(b"thisboot", self.set_ns + mono_ns, mono_ns)


class SlowClient(MemoryClient):
    """A client whose broker acknowledges when the test says so."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.receipts: list[asyncio.Future[None]] = []

    async def send(self, publication: Publication) -> asyncio.Future[None]:
        await super().send(publication)
        receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.receipts.append(receipt)
        return receipt


def jumping(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Have a test run on the clock that jumps."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        JumpingLoop.run(test(**fixtures))

    return run


@asynccontextmanager
async def sending(
    broker: MemoryBroker, spool: Spool | None, *, make: type[MemoryClient] = MemoryClient, **how: Any
) -> AsyncIterator[tuple[Outbox, MemoryClient]]:
    client = make(
        broker, MqttSettings("memory", client_id="c"), None, None, lambda _: outbox.connection_lost()
    )
    clock = how.pop("clock", Clock())
    outbox = Outbox(client, spool, "tel/pi/app", clock, **how)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(client.run())
        sender = group.create_task(outbox.run())
        await asyncio.sleep(0.001)
        yield outbox, client
        sender.cancel()
        await asyncio.wait([sender])
        await outbox.finish(1.0)
        running.cancel()
        await asyncio.wait([running])
    outbox.close()


def opened(folder: Path) -> Spool:
    return Spool(folder, clocks=lambda: Stamp(b"thisboot", SECOND, SECOND))


def point(number: int, time_ns: int = SECOND) -> Point:
    return Point("m", {"n": number}, {}, time_ns)


def numbers(broker: MemoryBroker) -> list[int]:
    return [
        int(each.fields["n"])
        for publication in broker.published
        if publication.topic == "tel/pi/app"
        for each in points_of(publication.payload)
    ]


@jumping
async def test_one_point_is_one_message_and_many_at_once_are_one(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with sending(broker, opened(tmp_path)) as (outbox, _):
        outbox.emit([point(0)])
        await asyncio.sleep(0.01)
        outbox.emit([point(1)])
        outbox.emit([point(2), point(3)])
        await asyncio.sleep(0.01)
        assert numbers(broker) == [0, 1, 2, 3]
        assert len(broker.published) == 2
        assert outbox.statistics.points == 4
        assert outbox.statistics.acknowledged == outbox.statistics.batches == 2
        assert outbox.statistics.spooled == 0


@jumping
async def test_publish_tells_what_became_of_a_message(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with sending(broker, opened(tmp_path)) as (outbox, _):
        assert await outbox.publish(MESSAGE) is Delivery.ACKNOWLEDGED
        assert await outbox.publish(Publication("t", b"x", 0)) is Delivery.ACKNOWLEDGED
        broker.stop()
        assert await outbox.publish(MESSAGE) is Delivery.SPOOLED
        assert await outbox.publish(Publication("t", b"x", 0)) is Delivery.DROPPED
        assert outbox.statistics.dropped_qos0 == 1
        assert outbox.waiting == 1
        broker.start()
        await asyncio.sleep(0.01)
        assert outbox.waiting == 0
    assert len(broker.published) == 3


@jumping
async def test_what_is_under_way_when_the_connection_breaks_is_on_disk_and_sent_once(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with sending(broker, opened(tmp_path), make=SlowClient) as (outbox, client):
        assert isinstance(client, SlowClient)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(outbox.publish(MESSAGE))
            await asyncio.sleep(0.01)
            broker.cut(client)
            assert await waiting is Delivery.SPOOLED
        assert outbox.waiting == 1
        await asyncio.sleep(0.01)
        assert len(client.receipts) == 1, "the client sends it again by itself, the disk does not"
        client.receipts[0].set_result(None)
        await asyncio.sleep(0.01)
        assert outbox.waiting == 0
    assert Spool(tmp_path).statistics.found == 0


@jumping
async def test_what_nobody_acknowledged_is_there_at_the_next_start(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with sending(broker, opened(tmp_path), make=SlowClient) as (outbox, client):
        assert isinstance(client, SlowClient)
        outbox.emit([point(1)])
        await asyncio.sleep(0.01)
        [receipt] = client.receipts
        receipt.cancel()
        await asyncio.sleep(0)
    again = opened(tmp_path)
    taken = again.take()
    assert taken is not None
    assert b"m n=1i" in taken[1].payload
    again.close()


@jumping
async def test_with_write_ahead_everything_is_on_disk_before_it_is_sent(tmp_path: Path) -> None:
    broker = MemoryBroker()
    spool = opened(tmp_path)
    async with sending(broker, spool, make=SlowClient, writes_ahead=True, sync_interval=0.0) as (
        outbox,
        client,
    ):
        assert isinstance(client, SlowClient)
        outbox.emit([point(1)])
        await asyncio.sleep(0.01)
        assert spool.statistics.syncs == 1
        assert len(spool) == 1
        assert numbers(broker) == [1]
        client.receipts[0].set_result(None)
        await asyncio.sleep(0.01)
        assert len(spool) == 0
        assert numbers(broker) == [1]


@jumping
async def test_a_message_that_the_broker_refuses_is_counted_and_not_sent_again(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with sending(broker, opened(tmp_path), make=SlowClient) as (outbox, client):
        assert isinstance(client, SlowClient)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(outbox.publish(MESSAGE))
            await asyncio.sleep(0.01)
            client.receipts[0].set_exception(MqttRefused("memory", "quota exceeded", 151))
            assert await waiting is Delivery.DROPPED
        assert outbox.statistics.refused == 1
        assert outbox.waiting == 0


@jumping
async def test_times_are_put_right_when_the_clock_was_set_meanwhile(tmp_path: Path) -> None:
    broker = MemoryBroker()
    broker.stop()
    clock = Clock()
    spool = Spool(tmp_path, clocks=clock)
    async with sending(broker, spool, clock=clock) as (outbox, _):
        taken_ns = clock().wall_ns
        outbox.emit([point(1, taken_ns)])
        await asyncio.sleep(5)
        clock.set_ns = 1_700_000_000 * SECOND  # a board without a clock of its own has heard the time
        broker.start()
        await asyncio.sleep(0.01)
        [sent] = [each for publication in broker.published for each in points_of(publication.payload)]
        assert sent.time_ns == taken_ns + clock.set_ns
        assert broker.published[0].payload.startswith(b"#helio boot=")
        assert outbox.statistics.corrected == 1


@jumping
async def test_points_wait_until_the_clock_was_set_and_messages_do_not(tmp_path: Path) -> None:
    broker = MemoryBroker()
    clock = Clock()
    spool = Spool(tmp_path, clocks=clock)
    async with sending(broker, spool, clock=clock, clock_set_ns=10**6 * SECOND) as (outbox, _):
        taken_ns = clock().wall_ns
        outbox.emit([point(0, taken_ns)])
        assert await outbox.publish(MESSAGE) is Delivery.ACKNOWLEDGED
        await asyncio.sleep(30)
        assert (numbers(broker), outbox.waiting) == ([], 1)
        clock.set_ns = 10**9 * SECOND
        await asyncio.sleep(2)
        [sent] = [each for each in broker.published if each.topic == "tel/pi/app"]
        assert points_of(sent.payload)[0].time_ns == taken_ns + clock.set_ns
        assert outbox.waiting == 0


@jumping
async def test_new_points_do_not_wait_for_old_ones(tmp_path: Path) -> None:
    broker = MemoryBroker()
    broker.stop()
    async with sending(broker, opened(tmp_path), make=SlowClient) as (outbox, client):
        assert isinstance(client, SlowClient)
        for number in range(200):
            outbox.emit([point(number)])
            await asyncio.sleep(2)
        broker.start()
        await asyncio.sleep(0.01)
        assert len(client.receipts) == 48, "places are left for what is new"
        outbox.emit([point(1_000)])
        await asyncio.sleep(0.01)
        assert numbers(broker)[-1] == 1_000
        while outbox.waiting:
            for receipt in client.receipts:
                if not receipt.done():
                    receipt.set_result(None)
            await asyncio.sleep(0.01)
    assert sorted(numbers(broker)) == [*range(200), 1_000]


@jumping
async def test_points_beyond_the_memory_go_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "MAX_POINTS", 10)
    broker = MemoryBroker()
    async with sending(broker, opened(tmp_path)) as (outbox, _):
        outbox.emit(point(number) for number in range(25))
        assert outbox.statistics.spooled == 1
        await asyncio.sleep(0.01)
    assert numbers(broker) == list(range(25))


@jumping
async def test_a_disk_that_is_full_costs_what_cannot_be_sent_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class FullSpool(Spool):
        def append(self, *_: Any, **__: Any) -> Any:
            raise SpoolError("here", "cannot be written: No space left on device")

    broker = MemoryBroker()
    broker.stop()
    async with sending(broker, FullSpool(tmp_path)) as (outbox, _):
        outbox.emit([point(1)])
        await asyncio.sleep(2)
        assert outbox.statistics.lost == 1
    assert "No space left on device" in caplog.text
