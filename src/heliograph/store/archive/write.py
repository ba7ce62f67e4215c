"""Making a backup, piece by piece: no more than a piece is in memory."""

from __future__ import annotations

import hashlib
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import zstandard

from heliograph import __version__
from heliograph.errors import StoreError
from heliograph.store.archive.form import MANIFEST, PIECE_BYTES, Entry, Manifest, check_name


class ArchiveWriter:
    """The bytes of one backup, in the order in which its parts are added."""

    def __init__(self) -> None:
        self._created_ns = time.time_ns()
        self._files: dict[str, Entry] = {}
        self._compressor = zstandard.ZstdCompressor(1).compressobj()

    def add(self, name: str, path: Path) -> Iterator[bytes]:
        """Yield the bytes of a file, which must not change meanwhile.

        Raises:
            StoreError: it did.
            OSError: it cannot be read.
        """
        size, digest = path.stat().st_size, hashlib.sha256()
        yield from self._header(check_name(name), size)
        done = 0
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                done += len(piece)
                digest.update(piece)
                yield from self._packed(piece)
        if done != size:
            raise StoreError(f"{path} changed while it was copied: {size:,} bytes became {done:,}")
        yield from self._packed(_padding(size))
        self._files[name] = Entry(size, digest.hexdigest())

    def end(self) -> Iterator[bytes]:
        """Yield the list of files and the end."""
        listed = json.dumps(Manifest(__version__, self._created_ns, self._files).as_json()).encode()
        yield from self._header(MANIFEST, len(listed))
        yield from self._packed(listed + _padding(len(listed)) + bytes(2 * tarfile.BLOCKSIZE))
        yield self._compressor.flush()

    def _header(self, name: str, size_bytes: int) -> Iterator[bytes]:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size_bytes, 0o600, self._created_ns // 1_000_000_000
        yield from self._packed(info.tobuf(tarfile.PAX_FORMAT))

    def _packed(self, data: bytes) -> Iterator[bytes]:
        packed = self._compressor.compress(data)
        if packed:
            yield packed


def _padding(size_bytes: int) -> bytes:
    return bytes(-size_bytes % tarfile.BLOCKSIZE)
