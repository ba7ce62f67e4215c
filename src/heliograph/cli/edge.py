"""``helio edge``: a hub of its own that brings what its devices send to another hub."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

_EPILOG = """\
  helio edge enrol https://192.168.1.20:8443 CODE   once, as helio device enrol NAME --gateway printed it
  helio edge --listen 0.0.0.0                       from then on
  helio edge list                                   on the hub: how its gateways are
  helio edge config barn less.toml                  on the hub: what barn sends less of

A gateway is a hub: devices, page, rules and queries are as with helio up, and work without the other hub.
What devices send is kept here until the other hub has it, and commands for them come down. A file edge.toml
of HELIO_HOME says what is sent less of (docs/edge.md).
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options: those of ``helio up``, and the enrolment."""
    from heliograph.cli import up

    actions = parser.add_subparsers(metavar="ACTION", dest="action")
    enrol = actions.add_parser(
        "enrol",
        help="get this gateway's key, with the command that helio device enrol NAME --gateway printed",
    )
    enrol.add_argument("url", metavar="URL", help="the hub's address, such as https://192.168.1.20:8443")
    enrol.add_argument("code", metavar="CODE", help="the code, which works once; - reads it from the input")
    enrol.add_argument(
        "--insecure", action="store_true", help="without TLS too: everybody on the way reads the key"
    )
    enrol.add_argument("--hub-port", metavar="PORT", type=int, help="of MQTT, where a forward brings the hub")
    actions.add_parser("list", help="on the hub: show its gateways, how they are and which version they have")
    config = actions.add_parser("config", help="on the hub: show or set what a gateway sends less of")
    config.add_argument("gateway", metavar="GATEWAY", help="its name")
    new = config.add_mutually_exclusive_group()
    new.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, help="rules as in edge.toml (docs/edge.md)"
    )
    new.add_argument("--own", action="store_true", help="let its own file edge.toml hold again")
    up.configure(parser)
    parser.epilog = _EPILOG


def run(args: argparse.Namespace) -> int:
    """Run the gateway until it is interrupted."""
    from heliograph.cli import up

    if args.action == "enrol":
        return _enrol(args)
    if args.action in ("list", "config"):
        from heliograph.cli import gateways

        return gateways.show_all() if args.action == "list" else gateways.configure_one(args)
    return up.run(args, {"edge.enabled": "true"})


def _enrol(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from heliograph.agent.enrolment import enrol
    from heliograph.config.home import home_folder
    from heliograph.transport.enrolment import GATEWAY_FILE

    code = sys.stdin.readline() if args.code == "-" else args.code
    enrolment = enrol(args.url, code, insecure=args.insecure, is_gateway=True)
    if args.hub_port:
        enrolment = replace(enrolment, port=args.hub_port)
    path = enrolment.write(home_folder(os.environ), GATEWAY_FILE)
    scheme = "mqtts" if enrolment.tls else "mqtt"
    print(f"This gateway is {enrolment.device} at {scheme}://{enrolment.host}:{enrolment.port} now ({path}).")
    print("helio edge brings what its devices send there.")
    return 0
