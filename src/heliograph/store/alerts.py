"""The catalogue's tables of rules: those added, how far each is, its alerts, and what is to be delivered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from heliograph.errors import NotPossible
from heliograph.store.database import Database

MAX_RULES: Final = 500
KEPT_CHANGES: Final = 20_000
KEPT_DELIVERIES: Final = 2_000
MAX_WAITING: Final = 10_000
MAX_SILENCES: Final = 1_000
FOREVER_MS: Final = 253_402_300_799_000
"""The last second of the year 9999: the end of a silence that has none."""
WAITING: Final = "waiting"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"


@dataclass(slots=True)
class KeptAlert:
    """An alert with what was told of it."""

    alert: dict[str, Any]
    told: str
    """"firing" where somebody was told so; empty otherwise."""
    told_ms: int = 0
    acknowledged: str = ""
    """Who acknowledged it, and what they wrote; JSON, empty for nobody."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification on its way by one action."""

    id: int
    key: str
    action: Any
    told: dict[str, Any]
    created_ms: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What one evaluation of a rule leaves, to be on disk together."""

    rule: str
    digest: str
    evaluated_ns: int
    alerts: dict[str, KeptAlert]
    """Those that are to be kept, by their group as JSON."""
    changes: Sequence[tuple[Any, ...]] = ()
    """Rows of the history without their number."""
    told: Sequence[tuple[str, Any, dict[str, Any], int]] = ()
    """What is to be delivered: key, action, notification, time in ms."""


class Ending(Protocol):
    """What is left of a rule that ends while its alerts fire."""

    @property
    def changes(self) -> list[tuple[Any, ...]]:
        """Rows of the history."""

    @property
    def told(self) -> list[tuple[str, Any, dict[str, Any], int]]:
        """Notifications, as in :class:`Kept`."""


class AlertTable:
    """The tables. What changes something waits for the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules that were added, as they were written."""
        rows = self._database.committed("SELECT asked FROM rule ORDER BY name")
        return [json.loads(asked) for (asked,) in rows]

    def put_rule(self, name: str, asked: dict[str, Any], now_ms: int) -> None:
        """Keep a rule in place of one of that name.

        Raises:
            NotPossible: there are too many.
        """
        with self._database.transaction() as sql:
            (count,) = sql.execute("SELECT count(*) FROM rule WHERE name != ?", (name,)).fetchone()
            if count >= MAX_RULES:
                raise NotPossible(f"there are {MAX_RULES} rules already; remove some first")
            sql.execute("INSERT OR REPLACE INTO rule VALUES (?, ?, ?)", (name, json.dumps(asked), now_ms))

    def remove_rule(self, name: str, ending: Ending) -> None:
        """Forget a rule with its alerts; the history stays, and ends with what is given."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM rule WHERE name = ?", (name,))
            _forget(sql, name, ending)

    def forget(self, name: str, ending: Ending) -> None:
        """Forget the alerts of a rule that is another now, or is gone from its file."""
        with self._database.transaction() as sql:
            _forget(sql, name, ending)

    def evaluated(self) -> list[str]:
        """Return the names of rules that were evaluated once."""
        return [str(name) for (name,) in self._database.committed("SELECT rule FROM rule_progress")]

    def progress(self, name: str) -> tuple[str, int] | None:
        """Return a rule's digest and up to when (ns) it was evaluated."""
        rows = self._database.rows("SELECT digest, evaluated_ns FROM rule_progress WHERE rule = ?", (name,))
        return (str(rows[0][0]), int(rows[0][1])) if rows else None

    def alerts(self, name: str) -> dict[str, KeptAlert]:
        """Return a rule's alerts by their group as JSON."""
        rows = self._database.rows(
            "SELECT group_, alert, told, told_ms, acknowledged FROM rule_alert WHERE rule = ?", (name,)
        )
        return {group: KeptAlert(json.loads(alert), *rest) for group, alert, *rest in rows}

    def keep(self, kept: Kept) -> None:
        """Keep what an evaluation leaves: all of it or nothing."""
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO rule_progress VALUES (?, ?, ?)",
                (kept.rule, kept.digest, kept.evaluated_ns),
            )
            sql.execute("DELETE FROM rule_alert WHERE rule = ?", (kept.rule,))
            sql.executemany(
                "INSERT INTO rule_alert VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (kept.rule, group, json.dumps(one.alert), one.told, one.told_ms, one.acknowledged)
                    for group, one in kept.alerts.items()
                ],
            )
            _add_changes(sql, kept.changes)
            _add_deliveries(sql, kept.told)

    def history(self, start_ns: int, end_ns: int, limit: int) -> list[dict[str, Any]]:
        """Return what changed in a time, the newest first."""
        rows = self._database.committed(
            "SELECT rule, bucket, severity, tags, time_ns, state, value, text, reason FROM rule_change"
            " WHERE time_ns >= ? AND time_ns < ? ORDER BY time_ns DESC, id DESC LIMIT ?",
            (start_ns, end_ns, limit),
        )
        names = ("rule", "bucket", "severity", "tags", "time_ms", "state", "value", "text", "reason")
        found = [dict(zip(names, row, strict=True)) for row in rows]
        for one in found:
            one["tags"], one["time_ms"] = json.loads(one["tags"]), one["time_ms"] // 1_000_000
        return found

    def due(self, now_ms: int, limit: int = 100) -> list[Delivery]:
        """Return what is to be delivered now, the oldest first."""
        rows = self._database.rows(
            "SELECT id, key, action, told, created_ms, attempts FROM rule_outbox"
            " WHERE state = ? AND next_ms <= ? ORDER BY id LIMIT ?",
            (WAITING, now_ms, limit),
        )
        return [Delivery(i, k, json.loads(a), json.loads(t), c, n) for i, k, a, t, c, n in rows]

    def settle(self, delivery: Delivery, state: str, error: str = "", next_ms: int = 0) -> None:
        """Keep what became of an attempt."""
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE rule_outbox SET state = ?, error = ?, next_ms = ?, attempts = ? WHERE id = ?",
                (state, error[:500], next_ms, delivery.attempts + 1, delivery.id),
            )
            sql.execute(
                "DELETE FROM rule_outbox WHERE state != ? AND id <= (SELECT max(id) FROM rule_outbox) - ?",
                (WAITING, KEPT_DELIVERIES),
            )

    def deliveries(self) -> dict[str, Any]:
        """Return how many notifications wait, were delivered or failed of late, and the last error."""
        counts: dict[str, Any] = {WAITING: 0, DELIVERED: 0, FAILED: 0}
        counts |= dict(self._database.committed("SELECT state, count(*) FROM rule_outbox GROUP BY state"))
        rows = self._database.committed(
            "SELECT error FROM rule_outbox WHERE error != '' AND state != ? ORDER BY id DESC LIMIT 1",
            (DELIVERED,),
        )
        return counts | {"last_error": rows[0][0] if rows else ""}

    def silences(self) -> list[dict[str, Any]]:
        """Return all silences that are not over, and those of the last day."""
        names = ("id", "rule", "tags", "start_ms", "end_ms", "note", "every", "zone")
        rows = self._database.committed(f"SELECT {', '.join(names)} FROM rule_silence ORDER BY id")
        return [dict(zip(names, row, strict=True)) | {"tags": json.loads(row[2])} for row in rows]

    def add_silence(self, silence: dict[str, Any], now_ms: int) -> int:
        """Keep a silence and return its number; those that were over a day ago go.

        Raises:
            NotPossible: there are too many.
        """
        with self._database.transaction() as sql:
            for over_ms in (now_ms - 86_400_000, now_ms):  # what is over takes no room from a new one
                sql.execute("DELETE FROM rule_silence WHERE end_ms < ?", (over_ms,))
                (count,) = sql.execute("SELECT count(*) FROM rule_silence").fetchone()
                if count < MAX_SILENCES:
                    break
            else:
                raise NotPossible(f"there are {MAX_SILENCES:,} silences already; end some first")
            number = sql.execute(
                "INSERT INTO rule_silence (rule, tags, start_ms, end_ms, note, every, zone)"
                " VALUES (:rule, :tags, :start_ms, :end_ms, :note, :every, :zone)",
                silence | {"tags": json.dumps(silence["tags"])},
            ).lastrowid
        return number or 0

    def end_silence(self, number: int) -> bool:
        """Remove a silence and return whether there was one."""
        with self._database.transaction() as sql:
            return sql.execute("DELETE FROM rule_silence WHERE id = ?", (number,)).rowcount > 0


