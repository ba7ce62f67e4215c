"""``helio board cp``: files and folders to a board, or from one."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import read_inventory
from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.board.inventory import Inventory


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare source and target."""
    parser.add_argument("source", metavar="SOURCE", nargs="+", help="files or folders, here or as BOARD:PATH")
    parser.add_argument("target", metavar="TARGET", help="where to, here or as BOARD:PATH")
    parser.epilog = (
        "helio board cp photo.jpg lab1:              into the home folder there\n"
        "helio board cp lab1:/var/log/syslog .       from there\n"
        "A folder goes with all that is in it. For a project there is helio board sync."
    )


def run(args: argparse.Namespace) -> int:
    """Copy, and say what and how much."""
    inventory = read_inventory()
    sources = [split(word, inventory) for word in args.source]
    board, place = split(args.target, inventory)
    if board is not None and all(name is None for name, _ in sources):
        count, size = asyncio.run(_put(inventory, board, [path for _, path in sources], place))
    elif board is None and len({name for name, _ in sources}) == 1 and sources[0][0] is not None:
        count, size = asyncio.run(_get(inventory, sources[0][0], [path for _, path in sources], Path(place)))
    else:
        raise ConfigError(
            "one side is to be a board and the other this laptop: helio board cp FILE lab1:FOLDER,"
            " or helio board cp lab1:FILE FOLDER"
        )
    print(f"{count} files, {size / 1000:,.1f} kB")
    return 0


def split(word: str, inventory: Inventory) -> tuple[str | None, str]:
    """Return the board of ``BOARD:PATH`` and the path; no board for a path of this laptop.

    A drive of Windows and ``./a:b`` are paths here.

    Raises:
        ConfigError: it looks like a board, and there is none of this name.
    """
    name, colon, path = word.partition(":")
    is_drive = len(name) == 1 and path[:1] in ("\\", "/")
    if not colon or is_drive or any(letter in name for letter in "/\\") or Path(word).exists():
        return None, word
    return inventory.get(name).name, path or "."


async def _put(inventory: Inventory, board: str, sources: list[str], target: str) -> tuple[int, int]:
    from heliograph.board.folders.copying import put
    from heliograph.board.ssh import connect

    async with connect(inventory, inventory.get(board)) as link:
        return await put(link, [Path(source) for source in sources], target)


async def _get(inventory: Inventory, board: str, sources: list[str], target: Path) -> tuple[int, int]:
    from heliograph.board.folders.copying import get
    from heliograph.board.ssh import connect

    async with connect(inventory, inventory.get(board)) as link:
        return await get(link, sources, target)
