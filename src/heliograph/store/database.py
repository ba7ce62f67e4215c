"""``catalog.db``: the one SQLite file, its tables and the rule that every change is one transaction."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
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
# resolution_ns 0 is raw points: what is summarised by the minute or hour has rules of its own.
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
# The numbers in segment.deletions are of deletes whose points are still in the segment's file.
_VERSION_5: Final = """
CREATE TABLE deletion (
  id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, conditions TEXT NOT NULL, start_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL, marks TEXT NOT NULL, settled INTEGER NOT NULL) STRICT;
ALTER TABLE segment ADD COLUMN deletions TEXT NOT NULL DEFAULT '[]';
"""
OPEN_ALL_HOURS: Final = """
INSERT OR IGNORE INTO open_hour
  WITH RECURSIVE span (bucket, measurement, hour, last) AS (
    SELECT bucket, measurement, min_ns / 3600000000000 - (min_ns < 0), max_ns / 3600000000000 FROM segment
      WHERE resolution_ns = 0
    UNION ALL SELECT bucket, measurement, hour + 1, last FROM span WHERE hour < last)
  SELECT bucket, measurement, hour FROM span;
"""
"""Have every hour that has points summarised, again where it was already."""
# Of points that are there already every hour is still to be summarised.
_VERSION_6: Final = f"""
ALTER TABLE segment ADD COLUMN resolution_ns INTEGER NOT NULL DEFAULT 0;
CREATE TABLE open_hour (
  bucket TEXT NOT NULL, measurement TEXT NOT NULL, hour INTEGER NOT NULL,
  PRIMARY KEY (bucket, measurement, hour)) STRICT;
CREATE TABLE complete_from (
  bucket TEXT NOT NULL, measurement TEXT NOT NULL, resolution_ns INTEGER NOT NULL, from_ns INTEGER NOT NULL,
  PRIMARY KEY (bucket, measurement, resolution_ns)) STRICT;
{OPEN_ALL_HOURS}"""
# What InfluxQL knows of databases and their policies beyond the buckets. It made these two itself at first.
_VERSION_7: Final = """
CREATE TABLE IF NOT EXISTS influx_policy (
  database TEXT NOT NULL, name TEXT NOT NULL, bucket TEXT NOT NULL, shard_ns INTEGER NOT NULL,
  replicas INTEGER NOT NULL, is_default INTEGER NOT NULL, PRIMARY KEY (database, name)) STRICT;
CREATE TABLE IF NOT EXISTS influx_dropped (database TEXT PRIMARY KEY) STRICT;
"""
# InfluxDB 1.x's users and continuous queries. What a database's name stood for goes with its last bucket: a
# later one of that name is another.
_VERSION_8: Final = """
CREATE TABLE influx_user (
  name TEXT PRIMARY KEY, password TEXT NOT NULL, admin INTEGER NOT NULL, created_ns INTEGER NOT NULL) STRICT;
CREATE TABLE influx_grant (
  user TEXT NOT NULL, database TEXT NOT NULL, privilege TEXT NOT NULL, PRIMARY KEY (user, database)) STRICT;
CREATE TABLE continuous_query (
  database TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (database, name)) STRICT;
CREATE TRIGGER database_gone AFTER DELETE ON bucket
  WHEN NOT EXISTS (
    SELECT 1 FROM bucket WHERE substr(name || '/', 1, instr(name || '/', '/'))
      = substr(OLD.name || '/', 1, instr(OLD.name || '/', '/')))
  BEGIN
    DELETE FROM influx_grant WHERE database = substr(OLD.name, 1, instr(OLD.name || '/', '/') - 1);
    DELETE FROM continuous_query WHERE database = substr(OLD.name, 1, instr(OLD.name || '/', '/') - 1);
  END;
CREATE TRIGGER policy_gone AFTER DELETE ON bucket
  BEGIN
    DELETE FROM influx_policy WHERE bucket = OLD.name;
  END;
