"""The ledger: every message counted once, gaps told by their numbers, nothing lost in a crash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.model.mark import MOST_BATCHES, Mark, format_mark, read_mark
from heliograph.store.applied import Position
from heliograph.store.ledger.boots import MAX_BOOTS, MAX_GAPS, Boots, Gap
from heliograph.store.ledger.entry import Entry, Key, Kind, Origin
from heliograph.store.ledger.ledger import Line
from heliograph.store.store import Store
from tests.unit.stored_points import BUCKET, Kept, batch, point

MQTT = "$MQTT_msgs"


# --- marks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "mark"),
    [
        (b"#helio boot=0a1b2c3d seq=7\nm v=1", Mark("0a1b2c3d", 7)),
        (b"#helio boot=x_Y-9 seq=1\r\nm v=1", Mark("x_Y-9", 1)),
        (b"#helio boot=a seq=999999999999999", Mark("a", 999_999_999_999_999)),
        (b"#helio boot=a seq=1000000000000000", None),
        (b"#helio boot=a seq=0", None),
        (b"#helio boot=a seq=01", None),
        (b"#helio boot=a seq=1 more", None),
        (b"#helio boot= seq=1", None),
        (b"m v=1\n#helio boot=a seq=1", None),
        (b"", None),
    ],
)
def test_a_mark_is_read_from_the_head_of_a_payload_only(payload: bytes, mark: Mark | None) -> None:
    assert read_mark(payload) == mark


@given(st.from_regex(r"\A[0-9A-Za-z_-]{1,32}\Z"), st.integers(1, 10**15 - 1), st.integers(1, MOST_BATCHES))
def test_a_mark_that_was_written_is_read(boot: str, seq: int, count: int) -> None:
    mark = Mark(boot, seq, min(seq, count))
    assert read_mark(format_mark(mark) + b"\nm v=1\n") == mark


def test_a_mark_says_no_more_batches_than_there_were() -> None:
    assert read_mark(b"#helio boot=a seq=2 count=999") == Mark("a", 2, 2)
    assert [one.seq for one in Mark("a", 5, 3).each()] == [3, 4, 5]


# --- gaps -----------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 60), max_size=80))
def test_what_is_missing_is_what_did_not_come(numbers: list[int]) -> None:
    boots = Boots()
    came: set[int] = set()
    for number in numbers:
        assert boots.has(Mark("a", number)) == (number in came)
        boots.add(Mark("a", number))
        came.add(number)
    missing = set(range(1, max(came, default=0) + 1)) - came
    assert boots.missing == len(missing)
    assert boots.produced == max(came, default=0)
    assert {n for gap in boots.gaps() for n in range(gap.first, gap.last + 1)} == missing
    again = Boots.from_json(boots.as_json())
    assert again.as_json() == boots.as_json()
    assert list(again.gaps()) == list(boots.gaps())


def test_gaps_beyond_the_bound_are_counted_without_their_numbers() -> None:
    boots = Boots()
    for number in range(1, MAX_GAPS + 12):
        boots.add(Mark("a", 2 * number))
    assert boots.missing == MAX_GAPS + 11
    assert next(boots.gaps()) == Gap("a", 23, 23)
    assert boots.has(Mark("a", 1)), "its number is not known any more: a late one counts as a repeat"
    boots.add(Mark("a", 23))
    assert boots.missing == MAX_GAPS + 10


def test_old_boots_become_sums() -> None:
    boots = Boots()
    for number in range(MAX_BOOTS + 3):
        boots.add(Mark(f"b{number}", 1))
        boots.add(Mark(f"b{number}", 4))
    assert (boots.count, boots.produced, boots.missing) == (
        MAX_BOOTS + 3,
        4 * (MAX_BOOTS + 3),
        2 * (MAX_BOOTS + 3),
    )
    assert boots.may_have(Mark("b0", 2)), "nobody knows any more"
    assert not boots.may_have(Mark(f"b{MAX_BOOTS}", 2))
    assert {gap.boot for gap in boots.gaps()} == {f"b{number}" for number in range(3, MAX_BOOTS + 3)}


# --- lines ----------------------------------------------------------------------------------------


def send(kept: Kept, seq: int, origin: Origin) -> None:
    """Do what the intake does with a message."""
    position = Position(MQTT, "c", seq)
    if not origin.points:
        kept.store.skip(position, origin)
        return
    columns = batch([point("m", seq, {"host": origin.device}, v=1)])
    kept.store.declare(BUCKET, columns)
    kept.store.append(BUCKET, columns, position, (origin,))


def device(kept: Kept, name: str) -> Line:
    (found,) = [line for line in kept.store.ledger() if line.key == (Kind.DEVICE, name)]
    return found


def test_a_message_that_did_not_come_is_told_until_it_comes(kept: Kept) -> None:
    for seq, number in enumerate((1, 2, 5), 1):
        send(kept, seq, Origin("pi", seq, Mark("a", number), points=1))
    line = device(kept, "pi")
    assert (line.produced, line.acknowledged, line.visible, line.stored, line.missing) == (5, 3, 3, 0, 2)
    assert line.gaps == (Gap("a", 3, 4),)
    send(kept, 4, Origin("pi", 9, Mark("a", 4), points=1))
    send(kept, 5, Origin("pi", 9, Mark("a", 3), points=1))
    send(kept, 6, Origin("pi", 9, Mark("a", 3), points=1))
    kept.store.seal()
    line = device(kept, "pi")
    assert (line.produced, line.acknowledged, line.visible, line.stored, line.missing) == (5, 5, 5, 5, 0)
    assert (line.gaps, line.repeats, line.points, line.last_ns) == ((), 1, 5, 9)


def test_refused_lines_and_messages_are_told_apart(kept: Kept) -> None:
    send(kept, 1, Origin("pi", 1, points=3, refused=2))
    send(kept, 2, Origin("pi", 1, refused=1))
    send(kept, 3, Origin("pi", 1))
    line = device(kept, "pi")
    assert line.produced is None, "it does not number its messages"
    assert (line.acknowledged, line.visible, line.refused, line.quarantined) == (3, 2, 1, 3)


def test_messages_of_quality_0_are_counted_apart_and_close_gaps(kept: Kept) -> None:
    send(kept, 1, Origin("pi", 1, Mark("a", 1), points=1))
    send(kept, 2, Origin("pi", 1, Mark("a", 3), points=1))
    columns = batch([point("m", 7, v=1)])
    kept.store.append(BUCKET, columns, None, (Origin("pi", 1, Mark("a", 2), points=1),))
    line = device(kept, "pi")
    assert (line.produced, line.acknowledged, line.qos0, line.visible, line.missing) == (3, 2, 1, 3, 0)


def test_batches_over_http_are_counted_by_bucket_and_strangers_by_stream(kept: Kept) -> None:
    kept.store.create_bucket("lab", {})
    columns = batch([point("m", 1, v=1), point("m", 2, v=1)])
    kept.store.declare("lab", columns)
    kept.store.append("lab", columns, Position("LP", "c", 1))
    kept.store.skip(Position(MQTT, "c", 1))
    lines = {line.key: line for line in kept.store.ledger()}
    assert {key: (line.acknowledged, line.points) for key, line in lines.items()} == {
        (Kind.BUCKET, "lab"): (1, 2),
        (Kind.OTHER, MQTT): (1, 0),
    }
    kept.store.delete_bucket("lab", {})
    kept.store.seal()
    kept.reopen()
    assert [line.key for line in kept.store.ledger()] == [(Kind.OTHER, MQTT)]


def test_devices_beyond_the_limit_are_counted_together(kept: Kept) -> None:
    for _ in range(2):
        kept.store = Store(kept.folder / "segments", kept.database, kept.duck, seal_rows=10, ledger_devices=2)
        resumed = kept.store.streams.resume(MQTT, "c", first_seq=1, last_seq=6)
        for seq, name in enumerate("abcdab", 1):
            if seq > resumed:
                send(kept, seq, Origin(name, 1, Mark(name, seq), points=1))
        kept.store.seal()
    lines = {line.key: line for line in kept.store.ledger()}
    assert {key: line.acknowledged for key, line in lines.items()} == {
        (Kind.DEVICE, "a"): 2,
        (Kind.DEVICE, "b"): 2,
        (Kind.REST, ""): 2,
    }
    assert lines[Key(Kind.REST, "")].produced is None


# --- crashes --------------------------------------------------------------------------------------

origins = st.builds(
    lambda device, mark, points, refused: Origin(device, 1, mark, points, refused),
    st.sampled_from(("a", "b")),
    st.builds(
        lambda boot, seq, count: Mark(boot, seq, min(seq, count)),
        st.sampled_from(("x", "y")),
        st.integers(1, 6),
        st.sampled_from((1, 1, 2, 4)),
    ),
    st.integers(0, 2),
    st.integers(0, 1),
)


@dataclass(slots=True)
class Model:
    """What the ledger must say of the messages that were counted so far."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    came: set[tuple[str, Mark]] = field(default_factory=set)

    def count(self, origin: Origin) -> None:
        assert origin.mark is not None
        mine = self.counts.setdefault(
            origin.device, dict.fromkeys(("acknowledged", "visible", "refused", "repeats", "points"), 0)
        )
        new = {(origin.device, one) for one in origin.mark.each()} - self.came
        mine["repeats"] += origin.mark.batches - len(new)
        if not new:
            return
        self.came |= new
        mine["acknowledged"] += len(new)
        mine["points"] += origin.points
        mine["visible" if origin.points or not origin.refused else "refused"] += len(new)


