"""``helio restore``: a data folder out of a backup."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from heliograph.store.archive.form import Manifest

_PART = "restore.part"
_OLD = "restore.old"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare from where to where."""
    parser.add_argument("file", metavar="FILE", type=Path, help="what helio backup made")
    parser.add_argument("--home", metavar="FOLDER", type=Path, help="the data folder (default: HELIO_HOME)")
    parser.add_argument(
        "--force", action="store_true", help="replace what is in the folder; what its streams hold is kept"
    )
    parser.add_argument(
        "--passphrase-file", metavar="PATH", type=Path, help="where the passphrase stands, instead of asking"
    )
    parser.epilog = "Everything is checked before anything is replaced. The hub of that folder must not run."


def run(args: argparse.Namespace) -> int:
    """Unpack, check, and put into place."""
    from heliograph.config.home import home_folder
    from heliograph.hub.home import Home

    home = Home(args.home or home_folder(os.environ))
    if not args.force and _is_used(home.folder):
        print(f"helio restore: {home.folder} holds a hub's data; --force replaces it", file=sys.stderr)
        return 2
    try:
        with args.file.open("rb") as file:
            source = open_backup(file, None, args.passphrase_file)
            with home.locked():
                manifest = _restore(source, home.folder)
    except OSError as error:
        print(f"helio restore: {error}", file=sys.stderr)
        return 1
    print(f"Restored {len(manifest.files)} files into {home.folder}; start the hub with helio up.")
    return 0


def open_backup(file: BinaryIO, passphrase: str | None, passphrase_file: Path | None = None) -> BinaryIO:
    """Return a backup's bytes, unsealed where it is sealed; asks for the passphrase if it is not given."""
    from heliograph.cli.passphrase import ask
    from heliograph.store.archive.crypt import Opened, is_sealed

    if not is_sealed(file):
        return file
    opened = Opened(file, ask(passphrase_file) if passphrase is None else passphrase)
    return cast("BinaryIO", io.BufferedReader(opened))


def _is_used(folder: Path) -> bool:
    segments = folder / "segments"
    return (folder / "catalog.db").exists() or (segments.is_dir() and any(segments.iterdir()))


def _restore(source: BinaryIO, home: Path) -> Manifest:
    """Replace what is in a folder by what is in a backup; the streams stay, and are read on from it."""
    from heliograph.store.archive.read import unpack

    part, old = home / _PART, home / _OLD
    for left_over in (part, old):
        shutil.rmtree(left_over, ignore_errors=True)
    try:
        manifest = unpack(source, part)
        old.mkdir(mode=0o700)
        # last what makes the folder a hub's: after a crash in between there is none, and this can be repeated
        for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm", "segments", "rollups"):
            if (home / name).exists():
                (home / name).rename(old / name)
        for name in ("segments", "rollups"):
            (part / name).mkdir(exist_ok=True)
        for path in sorted(part.glob("nats/*")):
            path.replace(home / "nats" / path.name)
        for name in ("operator.token", "heliograph.toml", "segments", "rollups", "catalog.db"):
            if (part / name).exists():
                (part / name).replace(home / name)
        descriptor = os.open(home, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    finally:
        for left_over in (part, old):
            shutil.rmtree(left_over, ignore_errors=True)
    return manifest
