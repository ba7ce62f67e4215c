"""``helio telegraf``: configurations that Telegraf fetches from the hub when it starts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from heliograph.errors import ConfigError

_PATH: Final = "/api/v2/telegrafs"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    actions.add_parser("list", help="show the configurations that the hub keeps")
    add = actions.add_parser("add", help="keep a configuration, and print its id")
    add.add_argument("file", metavar="FILE", help='a telegraf.conf; "-" reads standard input')
    add.add_argument("--name", metavar="NAME", default="", help="what to call it; otherwise the file's name")
    delete = actions.add_parser("delete", help="forget a configuration")
    delete.add_argument("id", metavar="ID")
    parser.epilog = (
        "On a board: INFLUX_TOKEN=TOKEN telegraf --config http://HUB:8086/api/v2/telegrafs/ID\n"
        "with a token of: helio token create NAME --write telegraf --telegraf ID"
    )


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from heliograph.cli.hub_client import hub_url, request

    if args.action == "add":
        name = args.name or ("" if args.file == "-" else Path(args.file).stem)
        made = request("POST", _PATH, {"name": name, "config": _text(args.file)})
        print(made["id"])
        print(f"telegraf --config {hub_url()}{_PATH}/{made['id']}", file=sys.stderr)
    elif args.action == "delete":
        request("DELETE", f"{_PATH}/{args.id}")
        print(f"Deleted the configuration {args.id}.")
    else:
        for config in request("GET", _PATH)["configurations"]:
            print(f"{config['id']}  {config['name']}")
    return 0


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", path=file) from error
