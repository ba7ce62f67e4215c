"""The folder of dashboards that is watched: a file in it that is new, or has changed, becomes a version."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from pathlib import Path
from typing import Final

from heliograph.dashboards.envelope import classic, unwrapped
from heliograph.dashboards.library import Library
from heliograph.dashboards.shape import text
from heliograph.errors import Error, QueryError

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
MAX_FILES: Final = 500
MAX_BYTES: Final = 8 * 1024 * 1024
_State = tuple[int, int]


class DashboardFolder:
    """Keeps the library like the files of one folder. The folder need not exist."""

    def __init__(self, folder: Path, library: Library) -> None:
        self._folder = folder
        self._library = library
        self._seen: dict[str, _State] = {}

    async def follow(self) -> None:
        """Look at the folder every few seconds, until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Take what is new or has changed since the last look; a dashboard whose file is gone stays."""
        found = self._files()
        for name, state in found.items():
            if self._seen.get(name) != state:
                self._take(name)
        for entry in self._library.table.entries():
            if entry.file and entry.file not in found:
                self._library.table.release_file(entry.uid)
                log.info("The file of a dashboard is gone; it stays as it is", extra={"uid": entry.uid})
        self._seen = found

    def _files(self) -> dict[str, _State]:
        found: dict[str, _State] = {}
        try:
            for path in sorted(self._folder.rglob("*.json"))[:MAX_FILES]:
                status = path.stat()
                found[str(path.relative_to(self._folder))] = status.st_mtime_ns, status.st_size
        except OSError as error:
            log.warning("The folder of dashboards cannot be read: %s", error)
        return found

    def _take(self, name: str) -> None:
        try:
            document = unwrapped(_read(self._folder / name))
            uid = text(classic(document).get("uid")) or _uid_of(name)
            if self._is_known(name, uid, document):
                return
            self._library.take(
                document, inputs={}, message=f"read from {name}", overwrite=True, file=name, uid=uid
            )
        except (OSError, Error) as error:
            log.warning("The dashboard %s was not taken: %s", name, error)

    def _is_known(self, name: str, uid: str, document: object) -> bool:
        """Return whether the file has been taken as it is: then a start of the hub saves nothing."""
        entry = self._library.table.entry(uid)
        if entry is None or entry.file != name:
            return False
        return any(
            one["message"] == f"read from {name}"
            and self._library.table.saved(uid, one["version"]).document == document
            for one in self._library.table.versions(uid)
        )


def _read(path: Path) -> object:
    if path.stat().st_size > MAX_BYTES:
        raise QueryError(f"the file has more than {MAX_BYTES // 2**20} MiB")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise QueryError(f"the file is no JSON: {error}") from error


def _uid_of(name: str) -> str:
    return f"file-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
