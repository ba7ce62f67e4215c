"""``helio pub``: publish by MQTT, with mosquitto_pub's options and more."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from heliograph.cli.mqtt.connection import WHERE_FROM, add_connection_options, add_qos

if TYPE_CHECKING:
    from heliograph.cli.mqtt.publishing import Plan

_EPILOG = f"""\
Templates have places such as {{seq}}, {{now:ms}}, {{random:20:30}}, {{walk:20:30}}, {{choice:on|off}},
{{host}}, {{uuid}}; the topic may have them, too. docs/mqtt.md lists them and the exit statuses. A text that
begins with a dash is written -m=-5.

  helio pub -t lab/lamp -m on -q 1 -r
  helio pub -t lab/climate --every 1s --json '{{"t": "{{random:20:30}}", "n": "{{seq}}"}}'

{WHERE_FROM}"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    message = parser.add_argument_group("Message")
    message.add_argument("-t", "--topic", metavar="TOPIC", help="where to publish")
    what = message.add_mutually_exclusive_group()
    what.add_argument("-m", "--message", metavar="TEXT", help="this text")
    what.add_argument("-f", "--file", metavar="FILE", help="the content of a file")
    what.add_argument("-l", "--stdin-line", action="store_true", help="each line of standard input")
    what.add_argument("-s", "--stdin-file", action="store_true", help="all of standard input")
    what.add_argument(
        "-n", "--null-message", action="store_true", help="nothing; with -r it clears what is kept"
    )
    what.add_argument("--json", metavar="TEMPLATE", help="JSON, filled anew for each message; @FILE reads it")
    what.add_argument(
        "--template", metavar="TEMPLATE", help="text, filled anew for each message; @FILE reads it"
    )
    what.add_argument("--random", metavar="LOW:HIGH", help="a random number in between")
    add_qos(message, "quality of service")
    message.add_argument(
        "-r", "--retain", action="store_true", help="let the broker keep it for later subscribers"
    )
    again = parser.add_argument_group("Again and again")
    pace = again.add_mutually_exclusive_group()
    pace.add_argument(
        "--every",
        metavar="TIME",
        type=_duration,
        help="time between messages, as 1s or 20ms; goes on without --count",
    )
    pace.add_argument(
        "--rate", metavar="N", type=float, help="messages in a second instead; goes on likewise"
    )
    pace.add_argument(
        "--repeat-delay", metavar="SECONDS", type=float, help="mosquitto_pub's --every, with --repeat"
    )
    again.add_argument("--count", "--repeat", metavar="N", type=int, help="how many messages (default: 1)")
    again.add_argument("-v", "--verbose", action="store_true", help="print topic and text of each message")
    add_connection_options(parser, "-t TOPIC {-m TEXT | -f FILE | -l | -s | -n | --json TEMPLATE}")


def run(args: argparse.Namespace) -> int:
    """Publish; returns when everything is acknowledged."""
    from heliograph.cli.mqtt.program import run_program

    return run_program(args, lambda: _publish(args))


async def _publish(args: argparse.Namespace) -> int:
    import sys

    from heliograph.cli.mqtt.publishing import Sender
    from heliograph.cli.mqtt.settings import Limits, settings_from
    from heliograph.transport.mqtt_client import MqttClient, running

    plan = _plan(args)
    client = MqttClient(settings_from(args), max_in_flight=Limits.of(args).max_in_flight, gives_up=True)
    sender = Sender(client)
    async with running(client):
        async for publication in plan.publications():
            await sender.send(publication)
            if args.verbose:
                sys.stdout.buffer.write(publication.topic.encode() + b" " + publication.payload + b"\n")
                sys.stdout.flush()
        await sender.finish()
    return 0


def _plan(args: argparse.Namespace) -> Plan:
    from heliograph.cli.mqtt.properties import message_properties
    from heliograph.cli.mqtt.publishing import Plan, payload_of, template_of
    from heliograph.cli.mqtt.settings import topic_of_url
    from heliograph.cli.mqtt.templates import Moment, Template
    from heliograph.errors import ConfigError
    from heliograph.model.topic_filter import check_topic

    topic = args.topic or topic_of_url(args)
    if topic is None:
        raise ConfigError("where to? Give the topic with -t")
    template, payload = template_of(args), payload_of(args)
    if template is None and payload is None and not args.stdin_line:
        raise ConfigError("what? Give a message with -m, -f, -l, -s, -n, --json, --template or --random")
    topic_template = Template(topic) if template is not None else Template.fixed(topic)
    check_topic(topic_template.fill(Moment(1)))
    every, count = _pace(args)
    return Plan(
        topic_template,
        args.qos,
        args.retain,
        message_properties(args.property, "publish"),
        count,
        every,
        payload=payload,
        template=template,
        is_lines=args.stdin_line,
    )


def _pace(args: argparse.Namespace) -> tuple[float, int]:
    """Return the seconds between messages and their number, 0 for no end."""
    from heliograph.errors import ConfigError

    if args.count is not None and args.count < 1:
        raise ConfigError(f"--count takes 1 or more, got {args.count}")
    if args.rate is not None and not 0 < args.rate <= 1e6:
        raise ConfigError(f"--rate takes more than 0 messages in a second, got {args.rate:g}")
    every: float = args.repeat_delay or 0.0
    if args.every is not None:
        every = args.every
    elif args.rate is not None:
        every = 1 / args.rate
    is_endless = args.every is not None or args.rate is not None or args.stdin_line
    return every, args.count or (0 if is_endless else 1)


def _duration(text: str) -> float:
    from heliograph.config.values import parse_duration
    from heliograph.errors import ConfigError

    try:
        return parse_duration(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
