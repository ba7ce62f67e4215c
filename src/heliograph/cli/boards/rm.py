"""``helio board rm``: forget boards."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.board.inventory import Inventory


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("targets", metavar="TARGET", nargs="+", help="a board, @GROUP or all")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.epilog = "On the board itself nothing is changed."


def run(args: argparse.Namespace) -> int:
    """Take them out of boards.toml, with their keys and pins."""
    from heliograph.board.hostkeys import Pins
    from heliograph.cli.boards.asking import confirmed, read_inventory

    inventory = read_inventory()
    boards = inventory.targets(args.targets)
    names = ", ".join(board.name for board in boards)
    if not confirmed(f"Forget {names}, with the keys to log in?", sure=args.yes):
        return 1

    def forget(latest: Inventory) -> None:
        for board in boards:
            latest.boards.pop(board.name, None)

    inventory.update(forget)
    for board in boards:
        Pins(inventory.pins_path).forget(board.name)
        key = inventory.key_path(board)
        key.unlink(missing_ok=True)
        key.with_name(f"{key.name}.pub").unlink(missing_ok=True)
    print(f"Forgot {names}.")
    return 0
