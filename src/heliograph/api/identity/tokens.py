"""Tokens with rights of their own, which the operator gives to programs; of each only a hash is kept."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass, replace
from typing import Final

from heliograph.api.identity.hashing import hashed
from heliograph.api.identity.ids import new_id
from heliograph.api.identity.rights import Action, Permission, Rights
from heliograph.errors import NotFound, NotPossible
from heliograph.store.database import Database

MAX_TOKENS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; the secret itself is not."""

    id: str
    description: str
    active: bool
    rights: Rights
    created_ns: int
    updated_ns: int


class Tokens:
    """The table of tokens, also held in memory: every request asks for one.

    Asking waits for nothing. Changes wait for the disk and are for threads: they make the map in memory anew,
    one after the other.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changing = threading.Lock()
        self._by_hash: dict[str, Token] = {}
        for id_, hash_, *rest, permissions, created_ns, updated_ns in database.rows(
            "SELECT id, hash, description, active, permissions, created_ns, updated_ns FROM token"
            " ORDER BY created_ns, id"
        ):
            description, active = rest
            rights = frozenset(Permission(Action(a), r, i) for a, r, i in json.loads(permissions))
            self._by_hash[hash_] = Token(id_, description, bool(active), rights, created_ns, updated_ns)

    def find(self, secret: str) -> Token | None:
        """Return the token of a secret; None if there is none, or one that was switched off."""
        found = self._by_hash.get(hashed(secret))
        return found if found is not None and found.active else None

    def get(self, id_: str) -> Token:
        """Return a token by its id.

        Raises:
            NotFound: there is no such token.
        """
        return self._entry(id_)[1]

    def listed(self) -> list[Token]:
        """Return all tokens, the oldest first."""
        return list(self._by_hash.values())

    def create(
        self, rights: Rights, *, description: str = "", active: bool = True, secret: str | None = None
    ) -> tuple[Token, str]:
        """Return a new token and its secret, which nobody can ask for again.

        Raises:
            NotPossible: the secret is that of another token, or there are too many.
        """
        secret = secret or secrets.token_urlsafe(48)
        hash_, now = hashed(secret), time.time_ns()
        token = Token(new_id(), description, active, rights, now, now)
        permissions = json.dumps([[p.action.value, p.resource, p.id] for p in sorted(rights, key=str)])
        row = (token.id, hash_, description, active, permissions, now, now)
        with self._changing:
            if len(self._by_hash) >= MAX_TOKENS:
                raise NotPossible(f"there are {MAX_TOKENS:,} tokens already; delete those that nobody uses")
            if hash_ in self._by_hash:
                raise NotPossible("another token has this secret already")
            with self._database.transaction() as sql:
                sql.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            self._by_hash = self._by_hash | {hash_: token}
        return token, secret

    def change(self, id_: str, *, description: str | None, active: bool | None) -> Token:
        """Change what is given and return the token as it is then.

        Raises:
            NotFound: there is no such token.
        """
        with self._changing:
            hash_, old = self._entry(id_)
            token = replace(
                old,
                description=old.description if description is None else description,
                active=old.active if active is None else active,
                updated_ns=time.time_ns(),
            )
            with self._database.transaction() as sql:
                sql.execute(
                    "UPDATE token SET description = ?, active = ?, updated_ns = ? WHERE id = ?",
                    (token.description, token.active, token.updated_ns, id_),
                )
            self._by_hash = self._by_hash | {hash_: token}
        return token

    def delete(self, id_: str) -> None:
        """Delete a token; whoever uses it is refused from now on.

        Raises:
            NotFound: there is no such token.
        """
        with self._changing:
            gone, _ = self._entry(id_)
            with self._database.transaction() as sql:
                sql.execute("DELETE FROM token WHERE id = ?", (id_,))
                sql.execute("DELETE FROM secret WHERE kind = 'session' AND user = ?", (id_,))
            self._by_hash = {hash_: token for hash_, token in self._by_hash.items() if hash_ != gone}

    def _entry(self, id_: str) -> tuple[str, Token]:
        for entry in self._by_hash.items():
            if entry[1].id == id_:
                return entry
        raise NotFound("authorization", id_)
