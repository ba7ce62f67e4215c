"""``helio token``: the operator's token, and tokens that may do less, for boards and programs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Final
from urllib.parse import quote

ALL: Final = "*"
"""Instead of a bucket's name."""
_PATH: Final = "/api/v2/authorizations"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands; without one the operator's token is printed."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action")
    listing = actions.add_parser(
        "list", help="show the tokens and what they may do; never the tokens themselves"
    )
    listing.add_argument("--json", action="store_true", help="all that is known of them, as JSON")
    for name in ("add", "create"):
        _declare_create(actions.add_parser(name, help="make a token that may do something, and print it"))
    rotate = actions.add_parser("rotate", help="print another secret for a token; the old one ends at once")
    rotate.add_argument("id", metavar="ID", help="as helio token list shows it")
    for name in ("revoke", "delete"):
        delete = actions.add_parser(name, help="end a token: who uses it is refused and cut off at once")
        delete.add_argument("id", metavar="ID", help="as helio token list shows it")
    parser.epilog = (
        'Use it as: curl -H "Authorization: Token $(helio token)" http://127.0.0.1:8086/api/status\n'
        "A token for a board that only writes: helio token create greenhouse-pi --write telegraf"
    )


def _declare_create(create: argparse.ArgumentParser) -> None:
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
    for verb in ("publish", "subscribe"):
        create.add_argument(
            f"--{verb}",
            metavar="FILTER",
            action="append",
            default=[],
            help=f"let it {verb} by MQTT to topics that this filter selects; may be given again",
        )
    create.add_argument("--expires", metavar="TIME", help="let it end after this time, such as 30d")


def run(args: argparse.Namespace) -> int:
    """Print the operator's token alone, so that it can be used in a command; or do what was asked."""
    from heliograph.cli.hub_client import request, token

    if args.action == "list":
        _list(as_json=args.json)
    elif args.action in ("add", "create"):
        return _create(args)
    elif args.action == "rotate":
        _print_new(request("POST", f"/api/identities/tokens/{quote(args.id, safe='')}/rotate", {}))
    elif args.action in ("revoke", "delete"):
        request("DELETE", f"{_PATH}/{quote(args.id, safe='')}")
        print(f"Revoked the token {args.id}.")
    else:
        print(token())
    return 0


def _list(*, as_json: bool) -> None:
    from heliograph.cli.hub_client import request

    tokens = request("GET", _PATH)["authorizations"]
    if not as_json:
        _print(tokens)
        return
    json.dump(
        [{name: value for name, value in each.items() if name != "token"} for each in tokens], sys.stdout
    )
    print()


def _create(args: argparse.Namespace) -> int:
    from heliograph.cli.hub_client import request

    permissions = [
        {"action": verb, "resource": {"type": "buckets"} | ({} if name == ALL else {"name": name})}
        for verb in ("read", "write")
        for name in getattr(args, verb)
    ]
    permissions += [{"action": "read", "resource": {"type": "telegrafs", "id": id_}} for id_ in args.telegraf]
    asked: dict[str, Any] = {"description": args.description, "permissions": permissions}
    asked |= {"publish": args.publish, "subscribe": args.subscribe}
    if not (permissions or args.publish or args.subscribe):
        print(
            "helio token: say what it may do: --read or --write BUCKET, --publish or --subscribe FILTER,"
            " --telegraf ID",
            file=sys.stderr,
        )
        return 2
    if args.expires:
        from heliograph.config.values import parse_duration

        asked["expiresInSeconds"] = round(parse_duration(args.expires))
    _print_new(request("POST", _PATH, asked))
    return 0


def _print_new(made: dict[str, Any]) -> None:
    print(made["token"])
    print("This is the only time that it is shown.", file=sys.stderr)


def _print(tokens: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("id", "for", "may", "until"):
        table.add_column(name, overflow="fold", no_wrap=name in ("id", "until"))
    for token in tokens:
        off = "" if token["status"] == "active" else " (off)"
        rights = [
            *((verb, _buckets(token, verb)) for verb in ("read", "write")),
            *((verb, ", ".join(token.get(verb, ()))) for verb in ("publish", "subscribe")),
        ]
        may = "\n".join(f"{verb} {what}" for verb, what in rights if what) or "-"
        until = token.get("expiresAt", "-")[:10]
        table.add_row(token["id"], escape(token["description"] + off), escape(may), until)
    Console(emoji=False, highlight=False).print(table)


def _buckets(token: dict[str, Any], action: str) -> str:
    resources = [p["resource"] for p in token["permissions"] if p["action"] == action]
    buckets = [r for r in resources if r["type"] == "buckets"]
    others = sorted({r["type"] for r in resources if r["type"] != "buckets"})
    if any("id" not in bucket for bucket in buckets):
        return "everything" if "authorizations" in others else "all buckets"
    # the name is missing where the bucket is: such a permission opens nothing any more
    return ", ".join([b.get("name", "a deleted bucket") for b in buckets] + others)
