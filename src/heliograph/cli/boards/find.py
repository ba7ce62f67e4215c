"""``helio board find``: look for boards in this network."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network

    from heliograph.board.finding import Found
    from heliograph.board.inventory import Board, Inventory

_EPILOG = """\
Boards announce themselves, or answer to names such as raspberrypi.local. A sweep asks each address of this
laptop's own small networks (254 hosts at most) whether it has SSH; do that in networks that are yours.
A known board whose address changed is found by its network card and host key; boards.toml is corrected.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "--sweep", action="store_true", help="sweep this laptop's own networks without asking"
    )
    parser.add_argument("--no-sweep", action="store_true", help="do not sweep, and do not ask")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Look, print who is there, and note which known boards moved."""
    from heliograph.board.finding import find
    from heliograph.board.moving import moved
    from heliograph.board.neighbours import own_networks
    from heliograph.cli.boards.asking import read_inventory

    inventory = read_inventory()
    networks = own_networks()
    swept = networks if _may_sweep(args, networks) else []
    names = [board.host.removesuffix(".local") for board in inventory.boards.values()]
    found = asyncio.run(find([name for name in names if "." not in name], swept))
    elsewhere = asyncio.run(moved(inventory, found))
    if args.json:
        _print_json(inventory, found)
    else:
        _print_table(inventory, found, elsewhere, swept=bool(swept))
    return 0 if found else 1


def _may_sweep(args: argparse.Namespace, networks: Sequence[IPv4Network]) -> bool:
    if args.no_sweep or not networks:
        return False
    if args.sweep:
        return True
    if not sys.stdin.isatty():
        return False
    named = ", ".join(map(str, networks))
    return input(f"Ask every address of {named} for SSH? [y/N] ").strip().lower() in {"y", "yes"}


def _state(inventory: Inventory, one: Found) -> str:
    for board in inventory.boards.values():
        if one.address == board.host or (one.name and board.host == f"{one.name}.local"):
            return f"known as {board.name}"
        if one.mac and one.mac == board.mac:
            return f"{board.name}, flashed anew? helio board trust {board.name}"
    return "new"


def _print_json(inventory: Inventory, found: Sequence[Found]) -> None:
    import json
    from dataclasses import asdict

    rows = [asdict(one) | {"hardware": one.hardware, "state": _state(inventory, one)} for one in found]
    print(json.dumps(rows, indent=2))


def _print_table(
    inventory: Inventory, found: Sequence[Found], elsewhere: Sequence[Board], *, swept: bool
) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not found:
        print(
            "Nobody was found.",
            "" if swept else "--sweep asks every address of this network.",
            file=sys.stderr,
        )
        print(
            "Is the board on, for a minute at least, and in this network? Is SSH on? (helio board prepare)",
            file=sys.stderr,
        )
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("name", "address", "hardware", "SSH", "MAC", "state"):
        table.add_column(name, overflow="fold")
    for one in found:
        cells = (one.name or "-", one.address, one.hardware or "-", one.ssh, one.mac, _state(inventory, one))
        table.add_row(*(escape(cell) for cell in cells))
    Console(emoji=False, highlight=False).print(table)
    for board in elsewhere:
        print(f"{board.name} is at {board.host} now; boards.toml says so.")
    fresh = [one for one in found if _state(inventory, one) == "new"]
    if fresh:
        print(f"\nhelio board add {fresh[0].address} --name {fresh[0].name or 'lab1'} makes one known.")
