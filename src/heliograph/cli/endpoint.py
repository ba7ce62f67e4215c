"""A server that our commands ask over HTTP: the hub, or one that points are copied from."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, cast

from heliograph.errors import HubError

TIMEOUT: Final = 60.0
_PIECE_BYTES: Final = 256 * 1024
_BROKE_OFF: Final = "the answer broke off; is the server still running?"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is and what is shown to it."""

    url: str
    authorization: str = ""
    nobody: str = "no server answers there"
    advice: str = "is it running, and is this its address?"
    """What to do when nobody answers."""

    def open(
        self,
        method: str,
        path: str,
        body: bytes | dict[str, Any] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        *,
        timeout: float = TIMEOUT,
    ) -> http.client.HTTPResponse:
        """Return an answer that is a success, to be closed; a body that is an object goes as JSON.

        Raises:
            HubError: nobody answers, or it is an error.
        """
        sent = {"Content-Type": "application/json"} if isinstance(body, dict) else {}
        if self.authorization:
            sent["Authorization"] = self.authorization
        try:
            asked = urllib.request.Request(  # noqa: S310 - the address is the user's own
                f"{self.url}{path}",
                method=method,
                data=json.dumps(body).encode() if isinstance(body, dict) else body,
                headers={**sent, **headers},
            )
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            return cast("http.client.HTTPResponse", opener.open(asked, timeout=timeout))
        except urllib.error.HTTPError as error:
            with error:
                raise HubError(self.url, _message(error), error.code) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise HubError(self.url, f"{self.nobody} ({_reason(error)}); {self.advice}") from error

    def pieces(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        """Yield the body of an answer as it comes, and close it.

        Raises:
            HubError: it breaks off.
        """
        with answer:
            try:
                while piece := answer.read1(_PIECE_BYTES):
                    yield piece
            except (OSError, http.client.HTTPException) as error:
                raise HubError(self.url, _BROKE_OFF) from error
            if answer.length:  # announced and not come, which read1 itself does not tell
                raise HubError(self.url, _BROKE_OFF)

    def read(self, answer: http.client.HTTPResponse) -> bytes:
        """Return the whole body of an answer, and close it.

        Raises:
            HubError: it breaks off.
        """
        return b"".join(self.pieces(answer))

    def json(
        self,
        method: str,
        path: str,
        body: bytes | dict[str, Any] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        *,
        timeout: float = TIMEOUT,
    ) -> dict[str, Any]:
        """Return the JSON object of an answer; an empty one as an empty object.

        Raises:
            HubError: nobody answers, it is an error, or no JSON.
        """
        text = self.read(self.open(method, path, body, headers, timeout=timeout))
        try:
            result: dict[str, Any] = json.loads(text or b"{}")
        except ValueError as error:
            raise HubError(self.url, f"{path} was not answered in JSON; {self.advice}") from error
        return result


def lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines of a body that comes in pieces, each with its line feed; the last may have none."""
    waiting: list[bytes] = []
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for line in whole:
            yield b"".join([*waiting, line, b"\n"])
            waiting.clear()
        if rest:
            waiting.append(rest)
    if waiting:
        yield b"".join(waiting)


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__)


def _message(error: urllib.error.HTTPError) -> str:
    """Return what a server of any of our dialects says is wrong."""
    try:
        told = json.loads(error.read())
        return str(told["message"] if "message" in told else told["error"])
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return error.headers.get("X-Influxdb-Error") or str(error.reason)
