"""``helio up``: the hub in the foreground."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from heliograph.hub.run import Ready

STOP_WITHIN: Final = 5.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--http-port", metavar="PORT", help="port of API and page (8086; 0: any free one)")
    parser.add_argument("--mqtt-port", metavar="PORT", help="port of the MQTT broker (1883; 0: any free one)")
    parser.add_argument(
        "--broker",
        metavar="WHICH",
        help="embedded (default), mosquitto, or the address of another broker: mqtt://user@host:1883",
    )
    parser.add_argument(
        "--listen",
        metavar="ADDRESS",
        help="let others than this machine connect, at this address of it (0.0.0.0: all), by TLS and login",
    )
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="with --listen: no TLS; everybody on the way can read passwords and points, and change them",
    )
    parser.add_argument("--interval", metavar="TIME", help="how often this machine's agent gathers (10s)")
    parser.add_argument("--no-agent", action="store_true", help="leave this machine's own agent out")
    parser.add_argument(
        "--allow-setup",
        action="store_true",
        help="let the first caller of InfluxDB's /api/v2/setup become operator, for test suites",
    )
    parser.add_argument(
        "--config", metavar="FILE", type=Path, action="append", default=[], help="a TOML file"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="any setting, such as store.seal_rows=50000",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log what the parts do")
    parser.epilog = "Data is kept below HELIO_HOME. Ctrl-C stops the hub."


def run(args: argparse.Namespace, more: Mapping[str, str] = MappingProxyType({})) -> int:
    """Run the hub until it is interrupted; ``more`` are settings beside the options."""
    from heliograph.codec.ingest.rule import make_rules
    from heliograph.config.home import home_folder
    from heliograph.config.load import load, parse_overrides

    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
    )
    folder = home_folder(os.environ)
    loaded = load(
        folder,
        config_files=args.config,
        environ=os.environ,
        overrides=parse_overrides(args.set) | _named(args) | dict(more),
    )
    try:
        from heliograph.hub.home import Home
        from heliograph.hub.start import main
    except ModuleNotFoundError as error:
        missing = f"the hub's parts are not installed ({error.name}): pip install 'heliograph[hub]'"
        raise ConfigError(missing) from error
    rules = make_rules(loaded.rules)
    main(loaded.settings, Home(folder), _announce, allow_setup=args.allow_setup, rules=rules)
    return 0


def _named(args: argparse.Namespace) -> dict[str, str]:
    named = {
        "http.port": args.http_port,
        "broker.mqtt_port": args.mqtt_port,
        "broker.use": args.broker,
        "agent.interval": args.interval,
        "network.listen": args.listen,
    }
    overrides = {key: value for key, value in named.items() if value is not None}
    if args.no_agent:
        overrides["agent.enabled"] = "false"
    if args.insecure:
        overrides["network.insecure"] = "true"
    return overrides


def _announce(ready: Ready) -> None:
    from rich.console import Console

    console = Console(emoji=False, highlight=False, soft_wrap=True, file=sys.stdout)
    console.print("\n[bold]Heliograph is up.[/] Open the page (the link works once, within 10 minutes):\n")
    console.print(f"  [bold yellow]{ready.login_url}[/]\n", markup=True)
    console.print(f"  MQTT {ready.mqtt_host}:{ready.mqtt_port}   HTTP {ready.http_url}   data {ready.home}\n")
    for line in ready.network:
        console.print(f"  {line}", markup=False)
    if ready.network:
        console.print()
    for way in ready.ways:
        console.print(f"[bold]{way['title']}[/]")
        # into a log the token does not belong; where it goes from there nobody knows
        text = way["text"] if sys.stdout.isatty() else way["text"].replace(ready.token, "$(helio token)")
        for line in text.splitlines():
            console.print("  " + line, markup=False)
        console.print()
    console.print("A fresh link: helio login   How it is: helio status   Stop: Ctrl-C")
    sys.stdout.flush()
