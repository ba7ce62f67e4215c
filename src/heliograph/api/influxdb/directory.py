"""What InfluxDB's clients call things: ids of buckets, the organization, notes, and Telegraf configurations.

In the catalogue, beside the store, which knows buckets by their names.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Final

from heliograph.api.identity.ids import bucket_id, new_id
from heliograph.errors import NotFound, NotPossible
from heliograph.store.database import Database

DEFAULT_ORGANIZATION: Final = "heliograph"
MAX_TELEGRAFS: Final = 1_000
_ID: Final = re.compile("[0-9a-f]{16}")
_ORG_NAME: Final = "org name"
AUTOGEN: Final = "autogen"
_DEFAULT_POLICIES: Final = ("", AUTOGEN, "default")


@dataclass(frozen=True, slots=True)
class BucketEntry:
    """A bucket as clients know it."""

    id: str
    name: str
    created_ns: int


@dataclass(frozen=True, slots=True)
class TelegrafConfig:
    """A configuration that a Telegraf fetches when it starts."""

    id: str
    name: str
    description: str
    config: str
    """The TOML text."""
    metadata: str
    """JSON that clients keep with it."""
    created_ns: int
    updated_ns: int


class Directory:
    """Names and ids. Every answer is read from the catalogue: it has no state that could be old.

    Answers wait for nothing; what changes something waits for the disk, and is for threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def buckets(self) -> list[BucketEntry]:
        """Return all buckets in the order in which they were made."""
        rows = self._database.committed("SELECT name, created_ns FROM bucket ORDER BY created_ns, name")
        return [BucketEntry(bucket_id(name, created_ns), name, created_ns) for name, created_ns in rows]

    def bucket(self, id_: str) -> BucketEntry:
        """Return a bucket by its id.

        Raises:
            NotFound: there is no such bucket.
        """
        for entry in self.buckets():
            if entry.id == id_:
                return entry
        raise NotFound("bucket", id_)

    def bucket_name(self, name_or_id: str) -> str:
        """Return the name of the bucket that a client means; an unknown one is returned as it came."""
        if not _ID.fullmatch(name_or_id) or self._existing(name_or_id):
            return name_or_id
        return next((entry.name for entry in self.buckets() if entry.id == name_or_id), name_or_id)

    def database(self, name: str, policy: str = "") -> str:
        """Return the bucket of an InfluxDB 1.x database and retention policy.

        ``db`` with its default policy is bucket ``db``, or ``db/autogen`` where only that exists; with
        another policy it is ``db/policy``. The bucket need not exist.
        """
        if policy not in _DEFAULT_POLICIES:
            return f"{name}/{policy}"
        autogen = f"{name}/{AUTOGEN}"
        return autogen if self._existing(name, autogen) == {autogen} else name

    def exists(self, name: str) -> bool:
        """Return whether there is a bucket of this name."""
        return bool(self._existing(name))

    def _existing(self, *names: str) -> set[str]:
        marks = ", ".join("?" * len(names))
        rows = self._database.committed(f"SELECT name FROM bucket WHERE name IN ({marks})", names)  # noqa: S608 - marks
        return {str(name) for (name,) in rows}

    def organization(self) -> str:
        """Return the name of the one organization."""
        return self.note(_ORG_NAME) or DEFAULT_ORGANIZATION

    def rename_organization(self, name: str) -> None:
        """Give the organization another name."""
        self.set_note(_ORG_NAME, name)

    def note(self, about: str) -> str:
        """Return what was written about something, by its id; empty if nothing was."""
        rows = self._database.committed("SELECT text FROM note WHERE about = ?", (about,))
        return str(rows[0][0]) if rows else ""

    def set_note(self, about: str, text: str) -> None:
        """Write about something, or with an empty text remove what was written."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM note WHERE about = ?", (about,))
            if text:
                sql.execute("INSERT INTO note VALUES (?, ?)", (about, text))

    def telegrafs(self) -> list[TelegrafConfig]:
        """Return all configurations, the oldest first."""
        rows = self._database.committed("SELECT * FROM telegraf ORDER BY created_ns, id")
        return [TelegrafConfig(*row) for row in rows]

    def telegraf(self, id_: str) -> TelegrafConfig:
        """Return a configuration.

        Raises:
            NotFound: there is no such configuration.
        """
        rows = self._database.committed("SELECT * FROM telegraf WHERE id = ?", (id_,))
        if not rows:
            raise NotFound("telegraf configuration", id_)
        return TelegrafConfig(*rows[0])

    def add_telegraf(self, name: str, description: str, config: str, metadata: str) -> TelegrafConfig:
        """Keep a new configuration.

        Raises:
            NotPossible: there are too many.
        """
        if len(self.telegrafs()) >= MAX_TELEGRAFS:
            raise NotPossible(f"there are {MAX_TELEGRAFS:,} configurations already; delete some first")
        now = time.time_ns()
        made = TelegrafConfig(new_id(), name, description, config, metadata, now, now)
        self._keep(made)
        return made

    def change_telegraf(
        self, id_: str, name: str, description: str, config: str, metadata: str
    ) -> TelegrafConfig:
        """Replace a configuration.

        Raises:
            NotFound: there is no such configuration.
        """
        created_ns = self.telegraf(id_).created_ns
        changed = TelegrafConfig(id_, name, description, config, metadata, created_ns, time.time_ns())
        self._keep(changed)
        return changed

    def _keep(self, t: TelegrafConfig) -> None:
        row = (t.id, t.name, t.description, t.config, t.metadata, t.created_ns, t.updated_ns)
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO telegraf VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def delete_telegraf(self, id_: str) -> None:
        """Forget a configuration.

        Raises:
            NotFound: there is no such configuration.
        """
        self.telegraf(id_)
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM telegraf WHERE id = ?", (id_,))
