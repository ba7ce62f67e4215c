"""Topic filters with names: what they select, and what stood there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.app.incoming.topics import TopicPattern, fill
from heliograph.errors import ConfigError
from heliograph.model.topic_filter import matches

LEVEL = st.sampled_from(["a", "b", "", "$SYS", "x.y", "ü", "a(b"])
WILD = st.sampled_from(["a", "b", "", "+", "$SYS", "x.y", "ü", "a(b"])


@given(st.lists(WILD, min_size=1, max_size=4), st.booleans(), st.lists(LEVEL, min_size=1, max_size=5))
def test_a_pattern_selects_what_a_broker_selects(levels: list[str], rest: bool, topic: list[str]) -> None:  # noqa: FBT001
    text = "/".join([*levels, "#"] if rest else levels)
    if not text or "/".join(topic) == "":
        return
    assert (TopicPattern(text).match("/".join(topic)) is not None) == matches(text, "/".join(topic))


@pytest.mark.parametrize(
    ("text", "topic_filter", "topic", "parts"),
    [
        ("room/{room}/temp", "room/+/temp", "room/küche/temp", {"room": "küche"}),
        ("{site}/{rest...}", "+/#", "s/a/b", {"site": "s", "rest": "a/b"}),
        ("{site}/{rest...}", "+/#", "s", {"site": "s", "rest": ""}),
        ("{all...}", "#", "a/b", {"all": "a/b"}),
        ("{a}/+/#", "+/+/#", "x/y/z", {"a": "x"}),
        ("plain/topic", "plain/topic", "plain/topic", {}),
        ("$share/g/room/{room}", "$share/g/room/+", "room/a", {"room": "a"}),
    ],
)
def test_names_stand_for_levels(text: str, topic_filter: str, topic: str, parts: dict[str, str]) -> None:
    pattern = TopicPattern(text)
    assert pattern.topic_filter == topic_filter
    assert pattern.match(topic) == parts
    assert set(pattern.names) == set(parts)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "at least one character"),
        ("a/b+", "whole level"),
        ("a/#/b", "all that follows"),
        ("a/{rest...}/b", "all that follows"),
        ("a{b}", "whole level"),
        ("a/{1b}", "whole level"),
        ("{a}/{a}", "a name twice"),
        ("a\0b", "null"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        TopicPattern(text)


def test_known_names_are_filled_in() -> None:
    assert fill("cmd/{device}/{app}/{x}", device="pi", app="a") == "cmd/pi/a/{x}"
