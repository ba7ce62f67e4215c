"""What a broker of MQTT 3.1.1 must do, statement by statement; the numbers are the standard's own.

Each behaviour is a function of a port that fails with AssertionError or TimeoutError. Each has client ids of
its own, so that none disturbs another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.security.wire import (
    Wire,
    connect,
    numbered,
    packet,
    publish,
    subscribe,
    text,
)

Behaviour = Callable[[int], None]
BEHAVIOURS: Final[dict[str, tuple[str, Behaviour]]] = {}
"""Number of the statement → what it asks for, and how it is tried."""


def behaviour(number: str, what: str) -> Callable[[Behaviour], Behaviour]:
    def enter(tried: Behaviour) -> Behaviour:
        assert number not in BEHAVIOURS
        BEHAVIOURS[number] = what, tried
        return tried

    return enter


def _refused(port: int, *sent: bytes, after: bytes = b"") -> None:
    """The broker must close the connection after this."""
    with Wire(port) as wire:
        if after:
            wire.send(after)
            assert wire.receive() is not None
        wire.send(*sent)
        assert wire.is_closed()


@behaviour("3.1.0-1", "the first packet must be CONNECT")
def first_packet(port: int) -> None:
    _refused(port, publish("a", b"x"))


@behaviour("3.1.0-2", "a second CONNECT closes the connection")
def second_connect(port: int) -> None:
    _refused(port, connect("second"), after=connect("second"))


@behaviour("3.1.2-1", "a wrong protocol name is refused")
def protocol_name(port: int) -> None:
    _refused(port, connect("name", name="MQXX"))


@behaviour("3.1.2-2", "a wrong protocol level is answered with 1 or closed")
def protocol_level(port: int) -> None:
    with Wire(port) as wire:
        wire.send(connect("level", level=9))
        answer = wire.receive()
        assert answer is None or answer.body[1] == 1
        assert answer is None or wire.is_closed()


@behaviour("3.1.2-3", "the reserved flag of CONNECT must be 0")
def reserved_flag(port: int) -> None:
    _refused(port, connect("reserved", flags=0x01))


@behaviour("3.1.2-6", "a clean session knows nothing of the one before")
def clean_session(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("clean", clean=False)
        wire.asked(subscribe("clean/t", 1), 9)
    with Wire(port) as wire:
        assert wire.opened("clean", clean=True).body[0] == 0
        wire.asked(publish("clean/t", b"x", 1), 4)
        assert wire.is_silent()


@behaviour("3.1.2-8", "a last will is published when the connection breaks")
def last_will(port: int) -> None:
    with Wire(port) as ear:
        ear.opened("will-ear")
        ear.asked(subscribe("will/t", 1), 9)
        with Wire(port) as wire:
            wire.opened("will", will=("will/t", b"gone", 1, False))
        assert ear.of(3).body.endswith(b"gone")


@behaviour("3.1.2-10", "DISCONNECT takes the last will back")
def will_taken_back(port: int) -> None:
    with Wire(port) as ear:
        ear.opened("back-ear")
        ear.asked(subscribe("back/t", 1), 9)
        with Wire(port) as wire:
            wire.opened("back", will=("back/t", b"gone", 1, False))
            wire.send(packet(0xE0))
            assert wire.is_closed()
        assert ear.is_silent()


@behaviour("3.1.2-17", "a retained will is retained")
def retained_will(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("kept-will", will=("keptwill/t", b"gone", 1, True))
    with Wire(port) as ear:
        ear.opened("kept-ear")
        for _ in range(50):  # the broker may see the end of the connection a moment later
            ear.send(subscribe("keptwill/t"))
            found = ear.receive()
            while found is not None and found.kind == 9:
                try:
                    found = ear.receive(0.1)
                except TimeoutError:
                    break
            if found is not None and found.kind == 3:
                assert found.body.endswith(b"gone")
                return
        raise AssertionError("nothing was retained")


@behaviour("3.1.2-24", "silence for one and a half times the keep-alive ends the connection")
def keep_alive(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("alive", keep_alive=1)
        assert wire.is_closed()


@behaviour("3.1.3-5", "client ids of 1 to 23 letters and digits are taken")
def client_ids(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("0123456789abcdefghijABC")


@behaviour("3.1.3-6", "an empty client id with a clean session is given one")
def empty_id(port: int) -> None:
    with Wire(port) as one, Wire(port) as other:
        one.opened("")
        other.opened("")
        assert one.is_silent()


@behaviour("3.1.3-8", "an empty client id without a clean session is answered with 2")
def empty_id_kept(port: int) -> None:
    with Wire(port) as wire:
        wire.send(connect("", clean=False))
        answer = wire.receive()
        assert answer is not None
        assert answer.body == b"\x00\x02"
        assert wire.is_closed()


@behaviour("3.1.4-2", "a second connection with a client id ends the first")
def takeover(port: int) -> None:
    with Wire(port) as one, Wire(port) as other:
        one.opened("same")
        other.opened("same")
        assert one.is_closed()
        assert other.is_silent()


@behaviour("3.2.2-2", "session present tells of a session that is kept")
def session_present(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("present", clean=True)
        wire.send(packet(0xE0))
        assert wire.is_closed()
    for expected in (0, 1):
        with Wire(port) as wire:
            assert wire.opened("present", clean=False).body[0] == expected
            wire.send(packet(0xE0))
            assert wire.is_closed()


@behaviour("3.3.1-4", "QoS 3 closes the connection")
def qos_three(port: int) -> None:
    _refused(port, packet(0x36, text("a") + b"\x00\x01x"), after=connect("three"))


@behaviour("3.3.1-5", "a retained message comes to who subscribes later")
def retained(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("retain")
        wire.asked(publish("retain/t", b"kept", 1, retain=True), 4)
        wire.send(subscribe("retain/t"))
        found = wire.of(3)
        assert (found.flags & 1, found.body.endswith(b"kept")) == (1, True)


@behaviour("3.3.1-9", "to who had subscribed it comes without the retain flag")
def retained_live(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("live")
        wire.asked(subscribe("live/t"), 9)
        wire.send(publish("live/t", b"x", retain=True))
        assert wire.of(3).flags & 1 == 0


@behaviour("3.3.1-10", "an empty retained message removes what was retained")
def retained_removed(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("removed")
        wire.asked(publish("removed/t", b"kept", 1, retain=True), 4)
        wire.asked(publish("removed/t", b"", 1, retain=True), 4)
        wire.asked(subscribe("removed/t"), 9)
        assert wire.is_silent()


@behaviour("3.3.1-12", "what is not retained leaves what is retained")
def retained_stays(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("stays")
        wire.asked(publish("stays/t", b"kept", 1, retain=True), 4)
        wire.asked(publish("stays/t", b"new", 1), 4)
        wire.send(subscribe("stays/t"))
        assert wire.of(3).body.endswith(b"kept")


@behaviour("3.3.2-2", "a topic with a wildcard closes the connection or is dropped")
def wildcard_topic(port: int) -> None:
    with Wire(port) as ear, Wire(port) as wire:
        ear.opened("wild-ear")
        ear.asked(subscribe("wild/#"), 9)
        wire.opened("wild")
        wire.send(publish("wild/#", b"x"))
        assert ear.is_silent()


@behaviour("3.3.4-1", "QoS 1 is answered with PUBACK and its number")
def puback(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("puback")
        assert wire.asked(publish("puback/t", b"x", 1, 513), 4).body == b"\x02\x01"


@behaviour("4.3.3-2", "QoS 2 is answered with PUBREC and PUBCOMP, and delivered once")
def exactly_once(port: int) -> None:
    with Wire(port) as ear, Wire(port) as wire:
        ear.opened("once-ear")
        ear.asked(subscribe("once/t", 0), 9)
        wire.opened("once")
        wire.asked(publish("once/t", b"x", 2, 9), 5)
        again = bytearray(publish("once/t", b"x", 2, 9))
        again[0] |= 0x08
        wire.asked(bytes(again), 5)
        assert wire.asked(numbered(0x62, 9), 7).body == b"\x00\x09"
        assert ear.of(3).body.endswith(b"x")
        assert ear.is_silent()


@behaviour("4.4.0-1", "what was not acknowledged comes again, as a repeat, to a kept session")
def redelivery(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("again", clean=False)
        wire.asked(subscribe("again/t", 1), 9)
        with Wire(port) as mouth:
            mouth.opened("again-mouth")
            mouth.asked(publish("again/t", b"x", 1), 4)
        number = wire.of(3).body[9:11]
    with Wire(port) as wire:
        wire.opened("again", clean=False)
        found = wire.of(3)
        assert found.flags & 0x08
        assert found.body[9:11] == number
        wire.send(packet(0x40, number))


@behaviour("4.5.0-1", "a kept session gets what came while it was away")
def queued(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("away", clean=False)
        wire.asked(subscribe("away/t", 1), 9)
    with Wire(port) as mouth:
        mouth.opened("away-mouth")
        for number in (1, 2, 3):
            mouth.asked(publish("away/t", bytes([number]), 1, number), 4)
    with Wire(port) as wire:
        wire.opened("away", clean=False)
        assert [wire.of(3).body[-1] for _ in range(3)] == [1, 2, 3]


@behaviour("3.8.1-1", "SUBSCRIBE with other flags than 2 closes the connection")
def subscribe_flags(port: int) -> None:
    _refused(port, packet(0x80, b"\x00\x01" + text("a") + b"\x00"), after=connect("flags"))


@behaviour("3.8.3-3", "SUBSCRIBE without a filter closes the connection")
def subscribe_empty(port: int) -> None:
    _refused(port, packet(0x82, b"\x00\x01"), after=connect("none"))


@behaviour("3.8.3-4", "a QoS of 3 in SUBSCRIBE closes the connection")
def subscribe_qos(port: int) -> None:
    _refused(port, subscribe("a", 3), after=connect("qosthree"))


@behaviour("3.8.4-3", "subscribing again replaces, and gives retained messages again")
def subscribe_again(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("twice")
        wire.asked(publish("twice/t", b"kept", 1, retain=True), 4)
        for qos in (0, 1):
            wire.send(subscribe("twice/t", qos))
            assert wire.of(3).body.endswith(b"kept")


@behaviour("3.8.4-5", "SUBACK answers each filter, in order")
def suback(port: int) -> None:
    filters = b"".join(text(word) + bytes([qos]) for word, qos in (("s/a", 0), ("s/b", 1), ("s/c", 2)))
    with Wire(port) as wire:
        wire.opened("suback")
        assert wire.asked(packet(0x82, b"\x00\x05" + filters), 9).body == b"\x00\x05\x00\x01\x02"


@behaviour("3.8.4-6", "what is delivered has the lower of both QoS")
def lower_qos(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("lower")
        wire.asked(subscribe("lower/t", 0), 9)
        wire.send(publish("lower/t", b"x", 1))
        assert wire.of(3).flags & 0x06 == 0


@behaviour("3.10.3-2", "UNSUBSCRIBE without a filter closes the connection")
def unsubscribe_empty(port: int) -> None:
    _refused(port, packet(0xA2, b"\x00\x01"), after=connect("unnone"))


@behaviour("3.10.4-5", "UNSUBACK comes even where nothing was subscribed, and ends a subscription")
def unsubscribe(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("unsub")
        wire.asked(subscribe("unsub/t"), 9)
        assert wire.asked(packet(0xA2, b"\x00\x06" + text("unsub/t")), 11).body == b"\x00\x06"
        assert wire.asked(packet(0xA2, b"\x00\x08" + text("never")), 11).body == b"\x00\x08"
        wire.send(publish("unsub/t", b"x"))
        assert wire.is_silent()


@behaviour("3.12.4-1", "PINGREQ is answered")
def ping(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("ping")
        assert wire.asked(packet(0xC0), 13).body == b""


@behaviour("4.7.1-1", "filters with misplaced wildcards are refused")
def misplaced(port: int) -> None:
    for wrong in ("a/#/b", "a#", "a+/b", "#/a"):
        with Wire(port) as wire:
            wire.opened("misplaced")
            wire.send(subscribe(wrong))
            answer = wire.receive()
            assert answer is None or (answer.kind, answer.body[-1]) == (9, 0x80), wrong


@behaviour("4.7.1-2", "# selects the level above, too")
def parent(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("parent")
        wire.asked(subscribe("parent/#"), 9)
        wire.send(publish("parent", b"x"))
        assert wire.of(3).body.endswith(b"x")


@behaviour("4.7.1-3", "+ selects one level, an empty one, too")
def one_level(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("level1")
        wire.asked(subscribe("+/level1/+"), 9)
        for topic in ("a/level1/b", "/level1/b", "a/level1/"):
            wire.send(publish(topic, b"x"))
            assert wire.of(3).body[2:-1].decode() == topic
        wire.send(publish("a/level1/b/c", b"x"))
        assert wire.is_silent()


@behaviour("4.7.2-1", "wildcards at the beginning select no topic with $")
def dollar(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("dollar")
        wire.asked(subscribe("+/dollar"), 9)
        wire.send(publish("$mine/dollar", b"x"))
        assert wire.is_silent()


@behaviour("4.7.3-3", "topics differ by case and slashes")
def exact_topics(port: int) -> None:
    with Wire(port) as wire:
        wire.opened("exact")
        wire.asked(subscribe("exact/t"), 9)
        for other in ("Exact/t", "/exact/t", "exact/t/"):
            wire.send(publish(other, b"x"))
        assert wire.is_silent()


@behaviour("4.7.3-4", "topics may have blanks and dots")
def odd_topics(port: int) -> None:
    for topic in ("odd/a.b", "odd/ä→", "odd/a*b>c", "odd/a b"):
        with Wire(port) as wire:
            wire.opened("odd")
            wire.asked(subscribe("odd/#"), 9)
            wire.send(publish(topic, b"x"))
            assert wire.of(3).body[2:-1].decode() == topic


@behaviour("4.6.0-6", "messages of a publisher come in order")
def order(port: int) -> None:
    with Wire(port) as ear, Wire(port) as wire:
        ear.opened("order-ear")
        ear.asked(subscribe("order/t", 1), 9)
        wire.opened("order")
        wire.send(*(publish("order/t", bytes([n]), 1, n) for n in range(1, 51)))
        found: list[int] = []
        while len(found) < 50:
            one = ear.of(3)
            found.append(one.body[-1])
            ear.send(packet(0x40, one.body[9:11]))
        assert found == list(range(1, 51))


@behaviour("1.5.3-1", "text that is no UTF-8 is refused")
def bad_text(port: int) -> None:
    _refused(port, packet(0x82, b"\x00\x01" + text(b"a\xed\xa0\x80") + b"\x00"), after=connect("badtext"))


@behaviour("1.5.3-2", "text with the character 0 is refused")
def null_text(port: int) -> None:
    _refused(port, packet(0x82, b"\x00\x01" + text("a\x00b") + b"\x00"), after=connect("nulltext"))


@behaviour("2.2.2-2", "wrong flags of PUBREL close the connection")
def wrong_flags(port: int) -> None:
    _refused(port, numbered(0x60, 1), after=connect("wrongflags"))


@behaviour("2.2.3", "a length of more than four bytes closes the connection")
def long_length(port: int) -> None:
    _refused(port, b"\x30\xff\xff\xff\xff\x01", after=connect("longlength"))
