"""Asking the hub over HTTP from a program: address and token from the environment, or the data folder."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

from heliograph.config.home import home_folder
from heliograph.errors import HubError

_DEFAULT_URL: Final = "http://127.0.0.1:8086"
_TIMEOUT: Final = 40.0


@dataclass(frozen=True, slots=True)
class HubHttp:
    """Where a hub is. Empty texts mean ``HELIO_URL`` and ``HELIO_TOKEN``, else the hub of this machine."""

    url: str = ""
    token: str = ""

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON object of an answer; waits, so it is for threads.

        Raises:
            HubError: nobody answers, or it is an error, whose ``status`` it has.
        """
        url = self.url.rstrip("/") or _hub_url()
        try:
            asked = urllib.request.Request(  # noqa: S310 - the address is the user's own
                f"{url}{path}",
                method=method,
                data=None if body is None else json.dumps(body).encode(),
                headers={
                    "Authorization": f"Token {self.token or _token(url)}",
                    "Content-Type": "application/json",
                },
            )
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(asked, timeout=_TIMEOUT) as answer:
                result: dict[str, Any] = json.loads(answer.read() or b"{}")
                return result
        except urllib.error.HTTPError as error:
            with error:
                raise HubError(url, _message(error), error.code) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise HubError(
                url, f"no hub answers there ({error}); is it running, and HELIO_URL right?"
            ) from error


def _hub_url() -> str:
    given = os.environ.get("HELIO_URL", "").rstrip("/")
    if given:
        return given
    try:
        return str(json.loads((home_folder(os.environ) / "run.json").read_text())["http_url"])
    except (OSError, ValueError, KeyError):
        return _DEFAULT_URL


def _token(url: str) -> str:
    given = os.environ.get("HELIO_TOKEN")
    if given:
        return given
    path = home_folder(os.environ) / "operator.token"
    try:
        return path.read_text().strip()
    except OSError as error:
        raise HubError(url, f"no token: set HELIO_TOKEN ({path}: {error.strerror})") from error


def _message(error: urllib.error.HTTPError) -> str:
    try:
        told = json.loads(error.read())
        return str(told.get("message") or told["error"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, http.client.HTTPException):
        return str(error.reason)
