"""From options, environment and context to the settings of a connection."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from heliograph.cli.mqtt.connection import VERSIONS
from heliograph.cli.mqtt.contexts import Context, Contexts, contexts_path
from heliograph.cli.mqtt.properties import message_properties, user_properties
from heliograph.config.home import home_folder
from heliograph.errors import ConfigError
from heliograph.transport.enrolment import Enrolment, read
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.mqtt_client_settings import TLS_PORT, MqttSettings, MqttVersion, TlsSettings

_SEEN: Final = (
    "helio: a password on the command line is seen by everybody on this machine (ps) and stays in the shell's"
    " history; better are -P - (asks), -P @FILE, HELIO_MQTT_PASSWORD and helio context"
)


def settings_from(args: argparse.Namespace, environ: Mapping[str, str] | None = None) -> MqttSettings:
    """Return the connection that is meant: options first, then ``--context``, environment, context in use.

    Where none of them names a broker, a board's enrolment does.

    Raises:
        ConfigError: something contradicts itself or cannot be read.
    """
    environ = os.environ if environ is None else environ
    enrolment = enrolment_of(args, environ)
    context = Context() if enrolment is not None else _context(args, environ)
    has_properties = bool(args.property)
    version = args.protocol_version or context.version or ("5" if has_properties else "311")
    is_clean = not args.disable_clean_session
    client_id = args.id or (f"{args.id_prefix}{os.getpid()}" if args.id_prefix else context.client_id)
    if not is_clean and client_id is None:
        raise ConfigError("-c keeps the session under the client id: give one with -i")
    settings = MqttSettings(
        host=args.unix or context.host or "localhost",
        port=context.port or 0,
        user=context.user,
        password=_password(args, context),
        version=MqttVersion(VERSIONS[version]),
        client_id=client_id,
        keep_alive=60 if args.keepalive is None else args.keepalive,
        is_clean=is_clean,
        session_expiry_s=args.session_expiry_interval,
        will=_will(args),
        tls=_tls(context),
        websocket_path=context.ws,
        is_unix=args.unix is not None,
        bind_address=args.bind or "",
        user_properties=user_properties(args.property, "connect"),
    )
    return _checked(settings if enrolment is None else _as_device(settings, enrolment), args)


def enrolment_of(args: argparse.Namespace, environ: Mapping[str, str]) -> Enrolment | None:
    """Return this board's enrolment; None where it has none, or another broker or login is named.

    Raises:
        ConfigError: it cannot be read.
    """
    named = replace(context_of(args), version=None, client_id=None).told()
    if named or args.unix or args.context or environ.get("HELIO_CONTEXT") or _of_environment(environ).told():
        return None
    return None if Contexts.read(contexts_path(environ)).used else read(home_folder(environ))


def _as_device(settings: MqttSettings, enrolment: Enrolment) -> MqttSettings:
    """Return settings with broker and login of a board; the hub wants client ids that begin with its name."""
    ours, device = enrolment.settings(), enrolment.device
    given = settings.client_id
    if given is not None and given != device and not given.startswith(f"{device}-"):
        raise ConfigError(
            f"the hub knows this board as {device}: -i is to begin with {device}-, got {given!r}"
        )
    return replace(
        settings,
        host=ours.host,
        port=ours.port,
        user=ours.user,
        password=ours.password,
        tls=ours.tls,
        publishes=ours.publishes,
        client_id=given or f"{device}-{secrets.token_hex(6)}",
    )


def topic_of_url(args: argparse.Namespace) -> str | None:
    """Return the topic that stands in ``-L``."""
    if args.url is None:
        return None
    parts = urlsplit(args.url)
    return None if parts.scheme in {"ws", "wss"} else unquote(parts.path[1:]) or None


def context_of(args: argparse.Namespace) -> Context:
    """Return what the options alone say, as it is kept by ``helio context add``."""
    given = Context(
        host=args.host,
        port=args.port,
        user=args.username,
        version=args.protocol_version,
        client_id=args.id,
        ws=args.ws,
        tls=args.tls_use_os_certs or None,
        **{name: getattr(args, name) for name in ("cafile", "capath", "cert", "key", "ciphers")},
        insecure=args.insecure or None,
        tls_version=args.tls_version,
        alpn=args.tls_alpn,
        password_file=args.password_file,
    )
    return given if args.url is None else _over(given, _of_url(args.url))


def kept_context(args: argparse.Namespace) -> Context:
    """Return the context that ``helio context add`` keeps, its password among it."""
    context = context_of(args)
    from_file = context.password_file is not None and args.pw is None
    return context if from_file else replace(context, password=_password(args, context))


def _context(args: argparse.Namespace, environ: Mapping[str, str]) -> Context:
    found = context_of(args)
    name = args.context or environ.get("HELIO_CONTEXT")
    contexts = Contexts.read(contexts_path(environ))
    if name:
        return _over(found, contexts.get(name))
    return _over(_over(found, _of_environment(environ)), contexts.in_use())


def _over(first: Context, second: Context) -> Context:
    """Return the first with what it does not say taken from the second. Another host has another login."""
    if first.host is not None and second.host is not None and first.host != second.host:
        return first
    if first.user is not None and first.user != second.user:
        second = replace(second, password=None, password_file=None)
    missing = {
        each.name: getattr(second, each.name) for each in fields(Context) if getattr(first, each.name) is None
    }
    return replace(first, **missing)


def _of_environment(environ: Mapping[str, str]) -> Context:
    port = environ.get("HELIO_MQTT_PORT")
    if port and not (port.isdigit() and 1 <= int(port) <= 65_535):
        raise ConfigError(f"a port is a number from 1 to 65535, got {port!r}", key="HELIO_MQTT_PORT")
    return Context(
        host=environ.get("HELIO_MQTT_HOST") or None,
        port=int(port) if port else None,
        user=environ.get("HELIO_MQTT_USER") or None,
        password=environ.get("HELIO_MQTT_PASSWORD") or None,
    )


def _of_url(url: str) -> Context:
    parts = urlsplit(url)
    if parts.scheme not in {"mqtt", "mqtts", "ws", "wss"} or not parts.hostname:
        raise ConfigError(f"expected mqtt://, mqtts://, ws:// or wss:// and a host, got {url!r}", key="-L")
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"a port is a number from 1 to 65535, got {url!r}", key="-L") from error
    is_ws = parts.scheme.startswith("ws")
    if port is None and is_ws:
        port = 443 if parts.scheme == "wss" else 80
    return Context(
        host=parts.hostname,
        port=port,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        tls=True if parts.scheme.endswith("s") and parts.scheme != "ws" else None,
        ws=(parts.path or "/mqtt") if is_ws else None,
    )


def _password(args: argparse.Namespace, context: Context) -> str | None:
    given = args.pw
    if given == "-":
        import getpass

        return getpass.getpass(f"Password of {context.user or 'nobody'} at {context.host or 'localhost'}: ")
    if given is not None and given.startswith("@"):
        return first_line(given[1:])
    if given is not None or (args.url is not None and urlsplit(args.url).password):
        if not args.quiet:
            print(_SEEN, file=sys.stderr)
        if given is not None:
            return str(given)
    if args.password_file:
        return first_line(args.password_file)
    return context.password or (first_line(context.password_file) if context.password_file else None)


def first_line(path: str) -> str:
    """Return the first line of a file with a password.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"the password cannot be read: {reason}", path=path) from error


