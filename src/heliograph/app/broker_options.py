"""Where the broker is, as an app's command line and the environment say it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from heliograph.errors import ConfigError
from heliograph.transport.enrolment import Enrolment, read
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion, TlsSettings

SCHEMES: Final = ("mqtt", "mqtts", "ws", "wss")
_ENCRYPTED: Final = frozenset({"mqtts", "wss"})


def add_broker_options(parser: argparse.ArgumentParser) -> None:
    """Declare where the broker is and who we are to it."""
    group = parser.add_argument_group("Broker")
    group.add_argument(
        "--hub",
        metavar="ADDRESS",
        help="HOST, HOST:PORT, or mqtt://, mqtts://, ws://, wss:// "
        "(default: HELIO_MQTT_HOST and HELIO_MQTT_PORT, or the hub at which this board is enrolled, "
        "or this machine)",
    )
    group.add_argument("--user", metavar="NAME", help="MQTT user name (default: HELIO_MQTT_USER)")
    group.add_argument(
        "--password-file",
        metavar="FILE",
        help="file whose first line is the MQTT password (default: HELIO_MQTT_PASSWORD)",
    )
    group.add_argument(
        "--cafile", metavar="FILE", help="certificates that we trust; switches TLS on (default: no TLS)"
    )
    group.add_argument(
        "--cert", metavar="FILE", help="our own certificate, where the broker wants one (default: none)"
    )
    group.add_argument(
        "--key", metavar="FILE", help="its key, if it is not in the same file (default: it is)"
    )
    group.add_argument(
        "--insecure", action="store_true", help="take a certificate of any host's name (default: no)"
    )
    group.add_argument(
        "--mqtt-version",
        metavar="3.1.1|5",
        choices=["3.1.1", "5"],
        default="3.1.1",
        help="of the protocol (default: 3.1.1)",
    )


def broker_settings(args: argparse.Namespace, environ: Mapping[str, str]) -> MqttSettings:
    """Return broker and login of arguments and variables.

    Raises:
        ConfigError: the address or the password file makes no sense.
    """
    address = args.hub or _of_environment(environ)
    url = _url(address)
    password = environ.get("HELIO_MQTT_PASSWORD")
    if args.password_file:
        password = first_line(args.password_file)
    is_encrypted = url.scheme in _ENCRYPTED or any((args.cafile, args.cert, args.insecure))
    return MqttSettings(
        host=url.hostname or "",
        port=url.port or 0,
        user=args.user or environ.get("HELIO_MQTT_USER") or None,
        password=password,
        version=MqttVersion(args.mqtt_version),
        keep_alive=30,
        tls=TlsSettings(args.cafile, None, args.cert, args.key, not args.insecure) if is_encrypted else None,
        websocket_path=(url.path or "/mqtt") if url.scheme in {"ws", "wss"} else None,
    )


def enrolment_of(args: argparse.Namespace, environ: Mapping[str, str], folder: Path) -> Enrolment | None:
    """Return the board's enrolment, kept in ``folder``; None where it has none, or a broker is named.

    Raises:
        ConfigError: it cannot be read.
    """
    named = (args.hub, args.user, args.cafile, environ.get("HELIO_MQTT_HOST"), environ.get("HELIO_MQTT_PORT"))
    return None if any(named) else read(folder)


def first_line(path: str) -> str:
    """Return the first line of a file with a password.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise ConfigError(f"the password cannot be read: {error.strerror}", path=path) from error


def _of_environment(environ: Mapping[str, str]) -> str:
    host = environ.get("HELIO_MQTT_HOST") or "127.0.0.1"
    host = f"[{host}]" if ":" in host else host
    port = environ.get("HELIO_MQTT_PORT")
    return f"{host}:{port}" if port else host


def _url(address: str) -> SplitResult:
    bare = (
        f"[{address}]"
        if address.count(":") > 1 and not address.startswith("[") and "/" not in address
        else address
    )
    url = urlsplit(bare if "://" in bare else f"mqtt://{bare}")
    try:
        is_good = url.scheme in SCHEMES and bool(url.hostname) and url.port != 0 and url.username is None
    except ValueError:  # the port is none
        is_good = False
    if not is_good:
        raise ConfigError(
            f"the broker is HOST, HOST:PORT, or one of these with {', '.join(SCHEMES)} and :// before it, "
            f"{address!r} came; the login has options of its own",
            key="--hub",
        )
    return url
