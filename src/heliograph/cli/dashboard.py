"""``helio dashboard``: dashboards in Grafana's JSON, in and out of the hub."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from heliograph.errors import ConfigError, Error

TIMEOUT: Final = 20.0
_MAX_BYTES: Final = 8 * 1024 * 1024
_LINES: Final = 10_000
"""Lines of line protocol in one request."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    take = actions.add_parser("import", help="take a dashboard and say what of it is shown otherwise")
    take.add_argument(
        "file", metavar="FILE|-|NUMBER", help="a JSON file, standard input, or Grafana's number of it"
    )
    take.add_argument("--overwrite", action="store_true", help="replace the dashboard that has the same uid")
    take.add_argument("--bucket", metavar="NAME", help="the bucket that it asks (telegraf)")
    take.add_argument(
        "--input", metavar="NAME=VALUE", action="append", default=[], help="a value of one of its __inputs"
    )
    actions.add_parser("list", help="show the dashboards")
    export = actions.add_parser("export", help="print a dashboard as JSON for Grafana")
    export.add_argument("uid", metavar="UID")
    delete = actions.add_parser("delete", help="delete a dashboard with all its versions")
    delete.add_argument("uid", metavar="UID")
    demo = actions.add_parser("demo", help="write made-up points that a dashboard can show")
    demo.add_argument("file", metavar="FILE|-", help="the dashboard's JSON")
    demo.add_argument(
        "--bucket", metavar="NAME", default="telegraf", help="where to write them (%(default)s)"
    )
    demo.add_argument("--print", action="store_true", help="print the points and write nothing")
    parser.epilog = (
        "helio dashboard import 928      fetches it from Grafana's catalogue (dashboards.catalogue)\n"
        "helio dashboard export board > board.json"
    )


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    return {"import": _import, "list": _list, "export": _export, "delete": _delete, "demo": _demo}[
        args.action
    ](args)


def _import(args: argparse.Namespace) -> int:
    from heliograph.cli.hub_client import hub_url, request

    document = fetched(args.file) if args.file.isdecimal() else read_document(args.file)
    inputs = dict(_input(one) for one in args.input) | ({"bucket": args.bucket} if args.bucket else {})
    body = {"dashboard": document, "overwrite": args.overwrite, "inputs": inputs}
    made = request("POST", "/api/dashboards/import", body)
    print(f"{made['title']}  {hub_url()}/#dashboard={made['uid']}")
    _print_report(made["report"])
    return 0


