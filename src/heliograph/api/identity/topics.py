"""What somebody may do by MQTT: publish to and subscribe to topics that filters select."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import QueryError, TopicError
from heliograph.model.topic import device_hears, device_publishes
from heliograph.model.topic_filter import SHARE, check_filter, covers, matches

MAX_FILTERS: Final = 64
RESERVED: Final = ("$MQTT", "$JS", "$SYS", "$KV", "$O", "lp", "_INBOX")
"""First levels that are the hub's own: what nats-server and the streams use inside. They are nobody's."""


@dataclass(frozen=True, slots=True)
class TopicRights:
    """Filters of topics; a right to subscribe to a filter is one to subscribe to what it covers."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()

    def may_publish(self, topic: str) -> bool:
        """Return whether they may publish to a topic."""
        return not is_reserved(topic) and any(matches(_plain(f), _plain(topic)) for f in self.publish)

    def may_subscribe(self, topic_filter: str) -> bool:
        """Return whether they may subscribe to a filter."""
        asked = _plain(topic_filter)
        return not is_reserved(topic_filter) and any(covers(_plain(f), asked) for f in self.subscribe)


NO_TOPICS: Final = TopicRights()
ALL_TOPICS: Final = TopicRights(("#",), ("#",))
"""Everything but what is reserved."""


def is_reserved(topic: str) -> bool:
    """Return whether a topic or filter begins with a level that is the hub's own."""
    return topic.partition("/")[0] in RESERVED


def _plain(text: str) -> str:
    """Return a topic or filter whose $ is as any other sign: a right to all topics is one to those, too."""
    return f"\x01{text[1:]}" if text.startswith("$") else text


def device_topics(device: str) -> TopicRights:
    """Return what a device may do: tell of itself, and hear what it is told."""
    return TopicRights(device_publishes(device), (device_hears(device),))


def gateway_topics(device: str) -> TopicRights:
    """Return what a gateway may do: tell of all devices, as those behind it, and hear what they are told."""
    own = device_topics(device)
    return TopicRights((*own.publish, "tel/#", "sta/#", "log/#"), (*own.subscribe, "cmd/#"))


def parse_filters(listed: Any) -> tuple[str, ...]:
    """Return filters as they were asked for, checked.

    Raises:
        QueryError: no list of filters, too long a one, or a filter that cannot be given.
    """
    if not isinstance(listed, list) or len(listed) > MAX_FILTERS:
        raise QueryError(f"topic filters are a list of at most {MAX_FILTERS}")
    return tuple(_checked(each) for each in _texts(listed))


def _texts(listed: Iterable[Any]) -> list[str]:
    if not all(isinstance(each, str) for each in listed):
        raise QueryError("a topic filter is a text, such as garden/#")
    return list(dict.fromkeys(listed))


def _checked(topic_filter: str) -> str:
    try:
        check_filter(topic_filter)
    except TopicError as error:
        raise QueryError(str(error)) from error
    if is_reserved(topic_filter):
        raise QueryError(f"topics below {topic_filter.partition('/')[0]} are the hub's own")
    if topic_filter.startswith(SHARE) or any(sign in topic_filter for sign in " \t*>"):
        raise QueryError(f"a filter has no blank, * or > and does not begin with $share: {topic_filter!r}")
    return topic_filter
