"""Messages that are appended many at once leave behind what they leave one by one."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heliograph.api.live import LiveFeed
from heliograph.hub.counters import Counters
from heliograph.hub.ingest.rules import IngestRules
from heliograph.hub.ingest_thread import IngestThread
from heliograph.hub.mqtt_intake import MqttIntake
from heliograph.model.predicate import Predicate
from heliograph.model.watermark import Watermark
from heliograph.store.quarantine import Quarantine
from heliograph.stream.log import MQTT, MQTT_PREFIX, Message, StreamLog, StreamState
from tests.unit.stored_points import BUCKET, Kept, read

NOW = 1_790_000_000_000_000_000
_MESSAGES = [
    ("tel.a.lp", f"m,host=a v=1 {NOW}"),
    ("tel.a.lp", f"m,host=a v=2,w=3i {NOW}"),
    ("tel.a.lp", "m,host=a v=4"),
    ("tel.a.lp", f"#helio boot=y seq=2\nm,host=a v=7 {NOW + 3}\n\nm,host=b v=8 {NOW + 3}\n#x\n"),
    ("tel.a.lp", f" m,host=a v=9 {NOW + 4}"),
    ("tel.b.lp", f'#helio boot=x seq=1\nm,host=b v=1 {NOW}\nn,host=b s="a\nb" {NOW + 1}'),
    ("tel.b.lp", f"#helio boot=x seq=3\nm,host=b v=2 {NOW + 5}"),
    ("tel.b.lp", "m,host=b v=3\\"),
    ("tel.b.lp", f"m v=5 {NOW}\r\n\r\nm v=6 {NOW + 1}\r"),
    ("tel.c.lp", "# a comment only"),
    ("tel.c.lp", ""),
    ("tel.c.lp", f'm,host=c v="no number" {NOW}\nm,host=c w=9i {NOW}'),
    ("tel.c.lp", "m,host=c v="),
    ("tel.c.lp", 'm,host=c u="open'),
    ("tel.c.lp", f"m,site=c,host=c v=1 {NOW - 7}"),
    ("tel.c.lp", f"o,host=c v=1 {NOW}"),
    ("tel.", f"m v=1 {NOW}"),
    ("lights.on", "yes"),
]


class Held(StreamLog):
    """A stream of given messages in groups of a given size; a fake, since it has holes where told to."""

    def __init__(self, messages: Sequence[Message], group: int, undelivered: frozenset[int]) -> None:
        self.messages = messages
        self.group = group
        self.undelivered = undelivered

    async def state(self, name: str) -> StreamState:
        return StreamState(name, "c", 1, self.messages[-1].seq, 1, 1)

    async def read(
        self,
        name: str,  # noqa: ARG002 - there is one stream here
        first_seq: int,
        last_seq: int | None = None,  # noqa: ARG002 - it is read to its end
    ) -> AsyncGenerator[list[Message], None]:
        messages = [m for m in self.messages if m.seq >= first_seq and m.seq not in self.undelivered]
        for start in range(0, len(messages), self.group):
            yield messages[start : start + self.group]

    async def get(self, name: str, seq: int) -> Message | None:  # noqa: ARG002 - likewise
        return next((m for m in self.messages if m.seq == seq), None)


async def left_behind(
    messages: Sequence[Message],
    group: int,
    *,
    deleted_to: int = 0,
    series: int = 1_000,
    undelivered: frozenset[int] = frozenset(),
) -> dict[str, Any]:
    """Return all that can be seen after some messages came in groups."""
    with tempfile.TemporaryDirectory() as folder, Kept(Path(folder)) as kept:
        store, counters, thread = kept.store, Counters(), IngestThread()
        store.series_per_bucket = series
        quarantine = Quarantine(kept.database, 1_000)
        if deleted_to:
            store.delete(BUCKET, Predicate(()), NOW, NOW + 2, {MQTT: Watermark("c", deleted_to)})
        intake = MqttIntake(
            Held(messages, group, undelivered),
            store,
            quarantine=quarantine,
            feed=LiveFeed(),
            thread=thread,
            counters=counters,
            rules=IngestRules(kept.database),
        )
        await intake.recover()
        thread.close()
        with store.reading() as catalogue:
            known = {place: dict(times) for place, times in catalogue.series.items()}
            names = list(catalogue.measurements[BUCKET])
        snapshots = {name: store.snapshot(BUCKET, name) for name in names}
        seen = {
            "points": {name: read(s, kept.duck) for name, s in snapshots.items() if s is not None},
            "series": known,
            "ledger": store.ledger(),
            "counters": asdict(counters),
            "applied": intake.applied_seq,
            "quarantine": quarantine.report(1_000),
        }
        store.seal()
        return seen | {"marks": store.streams.watermarks()}


@pytest.mark.thorough
@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 9).map(lambda n: int(n == 0)), st.sampled_from(_MESSAGES)), min_size=1),
    st.integers(0, 30),
    st.sampled_from([2, 1_000]),
)
@example([(0, message) for message in 2 * _MESSAGES], 18, 1_000)
@example([(0, message) for message in 2 * _MESSAGES], 0, 2)
@example([(0, message) for message in 8 * _MESSAGES[:2]], 0, 1_000)
@example([(0, message) for message in 8 * _MESSAGES[:4]], 9, 1_000)
@example([(0, message) for message in _MESSAGES[1:2] + 40 * [_MESSAGES[0], _MESSAGES[3]]], 0, 1_000)
async def test_many_at_once_are_as_one_by_one(
    chosen: list[tuple[int, tuple[str, str]]], deleted_to: int, series: int
) -> None:
    messages, seq = [], 0
    for hole, (subject, text) in chosen:
        seq += 1 + hole
        messages.append(Message(seq, MQTT_PREFIX + subject, text.encode(), {}, NOW + 1_000 * seq))
    alone = await left_behind(messages, 1, deleted_to=deleted_to, series=series)
    together = await left_behind(messages, len(messages), deleted_to=deleted_to, series=series)
    assert together == alone


async def test_what_was_not_delivered_is_asked_for_and_only_what_is_gone_counts_as_lost() -> None:
    """The reader begins anew where a message is missing, so what is missing is before a group."""
    there = [n for n in range(1, 31) if n not in (7, 8, 20)]
    messages = [Message(n, f"{MQTT_PREFIX}tel.a.lp", f"m v={n} {NOW + n}".encode(), {}, NOW) for n in there]
    whole = await left_behind(messages, 1)
    assert whole["counters"]["mqtt_lost"] == 3
    missed = await left_behind(messages, 1, undelivered=frozenset({1, 2, 9, 15, 16, 21}))
    assert missed == whole
    assert len(missed["points"]["m"]) == len(there)
