"""``helio board exec``: a command on boards, with its output and its exit status."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import add_targets, read_inventory
from heliograph.cli.boards.lines import BoardScreen
from heliograph.cli.boards.report import on_boards
from heliograph.cli.boards.words import add_words
from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.board.inventory import Board, Inventory


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_targets(parser)
    add_words(parser)
    parser.epilog = (
        "helio board exec @edge -- uptime\n"
        "helio board exec lab1 -- 'dmesg | tail -3'     one word is a line for the board's shell\n"
        "With one board the exit status is the command's, with several 1 if any failed."
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on all boards."""
    if not args.words:
        raise ConfigError("what is to run stands behind --: helio board exec lab1 -- uptime")
    command = args.words[0] if len(args.words) == 1 else shlex.join(args.words)
    inventory = read_inventory()
    boards = inventory.targets(args.targets)
    try:
        if len(boards) == 1:
            return asyncio.run(_alone(inventory, boards[0], command))
        return _many(args, inventory, boards, command)
    except KeyboardInterrupt:
        return 130


async def _alone(inventory: Inventory, board: Board, command: str) -> int:
    from heliograph.board.running.streams import stream
    from heliograph.board.ssh import connect

    def output(name: str, data: bytes) -> None:
        target = sys.stdout if name == "out" else sys.stderr
        target.buffer.write(data)
        target.buffer.flush()

    async with connect(inventory, board) as link:
        return await stream(link, command, output)


def _many(args: argparse.Namespace, inventory: Inventory, boards: list[Board], command: str) -> int:
    from heliograph.board.running.streams import stream
    from heliograph.board.ssh import connect
    from heliograph.errors import RemoteCommandFailed

    screen = BoardScreen([board.name for board in boards])

    async def work(board: Board) -> None:
        async with connect(inventory, board) as link:
            status = await stream(link, command, lambda *came: screen.output(board, *came))
        if status:
            raise RemoteCommandFailed(board.name, command, status, "see above")

    status = on_boards(args, boards, work, lambda *_: "")
    screen.flush()
    return status
