"""``/api/v2/setup``, ``/signin`` and ``/signout``: as InfluxDB 2.x has them, for programs.

The page has its own way in: :mod:`heliograph.api.session`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import COOKIE, address_of, caller_of, credentials_of
from heliograph.api.body import read_json
from heliograph.api.buckets import check_name
from heliograph.api.errors import speaks_influx_v2, v2_conflict
from heliograph.api.guard import require_own_origin
from heliograph.api.identity.rights import EVERYTHING
from heliograph.api.influxdb.authorizations import new_authorization
from heliograph.api.influxdb.buckets import bucket_by_name, keep_of
from heliograph.api.influxdb.orgs import organization_json, user_json
from heliograph.api.influxdb.shapes import text_of
from heliograph.api.services import Services, services
from heliograph.api.session import keep_session
from heliograph.errors import BucketExists, QueryError
from heliograph.store.retention import FOREVER, WHOLE_BUCKET
from heliograph.store.rollups.summary import RAW

_SHORTEST_PASSWORD = 8
_SHORTEST_TOKEN = 8
_DONE = "onboarding has already been completed"


def _is_open(hub: Services) -> bool:
    return hub.allow_setup and hub.identities.people.first() is None


@speaks_influx_v2
async def setup_allowed(request: Request) -> Response:
    """``GET /api/v2/setup``: whether somebody may still set the hub up; no login is needed."""
    return JSONResponse({"allowed": _is_open(services(request))})


@speaks_influx_v2
async def set_up(request: Request) -> Response:
    """``POST /api/v2/setup`` with user, password, organization, bucket and perhaps a token.

    Every hub has its operator from the first start; this is for test suites that begin like so.
    """
    hub = services(request)
    require_own_origin(request)
    if not _is_open(hub):
        return v2_conflict(_DONE)
    asked = await read_json(request)
    user, org, bucket = (text_of(asked, key) for key in ("username", "org", "bucket"))
    password, secret = text_of(asked, "password", ""), text_of(asked, "token", "")
    _check(user, org, password, secret)
    keep_ns = _keep_of(asked)
    await _make_bucket(hub, check_name(bucket), keep_ns)
    added = await asyncio.to_thread(hub.identities.people.add_first, user, password)
    if not added:
        return v2_conflict(_DONE)
    await asyncio.to_thread(hub.directory.rename_organization, org)
    token, secret = await asyncio.to_thread(
        hub.identities.tokens.create, EVERYTHING, description=f"{user}'s Token", secret=secret or None
    )
    return JSONResponse(
        {
            "user": user_json(hub),
            "org": organization_json(hub),
            "bucket": await bucket_by_name(hub, bucket),
            "auth": new_authorization(hub, token, secret),
        },
        201,
    )


def _check(user: str, org: str, password: str, secret: str) -> None:
    if not user or not org:
        raise QueryError("username and org must not be empty")
    if len(password) < _SHORTEST_PASSWORD:
        raise QueryError(f"password must have at least {_SHORTEST_PASSWORD} characters")
    if secret and len(secret) < _SHORTEST_TOKEN:
        raise QueryError(f"token must have at least {_SHORTEST_TOKEN} characters, or be left out")


def _keep_of(asked: dict[str, Any]) -> int:
    seconds = asked.get("retentionPeriodSeconds", 0)
    return (keep_of([{"everySeconds": seconds}]) if seconds else None) or FOREVER


async def _make_bucket(hub: Services, name: str, keep_ns: int) -> None:
    try:
        await hub.buckets.create(name, {RAW: keep_ns})
    except BucketExists:  # telegraf is there from the first start
        await hub.buckets.set_rules(name, WHOLE_BUCKET, {RAW: keep_ns})


@speaks_influx_v2
async def sign_in(request: Request) -> Response:
    """``POST /api/v2/signin`` with Basic: a person's name and password, or any name and a token."""
    hub = services(request)
    require_own_origin(request)
    user, password = credentials_of(request) or ("", "")
    caller = hub.identities.of_token(password)
    if caller is not None:
        session = await asyncio.to_thread(hub.identities.open_session, caller.user)
    else:
        session = await hub.identities.log_in(user, password, address_of(request))
    response = Response(status_code=204)
    keep_session(request, response, session)
    return response


@speaks_influx_v2
async def sign_out(request: Request) -> Response:
    """``POST /api/v2/signout``: ends the session."""
    hub = services(request)
    caller_of(request, hub.identities)
    session = request.cookies.get(COOKIE)
    if session:
        await asyncio.to_thread(hub.identities.close_session, session)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response
