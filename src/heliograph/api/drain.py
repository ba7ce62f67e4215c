"""Lets a client finish its sentence: the rest of a body is read before a refusal is sent."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATIENCE_BYTES: Final = 64 * 1024 * 1024
"""As much as this is read and thrown away; a client that sends more sees a broken connection."""
PATIENCE: Final = 10.0


class Drain:
    """Reads what is left of a request's body before its answer begins.

    A server that answers and closes while a client still sends makes the client's system throw the
    answer away: instead of "401" or "413" the client sees a reset connection, and tries again for ever.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # who asks first whether to send has not begun to
        if scope["type"] != "http" or any(name == b"expect" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        whole = False

        async def reading() -> Message:
            nonlocal whole
            message = await receive()
            whole = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        async def answering(message: Message) -> None:
            left = PATIENCE_BYTES
            try:
                async with asyncio.timeout(PATIENCE):
                    while not whole and left > 0:
                        left -= len((await reading()).get("body", b""))
            except TimeoutError:
                pass  # too slow to wait for: it gets its answer now
            await send(message)

        await self._app(scope, reading, answering)
