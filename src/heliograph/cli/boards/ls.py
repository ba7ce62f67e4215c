"""``helio board ls``: the boards, and whether they answer."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.board.inventory import Board


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("targets", metavar="TARGET", nargs="*", help="a board, @GROUP or all (default: all)")
    parser.add_argument("--no-check", action="store_true", help="do not look whether they answer")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the boards as a table."""
    from heliograph.cli.boards.asking import read_inventory

    inventory = read_inventory()
    boards = inventory.targets(args.targets or ["all"])
    states = ["" for _ in boards] if args.no_check else asyncio.run(_states(boards))
    if args.json:
        _print_json(boards, states)
    else:
        _print_table(boards, states)
    return 0


async def _states(boards: list[Board]) -> list[str]:
    from heliograph.board.fleet import each
    from heliograph.board.probe import ssh_banner

    outcomes = await each(boards, lambda board: ssh_banner(board.host, board.port), at_once=64)
    return [f"answers ({outcome.value})" if outcome.value else "no answer" for outcome in outcomes]


def _print_json(boards: list[Board], states: list[str]) -> None:
    import json
    from dataclasses import asdict

    rows = [
        asdict(board) | {"groups": list(board.groups), "env": dict(board.env), "state": state}
        for board, state in zip(boards, states, strict=True)
    ]
    print(json.dumps(rows, indent=2))


def _print_table(boards: list[Board], states: list[str]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("board", "address", "user", "role", "groups", "MAC", "state"):
        table.add_column(name, overflow="fold")
    for board, state in zip(boards, states, strict=True):
        address = board.host if board.port == 22 else f"{board.host}:{board.port}"
        cells = (board.name, address, board.user, board.role, ", ".join(board.groups), board.mac, state)
        table.add_row(*(escape(cell) for cell in cells))
    Console(emoji=False, highlight=False).print(table)
