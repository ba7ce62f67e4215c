"""``/api/v2/orgs``, ``/me``, ``/users`` and ``/api/v2``: one organization, and one person in it."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_influx_v2
from heliograph.api.identity.identities import OPERATOR
from heliograph.api.identity.ids import OPERATOR_ID, ORGANIZATION_ID
from heliograph.api.identity.rights import ORGS, Action
from heliograph.api.influxdb.shapes import ROOT, text_of
from heliograph.api.services import Services, services
from heliograph.errors import Forbidden, NotFound, NotPossible, QueryError

_ONE: str = "this hub has one organization; rename it, or put what you want to tell apart into buckets"


@speaks_influx_v2
async def list_all(request: Request) -> Response:
    """``GET /api/v2/orgs``."""
    hub = services(request)
    caller_of(request, hub.identities)
    org = organization_json(hub)
    wanted_id, wanted_name = (request.query_params.get(key) for key in ("orgID", "org"))
    if wanted_id is not None and wanted_id != org["id"]:
        raise NotFound("organization", wanted_id)
    if wanted_name is not None and wanted_name != org["name"]:
        raise NotFound("organization name", wanted_name)
    return JSONResponse({"links": {"self": f"{ROOT}/orgs"}, "orgs": [org]})


@speaks_influx_v2
async def get(request: Request) -> Response:
    """``GET /api/v2/orgs/{id}``."""
    hub = services(request)
    caller_of(request, hub.identities)
    _require_known(request)
    return JSONResponse(organization_json(hub))


@speaks_influx_v2
async def change(request: Request) -> Response:
    """``PATCH /api/v2/orgs/{id}`` with ``{"name": …, "description": …}``."""
    hub = services(request)
    _require_writer(request, hub)
    _require_known(request)
    asked = await read_json(request)
    name = text_of(asked, "name", hub.directory.organization())
    if not name:
        raise QueryError("the name of an organization must not be empty")
    description = text_of(asked, "description", hub.directory.note(ORGANIZATION_ID))
    await asyncio.to_thread(hub.directory.rename_organization, name)
    await asyncio.to_thread(hub.directory.set_note, ORGANIZATION_ID, description)
    return JSONResponse(organization_json(hub))


@speaks_influx_v2
async def refuse(request: Request) -> Response:
    """``POST /api/v2/orgs`` and ``DELETE /api/v2/orgs/{id}``: there is one, and it stays."""
    _require_writer(request, services(request))
    raise NotPossible(_ONE)


@speaks_influx_v2
async def me(request: Request) -> Response:
    """``GET /api/v2/me``: the operator, on whose behalf every token works."""
    hub = services(request)
    caller_of(request, hub.identities)
    return JSONResponse(user_json(hub))


@speaks_influx_v2
async def users(request: Request) -> Response:
    """``GET /api/v2/users``."""
    hub = services(request)
    caller_of(request, hub.identities)
    user, wanted = user_json(hub), request.query_params
    found = wanted.get("name", user["name"]) == user["name"] and wanted.get("id", user["id"]) == user["id"]
    return JSONResponse({"links": {"self": f"{ROOT}/users"}, "users": [user] if found else []})


@speaks_influx_v2
async def routes(request: Request) -> Response:
    """``GET /api/v2``: where what is."""
    nouns = ("authorizations", "buckets", "me", "orgs", "setup", "signin", "signout", "telegrafs", "users")
    system = {"health": "/health", "ping": "/ping", "ready": "/ready"}
    links = {noun: f"{ROOT}/{noun}" for noun in (*nouns, "write")}
    return JSONResponse({**links, "system": system})


def organization_json(hub: Services) -> dict[str, Any]:
    """Return the organization as the answers show it."""
    return {
        "id": ORGANIZATION_ID,
        "name": hub.directory.organization(),
        "description": hub.directory.note(ORGANIZATION_ID),
        "status": "active",
        "links": {
            "self": f"{ROOT}/orgs/{ORGANIZATION_ID}",
            "buckets": f"{ROOT}/buckets?orgID={ORGANIZATION_ID}",
        },
    }


def user_json(hub: Services) -> dict[str, Any]:
    """Return the one user as the answers show it."""
    return {
        "id": OPERATOR_ID,
        "name": hub.identities.people.first() or OPERATOR,
        "status": "active",
        "links": {"self": f"{ROOT}/users/{OPERATOR_ID}"},
    }


def _require_known(request: Request) -> None:
    if request.path_params["id"] != ORGANIZATION_ID:
        raise NotFound("organization", request.path_params["id"])


def _require_writer(request: Request, hub: Services) -> None:
    if not caller_of(request, hub.identities).may(Action.WRITE, ORGS):
        raise Forbidden("changing the organization needs a token that may write orgs")
