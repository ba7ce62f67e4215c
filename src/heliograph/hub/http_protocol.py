"""HTTP's connections: an answer leaves in one piece, a large body comes into one place, the slow give way.

uvicorn hands a body on in pieces, each of which has been copied four times by then. Whoever wants all of
it at once asks for it by what stands in the scope's state: the socket is then read into it.

uvicorn also waits for a request as long as it takes, and keeps of it what comes. Here the head of a request
has a time and a size, a body and the taking of an answer a least speed. Who does not keep to it is cut off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from heliograph.api.body import WHOLE_BODY

WORTH_BYTES: Final = 64 * 1024
"""What is shorter comes as fast in pieces."""

log = logging.getLogger(__name__)

HEAD_SECONDS: Final = 10.0
"""From a connection, or the first byte of its next request, to the end of that request's head."""
HEAD_BYTES: Final = 64 * 1024
IDLE_SECONDS: Final = 40.0
"""Without a request; uvicorn's own timer ends those that send nothing at all before."""
BODY_SECONDS: Final = 30.0
BODY_BYTES_PER_SECOND: Final = 1_024
"""A body may take 30 s, and a second more for each of these."""
MOST_CONNECTIONS: Final = 900
"""Above this, those that let us wait give way."""
_MAKE_ROOM: Final = 32
STUCK_SECONDS: Final = 60.0
ANSWER_BYTES_PER_SECOND: Final = 1_024
"""So long somebody may take nothing of an answer, and a second more for each of these that they took: what
is on its way to them is in our memory."""


class JoinedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits; it writes head and body of an answer apart, this one together."""

    def on_headers_complete(self) -> None:
        """Note that the head is complete, and offer to read the body into one place if it comes as it is."""
        super().on_headers_complete()
        self._is_head, self._has_asked = False, True
        plain = self.scheme == "http" and not self.parser.should_upgrade()
        if plain and not any(name == b"transfer-encoding" for name, _ in self.headers):
            self.scope["state"][WHOLE_BODY] = partial(self._whole, self.cycle)

    async def _whole(self, cycle: RequestResponseCycle, size_bytes: int) -> bytes | None:
        """Return the body of a request, ``size_bytes`` long as its head says.

        None where it has to be taken in pieces: a short one, or one of which the client has gone. On
        cancellation it is still read to its end, which is where the next request begins.
        """
        is_read = not cycle.more_body or cycle is not self.cycle  # the next request is behind it
        if is_read or cycle.waiting_for_100_continue or cycle.disconnected or cycle.response_complete:
            return None
        if size_bytes - len(cycle.body) < WORTH_BYTES:
            return None
        self.flow.pause_reading()
        body = _Body(self, cycle, size_bytes)
        self.transport.set_protocol(body)
        self.flow.resume_reading()
        await body.ended.wait()
        return body.take()

    def go_on(self) -> None:
        """Take the next request, after a body that the parser has not seen."""
        self.parser = type(self.parser)(self)  # it is where the body began
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.transport.set_protocol(self)
        self.on_message_complete()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(_Joined(transport))  # type: ignore[arg-type]
        self.begun = self.loop.time()
        """Since when the other side lets us wait."""
        self._is_head, self._has_asked = True, False
        self._taken = 0
        self._bare_bytes = 0
        """What came and was no body: heads, and what may stand behind a body in pieces."""
        self._stuck_since: float | None = None
        self._stuck_bytes = 0
        if len(self.connections) > MOST_CONNECTIONS and len(self.connections) % _MAKE_ROOM == 0:
            cut_slow(self.connections, self.begun)

    def count(self, size_bytes: int) -> None:
        """Count what came of a request."""
        self._taken += size_bytes

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self.count(len(data))
        self._bare_bytes += len(data)
        super().data_received(data)
        if self._bare_bytes > HEAD_BYTES:
            log.info("A request's head had over %s bytes", HEAD_BYTES)
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Note when a request began."""
        super().on_message_begin()
        self.begun, self._is_head = self.loop.time(), True

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._bare_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that all of a request has come."""
        self._bare_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Note that the next request may begin, unless its head is on its way already."""
        super().on_response_complete()
        if not self.pipeline and not self._is_head:
            self.begun, self._taken = self.loop.time(), 0

    def pause_writing(self) -> None:
        """Note since when an answer is not taken as fast as it comes, and how much of it waits."""
        super().pause_writing()
        self._stuck_since, self._stuck_bytes = self.loop.time(), self.transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        """Note that it is taken again."""
        super().resume_writing()
        self._stuck_since = None

    @property
    def is_waiting(self) -> bool:
        """Whether the next bytes are to come from the other side."""
        if self._is_head or not self._has_asked or self.cycle.response_complete:
            return True
        return self.cycle.more_body and not self.flow.read_paused

    def is_too_slow(self, now: float) -> bool:
        """Return whether the other side has let us wait for too long."""
        left_bytes = self.transport.get_write_buffer_size()
        if self._stuck_since is None and self.transport.is_closing():  # its last answer is on its way
            self._stuck_since, self._stuck_bytes = now, left_bytes
        if self._stuck_since is not None:
            taken = max(0, self._stuck_bytes - left_bytes)
            return now - self._stuck_since > STUCK_SECONDS + taken / ANSWER_BYTES_PER_SECOND
        if not self.is_waiting:
            return False
        if self._is_head:
            return now - self.begun > HEAD_SECONDS
        if not self._has_asked or self.cycle.response_complete:
            return now - self.begun > IDLE_SECONDS
        return now - self.begun > BODY_SECONDS + self._taken / BODY_BYTES_PER_SECOND

    def cut(self) -> None:
        """End the connection at once."""
        self.transport.abort()


