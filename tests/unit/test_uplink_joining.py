"""Messages of a backlog that go on as one: the same points, marks and order, and none spoils another."""

from __future__ import annotations

import random

from heliograph.codec.lineprotocol.parser import parse
from heliograph.hub.uplink.joining import JOINED_BYTES, joined
from heliograph.hub.uplink.thinning import Outgoing
from heliograph.model.mark import MOST_BATCHES, Mark, format_mark, read_mark


def numbered(device: str, seq: int, lines: bytes = b"m v=1 5") -> Outgoing:
    return Outgoing(f"tel/{device}/lp", format_mark(Mark("b", seq)) + b"\n" + lines + b"\n")


def test_numbered_messages_that_follow_each_other_become_one() -> None:
    messages = [
        numbered(device, seq, b"m,d=%d v=%d %d" % (n, seq, seq))
        for seq in range(1, 4)
        for n, device in enumerate(("a", "b"))
    ]
    assert joined(messages) == [
        Outgoing("tel/a/lp", b"#helio boot=b seq=3 count=3\nm,d=0 v=1 1\nm,d=0 v=2 2\nm,d=0 v=3 3\n"),
        Outgoing("tel/b/lp", b"#helio boot=b seq=3 count=3\nm,d=1 v=1 1\nm,d=1 v=2 2\nm,d=1 v=3 3\n"),
    ]


def test_one_message_stays_as_it_is_and_so_do_those_between_which_one_is_missing() -> None:
    assert joined([numbered("a", 7)]) == [numbered("a", 7)]
    apart = [numbered("a", 1), numbered("a", 3), Outgoing("tel/a/lp", b"m v=1 6")]
    assert joined(apart) == apart


def test_a_device_is_heard_in_its_own_order() -> None:
    presence = Outgoing("sta/a", b"online")
    messages = [numbered("a", 1), numbered("b", 1), presence, numbered("a", 2), numbered("b", 2)]
    assert joined(messages) == [
        numbered("a", 1),
        Outgoing("tel/b/lp", b"#helio boot=b seq=2 count=2\nm v=1 5\nm v=1 5\n"),
        presence,
        numbered("a", 2),
    ]
    topics = [
        Outgoing("tel/a/x", b"m v=1 1"),
        Outgoing("tel/a/y", b"m v=2 2"),
        Outgoing("tel/a/x", b"m v=3 3"),
    ]
    assert joined(topics) == topics


def test_what_could_spoil_others_goes_alone() -> None:
    odd = [
        b'm t="a\n5',  # its text would go on in the next message
        b"m,t=a\\ v=1 5",
        b"m v=1",
        b"# a comment\nm v=1 5",
        b"m v=nothing 5",
        b"23.5",
    ]
    for payload in odd:
        messages = [
            Outgoing("tel/a/lp", b"m v=1 1"),
            Outgoing("tel/a/lp", payload),
            Outgoing("tel/a/lp", b"m v=1 2"),
        ]
        assert joined(messages) == messages, payload


def test_neither_bytes_nor_numbers_grow_without_end() -> None:
    long = b"m " + b",".join(b"f%d=1" % n for n in range(2_000)) + b" 5"
    made = joined([numbered("a", seq, long) for seq in range(1, 21)])
    assert all(len(one.payload) <= JOINED_BYTES for one in made)
    many = joined([numbered("a", seq) for seq in range(1, 2_001)])
    assert [mark.batches for one in many if (mark := read_mark(one.payload))] == [
        MOST_BATCHES,
        MOST_BATCHES,
        2,
    ]
    assert sum(one.payload.count(b"\nm v=1 5") for one in many) == 2_000


def test_all_points_of_any_backlog_are_there_in_order() -> None:
    chance = random.Random(8)
    messages, seqs = [], {"a": 0, "b": 0, "c": 0}
    for n in range(600):
        device = chance.choice("abc")
        seqs[device] += chance.choice((1, 1, 1, 1, 2))
        text = b',t="x y"' if chance.random() < 0.05 else b""
        messages.append(numbered(device, seqs[device], b"m,d=%s n=%di%s %d" % (device.encode(), n, text, n)))

    def points(sent: list[Outgoing], device: str) -> list[int]:
        body = b"\n".join(one.payload for one in sent if one.topic == f"tel/{device}/lp")
        table = parse(body, time_ns=0, types=lambda _m, _f: None, max_errors=1).batch["m"]
        return list(table.times_ns)

    made = joined(messages)
    assert len(made) < len(messages) / 2
    for device in "abc":
        assert points(made, device) == points(messages, device)
        marks = [
            one
            for out in made
            if out.topic == f"tel/{device}/lp" and (mark := read_mark(out.payload))
            for one in mark.each()
        ]
        assert marks == [read_mark(out.payload) for out in messages if out.topic == f"tel/{device}/lp"]
