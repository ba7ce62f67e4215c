"""``/api/topics/…``: what is kept of a topic, and what a rule would keep; for the operator alone."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.ingest import refusing_rules
from heliograph.api.services import services
from heliograph.api.topics.routes import whole_number
from heliograph.errors import QueryError

_MESSAGES: Final = 1_000
_LAST_MS: Final = 10**14


@speaks_v2
async def stored(request: Request) -> Response:
    """``GET /api/topics/stored?topic=…``: which rule takes it, which series it gives, or a proposal."""
    hub = services(request)
    require_operator(request, hub.identities)
    return JSONResponse(await hub.topic_keeping.stored(_topic(request.query_params.get("topic"))))


@speaks_v2
async def preview(request: Request) -> Response:
    """``POST /api/topics/preview`` with ``topic`` and ``rule``: the points of its last messages."""
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    asked = await read_json(request)
    rule = asked.get("rule")
    if not isinstance(rule, dict):
        raise QueryError("rule must be an object as POST /api/ingest takes it")
    with refusing_rules():
        return JSONResponse(await hub.topic_keeping.preview(_topic(asked.get("topic")), rule))


@speaks_v2
async def history(request: Request) -> Response:
    """``GET /api/topics/history?topic=…``: its messages in the stream, with ``since_ms`` and ``limit``."""
    hub = services(request)
    require_operator(request, hub.identities)
    asked = request.query_params
    limit = whole_number(asked.get("limit"), "limit", _MESSAGES)
    since_ms = whole_number(asked["since_ms"], "since_ms", _LAST_MS) if "since_ms" in asked else 0
    return JSONResponse(await hub.topic_keeping.history(_topic(asked.get("topic")), since_ms, limit))


def _topic(asked: object) -> str:
    if not isinstance(asked, str) or not asked:
        raise QueryError(f"topic must be the name of a topic; {asked!r} came")
    return asked
