"""Who changed what about identities, and who logged in: written in the transaction of the change itself."""

from __future__ import annotations

import sqlite3
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from heliograph.store.database import Database

KEPT: Final = 10_000
"""Entries; the oldest go first."""
_TRIM_EVERY: Final = 64
_WORD: Final = 200


@dataclass(frozen=True, slots=True)
class Acting:
    """Who is asking now, and from where."""

    who: str = "hub"
    address: str = ""


ACTING: Final[ContextVar[Acting]] = ContextVar("acting", default=Acting())  # noqa: B039 - it is frozen
"""Set with each request; threads that a request starts by ``asyncio.to_thread`` have it, too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change or login."""

    time_ns: int
    who: str
    address: str
    what: str
    about: str


def note(sql: sqlite3.Connection, what: str, about: str, *, who: str | None = None) -> None:
    """Write down what the transaction does; ``who`` None is who asks now."""
    acting = ACTING.get()
    row = (time.time_ns(), (acting.who if who is None else who)[:_WORD], acting.address, what, about[:_WORD])
    added = sql.execute(
        "INSERT INTO audit (time_ns, who, address, what, about) VALUES (?, ?, ?, ?, ?)", row
    ).lastrowid
    if added and added % _TRIM_EVERY == 0:
        sql.execute("DELETE FROM audit WHERE id <= ?", (added - KEPT,))


class Audit:
    """The log of changes and logins."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, what: str, about: str, *, who: str | None = None) -> None:
        """Write down something that changes nothing else, such as a login that failed."""
        with self._database.transaction() as sql:
            note(sql, what, about, who=who)

    def latest(self, limit: int) -> list[Entry]:
        """Return the latest entries, the newest first."""
        rows = self._database.committed(
            "SELECT time_ns, who, address, what, about FROM audit ORDER BY id DESC LIMIT ?", (limit,)
        )
        return [Entry(*row) for row in rows]
