"""All messages of a broker as they pass by, many at a time: for who looks, not for who must not miss any.

What comes is read at once, however busy its reader is: a broker hangs up on who does not read for long, and
what it had in hand for him is gone then. Here what is too much is counted. A client that may use any QoS and
MQTT 5 is in :mod:`heliograph.transport.mqtt_client`; it takes some tens of microseconds for a message, this
takes a few.

Source: MQTT 3.1.1 §2.2.3 (remaining length), §3.1, §3.3, §3.8.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from heliograph.errors import ConnectError, ConnectionLost
from heliograph.transport.mqtt_client_errors import (
    closed_before_answer,
    connect_failure,
    not_mqtt,
    refusal,
)
from heliograph.transport.mqtt_client_settings import MqttSettings

Passing: TypeAlias = tuple[str, bytes, bool]
"""Topic, payload, and whether the broker had kept the message."""

AT_ONCE: Final = 200
"""So many messages are handed over together at most: milliseconds of work, after which others have turns."""
WAITING_BYTES: Final = 16 * 1024 * 1024
"""Who is behind by more misses all that waits."""
_KEEP_ALIVE: Final = 0
"""The broker does not hang up because we only listen; whether it is still there we ask ourselves."""
_SILENCE: Final = 20.0
_CONNECT: Final = 0x10
_SUBSCRIBE: Final = 0x82
_SUBSCRIBED: Final = b"\x90"
_REFUSED: Final = 0x80
_PUBLISH: Final = 0x30
_PING: Final = b"\xc0\x00"
_CONNECTED: Final = 0x20
_CONNECTED_BYTES: Final = 4
_CLEAN_SESSION, _HAS_PASSWORD, _HAS_USER = 0x02, 0x40, 0x80


@dataclass(slots=True)
class Missed:
    """What a listener did not see, since it was made."""

    messages: int = 0
    """Those that came while too many others waited to be looked at."""
    interruptions: int = 0
    """Lost connections; what was on its way then is not known."""
    seconds: float = 0.0
    """For how long there was no connection, after the first one."""


async def passing(
    settings: MqttSettings, filters: Sequence[str], missed: Missed | None = None
) -> AsyncGenerator[list[Passing], None]:
    """Yield what comes with QoS 0 until the connection is lost; first an empty list, once we listen.

    Another empty list says that nothing came for a while.

    Args:
        settings: the broker, spoken to in MQTT 3.1.1 and over TCP.
        filters: the topics.
        missed: what is left out as its reader is too slow is counted here.

    Raises:
        ConnectError: the broker does not take us.
        ConnectionLost: it did, and is gone.
    """
    ear = await _open(settings, filters, missed or Missed())
    try:
        yield []
        is_asked = False
        while True:
            ear.news.clear()
            group = take_messages(ear.buffer, AT_ONCE)
            if group:
                is_asked = False
                yield group
            elif ear.lost is not None:
                raise ConnectionLost(settings.endpoint, ear.lost)
            elif not await ear.hears(_SILENCE):
                if is_asked:
                    raise ConnectionLost(settings.endpoint, f"no answer within {_SILENCE:.0f} s")
                ear.send(_PING)
                is_asked = True
                yield []
            else:
                is_asked = False
    finally:
        ear.close()


class _Ear(asyncio.Protocol):
    """The connection: what came and was not taken yet."""

    def __init__(self, missed: Missed) -> None:
        self.buffer = bytearray()
        self.news = asyncio.Event()
        self.lost: str | None = None
        self._missed = missed
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        """Keep what came; when that is too much for its reader, let go what waits."""
        self.buffer += data
        if len(self.buffer) > WAITING_BYTES:
            self._missed.messages += skip_messages(self.buffer)
        self.news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember why."""
        self.lost = str(exc) if exc else "the broker hung up"
        self.news.set()

    async def hears(self, seconds: float) -> bool:
        """Return whether there are news within a time."""
        try:
            async with asyncio.timeout(seconds):
                await self.news.wait()
        except TimeoutError:
            return False
        return True

    async def packet(self) -> bytes:
        """Return the next packet whole, and leave it where it is; nothing once the connection is lost."""
        while True:
            self.news.clear()
            for at, _, end in _packets(self.buffer):
                return bytes(self.buffer[at:end])
            if self.lost is not None:
                return b""
            await self.news.wait()

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def _open(settings: MqttSettings, filters: Sequence[str], missed: Missed) -> _Ear:
    ear = _Ear(missed)
    try:
        async with asyncio.timeout(settings.connect_timeout):
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: ear, settings.host, settings.actual_port)
            await _ask(ear, settings, filters)
    except OSError as error:  # TimeoutError is one
        ear.close()
        raise connect_failure(settings, error) from error
    except BaseException:
        ear.close()
        raise
    return ear


