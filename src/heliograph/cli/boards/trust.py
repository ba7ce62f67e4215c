"""``helio board trust``: a board was flashed anew, and has another host key."""

from __future__ import annotations

import argparse
import asyncio

from heliograph.cli.boards.add import add_trusting, print_problems, trusting


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("board", metavar="NAME", help="the board")
    add_trusting(parser)
    parser.epilog = "Compare the fingerprint with what the board's own screen shows, if you can."


def run(args: argparse.Namespace) -> int:
    """Pin the key that it shows, and install ours again if it was flashed."""
    from heliograph.board.adding import trust
    from heliograph.cli.boards.asking import password_of, read_inventory

    inventory = read_inventory()
    board = inventory.get(args.board)
    facts = asyncio.run(trust(inventory, board, trusting(args), password_of))
    print(f"{board.name} is trusted: {facts.system}")
    print_problems(board, facts)
    return 0
