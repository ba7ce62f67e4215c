"""``helio device``: boards with a key of their own, and how they get it."""

from __future__ import annotations

import argparse
import sys
from typing import Any
from urllib.parse import quote

_PATH = "/api/identities/devices"
_EPILOG = """\
  helio device enrol greenhouse     prints a command for the board, which works once
  helio device enrol barn --gateway prints one for a gateway, which brings what other devices send
  helio device add sensor7          prints a key, for any other device: MQTT user sensor7, it is the password
  helio device revoke greenhouse    cuts it off at once; its points stay

A device may publish below tel/ITS-NAME/, sta/ITS-NAME and log/ITS-NAME/, and subscribe below cmd/ITS-NAME/,
a gateway below tel/, sta/, log/ and cmd/ of all devices.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(title="Actions", metavar="ACTION", dest="action", required=True)
    actions.add_parser("list", help="show all devices")
    for name, summary in (
        ("enrol", "print the command by which a board gets its own key"),
        ("add", "make a device and print its key"),
        ("rotate", "print another key; the old one ends at once"),
        ("revoke", "let a device in no more; it is cut off at once"),
    ):
        action = actions.add_parser(name, help=summary, formatter_class=parser.formatter_class)
        action.add_argument("name", metavar="NAME", help="1 to 64 of A-Z a-z 0-9 _ -")
        if name == "enrol":
            action.add_argument(
                "--gateway",
                action="store_true",
                help="a gateway (helio edge), which speaks for devices behind it",
            )
            action.add_argument("--within", metavar="TIME", default="1h", help="how long the code works (1h)")
            action.add_argument("--qr", action="store_true", help="print the command as a QR code, too")
            action.add_argument("--json", action="store_true", help="print url and code as JSON, for scripts")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from heliograph.cli.hub_client import request

    if args.action == "list":
        _print(request("GET", _PATH)["devices"])
        return 0
    path = f"{_PATH}/{quote(args.name, safe='')}"
    if args.action == "enrol":
        return _enrol(args, path)
    if args.action == "revoke":
        request("DELETE", path)
        print(f"{args.name} is let in no more.")
        return 0
    made = (
        request("POST", _PATH, {"id": args.name})
        if args.action == "add"
        else request("POST", f"{path}/rotate", {})
    )
    print(made["key"])
    print(
        f"MQTT user {args.name}, this is its password, and the only time that it is shown.", file=sys.stderr
    )
    return 0


def _enrol(args: argparse.Namespace, path: str) -> int:
    import json

    from heliograph.cli.hub_client import request
    from heliograph.cli.qr import print_qr
    from heliograph.config.values import parse_duration

    asked: dict[str, Any] = {"seconds": round(parse_duration(args.within))}
    if args.gateway:
        asked["gateway"] = True
    told = request("POST", f"{path}/enrol", asked)
    if args.json:
        print(json.dumps(told))
        return 0
    program = "helio edge" if args.gateway else "helio agent"
    command = f"{program} enrol {told['url']} {told['code']}"
    print("On the gateway, once:\n" if args.gateway else "On the board, once:\n")
    print(f"  {command}\n")
    print_qr(command, is_asked=args.qr)
    print(f"It works once, within {args.within}. After it: {program}")
    if told["url"].startswith("http://127."):
        print(
            "This hub is reached from this machine only; helio up --listen 0.0.0.0 opens it to others.",
            file=sys.stderr,
        )
    return 0


def _print(devices: list[dict[str, Any]]) -> None:
    import datetime as dt

    from rich.console import Console
    from rich.table import Table

    if not devices:
        print("there are none; helio device enrol NAME makes one")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("device", "kind", "state", "since"):
        table.add_column(name, overflow="fold")
    for device in devices:
        since = dt.datetime.fromtimestamp(device["updated_ms"] / 1_000).astimezone()
        kind = "gateway" if device.get("gateway") else "device"
        table.add_row(device["id"], kind, device["state"], f"{since:%Y-%m-%d %H:%M}")
    Console(emoji=False, highlight=False).print(table)
