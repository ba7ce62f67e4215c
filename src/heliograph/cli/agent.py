"""``helio agent``: gather this machine's figures and send them to a hub."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.agent.settings import AgentSettings
    from heliograph.transport.enrolment import Enrolment
    from heliograph.transport.mqtt_link import MqttEndpoint

_EPILOG = """\
On a board that was enrolled (helio agent enrol) nothing else is needed: hub, name and key are known. Without,
the hub and the login may also come from HELIO_MQTT_HOST, HELIO_MQTT_PORT, HELIO_MQTT_USER and
HELIO_MQTT_PASSWORD. While the hub is away the points wait on disk, in spool/agent of HELIO_HOME (of a
service: of its STATE_DIRECTORY), and are sent with their own times later, beside what is new. When there is
more than --spool-max the oldest go, and are counted.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from heliograph.transport.spool.settings import add_spool_options

    parser.epilog = _EPILOG
    actions = parser.add_subparsers(metavar="ACTION", dest="action")
    enrol = actions.add_parser(
        "enrol", help="get this board's own key, with the command that helio device enrol printed"
    )
    enrol.add_argument("url", metavar="URL", help="the hub's address, such as https://192.168.1.20:8443")
    enrol.add_argument("code", metavar="CODE", help="the code, which works once; - reads it from the input")
    enrol.add_argument(
        "--insecure", action="store_true", help="without TLS too: everybody on the way reads the key"
    )
    add_broker_options(parser)
    parser.add_argument(
        "--interval", metavar="TIME", default="10s", help="time between rounds (default: 10s)"
    )
    parser.add_argument("--jitter", metavar="TIME", default="0s", help="be late by up to this, at random")
    parser.add_argument("--inputs", metavar="LIST", help="what to gather, as cpu,mem,disk (default: all)")
    parser.add_argument("--host-name", metavar="NAME", default="", help="instead of this machine's name")
    add_spool_options(parser)
    parser.add_argument("--once", action="store_true", help="print one round as line protocol and exit")
    parser.add_argument("--verbose", action="store_true", help="log more")


def run(args: argparse.Namespace) -> int:
    """Run the agent until it is told to stop."""
    # Only now: the command line itself must start fast.
    from heliograph.agent.settings import AgentSettings
    from heliograph.config.values import parse_duration
    from heliograph.inputs.registry import BUILT_IN
    from heliograph.transport.spool.settings import spool_settings

    if args.action == "enrol":
        return _enrol(args)
    inputs = tuple(name.strip() for name in args.inputs.split(",")) if args.inputs else tuple(BUILT_IN)
    settings = AgentSettings(
        interval=parse_duration(args.interval),
        jitter=parse_duration(args.jitter),
        inputs=inputs,
        host_name=args.host_name,
        spool=spool_settings(args),
    )
    if args.once:
        return _print_once(settings)
    enrolment = enrolment_of(args)
    if enrolment is None:
        return _run_until_stopped(settings, broker_endpoint(args, os.environ), verbose=args.verbose)
    settings = replace(settings, device_name=enrolment.device)
    return _run_until_stopped(settings, enrolment.endpoint(), verbose=args.verbose)


def enrolment_of(args: argparse.Namespace) -> Enrolment | None:
    """Return this machine's enrolment, unless another hub or login is named.

    Raises:
        ConfigError: it cannot be read.
    """
    named = (args.hub, args.user, os.environ.get("HELIO_MQTT_HOST"), os.environ.get("HELIO_MQTT_PORT"))
    if any(named):
        return None
    from heliograph.config.home import home_folder
    from heliograph.transport.enrolment import read

    return read(home_folder(os.environ))


def _enrol(args: argparse.Namespace) -> int:
    from heliograph.agent.enrolment import enrol
    from heliograph.config.home import home_folder

    code = sys.stdin.readline() if args.code == "-" else args.code
    enrolment = enrol(args.url, code, insecure=args.insecure)
    path = enrolment.write(home_folder(os.environ))
    scheme = "mqtts" if enrolment.tls else "mqtt"
    print(f"This board is {enrolment.device} at {scheme}://{enrolment.host}:{enrolment.port} now ({path}).")
    print("helio agent sends its figures there.")
    return 0


