"""How our own commands talk to a hub: its address, the token, and one JSON request."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from heliograph.cli.endpoint import Endpoint
from heliograph.config.home import home_folder
from heliograph.errors import HubError

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


def hub() -> Endpoint:
    """Return the hub that commands ask.

    Raises:
        HubError: there is no token.
    """
    advice = "start one with helio up, or name another with HELIO_URL"
    return Endpoint(hub_url(), f"Token {token()}", "no hub answers there", advice)


def request(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the hub's JSON answer; an empty one as an empty object.

    Raises:
        HubError: the hub does not answer, or answers with an error.
    """
    return hub().json(method, path, body)


def send_lines(bucket: str, lines: str) -> None:
    """Write line protocol to a bucket.

    Raises:
        HubError: the hub does not answer, or refuses some of it.
    """
    from urllib.parse import quote

    endpoint = hub()
    endpoint.read(endpoint.open("POST", f"/api/v2/write?bucket={quote(bucket, safe='')}", lines.encode()))


def download(method: str, path: str) -> Iterator[bytes]:
    """Yield the hub's answer in pieces.

    Raises:
        HubError: the hub does not answer, answers with an error, or breaks off.
    """
    endpoint = hub()
    yield from endpoint.pieces(endpoint.open(method, path))
