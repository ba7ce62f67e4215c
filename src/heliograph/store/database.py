"""``catalog.db``: the one SQLite file, its tables and the rule that every change is one transaction."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from heliograph.errors import StoreBusy, StoreError

_VERSION_1: Final = """
CREATE TABLE bucket (name TEXT PRIMARY KEY, created_ns INTEGER NOT NULL) STRICT;
CREATE TABLE column_ (
  bucket TEXT NOT NULL, measurement TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('tag', 'field')),
  name TEXT NOT NULL, type TEXT NOT NULL, physical TEXT NOT NULL,
  PRIMARY KEY (bucket, measurement, kind, name)) STRICT;
CREATE TABLE series (
  bucket TEXT NOT NULL, measurement TEXT NOT NULL, tags TEXT NOT NULL, last_ns INTEGER NOT NULL,
  PRIMARY KEY (bucket, measurement, tags)) STRICT;
CREATE TABLE segment (
  id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, measurement TEXT NOT NULL, path TEXT NOT NULL UNIQUE,
  level INTEGER NOT NULL, columns TEXT NOT NULL, row_count INTEGER NOT NULL, min_ns INTEGER NOT NULL,
  max_ns INTEGER NOT NULL, size_bytes INTEGER NOT NULL) STRICT;
CREATE TABLE retired (path TEXT PRIMARY KEY) STRICT;
CREATE TABLE watermark (stream TEXT PRIMARY KEY, created TEXT NOT NULL, seq INTEGER NOT NULL) STRICT;
CREATE TABLE seal (
  stream TEXT NOT NULL, seq INTEGER NOT NULL, time_ns INTEGER NOT NULL, PRIMARY KEY (stream, time_ns)) STRICT;
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, position TEXT NOT NULL UNIQUE, time_ns INTEGER NOT NULL, source TEXT NOT NULL,
  device TEXT NOT NULL, reason TEXT NOT NULL, excerpt BLOB NOT NULL) STRICT;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE secret (
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('token', 'session')), user TEXT NOT NULL,
  expires_ns INTEGER) STRICT;
"""
# resolution_ns 0 is raw points: what is summarised by the minute or hour will have rules of its own.
# A bucket without a rule follows the settings. Those of version 1 promised to keep everything, so they
# get a rule that says so: no update may forget what nobody asked to be forgotten. The first folders of
# version 1 had no table of retired files.
_VERSION_2: Final = """
CREATE TABLE retention (
  bucket TEXT NOT NULL, measurement_pattern TEXT NOT NULL, resolution_ns INTEGER NOT NULL,
  keep_ns INTEGER NOT NULL, PRIMARY KEY (bucket, measurement_pattern, resolution_ns)) STRICT;
INSERT INTO retention SELECT name, '', 0, 0 FROM bucket;
CREATE TABLE deleted_bucket (
  bucket TEXT NOT NULL, stream TEXT NOT NULL, created TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (bucket, stream)) STRICT;
CREATE TABLE IF NOT EXISTS retired (path TEXT PRIMARY KEY) STRICT;
"""
# Numbers that devices counted before there was a ledger are not missing: it must know that it began late.
_VERSION_3: Final = """
CREATE TABLE ledger (
  kind TEXT NOT NULL, name TEXT NOT NULL, counts TEXT NOT NULL, PRIMARY KEY (kind, name)) STRICT;
CREATE TABLE reread (stream TEXT PRIMARY KEY, created TEXT NOT NULL, seq INTEGER NOT NULL) STRICT;
INSERT INTO counter SELECT 'ledger_late', 1 WHERE EXISTS (SELECT 1 FROM watermark);
"""
# Tokens with fewer rights than the operator's, what InfluxDB's clients may store, and what people wrote about
# buckets and the organization (`about` is an id, or `org name`).
_VERSION_4: Final = """
CREATE TABLE token (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, description TEXT NOT NULL, active INTEGER NOT NULL,
  permissions TEXT NOT NULL, created_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL) STRICT;
CREATE TABLE person (name TEXT PRIMARY KEY, password TEXT NOT NULL, created_ns INTEGER NOT NULL) STRICT;
CREATE TABLE telegraf (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, config TEXT NOT NULL,
  metadata TEXT NOT NULL, created_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL) STRICT;
CREATE TABLE note (about TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
"""
_MIGRATIONS: Final = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)
"""What makes each version of the catalogue out of the one before."""
_SCHEMA_VERSION: Final = len(_MIGRATIONS)


class Database:
    """The catalogue's connection. Its methods may be called from any thread; each is short."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA_VERSION:
            raise StoreError(
                f"{path} was written by a newer Heliograph (catalogue version {version}, ours is"
                f" {_SCHEMA_VERSION}); update this one, or set HELIO_HOME to another folder"
            )
        if version < _SCHEMA_VERSION:
            steps = "".join(_MIGRATIONS[version:])
            self._connection.executescript(
                f"BEGIN IMMEDIATE;{steps}PRAGMA user_version = {_SCHEMA_VERSION};COMMIT;"
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A block whose changes are on disk together when it ends, or not at all when it raises.

        Raises:
            StoreBusy: SQLite cannot write now; a full disk is the usual reason.
            StoreError: what was written breaks a rule of the tables.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                self._roll_back()
                raise StoreBusy(f"the catalogue cannot be written: {error}; is the disk full?") from error
            except sqlite3.Error as error:
                self._roll_back()
                raise StoreError(f"the catalogue refuses a change: {error}") from error
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # some errors end it already
            self._connection.execute("ROLLBACK")

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
