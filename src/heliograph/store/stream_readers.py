"""The catalogue's table of those who read streams by a name: how far each is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from heliograph.errors import NotFound, NotPossible
from heliograph.model.watermark import Watermark
from heliograph.store.database import Database

MAX_READERS: Final = 200
MAX_OWNED: Final = 20
"""Of one token."""


@dataclass(frozen=True, slots=True)
class StreamReader:
    """A named reader of one stream: the hub keeps how far it is, the reader says when it has moved on."""

    name: str
    stream: str
    mark: Watermark
    """Up to where everything is acknowledged."""
    made_ms: int
    seen_ms: int
    """When it asked or acknowledged last."""
    missed: int
    """How many messages were purged before it read them."""
    owner: str = ""
    """The id of the token that made it; empty for the operators."""


class StreamReaderTable:
    """The table. What changes something waits for the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[StreamReader]:
        """Return all readers by name."""
        rows = self._database.committed(
            "SELECT name, stream, created, seq, made_ms, seen_ms, missed, owner FROM stream_reader"
            " ORDER BY name"
        )
        return [StreamReader(n, s, Watermark(c, q), *rest) for n, s, c, q, *rest in rows]

    def find(self, name: str, owner: str = "") -> StreamReader:
        """Return one reader, of an owner; the operators, without a name, find everybody's.

        Raises:
            NotFound: there is none of that name.
        """
        for one in self.all():
            if one.name == name and owner in ("", one.owner):
                return one
        raise NotFound("consumer", name)

    def make(self, name: str, stream: str, mark: Watermark, owner: str = "") -> StreamReader:
        """Make a reader; one that is there stays where it is.

        Raises:
            NotPossible: there is one of another stream or owner, or there are too many.
        """
        now_ms = time.time_ns() // 1_000_000
        with self._database.transaction() as sql:
            row = sql.execute("SELECT stream, owner FROM stream_reader WHERE name = ?", (name,)).fetchone()
            if row is not None and owner not in ("", row[1]):
                raise NotPossible(f"the name {name!r} is somebody else's consumer; choose another name")
            if row is not None and row[0] != stream:
                raise NotPossible(f"the consumer {name!r} reads the stream {row[0]}; choose another name")
            if row is None:
                (count,) = sql.execute("SELECT count(*) FROM stream_reader").fetchone()
                own = "SELECT count(*) FROM stream_reader WHERE owner = ?"
                (owned,) = sql.execute(own, (owner,)).fetchone()
                if count >= MAX_READERS or (owner and owned >= MAX_OWNED):
                    raise NotPossible(
                        f"there are {owned if owner else count} consumers already; remove some first"
                    )
                sql.execute(
                    "INSERT INTO stream_reader VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
                    (name, stream, mark.created, mark.seq, now_ms, now_ms, owner),
                )
        return self.find(name)

    def move(self, name: str, mark: Watermark, missed: int = 0) -> None:
        """Keep how far a reader is; never back in the same stream."""
        now_ms = time.time_ns() // 1_000_000
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE stream_reader SET seq = CASE WHEN created = ? THEN max(seq, ?) ELSE ? END,"
                " created = ?, seen_ms = ?, missed = missed + ? WHERE name = ?",
                (mark.created, mark.seq, mark.seq, mark.created, now_ms, missed, name),
            )

    def remove(self, name: str) -> None:
        """Forget a reader.

        Raises:
            NotFound: there is none of that name.
        """
        with self._database.transaction() as sql:
            if not sql.execute("DELETE FROM stream_reader WHERE name = ?", (name,)).rowcount:
                raise NotFound("consumer", name)
