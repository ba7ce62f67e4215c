"""Reading a backup: everything in it is checked, and what is missing or changed is told."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

import zstandard

from heliograph.errors import StoreError
from heliograph.store.archive.form import CATALOG, MANIFEST, PIECE_BYTES, Entry, Manifest, check_name


def unpack(source: BinaryIO, folder: Path | None) -> Manifest:
    """Write the files of a backup below a folder, on disk when this returns; None only checks them.

    Raises:
        StoreError: it is damaged, cut short or none; what was written is not to be used.
        OSError: a file cannot be read or written.
    """
    found: dict[str, Entry] = {}
    manifest: Manifest | None = None
    with _opened(source) as archive:
        for member in archive:
            if manifest is not None:
                raise StoreError(f"the backup goes on after its end, with {member.name!r}")
            if not member.isfile():
                raise StoreError(f"the backup has {member.name!r}, which is no file")
            content = archive.extractfile(member)
            if content is None:
                raise StoreError(f"the backup has no content for {member.name!r}")
            if member.name == MANIFEST:
                manifest = Manifest.from_json(json.loads(content.read()))
            else:
                name = check_name(member.name)
                found[name] = _take(content, None if folder is None else folder / name)
    if manifest is None:
        raise StoreError("the backup is cut short: its list of files is missing")
    _compare(manifest, found)
    return manifest


@contextmanager
def _opened(source: BinaryIO) -> Iterator[tarfile.TarFile]:
    try:
        with (
            zstandard.ZstdDecompressor().stream_reader(source) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|") as archive,
        ):
            yield archive
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError) as error:
        raise StoreError(f"the backup is damaged, cut short or none: {error}") from error


def _take(content: IO[bytes], path: Path | None) -> Entry:
    digest = hashlib.sha256()
    size_bytes = 0
    if path is None:
        target: Any = open(os.devnull, "wb")  # noqa: PTH123, SIM115 - no path to anything
    else:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    with target as file:
        while piece := content.read(PIECE_BYTES):
            digest.update(piece)
            size_bytes += len(piece)
            file.write(piece)
        if path is not None:
            file.flush()
            os.fsync(file.fileno())
    return Entry(size_bytes, digest.hexdigest())


def _compare(manifest: Manifest, found: dict[str, Entry]) -> None:
    if CATALOG not in manifest.files:
        raise StoreError("the backup has no catalogue")
    for name, entry in manifest.files.items():
        if found.get(name) != entry:
            raise StoreError(f"the backup is damaged: {name} is {'changed' if name in found else 'missing'}")
    extra = sorted(found.keys() - manifest.files.keys())
    if extra:
        raise StoreError(f"the backup is damaged: {extra[0]} is not in its list")
