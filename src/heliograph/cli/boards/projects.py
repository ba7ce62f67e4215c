"""Which project an action is about."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.board.code.project import Project


def add_project(parser: argparse.ArgumentParser) -> None:
    """Declare the folder of the project."""
    parser.add_argument(
        "--project", metavar="FOLDER", type=Path, help="its folder (here, or above, where board.toml is)"
    )


def project_of(args: argparse.Namespace) -> Project:
    """Return the project that the command line names, or the one that we are in.

    Raises:
        ConfigError: there is none, or its ``board.toml`` is wrong.
    """
    from heliograph.board.code.project import find_root, load

    return load(find_root(args.project or Path.cwd()))
