"""What messages taught, kept in the catalogue, each fact with the time from which it holds."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any, Final

from heliograph.hub.ingest.changes import Changes
from heliograph.store.database import Database

log = logging.getLogger(__name__)

MAX_KEYS: Final = 100_000
"""What is learned beyond so many things is not: topics may be made up without an end."""
_HISTORY: Final = 8
"""Older words about one thing are forgotten: no stream holds messages that need them."""
_Known = dict[tuple[str, str], list[tuple[int, Any]]]


class StoredFacts:
    """The facts of one hub. Its methods may be called from any thread."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes
        self._lock = threading.Lock()
        self._known: _Known = {}
        self.refused = 0
        """How many facts there was no room for."""
        for kind, key, since_ns, value in database.rows(
            "SELECT kind, key, since_ns, value FROM ingest_fact ORDER BY since_ns"
        ):
            self._known.setdefault((kind, key), []).append((since_ns, json.loads(value)))

    def get(self, kind: str, key: str, time_ns: int) -> Any:
        """Return the latest fact of that time or before; where only later ones are left, the oldest."""
        with self._lock:
            history = self._known.get((kind, key), ())
            if len(history) >= _HISTORY and history[0][0] > time_ns:
                return history[0][1]
            return next((value for since_ns, value in reversed(history) if since_ns <= time_ns), None)

    def keys_of(self, kind: str) -> list[str]:
        """Return the keys about which something is known now."""
        with self._lock:
            return [
                key for (of, key), history in self._known.items() if of == kind and history[-1][1] is not None
            ]

    def put(self, kind: str, key: str, value: Any, time_ns: int) -> None:
        """Keep a fact; it is on disk when this returns. What is known already changes nothing."""
        if self.get(kind, key, time_ns) == value:
            return
        with self._lock:
            history = self._known.get((kind, key))
            if history is None and len(self._known) >= MAX_KEYS:
                self.refused += 1
                return
            kept = sorted(
                [*(e for e in history or () if e[0] != time_ns), (time_ns, value)], key=lambda e: e[0]
            )
            dropped, kept = kept[:-_HISTORY], kept[-_HISTORY:]
            with self._database.transaction() as sql:
                sql.execute(
                    "INSERT OR REPLACE INTO ingest_fact VALUES (?, ?, ?, ?)",
                    (kind, key, time_ns, json.dumps(value)),
                )
                sql.executemany(
                    "DELETE FROM ingest_fact WHERE kind = ? AND key = ? AND since_ns = ?",
                    [(kind, key, since_ns) for since_ns, _ in dropped],
                )
            self._known[kind, key] = kept
        self._changes.note()
