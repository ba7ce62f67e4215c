"""The tests' own client of the Debug Adapter Protocol: what an editor says to debugpy.

Source: Debug Adapter Protocol specification, "Base Protocol".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

_SECONDS: Final = 90.0


class Editor:
    """A connection to debugpy, with the events that have come and not been asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sequence = 0
        self._kept: list[dict[str, Any]] = []

    def send(self, command: str, **arguments: Any) -> int:
        self._sequence += 1
        request = {"seq": self._sequence, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(request).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return self._sequence

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        return await self.answer(self.send(command, **arguments))

    async def answer(self, sequence: int) -> dict[str, Any]:
        found = await self._until("response", "request_seq", sequence)
        assert found["success"], found.get("message")
        body: dict[str, Any] = found.get("body") or {}
        return body

    async def event(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] = (await self._until("event", "event", name)).get("body") or {}
        return body

    async def attach(self, laptop: Path, board: str, breakpoints: dict[int, str]) -> int:
        """Attach and set breakpoints of main.py by the laptop's path; returns the request to wait for."""
        await self.ask("initialize", adapterID="tests", clientID="tests", pathFormat="path")
        mappings = [{"localRoot": str(laptop), "remoteRoot": board}]
        attached = self.send("attach", pathMappings=mappings, justMyCode=True)
        await self.event("initialized")
        asked = [{"line": line} | ({"condition": when} if when else {}) for line, when in breakpoints.items()]
        source = {"path": str(laptop / "main.py")}
        answer = await self.ask("setBreakpoints", source=source, breakpoints=asked)
        assert all(one["verified"] for one in answer["breakpoints"])
        await self.ask("configurationDone")
        await self.answer(attached)
        return attached

    async def stopped(self) -> tuple[str, int, dict[str, str], int]:
        """Wait for a stop; return path, line, local variables, and the thread."""
        thread: int = (await self.event("stopped"))["threadId"]
        frame = (await self.ask("stackTrace", threadId=thread))["stackFrames"][0]
        scope = (await self.ask("scopes", frameId=frame["id"]))["scopes"][0]
        variables = (await self.ask("variables", variablesReference=scope["variablesReference"]))["variables"]
        values = {one["name"]: one["value"] for one in variables}
        return frame["source"]["path"], frame["line"], values, thread

    async def _until(self, kind: str, key: str, value: object) -> dict[str, Any]:
        for message in self._kept:
            if message["type"] == kind and message[key] == value:
                self._kept.remove(message)
                return message
        async with asyncio.timeout(_SECONDS):
            while True:
                message = await self._read()
                if message["type"] == kind and message[key] == value:
                    return message
                self._kept.append(message)

    async def _read(self) -> dict[str, Any]:
        head = await self._reader.readuntil(b"\r\n\r\n")
        message: dict[str, Any] = json.loads(await self._reader.readexactly(int(head.split(b":")[1])))
        return message


@asynccontextmanager
async def editor(port: int) -> AsyncIterator[Editor]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    try:
        yield Editor(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
