"""Everybody whom the hub knows: the operator, tokens, people with passwords, single-use codes, sessions.

Between the catalogue, which keeps only hashes, and the routes.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heliograph.api.identity.audit import Audit, note
from heliograph.api.identity.devices import Devices
from heliograph.api.identity.hashing import hashed
from heliograph.api.identity.ids import OPERATOR_TOKEN_ID, bucket_id
from heliograph.api.identity.people import PERSON, People
from heliograph.api.identity.rights import BUCKETS, EVERYTHING, Action, Permission, Rights, allow
from heliograph.api.identity.throttle import BY_ADDRESS, Throttle
from heliograph.api.identity.tokens import Token, Tokens
from heliograph.api.identity.users import Users
from heliograph.errors import AuthError, CodeNeeded, Forbidden, NotFound, TooManyTries
from heliograph.model.time import SECOND_NS
from heliograph.store.database import Database

LOGIN_CODE_SECONDS: Final = 600
SESSION_SECONDS: Final = 30 * 86_400
_MAX_CODES: Final = 64
_MOST_WAITING: Final = 32
"""Logins by password that wait for each other."""
OPERATOR: Final = "operator"
USER: Final = "user:"
"""What the ids of InfluxDB 1.x's users begin with, in the place of a token's."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and what they may do."""

    token_id: str
    rights: Rights

    @property
    def is_operator(self) -> bool:
        """Whether they may do everything."""
        return self.rights is EVERYTHING or self.rights >= EVERYTHING

    @property
    def is_user(self) -> bool:
        """Whether they are a user of InfluxDB 1.x, with a password."""
        return self.token_id.startswith(USER)

    @property
    def user(self) -> str:
        """``operator``, or the id of a token that somebody made; sessions are kept under it."""
        return OPERATOR if self.token_id == OPERATOR_TOKEN_ID else self.token_id

    @property
    def shown(self) -> str:
        """How errors call them."""
        name = self.token_id.removeprefix(USER).removeprefix(PERSON)
        return "this token" if name == self.token_id else f'user "{name}"'

    @property
    def audited(self) -> str:
        """How the audit log calls them."""
        if self.token_id == OPERATOR_TOKEN_ID:
            return OPERATOR
        return self.token_id if ":" in self.token_id else f"token:{self.token_id}"

    def may(self, action: Action, resource: str, id_: str | None = None) -> bool:
        """Return whether they may do something to a resource, or to all of its type."""
        return self.rights is EVERYTHING or allow(self.rights, Permission(action, resource, id_))


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
        self.on_end: Callable[[str], None] = lambda _: None
        """Called from any thread with whose rights ended, as ``token:…`` or ``device:…``."""
        self.on_change: Callable[[], None] = lambda: None
        """Called from any thread when a token or device was added or changed."""
        self.tokens = Tokens(database, self._end, self._change)
        self.devices = Devices(database, self._end, self._change)
        self.people = People(database, self._end)
        self.users = Users(database)
        self.audit = Audit(database)
        self.throttle = Throttle(clock)
        self._logging_in = asyncio.Lock()
        self._logins_waiting = 0
        self.token = self._operator_token()
        self._operator_hash = hashed(self.token)

    def _end(self, identity: str) -> None:
        self.on_end(identity)

    def _change(self) -> None:
        self.on_change()

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

    async def of_user(self, name: str, password: str) -> Caller | None:
        """Return the user of InfluxDB 1.x with this password."""
        rights = await self.users.log_in(name, password)
        return None if rights is None else Caller(f"{USER}{name}", rights)

    def of_session(self, session: str) -> Caller | None:
        """Return whose session this is; it ends with the token that opened it."""
        rows = self._database.committed(
            "SELECT user FROM secret WHERE hash = ? AND kind = 'session' AND expires_ns > ?",
            (hashed(session), time.time_ns()),
        )
        user = str(rows[0][0]) if rows else None
        if user is None or user == OPERATOR:
            return THE_OPERATOR if user else None
        if user.startswith(PERSON):
            known = self.people.is_known(user.removeprefix(PERSON))
            return Caller(user, EVERYTHING) if known else None
        try:
            token = self.tokens.get(user)
        except NotFound:
            return None
        return _caller(token) if token.holds else None

    def require(self, caller: Caller, action: Action, bucket: str, asked: str = "") -> None:
        """Let nobody pass who may not read, or write, a bucket; ``asked`` is how they called it.

        Raises:
            Forbidden: they may not, or there is no such bucket and they may not know.
        """
        if caller.may(action, BUCKETS):
            return
        rows = self._database.committed("SELECT created_ns FROM bucket WHERE name = ?", (bucket,))
        if not rows or not caller.may(action, BUCKETS, bucket_id(bucket, rows[0][0])):
            verb = "read from" if action is Action.READ else "write to"
            raise Forbidden(f'{caller.shown} may not {verb} bucket "{asked or bucket}"')

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
        return self.open_session(OPERATOR, "login by link")

    async def log_in(self, name: str, password: str, address: str, code: str = "") -> str:
        """Return a new session for a person's name and password; it takes some 100 ms on purpose.

        One at a time: who guesses from many places at once takes no thread from anybody else.

        Raises:
            AuthError: no such person, or not their password, or not the code of their app.
            CodeNeeded: the password is right, and a code is missing.
            TooManyTries: too many wrong ones came for this name, or from this address, or too many wait.
        """
        keys = f"name {name}", f"{BY_ADDRESS}{address}"
        self.throttle.check(*keys)
        if self._logins_waiting >= _MOST_WAITING:
            raise TooManyTries(1.0)
        self._logins_waiting += 1
        try:
            async with self._logging_in:
                self.throttle.check(*keys)  # once more: others were tried meanwhile
                wrong = await asyncio.to_thread(self._try, name, password, code)
                if wrong:
                    self.throttle.failed(*keys)
        finally:
            self._logins_waiting -= 1
        if wrong:
            await asyncio.to_thread(self.audit.add, "login refused", name, who="")
            raise AuthError(wrong)
        self.throttle.passed(*keys)
        return await asyncio.to_thread(self.open_session, f"{PERSON}{name}", "login by password")

    def _try(self, name: str, password: str, code: str) -> str:
        """Return what is wrong with a login; empty for nothing."""
        if not self.people.is_password(name, password):
            return "there is no such user with this password"
        if not self.people.has_code(name):
            return ""
        if not code:
            raise CodeNeeded
        return (
            ""
            if self.people.use_code(name, code)
            else "this code is not the app's of now, or was used already"
        )

    def open_session(self, user: str, how: str = "login by token") -> str:
        """Return a new session's secret, for its cookie."""
        session = secrets.token_urlsafe(32)
        now = time.time_ns()
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM secret WHERE expires_ns < ?", (now,))
            sql.execute(
                "INSERT INTO secret VALUES (?, 'session', ?, ?)",
                (hashed(session), user, now + SESSION_SECONDS * SECOND_NS),
            )
            note(sql, how, "", who=user)
        return session

    def close_session(self, session: str) -> None:
        """End a session."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM secret WHERE hash = ? AND kind = 'session'", (hashed(session),))
        self._end("session")
