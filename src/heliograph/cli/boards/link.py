"""``helio board link``: let boards reach this laptop's hub, which listens on this laptop only."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.board.inventory import Board, Inventory


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("targets", metavar="TARGET", nargs="+", help="a board, @GROUP or all")
    parser.add_argument(
        "--port", metavar="PORT", type=int, help="the hub's MQTT port here (default: as it says)"
    )
    parser.add_argument(
        "--board-port", metavar="PORT", type=int, help="the port on the board (the same as here; edge: 1884)"
    )
    parser.epilog = (
        "The board's programs connect to their own 127.0.0.1, and SSH carries it here; nothing is open\n"
        "in the network. It is held until Ctrl-C, and made anew when it breaks; agents keep points meanwhile."
    )


def run(args: argparse.Namespace) -> int:
    """Hold the links until interrupted."""
    from heliograph.cli.boards.asking import read_inventory

    inventory = read_inventory()
    boards = inventory.targets(args.targets)
    port = args.port or _mqtt_port()
    asyncio.run(_hold_all(inventory, boards, port, args.board_port))
    return 0


def _mqtt_port() -> int:
    import json
    import os

    from heliograph.config.home import home_folder

    try:
        return int(json.loads((home_folder(os.environ) / "run.json").read_text())["mqtt_port"])
    except (OSError, ValueError, KeyError):
        return 1883


async def _hold_all(inventory: Inventory, boards: list[Board], port: int, board_port: int | None) -> None:
    from heliograph.board.setup.enrolling import GATEWAY, LINKED_GATEWAY_PORT

    async with asyncio.TaskGroup() as group:
        for board in boards:
            there = board_port or (LINKED_GATEWAY_PORT if board.role == GATEWAY.role else port)
            group.create_task(_hold(inventory, board, port, there), name=f"link-{board.name}")


async def _hold(inventory: Inventory, board: Board, port: int, board_port: int) -> None:
    from heliograph.aio.backoff import Backoff
    from heliograph.board.ssh import connect
    from heliograph.errors import BoardError, BoardUnreachable

    backoff = Backoff()
    while True:
        try:
            async with (
                connect(inventory, board) as link,
                link.forward_from_board(port, board_port=board_port) as there,
            ):
                print(f"{board.name}: its 127.0.0.1:{there} is this laptop's hub", flush=True)
                backoff.reset()
                await link.connection.wait_closed()
            print(f"{board.name}: the link broke; trying again", file=sys.stderr)
        except BoardUnreachable as error:
            print(f"helio board: {error}; trying again", file=sys.stderr)
        except BoardError as error:  # a taken port, a changed host key: the others go on
            print(f"helio board: {error}", file=sys.stderr)
            return
        await asyncio.sleep(backoff.next())
