"""``/api/status``, ``ledger`` and ``first-steps``: how the hub is, and how to send it something."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import require_user
from heliograph.api.errors import speaks_v2
from heliograph.api.services import services


@speaks_v2
async def status(request: Request) -> Response:
    """``GET /api/status``: parts, positions, counters and refusals."""
    hub = services(request)
    require_user(request, hub.identities)
    return JSONResponse(await hub.status())


@speaks_v2
async def ledger(request: Request) -> Response:
    """``GET /api/ledger``: what came from each device and for each bucket, and what became of it."""
    hub = services(request)
    require_user(request, hub.identities)
    return JSONResponse(await hub.ledger(request.query_params.get("device")))


@speaks_v2
async def first_steps(request: Request) -> Response:
    """``GET /api/first-steps``: the ways to send data, as text to copy."""
    hub = services(request)
    require_user(request, hub.identities)
    return JSONResponse({"ways": hub.first_steps()})
