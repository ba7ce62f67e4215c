"""``helio user``: people who log in to the page with a name and a password."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from urllib.parse import quote

_PATH = "/api/identities/users"
_EPILOG = """\
  helio user add anna           asks for a password
  helio user rotate anna        asks for another one; her sessions end
  helio user totp anna          asks for codes of an authenticator app at the login, too
  helio user revoke anna

Each of them is an operator and may do everything. Users of InfluxDB 1.x, whom InfluxQL makes (CREATE USER),
are listed, too.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(title="Actions", metavar="ACTION", dest="action", required=True)
    actions.add_parser("list", help="show who there is")
    for name, summary in (("add", "let somebody log in"), ("rotate", "set another password")):
        action = actions.add_parser(name, help=summary)
        action.add_argument("name", metavar="NAME", help="the name")
        action.add_argument(
            "--password-file", metavar="FILE", type=Path, help="a file that holds the password"
        )
    totp = actions.add_parser("totp", help="ask for codes of an authenticator app at the login, too")
    totp.add_argument("name", metavar="NAME", help="the name")
    totp.add_argument("--off", action="store_true", help="ask for the password only again")
    revoke = actions.add_parser("revoke", help="let somebody in no more; sessions end at once")
    revoke.add_argument("name", metavar="NAME", help="the name")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from heliograph.cli.hub_client import request

    if args.action == "list":
        _print(request("GET", _PATH)["users"])
        return 0
    path = f"{_PATH}/{quote(args.name, safe='')}"
    if args.action == "add":
        request("POST", _PATH, {"name": args.name, "password": _password(args.password_file)})
        print(f"{args.name} may log in now.")
    elif args.action == "rotate":
        request("POST", f"{path}/password", {"password": _password(args.password_file)})
        print(f"{args.name} has another password, and is logged out everywhere.")
    elif args.action == "totp":
        return _totp(args, path)
    else:
        request("DELETE", path)
        print(f"{args.name} is let in no more.")
    return 0


def _totp(args: argparse.Namespace, path: str) -> int:
    """Show a secret to an app, and keep it when the app has shown a code of it."""
    from heliograph.cli.hub_client import request
    from heliograph.cli.qr import print_qr

    if args.off:
        request("DELETE", f"{path}/totp")
        print(f"{args.name} logs in by the password alone.")
        return 0
    told = request("POST", f"{path}/totp", {})
    print(f"Enter this key in the authenticator app of {args.name}, or let it read the QR code:\n")
    print(f"  {told['secret']}\n")
    print_qr(told["address"], is_asked=False)
    code = input("Code of the app: ")
    request("POST", f"{path}/totp", {"secret": told["secret"], "code": code})
    print(f"{args.name} needs the app's code from now on; without the app: helio user totp {args.name} --off")
    return 0


def _password(file: Path | None) -> str:
    """Return a password, typed twice or read from a file; never an argument, which others can see."""
    import getpass
    import sys

    from heliograph.errors import ConfigError

    if file is not None:
        try:
            return file.read_text().strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the password cannot be read: {error}") from error
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to type a password; --password-file names a file that holds it")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise ConfigError("the two passwords differ")
    return password


def _print(users: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not users:
        print("there is nobody; helio user add NAME lets somebody log in")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("name", "kind", "may"):
        table.add_column(name, overflow="fold")
    for user in users:
        grants = ", ".join(
            f"{privilege} on {database}" for database, privilege in user.get("grants", {}).items()
        )
        is_free = user["kind"] == "operator" or user["admin"]
        kind = "operator" if user["kind"] == "operator" else "InfluxDB 1.x"
        kind += ", with app" if user.get("totp") else ""
        table.add_row(escape(user["name"]), kind, "everything" if is_free else escape(grants) or "nothing")
    Console(emoji=False, highlight=False).print(table)
