"""Tokens with rights of their own, which the operator gives to programs; of each only a hash is kept."""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from heliograph.api.identity.audit import note
from heliograph.api.identity.hashing import hash_for_mosquitto, hashed
from heliograph.api.identity.ids import new_id
from heliograph.api.identity.rights import Action, Permission, Rights
from heliograph.api.identity.topics import NO_TOPICS, TopicRights
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
    topics: TopicRights = NO_TOPICS
    """What it may do by MQTT."""
    expires_ns: int | None = None
    """When it ends; None means never."""

    @property
    def holds(self) -> bool:
        """Whether it lets anybody in now."""
        return self.active and (self.expires_ns is None or self.expires_ns > time.time_ns())

    @property
    def identity(self) -> str:
        """How the broker and the sessions of others call it."""
        return f"token:{self.id}"


class Tokens:
    """The table of tokens, also held in memory: every request asks for one.

    Asking waits for nothing. Changes wait for the disk and are for threads: they make the map in memory anew,
    one after the other.
    """

    def __init__(
        self,
        database: Database,
        ended: Callable[[str], None] = lambda _: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._ended, self._changed = ended, changed
        self._changing = threading.Lock()
        self._by_hash: dict[str, Token] = {}
        self._shown_of: Mapping[str, Token] = self._by_hash
        self._shown: Mapping[str, Token] = MappingProxyType(self._by_hash)
        self._shown_until_ns = 0
        for hash_, id_, description, active, permissions, *rest in database.rows(
            "SELECT hash, id, description, active, permissions, publish, subscribe, created_ns, updated_ns,"
            " expires_ns FROM token ORDER BY created_ns, id"
        ):
            rights = frozenset(Permission(Action(a), r, i) for a, r, i in json.loads(permissions))
            publish, subscribe, created_ns, updated_ns, expires_ns = rest
            topics = TopicRights(tuple(json.loads(publish)), tuple(json.loads(subscribe)))
            self._by_hash[hash_] = Token(
                id_, description, bool(active), rights, created_ns, updated_ns, topics, expires_ns
            )

    @property
    def known(self) -> Mapping[str, Token]:
        """The tokens by their hashes: another object after each change, and after each end of one."""
        now = time.time_ns()
        if self._shown_of is not self._by_hash or now >= self._shown_until_ns:
            self._shown_of = self._by_hash
            self._shown = MappingProxyType(self._shown_of)
            ends = [t.expires_ns for t in self._shown.values() if t.expires_ns and t.expires_ns > now]
            self._shown_until_ns = min(ends, default=sys.maxsize)
        return self._shown

    def find(self, secret: str) -> Token | None:
        """Return the token of a secret; None if there is none, or one that was switched off."""
        found = self._by_hash.get(hashed(secret))
        return found if found is not None and found.holds else None

    def get(self, id_: str) -> Token:
        """Return a token by its id.

        Raises:
            NotFound: there is no such token.
        """
        return self._entry(id_)[1]

    def mosquitto_hashes(self) -> list[tuple[Token, str]]:
        """Return the tokens that may do something by MQTT now, with Mosquitto's hashes."""
        rows = self._database.committed("SELECT hash, mosquitto FROM token WHERE mosquitto != ''")
        found = [(self._by_hash.get(hash_), kept) for hash_, kept in rows]
        return [(token, kept) for token, kept in found if token and token.holds and token.topics != NO_TOPICS]

    def listed(self) -> list[Token]:
        """Return all tokens, the oldest first."""
        return list(self._by_hash.values())

    def create(
        self,
        rights: Rights,
        *,
        description: str = "",
        active: bool = True,
        secret: str | None = None,
        topics: TopicRights = NO_TOPICS,
        expires_ns: int | None = None,
    ) -> tuple[Token, str]:
        """Return a new token and its secret, which nobody can ask for again.

        Raises:
            NotPossible: the secret is that of another token, or there are too many.
        """
        secret = secret or secrets.token_urlsafe(48)
        hash_, now = hashed(secret), time.time_ns()
        token = Token(new_id(), description, active, rights, now, now, topics, expires_ns)
        permissions = json.dumps([[p.action.value, p.resource, p.id] for p in sorted(rights, key=str)])
        filters = json.dumps(topics.publish), json.dumps(topics.subscribe)
        row = (
            token.id,
            hash_,
            description,
            active,
            permissions,
            now,
            now,
            *filters,
            expires_ns,
            hash_for_mosquitto(secret),
        )
        with self._changing:
            if len(self._by_hash) >= MAX_TOKENS:
                raise NotPossible(f"there are {MAX_TOKENS:,} tokens already; delete those that nobody uses")
            if hash_ in self._by_hash:
                raise NotPossible("another token has this secret already")
            with self._database.transaction() as sql:
                sql.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                note(sql, "token added", f"{token.id} {description}")
            self._by_hash = self._by_hash | {hash_: token}
        self._changed()
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
                note(
                    sql,
                    "token changed" if token.active else "token switched off",
                    f"{id_} {token.description}",
                )
            self._by_hash = self._by_hash | {hash_: token}
        self._changed()
        if not token.active:
            self._ended(token.identity)
        return token

    def rotate(self, id_: str) -> tuple[Token, str]:
        """Return a token with a new secret, which nobody can ask for again; the old one ends.

        Raises:
            NotFound: there is no such token.
        """
        secret = secrets.token_urlsafe(48)
        with self._changing:
            gone, old = self._entry(id_)
            token = replace(old, updated_ns=time.time_ns())
            with self._database.transaction() as sql:
                sql.execute(
                    "UPDATE token SET hash = ?, mosquitto = ?, updated_ns = ? WHERE id = ?",
                    (hashed(secret), hash_for_mosquitto(secret), token.updated_ns, id_),
                )
                sql.execute("DELETE FROM secret WHERE kind = 'session' AND user = ?", (id_,))
                note(sql, "token rotated", f"{id_} {token.description}")
            rest = {hash_: known for hash_, known in self._by_hash.items() if hash_ != gone}
            self._by_hash = rest | {hashed(secret): token}
        self._ended(token.identity)
        return token, secret

    def delete(self, id_: str) -> None:
        """Delete a token; whoever uses it is refused from now on.

        Raises:
            NotFound: there is no such token.
        """
        with self._changing:
            gone, token = self._entry(id_)
            with self._database.transaction() as sql:
                sql.execute("DELETE FROM token WHERE id = ?", (id_,))
                sql.execute("DELETE FROM secret WHERE kind = 'session' AND user = ?", (id_,))
                note(sql, "token revoked", f"{id_} {token.description}")
            self._by_hash = {hash_: known for hash_, known in self._by_hash.items() if hash_ != gone}
        self._ended(token.identity)

    def _entry(self, id_: str) -> tuple[str, Token]:
        for entry in self._by_hash.items():
            if entry[1].id == id_:
                return entry
        raise NotFound("authorization", id_)