"""
# Rules by which messages of any topic become points, each with the time for which it holds, and what messages
# taught about later ones, likewise: reading a stream back needs those of then.
_VERSION_9: Final = """
CREATE TABLE ingest_rule (
  id INTEGER PRIMARY KEY, origin TEXT NOT NULL, rule TEXT NOT NULL, since_ns INTEGER NOT NULL,
  until_ns INTEGER) STRICT;
CREATE TABLE ingest_fact (
  kind TEXT NOT NULL, key TEXT NOT NULL, since_ns INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (kind, key, since_ns)) STRICT;
"""
# Dashboards: the documents as they came, compressed JSON, of which each save makes a version more.
_VERSION_10: Final = """
CREATE TABLE dashboard (
  uid TEXT PRIMARY KEY, title TEXT NOT NULL, tags TEXT NOT NULL, version INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL, file TEXT NOT NULL, report TEXT NOT NULL) STRICT;
CREATE TABLE dashboard_version (
  uid TEXT NOT NULL, version INTEGER NOT NULL, saved_ms INTEGER NOT NULL, message TEXT NOT NULL,
  inputs TEXT NOT NULL, document BLOB NOT NULL, PRIMARY KEY (uid, version)) STRICT;
CREATE TABLE dashboard_link (
  hash TEXT PRIMARY KEY, uid TEXT NOT NULL, made_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL) STRICT;
"""
# What tokens may do by MQTT and until when, devices and the codes by which they get their keys, and who
# changed what. A device without a hash has no key yet, or none any more. What Mosquitto
# keeps of a secret is another hash.
_VERSION_11: Final = """
ALTER TABLE token ADD COLUMN publish TEXT NOT NULL DEFAULT '[]';
ALTER TABLE token ADD COLUMN subscribe TEXT NOT NULL DEFAULT '[]';
ALTER TABLE token ADD COLUMN expires_ns INTEGER;
ALTER TABLE token ADD COLUMN mosquitto TEXT NOT NULL DEFAULT '';
CREATE TABLE device (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL, mosquitto TEXT NOT NULL, active INTEGER NOT NULL,
  created_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL) STRICT;
CREATE TABLE enrolment (
  hash TEXT PRIMARY KEY, device TEXT NOT NULL, expires_ns INTEGER NOT NULL, used_by TEXT NOT NULL) STRICT;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL,
  what TEXT NOT NULL, about TEXT NOT NULL) STRICT;
