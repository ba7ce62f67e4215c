"""``/api/dashboards``: the list, import, export, saving, versions and deleting."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of, require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.identity.rights import BUCKETS, DASHBOARDS, Action
from heliograph.api.questions.plans import expect
from heliograph.api.services import Services, services
from heliograph.dashboards.library import Shown
from heliograph.errors import Forbidden

DOCUMENT_BYTES: Final = 8 * 1024 * 1024
"""The largest dashboard; the largest of the real ones that we know has 1.4 MB."""


@speaks_v2
async def list_all(request: Request) -> Response:
    """``GET /api/dashboards``."""
    hub = _reading(request)
    return JSONResponse({"dashboards": await asyncio.to_thread(hub.dashboards.listed)})


@speaks_v2
async def take(request: Request) -> Response:
    """``POST /api/dashboards/import`` with ``{"dashboard", "overwrite", "inputs", "message"}``."""
    hub = _changing(request)
    asked = await read_json(request, DOCUMENT_BYTES)
    shown = await asyncio.to_thread(
        hub.dashboards.take,
        asked.get("dashboard"),
        inputs=expect(asked, "inputs", dict, {}),
        message=expect(asked, "message", str, ""),
        overwrite=expect(asked, "overwrite", bool, default=False),
    )
    return JSONResponse(_told(shown) | {"report": shown.view.report})


@speaks_v2
async def show(request: Request) -> Response:
    """``GET /api/dashboards/{uid}``: the view and the report."""
    hub = _reading(request)
    shown = await asyncio.to_thread(hub.dashboards.shown, request.path_params["uid"])
    return await asyncio.to_thread(JSONResponse, shown_json(shown))


@speaks_v2
async def export(request: Request) -> Response:
    """``GET /api/dashboards/{uid}/export``: JSON for Grafana."""
    hub = _reading(request)
    uid = request.path_params["uid"]
    document = await asyncio.to_thread(hub.dashboards.document, uid)
    response = await asyncio.to_thread(JSONResponse, document)
    response.headers["Content-Disposition"] = f'attachment; filename="{uid}.json"'
    return response


@speaks_v2
async def save(request: Request) -> Response:
    """``PUT /api/dashboards/{uid}`` with ``{"view" or "dashboard": …, "version": seen, "message": …}``."""
    hub = _changing(request)
    asked = await read_json(request, DOCUMENT_BYTES)
    seen = expect(asked, "version", int)
    save_ = hub.dashboards.save_document if "dashboard" in asked else hub.dashboards.save_view
    given = asked.get("dashboard") if "dashboard" in asked else asked.get("view")
    message = expect(asked, "message", str, "")
    shown = await asyncio.to_thread(save_, request.path_params["uid"], given, seen, message)
    return JSONResponse(_told(shown) | {"report": shown.view.report})


@speaks_v2
async def copy(request: Request) -> Response:
    """``POST /api/dashboards/{uid}/copy`` with ``{"view": …, "title": …}``: a changed view as another one."""
    hub = _changing(request)
    asked = await read_json(request, DOCUMENT_BYTES)
    title = expect(asked, "title", str, "")
    shown = await asyncio.to_thread(hub.dashboards.copy, request.path_params["uid"], asked.get("view"), title)
    return JSONResponse(_told(shown) | {"report": shown.view.report})


@speaks_v2
async def delete(request: Request) -> Response:
    """``DELETE /api/dashboards/{uid}``."""
    hub = _changing(request)
    uid = request.path_params["uid"]
    await asyncio.to_thread(hub.dashboards.delete, uid)
    return JSONResponse({"deleted": uid})


@speaks_v2
async def versions(request: Request) -> Response:
    """``GET /api/dashboards/{uid}/versions``: the newest first."""
    hub = _reading(request)
    uid = request.path_params["uid"]
    await asyncio.to_thread(hub.dashboards.document, uid)
    found = await asyncio.to_thread(hub.dashboards.table.versions, uid)
    return JSONResponse({"uid": uid, "versions": found})


@speaks_v2
async def restore(request: Request) -> Response:
    """``POST /api/dashboards/{uid}/restore`` with ``{"version": …}``: that one again, as the newest."""
    hub = _changing(request)
    version = expect(await read_json(request), "version", int)
    shown = await asyncio.to_thread(hub.dashboards.restore, request.path_params["uid"], version)
    return JSONResponse(_told(shown) | {"report": shown.view.report})


def shown_json(shown: Shown) -> dict[str, Any]:
    """Return a dashboard as the page gets it."""
    return {
        "uid": shown.uid,
        "version": shown.version,
        "view": shown.view.dashboard,
        "report": shown.view.report,
        "built_in": shown.built_in,
        "provisioned": bool(shown.file),
    }


def _told(shown: Shown) -> dict[str, Any]:
    return {"uid": shown.uid, "title": shown.view.dashboard["title"], "version": shown.version}


def _reading(request: Request) -> Services:
    hub = services(request)
    caller = caller_of(request, hub.identities)
    if not any(p.action is Action.READ and p.resource in (BUCKETS, DASHBOARDS) for p in caller.rights):
        raise Forbidden("this token may read neither dashboards nor a bucket")
    return hub


def _changing(request: Request) -> Services:
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    return hub
