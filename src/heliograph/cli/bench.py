"""``helio bench``: measure a broker and the clients that talk to it."""

from __future__ import annotations

import argparse

from heliograph.cli.mqtt.connection import WHERE_FROM, add_connection_options, add_qos

_PEERS = ("helio", "aiomqtt", "mosquitto")
_EPILOG = f"""\
Publishers are one process and subscribers another; of mosquitto each client is one. Times are from the
moment before a message is handed to the client until the subscriber has it. Without --rate this is as fast
as it goes: then messages wait for each other, and their times tell of the queue.

  helio bench mqtt --count 50000 -q 1
  helio bench mqtt --rate 1000 --peers helio,mosquitto
  helio bench mqtt -q 1 --peers helio,aiomqtt,mosquitto --rounds 5

{WHERE_FROM}"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    kinds = parser.add_subparsers(title="What", metavar="WHAT", dest="kind", required=True)
    mqtt = kinds.add_parser(
        "mqtt",
        help="messages from publishers through a broker to subscribers",
        description="Sends messages through a broker, and tells how many a second and how long they took.",
        epilog=_EPILOG,
        formatter_class=parser.formatter_class,
    )
    load = mqtt.add_argument_group("Load")
    load.add_argument("--publishers", metavar="N", type=int, default=1, help="how many (default: 1)")
    load.add_argument("--subscribers", metavar="N", type=int, default=1, help="how many, each gets all (1)")
    load.add_argument("--count", metavar="N", type=int, default=10_000, help="messages in all (10000)")
    load.add_argument("--size", metavar="BYTES", type=int, default=100, help="of a message, 20 or more (100)")
    load.add_argument(
        "--rate", metavar="N", type=float, help="messages in a second in all (as fast as it goes)"
    )
    add_qos(load, "quality of service both ways")
    load.add_argument(
        "-t", "--topic", metavar="TOPIC", default="helio/bench", help="below which (helio/bench)"
    )
    load.add_argument(
        "--peers", metavar="LIST", default="helio", help=f"clients to compare, of {','.join(_PEERS)} (helio)"
    )
    load.add_argument(
        "--rounds", metavar="N", type=int, default=1, help="of all peers in turns; the median is told (1)"
    )
    load.add_argument("--json", action="store_true", help="print the figures as JSON")
    add_connection_options(mqtt, "[--count N] [--rate N] [--peers LIST]")


def run(args: argparse.Namespace) -> int:
    """Measure each peer in turn; the exit status is 1 when a message is missing."""
    from heliograph.cli.mqtt.bench import measure_all
    from heliograph.cli.mqtt.program import run_program
    from heliograph.errors import ConfigError

    peers = [name.strip() for name in args.peers.split(",")]
    unknown = [name for name in peers if name not in _PEERS]
    if unknown:
        raise ConfigError(f"peers are of {', '.join(_PEERS)}, got {unknown[0]!r}", key="--peers")
    for name in ("publishers", "subscribers", "count", "rounds"):
        if getattr(args, name) < 1:
            raise ConfigError(f"--{name} takes 1 or more, got {getattr(args, name)}")
    if args.size < 20:
        raise ConfigError(
            f"a message begins with its time and has 20 bytes or more, got {args.size}", key="--size"
        )
    return run_program(args, lambda: measure_all(args, peers))
