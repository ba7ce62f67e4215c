"""``helio board dev``: what is saved here runs there a moment later."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import read_inventory
from heliograph.cli.boards.lines import BoardScreen
from heliograph.cli.boards.projects import add_project, project_of

if TYPE_CHECKING:
    from heliograph.board.code.project import Project
    from heliograph.board.inventory import Board, Inventory


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("targets", metavar="TARGET", nargs="+", help="a board, @GROUP or all")
    add_project(parser)
    parser.add_argument(
        "--wheel", metavar="FILE", type=Path, help="debugpy's wheel (fetched when d is pressed)"
    )
    parser.add_argument(
        "--port",
        metavar="PORT",
        type=int,
        default=5678,
        help="the first board's debugger, here (%(default)s)",
    )
    parser.epilog = (
        "Keys: r starts the programs anew, d with and without the debugger, q or Ctrl-C ends them.\n"
        "Nothing stops for a file that is no Python. A link that breaks is opened again."
    )


def run(args: argparse.Namespace) -> int:
    """Run the loop until q."""
    project = project_of(args)
    inventory = read_inventory()
    boards = inventory.targets(args.targets)
    return develop(project, inventory, boards, wheel=args.wheel, first_port=args.port)


def develop(
    project: Project,
    inventory: Inventory,
    boards: Sequence[Board],
    *,
    runs: bool = True,
    wheel: Path | None = None,
    first_port: int = 5678,
) -> int:
    """Sync, and with ``runs`` also run, until q or Ctrl-C."""
    from heliograph.board.debugging.wheel import debugpy_wheel
    from heliograph.board.running import dev

    screen = BoardScreen([board.name for board in boards])
    print(
        f"{project.root}: each save goes to {', '.join(board.name for board in boards)}; {_keys_told(runs)}"
    )

    async def find_wheel() -> Path:
        return await debugpy_wheel(wheel, wheel_cache(), lambda text: print(f"── {text}"))

    try:
        asyncio.run(
            dev.develop(
                inventory,
                boards,
                project,
                screen=screen,
                options=dev.Options(runs, find_wheel, first_port),
                keys=lambda order: _obey_keys(order, runs),
            )
        )
    except KeyboardInterrupt:
        print()
    finally:
        screen.flush()
    return 0


def wheel_cache() -> Path:
    """Return where fetched wheels are kept on this laptop."""
    import platformdirs

    return platformdirs.user_cache_path("heliograph", appauthor=False) / "wheels"


def _keys_told(runs: bool) -> str:  # noqa: FBT001 - one of two sentences
    return "r starts anew, d debugs, q ends" if runs else "q ends"


async def _obey_keys(order: Callable[[str], None], runs: bool) -> None:  # noqa: FBT001 - as above
    from heliograph.cli.boards.keys import keys

    async for key in keys():
        if key in "qQ\x04":
            return
        if runs and key in "rR":
            order("restart")
        elif runs and key in "dD":
            order("debug")
