"""``helio sub``: subscribe by MQTT, with mosquitto_sub's options and more."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING

from heliograph.cli.mqtt.connection import WHERE_FROM, add_connection_options, add_qos

if TYPE_CHECKING:
    from heliograph.transport.mqtt_client_message import Subscription

log = logging.getLogger(__name__)

_FORMS = ("auto", "json", "lp", "cbor", "sparkplug", "senml", "text", "hex")
_EPILOG = f"""\
Formats of -F are mosquitto_sub's: %t topic, %p payload, %l its length, %q QoS, %r retained, %x hexadecimal,
%j JSON, %I time, @H:@M:@S parts of it, \\n line end; docs/mqtt.md lists them and the exit statuses.

  helio sub -t 'lab/#' -v
  helio sub -t '#' -v --decode auto --diff
  helio sub -t 'lab/#' --record lab.jsonl -W 60

{WHERE_FROM}"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    what = parser.add_argument_group("What")
    what.add_argument(
        "-t", "--topic", metavar="FILTER", action="append", default=[], help="topics; may be given again"
    )
    what.add_argument(
        "-T", "--filter-out", metavar="FILTER", action="append", default=[], help="but not these"
    )
    what.add_argument(
        "-U",
        "--unsubscribe",
        metavar="FILTER",
        action="append",
        default=[],
        help="of a kept session: no more",
    )
    add_qos(what, "highest quality of service")
    kept = what.add_mutually_exclusive_group()
    kept.add_argument("-R", "--no-retained", action="store_true", help="leave out what the broker had kept")
    kept.add_argument("--retained-only", action="store_true", help="only that, and end when it is through")
    what.add_argument(
        "--remove-retained", action="store_true", help="clear what the broker had kept; see helio clear"
    )
    what.add_argument(
        "--retain-as-published", action="store_true", help="MQTT 5: retained as the publisher said"
    )
    what.add_argument(
        "--random-filter", metavar="PERCENT", type=float, help="only so many of them, at random"
    )
    until = parser.add_argument_group("How long")
    until.add_argument("-C", "--count", metavar="N", type=int, help="end after N messages")
    until.add_argument(
        "-W", "--timeout", metavar="SECONDS", type=float, help="end after this time, with status 27"
    )
    until.add_argument(
        "-E", "--exit-subscribed", action="store_true", help="end once subscribed: makes a session with -c"
    )
    how = parser.add_argument_group("How it is printed")
    how.add_argument("-v", "--verbose", action="store_true", help="the topic before the payload")
    how.add_argument("-N", "--no-newline", action="store_true", help="no line end after each message")
    how.add_argument("-F", "--format", metavar="FORMAT", help="in mosquitto_sub's notation")
    how.add_argument(
        "--decode", metavar="FORM", choices=_FORMS, help=f"payloads as values: {', '.join(_FORMS)}"
    )
    how.add_argument("--diff", action="store_true", help="only what changed since the topic's last message")
    how.add_argument("--pretty", action="store_true", help="JSON over several lines")
    how.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="of topics and changes (auto)"
    )
    how.add_argument(
        "--strict", action="store_true", help="end with status 65 at a payload that --decode cannot read"
    )
    how.add_argument("--record", metavar="FILE", help="write what comes to a file, for helio replay")
    add_connection_options(parser, "-t FILTER")


def run(args: argparse.Namespace) -> int:
    """Print messages until the count, the time or somebody says enough."""
    from heliograph.cli.mqtt.program import run_program

    return run_program(args, lambda: _subscribe(args))


async def _subscribe(args: argparse.Namespace) -> int:
    from heliograph.cli.mqtt.listening import Listener
    from heliograph.cli.mqtt.settings import Limits, settings_from
    from heliograph.transport.mqtt_client import MqttClient, running

    subscriptions = _subscriptions(args)
    settings = settings_from(args)
    with Listener(args, settings.endpoint) as listener:
        in_flight = Limits.of(args).max_in_flight
        client = MqttClient(settings, max_in_flight=in_flight, acknowledges_itself=False)
        async with running(client):
            if subscriptions:
                await client.subscribe(*subscriptions)
            if args.unsubscribe:
                await client.unsubscribe(*args.unsubscribe)
            log.debug("subscribed")
            if args.exit_subscribed:
                return 0
            return await listener.listen(client)


def _subscriptions(args: argparse.Namespace) -> list[Subscription]:
    from heliograph.cli.mqtt.settings import topic_of_url
    from heliograph.errors import ConfigError
    from heliograph.model.topic_filter import check_filter
    from heliograph.transport.mqtt_client_message import Subscription

    filters = list(args.topic)
    if (of_url := topic_of_url(args)) is not None:
        filters.append(of_url)
    if not filters and not args.unsubscribe and not args.disable_clean_session:
        raise ConfigError("to what? Give a topic or filter with -t")
    for topic_filter in [*filters, *args.filter_out, *args.unsubscribe]:
        check_filter(topic_filter)
    return [
        Subscription(topic_filter, args.qos, keeps_retain_flag=args.retain_as_published)
        for topic_filter in filters
    ]
