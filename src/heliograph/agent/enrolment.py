"""How a board gets its key from the hub.

The code that the hub printed has the fingerprint of the hub's authority. Its certificate is fetched first,
from whoever answers, and trusted only if it has that fingerprint; the code is sent to nobody else.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from heliograph.errors import ConfigError, HubError
from heliograph.model.enrolment import NO_FINGERPRINT, short_fingerprint, split
from heliograph.transport.enrolment import Enrolment, tls_context

if TYPE_CHECKING:
    from ssl import SSLContext

_TIMEOUT: Final = 15.0
_LARGEST_ANSWER: Final = 64 * 1024
_TRIES: Final = 2


def enrol(url: str, word: str, *, insecure: bool = False, is_gateway: bool = False) -> Enrolment:
    """Return a new enrolment at the hub that has this address.

    Raises:
        ConfigError: address or code make no sense.
        HubError: the hub does not answer, is another one than the code is of, or refuses the code; or it is
            that of a plain device, and a gateway's was wanted.
    """
    from urllib.parse import urlsplit

    code, fingerprint = split(word)
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"the address of a hub was expected, such as https://hub:8443, {url!r} came")
    is_local = parts.hostname in ("localhost", "::1") or parts.hostname.startswith("127.")
    if parts.scheme == "http" and not (insecure or is_local):
        raise ConfigError(
            f"{url} is not encrypted: everybody on the way reads the key; --insecure does it still"
        )
    base = f"{parts.scheme}://{parts.netloc}"
    ca = "" if parts.scheme == "http" or fingerprint == NO_FINGERPRINT else _authority(base, fingerprint)
    key = secrets.token_urlsafe(32)
    told = _exchange(base, ca, {"code": code, "key": key})
    if is_gateway and not told.get("gateway"):
        name = told["device"]
        raise HubError(
            base,
            f"this code is that of a device that speaks for itself only: helio device enrol {name} --gateway",
        )
    return Enrolment(
        str(told["device"]), key, parts.hostname, int(told["mqtt_port"]), tls=bool(told["tls"]), ca=ca
    )


def _authority(base: str, fingerprint: str) -> str:
    """Return the certificate with this fingerprint, from a hub that nobody vouches for yet."""
    import ssl

    unknown = ssl.create_default_context()
    unknown.check_hostname, unknown.verify_mode = False, ssl.CERT_NONE
    pem = _ask(f"{base}/ca.pem", unknown).decode(errors="replace")
    try:
        der = ssl.PEM_cert_to_DER_cert(pem)
    except ValueError as error:
        raise HubError(base, "no hub answers there: its certificate was expected") from error
    if not secrets.compare_digest(short_fingerprint(der), fingerprint):
        raise HubError(
            base,
            "another hub answers there than the one whose code this is: its certificate has another"
            " fingerprint. Nothing was sent to it",
        )
    return pem


def _exchange(base: str, ca: str, asked: dict[str, str]) -> dict[str, Any]:
    context = tls_context(ca) if base.startswith("https") else None
    for attempt in range(1, _TRIES + 1):
        try:
            told = json.loads(_ask(f"{base}/api/enrol", context, json.dumps(asked).encode()))
        except HubError as error:
            if error.status is not None or attempt == _TRIES:  # the hub knows the same code and key again
                raise
        except ValueError as error:
            raise HubError(base, "its answer is not that of a hub") from error
        else:
            if not isinstance(told, dict) or not {"device", "mqtt_port", "tls"} <= told.keys():
                raise HubError(base, "its answer is not that of a hub")
            return told
    raise AssertionError


def _ask(url: str, context: SSLContext | None, body: bytes | None = None) -> bytes:
    import http.client
    import urllib.error
    import urllib.request

    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    asked = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.build_opener(*handlers).open(asked, timeout=_TIMEOUT) as answer:
            return bytes(answer.read(_LARGEST_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            raise HubError(url, _message(error.read(_LARGEST_ANSWER)), error.code) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise HubError(url, f"no hub answers there ({reason}); is this its address?") from error


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "it refuses, without saying why"
