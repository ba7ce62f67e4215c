"""The catalogue's tables of dashboards: documents in versions, and links for readers."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import NotFound, NotPossible, Outdated
from heliograph.store.database import Database

MAX_DASHBOARDS: Final = 1_000
KEPT_VERSIONS: Final = 30
"""Of each dashboard; the oldest go first."""
MAX_LINKS: Final = 1_000
NEW: Final = 0
"""The version of a dashboard that is not there yet."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A dashboard in the list."""

    uid: str
    title: str
    tags: list[str]
    version: int
    updated_ms: int
    file: str
    """The file that it is read from whenever that changes; empty for none."""
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to become a version."""

    uid: str
    title: str
    tags: list[str]
    document: dict[str, Any]
    inputs: Mapping[str, Any]
    report: dict[str, Any]
    message: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """A version with its document."""

    uid: str
    version: int
    document: dict[str, Any]
    inputs: dict[str, Any]


class DashboardTable:
    """The tables. Reading waits for no transaction; what changes something waits for the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self) -> list[Entry]:
        """Return all dashboards by title."""
        rows = self._database.committed(
            "SELECT uid, title, tags, version, updated_ms, file, report FROM dashboard ORDER BY title, uid"
        )
        return [_entry(row) for row in rows]

    def entry(self, uid: str) -> Entry | None:
        """Return a dashboard of the list, None if there is none."""
        rows = self._database.committed(
            "SELECT uid, title, tags, version, updated_ms, file, report FROM dashboard WHERE uid = ?", (uid,)
        )
        return _entry(rows[0]) if rows else None

    def saved(self, uid: str, version: int) -> Saved:
        """Return a version.

        Raises:
            NotFound: there is no such version, or none any more.
        """
        rows = self._database.committed(
            "SELECT inputs, document FROM dashboard_version WHERE uid = ? AND version = ?", (uid, version)
        )
        if not rows:
            raise NotFound("version of this dashboard", str(version))
        inputs, document = rows[0]
        return Saved(uid, version, json.loads(zlib.decompress(document)), json.loads(inputs))

    def versions(self, uid: str) -> list[dict[str, Any]]:
        """Return the kept versions of a dashboard, the newest first."""
        rows = self._database.committed(
            "SELECT version, saved_ms, message FROM dashboard_version WHERE uid = ? ORDER BY version DESC",
            (uid,),
        )
        return [{"version": v, "saved_ms": saved_ms, "message": message} for v, saved_ms, message in rows]

    def save(self, draft: Draft, seen: int | None) -> int:
        """Keep a new version and return its number; ``seen`` is the version that was changed, None for any.

        Raises:
            Outdated: another version was saved meanwhile.
            NotPossible: there are too many dashboards.
        """
        document = zlib.compress(json.dumps(draft.document, separators=(",", ":")).encode(), 6)
        now_ms = time.time_ns() // 1_000_000
        with self._database.transaction() as sql:
            version = _version(sql, draft.uid)
            if seen is not None and version != seen:
                raise Outdated(_outdated(draft.uid, seen, version))
            (count,) = sql.execute("SELECT count(*) FROM dashboard").fetchone()
            if version == NEW and count >= MAX_DASHBOARDS:
                raise NotPossible(f"there are {MAX_DASHBOARDS:,} dashboards already; delete some first")
            (kept,) = sql.execute(
                "SELECT coalesce(max(version), 0) FROM dashboard_version WHERE uid = ?", (draft.uid,)
            ).fetchone()
            version = max(version, int(kept)) + 1
            sql.execute(
                "INSERT OR REPLACE INTO dashboard VALUES (?, ?, ?, ?, ?, ?, ?)",
                (draft.uid, draft.title, _json(draft.tags), version, now_ms, draft.file, _json(draft.report)),
            )
            sql.execute(
                "INSERT INTO dashboard_version VALUES (?, ?, ?, ?, ?, ?)",
                (draft.uid, version, now_ms, draft.message, _json(dict(draft.inputs)), document),
            )
            sql.execute(
                "DELETE FROM dashboard_version WHERE uid = ? AND version <= ?",
                (draft.uid, version - KEPT_VERSIONS),
            )
        return version

    def release_file(self, uid: str) -> None:
        """Keep a dashboard although the file that it was read from is gone."""
        with self._database.transaction() as sql:
            sql.execute("UPDATE dashboard SET file = '' WHERE uid = ?", (uid,))

    def delete(self, uid: str) -> None:
        """Remove a dashboard with all its versions and links."""
        with self._database.transaction() as sql:
            for table in ("dashboard", "dashboard_version", "dashboard_link"):
                sql.execute(f"DELETE FROM {table} WHERE uid = ?", (uid,))

    def add_link(self, hash_: str, uid: str, expires_ms: int) -> None:
        """Keep the hash of a link, and forget those that are over.

        Raises:
            NotPossible: there are too many.
        """
        now_ms = time.time_ns() // 1_000_000
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM dashboard_link WHERE expires_ms <= ?", (now_ms,))
            (count,) = sql.execute("SELECT count(*) FROM dashboard_link").fetchone()
            if count >= MAX_LINKS:
                raise NotPossible(f"there are {MAX_LINKS:,} links already; end some of them first")
            sql.execute("INSERT INTO dashboard_link VALUES (?, ?, ?, ?)", (hash_, uid, now_ms, expires_ms))

    def link(self, hash_: str) -> tuple[str, int] | None:
        """Return the dashboard of a link and when it ends; None where it is over, or none."""
        rows = self._database.committed("SELECT uid, expires_ms FROM dashboard_link WHERE hash = ?", (hash_,))
        if not rows or rows[0][1] <= time.time_ns() // 1_000_000:
            return None
        return str(rows[0][0]), int(rows[0][1])

    def end_links(self, uid: str) -> int:
        """End all links to a dashboard and return how many there were."""
        with self._database.transaction() as sql:
            return int(sql.execute("DELETE FROM dashboard_link WHERE uid = ?", (uid,)).rowcount)


def _version(sql: sqlite3.Connection, uid: str) -> int:
    found = sql.execute("SELECT version FROM dashboard WHERE uid = ?", (uid,)).fetchone()
    return NEW if found is None else int(found[0])


def _outdated(uid: str, seen: int, version: int) -> str:
    if seen == NEW:
        return f"there is a dashboard {uid!r} already, of version {version}; say that it may be replaced"
    if version == NEW:
        return f"the dashboard {uid!r} was deleted meanwhile; version {seen} was changed"
    return f"version {seen} of {uid!r} was changed, but version {version} was saved meanwhile; load it first"


def _entry(row: tuple[Any, ...]) -> Entry:
    uid, title, tags, version, updated_ms, file, report = row
    return Entry(uid, title, json.loads(tags), version, updated_ms, file, json.loads(report))


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