def add_broker_options(parser: argparse.ArgumentParser) -> None:
    """Declare where the broker is and who we are to it."""
    parser.add_argument(
        "--hub", metavar="HOST[:PORT]", help="where the hub is (default: as below, or 127.0.0.1:1883)"
    )
    parser.add_argument("--user", metavar="NAME", help="MQTT user name")
    parser.add_argument("--password-file", metavar="FILE", help="file whose first line is the MQTT password")


def broker_endpoint(args: argparse.Namespace, environ: Mapping[str, str]) -> MqttEndpoint:
    """Return the broker that the options name, or else the environment.

    Raises:
        ConfigError: the address or the password file makes no sense.
    """
    from heliograph.transport.mqtt_link import DEFAULT_PORT, MqttEndpoint

    host = environ.get("HELIO_MQTT_HOST") or "127.0.0.1"
    port = _port(environ.get("HELIO_MQTT_PORT") or str(DEFAULT_PORT))
    if args.hub:
        host, port = _host_and_port(args.hub)
    password = environ.get("HELIO_MQTT_PASSWORD")
    if args.password_file:
        password = _first_line(args.password_file)
    return MqttEndpoint(host, port, args.user or environ.get("HELIO_MQTT_USER") or None, password)


def _host_and_port(text: str) -> tuple[str, int]:
    from heliograph.transport.mqtt_link import DEFAULT_PORT

    bare = text.removeprefix("mqtt://").rstrip("/")
    if bare.startswith("["):  # an IPv6 address: [fd00::1]:1883
        host, _, rest = bare[1:].partition("]")
        port = rest.removeprefix(":")
    elif bare.count(":") > 1:  # an IPv6 address without brackets, so without a port
        host, port = bare, ""
    else:
        host, _, port = bare.partition(":")
    if not host:
        raise ConfigError(f"expected HOST or HOST:PORT, got {text!r}", key="--hub")
    return host, _port(port) if port else DEFAULT_PORT


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise ConfigError(f"a port is a number from 1 to 65535, got {text!r}", key="--hub")
    return int(text)


def _first_line(path: str) -> str:
    from pathlib import Path

    try:
        return Path(path).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise ConfigError(f"the password cannot be read: {error.strerror}", path=path) from error


def _print_once(settings: AgentSettings) -> int:
    import time

    from heliograph.agent.running_input import RunningInput
    from heliograph.codec.batches import BatchEncoder
    from heliograph.inputs.registry import make_inputs

    inputs = [RunningInput(name, measuring) for name, measuring in make_inputs(settings.inputs).items()]
    tags = {"host": settings.host, **settings.tags}
    for measuring in inputs:  # rates need a sample to compare with
        measuring.gather(tags, time.time_ns())
    time.sleep(1.0)
    now_ns = time.time_ns()
    points = [point for measuring in inputs for point in measuring.gather(tags, now_ns)]
    for batch in BatchEncoder().encode(points):
        sys.stdout.write(batch.decode())
    return 0


def _run_until_stopped(settings: AgentSettings, endpoint: MqttEndpoint, *, verbose: bool) -> int:
    import asyncio
    import logging
    import signal

    from heliograph.agent.run import open_agent
    from heliograph.config.home import home_folder
    from heliograph.transport.mqtt import MqttPublisher

    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )

    state = os.environ.get("STATE_DIRECTORY")  # of a service, whose HELIO_HOME may be for reading only
    folder = (Path(state) if state else home_folder(os.environ)) / "spool" / "agent"

    async def main() -> None:
        agent = open_agent(settings, MqttPublisher.for_device(endpoint, settings.device), folder)
        task = asyncio.current_task()
        if task is not None:  # SIGTERM, as a service manager sends it, stops like Ctrl-C
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await agent.run()

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        return 0
    return 0
