"""``helio audit``: who changed which identity, and who logged in."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--limit", metavar="N", type=int, default=50, help="how many entries (50)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, the oldest first")


def run(args: argparse.Namespace) -> int:
    """Print the latest entries, the newest last."""
    import datetime as dt
    import json

    from heliograph.cli.hub_client import request

    entries = list(reversed(request("GET", f"/api/audit?limit={args.limit}")["entries"]))
    if args.json:
        for entry in entries:
            print(json.dumps(entry, ensure_ascii=False))
        return 0
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("time", "who", "from", "what", "about"):
        table.add_column(name, overflow="fold", no_wrap=name == "time")
    for entry in entries:
        time = dt.datetime.fromtimestamp(entry["time_ms"] / 1_000).astimezone()
        words = (entry["who"], entry["address"], entry["what"], entry["about"])
        table.add_row(f"{time:%Y-%m-%d %H:%M:%S}", *(escape(word) or "-" for word in words))
    Console(emoji=False, highlight=False).print(table)
    return 0
