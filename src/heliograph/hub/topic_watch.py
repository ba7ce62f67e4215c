"""The broker's topics as the page shows them: the hub listens to all of them, as any MQTT client may.

What comes here is for the eye alone. Points are taken by :mod:`heliograph.hub.mqtt_intake`, which promises
something; here messages are missed while more come than can be taken, and are counted then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from heliograph.aio.garbage import short_pauses
from heliograph.errors import NotFound, QueryError, TimedOut, TopicError
from heliograph.model.topic_filter import check_topic
from heliograph.topics.search import search
from heliograph.topics.tree import Topic, TopicTree
from heliograph.topics.view import Row, row_json, rows_of, topic_json
from heliograph.transport.mqtt_client import MqttClient, running
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.mqtt_client_settings import MqttSettings
from heliograph.transport.mqtt_listener import Listener
from heliograph.transport.mqtt_tap import Passing

_PUBLISH_SECONDS: Final = 5.0
_SEARCH_AGAIN: Final = 1.0


class TopicWatch:
    """The tree of the hub's own broker, and publishing to it.

    Args:
        settings: where the broker is now; asked anew for each connection that is opened.
        tree: filled here.
    """

    def __init__(self, settings: Callable[[], MqttSettings], tree: TopicTree | None = None) -> None:
        self._settings = settings
        self.tree = tree or TopicTree()
        self._listener = Listener(settings, ["#"], self._take)
        self._searched: tuple[str, float, tuple[list[Topic], bool]] = ("", 0.0, ([], False))

    async def follow(self) -> None:
        """Fill the tree; runs until cancelled, over lost connections too."""
        with short_pauses():
            await self._listener.run()

    def _take(self, group: list[Passing]) -> None:
        now_ns = time.time_ns()
        for topic, payload, retained in group:
            self.tree.put(topic, payload, now_ns, retained=retained)

    async def view(self, opened: list[str], offset: int, limit: int, text: str) -> dict[str, Any]:
        """Return rows as a page shows them: of the tree with these levels open, or those a search finds."""
        now_ns = time.time_ns()
        if text:
            found, is_cut = await self._search(text)
            some = found[offset : offset + limit]
            rows = [row_json(Row(topic.node, 0, is_open=False), now_ns, topic.node.path) for topic in some]
            return {"total": len(found), "cut": is_cut, "offset": offset, "rows": rows}
        total, shown = rows_of(self.tree, opened, offset, limit)
        return {
            "total": total,
            "cut": False,
            "offset": offset,
            "rows": [row_json(row, now_ns) for row in shown],
        }

    async def _search(self, text: str) -> tuple[list[Topic], bool]:
        """Search, or return what was found just now: a page asks twice a second."""
        searched, at, found = self._searched
        if searched != text or time.monotonic() - at > _SEARCH_AGAIN:
            found = await search(self.tree, text)
            self._searched = (text, time.monotonic(), found)
        return found

    def level(self, path: str | None, after: str, limit: int) -> dict[str, Any]:
        """Return what is right below a level, or below none, by name and from behind ``after`` on.

        Raises:
            NotFound: there is no such level.
        """
        node = self.tree.root if path is None else self.tree.find(path)
        if node is None:
            raise NotFound("topic", str(path))
        children = [child for child in node.sorted_children() if not after or child.name > after]
        now_ns = time.time_ns()
        rows = [row_json(Row(child, 0, is_open=False), now_ns) for child in children[:limit]]
        more = rows[-1]["name"] if len(children) > limit and rows else None
        return {"rows": rows, "next": more, "total": len(node.children)}

    def topic(self, topic: str, after_ms: int = 0) -> dict[str, Any]:
        """Return one topic in full, with the messages that came at ``after_ms`` or later.

        Raises:
            NotFound: no message of it was seen.
        """
        return topic_json(self._find(topic), time.time_ns(), after_ms)

    def last(self, topic: str) -> bytes | None:
        """Return the payload that came last, None where none is known or it is very long."""
        node = self.tree.find(topic)
        if node is None or node.topic is None:
            return None
        seen = node.topic.last
        return seen.payload if len(seen.payload) == seen.size_bytes else None

    def came_ms(self, topic: str) -> int | None:
        """Return when the last message came; None where none did, or the broker had it from before."""
        node = self.tree.find(topic)
        if node is None or node.topic is None or node.topic.last.retained:
            return None
        return node.topic.last.time_ns // 1_000_000

    def _find(self, topic: str) -> Topic:
        node = self.tree.find(topic)
        if node is None or node.topic is None:
            raise NotFound("topic", topic)
        return node.topic

    def report(self) -> dict[str, int]:
        """Return how much there is, and what had to go."""
        counters, missed = self.tree.counters, self._listener.missed
        return {
            "topics": self.tree.root.topics,
            "bytes": self.tree.size_bytes + self.tree.earlier_bytes,
            "messages": counters.messages,
            "evicted_topics": counters.evicted_topics,
            "evicted_messages": counters.evicted_messages,
            "missed_messages": missed.messages,
            "interruptions": missed.interruptions,
            "interrupted_ms": round(missed.seconds * 1000),
        }

    async def publish(self, publication: Publication) -> None:
        """Publish as an MQTT client, over a connection of its own; returns when the broker has it.

        Raises:
            QueryError: it is no topic to publish to.
            TransportError: the broker does not take it.
        """
        try:
            check_topic(publication.topic)
        except TopicError as error:
            raise QueryError(str(error)) from error
        if publication.topic.startswith("$"):
            raise QueryError(f"topics that begin with $ are the broker's own: {publication.topic!r}")
        if any(letter.isspace() for letter in publication.topic):
            raise QueryError(
                f"the embedded broker takes no spaces in topics: {publication.topic!r}; write - or _ for them"
            )
        client = MqttClient(self._settings(), gives_up=True)
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS), running(client):
                await client.publish(publication)
        except TimeoutError as error:
            raise TimedOut(
                client.settings.endpoint, f"the broker did not take it in {_PUBLISH_SECONDS:.0f} s"
            ) from error
