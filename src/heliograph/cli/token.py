"""``helio token``: the operator's token, and tokens that may do less, for boards and programs."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

ALL: Final = "*"
"""Instead of a bucket's name."""
_PATH: Final = "/api/v2/authorizations"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands; without one the operator's token is printed."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action")
    actions.add_parser("list", help="show the tokens and what they may do; never the tokens themselves")
    create = actions.add_parser(
        "create", help="make a token that may read or write some buckets, and print it"
    )
    create.add_argument("description", metavar="FOR", help="what it is for, such as greenhouse-pi")
    for verb in ("read", "write"):
        create.add_argument(
            f"--{verb}",
            metavar="BUCKET",
            action="append",
            default=[],
            help=f"let it {verb} this bucket, or all with '{ALL}'; may be given again",
        )
    create.add_argument(
        "--telegraf",
        metavar="ID",
        action="append",
        default=[],
        help="let it fetch this configuration of helio telegraf; may be given again",
    )
    delete = actions.add_parser("delete", help="delete a token: who uses it is refused from then on")
    delete.add_argument("id", metavar="ID", help="as helio token list shows it")
    parser.epilog = (
        'Use it as: curl -H "Authorization: Token $(helio token)" http://127.0.0.1:8086/api/status\n'
        "A token for a board that only writes: helio token create greenhouse-pi --write telegraf"
    )


def run(args: argparse.Namespace) -> int:
    """Print the operator's token alone, so that it can be used in a command; or do what was asked."""
    from heliograph.cli.hub_client import request, token

    if args.action == "list":
        _print(request("GET", _PATH)["authorizations"])
    elif args.action == "create":
        return _create(args)
    elif args.action == "delete":
        request("DELETE", f"{_PATH}/{args.id}")
        print(f"Deleted the token {args.id}.")
    else:
        print(token())
    return 0


def _create(args: argparse.Namespace) -> int:
    from heliograph.cli.hub_client import request

    permissions = [
        {"action": verb, "resource": {"type": "buckets"} | ({} if name == ALL else {"name": name})}
        for verb in ("read", "write")
        for name in getattr(args, verb)
    ]
    permissions += [{"action": "read", "resource": {"type": "telegrafs", "id": id_}} for id_ in args.telegraf]
    if not permissions:
        print(
            "helio token: say what it may do: --read BUCKET, --write BUCKET, --telegraf ID", file=sys.stderr
        )
        return 2
    made = request("POST", _PATH, {"description": args.description, "permissions": permissions})
    print(made["token"])
    print("This is the only time that it is shown.", file=sys.stderr)
    return 0


def _print(tokens: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("id", "for", "reads", "writes", "since"):
        table.add_column(name, overflow="fold")
    for token in tokens:
        off = "" if token["status"] == "active" else " (off)"
        words = (token["description"] + off, *(_buckets(token, verb) for verb in ("read", "write")))
        table.add_row(token["id"], *(escape(word) for word in words), token["createdAt"][:10])
    Console(highlight=False).print(table)


def _buckets(token: dict[str, Any], action: str) -> str:
    resources = [p["resource"] for p in token["permissions"] if p["action"] == action]
    buckets = [r for r in resources if r["type"] == "buckets"]
    others = sorted({r["type"] for r in resources if r["type"] != "buckets"})
    if any("id" not in bucket for bucket in buckets):
        return "everything" if "authorizations" in others else "all buckets"
    # the name is missing where the bucket is: such a permission opens nothing any more
    return ", ".join([b.get("name", "a deleted bucket") for b in buckets] + others) or "-"