def _tls(context: Context) -> TlsSettings | None:
    wanted = (context.tls, context.cafile, context.capath, context.cert, context.insecure)
    if not any(wanted) and context.port != TLS_PORT:
        return None
    return TlsSettings(
        cafile=context.cafile,
        capath=context.capath,
        certfile=context.cert,
        keyfile=context.key,
        is_host_checked=not context.insecure,
        ciphers=context.ciphers,
        version=context.tls_version,
        alpn=context.alpn,
    )


def _will(args: argparse.Namespace) -> Publication | None:
    if args.will_topic is None:
        if args.will_payload is not None or args.will_qos or args.will_retain:
            raise ConfigError("a last will needs a topic: give it with --will-topic")
        return None
    from heliograph.model.topic_filter import check_topic

    check_topic(args.will_topic)
    payload = (args.will_payload or "").encode()
    properties = message_properties(args.property, "will")
    return Publication(args.will_topic, payload, args.will_qos, args.will_retain, properties)


def _checked(settings: MqttSettings, args: argparse.Namespace) -> MqttSettings:
    is_v5 = settings.version is MqttVersion.V5
    if not is_v5 and (args.property or args.session_expiry_interval is not None):
        raise ConfigError("properties (-D) and session expiry (-x) are MQTT 5's: add -V 5")
    if not is_v5 and settings.password is not None and settings.user is None:
        raise ConfigError("before MQTT 5 a password needs a user name: give it with -u")
    if settings.tls is not None and settings.tls.keyfile and not settings.tls.certfile:
        raise ConfigError("--key is the key of --cert: give both")
    if not 0 <= settings.keep_alive <= 65_535:
        raise ConfigError(f"-k takes 0 to 65535 seconds, got {settings.keep_alive}")
    return settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of the options that are not the connection's."""

    max_in_flight: int

    @classmethod
    def of(cls, args: argparse.Namespace) -> Limits:
        """Return them.

        Raises:
            ConfigError: out of range.
        """
        most: Any = args.max_inflight
        if most is not None and not 1 <= most <= 65_535:
            raise ConfigError(f"-M takes 1 to 65535 messages, got {most}")
        return cls(20 if most is None else most)
