"""A sync from beginning to end: scan, look at the syntax, compare, send, commit; then what changes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Final

from heliograph.board.code.manifest import Manifest, Scan, Scanner, difference
from heliograph.board.code.project import Project
from heliograph.board.code.syntax import check_syntax
from heliograph.board.sync.session import Moved, Preview, Session, Synced, Torn

_TRIES: Final = 3
"""How often a sync begins anew because files changed meanwhile."""


class Syncing:
    """One project on one board: what was sent last, so that the next time only the difference goes."""

    def __init__(self, session: Session, scanner: Scanner) -> None:
        self.session = session
        self._scanner = scanner
        self._sent: Manifest | None = None

    async def preview(self, *, checksum: bool = False) -> tuple[Scan, Preview]:
        """Return the project as it is here, and what a sync would do. Nothing changes."""
        scan = self._scanner.scan(checksum=checksum)
        return scan, await self.session.compare(scan.entries, checksum=checksum)

    async def all(
        self,
        *,
        keep: bool = True,
        checksum: bool = False,
        check: bool = True,
        told: Callable[[int], None] = lambda _: None,
    ) -> Synced:
        """Make the board's folder what the project is.

        On cancellation or a cut link the board has all of the old files, and maybe contents that wait unseen.

        Args:
            keep: make it a version of its own, to which ``rollback`` can return.
            checksum: read every file at both ends, whatever their times say.
            check: look at the syntax of what is new first.
            told: is called with the size of each piece that was sent.

        Raises:
            NotPython: a file that Python would refuse; nothing was sent.
            Torn: files go on changing while they are sent.
        """
        for left in reversed(range(_TRIES)):
            scan, preview = await self.preview(checksum=checksum)
            if check:
                check_syntax(scan, (*preview.new, *preview.changed))
            sent_bytes = await self.session.send(
                scan, [(digest, have) for digest, have, _size in preview.send], told
            )
            try:
                synced = await self.session.commit(keep=keep)
            except Torn:
                if not left:
                    raise
                continue
            self._sent = scan.entries
            return replace(synced, sent_bytes=sent_bytes)
        raise AssertionError  # the last try returns or raises

    async def changes(self) -> Synced:
        """Send what has changed since the last time, as part of the same version.

        Raises:
            NotPython: a file that Python would refuse; nothing was sent.
        """
        if self._sent is None:
            return await self.all(keep=False)
        scan = self._scanner.scan()
        changed = difference(self._sent, scan.entries)
        if not changed:
            return Synced(0, 0, 0, self.session.version)
        check_syntax(scan, changed.set)
        try:
            synced = await self.session.patch(scan, changed.set, changed.gone)
        except (Moved, Torn):
            return await self.all(keep=False)
        self._sent = scan.entries
        return synced


def project_scanner(project: Project, cache: Path | None = None) -> Scanner:
    """Return what reads a project, with what it knew about its files the last time."""
    known = {} if cache is None else _read_cache(cache)
    return Scanner(project.root, project.ignores, known=known)


def cache_file(project: Project) -> Path:
    """Return where the digests of a project's files are remembered, outside of it."""
    import platformdirs

    name = blake2b(str(project.root).encode(errors="surrogateescape"), digest_size=8).hexdigest()
    return platformdirs.user_cache_path("heliograph", appauthor=False) / "sync" / f"{name}.json"


def remember(scanner: Scanner, cache: Path) -> None:
    """Write what a scanner knows. A folder that cannot be written to only costs time."""
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        new = cache.with_suffix(f".{os.getpid()}.new")
        new.write_text(json.dumps(scanner.known), encoding="utf-8")
        new.replace(cache)
    except OSError:
        return


def _read_cache(cache: Path) -> dict[str, tuple[int, int, int, str]]:
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
        return {
            str(name): (int(size), int(at), int(inode), str(digest))
            for name, (size, at, inode, digest) in known.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
