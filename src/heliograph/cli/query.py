"""``helio query``: SQL over the points of a bucket."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("sql", metavar="SQL", help='one SELECT; "-" reads it from standard input')
    parser.add_argument("--bucket", default="telegraf", help="the bucket to ask (%(default)s)")
    parser.add_argument(
        "--format", choices=("table", "csv", "json"), default="table", help="how to print (%(default)s)"
    )
    parser.epilog = (
        "Each measurement is a table with its tags, its fields and time (UTC). Examples:\n"
        "  helio query \"SELECT time, usage_user FROM cpu WHERE cpu = 'cpu-total' ORDER BY time LIMIT 5\"\n"
        '  helio query "SELECT host, max(load1) FROM system GROUP BY host"'
    )


def run(args: argparse.Namespace) -> int:
    """Ask the hub and print its answer."""
    from heliograph.cli.hub_client import request

    sql = sys.stdin.read() if args.sql == "-" else args.sql
    answer = request("POST", "/api/sql", {"sql": sql, "bucket": args.bucket})
    names = [column["name"] for column in answer["columns"]]
    if args.format == "json":
        json.dump([dict(zip(names, row, strict=True)) for row in answer["rows"]], sys.stdout, indent=2)
        print()
    elif args.format == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows(answer["rows"])
    else:
        _print_table(names, answer["rows"])
    return 0


def _print_table(names: list[str], rows: list[list[Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    numeric = [all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(names))]
    for name, right in zip(names, numeric, strict=True):
        table.add_column(escape(name), justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    Console().print(table)
    print(f"{len(rows)} row{'' if len(rows) == 1 else 's'}", file=sys.stderr)
