"""Everybody whom the hub knows: the operator, tokens, people with passwords, single-use codes, sessions.

Between the catalogue, which keeps only hashes, and the routes.
"""

from __future__ import annotations

import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heliograph.api.identity.hashing import hash_password, hashed, is_password
from heliograph.api.identity.ids import OPERATOR_TOKEN_ID, bucket_id
from heliograph.api.identity.rights import BUCKETS, EVERYTHING, Action, Permission, Rights, allow
from heliograph.api.identity.tokens import Token, Tokens
from heliograph.errors import AuthError, Forbidden, NotFound
from heliograph.model.time import SECOND_NS
from heliograph.store.database import Database

LOGIN_CODE_SECONDS: Final = 600
SESSION_SECONDS: Final = 30 * 86_400
_MAX_CODES: Final = 64
OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and what they may do."""

    token_id: str
    rights: Rights

    @property
    def is_operator(self) -> bool:
        """Whether they may do everything."""
        return self.rights >= EVERYTHING

    @property
    def user(self) -> str:
        """``operator``, or the id of a token that somebody made; sessions are kept under it."""
        return OPERATOR if self.token_id == OPERATOR_TOKEN_ID else self.token_id

    def may(self, action: Action, resource: str, id_: str | None = None) -> bool:
        """Return whether they may do something to a resource, or to all of its type."""
        return allow(self.rights, Permission(action, resource, id_))


THE_OPERATOR: Final = Caller(OPERATOR_TOKEN_ID, EVERYTHING)


def _caller(token: Token) -> Caller:
    return Caller(token.id, token.rights)


class Identities:
    """Tokens, people and sessions, in the catalogue; login codes, in memory.

    Who is asking, and what they may do, is told at once. What changes something waits for the disk, which may
    take as long as a seal: it is for threads.
    """

    def __init__(
        self, database: Database, token_path: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._token_path = token_path
        self._clock = clock
        self._codes: dict[str, float] = {}
        self._codes_lock = threading.Lock()
        self._guessing = threading.Lock()
        """One password is tried at a time: each try costs memory on purpose."""
        self.tokens = Tokens(database)
        self.token = self._operator_token()
        self._operator_hash = hashed(self.token)

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
        return token

    def of_token(self, secret: str) -> Caller | None:
        """Return whose token this is."""
        if hmac.compare_digest(hashed(secret), self._operator_hash):
            return THE_OPERATOR
        token = self.tokens.find(secret)
        return None if token is None else _caller(token)

    def of_session(self, session: str) -> Caller | None:
        """Return whose session this is; it ends with the token that opened it."""
        rows = self._database.committed(
            "SELECT user FROM secret WHERE hash = ? AND kind = 'session' AND expires_ns > ?",
            (hashed(session), time.time_ns()),
        )
        user = str(rows[0][0]) if rows else None
        if user is None or user == OPERATOR:
            return THE_OPERATOR if user else None
        try:
            token = self.tokens.get(user)
        except NotFound:
            return None
        return _caller(token) if token.active else None

    def require(self, caller: Caller, action: Action, bucket: str) -> None:
        """Let nobody pass who may not read, or write, a bucket.

        Raises:
            Forbidden: they may not, or there is no such bucket and they may not know.
        """
        if caller.may(action, BUCKETS):
            return
        rows = self._database.committed("SELECT created_ns FROM bucket WHERE name = ?", (bucket,))
        if not rows or not caller.may(action, BUCKETS, bucket_id(bucket, rows[0][0])):
            verb = "read from" if action is Action.READ else "write to"
            raise Forbidden(f'this token may not {verb} bucket "{bucket}"')

    def login_code(self) -> str:
        """Return a code that opens one session within ``LOGIN_CODE_SECONDS`` seconds."""
        now = self._clock()
        code = secrets.token_urlsafe(24)
        with self._codes_lock:
            self._codes = {c: until for c, until in self._codes.items() if until > now}
            while len(self._codes) >= _MAX_CODES:
                del self._codes[next(iter(self._codes))]
            self._codes[hashed(code)] = now + LOGIN_CODE_SECONDS
        return code

    def redeem(self, code: str) -> str:
        """Return a new session for a login code, which is used up by it.

        Raises:
            AuthError: unknown, used or too old.
        """
        with self._codes_lock:
            until = self._codes.pop(hashed(code), 0.0)
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
                (hashed(session), user, now + SESSION_SECONDS * SECOND_NS),
            )
        return session

    def close_session(self, session: str) -> None:
        """End a session."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM secret WHERE hash = ? AND kind = 'session'", (hashed(session),))

    def person(self) -> str | None:
        """Return the name of the person who set the hub up, None if nobody did."""
        rows = self._database.committed("SELECT name FROM person ORDER BY created_ns LIMIT 1")
        return str(rows[0][0]) if rows else None

    def add_first_person(self, name: str, password: str) -> bool:
        """Let a person log in with name and password, as the operator; False if somebody was faster."""
        row = (name, hash_password(password), time.time_ns())
        with self._database.transaction() as sql:
            added = sql.execute(
                "INSERT INTO person SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM person)", row
            )
            return added.rowcount == 1

    def is_person(self, name: str, password: str) -> bool:
        """Return whether name and password are a person's; takes some 50 ms on purpose."""
        rows = self._database.committed("SELECT password FROM person WHERE name = ?", (name,))
        with self._guessing:
            return bool(rows) and is_password(rows[0][0], password)
