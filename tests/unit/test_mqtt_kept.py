"""Which kept messages a client has heard already."""

from __future__ import annotations

from heliograph.transport.mqtt_client_message import MqttMessage
from heliograph.transport.mqtt_kept import KeptAgain


def kept(payload: bytes, topic: str = "cmd/pi/lamp") -> MqttMessage:
    return MqttMessage(topic, payload, 1, retained=True)


def live(payload: bytes, topic: str = "cmd/pi/lamp") -> MqttMessage:
    return MqttMessage(topic, payload, 1, retained=False)


def heard(*messages: MqttMessage, most: int = 10) -> list[bool]:
    """Return for each message whether it was known when it came."""
    again, told = KeptAgain(most), []
    for message in messages:
        told.append(again.knows(message))
        again.note(message)
    return told


def test_what_came_last_is_known_when_the_broker_tells_it_again() -> None:
    assert heard(kept(b"on"), kept(b"on"), kept(b"off"), kept(b"off")) == [False, True, False, True]
    assert heard(live(b"on"), kept(b"on")) == [False, True]
    assert heard(kept(b"on", "a"), kept(b"on", "b"), kept(b"on", "a")) == [False, False, True]


def test_what_is_published_is_never_known() -> None:
    assert heard(kept(b"on"), live(b"on"), live(b"on")) == [False, False, False]


def test_what_was_set_back_while_nobody_listened_is_news() -> None:
    assert heard(kept(b"on"), live(b"off"), kept(b"on"), kept(b"on")) == [False, False, False, True]
    assert heard(kept(b"on"), live(b""), kept(b"on")) == [False, False, False], "removed, and left again"


def test_topics_are_forgotten_that_were_silent_longest() -> None:
    a, b, c = (kept(b"on", topic) for topic in "abc")
    assert heard(a, b, a, c, a, b, most=2) == [False, False, True, False, True, False]
