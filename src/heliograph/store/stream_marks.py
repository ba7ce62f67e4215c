"""Up to where segments hold each stream, and since when: the catalogue's part about streams."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from heliograph.model.watermark import Watermark
from heliograph.store.database import Database


class StreamMarks:
    """The catalogue's tables about streams. Not safe for several threads: the store holds the lock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def watermarks(self) -> dict[str, Watermark]:
        """Return what the segments hold of each stream; waits for no transaction."""
        rows = self._database.committed("SELECT stream, created, seq FROM watermark")
        return {stream: Watermark(created, seq) for stream, created, seq in rows}

    @staticmethod
    def advance(sql: sqlite3.Connection, marks: Mapping[str, Watermark], now_ns: int) -> None:
        """Note, within a seal's transaction, what segments hold from now on."""
        for stream, mark in marks.items():
            sql.execute("INSERT OR REPLACE INTO watermark VALUES (?, ?, ?)", (stream, mark.created, mark.seq))
            sql.execute("INSERT OR REPLACE INTO seal VALUES (?, ?, ?)", (stream, mark.seq, now_ns))

    def restart(self, stream: str, mark: Watermark, counted: Watermark) -> None:
        """Forget what was known of a stream that has become another one.

        ``counted`` is up to where the ledger has counted the messages that are read again.
        """
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO reread VALUES (?, ?, ?)", (stream, counted.created, counted.seq)
            )
            sql.execute("INSERT OR REPLACE INTO watermark VALUES (?, ?, ?)", (stream, mark.created, mark.seq))
            sql.execute("DELETE FROM seal WHERE stream = ?", (stream,))

    def sealed_before(self, time_ns: int) -> dict[str, int]:
        """Return, per stream, the highest sequence that was sealed before a time, and forget older notes."""
        rows = self._database.rows(
            "SELECT stream, max(seq) FROM seal WHERE time_ns < ? GROUP BY stream", (time_ns,)
        )
        if rows:
            with self._database.transaction() as sql:
                # the newest of the old notes stays: a purge that failed asks again
                for stream, seq in rows:
                    sql.execute("DELETE FROM seal WHERE stream = ? AND seq < ?", (stream, seq))
        return dict(rows)
