"""Segments carry the checksum of their bytes in their names.

A flipped bit in compressed columns is read as another value in most cases, without any error: Parquet has
checksums that DuckDB neither writes nor looks at. In the name it needs no list that could be lost.
"""

from __future__ import annotations

import errno
import os
import re
import zlib
from pathlib import Path
from typing import Final

_CHUNK_BYTES: Final = 1024 * 1024
_BAD_MEDIUM: Final = frozenset({errno.EIO, errno.EBADMSG, getattr(errno, "EUCLEAN", errno.EIO)})
"""All else, too many open files for instance, says nothing about the file."""
_NAMED: Final = re.compile(r"\.([0-9a-f]{8})\.parquet")


def finish(temporary: Path, path: Path) -> Path:
    """Give a complete file its name, with the checksum in it, and return that; it is on disk then."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    named = path.with_name(f"{path.stem}.{_crc32(temporary):08x}{path.suffix}")
    temporary.rename(named)
    sync_folder(path.parent)
    return named


def damage(path: Path, size_bytes: int) -> str | None:
    """Return what is wrong with a segment; None when its bytes are those that were written.

    Of a segment that was written before there were checksums only the size is compared.

    Raises:
        OSError: nothing can be read now, for a reason that is not the file's.
    """
    try:
        size = path.stat().st_size
        if size != size_bytes:
            return f"it has {size:,} bytes, {size_bytes:,} were written"
        named = _NAMED.search(path.name)
        if named and _crc32(path) != int(named[1], 16):
            return "its checksum is not that of what was written"
    except FileNotFoundError:
        return "the file is gone"
    except OSError as error:
        if error.errno not in _BAD_MEDIUM:
            raise
        return f"it cannot be read: {error.strerror}"
    return None


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            checksum = zlib.crc32(chunk, checksum)
    return checksum


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
