"""The options that say where a broker is and who we are to it; the letters are mosquitto's."""

from __future__ import annotations

import argparse
from typing import Any, Final

VERSIONS: Final = {
    "5": "5",
    "50": "5",
    "mqttv5": "5",
    "311": "3.1.1",
    "3.1.1": "3.1.1",
    "mqttv311": "3.1.1",
    "31": "3.1",
    "3.1": "3.1",
    "mqttv31": "3.1",
}
WHERE_FROM: Final = """\
What no option says comes from HELIO_MQTT_HOST, HELIO_MQTT_PORT, HELIO_MQTT_USER and HELIO_MQTT_PASSWORD, then
from the context in use (helio context), then from the board's enrolment (helio agent enrol), and is localhost
in the end.
"""


def add_connection_options(parser: argparse.ArgumentParser, usage: str) -> None:
    """Declare them, in groups. ``-h`` is the host; help is ``--help`` only.

    ``usage`` is the line for those who left something out; all of the options would fill the screen.
    """
    parser.usage = f"{parser.prog} {usage} [-h HOST] [options]"
    parser.conflict_handler = "resolve"  # takes -h from help, and leaves --help to it
    _add_broker(parser)
    parser.conflict_handler = "error"
    _add_login(parser)
    _add_tls(parser)
    _add_will(parser)
    other = parser.add_argument_group("Other")
    other.add_argument("-d", "--debug", action="store_true", help="tell on standard error what happens")
    other.add_argument("--quiet", action="store_true", help="print no errors; the exit status tells them")
    other.add_argument(
        "-D",
        "--property",
        nargs="+",
        action="append",
        default=[],
        metavar="WORD",
        help="MQTT 5: a property: -D publish content-type text/plain, -D publish user-property NAME VALUE",
    )


def _add_broker(parser: argparse.ArgumentParser) -> None:
    broker = parser.add_argument_group("Broker")
    broker.add_argument(
        "-h", "--host", metavar="HOST", help="name or address (default: localhost, or as below)"
    )
    broker.add_argument(
        "-p", "--port", metavar="PORT", type=_port, help="port (default: 1883, or 8883 with TLS)"
    )
    broker.add_argument(
        "-L", "--url", metavar="URL", help="all in one: mqtt(s)://[USER[:PASSWORD]@]HOST[:PORT]/TOPIC"
    )
    broker.add_argument("--context", metavar="NAME", help="the broker of this name; see helio context")
    broker.add_argument("--unix", metavar="PATH", help="a Unix socket instead of host and port")
    broker.add_argument(
        "--ws", metavar="PATH", help="MQTT inside a WebSocket, at this path of the host: /mqtt"
    )
    broker.add_argument("-A", "--bind", metavar="ADDRESS", help="the address of ours to call from")
    broker.add_argument(
        "-V",
        "--protocol-version",
        metavar="VERSION",
        choices=VERSIONS,
        help="of MQTT: 5, 311 or 31 (default: 311)",
    )
    broker.add_argument(
        "-k", "--keepalive", metavar="SECONDS", type=int, help="ask after this much silence (default: 60)"
    )
    broker.add_argument(
        "-M", "--max-inflight", metavar="N", type=int, help="messages without acknowledgement (default: 20)"
    )
    broker.add_argument("--nodelay", action="store_true", help="is always so, and taken for old scripts")


def _add_login(parser: argparse.ArgumentParser) -> None:
    login = parser.add_argument_group("Login and session")
    login.add_argument("-u", "--username", metavar="NAME", help="user name")
    login.add_argument(
        "-P",
        "--pw",
        metavar="PASSWORD",
        help="password: - asks for it, @FILE reads it; given here, others see it",
    )
    login.add_argument("--password-file", metavar="FILE", help="file whose first line is the password")
    name = login.add_mutually_exclusive_group()
    name.add_argument("-i", "--id", metavar="ID", help="client id (default: a random one)")
    name.add_argument("-I", "--id-prefix", metavar="ID", help="client id is this and the process id")
    login.add_argument(
        "-c",
        "--disable-clean-session",
        action="store_true",
        help="a session that outlives the connection: needs -i",
    )
    login.add_argument(
        "-x",
        "--session-expiry-interval",
        metavar="SECONDS",
        type=_expiry,
        help="MQTT 5: for how long; -1: ever",
    )


def _add_tls(parser: argparse.ArgumentParser) -> None:
    tls = parser.add_argument_group("TLS")
    tls.add_argument("--cafile", metavar="FILE", help="certificates of authorities to trust, PEM")
    tls.add_argument("--capath", metavar="FOLDER", help="a folder of them")
    tls.add_argument("--cert", metavar="FILE", help="our own certificate, where the broker wants one")
    tls.add_argument("--key", metavar="FILE", help="its key, if it is not in the same file")
    tls.add_argument("--tls-use-os-certs", action="store_true", help="TLS, trusting whom the system trusts")
    tls.add_argument("--insecure", action="store_true", help="do not compare the certificate's host name")
    tls.add_argument("--tls-version", metavar="VERSION", help="exactly tlsv1.2 or tlsv1.3")
    tls.add_argument("--tls-alpn", metavar="NAME", help="protocol to ask for on a shared port")
    tls.add_argument("--ciphers", metavar="LIST", help="ciphers to allow, in OpenSSL's notation")


def _add_will(parser: argparse.ArgumentParser) -> None:
    will = parser.add_argument_group("Last will, which the broker publishes when this command vanishes")
    will.add_argument("--will-topic", metavar="TOPIC", help="where")
    will.add_argument("--will-payload", metavar="TEXT", help="what (default: nothing)")
    will.add_argument("--will-qos", metavar="QOS", type=int, choices=(0, 1, 2), default=0, help="0, 1 or 2")
    will.add_argument("--will-retain", action="store_true", help="and let the broker keep it")


def add_qos(options: Any, what: str) -> None:
    """Declare ``-q``."""
    options.add_argument(
        "-q",
        "--qos",
        type=int,
        choices=(0, 1, 2),
        default=0,
        metavar="QOS",
        help=f"{what}: 0, 1 or 2 (default: 0)",
    )


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, got {text!r}")
    return int(text)


def _expiry(text: str) -> int:
    never = 0xFFFF_FFFF
    if text in {"-1", "∞"}:
        return never
    if not text.isdigit() or int(text) > never:
        raise argparse.ArgumentTypeError(f"expected seconds, or -1 for ever, got {text!r}")
    return int(text)
