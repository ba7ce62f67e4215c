"""``helio board shell``: a shell on a board, in this terminal."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import read_inventory

if TYPE_CHECKING:
    import asyncssh

    from heliograph.board.inventory import Board, Inventory


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the board."""
    parser.add_argument("target", metavar="BOARD", help="which board")


def run(args: argparse.Namespace) -> int:
    """Open the shell and return its exit status."""
    from heliograph.cli.boards.typed import raw_terminal

    inventory = read_inventory()
    board = inventory.get(args.target)
    with raw_terminal():
        return asyncio.run(_shell(inventory, board))


async def _shell(inventory: Inventory, board: Board) -> int:
    from heliograph.board.running.streams import exit_status
    from heliograph.board.running.terminal import open_terminal
    from heliograph.board.ssh import connect

    columns, rows = shutil.get_terminal_size()
    async with (
        connect(inventory, board) as link,
        open_terminal(link, os.environ.get("TERM", "xterm"), columns, rows) as process,
        asyncio.TaskGroup() as group,
    ):
        given = [group.create_task(_give(process), name="shell-keys")]
        if sys.platform != "win32":
            given.append(group.create_task(_follow_size(process), name="shell-size"))
        while came := await process.stdout.read(65_536):
            sys.stdout.buffer.write(came)
            sys.stdout.buffer.flush()
        await process.wait_closed()
        for task in given:
            task.cancel()
    return exit_status(process, link)


async def _give(process: asyncssh.SSHClientProcess[bytes]) -> None:
    from heliograph.cli.boards.typed import console_keys, typed

    async for data in typed(console_keys()):
        if not data:
            process.stdin.write_eof()
            return
        process.stdin.write(data)


async def _follow_size(process: asyncssh.SSHClientProcess[bytes]) -> None:
    import signal

    resized = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, resized.set)
    try:
        while True:
            await resized.wait()
            resized.clear()
            process.change_terminal_size(*shutil.get_terminal_size())
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
