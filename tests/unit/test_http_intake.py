"""A batch that cannot be applied at once is applied later, before those behind it, and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from heliograph.api.live import LiveFeed
from heliograph.api.services import WriteRequest
from heliograph.codec.lineprotocol import LineLimits
from heliograph.errors import AckTimeout, StoreError, StreamError
from heliograph.hub.counters import Counters
from heliograph.hub.http_intake import HttpIntake
from heliograph.hub.ingest_thread import IngestThread
from heliograph.hub.payload import pack
from heliograph.model.table import Batch
from heliograph.model.time import Precision
from heliograph.store.applied import Applied, Position
from heliograph.store.ledger.entry import Origin
from heliograph.store.store import Store
from heliograph.stream.log import LP, Message, StreamLog, StreamState
from tests.unit.stored_points import BUCKET, Kept

NOW = 1_790_000_000_000_000_000


class Held(StreamLog):
    """A stream that holds batches 1, 2 and 3; a fake, since a real one cannot be told when to answer."""

    def __init__(self, *, missed_once: int = 0, lost: int = 0) -> None:
        self.missed_once = missed_once
        self.lost = lost
        packed = [
            pack(WriteRequest(BUCKET, f"m v={n} {NOW + n}".encode(), None, Precision.NS), NOW)
            for n in (1, 2, 3)
        ]
        self.messages = [Message(n, p.subject, p.data, p.headers, NOW) for n, p in enumerate(packed, 1)]

    async def state(self, name: str) -> StreamState:
        return StreamState(name, "c", 1, len(self.messages), 1, 1)

    async def read(
        self,
        name: str,  # noqa: ARG002 - there is one stream here
        first_seq: int,
        last_seq: int | None = None,
    ) -> AsyncGenerator[list[Message], None]:
        missed, self.missed_once = self.missed_once, 0
        for message in self.messages:
            if message.seq not in (missed, self.lost) and first_seq <= message.seq <= (
                last_seq or message.seq
            ):
                yield [message]

    async def get(self, name: str, seq: int) -> Message | None:  # noqa: ARG002 - likewise
        return None if seq == self.lost else self.messages[seq - 1]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Kept(tmp_path) as kept:
        yield kept.store


class Forgetful(Held):
    """A stream that takes the batches but loses the answer to the first one."""

    def __init__(self) -> None:
        super().__init__()
        self.seq = 0

    async def state(self, name: str) -> StreamState:
        return replace(await super().state(name), last_seq=self.seq)

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> int:  # noqa: ARG002
        self.seq += 1
        if self.seq == 1:
            raise AckTimeout(LP, "no answer")
        return self.seq


async def until_applied(intake: HttpIntake, seq: int) -> None:
    """Let gaps be filled until the stream is applied."""
    async with asyncio.TaskGroup() as group:
        filling = group.create_task(intake.fill_gaps())
        async with asyncio.timeout(120):
            while intake.applied_seq < seq:  # noqa: ASYNC110 - the intake tells nobody, it is asked
                await asyncio.sleep(0)
        filling.cancel()


async def test_a_batch_that_failed_is_applied_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[int] = []
    failed: list[int] = []
    real = store.append

    def fail_once(bucket: str, batch: Batch, position: Position | None, origins: Sequence[Origin]) -> Applied:
        assert position is not None
        if position.seq == 2 and not failed:
            failed.append(2)
            raise StoreError("the first time")
        applied.append(position.seq)
        return real(bucket, batch, position, origins)

    monkeypatch.setattr(store, "append", fail_once)
    thread = IngestThread()
    intake = HttpIntake(Held(), store, LiveFeed(), thread, Counters())
    with pytest.raises(StoreError, match="the first time"):
        await intake.recover()
    assert (applied, intake.applied_seq) == ([1], 1)
    await until_applied(intake, 3)
    assert applied == [1, 2, 3]
    assert store._hot.current.marks[LP].seq == 3
    thread.close()


async def test_a_batch_that_the_stream_still_holds_is_never_skipped(store: Store) -> None:
    thread = IngestThread()
    intake = HttpIntake(Held(missed_once=2), store, LiveFeed(), thread, Counters())
    await intake.recover()
    assert intake.applied_seq == 3, "the second was asked for"
    assert store.statistics().rows_hot == 3
    thread.close()


async def test_a_batch_that_a_damaged_stream_cannot_give_is_counted_and_holds_up_no_other(
    store: Store,
) -> None:
    thread, counters = IngestThread(), Counters()
    intake = HttpIntake(Held(lost=2), store, LiveFeed(), thread, counters)
    await intake.recover()
    assert (intake.applied_seq, counters.http_lost) == (3, 1)
    assert store.statistics().rows_hot == 2
    thread.close()


async def test_an_answer_waits_until_its_batch_is_visible_behind_one_that_was_not_answered(
    store: Store,
) -> None:
    thread = IngestThread()
    intake = HttpIntake(Forgetful(), store, LiveFeed(), thread, Counters())
    await intake.recover()
    async with asyncio.TaskGroup() as group:
        filling = group.create_task(intake.fill_gaps())
        with pytest.raises(AckTimeout):
            await intake.write(WriteRequest(BUCKET, f"m v=1 {NOW + 1}".encode(), None, Precision.NS))
        await intake.write(WriteRequest(BUCKET, f"m v=2 {NOW + 2}".encode(), None, Precision.NS))
        assert store.statistics().rows_hot == 2, "the unanswered batch is in the stream, so it is there, too"
        filling.cancel()
    thread.close()


class Shortened(Held):
    """A stream that loses its last two batches and counts on from the first."""

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> int:
        del self.messages[1:]
        self.messages.append(Message(2, subject, payload, headers, NOW))
        return 2


async def test_a_sequence_that_was_applied_already_is_not_acknowledged_again(store: Store) -> None:
    thread = IngestThread()
    stream, counters = Shortened(), Counters()
    intake = HttpIntake(stream, store, LiveFeed(), thread, counters)
    await intake.recover()
    assert intake.applied_seq == 3
    request = WriteRequest(BUCKET, f"m v=9 {NOW + 9}".encode(), None, Precision.NS)
    with pytest.raises(StreamError, match="counts anew"):
        await intake.write(request)
    assert counters.http_unacknowledged == 1
    await intake.restarted(replace(await stream.state(LP), last_seq=1))
    assert (intake.applied_seq, store._hot.current.marks[LP].seq) == (1, 1)
    await until_applied(intake, 2)
    assert store.statistics().rows_hot == 4, "the three of before, and the new one"
    thread.close()


async def test_a_stream_that_lost_nothing_goes_on_as_it_was(store: Store) -> None:
    thread = IngestThread()
    stream = Held()
    intake = HttpIntake(stream, store, LiveFeed(), thread, Counters())
    await intake.recover()
    await intake.restarted(await stream.state(LP))
    assert (intake.applied_seq, store._hot.current.marks[LP].seq) == (3, 3)
    thread.close()


class Taking(Held):
    """A stream that takes batches; a fake, since what is asked is what came to it."""

    def __init__(self) -> None:
        super().__init__()
        self.messages = []

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> int:
        seq = len(self.messages) + 1
        self.messages.append(Message(seq, subject, payload, headers, NOW))
        return seq


async def test_what_is_left_of_a_batch_comes_back_however_long_its_lines_became(tmp_path: Path) -> None:
    body = b"m,host=a v=1 1\nm,host=b v=1 1"
    limits = LineLimits(len(b"m,host=a v=1 1"), 10, 10)
    stream, thread = Taking(), IngestThread()
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    with Kept(tmp_path / "one") as kept:
        kept.store.series_per_bucket = 1
        intake = HttpIntake(stream, kept.store, LiveFeed(), thread, Counters(), limits=limits)
        await intake.recover()
        result = await intake.write(WriteRequest(BUCKET, body, None, Precision.S))
        assert result.points == 1
        rows = kept.rows("m")
    with Kept(tmp_path / "other") as kept:
        await HttpIntake(stream, kept.store, LiveFeed(), thread, Counters(), limits=limits).recover()
        assert kept.rows("m") == rows != {}
    thread.close()
