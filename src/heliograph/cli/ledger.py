"""``helio ledger``: what came from each device, and that nothing of it is missing."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS: Final = {
    "produced": "produced",
    "acknowledged": "acknowledged",
    "in_stream": "in stream",
    "visible": "visible",
    "stored": "stored",
    "missing": "missing",
    "repeats": "repeats",
    "refused": "refused",
    "quarantined": "bad lines",
    "qos0": "QoS 0",
    "points": "points",
}
_SHOWN_GAPS: Final = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--device", metavar="NAME", help="only this device, with the numbers that are missing"
    )
    parser.add_argument("--json", action="store_true", help="print the ledger as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the ledger; the exit status is 1 when something is missing."""
    from heliograph.cli.hub_client import request

    chosen = f"?device={quote(args.device, safe='')}" if args.device else ""
    ledger = request("GET", f"/api/ledger{chosen}")
    if args.json:
        json.dump(ledger, sys.stdout, indent=2)
        print()
    else:
        _print(ledger, args.device)
    if args.device and not ledger["devices"]:
        return 1
    return 1 if any(line["missing"] for line in ledger["devices"]) else 0


def _print(ledger: dict[str, Any], device: str | None) -> None:
    from rich.console import Console

    console = Console(emoji=False, highlight=False)
    if device and not ledger["devices"]:
        console.print(f"Nothing came from the device {device!r}.", markup=False)
        return
    if ledger["devices"] or ledger["rest"]:
        rest = [line | {"name": "(more devices)"} for line in ledger["rest"]]
        console.print(_table("device", [*ledger["devices"], *rest]))
    if ledger["buckets"]:
        console.print(_table("over HTTP to", ledger["buckets"]))
    for line in ledger["devices"] if device else []:
        for gap in line["gaps"][-_SHOWN_GAPS:]:
            console.print(f"missing  boot {gap['boot']}: batches {gap['first']:,} to {gap['last']:,}")
        if line["unlisted"]:
            console.print(f"missing  {line['unlisted']:,} batches whose numbers are not kept any more")
    for one in () if device else ledger.get("consumers", ()):
        lost = f", {one['missed']:,} were purged before it read them" if one["missed"] else ""
        console.print(
            f"consumer {one['name']} of {one['stream']}: {one['waiting']:,} wait{lost}",
            markup=False,
            style="red" if lost else None,
        )
    for stream in ledger["streams"]:
        waiting = stream["acknowledged_seq"] - stream["visible_seq"]
        if waiting > 0:
            console.print(f"waiting  {waiting:,} messages of {stream['name']} are not read yet")


def _table(kind: str, lines: list[dict[str, Any]]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(kind, overflow="fold")
    shown = {key: title for key, title in _COLUMNS.items() if key in _ALWAYS or any(ln[key] for ln in lines)}
    for title in shown.values():
        table.add_column(title, justify="right")
    table.add_column("last")
    for line in lines:
        numbers = ["-" if line[key] is None else f"{line[key]:,}" for key in shown]
        style = {"missing": "red", "refused": "yellow"}.get(line["state"])
        table.add_row(escape(line["name"]), *numbers, _clock(line["last_ms"]), style=style)
    return table


_ALWAYS: Final = frozenset(_COLUMNS) - {"quarantined", "refused", "qos0", "repeats"}


def _clock(time_ms: int | None) -> str:
    return "-" if time_ms is None else time.strftime("%m-%d %H:%M:%S", time.localtime(time_ms / 1000))
