"""``helio board ide``: writes the files that let an editor debug on a board."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import read_inventory
from heliograph.cli.boards.projects import add_project, project_of

if TYPE_CHECKING:
    from heliograph.board.code.project import Project
    from heliograph.board.inventory import Board, Inventory

_EDITORS = ("vscode", "pycharm", "pydev")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare editor and board."""
    parser.add_argument("editor", choices=_EDITORS, help="for which")
    parser.add_argument(
        "target", metavar="BOARD", help="the board, which is asked where the project is there"
    )
    add_project(parser)
    parser.add_argument("--port", metavar="PORT", type=int, default=5678, help="the port here (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Write the files; what others had written into them stays."""
    from heliograph.board.code.ide import EDITORS, NEXT, Place

    project = project_of(args)
    inventory = read_inventory()
    board = inventory.get(args.target)
    place = Place(board.name, asyncio.run(_remote_root(inventory, board, project)), args.port, project.name)
    for name, text in EDITORS[args.editor](project.root, place).items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"  {path}")
    print(f"Next: {NEXT[args.editor].format(board=board.name, port=args.port)}")
    return 0


async def _remote_root(inventory: Inventory, board: Board, project: Project) -> str:
    from heliograph.board.running.work import open_work

    async with open_work(inventory, board, project) as work:
        return work.session.root
