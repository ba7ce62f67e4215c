"""What of the broker's topics an open page shows: it says so over its WebSocket, and is told what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Protocol

from heliograph.errors import NotFound
from heliograph.transport.mqtt_client_message import Publication

LIMIT: Final = 500
_OPENED: Final = 1_000
SEARCH_LETTERS: Final = 1_000


class Topics(Protocol):
    """The topics of the hub's broker."""

    async def view(self, opened: list[str], offset: int, limit: int, text: str) -> dict[str, Any]:
        """Return rows of the tree with these levels open, or those that a search finds."""
        ...

    def level(self, path: str | None, after: str, limit: int) -> dict[str, Any]:
        """Return what is right below a level."""
        ...

    def topic(self, topic: str, after_ms: int = 0) -> dict[str, Any]:
        """Return one topic in full."""
        ...

    def last(self, topic: str) -> bytes | None:
        """Return the payload that came last, None where none is known or it is very long."""
        ...

    def came_ms(self, topic: str) -> int | None:
        """Return when the last message came; None where none did, or the broker had it from before."""
        ...

    def report(self) -> dict[str, int]:
        """Return how much there is."""
        ...

    async def publish(self, publication: Publication) -> None:
        """Publish a message."""
        ...


class TopicKeeping(Protocol):
    """What the hub knows of a topic beyond its last messages."""

    async def stored(self, topic: str) -> dict[str, Any]:
        """Return which points become of it, or the rule that would make some."""
        ...

    async def preview(self, topic: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what a rule would make of its last messages."""
        ...

    async def history(self, topic: str, since_ms: int, limit: int) -> dict[str, Any]:
        """Return what the stream has of it."""
        ...


@dataclass(slots=True)
class Window:
    """What of the topics one page has on its screen, as it says over its WebSocket; see docs/http.md."""

    topics: Topics
    opened: list[str]
    offset: int
    limit: int
    search: str
    topic: str | None
    shown: str = ""
    told_ms: int = 0
    """Up to when the messages of the topic were told."""

    @classmethod
    def of(cls, topics: Topics, text: str, before: Window | None = None) -> Window | None:
        """Return what a page's message asks for; None when it asks for no topics, or not in our words.

        ``before`` is what it asked for last: of a topic that is still shown only what is new is told.
        """
        try:
            said = json.loads(text)
            asked = said["topics"]
            opened = [str(path) for path in asked.get("open", [])][:_OPENED]
            offset, limit = (
                max(int(asked.get("offset", 0)), 0),
                min(max(int(asked.get("limit", 100)), 0), LIMIT),
            )
            text_sought = str(asked.get("search", ""))[:SEARCH_LETTERS]
            topic = asked.get("topic")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        window = cls(topics, opened, offset, limit, text_sought, topic if isinstance(topic, str) else None)
        if before is not None and before.topic == window.topic:
            window.told_ms = before.told_ms
        return window

    async def news(self) -> dict[str, Any] | None:
        """Return what is to be shown now; None when it is what was shown before."""
        rows = await self.topics.view(self.opened, self.offset, self.limit, self.search)
        message = {"type": "topics", "counts": self.topics.report(), "topic": self._one(), **rows}
        text = json.dumps(message)
        if text == self.shown:
            return None
        self.shown = text
        return message

    def _one(self) -> dict[str, Any] | None:
        """Return the chosen topic with the messages that were not told yet, and the last of those told."""
        if self.topic is None:
            return None
        try:
            found = self.topics.topic(self.topic, self.told_ms)
        except NotFound:
            return None
        self.told_ms = found["messages"][0]["time_ms"]
        return found
