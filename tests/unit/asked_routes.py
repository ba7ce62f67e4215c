"""Asking single routes of a hub of which there is only the store."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from heliograph.api.identity.identities import Identities
from tests.unit.stored_points import Kept

Route = Callable[[Request], Awaitable[Response]]


async def answer(route: Route, kept: Kept, **asked: object) -> Any:
    """Ask a route. It looks at store and identities only, so these stand for all of a hub's services."""
    identities = Identities(kept.database, kept.folder / "operator.token")
    services = SimpleNamespace(store=kept.store, identities=identities)
    body = json.dumps(asked).encode()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"authorization", f"Token {identities.token}".encode())],
        "app": SimpleNamespace(state=SimpleNamespace(services=services)),
    }
    response = await route(Request(scope, receive))
    return json.loads(bytes(response.body))