def shown(kept: Kept) -> dict[str, dict[str, int]]:
    names = ("acknowledged", "visible", "refused", "repeats", "points")
    return {line.key.name: {name: getattr(line, name) for name in names} for line in kept.store.ledger()}


@pytest.mark.thorough
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(origins, st.sampled_from(("seal", "crash", "restore"))), max_size=25))
def test_the_ledger_is_a_function_of_the_stream(folders: Iterator[Path], steps: list[Origin | str]) -> None:
    """Also when the hub dies, and when the stream is an older copy of itself that is read again."""
    stream: list[Origin] = []
    model = Model()
    with Kept(next(folders)) as kept:
        for step in steps:
            if isinstance(step, Origin):
                stream.append(step)
                model.count(step)
                send(kept, len(stream), step)
            elif step == "seal":
                kept.store.seal()
            else:
                if step == "restore":
                    kept.store.seal()
                    del stream[len(stream) // 2 :]
                kept.reopen()
                resumed = kept.store.streams.resume(MQTT, "c", first_seq=1, last_seq=len(stream))
                for seq in range(resumed + 1, len(stream) + 1):
                    send(kept, seq, stream[seq - 1])
            assert shown(kept) == model.counts
        kept.store.seal()
        assert all(line.stored == line.visible for line in kept.store.ledger())
        kept.reopen()
        assert shown(kept) == model.counts


def test_a_ledger_that_begins_late_calls_nothing_missing_that_came_before(kept: Kept) -> None:
    assert kept.store.streams.resume(MQTT, "c", first_seq=100, last_seq=102) == 99
    send(kept, 100, Origin("pi", 1, Mark("a", 50), points=1))
    send(kept, 101, Origin("pi", 1, Mark("a", 52), points=1))
    send(kept, 102, Origin("pi", 1, Mark("b", 2), points=1))
    line = device(kept, "pi")
    assert (line.produced, line.missing, line.gaps) == (5, 2, (Gap("a", 51, 51), Gap("b", 1, 1)))
    kept.store.seal()
    kept.reopen()
    assert device(kept, "pi") == replace(line, stored=3)


def test_lines_are_the_same_on_disk() -> None:
    entry = Entry()
    for number in (1, 5, 2, 2):
        entry.note(Origin("pi", number, Mark("a", number), points=1), acknowledged=True)
    again = Entry.from_text(entry.to_text())
    assert again.to_text() == entry.to_text()
    assert again.stored == 3
