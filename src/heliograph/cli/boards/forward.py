"""``helio board forward``: a board's port on this laptop's loopback."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import read_inventory
from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.board.inventory import Board, Inventory


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the board and the ports."""
    parser.add_argument("target", metavar="BOARD", help="which board")
    parser.add_argument("ports", metavar="PORT", nargs="+", help="the board's port, or HERE:THERE")
    parser.add_argument(
        "--reverse", action="store_true", help="the other way: this laptop's port on the board"
    )
    parser.epilog = (
        "helio board forward lab1 3389            127.0.0.1:3389 here is the board's\n"
        "helio board forward lab1 18086:8086      its 8086 is 18086 here\n"
        "On both sides only loopback listens. It lasts until Ctrl-C."
    )


def run(args: argparse.Namespace) -> int:
    """Forward until Ctrl-C."""
    inventory = read_inventory()
    pairs = [ports(word) for word in args.ports]
    try:
        return asyncio.run(_forward(inventory, inventory.get(args.target), pairs, args.reverse))
    except KeyboardInterrupt:
        return 0


def ports(word: str) -> tuple[int, int]:
    """Return the port here and the one there of ``PORT`` or ``HERE:THERE``.

    Raises:
        ConfigError: these are no ports.
    """
    here, _, there = word.partition(":")
    numbers = [int(text) if text.isdecimal() else -1 for text in (here, there or here)]
    if not all(0 < number < 65536 for number in numbers):
        raise ConfigError(f"PORT or HERE:THERE was expected, from 1 to 65535, {word!r} came")
    return numbers[0], numbers[1]


async def _forward(
    inventory: Inventory,
    board: Board,
    pairs: list[tuple[int, int]],
    reverse: bool,  # noqa: FBT001 - a direction
) -> int:
    from contextlib import AsyncExitStack

    from heliograph.board.ssh import connect
    from heliograph.errors import BoardUnreachable

    async with connect(inventory, board) as link, AsyncExitStack() as stack:
        for here, there in pairs:
            if reverse:
                await stack.enter_async_context(link.forward_from_board(here, board_port=there))
                print(f"{board}: its 127.0.0.1:{there} is 127.0.0.1:{here} of this laptop", flush=True)
            else:
                await stack.enter_async_context(link.forward_to_board(there, port=here))
                print(f"127.0.0.1:{here} is {there} of {board}", flush=True)
        await link.connection.wait_closed()
    raise BoardUnreachable(board.name, "the connection broke")
