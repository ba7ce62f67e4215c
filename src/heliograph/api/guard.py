"""What every request passes before a route sees it: the host's name, the origin, security headers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heliograph.api.errors import v2_error
from heliograph.errors import AuthError

_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Refuses requests under a foreign host name, and adds security headers to every answer.

    A page of a stranger can make a browser send requests to ``127.0.0.1`` under the stranger's own name
    (DNS rebinding); the ``Host`` header gives that away.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if host_name(Headers(scope=scope).get("host", "")) not in self._hosts:
            message = "this hub is not reached under that host name; use the address that helio up printed"
            await v2_error(403, message)(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def host_name(host: str) -> str:
    """Return the name of a ``Host`` header without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def require_own_origin(connection: HTTPConnection) -> None:
    """Refuse a browser's request that a page of another origin sends.

    Raises:
        AuthError: it is one.
    """
    if not origin_allowed(connection):
        raise AuthError("this request comes from a page of another origin")


def origin_allowed(connection: HTTPConnection) -> bool:
    """Return whether a browser's request comes from a page of this very hub; no ``Origin`` is no browser."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == connection.headers.get("host", "")
    except ValueError:
        return False
