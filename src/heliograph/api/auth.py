"""Who is asking, told by the request: a token in every form that InfluxDB's clients use, or a session.

Between the routes and :mod:`heliograph.api.identity` (docs/http.md).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from starlette.requests import HTTPConnection

from heliograph.api.guard import origin_allowed
from heliograph.api.identity.audit import ACTING, Acting
from heliograph.api.identity.identities import Caller, Identities
from heliograph.api.identity.rights import Action
from heliograph.api.identity.throttle import BY_ADDRESS
from heliograph.errors import AuthError, Forbidden

COOKIE: Final = "helio_session"
_PASSWORD: Final = re.compile(rb"(?:^|&)(?:p|%70)=")
"""Where an address has the parameter ``p``; others need not be taken apart."""


def credentials_of(connection: HTTPConnection) -> tuple[str, str] | None:
    """Return user and token, or password, of a request; the user is empty where none is told.

    Forms, in InfluxDB's order: ``u`` and ``p`` parameters, ``Authorization: Token t`` or ``Token u:t``,
    ``Bearer t``, Basic with the token as password, or as user without a password.
    """
    if _PASSWORD.search(connection.scope["query_string"]):
        parameters = connection.query_params
        if "p" in parameters:
            return parameters.get("u", ""), parameters["p"]
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        user, colon, password = value.partition(":")
        return (user, password) if colon else ("", value)
    if scheme.lower() in ("token", "bearer"):
        user, _, token = value.rpartition(":")
        return user, token
    return None


def token_of(connection: HTTPConnection) -> str | None:
    """Return the token of a request, None if it has none."""
    credentials = credentials_of(connection)
    return None if credentials is None else credentials[1]


def address_of(connection: HTTPConnection) -> str:
    """Return from where a request came."""
    return connection.client.host if connection.client else ""


def caller_of(connection: HTTPConnection, identities: Identities) -> Caller:
    """Return who is asking; what they change is written down under that name.

    Raises:
        AuthError: nobody we know.
    """
    return _acting(connection, _caller_of(connection, identities))


def _acting(connection: HTTPConnection, caller: Caller) -> Caller:
    ACTING.set(Acting(caller.audited, address_of(connection)))
    return caller


def _caller_of(connection: HTTPConnection, identities: Identities) -> Caller:
    token = token_of(connection)
    if token is not None:
        caller = identities.of_token(token)
        if caller is None:
            raise AuthError("unauthorized access: this token is not known; helio token prints the right one")
        return caller
    session = connection.cookies.get(COOKIE)
    # to a browser every port of this machine is the same site: the cookie comes with a stranger's request
    if session and not origin_allowed(connection):
        raise AuthError("unauthorized access: this request comes from a page of another origin")
    caller = identities.of_session(session) if session else None
    if caller is None:
        raise AuthError(
            "unauthorized access: send the header Authorization: Token … (helio token prints it),"
            " or log in on the page (helio login)"
        )
    return caller


async def caller_of_v1(connection: HTTPConnection, identities: Identities) -> Caller:
    """Return who is asking at a route of InfluxDB 1.x, where its users may log in with name and password.

    Raises:
        AuthError: nobody we know.
    """
    user, secret = credentials_of(connection) or ("", "")
    caller = identities.of_token(secret) if secret else None
    if caller is not None:
        return _acting(connection, caller)
    if not user:
        return caller_of(connection, identities)
    keys = f"InfluxDB user {user}", f"{BY_ADDRESS}{address_of(connection)}"
    identities.throttle.check(*keys)
    caller = await identities.of_user(user, secret)
    if caller is None:
        identities.throttle.failed(*keys)
        raise AuthError(
            "authorization failed: there is no such user with this password, and no such token;"
            " helio token on the hub's host prints the right one"
        )
    return _acting(connection, caller)


def require_bucket(connection: HTTPConnection, identities: Identities, action: Action, bucket: str) -> Caller:
    """Let nobody pass who may not read, or write, a bucket, and return who it is.

    Raises:
        AuthError: nobody we know.
        Forbidden: somebody who may not.
    """
    caller = caller_of(connection, identities)
    identities.require(caller, action, bucket)
    return caller


def require_operator(connection: HTTPConnection, identities: Identities) -> None:
    """Let nobody pass but the operator.

    Raises:
        AuthError: nobody we know.
        Forbidden: somebody else.
    """
    if not caller_of(connection, identities).is_operator:
        raise Forbidden("only the operator may do this; helio token on the hub's host prints the right token")


def require_user(connection: HTTPConnection, identities: Identities) -> str:
    """Return who is asking, for routes that show or change something of every bucket: the operator only.

    A route about one bucket lets tokens with fewer rights in, by :func:`require_bucket`.

    Raises:
        AuthError: nobody we know.
        Forbidden: a token with fewer rights.
    """
    require_operator(connection, identities)
    return caller_of(connection, identities).user
