"""MQTT topics and topic filters: which are well formed, and which topics a filter selects.

Source: MQTT 5.0 §4.7, which says the same as 3.1.1 except for ``$share``.
"""

from __future__ import annotations

from typing import Final

from heliograph.errors import TopicError

MAX_TOPIC_BYTES: Final = 65_535
SHARE: Final = "$share/"


def check_topic(topic: str) -> None:
    """Pass a topic to which a message may be published.

    Raises:
        TopicError: it is empty, too long, or has a wildcard or a null character.
    """
    _check_text(topic, "topic")
    for wildcard in "+#":
        if wildcard in topic:
            raise TopicError(
                f"{wildcard} is a wildcard and stands in filters only, the topic to publish to is {topic!r}",
                column=topic.index(wildcard) + 1,
                excerpt=topic,
            )


def check_filter(topic_filter: str) -> None:
    """Pass a filter that a broker accepts in a subscription; ``$share/<group>/<filter>`` too.

    Raises:
        TopicError: it is empty or too long, or a wildcard is not a whole level, or # is not the last one.
    """
    _check_text(topic_filter, "filter")
    levels = unshared(topic_filter).split("/")
    if topic_filter.startswith(SHARE) and not all((*topic_filter.split("/", 2), "", "")[1:3]):
        raise TopicError(
            f"a shared subscription is $share/GROUP/FILTER, this one is {topic_filter!r}",
            excerpt=topic_filter,
        )
    for number, level in enumerate(levels, 1):
        if "+" in level and level != "+":
            raise TopicError(
                f"+ stands for a whole level, as in a/+/b; the filter is {topic_filter!r}",
                excerpt=topic_filter,
            )
        if "#" in level and (level != "#" or number != len(levels)):
            raise TopicError(
                f"# stands for all that follows, as in a/b/#; the filter is {topic_filter!r}",
                excerpt=topic_filter,
            )


def unshared(topic_filter: str) -> str:
    """Return the filter behind ``$share/<group>/``, or the filter itself."""
    if not topic_filter.startswith(SHARE):
        return topic_filter
    _, _, rest = topic_filter[len(SHARE) :].partition("/")
    return rest


def matches(topic_filter: str, topic: str) -> bool:
    """Return whether a filter selects a topic.

    ``a/#`` selects ``a`` too. Wildcards in the first level select no topic that begins with ``$``.
    """
    wanted, levels = unshared(topic_filter).split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at >= len(levels) or level not in ("+", levels[at]):
            return False
    return len(wanted) == len(levels)


def covers(wide: str, narrow: str) -> bool:
    """Return whether a filter selects all that another one selects; a shared one covers itself only."""
    if wide == narrow:
        return True
    if wide.startswith(SHARE) or narrow.startswith(SHARE):
        return False
    if narrow.endswith("#") and not (wide.endswith("#") and wide.count("/") <= narrow.count("/")):
        return False
    return matches(wide, narrow)


def _check_text(text: str, kind: str) -> None:
    if not text:
        raise TopicError(f"a {kind} has at least one character, this one is empty")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TOPIC_BYTES:
        raise TopicError(f"a {kind} has at most {MAX_TOPIC_BYTES:,} bytes", excerpt=text[:60])
    if "\x00" in text or any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise TopicError(f"a {kind} is text without null characters, this one is {text!r}", excerpt=text)
