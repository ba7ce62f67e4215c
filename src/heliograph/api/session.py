"""``/api/session``: the page logs in with a single-use code or the token, and out again."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import COOKIE, address_of, caller_of, require_user
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_v2, v2_error
from heliograph.api.guard import require_own_origin
from heliograph.api.identity.audit import ACTING, Acting
from heliograph.api.identity.identities import OPERATOR, SESSION_SECONDS
from heliograph.api.services import services
from heliograph.errors import AuthError, CodeNeeded, Forbidden, QueryError

_BODY_BYTES: Final = 16 * 1024
"""Strangers send it: a name, a password and a code are far less."""


@speaks_v2
async def log_in(request: Request) -> Response:
    """``POST /api/session`` with ``{"code": …}``, ``{"token": …}`` or ``{"user": …, "password": …}``.

    People with a second factor send its code as ``totp``; without it 401 with ``X-Helio-Needs: totp``.
    """
    identities = services(request).identities
    require_own_origin(request)
    asked = await read_json(request, _BODY_BYTES)
    code, token = asked.get("code"), asked.get("token")
    user, password, totp = asked.get("user"), asked.get("password"), asked.get("totp", "")
    ACTING.set(Acting("", address_of(request)))
    if isinstance(user, str) and isinstance(password, str) and isinstance(totp, str):
        try:
            session = await identities.log_in(user, password, address_of(request), totp)
        except CodeNeeded as error:
            response = v2_error(error.http_status, str(error))
            response.headers["X-Helio-Needs"] = "totp"
            return response
    elif isinstance(code, str):
        session = await asyncio.to_thread(identities.redeem, code)
    elif isinstance(token, str):
        caller = identities.of_token(token.strip())
        if caller is None:
            raise AuthError("this token is not known; helio token prints the right one")
        if not caller.is_operator:
            raise Forbidden(
                "the page is for the operator's token, which helio token prints on the hub's host"
            )
        session = await asyncio.to_thread(identities.open_session, caller.user)
    else:
        raise QueryError('expected {"user": "…", "password": "…"}, {"code": "…"} or {"token": "…"}')
    response = JSONResponse({"user": OPERATOR})
    keep_session(request, response, session)
    return response


def keep_session(request: Request, response: Response, session: str) -> None:
    """Give a browser a session's cookie, out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        session,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


@speaks_v2
async def who(request: Request) -> Response:
    """``GET /api/session``: who is logged in, and at which hub."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    return JSONResponse({"user": OPERATOR if caller.is_operator else caller.user, "hub": dict(hub.hub)})


@speaks_v2
async def log_out(request: Request) -> Response:
    """``DELETE /api/session``."""
    require_own_origin(request)
    session = request.cookies.get(COOKIE)
    if session:
        await asyncio.to_thread(services(request).identities.close_session, session)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response


@speaks_v2
async def new_login(request: Request) -> Response:
    """``POST /api/login-code``: a fresh single-use code, for who has the token already."""
    identities = services(request).identities
    require_user(request, identities)
    require_own_origin(request)
    return JSONResponse({"code": identities.login_code()})
