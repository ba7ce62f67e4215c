"""``helio board desktop``: a board's remote desktop, brought to this laptop's loopback."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, Final

from heliograph.cli.boards.asking import read_inventory

if TYPE_CHECKING:
    from heliograph.board.inventory import Board, Inventory
    from heliograph.board.ssh import Link

_RDP: Final = 3389
_OPEN: Final = """\
{board}: its desktop is at 127.0.0.1:{port} until Ctrl-C. Open it with
  Windows   mstsc /v:127.0.0.1:{port}
  macOS     Windows App: add a PC called 127.0.0.1:{port}
  Linux     xfreerdp /v:127.0.0.1:{port} /u:{user}, or Remmina
Log in as {user}, with the password on the board. Its certificate is its own; SSH has checked who it is.\
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the board and the port here."""
    parser.add_argument("target", metavar="BOARD", help="which board")
    parser.add_argument(
        "--port", metavar="PORT", type=int, default=0, help="the port here (any that is free)"
    )
    parser.epilog = (
        "The board needs xrdp: helio board setup xrdp BOARD. Its port is open on its loopback only, so this\n"
        "is the one way in. The desktop itself is of the board's system, or of a package such as xfce4."
    )


def run(args: argparse.Namespace) -> int:
    """Forward until Ctrl-C."""
    inventory = read_inventory()
    try:
        return asyncio.run(_forward(inventory, inventory.get(args.target), args.port))
    except KeyboardInterrupt:
        return 0


async def _forward(inventory: Inventory, board: Board, port: int) -> int:
    from heliograph.board.ssh import connect
    from heliograph.errors import BoardUnreachable

    async with connect(inventory, board) as link:
        await _must_listen(link)
        async with link.forward_to_board(_RDP, port=port) as here:
            print(_OPEN.format(board=board, port=here, user=board.user), flush=True)
            await link.connection.wait_closed()
    raise BoardUnreachable(board.name, "the connection broke")


async def _must_listen(link: Link) -> None:
    from heliograph.errors import BoardUnfit

    done = await link.run(f"ss -Hltn 'sport = :{_RDP}'")
    if not done.text:
        name = link.board.name
        raise BoardUnfit(name, "no remote desktop runs on it", f"helio board setup xrdp {name} brings one")