def _input(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise ConfigError(f"--input expects NAME=VALUE, {word!r} came")
    return name, value


def _print_report(report: dict[str, Any]) -> None:
    print(
        f"{report['panels']} panels: {report['supported']} as meant, {len(report['degraded'])} nearly,"
        f" {len(report['unsupported'])} not supported; {report['queries']} queries"
    )
    for kind in ("degraded", "unsupported"):
        for one in report[kind]:
            what = one["what"] if kind == "degraded" else f"panels of the kind {one['what']} are not drawn"
            print(f"  {one['panel']:>4}  {one['title'] or one['type']}: {what}")
    for sentence in report["elsewhere"]:
        print(f"        {sentence}")
    if report["undefined"]:
        print(
            f"  variables that nothing defines, each with a box on the page: {', '.join(report['undefined'])}"
        )


def _list(_: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from heliograph.cli.hub_client import request

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("uid", "title", "panels", "version", "saved", ""):
        table.add_column(name, overflow="fold")
    for one in request("GET", "/api/dashboards")["dashboards"]:
        notes = [word for word in ("built_in", "provisioned") if one[word]]
        saved = (
            time.strftime("%Y-%m-%d %H:%M", time.localtime(one["updated_ms"] / 1_000))
            if one["version"]
            else "-"
        )
        words = ("ready-made" if note == "built_in" else "from a file" for note in notes)
        table.add_row(
            one["uid"], escape(one["title"]), str(one["panels"]), str(one["version"]), saved, ", ".join(words)
        )
    Console(emoji=False, highlight=False).print(table)
    return 0


def _export(args: argparse.Namespace) -> int:
    from heliograph.cli.hub_client import request

    json.dump(
        request("GET", f"/api/dashboards/{_quoted(args.uid)}/export"),
        sys.stdout,
        indent=2,
        ensure_ascii=False,
    )
    print()
    return 0


def _delete(args: argparse.Namespace) -> int:
    from heliograph.cli.hub_client import request

    request("DELETE", f"/api/dashboards/{_quoted(args.uid)}")
    print(f"Deleted the dashboard {args.uid}.")
    return 0


def _quoted(uid: str) -> str:
    from urllib.parse import quote

    return quote(uid, safe="")


def _demo(args: argparse.Namespace) -> int:
    from heliograph.dashboards.demo.points import demo_of, view_range
    from heliograph.dashboards.envelope import unwrapped
    from heliograph.dashboards.view import view_of

    view = view_of(unwrapped(read_document(args.file)), {"bucket": args.bucket}).dashboard
    demo = demo_of(view, view_range(view, time.time_ns() // 1_000_000), args.bucket)
    for reason in demo.unread:
        print(f"helio dashboard demo: no points for the query {reason}", file=sys.stderr)
    points = 0
    if not args.print:
        demo.known |= _known_types(demo.buckets)
    for bucket in demo.buckets:
        lines = list(demo.lines(bucket))
        points += len(lines)
        if args.print:
            print("\n".join(lines))
        else:
            _write(bucket, lines)
    if not args.print:
        where = ", ".join(demo.buckets) or "-"
        print(f"{view['title']}: {points:,} points for {demo.queries} queries in {where}")
    return 0 if points else 1


def _known_types(buckets: list[str]) -> dict[tuple[str, str, str], str]:
    """Return the types of the fields that the hub has; it has not every bucket yet."""
    from heliograph.cli.hub_client import request

    there = {one["name"] for one in request("GET", "/api/buckets")["buckets"]}
    found = {}
    for bucket in there.intersection(buckets):
        for measurement in request("GET", f"/api/schema?bucket={_quoted(bucket)}")["measurements"]:
            for name, kind in measurement["fields"].items():
                found[bucket, measurement["name"], name] = kind
    return found


def _write(bucket: str, lines: list[str]) -> None:
    from heliograph.cli.hub_client import request, send_lines

    known = {one["name"] for one in request("GET", "/api/buckets")["buckets"]}
    if bucket not in known:
        request("POST", "/api/buckets", {"name": bucket})
    for first in range(0, len(lines), _LINES):
        send_lines(bucket, "\n".join(lines[first : first + _LINES]))


def read_document(file: str) -> Any:
    """Return the JSON of a file, or of standard input for "-".

    Raises:
        ConfigError: it cannot be read, or is no JSON.
    """
    try:
        written = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
        return json.loads(written)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", path=file) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is no JSON: {error}", path=file) from error


def fetched(number: str) -> Any:
    """Return a dashboard of Grafana's catalogue by its number.

    Raises:
        Error: it is not there, or not to be reached; the message says what to download instead.
    """
    import http.client
    import urllib.error
    import urllib.request

    address = f"{_catalogue().rstrip('/')}/{number}/revisions/latest/download"
    instead = (
        f"download {address} with a browser on a machine that has internet, and run"
        f" helio dashboard import {number}.json"
    )
    asked = urllib.request.Request(address, headers={"Accept": "application/json"})  # noqa: S310 - a setting
    try:
        with urllib.request.urlopen(asked, timeout=TIMEOUT) as answer:  # noqa: S310 - likewise
            body = answer.read(_MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise Error(f"there is no dashboard {number} at {address}") from error
        raise Error(f"{address} answered {error.code}; {instead}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Error(f"the dashboard {number} cannot be fetched ({reason}); {instead}") from error
    if len(body) > _MAX_BYTES:
        raise Error(f"{address} has more than {_MAX_BYTES // 2**20} MiB, which is no dashboard")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Error(f"{address} is no JSON: {error}; {instead}") from error


def _catalogue() -> str:
    import os

    from heliograph.config.home import home_folder
    from heliograph.config.load import load

    settings = load(home_folder(os.environ), environ=os.environ, overrides={}).settings
    return settings.dashboards.catalogue
