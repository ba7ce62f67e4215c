"""A catalogue that is damaged: put aside, and made anew of all that can still be read.

Three sources, the later filling what the earlier lacks: the good copy that is made once a day, the rows of
the damaged file that can be read, and the segments that neither names. The streams are read again from
their first message then. What a flipped bit inside a text or number says wrongly nobody can see: SQLite has
no checksums.
"""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from heliograph.errors import StoreError
from heliograph.store.database import OPEN_ALL_HOURS, Database
from heliograph.store.duck import Cursor, Duck
from heliograph.store.segments import folder_name
from heliograph.store.sql_text import literal, quote

log = logging.getLogger(__name__)

_OWN_COLUMNS: Final = frozenset({"time"})


def good_copy(catalogue: Path) -> Path:
    """Return where the copy of a catalogue stands."""
    return catalogue.with_name(f"{catalogue.name}.good")


def keep_copy(database: Database, catalogue: Path) -> None:
    """Renew the copy of a catalogue, if what it holds now is sound.

    Raises:
        StoreBusy, OSError: it cannot be written; the older copy stays.
    """
    new = good_copy(catalogue).with_suffix(".tmp")
    database.copy(new)
    if is_sound(new):
        new.replace(good_copy(catalogue))
    else:
        log.error("The catalogue is damaged; the next start will put it right, file=%s", catalogue)


def put_aside_damaged(catalogue: Path) -> bool:
    """Replace a damaged catalogue by what can be read of it; True if it was damaged, or is gone.

    The damaged file goes to the folder ``damaged``. A crash in between leaves the damaged one in place.
    """
    empty = not catalogue.exists() or not catalogue.stat().st_size
    if is_sound(catalogue) if not empty else not good_copy(catalogue).exists():
        return False
    catalogue.touch()
    log.error("The catalogue is damaged; making it anew of what can be read, file=%s", catalogue)
    new = catalogue.with_name(f"{catalogue.name}.new")
    new.unlink(missing_ok=True)
    with suppress(OSError):
        shutil.copyfile(good_copy(catalogue), new)
    with closing(Database(new)) as database:
        _salvage(catalogue, database)
        with database.transaction() as sql:
            sql.execute("DELETE FROM watermark")
            sql.execute("DELETE FROM seal")
            sql.execute(
                "DELETE FROM counter WHERE name = 'run'"
            )  # so that no segment is taken for a left-over
        database.rows("PRAGMA journal_mode = DELETE")
    folder = catalogue.parent / "damaged"
    folder.mkdir(exist_ok=True)
    stamp = time.time_ns()
    shutil.copyfile(catalogue, folder / f"catalog-{stamp}.db")
    for beside in ("-wal", "-shm"):
        catalogue.with_name(catalogue.name + beside).unlink(missing_ok=True)
    new.replace(catalogue)
    return True


def is_sound(catalogue: Path) -> bool:
    """Return whether SQLite finds nothing wrong with the structure of a file."""
    try:
        with closing(sqlite3.connect(catalogue)) as connection:
            return connection.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]
    except sqlite3.OperationalError:
        return True  # locked, or a disk that fails: who opens it next says so
    except sqlite3.DatabaseError:
        return False


def _salvage(damaged: Path, database: Database) -> None:
    """Copy the rows that can be read, table by table, from both ends."""
    names = [name for (name,) in database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    with closing(sqlite3.connect(damaged)) as old:
        for name in names:
            columns = [row[1] for row in database.rows(f"PRAGMA table_info({name})")]
            for order in ("rowid", "rowid DESC"):
                rows, whole = _readable(old, f"SELECT {', '.join(columns)} FROM {name} ORDER BY {order}")
                _insert(database, name, rows)
                if whole:
                    break
            else:
                log.warning("Some rows of the damaged catalogue cannot be read, table=%s", name)


def _readable(old: sqlite3.Connection, sql: str) -> tuple[list[tuple[Any, ...]], bool]:
    rows: list[tuple[Any, ...]] = []
    try:
        rows.extend(old.execute(sql))
    except sqlite3.Error:
        return rows, False
    return rows, True


def _insert(database: Database, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    for row in rows:
        with suppress(StoreError), database.transaction() as sql:
            sql.execute(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def adopt(database: Database, duck: Duck, folder: Path) -> int:
    """Enter the segments that a rescued catalogue does not name, and drop the entries without a file.

    Returns how many were entered. Those of measurements that it does not know stay where they are.
    """
    with database.transaction() as sql:
        for id_, path in sql.execute("SELECT id, path FROM segment").fetchall():
            if not (folder / path).exists():
                sql.execute("DELETE FROM segment WHERE id = ?", (id_,))
    named = {path for (path,) in database.rows("SELECT path FROM segment UNION SELECT path FROM retired")}
    places = {
        (folder_name(bucket), folder_name(measurement)): (bucket, measurement)
        for bucket, measurement in database.rows("SELECT DISTINCT bucket, measurement FROM column_")
    }
    adopted = 0
    for path in sorted(folder.glob("*/*/*.parquet"), key=lambda p: p.stat().st_mtime_ns):
        place = places.get((path.parts[-3], path.parts[-2]))
        if place is not None and str(path.relative_to(folder)) not in named:
            with suppress(StoreError), duck.cursor() as cursor:  # a damaged segment, too
                _enter(database, cursor, folder, path, place)
                adopted += 1
    with database.transaction() as sql:
        sql.execute(OPEN_ALL_HOURS)  # a summary may be gone, or be of fewer points than there are now
    return adopted


def _enter(database: Database, cursor: Cursor, folder: Path, path: Path, place: tuple[str, str]) -> None:
    file = f"read_parquet({literal(str(path))})"
    columns = [name for name, *_ in cursor.rows(f"DESCRIBE SELECT * FROM {file}") if name not in _OWN_COLUMNS]
    rows, low, high = cursor.rows(f"SELECT count(*), min(time), max(time) FROM {file}")[0]
    series = list(_series(database, cursor, file, place, columns))
    entry = (*place, str(path.relative_to(folder)), json.dumps(sorted(columns)), rows, low, high)
    with database.transaction() as sql:
        sql.execute(
            "INSERT INTO segment (bucket, measurement, path, columns, row_count, min_ns, max_ns, size_bytes,"
            " level) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (*entry, path.stat().st_size),
        )
        sql.executemany(
            "INSERT INTO series (bucket, measurement, tags, last_ns) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET last_ns = max(last_ns, excluded.last_ns)",
            [(*place, key, last_ns) for key, last_ns in series],
        )


def _series(
    database: Database, cursor: Cursor, file: str, place: tuple[str, str], columns: list[str]
) -> Iterator[tuple[str, int]]:
    """Yield the series of a segment as the catalogue writes them, each with the time of its latest point."""
    known = database.rows(
        "SELECT name, physical FROM column_ WHERE bucket = ? AND measurement = ? AND kind = 'tag'"
        " ORDER BY name",
        place,
    )
    tags = [(name, physical) for name, physical in known if physical in columns]
    wanted = ", ".join([*(quote(physical) for _, physical in tags), "max(time)"])
    for *values, last_ns in cursor.rows(f"SELECT {wanted} FROM {file} GROUP BY ALL"):
        key = [(name, value) for (name, _), value in zip(tags, values, strict=True) if value is not None]
        yield json.dumps(key), last_ns
