"""nats-server asks the hub about every MQTT login: the words of that talk, pure bytes.

A request and its answer are JSON web tokens signed by Ed25519 keys. The server believes those of the issuer
that its configuration names.

Source: nats-server's documentation of auth callout; ADR-26 of nats-architecture-and-design.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from heliograph.broker.config import PUBLISH_DENY, SUBSCRIBE_DENY
from heliograph.errors import BrokerError

SUBJECT: Final = "$SYS.REQ.USER.AUTH"
_ACCOUNT_PREFIX: Final = 0
_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}
_OWN_ACCOUNT: Final = "$G"
_DELIVERIES: Final = ("$MQTT.sub.>", "$MQTT.deliver.pubrel.>")
"""By these nats-server hands messages of QoS 1 and 2 to a client; no client can subscribe to them itself."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who wants in by MQTT."""

    user: str
    password: str
    client_id: str
    address: str
    connection: int
    """The server's number of the connection."""
    server: str
    nkey: str
    """The key under which the server knows the attempt."""
    kind: str
    """``mqtt``, or another protocol of nats-server's, which nobody speaks but the hub."""
    expires_s: int
    """When nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody gets: a name, and subjects."""

    name: str
    publish: Iterable[str]
    subscribe: Iterable[str]
    expires_s: int | None = None
    """When the server ends the connection by itself, in seconds since 1970."""


def parse_request(token: bytes) -> Asked:
    """Return what the server asks.

    Raises:
        BrokerError: no request that we know.
    """
    try:
        body = token.decode().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        asked = claims["nats"]
        client, options = asked["client_info"], asked["connect_opts"]
        return Asked(
            user=str(options.get("user", "")),
            password=str(options.get("pass", "")),
            client_id=str(client.get("mqtt_id", "")),
            address=str(client.get("host", "")),
            connection=int(client["id"]),
            server=str(asked["server_id"]["id"]),
            nkey=str(asked["user_nkey"]),
            kind=str(client.get("type", "")),
            expires_s=int(claims["exp"]),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, binascii.Error) as error:
        raise BrokerError("nats-server", f"asks about a login in an unknown way: {error}") from error


class Issuer:
    """A key pair of this start, with which answers are signed."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        body = bytes([_ACCOUNT_PREFIX]) + raw
        check = struct.pack("<H", binascii.crc_hqx(body, 0))
        self.public = base64.b32encode(body + check).decode().rstrip("=")
        """The public half as nats-server's configuration has it."""

    def grant(self, asked: Asked, grant: Grant) -> bytes:
        """Return an answer that lets somebody in."""
        user: dict[str, Any] = self._claims(asked.nkey, _OWN_ACCOUNT) | {
            "name": grant.name,
            "nats": {
                "type": "user",
                "version": 2,
                "subs": -1,
                "data": -1,
                "payload": -1,
                "allowed_connection_types": ["MQTT", "MQTT_WS"],
                "pub": _permission(grant.publish, PUBLISH_DENY),
                "sub": _permission([*grant.subscribe, *_DELIVERIES], SUBSCRIBE_DENY),
            },
        }
        if grant.expires_s is not None:
            user["exp"] = grant.expires_s
        return self._answer(asked, {"jwt": self._sign(user)})

    def refuse(self, asked: Asked, reason: str) -> bytes:
        """Return an answer that does not; the reason is for the server's log, the client hears none."""
        return self._answer(asked, {"error": reason})

    def _answer(self, asked: Asked, told: dict[str, str]) -> bytes:
        claims = self._claims(asked.nkey, asked.server)
        claims["nats"] = {"type": "authorization_response", "version": 2, **told}
        return self._sign(claims).encode()

    def _claims(self, subject: str, audience: str) -> dict[str, Any]:
        return {"iss": self.public, "sub": subject, "aud": audience, "iat": int(time.time())}

    def _sign(self, claims: dict[str, Any]) -> str:
        digest = hashlib.sha256(json.dumps(claims).encode()).digest()
        claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
        body = f"{_encoded(_HEADER)}.{_encoded(claims)}"
        return f"{body}.{_base64(self._key.sign(body.encode()))}"


def _permission(allowed: Iterable[str], denied: Iterable[str]) -> dict[str, list[str]]:
    """Return subjects that are allowed; none at all must not pass for all of them."""
    listed = list(dict.fromkeys(allowed))
    return {"allow": listed, "deny": list(denied)} if listed else {"deny": [">"]}


def _encoded(claims: dict[str, Any]) -> str:
    return _base64(json.dumps(claims).encode())


def _base64(binary: bytes) -> str:
    return base64.urlsafe_b64encode(binary).decode().rstrip("=")
