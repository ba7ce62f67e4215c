"""Operators: people who log in with a name and a password, and may do everything."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Final

from heliograph.api.identity.audit import note
from heliograph.api.identity.hashing import hash_password, is_outdated, is_password, waste_a_guess
from heliograph.api.identity.totp import is_secret, step_of
from heliograph.errors import NotFound, NotPossible, QueryError
from heliograph.store.database import Database

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1_000
MAX_PEOPLE: Final = 1_000
PERSON: Final = "person:"
"""What stands before a name where a session is kept under it."""
_NAME: Final = re.compile(r"[^\s:/\x00-\x1f\x7f][^:/\x00-\x1f\x7f]{0,63}")


class People:
    """The table of operators with passwords. Changes and guesses wait and are for threads."""

    def __init__(self, database: Database, ended: Callable[[str], None] = lambda _: None) -> None:
        self._database = database
        self._ended = ended
        self._guessing = threading.Lock()
        """One password is tried at a time: each try costs memory on purpose."""

    def first(self) -> str | None:
        """Return the name of who was first, None if there is nobody."""
        rows = self._database.committed("SELECT name FROM person ORDER BY created_ns LIMIT 1")
        return str(rows[0][0]) if rows else None

    def listed(self) -> list[tuple[str, int]]:
        """Return names and since when, by name."""
        return [
            (n, t) for n, t in self._database.committed("SELECT name, created_ns FROM person ORDER BY name")
        ]

    def is_known(self, name: str) -> bool:
        """Return whether there is such a person."""
        return bool(self._database.committed("SELECT 1 FROM person WHERE name = ?", (name,)))

    def add_first(self, name: str, password: str) -> bool:
        """Let a person log in if there is nobody yet; False if somebody was faster."""
        row = (name, hash_password(password), time.time_ns())
        with self._database.transaction() as sql:
            added = sql.execute(
                "INSERT INTO person SELECT ?, ?, ?, '', 0 WHERE NOT EXISTS (SELECT 1 FROM person)", row
            )
            note(sql, "user added", name)
            return added.rowcount == 1

    def add(self, name: str, password: str) -> None:
        """Let a person log in from now on.

        Raises:
            QueryError, NotPossible: no such name or password can be, or there is such a person.
        """
        if not _NAME.fullmatch(name):
            raise QueryError("a user's name has 1 to 64 characters, none of them : or /")
        check_password(password)
        if self.is_known(name):
            raise NotPossible(f'there is a user "{name}" already; helio user rotate sets another password')
        if len(self.listed()) >= MAX_PEOPLE:
            raise NotPossible(f"there are {MAX_PEOPLE:,} users already")
        row = (name, hash_password(password), time.time_ns())
        with self._database.transaction() as sql:
            sql.execute("INSERT INTO person VALUES (?, ?, ?, '', 0)", row)
            note(sql, "user added", name)

    def set_password(self, name: str, password: str) -> None:
        """Give a person another password; their sessions end.

        Raises:
            NotFound, QueryError: there is no such person, or that is no password.
        """
        check_password(password)
        self._require(name)
        kept = hash_password(password)
        with self._database.transaction() as sql:
            sql.execute("UPDATE person SET password = ? WHERE name = ?", (kept, name))
            sql.execute("DELETE FROM secret WHERE kind = 'session' AND user = ?", (PERSON + name,))
            note(sql, "user's password changed", name)
        self._ended(f"user:{name}")

    def revoke(self, name: str) -> None:
        """Let a person in no more.

        Raises:
            NotFound: there is no such person.
        """
        self._require(name)
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM person WHERE name = ?", (name,))
            sql.execute("DELETE FROM secret WHERE kind = 'session' AND user = ?", (PERSON + name,))
            note(sql, "user revoked", name)
        self._ended(f"user:{name}")

    def is_password(self, name: str, password: str) -> bool:
        """Return whether this is a person's password; takes as long where there is no such person."""
        rows = self._database.committed("SELECT password FROM person WHERE name = ?", (name,))
        with self._guessing:
            if not rows or len(password) > LONGEST_PASSWORD:
                waste_a_guess()
                return False
            kept = str(rows[0][0])
            right = is_password(kept, password)
        if right and is_outdated(kept):
            with self._database.transaction() as sql:
                sql.execute("UPDATE person SET password = ? WHERE name = ?", (hash_password(password), name))
        return right

    def has_code(self, name: str) -> bool:
        """Return whether a person needs a code of an app beside the password."""
        return bool(self._totp(name)[0])

    def set_code(self, name: str, secret: str, code: str) -> None:
        """Ask a person for codes of an app from now on; a first one shows that the app has the secret.

        Raises:
            NotFound, QueryError: there is no such person, it is no secret, or not its code.
        """
        self._require(name)
        if not is_secret(secret):
            raise QueryError("secret must be base32 of 16 bytes or more")
        step = step_of(secret, code, time.time())
        if step is None:
            raise QueryError(
                "this is not the app's code of now; is the clock of the phone, or of the hub, wrong?"
            )
        with self._database.transaction() as sql:
            sql.execute("UPDATE person SET totp = ?, totp_step = ? WHERE name = ?", (secret, step, name))
            note(sql, "user's second factor set", name)

    def clear_code(self, name: str) -> None:
        """Let a person in by the password alone again.

        Raises:
            NotFound: there is no such person.
        """
        self._require(name)
        with self._database.transaction() as sql:
            sql.execute("UPDATE person SET totp = '', totp_step = 0 WHERE name = ?", (name,))
            note(sql, "user's second factor removed", name)

    def use_code(self, name: str, code: str) -> bool:
        """Return whether this is the code of a person's app, which counts once."""
        secret, used_step = self._totp(name)
        step = step_of(secret, code, time.time(), used_step) if secret else None
        if step is None:
            return False
        with self._database.transaction() as sql:
            # whoever comes with the same code at the same moment is second
            used = sql.execute(
                "UPDATE person SET totp_step = ? WHERE name = ? AND totp = ? AND totp_step < ?",
                (step, name, secret, step),
            )
            return used.rowcount == 1

    def _totp(self, name: str) -> tuple[str, int]:
        rows = self._database.committed("SELECT totp, totp_step FROM person WHERE name = ?", (name,))
        return (str(rows[0][0]), int(rows[0][1])) if rows else ("", 0)

    def _require(self, name: str) -> None:
        if not self.is_known(name):
            raise NotFound("user", name)


def check_password(password: str) -> None:
    """Pass a password that somebody may choose.

    Raises:
        QueryError: it is too short or too long.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise QueryError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD:,} characters")
