"""The live page: tells open pages at once what became visible, over one WebSocket each."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from heliograph.api.topics.window import Topics, Window
from heliograph.store.applied import Applied

PAUSE: Final = 0.25
"""News are gathered for this long, so that a busy hub does not flood a page."""
TOPICS_PAUSE: Final = 0.5
"""A page that shows topics is told of them so often at most."""
WINDOW_PAUSE: Final = 0.05
"""A page that asks for other topics gets them so often at most."""
BEAT: Final = 10.0
SEND_TIMEOUT: Final = 10.0


@dataclass(slots=True, eq=False)
class News:
    """What became visible since a page was told last: bounded by the number of measurements."""

    bucket: str
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    hosts: dict[str, set[str]] = field(default_factory=dict)
    schema: bool = False
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    window: Window | None = None
    """What of the topics the page shows; None while it shows none."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the page shows other topics than it was told of."""
    told: float = 0.0
    """When a page that shows topics got its last beat."""

    def add(self, applied: Applied) -> None:
        """Take in what a batch changed."""
        hosts = applied.hosts
        for name, (low, high) in applied.spans.items():
            known = self.spans.get(name, (low, high))
            self.spans[name] = (min(low, known[0]), max(high, known[1]))
            self.hosts.setdefault(name, set()).update(hosts[name])
        self.schema = self.schema or applied.new_schema
        self.waiting.set()

    def take(self) -> list[dict[str, Any]]:
        """Return the messages for what came, and begin anew."""
        messages: list[dict[str, Any]] = [{"type": "schema"}] if self.schema else []
        if self.spans:
            measurements = {
                name: {
                    "from_ms": low // 1_000_000,
                    "to_ms": high // 1_000_000,
                    "hosts": sorted(self.hosts[name]),
                }
                for name, (low, high) in self.spans.items()
            }
            messages.append({"type": "points", "measurements": measurements})
        self.spans, self.hosts, self.schema = {}, {}, False
        self.waiting.clear()
        return messages


class LiveFeed:
    """All open pages."""

    def __init__(self) -> None:
        self._pages: set[News] = set()
        self._closing = asyncio.Event()

    @property
    def pages(self) -> int:
        """How many pages listen."""
        return len(self._pages)

    def publish(self, applied: Applied) -> None:
        """Tell the pages that look at the bucket; never waits."""
        for news in self._pages:
            if news.bucket == applied.bucket:
                news.add(applied)

    def recheck(self) -> None:
        """See at once whether each page may still listen: somebody's rights ended."""
        for news in self._pages:
            news.waiting.set()

    def close(self) -> None:
        """End all conversations."""
        self._closing.set()
        for news in self._pages:
            news.waiting.set()

    async def serve(
        self,
        socket: WebSocket,
        bucket: str,
        allowed: Callable[[], bool],
        topics: Callable[[], Topics | None] = lambda: None,
    ) -> None:
        """Talk to one page until it goes, may not listen any more, or the hub stops.

        ``topics`` gives the topics if who listens may see them now.
        """
        news = News(bucket)
        self._pages.add(news)
        try:
            async with asyncio.TaskGroup() as group:
                ears = group.create_task(_until_gone(socket, news, topics), name="live page gone")
                ears.add_done_callback(lambda _: news.waiting.set())
                await _send(socket, {"type": "hello", "time_ms": time.time_ns() // 1_000_000})
                while not ears.done() and not self._closing.is_set():
                    await self._wait(news)
                    if not allowed():
                        break
                    await _tell_topics(socket, news, topics)
                    await self._tell(socket, news)
                ears.cancel()
        except* (WebSocketDisconnect, TimeoutError, RuntimeError):
            pass  # gone in the middle of a sentence, or too slow to listen: it connects again
        finally:
            self._pages.discard(news)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close()

    async def _wait(self, news: News) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TOPICS_PAUSE if news.window else BEAT):
                await news.waiting.wait()

    async def _tell(self, socket: WebSocket, news: News) -> None:
        if not news.waiting.is_set():
            if news.window and time.monotonic() - news.told < BEAT:
                return
            news.told = time.monotonic()
            await _send(socket, {"type": "beat", "time_ms": time.time_ns() // 1_000_000})
            return
        messages = news.take()
        for message in messages:
            await _send(socket, message)
        await asyncio.sleep(WINDOW_PAUSE)
        if messages:  # who asks for other topics does not wait as long as who listens to points
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE - WINDOW_PAUSE):
                    await news.asked.wait()


async def _until_gone(socket: WebSocket, news: News, topics: Callable[[], Topics | None]) -> None:
    """Hear which topics the page shows; returns when it is gone."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            said = await socket.receive_text()
            known = topics()
            news.window = None if known is None else Window.of(known, said, news.window)
            news.asked.set()
            news.waiting.set()


async def _tell_topics(socket: WebSocket, news: News, topics: Callable[[], Topics | None]) -> None:
    news.asked.clear()
    if news.window is None:
        return
    if topics() is None:
        news.window = None
        return
    message = await news.window.news()
    if message is not None:
        await _send(socket, message)


async def _send(socket: WebSocket, message: dict[str, Any]) -> None:
    async with asyncio.timeout(SEND_TIMEOUT):
        await socket.send_json(message)
