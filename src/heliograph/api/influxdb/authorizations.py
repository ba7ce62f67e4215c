"""``/api/v2/authorizations``: tokens that programs get, each with rights of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heliograph.api.auth import caller_of
from heliograph.api.body import read_json
from heliograph.api.errors import speaks_influx_v2
from heliograph.api.identity.identities import Caller
from heliograph.api.identity.ids import OPERATOR_ID, OPERATOR_TOKEN_ID, ORGANIZATION_ID
from heliograph.api.identity.rights import (
    AUTHORIZATIONS,
    BUCKETS,
    EVERYTHING,
    Action,
    Permission,
    Rights,
    exceeding,
    parse_permissions,
)
from heliograph.api.identity.tokens import Token
from heliograph.api.identity.topics import NO_TOPICS, TopicRights, parse_filters
from heliograph.api.influxdb.orgs import user_json
from heliograph.api.influxdb.shapes import ROOT, rfc3339, text_of
from heliograph.api.services import Services, services
from heliograph.errors import Forbidden, NotFound, NotPossible, QueryError
from heliograph.model.time import SECOND_NS

_PATH: Final = f"{ROOT}/authorizations"
_LONGEST_SECONDS: Final = 36_500 * 86_400
_STATUSES: Final = {"active": True, "inactive": False}


@speaks_influx_v2
async def list_all(request: Request) -> Response:
    """``GET /api/v2/authorizations``: all for who may see them, otherwise one's own."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    shown = _shown(hub, [token for token in _all(hub) if _sees(caller, token)])
    for parameter, key in (("userID", "userID"), ("user", "user"), ("orgID", "orgID"), ("org", "org")):
        wanted = request.query_params.get(parameter)
        shown = [entry for entry in shown if wanted in (None, entry[key])]
    return JSONResponse({"links": {"self": _PATH}, "authorizations": shown})


@speaks_influx_v2
async def create(request: Request) -> Response:
    """``POST /api/v2/authorizations`` with ``{"permissions": […]}``; this answer alone has the token."""
    hub = services(request)
    caller = _changing(request, hub)
    asked = await read_json(request)
    topics, expires_ns = _topics(asked), _expires_ns(asked)
    if topics != NO_TOPICS and not caller.is_operator:
        raise Forbidden("only the operator may give rights to publish and to subscribe")
    permissions = asked.get("permissions")
    rights = _resolved(hub, permissions) if permissions or topics == NO_TOPICS else frozenset()
    too_much = exceeding(caller.rights, rights)
    if too_much:
        first = too_much[0]
        raise Forbidden(
            f"a token cannot give what it does not have itself: {first.action.value} {first.resource}"
        )
    token, secret = await asyncio.to_thread(
        hub.identities.tokens.create,
        rights,
        description=text_of(asked, "description", ""),
        active=_status(asked) is not False,
        topics=topics,
        expires_ns=expires_ns,
    )
    return JSONResponse(new_authorization(hub, token, secret), 201)


@speaks_influx_v2
async def get(request: Request) -> Response:
    """``GET /api/v2/authorizations/{id}``."""
    hub = services(request)
    caller = caller_of(request, hub.identities)
    token = _find(hub, request.path_params["id"])
    if not _sees(caller, token):
        raise NotFound("authorization", token.id)
    return JSONResponse(_shown(hub, [token])[0])


@speaks_influx_v2
async def change(request: Request) -> Response:
    """``PATCH /api/v2/authorizations/{id}`` with ``{"status": …, "description": …}``."""
    hub = services(request)
    caller = _changing(request, hub)
    asked = await read_json(request)
    token = _changeable(hub, caller, request.path_params["id"])
    changed = await asyncio.to_thread(
        hub.identities.tokens.change,
        token.id,
        description=text_of(asked, "description", token.description),
        active=_status(asked),
    )
    return JSONResponse(_shown(hub, [changed])[0])


@speaks_influx_v2
async def delete(request: Request) -> Response:
    """``DELETE /api/v2/authorizations/{id}``: who uses the token is refused from now on."""
    hub = services(request)
    caller = _changing(request, hub)
    token = _changeable(hub, caller, request.path_params["id"])
    await asyncio.to_thread(hub.identities.tokens.delete, token.id)
    return Response(status_code=204)


def new_authorization(hub: Services, token: Token, secret: str) -> dict[str, Any]:
    """Return a token that was just made, with the secret: no other answer ever has it."""
    return _shown(hub, [token])[0] | {"token": secret}


