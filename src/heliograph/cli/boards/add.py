"""``helio board add``: make a board known."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.board.adding import Trusting
    from heliograph.board.hostkeys import HostKey
    from heliograph.board.inventory import Board

_EPILOG = """\
The password is asked for once and never kept: from then on a key logs in. Where nobody types, it is the first
line of the input. A card made by helio board prepare needs no password.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    parser.add_argument("address", metavar="ADDRESS", help="its address or name, as pi@192.168.1.20:22")
    parser.add_argument(
        "--name", metavar="NAME", help="what to call it here (default: the name before .local)"
    )
    parser.add_argument("--user", metavar="USER", help="whom to log in as (default: pi)")
    parser.add_argument(
        "--group", metavar="GROUP", action="append", default=[], help="a group of boards; again"
    )
    add_trusting(parser)


def add_trusting(parser: argparse.ArgumentParser) -> None:
    """Declare how a host key comes to be trusted."""
    parser.add_argument(
        "--trust", metavar="SHA256:…", help="trust this host key and no other, without asking"
    )
    parser.add_argument("--yes", action="store_true", help="trust the host key that the board shows now")


def run(args: argparse.Namespace) -> int:
    """Add it and say what it is."""
    from heliograph.board.adding import add
    from heliograph.cli.boards.asking import password_of, read_inventory

    inventory = read_inventory()
    board = _board(args, inventory.user)
    facts = asyncio.run(add(inventory, board, trusting(args), password_of))
    print(f"{board.name}: {facts.system}")
    print(f"{board.name} is known now: {inventory.path}")
    print_problems(board, facts)
    return 0


def print_problems(board: Board, facts: object) -> None:
    """Say what is wrong with the board, each with its fix."""
    from heliograph.board.facts import Facts
    from heliograph.board.findings import Level, judge

    assert isinstance(facts, Facts)  # noqa: S101  for the type alone
    for finding in judge(facts):
        if finding.level is not Level.GOOD:
            print(f"  {finding.level.value}: {finding.said}\n    {finding.fix}")


def trusting(args: argparse.Namespace) -> Trusting:
    """Return what decides about a host key: ``--trust``, ``--yes``, or the person."""
    from heliograph.cli.boards.asking import confirmed

    def decide(board: Board, pinned: HostKey | None, shown: HostKey) -> bool:
        if args.trust:
            return bool(shown.fingerprint == args.trust)
        if pinned is not None:
            print(f"{board.name}: the pinned host key is {pinned.fingerprint}")
        print(f"{board.name}: its host key is {shown.fingerprint}")
        return confirmed("Trust it?", sure=args.yes)

    return decide


def _board(args: argparse.Namespace, user: str) -> Board:
    import re

    from heliograph.board.inventory import Board, check_name
    from heliograph.errors import ConfigError

    match = re.fullmatch(r"(?:([^@]+)@)?(\[[^\]]+\]|[^:\[\]]+|[0-9a-fA-F:]+)(?::(\d+))?", args.address)
    if not match:
        raise ConfigError(f"expected an address as pi@192.168.1.20 or lab1.local, got {args.address!r}")
    host = match[2].strip("[]")
    name = args.name or (host if re.fullmatch(r"[\d.:a-fA-F]+", host) else host.split(".")[0])
    if name == host and not args.name and not re.search(r"[g-zG-Z]", name):
        raise ConfigError(f"{host} is an address: say what to call the board: --name lab1")
    port = int(match[3] or 22)
    return Board(check_name(name), host, port, args.user or match[1] or user, groups=tuple(args.group))
