"""``helio board rollout``: a new version on many boards, a few at a time, and back where it is not well."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import read_inventory
from heliograph.cli.boards.projects import add_project, project_of
from heliograph.cli.boards.report import on_boards
from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.board.inventory import Board
    from heliograph.board.running.rollout import RolledOut


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("targets", metavar="TARGET", nargs="+", help="a board, @GROUP or all")
    parser.add_argument("--timeout", metavar="TIME", default="15m", help="how long one board may take (15m)")
    add_project(parser)
    parser.add_argument(
        "--serial",
        metavar="N",
        type=int,
        default=1,
        help="boards at the same time (1): the next begin when all of these are well",
    )
    parser.epilog = (
        "On each board: sync, start as a service, then look whether it is well, as the table health of\n"
        "board.toml says. Where it is not, the version before runs again, and no further board is begun."
    )


def run(args: argparse.Namespace) -> int:
    """Go from board to board until all are done or one has failed."""
    if args.serial < 1:
        raise ConfigError(f"--serial is 1 or more, {args.serial} came")
    args.at_once = args.serial
    project = project_of(args)
    inventory = read_inventory()
    boards = inventory.targets(args.targets)

    async def work(board: Board) -> RolledOut:
        from heliograph.board.running.rollout import roll_out
        from heliograph.board.running.work import open_work

        async with open_work(inventory, board, project) as opened:
            return await roll_out(opened, lambda text: print(f"{board}: {text}", file=sys.stderr))

    for begun in range(0, len(boards), args.serial):
        turn = boards[begun : begun + args.serial]
        if status := on_boards(args, turn, work, _told):
            return _stopped(status, boards[begun + args.serial :])
    return 0


def _stopped(status: int, left: list[Board]) -> int:
    if not left:
        return status
    names = " ".join(board.name for board in left)
    print(f"stopped; not begun: {names}", file=sys.stderr)
    return 1


def _told(board: Board, done: RolledOut) -> str:
    was = "it was not there before" if not done.before else f"version {done.before} before"
    if done.before == done.version:
        was = "nothing changed"
    return f"{board}: version {done.version} runs and is well; {was}"
