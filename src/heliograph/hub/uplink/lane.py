"""One stream on its way up: sent in order, and remembered once the hub has acknowledged."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NoReturn

from heliograph.errors import Error, PayloadTooLarge, TopicError
from heliograph.hub.uplink.fitting import fitting
from heliograph.hub.uplink.joining import joined
from heliograph.hub.uplink.place import Place
from heliograph.hub.uplink.thin_rules import ThinRule
from heliograph.hub.uplink.thinning import Outgoing, Thinner
from heliograph.stream.log import Message, StreamLog

log = logging.getLogger(__name__)

_UNDER_WAY: Final = 10_000
"""More than a client lets be under way at once."""
BYTES_UNDER_WAY: Final = 16 * 2**20
"""Payloads that the hub has not acknowledged, of one lane; one message may be larger by itself."""
_TOGETHER: Final = 500
"""Messages that are looked at together; what comes one by one goes on one by one."""
IDLE: Final = 1.0
"""Seconds between looks at the clock while nothing comes."""


@dataclass(slots=True, eq=False)
class _Pending:
    """What was sent for a message, and what is remembered when the hub has it."""

    place: Place
    open: int = 0


class Lane:
    """Reads one stream from where the hub has it, and sends it on, for as long as :meth:`run` runs.

    Args:
        name: the stream's.
        stream: nats-server's streams.
        rules: what is sent less of.
        outgoing: returns what a message is for the hub, with all times in it.
        send: sends, and returns the receipt.
        most_bytes: the largest payload that the hub takes.
    """

    def __init__(
        self,
        name: str,
        stream: StreamLog,
        rules: Sequence[ThinRule],
        outgoing: Callable[[Message], Sequence[Outgoing]],
        send: Callable[[Outgoing], Awaitable[asyncio.Future[None]]],
        *,
        most_bytes: int,
    ) -> None:
        self.name = name
        self.place = Place()
        """How far the hub is."""
        self.messages = 0
        """Messages of the stream that were read on."""
        self.sent = 0
        """Messages that were sent to the hub."""
        self.refused = 0
        """Messages that the hub would never take: they stay here, and what is behind them goes on."""
        self._stream, self._rules = stream, rules
        self._outgoing, self._send, self._most_bytes = outgoing, send, most_bytes
        self._thinner = Thinner(rules)
        self._pending: deque[_Pending] = deque(maxlen=_UNDER_WAY)
        self._read_to = self._again_to = 0
        self._clock = (0, 0.0)
        """The time (ns) of the last message, and when it was read (monotonic seconds)."""
        self._emitting = asyncio.Lock()
        self._bytes_under_way = 0
        self._acknowledged = asyncio.Event()

    def set_rules(self, rules: Sequence[ThinRule]) -> None:
        """Let other rules hold from the next run on."""
        self._rules = rules

    @property
    def under_way(self) -> int:
        """Messages that the hub has not acknowledged."""
        return sum(one.open for one in self._pending)

    async def run(self) -> NoReturn:
        """Send on until cancelled; what is not acknowledged then is sent again by the next run.

        Raises:
            TransportError: a message was refused.
            StreamError: nats-server does not answer.
        """
        state = await self._stream.state(self.name)
        if self.place.created != state.created:
            self.place = Place(state.created, state.first_seq - 1, missed=self.place.missed)
        if self.place.rules != (which := _which(self._rules)):
            # What others let wait in windows is sent by these, and what was sent already once more. Windows
            # are made again from there, too: single points would take the places of whole windows.
            self.place = replace(self.place, rules=which, read_to=self.place.seq, closed={})
        self._pending.clear()
        self._bytes_under_way = 0
        self._thinner = Thinner(self._rules, self.place.closed)
        self._read_to = self._again_to = max(self.place.read_to, self.place.seq)
        self._clock = (0, 0.0)  # that of an earlier run would close windows of which nothing was read yet
        async with asyncio.TaskGroup() as group:
            group.create_task(self._close_windows(), name=f"windows of {self.name}")
            async with aclosing(self._groups()) as groups:
                async for messages in groups:
                    await self._take(messages)
        raise AssertionError("a stream has no end")

    async def _groups(self) -> AsyncGenerator[list[Message], None]:
        expected = self.place.seq + 1
        async with aclosing(self._stream.read(self.name, expected)) as groups:
            async for group in groups:
                for message in group:
                    if message.seq > expected:
                        self.place = replace(self.place, missed=self.place.missed + message.seq - expected)
                    expected = message.seq + 1
                for at in range(0, len(group), _TOGETHER):
                    yield group[at : at + _TOGETHER]

    async def _take(self, messages: Sequence[Message]) -> None:
        """Send on what came at once; many are a backlog."""
        async with self._emitting:
            sent: list[Outgoing] = []
            for message in messages:
                sent += self._sent_for(message)
            await self._emit(joined(sent))

    def _sent_for(self, message: Message) -> list[Outgoing]:
        again = message.seq <= self._again_to
        self._thinner.clock_ns = message.time_ns
        sent = [] if again else self._thinner.close()
        for topic, payload in self._outgoing(message):
            sent += self._thinner.take(topic, payload, message.seq, again=again)
        if message.seq >= self._again_to:  # before that, windows are not what they were
            self._clock = message.time_ns, time.monotonic()
        self._read_to = max(self._read_to, message.seq)
        self.messages += not again
        return sent

    async def _close_windows(self) -> None:
        """Close windows by the clock when no messages come that tell the time."""
        while self._rules:
            await asyncio.sleep(IDLE)
            time_ns, read_at = self._clock
            if not time_ns or self._emitting.locked():  # nothing was read yet, or there is more to send
                continue
            async with self._emitting:
                passed = time.monotonic() - read_at
                self._thinner.clock_ns = time_ns + round(passed * 1e9)
                sent = self._thinner.close()
                if sent:
                    await self._emit(sent)

    async def _emit(self, sent: Sequence[Outgoing]) -> None:
        open_seq = self._thinner.open_seq
        place = Place(
            self.place.created,
            self._read_to if open_seq is None else min(open_seq - 1, self._read_to),
            self._read_to,
            dict(self._thinner.closed) if self._rules else {},
            rules=self.place.rules,
        )
        sent = self._fitting(sent)
        if not sent and self._pending:  # nothing to wait for but what is before it
            self._pending[-1].place = place
            return
        pending = _Pending(place, open=len(sent))
        self._pending.append(pending)
        for outgoing in sent:
            size_bytes = len(outgoing.payload)
            await self._room(size_bytes)
            try:
                receipt = await self._send(outgoing)
            except (TopicError, PayloadTooLarge) as error:  # nothing was sent, and never would be
                self._refuse(outgoing, error)
                pending.open -= 1
                continue
            if receipt.done():
                receipt.result()  # refused at once: whoever runs this lane tells, and tries again
            self.sent += 1
            self._bytes_under_way += size_bytes
            receipt.add_done_callback(partial(self._on_receipt, pending, size_bytes))
        self._advance()

    async def _room(self, size_bytes: int) -> None:
        """Wait until what is under way leaves room for so many bytes more."""
        while self._bytes_under_way and self._bytes_under_way + size_bytes > BYTES_UNDER_WAY:
            self._acknowledged.clear()
            await self._acknowledged.wait()

    def _fitting(self, sent: Sequence[Outgoing]) -> list[Outgoing]:
        made = []
        for outgoing in sent:
            pieces = fitting(outgoing, self._most_bytes)
            if not pieces:
                self._refuse(outgoing, PayloadTooLarge(len(outgoing.payload), self._most_bytes))
            made += pieces
        return made

    def _refuse(self, outgoing: Outgoing, error: Error) -> None:
        self.refused += 1
        log.error("a message to %s stays here, the hub would not take it: %s", outgoing.topic, error)

    def _on_receipt(self, pending: _Pending, size_bytes: int, receipt: asyncio.Future[None]) -> None:
        if receipt.cancelled() or receipt.exception() is not None:
            return  # the client has ended: all that is behind the place is sent again
        pending.open -= 1
        self._bytes_under_way -= size_bytes
        self._acknowledged.set()
        self._advance()

    def _advance(self) -> None:
        while self._pending and not self._pending[0].open:
            place = self._pending.popleft().place
            self.place = replace(place, missed=self.place.missed)


def _which(rules: Sequence[ThinRule]) -> str:
    return hashlib.blake2b(repr(list(rules)).encode(), digest_size=8).hexdigest() if rules else ""