def _forget(sql: sqlite3.Connection, name: str, ending: Ending) -> None:
    for table in ("rule_progress", "rule_alert"):
        sql.execute(f"DELETE FROM {table} WHERE rule = ?", (name,))
    _add_changes(sql, ending.changes)
    _add_deliveries(sql, ending.told)


def _add_changes(sql: sqlite3.Connection, changes: Iterable[tuple[Any, ...]]) -> None:
    sql.executemany(
        "INSERT INTO rule_change (rule, bucket, severity, tags, time_ns, state, value, text, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        changes,
    )
    sql.execute("DELETE FROM rule_change WHERE id <= (SELECT max(id) FROM rule_change) - ?", (KEPT_CHANGES,))


def _add_deliveries(sql: sqlite3.Connection, told: Iterable[tuple[str, Any, dict[str, Any], int]]) -> None:
    sql.executemany(
        "INSERT INTO rule_outbox (key, action, told, created_ms, next_ms, attempts, error, state)"
        " VALUES (?, ?, ?, ?, 0, 0, '', 'waiting')",
        [(key, json.dumps(action), json.dumps(note), now_ms) for key, action, note, now_ms in told],
    )
    sql.execute(
        "UPDATE rule_outbox SET state = 'failed', error = 'too many notifications waited'"
        " WHERE state = 'waiting' AND id <= (SELECT max(id) FROM rule_outbox) - ?",
        (MAX_WAITING,),
    )
