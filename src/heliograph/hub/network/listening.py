"""Where a hub listens, and with which certificates: decided once, at the start."""

from __future__ import annotations

import ipaddress
import logging
import platform
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from heliograph.api.services import Reach
from heliograph.config.tree import Settings
from heliograph.errors import ConfigError
from heliograph.hub.network.authority import Authority
from heliograph.hub.network.names import LOOPBACK, best_address, local_address, own_addresses, own_names
from heliograph.model.enrolment import NO_FINGERPRINT, long_fingerprint, short_fingerprint

log = logging.getLogger(__name__)

_PLAIN: Final = (("http.host", LOOPBACK), ("broker.mqtt_host", LOOPBACK[:2]))


@dataclass(frozen=True, slots=True)
class Listening:
    """Addresses and ports. Without ``network.listen`` all are this machine's own."""

    http_host: str
    """Where HTTP without TLS is."""
    mqtt_host: str
    mqtt_port: int
    https_host: str = ""
    """Where HTTP with TLS is; empty for nowhere."""
    https_port: int = 0
    websocket_port: int = 0
    """Of MQTT over WebSocket, where there is TLS."""
    is_open: bool = False
    """Whether others than this machine can connect: then nobody is anonymous."""

    @property
    def is_tls(self) -> bool:
        """Whether there is TLS: HTTPS, and MQTT nothing else."""
        return bool(self.https_host)


def listening(settings: Settings) -> Listening:
    """Return where to listen.

    Raises:
        ConfigError: it would be where strangers could connect, without having been asked for.
    """
    asked = settings.network
    _require_loopback(settings)
    if not asked.listen:
        if asked.insecure:
            raise ConfigError("network.insecure means nothing without network.listen", key="network.insecure")
        return Listening(settings.http.host, settings.broker.mqtt_host, settings.broker.mqtt_port)
    try:
        ipaddress.ip_address(asked.listen)
    except ValueError as error:
        raise ConfigError(
            f"an address such as 0.0.0.0 (all of this machine's) was expected, {asked.listen!r} came",
            key="network.listen",
        ) from error
    _require_own(asked.listen)
    if asked.insecure:
        return Listening(asked.listen, asked.listen, settings.broker.mqtt_port, is_open=True)
    return Listening(
        settings.http.host,
        asked.listen,
        asked.mqtts_port,
        https_host=asked.listen,
        https_port=asked.https_port,
        websocket_port=asked.websocket_port,
        is_open=True,
    )


def _require_loopback(settings: Settings) -> None:
    hosts = {"http.host": settings.http.host, "broker.mqtt_host": settings.broker.mqtt_host}
    for key, allowed in _PLAIN:
        if hosts[key] not in allowed:
            raise ConfigError(
                f"{key} is {hosts[key]!r}, but without TLS this hub listens on this machine only"
                f" ({', '.join(allowed)}): helio up --listen {hosts[key]} opens it to others, with TLS",
                key=key,
            )


def _require_own(address: str) -> None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.bind((address, 0))
    except OSError as error:
        raise ConfigError(
            f"{address} is no address of this machine ({error.strerror}); it has"
            f" {', '.join(sorted(own_addresses()))}, and 0.0.0.0 is all of them",
            key="network.listen",
        ) from error


class Certificates:
    """The certificate that the hub shows: of its own authority, or the user's."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        asked = settings.network
        self._more = asked.names
        self._authority = None if asked.certificate else Authority(folder)
        self._shown: tuple[bytes, bytes] = (b"", b"")
        self._user_authority = asked.authority
        if self._authority is not None:
            self.chain, self.key = self._authority.chain, self._authority.key
            self._authority.open(platform.node())
        else:
            self.chain, self.key = Path(asked.certificate).expanduser(), Path(asked.key).expanduser()
            if not asked.key:
                raise ConfigError("network.certificate needs its key: network.key", key="network.key")
        self.names: set[str] = set()
        """Under which the hub is reached; they change when this machine gets another address."""
        self.refresh()

    def refresh(self) -> bool:
        """Make the certificate anew if that is due, and return whether its files are others than before.

        Raises:
            ConfigError: they cannot be read.
        """
        names = own_names(self._more)
        if self._authority is not None and self._authority.needs_anew(names):
            self._authority.issue(names)
        now = _read(self.chain), _read(self.key)
        self.names |= names
        changed = now != self._shown
        self._shown = now
        return changed

    @property
    def authority_path(self) -> str | None:
        """The file of the authority that this machine's own programs trust; None for the system's."""
        return str(self._authority.path) if self._authority else self._user_authority or None

    @property
    def authority_pem(self) -> str:
        """What boards trust; empty where their systems know it."""
        path = self.authority_path
        return _read(Path(path).expanduser()).decode(errors="replace") if path else ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, or of the hub's own, as browsers show it."""
        return long_fingerprint(_der(self.authority_pem.encode() or self._shown[0]))

    @property
    def short_fingerprint(self) -> str:
        """The same as enrolment codes have it."""
        pem = self.authority_pem
        return short_fingerprint(_der(pem.encode())) if pem else NO_FINGERPRINT


def reach(
    where: Listening, certificates: Certificates | None, names: Collection[str], ports: tuple[int, int]
) -> Reach:
    """Return how boards reach the hub; ``ports`` are those of HTTP without and with TLS."""
    if certificates is None:
        host = best_address(where.http_host) if where.is_open else LOOPBACK[0]
        return Reach(f"http://{shown_host(host)}:{ports[0]}", where.mqtt_port, is_tls=False)
    name = next(iter(names), "") or best_address(where.https_host)
    return Reach(
        f"https://{shown_host(name)}:{ports[1]}",
        where.mqtt_port,
        is_tls=True,
        ca=certificates.authority_pem,
        fingerprint=certificates.short_fingerprint,
    )


def own_host(where: Listening) -> str:
    """Return the address by which the hub's own programs reach its broker."""
    return local_address(where.mqtt_host) if where.is_open else where.mqtt_host


def _der(pem: bytes) -> bytes:
    try:
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except ValueError as error:
        raise ConfigError(f"this is no certificate in PEM: {error}", key="network.certificate") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the certificate or its key cannot be read: {error.strerror}", path=path, key="network"
        ) from error


def shown_host(host: str) -> str:
    """Return a host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
