"""InfluxDB 1.x's users: names with passwords, made by InfluxQL, who log in at the routes of 1.x only.

Their rights are by database: every bucket that is a policy of it, also one that is made later.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Final

from heliograph.api.identity.audit import note
from heliograph.api.identity.hashing import hash_password, is_outdated, is_password, waste_a_guess
from heliograph.api.identity.ids import bucket_id
from heliograph.api.identity.rights import BUCKETS, EVERYTHING, Action, Permission, Rights
from heliograph.errors import QueryError
from heliograph.store.database import Database

MAX_USERS: Final = 1_000
_ALL: Final = "ALL PRIVILEGES"
_NONE: Final = "NO PRIVILEGES"
_ACTIONS: Final[Mapping[str, frozenset[Action]]] = {
    "READ": frozenset({Action.READ}),
    "WRITE": frozenset({Action.WRITE}),
    _ALL: frozenset(Action),
    _NONE: frozenset(),
}
_PRIVILEGES: Final = {actions: name for name, actions in _ACTIONS.items()}
_BUCKETS_OF: Final = """
SELECT DISTINCT bucket.name, bucket.created_ns FROM bucket
  LEFT JOIN influx_policy ON influx_policy.bucket = bucket.name
  WHERE bucket.name = ?1 OR substr(bucket.name, 1, length(?1) + 1) = ?1 || '/' OR influx_policy.database = ?1
"""


class Users:
    """The tables of users and grants. Asking who somebody is takes some 50 ms at first, then nothing.

    What changes something waits for the disk, and is for threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guessing = asyncio.Lock()
        """One password is tried at a time: each try costs memory on purpose."""
        self._salt = secrets.token_bytes(16)
        self._known: dict[str, tuple[str, bytes]] = {}
        """By name the hash that was kept, and a fast hash of the password that fits it."""

    async def log_in(self, name: str, password: str) -> Rights | None:
        """Return what a user may do; None if there is no such user with this password."""
        rows = self._database.committed("SELECT password, admin FROM influx_user WHERE name = ?", (name,))
        if not rows:
            async with self._guessing:
                await asyncio.to_thread(waste_a_guess)
            return None
        kept, admin = rows[0]
        if not self._is_known(name, kept, password):
            async with self._guessing:
                if not await asyncio.to_thread(is_password, kept, password):
                    return None
                if is_outdated(kept):
                    kept = await asyncio.to_thread(self._hash_anew, name, password)
            self._known[name] = kept, self._fast(password)
        return EVERYTHING if admin else self._rights(name)

    def _hash_anew(self, name: str, password: str) -> str:
        kept = hash_password(password)
        with self._database.transaction() as sql:
            sql.execute("UPDATE influx_user SET password = ? WHERE name = ?", (kept, name))
        return kept

    def _is_known(self, name: str, kept: str, password: str) -> bool:
        known = self._known.get(name)
        return known is not None and known[0] == kept and hmac.compare_digest(known[1], self._fast(password))

    def _fast(self, password: str) -> bytes:
        return hashlib.sha256(self._salt + password.encode(errors="replace")).digest()

    def _rights(self, name: str) -> Rights:
        return frozenset(
            Permission(action, BUCKETS, bucket_id(bucket, created_ns))
            for database, privilege in self._granted(name).items()
            for bucket, created_ns in self._database.committed(_BUCKETS_OF, (database,))
            for action in _ACTIONS[privilege]
        )

    def create(self, name: str, password: str, *, admin: bool) -> None:
        """Make a user; the same one once more changes nothing."""
        if not name:
            raise QueryError("username required")
        known = self._database.rows("SELECT password, admin FROM influx_user WHERE name = ?", (name,))
        if known:
            if bool(known[0][1]) != admin or not is_password(known[0][0], password):
                raise QueryError("user already exists")
            return
        if len(self.listed()) >= MAX_USERS:
            raise QueryError(f"there are {MAX_USERS:,} users already; drop those that nobody uses")
        row = (name, hash_password(password), int(admin), time.time_ns())
        with self._database.transaction() as sql:
            sql.execute("INSERT INTO influx_user VALUES (?, ?, ?, ?)", row)
            note(sql, "InfluxDB user added", name)

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password."""
        self._require(name)
        statement = "UPDATE influx_user SET password = ? WHERE name = ?"
        self._change(f"InfluxDB user's password changed: {name}", statement, hash_password(password), name)

    def set_admin(self, name: str, *, admin: bool) -> None:
        """Let a user do everything, or nothing but what is granted."""
        self._require(name)
        what = f"InfluxDB user may do {'everything' if admin else 'what is granted'}: {name}"
        self._change(what, "UPDATE influx_user SET admin = ? WHERE name = ?", int(admin), name)

    def drop(self, name: str) -> None:
        """Remove a user, who is refused from now on."""
        self._require(name)
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM influx_user WHERE name = ?", (name,))
            sql.execute("DELETE FROM influx_grant WHERE user = ?", (name,))
            note(sql, "InfluxDB user dropped", name)
        self._known.pop(name, None)

    def grant(self, name: str, database: str, privilege: str) -> None:
        """Let a user read or write a database, or both."""
        self._require(name)
        if not self._database.committed(_BUCKETS_OF, (database,)):
            raise QueryError(f"database not found: {database}")
        self._keep(name, database, _ACTIONS[privilege])

    def revoke(self, name: str, database: str, privilege: str) -> None:
        """Take a right from a user."""
        self._require(name)
        if not self._database.committed(_BUCKETS_OF, (database,)):
            raise QueryError(f"database not found: {database}")
        held = _ACTIONS[self._granted(name).get(database, _NONE)]
        self._keep(name, database, held - _ACTIONS[privilege])

    def listed(self) -> list[tuple[str, bool]]:
        """Return the users by name, and whether each may do everything."""
        rows = self._database.committed("SELECT name, admin FROM influx_user ORDER BY name")
        return [(name, bool(admin)) for name, admin in rows]

    def grants(self, name: str) -> list[tuple[str, str]]:
        """Return a user's databases and privileges."""
        self._require(name)
        return sorted(self._granted(name).items())

    def _granted(self, name: str) -> dict[str, str]:
        rows = self._database.committed(
            "SELECT database, privilege FROM influx_grant WHERE user = ?", (name,)
        )
        return dict(rows)

    def _require(self, name: str) -> None:
        if not self._database.committed("SELECT 1 FROM influx_user WHERE name = ?", (name,)):
            raise QueryError("user not found")

    def _keep(self, name: str, database: str, actions: Iterable[Action]) -> None:
        privilege = _PRIVILEGES[frozenset(actions)]
        statement = "INSERT OR REPLACE INTO influx_grant VALUES (?, ?, ?)"
        self._change(
            f"InfluxDB user has {privilege} on {database}: {name}", statement, name, database, privilege
        )

    def _change(self, noted: str, statement: str, *values: str | int) -> None:
        what, _, about = noted.rpartition(": ")
        with self._database.transaction() as sql:
            sql.execute(statement, values)
            note(sql, what, about)
