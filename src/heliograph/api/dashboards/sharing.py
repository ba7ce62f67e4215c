"""Links that show one dashboard to whoever has them, until they end.

A link reads the buckets that the queries of its dashboard name, and nothing else; it changes nothing.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import require_operator
from heliograph.api.body import read_json
from heliograph.api.dashboards.answers import MayRead
from heliograph.api.dashboards.documents import shown_json
from heliograph.api.dashboards.panels import answer, variable_values
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.identity.hashing import hashed
from heliograph.api.questions.plans import expect
from heliograph.api.rules import alerts_for
from heliograph.api.services import Services, services
from heliograph.dashboards.library import Shown
from heliograph.dashboards.shape import objects
from heliograph.errors import AuthError, Forbidden, QueryError

SHORTEST_SECONDS: Final = 60
LONGEST_SECONDS: Final = 366 * 86_400
_DAY_SECONDS: Final = 86_400
_REQUEST_BYTES: Final = 4 * 1024 * 1024


@speaks_v2
async def make(request: Request) -> Response:
    """``POST /api/dashboards/{uid}/share`` with ``{"seconds": …}``: a new link, told this once."""
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    seconds = expect(await read_json(request), "seconds", int, _DAY_SECONDS)
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise QueryError(
            f"seconds must be from {SHORTEST_SECONDS} to {LONGEST_SECONDS} (366 days); {seconds} came"
        )
    uid = request.path_params["uid"]
    await asyncio.to_thread(hub.dashboards.document, uid)
    link = secrets.token_urlsafe(24)
    expires_ms = time.time_ns() // 1_000_000 + seconds * 1_000
    await asyncio.to_thread(hub.dashboards.table.add_link, hashed(link), uid, expires_ms)
    return JSONResponse({"uid": uid, "link": link, "path": f"/#shared={link}", "expires_ms": expires_ms})


@speaks_v2
async def end(request: Request) -> Response:
    """``DELETE /api/dashboards/{uid}/share``: end all links to a dashboard."""
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    return JSONResponse(
        {"ended": await asyncio.to_thread(hub.dashboards.table.end_links, request.path_params["uid"])}
    )


@speaks_v2
async def show(request: Request) -> Response:
    """``GET /api/shared/{link}``: the dashboard of a link."""
    shown, expires_ms = await _shared(request)
    return await asyncio.to_thread(JSONResponse, shown_json(shown) | {"expires_ms": expires_ms})


@speaks_v2
async def query(request: Request) -> Response:
    """``POST /api/shared/{link}/query``: what ``/api/panels/query`` does, of the link's buckets."""
    shown, _ = await _shared(request)
    hub = services(request)
    asked = await read_json(request, _REQUEST_BYTES)
    return await answer(request, hub, asked, _reader(hub, shown), ("link", shown.uid))


@speaks_v2
async def variables(request: Request) -> Response:
    """``GET /api/shared/{link}/variables``: what ``/api/variables`` does, of the link's buckets."""
    shown, _ = await _shared(request)
    hub = services(request)
    return await variable_values(request, hub, _reader(hub, shown))


@speaks_v2
async def alerts(request: Request) -> Response:
    """``GET /api/shared/{link}/alerts``: those of the link's buckets, where the dashboard lists alerts."""
    shown, _ = await _shared(request)
    if not any(panel.get("type") == "alertlist" for panel in _panels(shown)):
        raise Forbidden("this link shows one dashboard, and no alerts are in it")
    return alerts_for(request, _reader(services(request), shown))


async def _shared(request: Request) -> tuple[Shown, int]:
    hub = services(request)
    found = hub.dashboards.table.link(hashed(request.path_params["link"]))
    if found is None:
        raise AuthError("this link is over, or was none; ask for a new one")
    uid, expires_ms = found
    return await asyncio.to_thread(hub.dashboards.shown, uid), expires_ms


def _reader(hub: Services, shown: Shown) -> MayRead:
    asked = [target for panel in _panels(shown) for target in objects(panel.get("targets"))]
    asked += shown.view.dashboard["templating"]["list"]
    allowed = {one["x-helio"].get("bucket") for one in asked if isinstance(one.get("x-helio"), dict)}

    def may_read(bucket: str) -> None:
        # "telegraf/autogen" is a policy of "telegraf": a panel of that database may ask it
        if bucket not in allowed and bucket.partition("/")[0] not in allowed:
            raise Forbidden(f"this link shows one dashboard, and the bucket {bucket!r} is not in it")

    return may_read


def _panels(shown: Shown) -> list[dict[str, Any]]:
    """Return all panels, those of closed rows, too."""
    panels = objects(shown.view.dashboard["panels"])
    return [one for panel in panels for one in (panel, *objects(panel.get("panels")))]
