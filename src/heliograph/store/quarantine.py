"""What could not be stored, with the reason: bounded, counted, and kept over a restart."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Final

from heliograph.errors import StoreBusy
from heliograph.store.database import Database

log = logging.getLogger(__name__)

EXCERPT_BYTES: Final = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused line or message. ``position`` is unique to it, so that a replay counts it once."""

    position: str
    source: str
    device: str
    reason: str
    excerpt: bytes
    time_ns: int


class Quarantine:
    """The latest refusals, at most ``limit``, and how many there have been in all."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: list[Refusal] = []
        self._total = self._stored_total()

    def _stored_total(self) -> int:
        rows = self._database.rows("SELECT value FROM counter WHERE name = 'quarantine'")
        return int(rows[0][0]) if rows else 0

    def add(self, refusal: Refusal) -> None:
        """Take in a refusal; it is on disk after the next :meth:`flush`."""
        with self._lock:
            self._waiting.append(refusal)
            overflow = len(self._waiting) > 2 * self._limit
        if overflow:
            self.flush()

    def flush(self) -> None:
        """Write what waits in one transaction, and drop the oldest beyond the limit.

        Where nothing can be written now, the latest refusals wait for the next call.
        """
        with self._lock:
            try:
                self._write(self._waiting)
            except StoreBusy as error:
                log.warning("Refused lines wait to be written down, lines=%s: %s", len(self._waiting), error)
                self._waiting = self._waiting[-max(1, self._limit) :]
            else:
                self._waiting = []

    def _write(self, waiting: list[Refusal]) -> None:
        if not waiting:
            return
        with self._database.transaction() as sql:
            before = sql.total_changes
            sql.executemany(
                "INSERT OR IGNORE INTO quarantine (position, time_ns, source, device, reason, excerpt)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (r.position, r.time_ns, r.source, r.device, r.reason, r.excerpt[:EXCERPT_BYTES])
                    for r in waiting
                ],
            )
            total = self._total + sql.total_changes - before
            sql.execute(
                "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", (self._limit,)
            )
            sql.execute("INSERT OR REPLACE INTO counter VALUES ('quarantine', ?)", (total,))
        self._total = total

    def report(self, latest: int = 20) -> tuple[int, int, list[Refusal]]:
        """Return how many are kept, how many there were in all, and the latest ones."""
        self.flush()
        kept = self._database.rows("SELECT count(*) FROM quarantine")[0][0]
        rows = self._database.rows(
            "SELECT position, source, device, reason, excerpt, time_ns FROM quarantine"
            " ORDER BY id DESC LIMIT ?",
            (latest,),
        )
        return kept, self._total, [Refusal(*row) for row in rows]
