"""``helio clear``: remove retained messages from a broker."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from heliograph.cli.mqtt.connection import WHERE_FROM, add_connection_options

if TYPE_CHECKING:
    from heliograph.transport.mqtt_client import MqttClient

_EPILOG = f"""\
A broker does not tell when it has sent all that it keeps; after a second without a message it is held to be
all. The messages themselves are not in your way: only what later subscribers would get is removed.

  helio clear 'old/#'

{WHERE_FROM}"""
_SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    parser.add_argument("filter", metavar="FILTER", nargs="+", help="topics or filters, as 'old/#'")
    how = parser.add_argument_group("How")
    how.add_argument(
        "-T", "--filter-out", metavar="FILTER", action="append", default=[], help="but not these"
    )
    how.add_argument("-n", "--dry-run", action="store_true", help="only tell what would be removed")
    how.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add_connection_options(parser, "FILTER")


def run(args: argparse.Namespace) -> int:
    """Find what is retained, ask, and remove it."""
    from heliograph.cli.mqtt.program import run_program

    return run_program(args, lambda: _clear(args))


async def _clear(args: argparse.Namespace) -> int:
    from heliograph.aio.threads import in_daemon_thread
    from heliograph.cli.mqtt.publishing import Sender
    from heliograph.cli.mqtt.settings import Limits, settings_from
    from heliograph.model.topic_filter import check_filter
    from heliograph.transport.mqtt_client import MqttClient, running
    from heliograph.transport.mqtt_client_message import Publication

    for topic_filter in [*args.filter, *args.filter_out]:
        check_filter(topic_filter)
    client = MqttClient(settings_from(args), max_in_flight=Limits.of(args).max_in_flight, gives_up=True)
    async with running(client):
        found = await _retained(args, client)
        if not found:
            print("nothing is retained there")
            return 0
        _tell(found)
        if args.dry_run:
            return 0
        if not args.yes and not await in_daemon_thread(_confirmed, len(found)):
            print("nothing was removed")
            return 1
        sender = Sender(client)
        for topic in found:
            await sender.send(Publication(topic, b"", 1, retained=True))
        await sender.finish()
    print(f"{len(found)} removed")
    return 0


async def _retained(args: argparse.Namespace, client: MqttClient) -> dict[str, int]:
    """Return the topics that are retained, with the sizes of their messages."""
    import asyncio

    from heliograph.cli.mqtt.listening import QUIET
    from heliograph.model.topic_filter import matches
    from heliograph.transport.mqtt_client_message import Subscription

    await client.subscribe(*(Subscription(topic_filter, 0) for topic_filter in args.filter))
    found: dict[str, int] = {}
    while True:
        try:
            async with asyncio.timeout(QUIET):
                message = await client.next_message()
                while not message.retained:  # what is published now says nothing about what is kept
                    message = await client.next_message()
        except TimeoutError:
            await client.unsubscribe(*args.filter)
            return found
        if not any(matches(topic_filter, message.topic) for topic_filter in args.filter_out):
            found[message.topic] = len(message.payload)


def _tell(found: dict[str, int]) -> None:
    for topic, size_bytes in sorted(found.items())[:_SHOWN]:
        print(f"  {topic}  ({size_bytes} bytes)")
    if len(found) > _SHOWN:
        print(f"  … and {len(found) - _SHOWN} more")


def _confirmed(count: int) -> bool:
    try:
        answer = input(f"Remove {'it' if count == 1 else f'these {count}'}? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in {"y", "yes"}
