"""``helio explore``: the topics of a broker as a tree in the terminal."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from heliograph.cli.mqtt.connection import WHERE_FROM, add_connection_options

if TYPE_CHECKING:
    from heliograph.cli.explorer.app import ExploreApp
    from heliograph.transport.mqtt_client_message import Publication
    from heliograph.transport.mqtt_client_settings import MqttSettings
    from heliograph.transport.mqtt_tap import Passing

_PUBLISH_SECONDS: Final = 10.0
_EPILOG: Final = f"""\
Arrows move, open and close; / searches by words or by a filter; space pauses; v shows the payload as values,
text, bytes or changes; n draws another of its numbers; [ and ] go through the messages; h shows what the
hub's stream has of the topic, then what is stored of it; s stores it by a rule of the hub; p publishes;
c clears what is retained; q ends. The hub is that of this machine, or of HELIO_URL and HELIO_TOKEN.
docs/explorer.md tells more. The page of a hub has the same under Topics.

  helio explore
  helio explore -h test.mosquitto.org -t 'home/#'

{WHERE_FROM}"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    what = parser.add_argument_group("What")
    what.add_argument(
        "-t",
        "--topic",
        metavar="FILTER",
        action="append",
        default=[],
        help="only these topics (default: #, or on a board that is enrolled what it may hear)",
    )
    what.add_argument(
        "--topics", metavar="N", type=_count, default=200_000, help="remember so many at most (200000)"
    )
    add_connection_options(parser, "[-t FILTER]")


def run(args: argparse.Namespace) -> int:
    """Show the topics until somebody says enough."""
    import logging
    import sys

    from heliograph.aio.garbage import short_pauses
    from heliograph.cli.mqtt.program import run_program
    from heliograph.errors import ConfigError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("helio explore needs a terminal; helio sub -v prints messages into pipes and files")
    logging.getLogger("heliograph").setLevel(logging.CRITICAL)  # the state is told on the screen
    with short_pauses():
        return run_program(args, lambda: _explore(args))


async def _explore(args: argparse.Namespace) -> int:
    async with explorer(args) as app:
        await app.run_async()
    return 0


@asynccontextmanager
async def explorer(args: argparse.Namespace) -> AsyncIterator[ExploreApp]:
    """Listen to the broker that the options name, and yield what shows its topics."""
    import time

    from heliograph.cli.explorer.app import ExploreApp
    from heliograph.cli.explorer.past import HubPast
    from heliograph.cli.explorer.text import state_text
    from heliograph.cli.hub_client import request
    from heliograph.cli.mqtt.settings import settings_from, topic_of_url
    from heliograph.model.topic import device_hears
    from heliograph.model.topic_filter import check_filter
    from heliograph.topics.tree import TopicTree, TreeLimits
    from heliograph.transport.mqtt_listener import Listener, listening

    settings = settings_from(args)
    is_device = settings.publishes is not None and settings.user is not None
    everything = device_hears(str(settings.user)) if is_device else "#"
    filters = [*args.topic, *filter(None, [topic_of_url(args)])] or [everything]
    for topic_filter in filters:
        check_filter(topic_filter)
    tree = TopicTree(TreeLimits(topics=args.topics))

    def take(group: list[Passing]) -> None:
        now_ns = time.time_ns()
        for topic, payload, retained in group:
            tree.put(topic, payload, now_ns, retained=retained)

    listener = Listener(lambda: settings, filters, take)
    async with listening(listener):
        yield ExploreApp(
            tree,
            lambda sent: _publish(settings, sent),
            lambda: state_text(settings.endpoint, listener.missed, is_connected=listener.is_connected),
            HubPast(request),
        )


async def _publish(settings: MqttSettings, publication: Publication) -> None:
    """Publish over a connection of its own, as another client: the first one listens on."""
    import asyncio
    from dataclasses import replace

    from heliograph.errors import TimedOut
    from heliograph.transport.mqtt_client import MqttClient, running

    client_id = settings.client_id and f"{settings.client_id}-publishes"
    own = replace(settings, client_id=client_id, is_clean=True, session_expiry_s=None, will=None)
    client = MqttClient(own, gives_up=True)
    try:
        async with asyncio.timeout(_PUBLISH_SECONDS), running(client):
            await client.publish(publication)
    except TimeoutError as error:
        reason = f"the broker has not confirmed it within {_PUBLISH_SECONDS:.0f} s"
        raise TimedOut(settings.endpoint, reason) from error


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 10000000, got {text!r}")
    return int(text)
