"""``helio board rollback``: puts the version before in place again."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import add_targets, read_inventory
from heliograph.cli.boards.projects import add_project, project_of
from heliograph.cli.boards.report import on_boards

if TYPE_CHECKING:
    from heliograph.board.inventory import Board


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_targets(parser)
    add_project(parser)
    parser.add_argument("--to", metavar="VERSION", type=int, help="which (the one before the one in place)")
    parser.add_argument("--list", action="store_true", help="show the versions that the boards have kept")


def run(args: argparse.Namespace) -> int:
    """Go back, and start the service anew where there is one."""
    project = project_of(args)
    inventory = read_inventory()

    async def work(board: Board) -> str:
        from heliograph.board.running.service import restart_if_installed
        from heliograph.board.running.work import open_work

        async with open_work(inventory, board, project) as opened:
            if args.list:
                return _listed(board, *await opened.session.releases())
            synced = await opened.session.rollback(args.to)
            restarted = await restart_if_installed(opened)
        service = "; its service was started anew" if restarted else ""
        counted = f"{synced.written} written, {synced.deleted} deleted"
        return f"{board}: version {synced.version} is in place, {counted}{service}"

    return on_boards(args, inventory.targets(args.targets), work, lambda _board, text: text)


def _listed(board: Board, version: int, releases: list[tuple[int, float, int]]) -> str:
    lines = [
        f"{board}: {number}  until {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(at))}  {count} files"
        for number, at, count in releases
        if number != version
    ]
    return "\n".join([*lines, f"{board}: {version}  in place"])
