"""The one place where a failed MQTT connection becomes an error of ours: broker, reason, what to do."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Final

from heliograph.errors import ConfigError, Error, MqttRefused, TlsFailed, UnknownHost, Unreachable
from heliograph.transport.mqtt_client_settings import MqttSettings, MqttVersion

LOGIN_CODES: Final = frozenset({4, 5, 134, 135})
VERSION_CODES: Final = frozenset({1, 132})
_NOT_ALLOWED: Final = 135
CLIENT_ID_CODES: Final = frozenset({2, 133})

_REFUSALS: Final = {
    1: "this version of MQTT is not spoken there",
    2: "the client id is not allowed",
    3: "the broker is not ready",
    4: "user name or password is wrong",
    5: "not authorized",
}


def refusal(settings: MqttSettings, code: int, words: str = "") -> MqttRefused:
    """Return the error for a broker that said no; ``words`` are its own, or MQTT 5's for the code."""
    reason = _REFUSALS.get(code) or words.lower() or "refused"
    return MqttRefused(settings.endpoint, f"refused, {reason} (code {code}){_after(code, settings)}", code)


def not_ours(settings: MqttSettings, topic: str) -> MqttRefused:
    """Return the error for a message that the broker would drop without a word."""
    taken = ", ".join(settings.publishes or ())
    reason = f"{settings.user!r} may not publish to {topic!r}, only to {taken}"
    return MqttRefused(
        settings.endpoint, f"{reason}; log in as somebody who may: -h, -u and -P", _NOT_ALLOWED
    )


def _after(code: int, settings: MqttSettings) -> str:
    if code in LOGIN_CODES and settings.user is None:
        return "; it wants a login: give a user with -u and the password with -P or --password-file"
    if code in LOGIN_CODES:
        return f"; check the password of user {settings.user!r} and what that user may do"
    if code in VERSION_CODES:
        other = "5" if settings.version is MqttVersion.V311 else "311"
        return f"; MQTT {settings.version.value} was asked for, try -V {other}"
    if code in CLIENT_ID_CODES:
        return f"; choose another client id than {settings.client_id!r} with -i"
    return "; try again later, or see the broker's log"


def closed_before_answer(settings: MqttSettings) -> Unreachable:
    """Return the error for a connection that was closed instead of being accepted."""
    hints = ["is this the port of an MQTT broker"]
    if settings.tls is None:
        hints.append("does it want TLS (--cafile)")
    if settings.version is not MqttVersion.V311:
        hints.append(f"does it speak MQTT {settings.version.value} (-V)")
    return Unreachable(settings.endpoint, f"closed the connection without an answer; {', '.join(hints)}?")


def not_mqtt(settings: MqttSettings) -> Error:
    """Return the error for an answer that is no answer to our greeting.

    The library tells the refusal of MQTT 3.1.1's version (code 1) and nonsense apart no more than this.
    """
    if settings.version is MqttVersion.V311:
        return MqttRefused(
            settings.endpoint,
            "answered, but not in MQTT 3.1.1: it does not speak this version, or it is no MQTT broker;"
            " try -V 5, and check the port",
            1,
        )
    return Unreachable(settings.endpoint, "answered, but not in MQTT; check the port")


def no_answer(settings: MqttSettings) -> Unreachable:
    """Return the error for a broker that said nothing in time."""
    return Unreachable(
        settings.endpoint,
        f"no answer within {settings.connect_timeout:g} s; is the host switched on,"
        " is the port open, and an MQTT broker's?",
    )


def connect_failure(settings: MqttSettings, error: Exception) -> Error:
    """Return the error of ours for what stopped us on the way to the broker."""
    endpoint = settings.endpoint
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailed(endpoint, f"the certificate is not to be trusted: {_told(error)}{_trust(error)}")
    if isinstance(error, ssl.SSLError):
        return _tls_failure(settings, error)
    if isinstance(error, socket.gaierror):
        return UnknownHost(
            endpoint, f"no address is known for {settings.host!r}; check the spelling of the host"
        )
    if isinstance(error, TimeoutError):
        return no_answer(settings)
    if isinstance(error, OSError):
        return _system_failure(settings, error)
    return Unreachable(endpoint, f"{str(error) or type(error).__name__}; check host, port and path")


def _told(error: ssl.SSLCertVerificationError) -> str:
    return error.verify_message or str(error)


def _trust(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in {18, 19, 20, 21}:  # X509_V_ERR_…: self-signed, or of an unknown authority
        return "; name the authority's certificate with --cafile"
    if error.verify_code in {62, 64}:  # host name, address
        return "; use the name in the certificate, or --insecure if you know why"
    return "; see the certificate's dates and the clock of this machine"


def _tls_failure(settings: MqttSettings, error: ssl.SSLError) -> Error:
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_EOF_WHILE_READING"}:
        return _no_tls(settings, reason)
    return TlsFailed(
        settings.endpoint, f"no encrypted connection: {reason}; check --cert, --key and --tls-version"
    )


def _no_tls(settings: MqttSettings, reason: str) -> TlsFailed:
    return TlsFailed(settings.endpoint, f"no TLS there ({reason}); is this the port for TLS, often 8883?")


def _system_failure(settings: MqttSettings, error: OSError) -> Error:
    if error.errno == errno.ECONNREFUSED:
        reason = "nobody listens there; start the broker (helio up), or check host and port"
    elif error.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH}:
        reason = "no way to this host; check the network of both machines"
    elif error.errno in {errno.ECONNRESET, errno.EPIPE}:
        return (
            closed_before_answer(settings) if settings.tls is None else _no_tls(settings, "connection reset")
        )
    elif settings.is_unix:
        reason = f"the socket cannot be used: {(error.strerror or str(error)).lower()}; check the path"
    else:
        reason = f"{(error.strerror or str(error)).lower()}; check host and port"
    return Unreachable(settings.endpoint, reason)


def unreadable(path: str, error: OSError) -> ConfigError:
    """Return the error for a file of certificates or keys that cannot be read."""
    return ConfigError(f"cannot be read: {error.strerror}; check the path", path=path)
