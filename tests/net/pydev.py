"""The tests' own debug server, as Eclipse's PyDev has one: pydevd connects to it.

Source: pydevd's own ``pydevd_comm.py``, "Protocol": lines of number, sequence and text, divided by tabs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote

_RUN, _SUSPENDED, _GO_ON, _SET_BREAK, _VERSION = 101, 105, 106, 111, 501
_SECONDS: Final = 90.0


class DebugServer:
    """Listens on loopback for one pydevd."""

    def __init__(self) -> None:
        self.port = 0
        self._connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.get_running_loop().create_future()
        )
        self._sequence = 1

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connected.set_result((reader, writer))

    async def begin(self, file: Path, line: int, condition: str) -> None:
        """Wait for pydevd, set a breakpoint by the laptop's path, and let the program run."""
        async with asyncio.timeout(_SECONDS):
            await self._connected
        self._send(_VERSION, "1.1\tUNIX\tID")
        self._send(_SET_BREAK, f"1\tpython-line\t{file}\t{line}\tNone\t{condition}\tNone")
        self._send(_RUN, "")

    async def suspended(self) -> tuple[str, str, int]:
        """Wait for a stop; return thread, path and line."""
        text = await self._until(_SUSPENDED)
        thread = re.search(r'<thread id="([^"]+)"', text)
        frame = re.search(r'<frame [^>]*?file="([^"]+)" line="(\d+)"', text)
        assert thread is not None
        assert frame is not None
        return thread[1], unquote(unquote(frame[1])), int(frame[2])

    def go_on(self, thread: str) -> None:
        self._send(_GO_ON, thread)

    async def close(self) -> None:
        if self._connected.done():
            writer = self._connected.result()[1]
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _send(self, command: int, text: str) -> None:
        self._sequence += 2
        writer = self._connected.result()[1]
        writer.write(f"{command}\t{self._sequence}\t{text}\n".encode())

    async def _until(self, command: int) -> str:
        reader = self._connected.result()[0]
        async with asyncio.timeout(_SECONDS):
            while True:
                number, _, rest = (await reader.readline()).decode().rstrip("\n").partition("\t")
                if int(number) == command:
                    return unquote(rest.partition("\t")[2])


@asynccontextmanager
async def debug_server() -> AsyncIterator[DebugServer]:
    server = DebugServer()
    listener = await asyncio.start_server(server.take, "127.0.0.1", 0, limit=1 << 22)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.close()
