"""A backup of a running hub: what is sealed now, with the positions in the streams that it goes up to."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from heliograph.errors import StoreBusy
from heliograph.hub.home import Home
from heliograph.hub.housekeeping import Housekeeping
from heliograph.store.archive.form import CATALOG
from heliograph.store.archive.write import ArchiveWriter
from heliograph.store.database import Database
from heliograph.store.segment_files import segment_path
from heliograph.store.store import Store

SETTINGS: Final = "heliograph.toml"


class HubBackup:
    """Makes backups; one at a time."""

    def __init__(self, home: Home, database: Database, store: Store, housekeeping: Housekeeping) -> None:
        self._home = home
        self._database = database
        self._store = store
        self._housekeeping = housekeeping
        self._one = asyncio.Lock()

    async def begin(self) -> AsyncIterator[bytes]:
        """Return the pieces of a backup, whose moment is now.

        Every point that was acknowledged is in it, or in a stream at a position that it names. Files that it
        has to copy are removed only when the last piece is taken or the iterator is closed.

        Raises:
            StoreBusy: another one is being made, or what is in memory cannot be sealed.
        """
        if self._one.locked():
            raise StoreBusy("a backup is being made already; try again when it is done")
        if not await self._housekeeping.seal():
            raise StoreBusy(f"{self._housekeeping.trouble}; a backup needs every point on disk")
        return self._pieces()

    async def _pieces(self) -> AsyncIterator[bytes]:
        async with self._one:
            with (
                self._store.retired.holding(),
                tempfile.TemporaryDirectory(prefix="backup-", dir=self._home.scratch) as folder,
            ):
                pieces = self._written(Path(folder) / CATALOG)
                while piece := await asyncio.to_thread(next, pieces, b""):
                    yield piece

    def _written(self, copy: Path) -> Iterator[bytes]:
        self._database.copy_to(copy)
        writer = ArchiveWriter()
        yield from writer.add(CATALOG, copy)
        secrets = [self._home.token, *sorted(self._home.nats.glob("*.password")), *self._tls()]
        for path in [*secrets, self._home.folder / SETTINGS]:
            if path.exists():
                yield from writer.add(str(path.relative_to(self._home.folder)), path)
        for path in _segments(copy, self._home):
            yield from writer.add(str(path.relative_to(self._home.folder)), path)
        yield from writer.end()

    def _tls(self) -> list[Path]:
        """Return the files of the hub's authority: with another one every board would need enrolling."""
        return [self._home.tls / name for name in ("ca.pem", "ca.key")]


def _segments(catalogue: Path, home: Home) -> list[Path]:
    """Return the files of points and of summaries that a copy of the catalogue names."""
    connection = sqlite3.connect(catalogue)
    try:
        rows = connection.execute("SELECT path FROM segment ORDER BY id")
        return [segment_path(home.segments, path) for (path,) in rows]
    finally:
        connection.close()
