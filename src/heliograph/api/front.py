"""The shortest way to ``/query``: what dashboards ask most passes none of the layers that it does not need.

What is left out here is what such a request has no use for: a body to wait for, a list of routes to try.
Whoever sends a body, asks for chunks or comes under a foreign name takes the usual way.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from heliograph.api.errors import v2_error
from heliograph.api.guard import HEADERS, host_name
from heliograph.api.influxdb.query import Answer, query
from heliograph.api.influxdb.repeats import Repeats
from heliograph.api.packing import PACKED_BYTES, PACKED_LEVEL, takes_gzip
from heliograph.api.services import Services

_LONG_BYTES: Final = 128 * 1024
"""Longer ones are compressed in a thread."""
_HEADERS: Final = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_VARY: Final = (b"vary", b"Accept-Encoding")


class Front:
    """Answers plain questions to ``/query`` and hands everything else on."""

    def __init__(self, app: Starlette, services: Services) -> None:
        self._app = app
        self._hosts = services.hosts
        self._repeats = Repeats(services.influxql, services.identities)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one that is cancelled, as the hub stops, is told so."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def telling(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if scope["path"] == "/query" and self._is_plain(scope):
                await self._answer(scope, receive, telling)
            else:
                await self._app(scope, receive, telling)
        except asyncio.CancelledError:
            if not begun:
                await v2_error(503, "the hub is being stopped; try again in a moment")(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response | None = self._repeats.find(scope)
        new = response is None
        if response is None:
            scope["app"] = self._app
            response = await query(Request(scope, receive))
            response.raw_headers.extend(_HEADERS)
            if isinstance(response, StreamingResponse):
                await response(scope, receive, send)
                return
            if len(response.body) >= PACKED_BYTES:
                await _pack(response, Headers(scope=scope).get("accept-encoding", ""))
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        await send({"type": "http.response.body", "body": response.body})
        if new and isinstance(response, Answer) and response.made_of is not None:
            self._repeats.keep(scope, *response.made_of, response)

    def _is_plain(self, scope: Scope) -> bool:
        if scope["method"] != "GET" or b"chunked" in scope["query_string"]:
            return False
        host = ""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1")
            elif name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
                return False
        return host_name(host) in self._hosts


async def _pack(response: Response, accepted: str) -> None:
    response.raw_headers.append(_VARY)
    if not takes_gzip(accepted):
        return
    body = bytes(response.body)
    if len(body) < _LONG_BYTES:
        response.body = gzip.compress(body, PACKED_LEVEL)
    else:
        response.body = await asyncio.to_thread(gzip.compress, body, PACKED_LEVEL)
    response.raw_headers[:] = [header for header in response.raw_headers if header[0] != b"content-length"]
    response.raw_headers += [
        (b"content-length", str(len(response.body)).encode()),
        (b"content-encoding", b"gzip"),
    ]
