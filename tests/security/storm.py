"""Thousands of devices that connect by themselves and come again when they are cut: one loop, plain MQTT."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 10.0
_PATIENCE = 15.0


def connect_packet(name: str, key: str) -> bytes:
    """Return a CONNECT with user and password, a clean session and 60 s keep-alive."""
    words = b"".join(
        len(word).to_bytes(2, "big") + word for word in (name.encode(), name.encode(), key.encode())
    )
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c" + words
    length = len(body)
    size = bytes([length]) if length < 128 else bytes([length % 128 | 0x80, length // 128])
    return b"\x10" + size + body


@dataclass
class Storm:
    """The devices, what became of their attempts, and how long each took to get in."""

    port: int
    keys: dict[str, str]
    connected: set[str] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    attempts: int = 0
    failed: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Let all devices live until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name in self.keys:
                group.create_task(self._device(name))

    async def until(self, count: int, seconds: float) -> float:
        """Return after how long so many are connected.

        Raises:
            TimeoutError: they are not.
        """
        began = time.monotonic()
        async with asyncio.timeout(seconds):
            while len(self.connected) != count:
                self._changed.clear()
                await self._changed.wait()
        return time.monotonic() - began

    def begin_anew(self) -> None:
        """Forget the figures."""
        self.seconds.clear()
        self.attempts = self.failed = 0

    async def _device(self, name: str) -> None:
        wait = _FIRST_WAIT
        since = time.monotonic()
        while True:
            self.attempts += 1
            if await self._connect(name, since):
                wait, since = _FIRST_WAIT, time.monotonic()
            else:
                self.failed += 1
            await asyncio.sleep(random.uniform(0, wait))
            wait = min(2 * wait, _LONGEST_WAIT)

    async def _connect(self, name: str, since: float) -> bool:
        """Return whether a device was let in, once that is over."""
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(_PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(connect_packet(name, self.keys[name]))
                answer = await reader.readexactly(4)
            if answer[-1:] == b"\x00":
                self.seconds.append(time.monotonic() - since)
                await self._stay(name, reader, writer)
                return True
        except (OSError, EOFError):
            pass
        finally:
            if writer is not None:
                writer.transport.abort()
        return False

    async def _stay(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected.add(name)
        self._changed.set()
        try:
            while True:
                try:
                    async with asyncio.timeout(30):
                        if not await reader.read(64):
                            break
                except TimeoutError:
                    writer.write(b"\xc0\x00")
        except OSError:
            pass
        finally:
            self.connected.discard(name)
            self._changed.set()