async def _ask(ear: _Ear, settings: MqttSettings, filters: Sequence[str]) -> None:
    """Log in and subscribe."""
    ear.send(_connect(settings))
    answer = await ear.packet()
    if not answer:
        raise closed_before_answer(settings)
    if answer[0] != _CONNECTED or len(answer) != _CONNECTED_BYTES:
        raise not_mqtt(settings)
    if answer[-1]:
        raise refusal(settings, answer[-1])
    del ear.buffer[: len(answer)]
    ear.send(_packet(_SUBSCRIBE, b"\x00\x01" + b"".join(_text(each) + b"\x00" for each in filters)))
    answer = await ear.packet()  # what is retained may come first, then nobody is told of a refusal
    if answer[:1] == _SUBSCRIBED and _REFUSED in answer[4:]:
        raise ConnectError(settings.endpoint, f"we may not listen to {', '.join(filters)}; ask who runs it")


def take_messages(buffer: bytearray, most: int | None = None) -> list[Passing]:
    """Take the whole packets out of a buffer, and return the messages among them; ``most`` of them.

    A topic that is no UTF-8 is left out.
    """
    found: list[Passing] = []
    taken = 0
    for at, body, end in _packets(buffer):
        taken = end
        if buffer[at] & 0xF6 != _PUBLISH:
            continue
        payload = body + 2 + (buffer[body] << 8 | buffer[body + 1])
        try:
            topic = buffer[body + 2 : payload].decode()
        except UnicodeDecodeError:
            continue
        found.append((topic, bytes(buffer[payload:end]), bool(buffer[at] & 1)))
        if len(found) == most:
            break
    del buffer[:taken]
    return found


def skip_messages(buffer: bytearray) -> int:
    """Drop the whole packets of a buffer, and return how many messages were among them."""
    skipped = taken = 0
    for at, _, end in _packets(buffer):
        skipped += buffer[at] & 0xF6 == _PUBLISH
        taken = end
    del buffer[:taken]
    return skipped


def _packets(buffer: bytearray) -> Iterator[tuple[int, int, int]]:
    """Yield where each whole packet begins, where its body does, and where it ends."""
    at, end = 0, len(buffer)
    while True:
        size = shift = 0
        body = at + 1
        while body < end:
            digit = buffer[body]
            body += 1
            size |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                break
        else:
            return  # the rest of the length is still to come
        if body + size > end:
            return
        yield at, body, body + size
        at = body + size


def _connect(settings: MqttSettings) -> bytes:
    flags, login = _CLEAN_SESSION, b""
    if settings.user is not None:
        flags, login = flags | _HAS_USER, _text(settings.user)
        if settings.password is not None:
            flags, login = flags | _HAS_PASSWORD, login + _text(settings.password)
    head = _text("MQTT") + bytes((4, flags)) + _KEEP_ALIVE.to_bytes(2, "big")
    return _packet(_CONNECT, head + _text(settings.client_id or "") + login)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _packet(kind: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while True:
        size, digit = divmod(size, 0x80)
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes((kind,)) + bytes(length) + body
