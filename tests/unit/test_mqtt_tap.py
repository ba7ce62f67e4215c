"""Messages out of MQTT's bytes, however those are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heliograph.transport.mqtt_tap import Passing, _packet, _text, skip_messages, take_messages

MESSAGES = st.lists(st.tuples(st.text(min_size=1, max_size=20), st.binary(max_size=300), st.booleans()))


def publish(message: Passing) -> bytes:
    """Return a PUBLISH of QoS 0."""
    topic, payload, retained = message
    return _packet(0x31 if retained else 0x30, _text(topic) + payload)


@given(MESSAGES, st.integers(min_value=1, max_value=50))
def test_messages_come_whole_however_they_are_cut(messages: list[Passing], piece: int) -> None:
    ping_answer = b"\xd0\x00"
    whole = b"\x90\x03\x00\x01\x00" + b"".join(publish(message) + ping_answer for message in messages)
    buffer, found = bytearray(), list[Passing]()
    for at in range(0, len(whole), piece):
        buffer += whole[at : at + piece]
        found += take_messages(buffer)
    assert found == messages
    assert not buffer


def test_a_topic_that_is_no_text_is_left_out() -> None:
    broken = _packet(0x30, b"\x00\x02\xff\xfe" + b"payload")
    assert take_messages(bytearray(broken + publish(("a", b"1", False)))) == [("a", b"1", False)]


@given(MESSAGES, st.integers(min_value=1, max_value=5))
def test_messages_may_be_taken_some_at_a_time(messages: list[Passing], most: int) -> None:
    buffer = bytearray(b"".join(publish(message) for message in messages))
    found: list[Passing] = []
    while some := take_messages(buffer, most):
        assert len(some) <= most
        found += some
    assert found == messages


@given(MESSAGES, st.integers(min_value=0, max_value=50))
def test_what_is_skipped_is_counted_but_for_what_is_not_whole(messages: list[Passing], less: int) -> None:
    whole = b"".join(publish(message) + b"\xd0\x00" for message in messages)
    cut = bytearray(whole[: len(whole) - less])
    skipped = skip_messages(cut)
    cut += whole[len(whole) - less :]
    assert skipped + len(take_messages(cut)) == len(messages)
