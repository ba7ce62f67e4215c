"""``heliograph.Stream``: what came to a hub, read again by a program of one's own, at its own speed.

::

    async with Stream("mqtt", since="1h", topic="tel/+/lp") as stream:
        async for message in stream:
            print(message.topic, message.payload)

With ``consumer="name"`` the hub remembers how far the program is: after a restart it goes on behind the last
message that was acknowledged.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from heliograph.aio.backoff import Backoff
from heliograph.app.streams.hub_http import HubHttp
from heliograph.config.values import parse_duration
from heliograph.errors import ConfigError, HubError

_WAIT: Final = 2
"""Seconds that the hub may let us wait for messages: the end of a program waits no longer."""


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message of a stream."""

    seq: int
    """Its number in the stream, from 1; acknowledging one acknowledges all before it."""
    time_ns: int
    """When it came to the hub."""
    payload: bytes
    topic: str = ""
    """Of a message of the stream "mqtt"."""
    bucket: str = ""
    """Of a batch of the stream "lp": line protocol for this bucket, its times in ``precision``."""
    precision: str = ""
    device: str = ""

    @property
    def text(self) -> str:
        """The payload as text."""
        return self.payload.decode(errors="replace")


class Stream:
    """Reads one of the hub's streams: ``mqtt``, all messages of QoS 1 and 2, or ``lp``, batches over HTTP.

    Args:
        stream: its name.
        consumer: the name under which the hub keeps how far this program is; made when it is not there.
        since: where to begin, as a duration before now ("1h"); with a consumer, only when it is new.
        from_seq: where to begin, as a number of the stream.
        topic: only messages that this filter takes.
        bucket: only batches for this bucket.
        follow: whether to wait for what comes; else it ends with what is there.
        batch: how many messages are asked for at once, 1 to 5000.
        url: the hub's address; empty means HELIO_URL, or the hub of this machine.
        token: empty means HELIO_TOKEN, or the operator's of this machine.

    Without ``since`` and ``from_seq`` it begins with what comes from now on. Lost connections are tried again
    until the hub is back, and nothing is left out or given twice by that.

    Raises:
        ConfigError: the arguments contradict each other.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own
        self,
        stream: str = "mqtt",
        *,
        consumer: str = "",
        since: str = "",
        from_seq: int | None = None,
        topic: str = "",
        bucket: str = "",
        follow: bool = True,
        batch: int = 500,
        url: str = "",
        token: str = "",
    ) -> None:
        if since and from_seq is not None:
            raise ConfigError("since and from_seq both say where to begin: one of them", key="since")
        if not 1 <= batch <= 5_000:
            raise ConfigError(f"batch must be 1 to 5000, {batch} came", key="batch")
        self.name, self.consumer, self.batch, self.follow = stream, consumer, batch, follow
        self.missed = 0
        """How many messages the hub had purged before this program read them."""
        self._since_s = parse_duration(since) if since else None
        self._filters = {key: text for key, text in (("topic", topic), ("bucket", bucket)) if text}
        self._hub = HubHttp(url, token)
        self._next_seq = from_seq
        self._created = ""
        self._opened = False

    async def __aenter__(self) -> Self:
        """Find the place to begin.

        Raises:
            HubError: the hub refuses; nobody answering is tried again.
        """
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held at the hub, so there is nothing to give back."""

    async def __aiter__(self) -> AsyncIterator[StreamMessage]:
        """Yield message by message."""
        async for some in self.batches():
            for message in some:
                yield message

    async def batches(self) -> AsyncIterator[list[StreamMessage]]:
        """Yield the messages in lists, as many as are there, at most ``batch``.

        Raises:
            HubError: the hub refuses.
        """
        await self._open()
        while True:
            answer = await self._ask("GET", self._path())
            if answer["created"] != (self._created or answer["created"]):
                self._created, self._next_seq = answer["created"], 1  # the hub's stream was made anew
                continue
            self._created = answer["created"]
            self.missed += answer["missed"]
            is_further = answer["next_seq"] != self._next_seq
            self._next_seq = answer["next_seq"]
            if answer["messages"]:
                yield [_message(one) for one in answer["messages"]]
            elif not self.follow and not is_further:
                return

    async def ack(self, message: StreamMessage | int) -> None:
        """Let the hub keep that everything up to a message is done; it is on disk when this returns.

        Raises:
            ConfigError: the stream is read without a consumer's name.
            HubError: the hub refuses.
        """
        if not self.consumer:
            raise ConfigError("only a stream with a consumer's name can be acknowledged", key="consumer")
        seq = message if isinstance(message, int) else message.seq
        await self._ask("POST", f"/api/consumers/{quote(self.consumer, safe='')}/ack", {"seq": seq})

    async def _open(self) -> None:
        if self._opened:
            return
        since_ms = None if self._since_s is None else round((time.time() - self._since_s) * 1_000)
        if self.consumer:
            body: dict[str, Any] = {"name": self.consumer, "stream": self.name}
            body |= {} if since_ms is None else {"since_ms": since_ms}
            body |= {} if self._next_seq is None else {"from_seq": self._next_seq}
            made = await self._ask("POST", "/api/consumers", body)
            self._next_seq = made["acknowledged_seq"] + 1
            self.missed += made["missed"]
        elif since_ms is not None:
            answer = await self._ask("GET", f"/api/streams/{self.name}/messages?since_ms={since_ms}&limit=1")
            first = answer["messages"]
            self._next_seq = first[0]["seq"] if first else answer["next_seq"]
        elif self._next_seq is None:
            streams = (await self._ask("GET", "/api/streams"))["streams"]
            ends = {one["name"]: one["last_seq"] for one in streams}
            if self.name not in ends:
                raise ConfigError(
                    f"a stream of {', '.join(ends)} was expected, {self.name!r} came", key="stream"
                )
            self._next_seq = ends[self.name] + 1
        self._opened = True

    def _path(self) -> str:
        asked = self._filters | {"limit": str(self.batch), "wait": str(_WAIT if self.follow else 0)}
        next_seq = self._next_seq or 1
        if self.consumer:
            asked["after_seq"] = str(next_seq - 1)
            return f"/api/consumers/{quote(self.consumer, safe='')}/messages?{urlencode(asked)}"
        asked["from_seq"] = str(next_seq)
        return f"/api/streams/{quote(self.name, safe='')}/messages?{urlencode(asked)}"

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        backoff = Backoff(longest=10.0)
        while True:
            try:
                return await asyncio.to_thread(self._hub.ask, method, path, body)
            except HubError as error:
                if error.status is not None and error.status < 500:
                    raise
                await asyncio.sleep(backoff.next())


def _message(one: dict[str, Any]) -> StreamMessage:
    coded = one.get("payload_base64")
    payload = one["payload"].encode() if coded is None else base64.b64decode(coded)
    texts = {key: one[key] for key in ("topic", "bucket", "precision", "device") if key in one}
    return StreamMessage(one["seq"], one["time_ns"], payload, **texts)
