"""``helio rr``: request and response by MQTT, with mosquitto_rr's options."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from heliograph.cli.mqtt.connection import WHERE_FROM, add_connection_options, add_qos

if TYPE_CHECKING:
    from heliograph.transport.mqtt_client_message import MqttMessage, Publication
    from heliograph.transport.mqtt_client_settings import MqttSettings

_EPILOG = f"""\
In MQTT 5 the topic for the answer travels beside the request. A broker that does not speak it is asked in
3.1.1, unless -V says otherwise; there the other side must know the topic (-e), or read it in the JSON
request: --reply-to puts it in as "reply_to", where programs made with heliograph.App look for it.

  helio rr -t cmd/pi4/fan -m '{{"value": 0.5}}' --reply-to -W 5

{WHERE_FROM}"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    request = parser.add_argument_group("Request")
    request.add_argument("-t", "--topic", metavar="TOPIC", help="where to send the request")
    what = request.add_mutually_exclusive_group()
    what.add_argument("-m", "--message", metavar="TEXT", help="this text")
    what.add_argument("-f", "--file", metavar="FILE", help="the content of a file")
    what.add_argument("-s", "--stdin-file", action="store_true", help="all of standard input")
    what.add_argument("-n", "--null-message", action="store_true", help="nothing")
    add_qos(request, "quality of service both ways")
    response = parser.add_argument_group("Response")
    response.add_argument(
        "-e",
        "--response-topic",
        metavar="TOPIC",
        help="where to wait (default: a random one; of a device below sta/DEVICE/answers/)",
    )
    response.add_argument(
        "--reply-to", action="store_true", help='put that topic into a JSON request, as "reply_to"'
    )
    response.add_argument(
        "-W", "--timeout", metavar="SECONDS", type=float, help="wait no longer, then status 27"
    )
    response.add_argument(
        "-R", "--no-retained", action="store_true", help="no answer is one that the broker had kept"
    )
    response.add_argument("-v", "--verbose", action="store_true", help="the topic before the answer")
    response.add_argument("-N", "--no-newline", action="store_true", help="no line end after the answer")
    response.add_argument("-F", "--format", metavar="FORMAT", help="as with helio sub")
    response.add_argument("--pretty", action="store_true", help="JSON of -F over several lines")
    add_connection_options(parser, "-t TOPIC {-m TEXT | -f FILE | -s | -n} [-e TOPIC]")


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    from heliograph.cli.mqtt.program import run_program

    return run_program(args, lambda: _ask(args))


async def _ask(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from heliograph.cli.mqtt.settings import settings_from
    from heliograph.errors import MqttRefused
    from heliograph.model.topic_filter import check_topic
    from heliograph.transport.mqtt_client_errors import VERSION_CODES
    from heliograph.transport.mqtt_client_settings import MqttVersion

    settings = settings_from(args)
    response_topic = args.response_topic or _place_for_answers(args, settings)
    check_topic(response_topic)
    request = _request(args, response_topic)
    if args.protocol_version is not None:
        return await _exchange(args, settings, request, response_topic)
    try:
        return await _exchange(args, replace(settings, version=MqttVersion.V5), request, response_topic)
    except MqttRefused as error:
        if error.reason_code not in VERSION_CODES:
            raise
        return await _exchange(args, replace(settings, version=MqttVersion.V311), request, response_topic)


def _place_for_answers(args: argparse.Namespace, settings: MqttSettings) -> str:
    """Return a topic to wait at: one to which the device that is asked may publish, and that we may hear."""
    import uuid

    first, _, rest = (args.topic or "").partition("/")
    asked = rest.partition("/")[0]
    if settings.publishes is not None:  # we are a device ourselves
        place = f"cmd/{settings.user}"
    else:
        place = f"sta/{asked}" if first == "cmd" and asked else "helio"
    return f"{place}/answers/{uuid.uuid4()}"


async def _exchange(
    args: argparse.Namespace, settings: MqttSettings, request: Publication, response_topic: str
) -> int:
    import asyncio

    from heliograph.errors import TimedOut
    from heliograph.transport.mqtt_client import MqttClient, running
    from heliograph.transport.mqtt_client_message import Subscription

    client = MqttClient(settings, gives_up=True)
    async with running(client):
        await client.subscribe(Subscription(response_topic, args.qos))
        try:
            async with asyncio.timeout(args.timeout):
                await client.publish(request)
                _print(args, await _answer(args, client, request))
        except TimeoutError as error:
            reason = f"no answer to {request.topic!r} within {args.timeout:g} s"
            raise TimedOut(
                settings.endpoint, f"{reason}; does the other side run, and know the topic?"
            ) from error
    return 0


async def _answer(args: argparse.Namespace, client: object, request: Publication) -> MqttMessage:
    from heliograph.transport.mqtt_client import MqttClient

    assert isinstance(client, MqttClient)  # noqa: S101  its module is imported late
    async for message in client.messages():
        if args.no_retained and message.retained:
            continue
        correlation = message.properties.correlation_data
        if correlation in (None, request.properties.correlation_data):
            return message
    raise AssertionError("messages() does not end")


def _request(args: argparse.Namespace, response_topic: str) -> Publication:
    import json
    import os
    from dataclasses import replace

    from heliograph.cli.mqtt.properties import message_properties
    from heliograph.cli.mqtt.publishing import payload_of
    from heliograph.cli.mqtt.settings import topic_of_url
    from heliograph.errors import ConfigError
    from heliograph.model.topic_filter import check_topic
    from heliograph.transport.mqtt_client_message import Publication

    topic = args.topic or topic_of_url(args)
    if topic is None:
        raise ConfigError("where to? Give the topic with -t")
    check_topic(topic)
    payload = payload_of(args)
    if payload is None:
        raise ConfigError("what? Give a request with -m, -f, -s or -n")
    if args.reply_to:
        try:
            asked = json.loads(payload or b"{}")
        except ValueError as error:
            raise ConfigError(f"--reply-to needs a request in JSON, got {payload[:60]!r}") from error
        asked = asked if isinstance(asked, dict) else {"value": asked}
        payload = json.dumps(asked | {"reply_to": response_topic}, ensure_ascii=False).encode()
    properties = message_properties(args.property, "publish")
    correlation = properties.correlation_data or os.urandom(8)
    properties = replace(properties, response_topic=response_topic, correlation_data=correlation)
    return Publication(topic, payload, args.qos, properties=properties)


def _print(args: argparse.Namespace, message: MqttMessage) -> None:
    import sys
    import time

    from heliograph.cli.mqtt.formats import Arrived, Format
    from heliograph.cli.mqtt.show import Printer

    arrived = Arrived(message, time.time_ns())
    if args.format is not None:
        shown = Format(args.format, is_pretty=args.pretty)(arrived)
    else:
        shown = Printer(None, has_topic=args.verbose, is_pretty=False, is_coloured=False)(arrived)
    sys.stdout.buffer.write(shown + (b"" if args.no_newline else b"\n"))
    sys.stdout.flush()
