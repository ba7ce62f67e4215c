"""``helio board env``: the packages and the secret variables of a project's program on boards."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import TYPE_CHECKING

from heliograph.cli.boards.asking import add_targets, read_inventory
from heliograph.cli.boards.projects import add_project, project_of
from heliograph.cli.boards.report import on_boards
from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.board.inventory import Board


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the four actions."""
    actions = parser.add_subparsers(metavar="WHAT", dest="what", required=True)
    sync = actions.add_parser("sync", help="install what the project's requirements say")
    sync.add_argument("--offline", action="store_true", help="this laptop fetches the wheels and brings them")
    each = {"sync": sync}
    for name, summary in (
        ("set", "set a secret variable; its value is asked for, or is the first line of input"),
        ("unset", "remove a secret variable"),
        ("ls", "list the names of the secret variables"),
    ):
        each[name] = actions.add_parser(name, help=summary)
    for name, action in each.items():
        if name in ("set", "unset"):
            action.add_argument("name", metavar="NAME", help="the variable")
        add_targets(action)
        add_project(action)
    parser.epilog = (
        "helio board env set TOKEN @edge < token.txt\n"
        "Secrets are in a file of mode 0600 on the board, and in no list of processes. A program reads them\n"
        "when it starts; a service is started anew. What is no secret stands in the table env of board.toml."
    )


def run(args: argparse.Namespace) -> int:
    """Do what was asked, on all boards."""
    from heliograph.board.running import secrets

    value: str | None = None
    if args.what == "set":
        secrets.checked_name(args.name)
        value = _asked(args.name)
        secrets.line(args.name, value)
    return _on_all(args, value)


def _asked(name: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{name}: ")
    line = sys.stdin.readline()
    if not line:
        raise ConfigError(f"the value of {name} was expected as the first line of input")
    return line.rstrip("\r\n")


def _on_all(args: argparse.Namespace, value: str | None) -> int:
    from heliograph.board.running import secrets, service
    from heliograph.board.running.environment import ensure_environment
    from heliograph.board.running.work import Work, open_work

    project = project_of(args)
    inventory = read_inventory()
    if args.what == "sync" and project.requirements is None:
        raise ConfigError(
            'names no requirements: requirements = "requirements.txt"', path=project.root / "board.toml"
        )

    async def sync(work: Work) -> str:
        await work.syncing.all()
        board = work.board
        made = await ensure_environment(
            work, offline=args.offline, told=lambda text: print(f"{board}: {text}", file=sys.stderr)
        )
        return f"{board}: {'its environment is as the requirements say' if made else 'nothing changed'}"

    async def change(work: Work) -> str:
        before = await secrets.read(work)
        if args.what == "ls":
            return f"{work.board}: {' '.join(secrets.names(before)) or 'none'}"
        after = secrets.changed(before, {args.name: value})
        if after == before:
            return f"{work.board}: nothing changed"
        await secrets.write(work, after)
        restarted = await service.restart_if_installed(work)
        return f"{work.board}: {args.name} is {'set' if value is not None else 'removed'}" + (
            "; its service was started anew" if restarted else ""
        )

    async def work(board: Board) -> str:
        async with open_work(inventory, board, project) as opened:
            return await (sync if args.what == "sync" else change)(opened)

    return on_boards(args, inventory.targets(args.targets), work, lambda _board, text: text)
