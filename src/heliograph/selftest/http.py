"""The little HTTP that the test needs, over one connection that is opened again when it breaks."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from heliograph.errors import HubError

TIMEOUT: Final = 30.0
_BROKEN: Final = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class HttpClient:
    """A client of a hub on this machine. One request at a time."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> int | None:
        """Return the status of an answer, None where none came. A cancel closes the connection."""
        try:
            status, _ = await self._request("POST", path, body)
        except _BROKEN:
            return None
        return status

    async def json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return an answer that must be a success.

        Raises:
            HubError: none came, or it was none.
        """
        url = f"http://127.0.0.1:{self._port}{path}"
        try:
            status, answer = await self._request(method, path, json.dumps(body).encode() if body else b"")
        except _BROKEN as error:
            raise HubError(url, str(error) or type(error).__name__) from error
        if status != 200:
            raise HubError(url, answer.decode(errors="replace"), status)
        result: dict[str, Any] = json.loads(answer)
        return result

    async def _request(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        done = False
        try:
            async with asyncio.timeout(TIMEOUT):
                if self._connection is None:
                    self._connection = await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = self._connection
                writer.write(
                    f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
                    f"Authorization: Token {self._token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                )
                writer.write(body)
                answer = await _answer(reader)
                done = True
                return answer
        finally:
            if not done:
                self.close()

    def close(self) -> None:
        """Close the connection; the next request opens one."""
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    body = await reader.readexactly(int(fields.get("content-length", "0")))
    return int(head[0].split(" ")[1]), body
