"""``/api/identities/tokens``: what InfluxDB's authorizations do not have."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.accounts.users import changing
from heliograph.api.errors import speaks_v2
from heliograph.api.influxdb.authorizations import new_authorization


@speaks_v2
async def rotate(request: Request) -> Response:
    """``POST /api/identities/tokens/{id}/rotate``: another secret, the old one ends at once."""
    hub = changing(request)
    token, secret = await asyncio.to_thread(hub.identities.tokens.rotate, request.path_params["id"])
    return JSONResponse(new_authorization(hub, token, secret))
