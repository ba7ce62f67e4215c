"""``helio backup``: everything that a hub keeps, in one file, while it runs."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare where it goes and how."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the new file, such as hub.helio")
    parser.add_argument(
        "--encrypt", action="store_true", help="seal it with a passphrase, which is asked for"
    )
    parser.add_argument(
        "--passphrase-file", metavar="PATH", type=Path, help="where the passphrase stands, instead of asking"
    )
    parser.epilog = "The file holds keys and tokens. helio restore reads it back."


def run(args: argparse.Namespace) -> int:
    """Fetch a backup from the hub, check it, and give it its name."""
    from heliograph.cli.hub_client import download
    from heliograph.cli.passphrase import ask_new
    from heliograph.cli.restore import open_backup
    from heliograph.store.archive.crypt import Sealing
    from heliograph.store.archive.read import unpack

    if args.file.exists():
        print(f"helio backup: {args.file} is there already; name another file", file=sys.stderr)
        return 2
    passphrase = ask_new(args.passphrase_file) if args.encrypt or args.passphrase_file else None
    part = args.file.with_name(f"{args.file.name}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            sealing = Sealing(file, passphrase) if passphrase is not None else None
            for piece in download("POST", "/api/backup"):
                (sealing or file).write(piece)
            if sealing is not None:
                sealing.end()
            file.flush()
            os.fsync(file.fileno())
        with part.open("rb") as file:
            manifest = unpack(open_backup(file, passphrase), None)
        part.rename(args.file)
    finally:
        part.unlink(missing_ok=True)
    size = args.file.stat().st_size
    print(f"{args.file}: {len(manifest.files)} files, {size / 1e6:.1f} MB, read back and compared.")
    if passphrase is None:
        print("It holds keys and tokens: keep it where nobody else can read it.", file=sys.stderr)
    return 0
