"""``helio board service``: the services of boards, any unit of systemd."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from heliograph.board.inventory import Board

_UNIT: Final = re.compile(r"[A-Za-z0-9:_.\\@-]+")
_ACTIONS: Final = ("list", "status", "start", "stop", "restart", "enable", "disable", "logs")
_CHANGES: Final = {
    "start": "systemctl start {unit}",
    "stop": "systemctl stop {unit}",
    "restart": "systemctl reset-failed {unit} 2>/dev/null; systemctl restart {unit}",
    "enable": "systemctl --quiet enable --now {unit}",
    "disable": "systemctl --quiet disable --now {unit}",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from heliograph.cli.boards.asking import add_pace

    parser.add_argument("doing", metavar="ACTION", choices=_ACTIONS, help=", ".join(_ACTIONS))
    parser.add_argument("target", metavar="TARGET", help="a board, @GROUP or all")
    parser.add_argument(
        "unit", metavar="UNIT", nargs="?", default="", help="such as mosquitto; list needs none"
    )
    parser.add_argument(
        "-n", "--lines", metavar="N", type=int, default=20, help="how many lines of logs (20)"
    )
    add_pace(parser)
    parser.epilog = "enable starts it now and at each boot, disable stops it now and then."


def run(args: argparse.Namespace) -> int:
    """Do it on all boards and print what they say."""
    from heliograph.board.ssh import connect
    from heliograph.cli.boards.asking import read_inventory
    from heliograph.cli.boards.report import on_boards

    inventory = read_inventory()
    boards = inventory.targets([args.target])
    command, root = _command(args)

    async def work(board: Board) -> str:
        async with connect(inventory, board) as link:
            done = await link.script(command, root=root, shown=f"{args.doing} {args.unit}".strip())
            return done.text

    def show(board: Board, text: str) -> str:
        if args.doing == "list" or "\n" in text:
            return f"{board.name}:\n{text}" if len(boards) > 1 else text
        return f"{board.name}: {text}"

    return on_boards(args, boards, work, show)


def _command(args: argparse.Namespace) -> tuple[str, bool]:
    """Return the script for the board, and whether it needs root."""
    from heliograph.errors import ConfigError

    if args.doing == "list":
        return "systemctl list-units --type=service --no-legend --plain --no-pager | cut -c1-120", False
    if not _UNIT.fullmatch(args.unit):
        raise ConfigError(
            f"helio board service {args.doing} needs a unit such as mosquitto, got {args.unit!r}"
        )
    unit = f"'{args.unit}'"
    known = f"systemctl cat {unit} >/dev/null 2>&1 || {{ echo 'there is no such unit' >&2; exit 4; }}\n"
    state = f"systemctl show -p ActiveState -p SubState -p UnitFileState --value {unit} | xargs"
    if args.doing == "logs":
        return f"{known}journalctl -q -u {unit} -n {args.lines} --no-pager -o short-iso", True
    if args.doing == "status":
        return known + state, False
    return f"{known}{_CHANGES[args.doing].format(unit=unit)} || exit $?\n{state}", True
