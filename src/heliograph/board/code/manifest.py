"""What a project consists of: each path with its kind, permissions and what is in it."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final

from heliograph.board.code.ignore import FILES, Ignores

DIGEST_BYTES: Final = 16
_RACY_SECONDS: Final = 2.1
"""A file that young may change once more within its file system's clock tick (2 s on FAT): not remembered."""

Known = dict[str, tuple[int, int, int, str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file (``f``), folder (``d``) or symbolic link (``l``)."""

    kind: str
    mode: int
    """The nine bits of permissions; 0 for a link."""
    content: str
    """A file's digest, a link's target, or nothing."""
    size_bytes: int = 0

    def wire(self) -> list[str | int]:
        """Return what a board is told."""
        return [self.kind, self.mode, self.content, self.size_bytes]


Manifest = dict[str, Entry]


@dataclass(slots=True)
class Scan:
    """What was found in a project."""

    root: Path
    entries: Manifest = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    """Sockets, pipes, devices, and what may not be read."""
    ignores: Ignores = field(default_factory=lambda: Ignores(()))

    def path(self, name: str) -> Path:
        """Return where an entry is on this machine."""
        return self.root.joinpath(*name.split("/"))

    def by_digest(self) -> dict[str, str]:
        """Return for each file's digest a name that has it."""
        return {entry.content: name for name, entry in self.entries.items() if entry.kind == "f"}


def digest_of(path: Path) -> str:
    """Return the digest by which both ends know what is in a file."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def mode_of(
    path: Path,
    mode: int,
    *,
    windows: bool = sys.platform == "win32",
) -> int:
    """Return the permissions for the board.

    Windows knows no permission to execute: there what begins with ``#!`` gets it.
    """
    if not windows:
        return stat.S_IMODE(mode) & 0o777
    with path.open("rb") as file:
        return 0o755 if file.read(2) == b"#!" else 0o644


class Scanner:
    """Reads a project again and again, and a file only when it has changed."""

    def __init__(
        self,
        root: Path,
        ignores: Ignores,
        *,
        known: Mapping[str, tuple[int, int, int, str]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root = root
        self.known: Known = dict(known or {})
        """For each path its size, time of change, inode and digest."""
        self._ignores = ignores
        self._clock = clock

    def scan(self, *, checksum: bool = False) -> Scan:
        """Return what the project has now; ``checksum`` reads every file, whatever its time says."""
        if checksum:
            self.known.clear()
        found = Scan(self.root)
        found.ignores = self._walk(found, self.root, "", self._ignores)
        self.known = {name: self.known[name] for name in found.entries if name in self.known}
        return found

    def _walk(self, found: Scan, folder: Path, prefix: str, ignores: Ignores) -> Ignores:
        for name in FILES:
            if (folder / name).is_file():
                text = (folder / name).read_text(encoding="utf-8", errors="replace")
                ignores = ignores.below(prefix.rstrip("/"), text)
        for child in sorted(_children(folder, found, prefix), key=lambda one: one.name):
            path = prefix + child.name
            is_folder = child.is_dir(follow_symlinks=False)
            if ignores.match(path, is_folder=is_folder):
                continue
            if is_folder:
                mode = stat.S_IMODE(child.stat(follow_symlinks=False).st_mode) & 0o777
                found.entries[path] = Entry("d", 0o755 if sys.platform == "win32" else mode, "")
                self._walk(found, Path(child.path), f"{path}/", ignores)
            else:
                self._add(found, child, path)
        return ignores

    def _add(self, found: Scan, child: os.DirEntry[str], path: str) -> None:
        try:
            if child.is_symlink():
                found.entries[path] = Entry("l", 0, str(Path(child.path).readlink()).replace(os.sep, "/"))
            elif child.is_file(follow_symlinks=False):
                found.entries[path] = self._file(Path(child.path), path)
            else:
                found.skipped.append(path)
        except FileNotFoundError:  # gone since the folder was read: an editor's temporary file
            return
        except OSError:
            found.skipped.append(path)

    def _file(self, file: Path, path: str) -> Entry:
        # Not the entry's own stat: on Windows that comes from the folder, without the inode.
        found = file.lstat()
        before = self.known.get(path)
        if before is not None and before[:3] == (found.st_size, found.st_mtime_ns, found.st_ino):
            digest = before[3]
        else:
            digest = digest_of(file)
            self.known.pop(path, None)
            if self._clock() - found.st_mtime_ns / 1e9 > _RACY_SECONDS:
                self.known[path] = (found.st_size, found.st_mtime_ns, found.st_ino, digest)
        return Entry("f", mode_of(file, found.st_mode), digest, found.st_size)


def _children(folder: Path, found: Scan, prefix: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        found.skipped.append(prefix.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Difference:
    """What turns one manifest into another."""

    set: Manifest
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.set or self.gone)


def difference(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Difference:
    """Return what is new or other in ``after``, and what is no longer in it."""
    return Difference(
        {name: entry for name, entry in after.items() if before.get(name) != entry},
        tuple(name for name in before if name not in after),
    )
