"""HTTP requests to addresses that somebody typed: only to public ones, or to those that are allowed.

The name is resolved once, the address checked, and the connection goes to that very address: a name that
is another one at the second look (DNS rebinding) reaches nothing. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from heliograph.errors import ConfigError, ConnectError, Refused, TransportError

TIMEOUT: Final = 10.0
_MAX_ANSWER: Final = 64 * 1024
_TRY_AGAIN: Final = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class Outward:
    """Sends requests. ``allowed`` has names, addresses and networks that are allowed though not public."""

    allowed: Collection[str] = ()
    timeout: float = TIMEOUT

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post a body and return the status; waits, so it is for threads.

        Raises:
            ConfigError: the address is none, or must not be reached.
            TransportError: nobody answered, or not with success; ``retry`` says whether to try again.
        """
        parts = _parts(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = self._address(host, port)
        connection = _Pinned(host, port, address, is_tls=parts.scheme == "https", timeout=self.timeout)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", path, body, {"Host": parts.netloc.rpartition("@")[2], **headers})
            answer = connection.getresponse()
            answer.read(_MAX_ANSWER)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ConnectError(f"{host}:{port}", str(error) or type(error).__name__) from error
        finally:
            connection.close()
        if answer.status >= 300:
            reason = f"it answered {answer.status} {answer.reason}"
            if answer.status >= 500 or answer.status in _TRY_AGAIN:
                raise TransportError(f"{host}:{port}", reason)
            raise Refused(f"{host}:{port}", reason)
        return answer.status

    def _address(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ConnectError(f"{host}:{port}", f"the name cannot be resolved: {error}") from error
        addresses = [str(one[4][0]) for one in found]
        for address in addresses:
            if not self._is_allowed(host, address):
                what = "is" if host == address else f"is {address}, which is"
                raise ConfigError(
                    f"{host} {what} not a public address; name it in rules.allow_hosts if"
                    " webhooks may reach it",
                    key="url",
                )
        return addresses[0]

    def _is_allowed(self, host: str, address: str) -> bool:
        ip = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(ip, "ipv4_mapped", None) or ip
        if mapped.is_global and not mapped.is_multicast:
            return True
        for one in self.allowed:
            if one.lower() == host.lower():
                return True
            try:
                if mapped in ipaddress.ip_network(one, strict=False):
                    return True
            except ValueError:
                continue
        return False


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, in the name of its host."""

    def __init__(self, host: str, port: int, address: str, *, is_tls: bool, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address, self._is_tls = address, is_tls

    def connect(self) -> None:
        sock = socket.create_connection((self._address, self.port), timeout=self.timeout)
        if self._is_tls:
            try:
                self.sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self.host)
            except BaseException:
                sock.close()
                raise
        else:
            self.sock = sock


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(
            f"an address such as https://host/path was expected, {url!r} came", key="url"
        ) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigError(f"an address such as https://host/path was expected, {url!r} came", key="url")
    return parts