"""

# Rules: those that were added, up to where each was evaluated, its alerts, what was told and is still to be
# delivered; and how far the readers of the streams are.
_VERSION_12: Final = """
CREATE TABLE rule (name TEXT PRIMARY KEY, asked TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT;
CREATE TABLE rule_progress (
  rule TEXT PRIMARY KEY, digest TEXT NOT NULL, evaluated_ns INTEGER NOT NULL) STRICT;
CREATE TABLE rule_alert (
  rule TEXT NOT NULL, group_ TEXT NOT NULL, alert TEXT NOT NULL, told TEXT NOT NULL, told_ms INTEGER NOT NULL,
  acknowledged TEXT NOT NULL, PRIMARY KEY (rule, group_)) STRICT;
CREATE TABLE rule_change (
  id INTEGER PRIMARY KEY, rule TEXT NOT NULL, bucket TEXT NOT NULL, severity TEXT NOT NULL,
  tags TEXT NOT NULL, time_ns INTEGER NOT NULL, state TEXT NOT NULL, value REAL, text TEXT NOT NULL,
  reason TEXT NOT NULL) STRICT;
CREATE INDEX rule_change_time ON rule_change (time_ns);
CREATE TABLE rule_outbox (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, action TEXT NOT NULL, told TEXT NOT NULL,
  created_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, error TEXT NOT NULL,
  state TEXT NOT NULL) STRICT;
CREATE TABLE rule_silence (
  id INTEGER PRIMARY KEY, rule TEXT NOT NULL, tags TEXT NOT NULL, start_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
CREATE TABLE stream_reader (
  name TEXT PRIMARY KEY, stream TEXT NOT NULL, created TEXT NOT NULL, seq INTEGER NOT NULL,
  made_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL, missed INTEGER NOT NULL) STRICT;
"""

# Gateways: devices that speak for others.
_VERSION_13: Final = """
ALTER TABLE device ADD COLUMN gateway INTEGER NOT NULL DEFAULT 0;
"""

# Readers of the streams belong to the token that made them; people may have a second factor, of which the
# last used step is kept, as a code counts once.
_VERSION_14: Final = """
ALTER TABLE stream_reader ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN totp TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;
"""

# A code may be one for a gateway: its rights come when it is used.
_VERSION_15: Final = """
ALTER TABLE enrolment ADD COLUMN gateway INTEGER NOT NULL DEFAULT 0;
"""

# Silences that come again on days of the week, by the clock of a place.
_VERSION_16: Final = """
ALTER TABLE rule_silence ADD COLUMN every TEXT NOT NULL DEFAULT '';
ALTER TABLE rule_silence ADD COLUMN zone TEXT NOT NULL DEFAULT '';
"""

_MIGRATIONS: Final = (
    _VERSION_1,
    _VERSION_2,
    _VERSION_3,
    _VERSION_4,
    _VERSION_5,
    _VERSION_6,
    _VERSION_7,
    _VERSION_8,
    _VERSION_9,
    _VERSION_10,
    _VERSION_11,
    _VERSION_12,
    _VERSION_13,
    _VERSION_14,
    _VERSION_15,
    _VERSION_16,
)
"""What makes each version of the catalogue out of the one before."""
_SCHEMA_VERSION: Final = len(_MIGRATIONS)


class Database:
    """The catalogue's connections. Its methods may be called from any thread; each is short.

    One connection writes and reads, another one only reads: the event loop, which looks things up by
    :meth:`committed`, does not wait until a disk has taken what somebody else writes.
    """

    def __init__(self, path: Path) -> None:
        self.changes = 0
        """How many changes are on disk since the start; what was read before one may be old after it."""
        self._lock = threading.RLock()
        self._path = path
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
        self._reading = threading.Lock()
        self._reader = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._reader.execute("PRAGMA query_only = ON")

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
                self.changes += 1
            except sqlite3.OperationalError as error:
                self._roll_back()
                raise StoreBusy(f"the catalogue cannot be written: {error}; is the disk full?") from error
            except sqlite3.Error as error:
                self._roll_back()
                raise StoreError(f"the catalogue refuses a change: {error}") from error
            except BaseException:
                self._roll_back()
                raise

    def copy_to(self, path: Path) -> None:
        """Copy the file as it is at this moment; nobody waits for that.

        Raises:
            StoreError: it cannot be read or written.
        """
        try:
            with closing(sqlite3.connect(self._path)) as here, closing(sqlite3.connect(path)) as there:
                here.backup(there)
                there.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise StoreError(f"the catalogue cannot be copied: {error}") from error

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # some errors end it already
            self._connection.execute("ROLLBACK")

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def committed(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query over what is on disk; waits for no transaction."""
        with self._reading:
            return self._reader.execute(sql, tuple(parameters)).fetchall()

    def copy(self, path: Path) -> None:
        """Write a copy of the whole file; readers and writers wait meanwhile.

        Raises:
            StoreBusy: it cannot be written.
        """
        path.unlink(missing_ok=True)
        try:
            with self._lock, contextlib.closing(sqlite3.connect(path)) as copy:
                self._connection.backup(copy)
        except sqlite3.Error as error:
            raise StoreBusy(f"the catalogue cannot be copied to {path}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock, self._reading:
            self._reader.close()
            self._connection.close()
