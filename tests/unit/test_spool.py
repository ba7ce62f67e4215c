"""What waits on disk: in order, bounded, whole after a power cut, and counted."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.errors import ConfigError, DecodeError, SpoolError
from heliograph.transport.spool.record import HEAD_BYTES, Record, Stamp, find, pack, unpack
from heliograph.transport.spool.spool import Spool

BOOT = b"12345678"
SECOND = 1_000_000_000


class Clock:
    """Two clocks that are set by hand."""

    def __init__(self) -> None:
        self.now = Stamp(BOOT, 1_700_000_000 * SECOND, 5 * SECOND)

    def __call__(self) -> Stamp:
        return self.now

    def advance(self, seconds: float) -> None:
        step = int(seconds * SECOND)
        self.now = Stamp(self.now.boot, self.now.wall_ns + step, self.now.mono_ns + step)


def record(number: int, size: int = 20, clock: Clock | None = None) -> Record:
    payload = b"m n=%di " % number + os.urandom(size)
    return Record("tel/pi/app", payload, (clock or Clock())(), points=True)


def drain(spool: Spool) -> list[Record]:
    taken = []
    while (found := spool.take()) is not None:
        place, each = found
        taken.append(each)
        spool.ack(place)
    return taken


@given(
    st.text(min_size=1, max_size=30),
    st.binary(max_size=4_000),
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
)
def test_a_record_is_what_it_was(topic: str, payload: bytes, qos: int, retained: bool, points: bool) -> None:  # noqa: FBT001
    there = Record(topic, payload, Stamp(BOOT, -1, 2**62), qos, retained, points)
    data = pack(there)
    assert unpack(b"xx" + data + b"yy", 2) == (there, 2 + len(data))


@given(st.data())
@settings(max_examples=60)
def test_no_changed_byte_goes_unseen(data: st.DataObject) -> None:
    packed = bytearray(pack(record(1, 300)))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DecodeError):
        unpack(bytes(packed), 0)


def test_the_next_whole_record_is_found_behind_rubbish() -> None:
    rubbish = b"\xc5\x9d" * 30 + b"half a record"
    data = rubbish + pack(record(1))
    assert find(data, 0) == len(rubbish)
    assert find(rubbish, 0) == len(rubbish)


def test_records_come_in_order_and_leave_no_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=2_000, clocks=Clock())
    records = [record(number, 300) for number in range(50)]
    for each in records:
        spool.append(each)
    assert len(spool) == 50
    assert len(list(tmp_path.glob("*.spool"))) > 5
    assert drain(spool) == records
    assert len(spool) == spool.size_bytes == 0
    spool.close()
    assert not list(tmp_path.glob("*.spool"))


def test_what_was_not_acknowledged_is_there_after_a_restart_and_the_rest_is_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clocks=Clock())
    records = [record(number) for number in range(10)]
    for each in records:
        spool.append(each)
    taken = [spool.take() for _ in range(6)]
    for found in (taken[0], taken[1], taken[4]):
        assert found is not None
        spool.ack(found[0])
    spool.close()
    again = Spool(tmp_path, clocks=Clock())
    assert again.statistics.found == 7
    assert drain(again) == [records[number] for number in (2, 3, 5, 6, 7, 8, 9)]
    again.close()


def test_after_a_crash_nothing_is_missing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clocks=Clock())
    records = [record(number) for number in range(10)]
    for each in records:
        spool.append(each)
    found = spool.take()
    assert found is not None
    spool.ack(found[0])
    os.close(spool._lock)  # what the end of a process does to it
    again = Spool(tmp_path, clocks=Clock())
    assert drain(again) == records, "one is there twice, which points survive"
    again.close()


@pytest.mark.parametrize("cut", [1, HEAD_BYTES - 1, HEAD_BYTES + 3, 30])
def test_a_torn_end_costs_the_last_record_only(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path, clocks=Clock())
    records = [record(number) for number in range(3)]
    for each in records:
        spool.append(each)
    os.close(spool._lock)
    path = next(tmp_path.glob("*.spool"))
    path.write_bytes(path.read_bytes()[:-cut])
    again = Spool(tmp_path, clocks=Clock())
    assert again.statistics.damaged_bytes > 0
    again.append(record(9))
    assert [each.payload[:6] for each in drain(again)] == [b"m n=0i", b"m n=1i", b"m n=9i"]
    again.close()


def test_a_damaged_middle_costs_what_it_hits(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clocks=Clock())
    records = [record(number) for number in range(5)]
    for each in records:
        spool.append(each)
    os.close(spool._lock)
    path = next(tmp_path.glob("*.spool"))
    data = bytearray(path.read_bytes())
    place = len(pack(records[0])) + len(pack(records[1])) + HEAD_BYTES + 2
    data[place] ^= 0xFF
    path.write_bytes(data)
    again = Spool(tmp_path, clocks=Clock())
    assert drain(again) == [records[0], records[1], records[3], records[4]]
    again.close()


def test_when_it_is_full_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=20_000, segment_bytes=2_000, clocks=Clock())
    records = [record(number, 300) for number in range(200)]
    for each in records:
        spool.append(each)
    assert spool.size_bytes <= 20_000
    kept = drain(spool)
    assert kept == records[-len(kept) :]
    assert spool.statistics.dropped == 200 - len(kept)
    spool.close()


def test_acknowledging_what_was_dropped_meanwhile_does_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=4_000, segment_bytes=2_000, clocks=Clock())
    spool.append(record(0, 300))
    found = spool.take()
    assert found is not None
    for number in range(30):
        spool.append(record(number, 300))
    spool.ack(found[0])
    spool.give_back(*found)
    assert found[1] not in drain(spool)
    spool.close()


def test_what_is_too_old_is_not_sent(tmp_path: Path) -> None:
    clock = Clock()
    spool = Spool(tmp_path, max_age=60.0, clocks=clock)
    spool.append(record(0, clock=clock))
    clock.advance(50)
    spool.append(record(1, clock=clock))
    clock.advance(20)
    assert [each.payload[:6] for each in drain(spool)] == [b"m n=1i"]
    assert spool.statistics.expired == 1
    spool.close()
    assert not list(tmp_path.glob("*.spool"))


def test_a_clock_that_was_set_makes_nothing_old(tmp_path: Path) -> None:
    clock = Clock()
    spool = Spool(tmp_path, max_age=60.0, clocks=clock)
    clock.now = Stamp(BOOT, 0, 5 * SECOND)  # a board without a clock of its own, just started
    spool.append(record(0, clock=clock))
    clock.now = Stamp(BOOT, 1_700_000_000 * SECOND, 8 * SECOND)
    assert len(drain(spool)) == 1
    spool.close()


def test_an_earlier_boot_is_put_right_by_its_own_last_record(tmp_path: Path) -> None:
    clock = Clock()
    spool = Spool(tmp_path, max_age=60.0, clocks=clock)
    clock.now = Stamp(BOOT, 0, 5 * SECOND)  # its clock was not set yet
    spool.append(record(0, clock=clock))
    clock.now = Stamp(BOOT, 1_700_000_000 * SECOND, 8 * SECOND)
    spool.append(record(1, clock=clock))
    spool.close()
    clock.now = Stamp(b"nextboot", 1_700_000_030 * SECOND, 4 * SECOND)
    again = Spool(tmp_path, max_age=60.0, clocks=clock)
    records = drain(again)
    assert [each.payload[:6] for each in records] == [b"m n=0i", b"m n=1i"], "neither is too old"
    shifts = [again.shift_ns(each.stamp) for each in records]
    assert [each.stamp.wall_ns + shift for each, shift in zip(records, shifts, strict=True)] == [
        1_699_999_997 * SECOND,
        1_700_000_000 * SECOND,
    ]
    assert again.shift_ns(Stamp(b"other...", 0, 0)) == 0, "nobody knows"
    again.close()


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_what_was_synced_outlasts_whatever_becomes_of_the_rest(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spool = Spool(folder, segment_bytes=1_000, max_bytes=100_000, clocks=Clock())
        records = [record(number, data.draw(st.integers(0, 200))) for number in range(20)]
        synced = data.draw(st.integers(0, 20))
        for each in records[:synced]:
            spool.append(each)
        spool.sync()
        kept = {path: path.stat().st_size for path in folder.glob("*.spool")}
        for each in records[synced:]:
            spool.append(each)
        os.close(spool._lock)
        for path in folder.glob("*.spool"):  # the power goes: what was not synced is cut, or rubbish
            whole = path.read_bytes()
            promised = kept.get(path, 0)
            rest = data.draw(st.integers(0, len(whole) - promised))
            rubbish = data.draw(st.binary(max_size=60))
            path.write_bytes((whole[: promised + rest] + rubbish)[: max(len(whole), promised)])
        again = Spool(folder, clocks=Clock())
        found = drain(again)
        again.close()
    assert found[:synced] == records[:synced]
    assert found[synced:] == [each for each in records[synced:] if each in found], "in order, and no other"


def test_a_stamp_knows_by_how_much_the_clock_was_set_since() -> None:
    before = Stamp(BOOT, 100, 50)
    assert before.shift_ns(Stamp(BOOT, 1_100, 1_050)) == 0
    assert before.shift_ns(Stamp(BOOT, 9_100, 1_050)) == 8_000
    assert before.shift_ns(Stamp(b"another.", 9_100, 1_050)) == 0


def test_what_is_given_back_comes_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clocks=Clock())
    records = [record(number) for number in range(3)]
    for each in records:
        spool.append(each)
    found = spool.take()
    assert found is not None
    spool.give_back(*found)
    assert drain(spool) == records
    spool.close()


def test_what_is_held_is_not_handed_out_and_stays_until_it_is_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clocks=Clock())
    held = spool.append(record(0), held=True)
    spool.append(record(1))
    other = spool.append(record(2), held=True)
    spool.ack(other)
    assert [each.payload[:6] for each in drain(spool)] == [b"m n=1i"]
    assert len(spool) == 1
    spool.close()
    again = Spool(tmp_path, clocks=Clock())
    assert [each.payload[:6] for each in drain(again)] == [b"m n=0i"]
    again.close()
    assert held.segment == other.segment == 1


def test_two_programs_cannot_share_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clocks=Clock())
    with pytest.raises(ConfigError, match="another program"):
        Spool(tmp_path, clocks=Clock())
    spool.close()
    Spool(tmp_path, clocks=Clock()).close()


def test_a_file_that_is_done_with_is_used_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clocks=Clock())
    for number in range(100):
        place = spool.append(record(number), held=True)
        spool.ack(place)
    assert [path.name for path in tmp_path.glob("*.spool")] == ["0000000001.spool"]
    assert spool.size_bytes == 0
    spool.append(record(7))
    assert [each.payload[:6] for each in drain(spool)] == [b"m n=7i"]
    spool.close()


def test_line_protocol_costs_less_on_the_card_than_it_weighs(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clocks=Clock())
    lines = b"\n".join(b"climate,host=pi temperature=21.%d %d" % (n % 10, n * 10**9) for n in range(100))
    spool.append(Record("tel/pi/app", lines, Clock()(), points=True))
    assert spool.statistics.written_bytes < spool.statistics.taken_bytes / 2
    spool.close()


def test_a_file_that_cannot_be_removed_or_read_costs_its_own_records_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path, segment_bytes=100, clocks=Clock())
    for number in range(6):
        spool.append(record(number))
    first, second, *_ = sorted(tmp_path.glob("*.spool"))
    taken = [spool.take()]
    for path in (first, second):  # as a card that gives errors: neither can be read or removed
        path.unlink()
        path.mkdir()
    while (found := spool.take()) is not None:
        taken.append(found)
    for each in taken:
        assert each is not None
        spool.ack(each[0])
    assert len(spool) == 0
    assert spool.statistics.dropped == 6 - len(taken) > 0
    assert "stays, what it holds may be sent again" in caplog.text
    spool.close()


def test_a_disk_that_flushes_no_more_does_not_stop_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path)
    spool.append(record(1))

    def broken(_handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", broken)  # no disk breaks on request
        spool.close()
    assert "cannot be tidied" in caplog.text
    assert len(Spool(tmp_path)) == 1  # it was given free


def test_what_could_not_be_read_again_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="2,097,152 bytes or less"):
        Spool(tmp_path / "large", clocks=Clock()).append(record(1, 2**21))
    spool = Spool(tmp_path / "small", clocks=Clock())
    spool.append(record(2, 2**21 - 100))
    spool.append(record(3))
    assert [each.payload[:6] for each in drain(spool)] == [b"m n=2i", b"m n=3i"]
