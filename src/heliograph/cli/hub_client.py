"""How our own commands talk to a hub: its address, the token, and one JSON request."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from heliograph.config.home import home_folder
from heliograph.errors import HubError

TIMEOUT: Final = 60.0
_PIECE_BYTES: Final = 256 * 1024
DEFAULT_URL: Final = "http://127.0.0.1:8086"


def hub_url() -> str:
    """Return the hub's address: ``HELIO_URL``, else that of the hub running on this data folder."""
    url = os.environ.get("HELIO_URL")
    if url:
        return url.rstrip("/")
    try:
        return str(json.loads((home_folder(os.environ) / "run.json").read_text())["http_url"])
    except (OSError, ValueError, KeyError):
        return DEFAULT_URL


def token() -> str:
    """Return the token: ``HELIO_TOKEN``, else the operator's of this data folder.

    Raises:
        HubError: there is none.
    """
    given = os.environ.get("HELIO_TOKEN")
    if given:
        return given
    path = token_path()
    try:
        return path.read_text().strip()
    except OSError as error:
        reason = f"no token: set HELIO_TOKEN, or start the hub once with helio up ({path}: {error.strerror})"
        raise HubError(hub_url(), reason) from error


def token_path() -> Path:
    """Return where the operator's token stands on the hub's host."""
    return home_folder(os.environ) / "operator.token"


def request(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the hub's JSON answer; an empty one as an empty object.

    Raises:
        HubError: the hub does not answer, or answers with an error.
    """
    with _answer(method, path, body) as answer:
        result: dict[str, Any] = json.loads(answer.read() or b"{}")
        return result


def download(method: str, path: str) -> Iterator[bytes]:
    """Yield the hub's answer in pieces.

    Raises:
        HubError: the hub does not answer, answers with an error, or breaks off.
    """
    with _answer(method, path, None) as answer:
        while piece := answer.read(_PIECE_BYTES):
            yield piece


@contextmanager
def _answer(method: str, path: str, body: dict[str, Any] | None) -> Iterator[IO[bytes]]:
    url = hub_url()
    asked = urllib.request.Request(  # noqa: S310 - the address is the user's own
        f"{url}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Token {token()}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=TIMEOUT) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        raise HubError(url, _message(error), error.code) from error
    except http.client.IncompleteRead as error:
        raise HubError(url, "the answer broke off; is the hub still running?") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise HubError(url, f"no hub answers there ({reason}); start one with helio up") from error


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["message"])
    except (OSError, ValueError, KeyError):
        return str(error.reason)
