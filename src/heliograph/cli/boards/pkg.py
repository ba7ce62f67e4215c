"""``helio board pkg``: Debian packages of boards."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from heliograph.board.inventory import Board
    from heliograph.board.setup.steps import Done

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?(=[A-Za-z0-9.+:~-]+)?")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from heliograph.cli.boards.asking import add_pace

    parser.add_argument(
        "doing", metavar="ACTION", choices=("install", "remove", "list"), help="install, remove or list"
    )
    parser.add_argument("target", metavar="TARGET", help="a board, @GROUP or all")
    parser.add_argument(
        "packages", metavar="PACKAGE", nargs="*", help="a Debian package; for list a part of its name"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only show what would change; exit 2 if anything"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_pace(parser)


def run(args: argparse.Namespace) -> int:
    """List, or plan, ask and apply."""
    from heliograph.cli.boards.asking import confirmed, read_inventory
    from heliograph.errors import ConfigError

    if args.doing == "list":
        return _list(args)
    wrong = [name for name in args.packages if not _NAME.fullmatch(name)]
    if wrong or not args.packages:
        raise ConfigError(f"expected names of Debian packages, got {', '.join(wrong) or 'none'}")
    boards = read_inventory().targets([args.target])
    if not args.yes or args.dry_run:
        status, changes = _all(args, boards, apply=False)
        if status or args.dry_run or not changes:
            return status or (2 if changes else 0)
        if not confirmed(f"Do this on {', '.join(board.name for board in boards)}?", sure=False):
            return 1
    return _all(args, boards, apply=True)[0]


def _all(args: argparse.Namespace, boards: list[Board], *, apply: bool) -> tuple[int, int]:
    from heliograph.board.setup.apply import run_steps
    from heliograph.board.setup.steps import State, no_packages, packages
    from heliograph.board.ssh import connect
    from heliograph.cli.boards.asking import read_inventory
    from heliograph.cli.boards.report import on_boards

    inventory = read_inventory()
    step = packages(*args.packages) if args.doing == "install" else no_packages(*args.packages)
    changes = 0

    async def work(board: Board) -> list[Done]:
        async with connect(inventory, board) as link:
            return await run_steps(link, [step], apply=apply)

    def show(board: Board, done: list[Done]) -> str:
        nonlocal changes
        (one,) = done
        if one.state is State.SAME:
            return f"{board.name}: all is as it should be"
        changes += 1
        if one.state is State.CHANGED:
            return f"{board.name}: {args.doing} done: {', '.join(args.packages)}"
        return "\n".join([f"{board.name}:", *(f"  {line}" for line in one.lines)])

    return on_boards(args, boards, work, show), changes


def _list(args: argparse.Namespace) -> int:
    from heliograph.board.ssh import connect
    from heliograph.cli.boards.asking import read_inventory
    from heliograph.cli.boards.report import on_boards

    inventory = read_inventory()
    boards = inventory.targets([args.target])
    ask = "dpkg-query -W -f '${Status}|${Package} ${Version}\\n'"

    async def work(board: Board) -> list[str]:
        async with connect(inventory, board) as link:
            told = (await link.check(ask)).text
        lines = [
            line.split("|", 1)[1] for line in told.splitlines() if line.startswith("install ok installed|")
        ]
        return [
            line
            for line in lines
            if not args.packages or any(part in line.split()[0] for part in args.packages)
        ]

    def show(board: Board, lines: list[str]) -> str:
        prefix = f"{board.name}: " if len(boards) > 1 else ""
        return "\n".join(prefix + line for line in lines)

    return on_boards(args, boards, work, show)
