"""``helio board setup``: make boards what they are to be."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.board.inventory import Board, Inventory
    from heliograph.board.setup.enrolling import Held
    from heliograph.board.setup.run import Result, Wanted

_LISTENING = ("edge", "hub")
_EPILOG = """\
First the plan is shown, then it is asked for, then done; a second run changes nothing. For the roles device,
edge and hub the board needs no internet: wheels come from this laptop.

A device or an edge gets a key of its own at the hub that runs here, or that HELIO_URL and HELIO_TOKEN name;
--hub is for devices at brokers that are none of ours.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from heliograph.cli.boards.asking import add_pace

    parser.epilog = _EPILOG
    parser.add_argument("role", metavar="ROLE", help="what they become; 'roles' lists what there is")
    parser.add_argument("targets", metavar="TARGET", nargs="*", help="a board, @GROUP or all")
    add_pace(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="only show what would change; exit 2 if anything"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--remove", action="store_true", help="take the role away again, with all that it brought"
    )
    parser.add_argument(
        "--hub",
        metavar="HOST[:PORT]",
        help="a broker as boards see it, instead of a hub that gives them keys",
    )
    parser.add_argument("--mqtt-user", metavar="NAME", default="", help="how boards log in there")
    parser.add_argument("--mqtt-password-file", metavar="FILE", type=Path, help="the file with that password")
    parser.add_argument(
        "--listen",
        metavar="ADDRESS",
        default="",
        help="let others than the board connect to its hub or gateway, by TLS and login (0.0.0.0: all)",
    )
    parser.add_argument("--wheel", metavar="FILE", type=Path, help="our own wheel, as make dist builds it")
    parser.add_argument(
        "--repository",
        metavar="NAME=ADDRESS,KEY,FINGERPRINT",
        action="append",
        default=[],
        help="another place for the packages of influxdata or grafana, such as a mirror; again",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show steps without changes too")


def run(args: argparse.Namespace) -> int:
    """Plan, ask, apply."""
    from heliograph.board.setup.run import role_named
    from heliograph.cli.boards.asking import confirmed, read_inventory

    if args.role == "roles":
        return _list_roles()
    role = role_named(args.role)
    if not args.targets:
        raise ConfigError(f"which boards are to become {role}? A name, @GROUP or all")
    inventory = read_inventory()
    boards = inventory.targets(args.targets)
    wanted = _wanted(args)
    if not args.yes or args.dry_run:
        status, changes = _all(args, inventory, boards, wanted, apply=False)
        if status or args.dry_run or not changes:
            return status or (2 if changes else 0)
        if not confirmed(f"Change this on {', '.join(board.name for board in boards)}?", sure=False):
            return 1
    status, _ = _all(args, inventory, boards, wanted, apply=True)
    return status


def _list_roles() -> int:
    from heliograph.board.setup.roles import ROLES

    for name, role in ROLES.items():
        print(f"{name:<8} {role.summary}")
    return 0


def _secret(question: str) -> str:
    import getpass

    text = getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not text or not text.isprintable():
        raise ConfigError(
            f"{question.rstrip(': ')} is needed: type it, or give it as the first line of input"
        )
    return text


def _listen(args: argparse.Namespace) -> str:
    import ipaddress

    if args.listen and args.role not in _LISTENING:
        raise ConfigError(f"--listen is for the roles {' and '.join(_LISTENING)}, not for {args.role}")
    try:
        return str(ipaddress.ip_address(args.listen)) if args.listen else ""
    except ValueError as error:
        raise ConfigError(
            f"--listen expects an address of the board, such as 0.0.0.0 for all, got {args.listen!r}"
        ) from error


def _wanted(args: argparse.Namespace) -> Wanted:
    from dataclasses import replace

    import platformdirs

    from heliograph.board.setup.context import Hub
    from heliograph.board.setup.repositories import parse
    from heliograph.board.setup.roles import ROLES
    from heliograph.board.setup.run import Wanted, own_wheel
    from heliograph.cli.boards.enrolling import door

    password = ""
    if args.mqtt_password_file:
        try:
            password = args.mqtt_password_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", path=args.mqtt_password_file) from error
    if args.wheel and not args.wheel.is_file():
        raise ConfigError("is no file; make dist builds a wheel into dist/", path=args.wheel)
    asked = ROLES[args.role].asks
    secrets = {"password": _secret(asked)} if asked and not args.remove and not args.dry_run else {}
    hub = Hub.parse(args.hub or "127.0.0.1", args.mqtt_user, password)
    cache = platformdirs.user_cache_path("heliograph", appauthor=False) / "wheels"
    wanted = Wanted(
        role=args.role,
        hub=hub,
        remove=args.remove,
        wheel=args.wheel,
        cache=cache,
        repositories=parse(args.repository),
        secrets=secrets,
        listen=_listen(args),
        door=door() if ROLES[args.role].enrols and not args.hub and not args.remove else None,
    )
    if wanted.wheel or wanted.remove or ROLES[wanted.role].extras is None:
        return wanted
    return replace(wanted, wheel=own_wheel(wanted).path)  # once, and not for each board


def _all(
    args: argparse.Namespace, inventory: Inventory, boards: list[Board], wanted: Wanted, *, apply: bool
) -> tuple[int, int]:
    from dataclasses import replace

    from heliograph.board.setup.run import set_up
    from heliograph.cli.boards.enrolling import end_key
    from heliograph.cli.boards.report import on_boards

    changes = same = 0
    done: list[str] = []
    ended: list[Held] = []
    wanted = replace(wanted, gathering=asyncio.Lock())  # a lock belongs to one event loop

    async def work(board: Board) -> Result:
        def told(what: str) -> None:
            if args.verbose:
                print(f"{board.name}: {what}", file=sys.stderr)

        return await set_up(inventory, board, wanted, apply=apply, told=told)

    def show(board: Board, result: Result) -> str:
        nonlocal changes, same
        changes += result.changed
        same += result.unchanged
        done.append(board.name)
        if apply and result.held.device:
            ended.append(result.held)
        return _lines(board, result, verbose=args.verbose)

    status = on_boards(args, boards, work, show)

    def note(latest: Inventory) -> None:
        for name in latest.boards.keys() & set(done):
            latest.change(name, role="" if wanted.remove else wanted.role)

    if apply and done:
        inventory.update(note)
    for held in ended:
        end_key(held)
    print(f"{changes} {'changed' if apply else 'to change'}, {same} unchanged")
    return status, changes


def _lines(board: Board, result: Result, *, verbose: bool) -> str:
    from heliograph.board.setup.steps import State

    marks = {State.CHANGED: "+", State.WOULD: "~", State.SAME: "="}
    lines = [board.name + (": all is as it should be" if not result.changed else ":")]
    for done in result.done:
        if done.state is State.SAME and not verbose:
            continue
        lines.append(f"  {marks[done.state]} {done.step.title}")
        lines += [f"      {line}" for line in done.lines if done.state is State.WOULD]
    return "\n".join(lines)
