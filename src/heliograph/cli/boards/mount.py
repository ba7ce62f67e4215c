"""``helio board mount``: a folder of this laptop, or a share of the network, as a folder on a board."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import read_inventory
from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.board.inventory import Board, Inventory


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("target", metavar="BOARD", help="which board")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path(), help="which (here)")
    parser.add_argument("--at", metavar="PLACE", help="where on the board (~/laptop/ and the folder's name)")
    parser.add_argument("--smb", metavar="//LAPTOP/SHARE", help="mount a share that Windows or Samba serves")
    parser.add_argument("--user", metavar="NAME", help="of --smb: who logs in to the share")
    parser.add_argument("--domain", metavar="NAME", help="of --smb: the domain of the user")
    parser.add_argument("--dry-run", action="store_true", help="of --smb: print the command, and run nothing")
    parser.epilog = (
        "helio board mount lab1 .                                   until Ctrl-C\n"
        "helio board mount lab1 --smb //laptop/course --user anna   until the board restarts\n"
        "The first needs sshfs on the board, and nothing on this laptop. The second needs cifs-utils on the\n"
        "board; its password is kept there in a file of mode 0600."
    )


def run(args: argparse.Namespace) -> int:
    """Mount, and hold the mount of a folder until Ctrl-C."""
    inventory = read_inventory()
    board = inventory.get(args.target)
    if args.smb:
        return asyncio.run(_mount_share(args, inventory, board))
    if not args.folder.is_dir():
        raise ConfigError("is no folder of this laptop", path=args.folder)
    try:
        return asyncio.run(_mount_folder(inventory, board, args.folder.resolve(), args.at))
    except KeyboardInterrupt:
        return 0


def place_of(at: str | None, name: str, home: str) -> str:
    """Return the absolute place on the board.

    Raises:
        ConfigError: it is neither absolute nor in the home folder.
    """
    place = at or f"~/laptop/{re.sub(r'[^A-Za-z0-9_.-]+', '-', name) or 'folder'}"
    if place.startswith("~/"):
        return f"{home}/{place[2:]}"
    if not place.startswith("/"):
        raise ConfigError(f"--at expects a path from / or ~/ on the board, {place!r} came")
    return place


async def _mount_folder(inventory: Inventory, board: Board, folder: Path, at: str | None) -> int:
    from heliograph.board.folders.sharing import mounted
    from heliograph.board.ssh import connect

    def output(stream: str, data: bytes) -> None:
        text = data.decode(errors="replace").strip()
        if stream == "out" and text == "mounted":
            print(f"{folder} is {place} on {board}, until Ctrl-C", flush=True)
        elif text:
            print(f"{board}: {text}", file=sys.stderr, flush=True)

    async with connect(inventory, board) as link:
        home = (await link.check('echo "$HOME"')).text
        place = place_of(at, folder.name, home)
        async with mounted(link, folder, place, output) as runner:
            return await runner.ended()


async def _mount_share(args: argparse.Namespace, inventory: Inventory, board: Board) -> int:
    from heliograph.board.folders.sharing import cifs_command, mount_share
    from heliograph.board.ssh import connect
    from heliograph.board.sync.session import open_session

    name = args.smb.rstrip("/").rpartition("/")[2]
    async with connect(inventory, board) as link, open_session(link, "share") as session:
        facts = await session.facts("python3")
        home = (await link.check('echo "$HOME"')).text
        place = place_of(args.at, name, home)
        credentials = f"{home}/.heliograph/smb-{re.sub(r'[^A-Za-z0-9]+', '-', args.smb).strip('-')}"
        command = cifs_command(args.smb, place, facts, domain=args.domain, credentials=credentials)
        if args.dry_run:
            print(command)
            return 0
        user = args.user or facts.user
        await mount_share(link, command, place, credentials, user=user, password=_password(user, args.smb))
    print(f"{args.smb} is {place} on {board}")
    return 0


def _password(user: str, share: str) -> str:
    import getpass

    if sys.stdin.isatty():
        return getpass.getpass(f"password of {user} for {share}: ")
    return sys.stdin.readline().rstrip("\r\n")