def cut_slow(connections: Iterable[object], now: float) -> int:
    """Cut off who is too slow; of too many connections also those that have let us wait longest.

    So whoever opens thousands of connections takes them from themselves, and not from those who ask
    something. Returns how many were cut off.
    """
    every = [each for each in connections if isinstance(each, JoinedProtocol)]
    ended = [each for each in every if each.is_too_slow(now)]
    if len(every) - len(ended) > MOST_CONNECTIONS:
        gone = set(map(id, ended))
        waiting = [each for each in every if each.is_waiting and id(each) not in gone]
        waiting.sort(key=lambda each: each.begun)
        ended += waiting[: len(every) - len(ended) - MOST_CONNECTIONS]
    for each in ended:
        each.cut()
    return len(ended)


class _Body(asyncio.BufferedProtocol):
    """Stands in for a connection's protocol while a body is read."""

    def __init__(self, http: JoinedProtocol, cycle: RequestResponseCycle, size_bytes: int) -> None:
        self._http = http
        self._bytes = bytearray(size_bytes)
        self._filled = len(cycle.body)
        self._bytes[: self._filled] = cycle.body
        cycle.body = bytearray()
        self.ended = asyncio.Event()
        """All has come, or the client has gone."""

    def take(self) -> bytes | None:
        """Return the body, once; None if the client has gone before its end."""
        whole, self._bytes = self._bytes, bytearray()
        return bytes(whole) if self._filled == len(whole) else None

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Return the room that is left."""
        return memoryview(self._bytes)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take note of what came."""
        self._filled += nbytes
        self._http.count(nbytes)
        if self._filled == len(self._bytes):
            self._http.go_on()
            self.ended.set()

    def eof_received(self) -> None:
        """Let the connection be closed: the client sends no more."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell HTTP's protocol, and let nobody wait."""
        self._http.connection_lost(exc)
        self.ended.set()

    def pause_writing(self) -> None:
        """Tell HTTP's protocol."""
        self._http.pause_writing()

    def resume_writing(self) -> None:
        """Tell HTTP's protocol."""
        self._http.resume_writing()


class _Joined:
    """A transport that holds the head of an answer until its body comes, or the loop has come round.

    Two writes are two system calls, and wake the client twice: once for nothing.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held = b""

    def write(self, data: bytes) -> None:
        """Write, or hold the first part back for a moment."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data.startswith(b"HTTP/1.1 "):
            self._held = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection after what was written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's own."""
        return getattr(self._transport, name)
