"""``/api/identities/users`` and ``/api/audit``: operators with passwords, and who changed what."""

from __future__ import annotations

import asyncio
import platform
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import require_operator
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2
from heliograph.api.guard import require_own_origin
from heliograph.api.identity.people import LONGEST_PASSWORD
from heliograph.api.identity.totp import address_of as otp_address
from heliograph.api.identity.totp import new_secret
from heliograph.api.influxdb.shapes import text_of, whole_number
from heliograph.api.services import Services, services
from heliograph.errors import NotFound

_MS: Final = 1_000_000
_MOST_ENTRIES: Final = 10_000
_LONGEST_CODE: Final = 20


def changing(request: Request) -> Services:
    """Return the services for a route by which only the operator changes something."""
    hub = services(request)
    require_operator(request, hub.identities)
    require_own_origin(request)
    return hub


@speaks_v2
async def list_all(request: Request) -> Response:
    """``GET /api/identities/users``: operators, and InfluxDB 1.x's users."""
    hub = services(request)
    require_operator(request, hub.identities)
    people = [
        {
            "name": name,
            "kind": "operator",
            "created_ms": created_ns // _MS,
            "totp": hub.identities.people.has_code(name),
        }
        for name, created_ns in hub.identities.people.listed()
    ]
    users = [
        {"name": name, "kind": "influxdb", "admin": admin, "grants": dict(hub.identities.users.grants(name))}
        for name, admin in hub.identities.users.listed()
    ]
    return JSONResponse({"users": [*people, *users]})


@speaks_v2
async def add(request: Request) -> Response:
    """``POST /api/identities/users`` with ``{"name": …, "password": …}``."""
    hub = changing(request)
    asked = await read_json(request)
    name, password = text_of(asked, "name"), text_of(asked, "password", most=LONGEST_PASSWORD)
    await asyncio.to_thread(hub.identities.people.add, name, password)
    return JSONResponse({"name": name}, 201)


@speaks_v2
async def set_password(request: Request) -> Response:
    """``POST /api/identities/users/{name}/password`` with ``{"password": …}``; the person's sessions end."""
    hub = changing(request)
    password = text_of(await read_json(request), "password", most=LONGEST_PASSWORD)
    await asyncio.to_thread(hub.identities.people.set_password, request.path_params["name"], password)
    return Response(status_code=204)


@speaks_v2
async def set_code(request: Request) -> Response:
    """``POST /api/identities/users/{name}/totp``: a secret for an authenticator app, or its confirmation.

    Without a body a new secret, which is not kept. With ``{"secret": …, "code": …}`` the person needs the
    app's codes from now on.
    """
    hub = changing(request)
    name, asked = request.path_params["name"], await read_json(request)
    if asked:
        secret, code = (
            text_of(asked, "secret", most=LONGEST_PASSWORD),
            text_of(asked, "code", most=_LONGEST_CODE),
        )
        await asyncio.to_thread(hub.identities.people.set_code, name, secret, code)
        return Response(status_code=204)
    if not hub.identities.people.is_known(name):
        raise NotFound("user", name)
    secret = new_secret()
    return JSONResponse({"secret": secret, "address": otp_address(secret, name, platform.node())})


@speaks_v2
async def clear_code(request: Request) -> Response:
    """``DELETE /api/identities/users/{name}/totp``: the password is enough again."""
    hub = changing(request)
    await asyncio.to_thread(hub.identities.people.clear_code, request.path_params["name"])
    return Response(status_code=204)


@speaks_v2
async def revoke(request: Request) -> Response:
    """``DELETE /api/identities/users/{name}``."""
    hub = changing(request)
    await asyncio.to_thread(hub.identities.people.revoke, request.path_params["name"])
    return Response(status_code=204)


@speaks_v2
async def audit(request: Request) -> Response:
    """``GET /api/audit?limit=``: changes of identities and logins, the latest first."""
    hub = services(request)
    require_operator(request, hub.identities)
    limit = whole_number(request, "limit", 100, 1, _MOST_ENTRIES)
    entries = [
        {
            "time_ms": entry.time_ns // _MS,
            "who": entry.who,
            "address": entry.address,
            "what": entry.what,
            "about": entry.about,
        }
        for entry in hub.identities.audit.latest(limit)
    ]
    return JSONResponse({"entries": entries})
