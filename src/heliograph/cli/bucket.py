"""``helio bucket``: which buckets there are, and how long they keep what."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.table import Table

FOREVER: Final = "forever"
DEFAULT: Final = "default"
_KEYS: Final = ("keep_seconds", "keep_1m_seconds", "keep_1h_seconds")
_KEEP: Final = "how long: 12h, 30d, forever, or default for what the hub's settings say"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the four sub-commands and their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    actions.add_parser("list", help="show the buckets, what they keep and when it will be forgotten")
    create = actions.add_parser("create", help="make a bucket")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--keep", metavar="TIME", help=_KEEP)
    _add_summaries(create)
    change = actions.add_parser("set", help="change how long a bucket keeps what")
    change.add_argument("name", metavar="NAME")
    change.add_argument("--keep", metavar="TIME", help=_KEEP)
    _add_summaries(change)
    change.add_argument(
        "--measurement",
        metavar="GLOB",
        default="",
        help="only measurements of this name or pattern, such as 'cpu*'; default removes the rule",
    )
    delete = actions.add_parser("delete", help="delete a bucket with all its points")
    delete.add_argument("name", metavar="NAME")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    parser.epilog = "What is older than is kept is refused when it comes and forgotten when it is there."


def _add_summaries(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep-1m", metavar="TIME", help="how long summaries by the minute are kept")
    parser.add_argument("--keep-1h", metavar="TIME", help="how long summaries by the hour are kept")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from heliograph.cli.hub_client import request

    if args.action == "list":
        _print(request("GET", "/api/buckets")["buckets"])
    elif args.action == "create":
        _print([request("POST", "/api/buckets", {"name": args.name} | _keeps(args))])
    elif args.action == "set":
        keeps = _keeps(args)
        if not keeps:
            print("helio bucket set: one of --keep, --keep-1m and --keep-1h is needed", file=sys.stderr)
            return 2
        body = keeps | ({"measurement": args.measurement} if args.measurement else {})
        _print([request("PATCH", _path(args.name), body)])
    else:
        return _delete(args.name, sure=args.yes)
    return 0


def _delete(name: str, *, sure: bool) -> int:
    from heliograph.cli.hub_client import request

    if not sure:
        if not sys.stdin.isatty():
            print("helio bucket: nobody is there to be asked; --yes deletes without", file=sys.stderr)
            return 2
        answer = input(f'Delete the bucket "{name}" with all its points? Its name again confirms it: ')
        if answer != name:
            print("Nothing was deleted.", file=sys.stderr)
            return 1
    gone = request("DELETE", _path(name))
    print(f'Deleted the bucket "{name}" with {gone["points"]:,} points.')
    return 0


def _path(name: str) -> str:
    from urllib.parse import quote

    return f"/api/buckets/{quote(name, safe='')}"


def _keeps(args: argparse.Namespace) -> dict[str, int | None]:
    asked = zip(_KEYS, (args.keep, args.keep_1m, args.keep_1h), strict=True)
    return {key: _seconds(keep) for key, keep in asked if keep is not None}


def _seconds(keep: str) -> int | None:
    from heliograph.config.values import parse_duration

    if keep == DEFAULT:
        return None
    return 0 if keep == FOREVER else round(parse_duration(keep))


def _print(buckets: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console

    Console(emoji=False, highlight=False).print(bucket_table(buckets))


def bucket_table(buckets: Sequence[dict[str, Any]]) -> Table:
    """Return the buckets of an answer as a table, with a line for each rule about measurements."""
    from rich.markup import escape
    from rich.table import Table

    from heliograph.cli.status import size

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("bucket", overflow="fold")
    for name in ("keeps", "by 1 min", "by 1 h", "points", "size", "oldest", "forgets next"):
        table.add_column(name, justify="left" if name == "keeps" else "right")
    for b in buckets:
        keeps = _kept(b["keep_seconds"]) + (" (default)" if b["keep_is_default"] else "")
        oldest, following = (_clock(b[key]) for key in ("oldest_ms", "next_expiry_ms"))
        summaries = (_kept(b["keep_1m_seconds"]), _kept(b["keep_1h_seconds"]))
        whole = size(b["bytes"] + b["bytes_1m"] + b["bytes_1h"])
        table.add_row(escape(b["name"]), keeps, *summaries, f"{b['points']:,}", whole, oldest, following)
        for rule in b["rules"]:
            kept = [_kept(rule[key]) if key in rule else "" for key in _KEYS]
            table.add_row(f"  {escape(rule['measurement'])}", *kept)
    return table


def _kept(seconds: int) -> str:
    from heliograph.config.values import format_duration

    return format_duration(seconds) if seconds else FOREVER


def _clock(time_ms: int | None) -> str:
    if time_ms is None:
        return "-"
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_ms / 1000))
    except (OverflowError, ValueError, OSError):  # years that this machine's calendar does not know
        return f"{time_ms} ms"
