"""``helio replay``: send again what ``helio sub --record`` wrote."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from heliograph.cli.mqtt.connection import WHERE_FROM, add_connection_options

if TYPE_CHECKING:
    from heliograph.cli.mqtt.recording import Recorded

_EPILOG = f"""\
The messages are sent with their own QoS and at their own pace. Retained ones are sent as plain ones unless
--retain is given, so that an old recording does not become the present state of things.

  helio replay lab.jsonl --speed 10x --prefix replay/

{WHERE_FROM}"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    parser.add_argument("file", metavar="FILE", help="what helio sub --record wrote")
    how = parser.add_argument_group("How")
    how.add_argument(
        "--speed", metavar="SPEED", default="1x", help="2x, 0.5x, or max for as fast as it goes (1x)"
    )
    how.add_argument("-t", "--topic", metavar="FILTER", action="append", default=[], help="only these topics")
    how.add_argument("--prefix", metavar="TEXT", default="", help="before each topic, as replay/")
    how.add_argument(
        "-q", "--qos", metavar="QOS", type=int, choices=(0, 1, 2), help="instead of each one's own"
    )
    how.add_argument("-r", "--retain", action="store_true", help="retain what was retained")
    how.add_argument("-v", "--verbose", action="store_true", help="print the topics")
    add_connection_options(parser, "FILE")


def run(args: argparse.Namespace) -> int:
    """Replay; returns when everything is acknowledged."""
    from heliograph.cli.mqtt.program import run_program

    return run_program(args, lambda: _replay(args))


async def _replay(args: argparse.Namespace) -> int:
    import asyncio
    import sys
    import time

    from heliograph.cli.mqtt.publishing import Sender
    from heliograph.cli.mqtt.recording import read_recording
    from heliograph.cli.mqtt.settings import Limits, settings_from
    from heliograph.model.topic_filter import check_filter
    from heliograph.transport.mqtt_client import MqttClient, running
    from heliograph.transport.mqtt_client_message import Publication

    speed = _speed(args.speed)
    for topic_filter in args.topic:
        check_filter(topic_filter)
    recording = (each for each in read_recording(args.file) if _is_wanted(args.topic, each))
    first = next(recording, None)
    if first is None:
        print(f"helio replay: there is nothing in {args.file} to send", file=sys.stderr)
        return 0
    client = MqttClient(settings_from(args), max_in_flight=Limits.of(args).max_in_flight, gives_up=True)
    sender, began, sent = Sender(client), time.monotonic(), 0
    async with running(client):
        for recorded in (first, *recording):
            due = began + (recorded.time_ns - first.time_ns) / 1e9 / speed
            if (delay := due - time.monotonic()) > 0:
                await asyncio.sleep(delay)
            topic, qos = args.prefix + recorded.topic, recorded.qos if args.qos is None else args.qos
            retained = recorded.retained and args.retain
            await sender.send(Publication(topic, recorded.payload, qos, retained))
            sent += 1
            if args.verbose:
                print(topic, flush=True)
        await sender.finish()
    print(f"{sent} messages in {time.monotonic() - began:.1f} s", file=sys.stderr)
    return 0


def _is_wanted(filters: list[str], recorded: Recorded) -> bool:
    from heliograph.model.topic_filter import matches

    return not filters or any(matches(topic_filter, recorded.topic) for topic_filter in filters)


def _speed(text: str) -> float:
    """Return how many times as fast; infinity for ``max``."""
    from heliograph.errors import ConfigError

    if text == "max":
        return float("inf")
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1e6:
        raise ConfigError(f"a speed is as in 2x, 0.5x or max, got {text!r}", key="--speed")
    return speed
