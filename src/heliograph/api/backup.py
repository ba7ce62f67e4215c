"""``POST /api/backup``: everything that a hub keeps, in one file."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from heliograph.api.auth import require_operator
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.services import services


@speaks_v2
async def backup(request: Request) -> Response:
    """Send a backup; it holds keys and tokens, so only the operator gets one."""
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    return StreamingResponse(
        await hub.backup(), media_type="application/zstd", headers={"Cache-Control": "no-store"}
    )
