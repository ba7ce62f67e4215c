"""Who is asking: the operator's token, single-use login codes and the page's sessions.

Between the catalogue, which keeps only hashes, and the routes. Tokens are accepted in every form that
InfluxDB's clients use (docs/http.md).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.requests import HTTPConnection

from heliograph.api.guard import origin_allowed
from heliograph.errors import AuthError
from heliograph.model.time import SECOND_NS
from heliograph.store.database import Database

COOKIE: Final = "helio_session"
LOGIN_CODE_SECONDS: Final = 600
SESSION_SECONDS: Final = 30 * 86_400
_MAX_CODES: Final = 64
OPERATOR: Final = "operator"


class Identities:
    """The operator's token and the sessions, in the catalogue; login codes, in memory."""

    def __init__(
        self, database: Database, token_path: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._token_path = token_path
        self._clock = clock
        self._codes: dict[str, float] = {}
        self.token = self._operator_token()
        self._operator_hash = _hash(self.token)

    def _operator_token(self) -> str:
        """Return the operator's token, made at the first start and readable by its owner only."""
        try:
            token = self._token_path.read_text().strip()
        except FileNotFoundError:
            token = ""
        if not token:
            token = secrets.token_urlsafe(32)
            self._token_path.unlink(missing_ok=True)
            descriptor = os.open(self._token_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(token + "\n")
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM secret WHERE kind = 'token' AND user = ?", (OPERATOR,))
            sql.execute("INSERT INTO secret VALUES (?, 'token', ?, NULL)", (_hash(token), OPERATOR))
        return token

    def user_of_token(self, token: str) -> str | None:
        """Return whose token this is."""
        if hmac.compare_digest(_hash(token), self._operator_hash):
            return OPERATOR  # the one that is shown with each batch; the catalogue need not be asked
        return self._find(token, "token")

    def login_code(self) -> str:
        """Return a code that opens one session within ``LOGIN_CODE_SECONDS`` seconds."""
        now = self._clock()
        self._codes = {c: until for c, until in self._codes.items() if until > now}
        while len(self._codes) >= _MAX_CODES:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(24)
        self._codes[_hash(code)] = now + LOGIN_CODE_SECONDS
        return code

    def redeem(self, code: str) -> str:
        """Return a new session for a login code, which is used up by it.

        Raises:
            AuthError: unknown, used or too old.
        """
        until = self._codes.pop(_hash(code), 0.0)
        if until < self._clock():
            raise AuthError("this login link was used already or is too old; helio login prints a fresh one")
        return self.open_session(OPERATOR)

    def open_session(self, user: str) -> str:
        """Return a new session's secret, for its cookie."""
        session = secrets.token_urlsafe(32)
        now = time.time_ns()
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM secret WHERE expires_ns < ?", (now,))
            sql.execute(
                "INSERT INTO secret VALUES (?, 'session', ?, ?)",
                (_hash(session), user, now + SESSION_SECONDS * SECOND_NS),
            )
        return session

    def close_session(self, session: str) -> None:
        """End a session."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM secret WHERE hash = ? AND kind = 'session'", (_hash(session),))

    def user_of_session(self, session: str) -> str | None:
        """Return whose session this is."""
        return self._find(session, "session")

    def _find(self, secret: str, kind: str) -> str | None:
        rows = self._database.rows(
            "SELECT user FROM secret WHERE hash = ? AND kind = ? AND (expires_ns IS NULL OR expires_ns > ?)",
            (_hash(secret), kind, time.time_ns()),
        )
        return str(rows[0][0]) if rows else None


def _hash(secret: str) -> str:
    """Hash a random secret; it has 192 bits or more, so a slow hash would gain nothing."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def token_of(connection: HTTPConnection) -> str | None:
    """Return the token of a request.

    Forms, in InfluxDB's order: ``u`` and ``p`` parameters, ``Authorization: Token t`` or ``Token u:t``,
    ``Bearer t``, Basic with the token as password.
    """
    parameters = connection.query_params
    if "p" in parameters:
        return parameters["p"]
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() in ("token", "bearer"):
        return value.rpartition(":")[2]
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().rpartition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def require_operator(connection: HTTPConnection, identities: Identities) -> None:
    """Let nobody pass but the operator.

    Raises:
        AuthError: it is somebody else, or nobody we know.
    """
    if require_user(connection, identities) != OPERATOR:
        raise AuthError("unauthorized access: only the operator may do this (helio token on the hub's host)")


def require_user(connection: HTTPConnection, identities: Identities) -> str:
    """Return who is asking.

    Raises:
        AuthError: nobody we know.
    """
    token = token_of(connection)
    if token is not None:
        user = identities.user_of_token(token)
        if user is None:
            raise AuthError("unauthorized access: this token is not known; helio token prints the right one")
        return user
    session = connection.cookies.get(COOKIE)
    # to a browser every port of this machine is the same site: the cookie comes with a stranger's request
    if session and not origin_allowed(connection):
        raise AuthError("unauthorized access: this request comes from a page of another origin")
    user = identities.user_of_session(session) if session else None
    if user is None:
        raise AuthError(
            "unauthorized access: send the header Authorization: Token … (helio token prints it),"
            " or log in on the page (helio login)"
        )
    return user
