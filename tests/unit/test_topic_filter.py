"""Topics and filters of MQTT, against the examples of its own text and a naive second opinion."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.errors import TopicError
from heliograph.model.topic_filter import check_filter, check_topic, covers, matches, unshared

LEVELS = st.sampled_from(["", "a", "b", "°C", "a b", "+", "#"])


@pytest.mark.parametrize(
    ("topic_filter", "topic", "selected"),
    [  # MQTT 5.0 §4.7.1 and §4.7.2
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("#", "sport/tennis", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/broker/uptime", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/broker/uptime", True),
        ("$share/greenhouse/tel/+/lp", "tel/pi/lp", True),
        ("tel/é", "tel/e\u0301", False),
    ],
)
def test_examples_of_the_standard(topic_filter: str, topic: str, *, selected: bool) -> None:
    assert matches(topic_filter, topic) is selected


@given(st.lists(LEVELS, min_size=1, max_size=5), st.lists(LEVELS, min_size=1, max_size=5))
def test_a_filter_selects_what_its_pattern_selects(wanted: list[str], levels: list[str]) -> None:
    wanted = [*[level for level in wanted[:-1] if level != "#"], wanted[-1]]
    topic = "/".join(level for level in levels if level not in "+#") or "a"
    pattern = "/".join({"+": "[^/]*", "#": "\0"}.get(level, re.escape(level)) for level in wanted)
    pattern = pattern.replace("/\0", "(/.*)?").replace("\0", ".*")
    assert matches("/".join(wanted), topic) is (re.fullmatch(pattern, topic) is not None)


@pytest.mark.parametrize("topic", ["a", "/", "a b/°C", "a//b", "$SYS/x", "x" * 65_535])
def test_topics_to_publish_to(topic: str) -> None:
    check_topic(topic)
    check_filter(topic)


@pytest.mark.parametrize("topic", ["", "a/+/b", "#", "a\x00b", "x" * 65_536, "é" * 40_000, "\ud800"])
def test_no_topics_to_publish_to(topic: str) -> None:
    with pytest.raises(TopicError):
        check_topic(topic)


@pytest.mark.parametrize("topic_filter", ["#", "+", "+/a/#", "/#", "$share/group/a/#"])
def test_filters(topic_filter: str) -> None:
    check_filter(topic_filter)


@pytest.mark.parametrize(
    "topic_filter", ["", "a#", "a/#/b", "a+/b", "##", "$share/group", "$share//a", "\x00"]
)
def test_no_filters(topic_filter: str) -> None:
    with pytest.raises(TopicError):
        check_filter(topic_filter)


def test_the_group_of_a_shared_subscription_is_not_part_of_the_filter() -> None:
    assert unshared("$share/g/a/b") == "a/b"
    assert unshared("$shared/a") == "$shared/a"


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("#", "a/b"),
        ("#", "+/b"),
        ("#", "a/#"),
        ("a/#", "a"),
        ("a/#", "a/+/c"),
        ("a/#", "a/+/#"),
        ("+/#", "a/#"),
        ("a/+", "a/b"),
        ("a/+", "a/+"),
        ("$share/g/a", "$share/g/a"),
    ],
)
def test_a_filter_covers_another(wide: str, narrow: str) -> None:
    assert covers(wide, narrow)
    assert wide == narrow or not covers(narrow, wide)


@pytest.mark.parametrize(
    ("one", "other"),
    [("a/+", "a/#"), ("a/+/#", "a/#"), ("a/b", "a/c"), ("+/b", "a/+"), ("#", "$SYS/x"), ("a", "$share/g/a")],
)
def test_a_filter_that_selects_less_or_others_covers_nothing(one: str, other: str) -> None:
    assert not covers(one, other)
