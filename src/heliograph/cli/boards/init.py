"""``helio board init``: makes a folder a project for boards."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path(), help="which (here)")
    parser.add_argument("--name", metavar="NAME", help="what it is called on boards (the folder's name)")


def run(args: argparse.Namespace) -> int:
    """Write what is missing, and say what is next."""
    from heliograph.board.code.template import project_files
    from heliograph.errors import ConfigError

    folder: Path = args.folder
    if folder.exists() and not folder.is_dir():
        raise ConfigError("is no folder", path=folder)
    files = project_files(folder, args.name)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(f"  {folder / name}")
    print("Next: helio board dev BOARD    # runs it there, and again at each save")
    return 0