def _shown(hub: Services, tokens: Iterable[Token]) -> list[dict[str, Any]]:
    names = {entry.id: entry.name for entry in hub.directory.buckets()}
    org = {"orgID": ORGANIZATION_ID, "org": hub.directory.organization()}
    user = {"userID": OPERATOR_ID, "user": user_json(hub)["name"]}
    return [
        {
            "id": token.id,
            "status": "active" if token.holds else "inactive",
            "description": token.description,
            **org,
            **user,
            **_ours(token),
            "permissions": [_permission_json(p, names, org) for p in sorted(token.rights, key=_order)],
            "links": {"self": f"{_PATH}/{token.id}", "user": f"{ROOT}/users/{OPERATOR_ID}"},
            "createdAt": rfc3339(token.created_ns),
            "updatedAt": rfc3339(token.updated_ns),
        }
        for token in tokens
    ]


def _ours(token: Token) -> dict[str, Any]:
    """Return what InfluxDB's tokens do not have."""
    ours: dict[str, Any] = {}
    if token.topics != NO_TOPICS:
        ours = {"publish": list(token.topics.publish), "subscribe": list(token.topics.subscribe)}
    return ours | ({} if token.expires_ns is None else {"expiresAt": rfc3339(token.expires_ns)})


def _topics(asked: dict[str, Any]) -> TopicRights:
    return TopicRights(*(parse_filters(asked.get(key) or []) for key in ("publish", "subscribe")))


def _expires_ns(asked: dict[str, Any]) -> int | None:
    seconds = asked.get("expiresInSeconds")
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 1 <= seconds <= _LONGEST_SECONDS:
        raise QueryError(f"expiresInSeconds must be a whole number from 1 to {_LONGEST_SECONDS:,}")
    return time.time_ns() + seconds * SECOND_NS


def _order(permission: Permission) -> tuple[str, str, str]:
    return permission.resource, permission.action.value, permission.id or ""


def _permission_json(p: Permission, names: dict[str, str], org: dict[str, str]) -> dict[str, Any]:
    one = {} if p.id is None else {"id": p.id}
    named = {"name": names[p.id]} if p.resource == BUCKETS and p.id in names else {}
    return {"action": p.action.value, "resource": {"type": p.resource, **one, **named, **org}}


def _all(hub: Services) -> list[Token]:
    since_ns = min((entry.created_ns for entry in hub.directory.buckets()), default=0)
    operator = Token(OPERATOR_TOKEN_ID, "the operator's token", True, EVERYTHING, since_ns, since_ns)  # noqa: FBT003 - active, as the field says
    return [operator, *hub.identities.tokens.listed()]


def _find(hub: Services, id_: str) -> Token:
    return next((token for token in _all(hub) if token.id == id_), None) or hub.identities.tokens.get(id_)


def _sees(caller: Caller, token: Token) -> bool:
    return token.id == caller.token_id or caller.may(Action.READ, AUTHORIZATIONS)


def _changing(request: Request, hub: Services) -> Caller:
    caller = caller_of(request, hub.identities)
    if not caller.may(Action.WRITE, AUTHORIZATIONS):
        raise Forbidden("making and changing tokens needs one that may write authorizations")
    return caller


def _changeable(hub: Services, caller: Caller, id_: str) -> Token:
    if id_ == OPERATOR_TOKEN_ID:
        raise NotPossible("the operator's token stands in operator.token of the data folder; change it there")
    token = hub.identities.tokens.get(id_)
    if exceeding(caller.rights, token.rights):
        raise Forbidden("this token may do more than the one that asks")
    return token


def _status(asked: dict[str, Any]) -> bool | None:
    status = asked.get("status")
    if status is None:
        return None
    if status not in _STATUSES:
        raise QueryError(f'status must be "active" or "inactive", {status!r} came')
    return _STATUSES[status]


def _resolved(hub: Services, listed: Any) -> Rights:
    """Return rights with ids in the place of names."""
    ids = {entry.name: entry.id for entry in hub.directory.buckets()}
    rights = set()
    for permission, name in parse_permissions(listed):
        if permission.resource == BUCKETS and permission.id is None and name is not None:
            if name not in ids:
                raise NotFound("bucket", name)
            permission = Permission(permission.action, BUCKETS, ids[name])  # noqa: PLW2901 - the same, by id
        rights.add(permission)
    return frozenset(rights)
