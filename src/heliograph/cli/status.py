"""``helio status``: how the hub is."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the report; the exit status is 1 when the hub warns of something."""
    from heliograph.cli.hub_client import request

    report = request("GET", "/api/status")
    if args.json:
        json.dump(report, sys.stdout, indent=2)
        print()
    else:
        _print(report)
    return 1 if report["warnings"] else 0


def _print(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from heliograph.cli.bucket import bucket_table

    console = Console(emoji=False, highlight=False)
    hub, broker, store = report["hub"], report["broker"], report["store"]
    up = time.time() - hub["started_ms"] / 1000
    console.print(
        f"[bold]{hub['name']}[/]  heliograph {hub['version']}, up {_ago(up)}, data in {hub['home']}"
    )
    console.print(f"broker   {broker['name']}, MQTT on {broker['mqtt']}; {report['parser']} parser")
    if report["bridge"] is not None:
        console.print(f"bridge   {_bridge(report['bridge'])}", markup=False)
    if report["uplink"] is not None:
        console.print(f"uplink   {_uplink(report['uplink'])}", markup=False)
    console.print(
        f"store    {store['rows_sealed']:,} points in {store['segments']} segments"
        f" ({size(store['bytes'] - store['summary_bytes'])}), {store['rows_hot']:,} hot,"
        f" summaries {size(store['summary_bytes'])}; with the streams"
        f" {_of_limit(store['bytes'] + sum(s['bytes'] for s in report['streams']), store['max_bytes'])}"
    )
    console.print(f"queries  {_queries(report['queries'])}")
    console.print(bucket_table(report["buckets"]))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("stream", "first", "last", "applied", "sealed", "size", "limit"):
        table.add_column(name, justify="left" if name == "stream" else "right")
    for s in report["streams"]:
        numbers = [f"{s[key]:,}" for key in ("first_seq", "last_seq", "applied_seq", "sealed_seq")]
        table.add_row(s["name"], *numbers, size(s["bytes"]), size(s["max_bytes"]))
    console.print(table)
    counted = {name: value for name, value in report["counters"].items() if value}
    console.print(
        "counted  " + (", ".join(f"{n.replace('_', ' ')} {v:,}" for n, v in counted.items()) or "nothing")
    )
    _print_quarantine(console, report["quarantine"])
    for warning in report["warnings"]:
        console.print(f"[yellow]warning[/]  {escape(warning)}")


def _queries(queries: dict[str, int]) -> str:
    held, most = size(queries["held_bytes"]), size(queries["most_bytes"])
    text = f"{held} of {size(queries['limit_bytes'])} for values, {most} at most"
    fared = {"waiting": "wait", "waited": "had to wait", "refused": "refused"}
    return text + "".join(f", {queries[key]:,} {word}" for key, word in fared.items() if queries[key])


def _uplink(uplink: dict[str, Any]) -> str:
    state = "connected" if uplink["connected"] else "away"
    return (
        f"{uplink['gateway']} at {uplink['hub']}, {state}; {uplink['sent']:,} sent,"
        f" {uplink['waiting']:,} wait, {uplink['commands']:,} commands for {uplink['devices']:,} devices"
    )


def _bridge(bridge: dict[str, Any]) -> str:
    if not bridge["connected"]:
        return f"not connected to {bridge['broker']}"
    return (
        f"{bridge['broker']} by MQTT {bridge['mqtt']}, {len(bridge['filters'])} topic filters,"
        f" {bridge['in_flight']} messages on their way"
    )


def _print_quarantine(console: Console, quarantine: dict[str, Any]) -> None:
    from rich.markup import escape

    console.print(f"refused  {quarantine['total']:,} in all, {quarantine['kept']:,} kept")
    for r in quarantine["recent"][:5]:
        when = time.strftime("%H:%M:%S", time.localtime(r["time_ms"] / 1000))
        console.print(f"  {when} {escape(r['source'])}: {escape(r['reason'])}")
        console.print(f"           {escape(r['excerpt'])!r}", style="dim")


def _ago(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _of_limit(used_bytes: int, limit_bytes: int) -> str:
    return f"{size(used_bytes)} of {size(limit_bytes)}" if limit_bytes else f"{size(used_bytes)}, no limit"


def size(size_bytes: float) -> str:
    """Return a size as people read it."""
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"
